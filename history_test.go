package musette_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"musette"
)

func TestTimeline(t *testing.T) {
	noon := time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)
	at := func(h int) time.Time { return noon.Add(time.Duration(h) * time.Hour) }
	body := func(name, more string) []byte {
		return fmt.Appendf(nil, `{"id":7,"name":%q,"start_date":"2026-06-15T06:00:00Z","distance":5000,"moving_time":1500,"visibility":"everyone"%s}`, name, more)
	}
	doc := func(part musette.Part, h int, b []byte) musette.Document {
		return musette.NewDocument(1, 7, part, musette.SourceAPI, b, at(h))
	}
	first, second := doc(musette.PartSummary, 0, body("Run", "")), doc(musette.PartSummary, 6, body("Evening run", `,"kudos_count":3`))
	// The third replaced one that readers saw no difference to, which isn't kept: it counts from when the second went.
	third := doc(musette.PartSummary, 30, body("Run", `,"comment_count":2`))
	detail := doc(musette.PartDetail, 1, body("Run", `,"description":"Cold."`))
	comments := doc(musette.PartComments, 13, []byte(`[{"activity_id":7,"text":"a"},{"activity_id":7,"text":"b"}]`))
	third.ConfirmedAt = at(100)
	got := musette.Timeline([]musette.Document{comments, third, detail}, []musette.Replaced{{Document: second, At: at(12)}, {Document: first, At: at(6)}})

	type line struct {
		H       int
		Part    musette.Part
		First   bool
		Changes []musette.FieldChange
	}
	var lines []line
	for _, a := range got {
		lines = append(lines, line{int(a.At.Sub(noon).Hours()), a.Document.Part, a.First, a.Changes})
	}
	want := []line{
		{13, "comments", true, []musette.FieldChange{{Field: "comments", From: 0, To: 2}}},
		{12, "summary", false, []musette.FieldChange{{Field: "name", From: "Evening run", To: "Run"}, {Field: "kudos", From: 3, To: 0}}},
		{6, "summary", false, []musette.FieldChange{{Field: "name", From: "Run", To: "Evening run"}, {Field: "kudos", From: 0, To: 3}}},
		{1, "detail", true, []musette.FieldChange{{Field: "description", From: nil, To: "Cold."}}},
		{0, "summary", true, nil},
	}
	if d := cmp.Diff(want, lines); d != "" {
		t.Errorf("timeline (-want +got):\n%s", d)
	}
	if len(musette.Timeline(nil, nil)) != 0 {
		t.Error("nothing has a timeline")
	}
}

func TestTimelineOfARoute(t *testing.T) {
	noon := time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)
	doc := func(h int, polyline string) musette.Document {
		b := fmt.Appendf(nil, `{"id":7,"start_date":"2026-06-15T06:00:00Z","map":{"summary_polyline":%q}}`, polyline)
		return musette.NewDocument(1, 7, musette.PartSummary, musette.SourceAPI, b, noon.Add(time.Duration(h)*time.Hour))
	}
	long, short := "_p~iF~ps|U_ulLnnqC_mqNvxq`@", "_p~iF~ps|U_ulLnnqC"
	got := musette.Timeline([]musette.Document{doc(1, short)}, []musette.Replaced{{Document: doc(0, long), At: noon.Add(time.Hour)}})
	c := got[0].Changes
	if len(c) != 2 || c[0].Field != "route_m" || c[0].From.(float64) <= c[0].To.(float64) || c[1].From != 3 || c[1].To != 2 {
		t.Errorf("a cropped route changed %+v", c)
	}
}
