package musette_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"musette"
)

// The predecessor put a placeholder in the place of what it failed to fetch: one bad answer turned a complete
// activity into "Unknown Activity". Whatever comes here instead of a document isn't one, and takes nothing away.
func TestFailure01AFailureIsNotData(t *testing.T) {
	docs := all()
	want := derive(t, docs...)
	for name, body := range map[string][]byte{
		"a placeholder":   object{"id": 19403555631, "name": "Unknown Activity", "type": "Unknown", "distance": 0, "start_date": "2026-05-22T12:00:00Z"}.bytes(),
		"a fault":         []byte(`{"message":"Authorization Error","errors":[{"resource":"Application","field":"Status","code":"Inactive"}]}`),
		"a page":          []byte("<html><body>502 Bad Gateway</body></html>"),
		"nothing":         {},
		"null":            []byte("null"),
		"an empty object": []byte("{}"),
		"half of it":      docs[1].Body[:len(docs[1].Body)-9],
	} {
		for _, part := range musette.ActivityParts {
			if err := musette.Accept(part, body, &want.Basics); err == nil {
				t.Errorf("%s is accepted as %s", name, part)
			}
			if part == musette.PartStreams {
				continue // isn't read for a view
			}
			bad := musette.NewDocument(4242, 19403555631, part, musette.SourceAPI, body, noon.Add(time.Hour))
			got := derive(t, append(all(), bad)...) // even if it had been stored
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s as %s changes what is shown: %s", name, part, diff)
			}
		}
	}
}

// The predecessor's comparison of ages raised an error for a time that it couldn't read, and took that for a yes. Here
// a start that can't be read is an error, and there is no activity.
func TestFailure05AnUnreadableTimeIsAnError(t *testing.T) {
	for _, start := range []any{"", "2026-05-22 06:49:27", "2026-05-22T06:49:27", "22 May", nil, absent{}} {
		body := summaryObject().but(object{"start_date": start}).bytes()
		if _, err := musette.Derive([]musette.Document{doc(musette.PartSummary, body, 0, 0)}, false); !errors.Is(err, musette.ErrNoBasics) {
			t.Errorf("start %v: %v", start, err)
		}
	}
}

// The predecessor read start_date_local as UTC and compared it with the machine's local time. Here an instant is UTC,
// whatever the false Z of the local time says, and the wall clock follows from the zone.
func TestFailure28NoLocalTimeIsTakenForUTC(t *testing.T) {
	for _, local := range []string{"2026-05-22T07:49:27Z", "2026-05-21T23:49:27Z", "", "nonsense"} {
		body := summaryObject().but(object{"start_date_local": local, "timezone": "(GMT+12:00) Pacific/Auckland"}).bytes()
		v := derive(t, doc(musette.PartSummary, body, 0, 0))
		if got := v.Start.Format(time.RFC3339); got != "2026-05-22T06:49:27Z" || v.Start.Location() != time.UTC {
			t.Errorf("local %q: it starts at %s", local, got)
		}
		if v.StartLocal != "2026-05-22T18:49:27" {
			t.Errorf("local %q: the wall clock says %s", local, v.StartLocal)
		}
		f, err := musette.NewFilter(nil, "2026-05-22")
		if err != nil || !f.Match(&v.Activity) {
			t.Errorf("local %q: it isn't of its own day (%v)", local, err)
		}
	}
}
