package musette_test

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"musette"
)

// seeds are bodies of all kinds, good and bad.
func seeds() [][]byte {
	return [][]byte{
		summaryObject().bytes(), detailObject().bytes(), jsonOf([]object{photoObject()}), jsonOf([]object{commentObject()}),
		[]byte(`{"time":{"data":[0,1]},"latlng":{"data":[[1,2],[1,3]]}}`),
		[]byte(`{"id":7,"start_date":"1999-12-31T23:59:59-12:00","start_date_local":"T00:00:01Z","timezone":") ","utc_offset":-1e9}`),
		[]byte(`{"id":7,"start_date":"2026-05-22T00:00:01Z","start_date_local":"2026-05-22T00:00:01Z","map":{"polyline":"\u0000","summary_polyline":"~~"}}`),
		[]byte(`[{"urls":{"600":"a","0600":"b","+600":"c"},"sizes":{"600":[1]},"placeholder_image":false}]`),
		[]byte(`[{"urls":{"-1":"a"},"sizes":{"-1":[1e300,-1e300]}},null]`),
		[]byte(`{"id":1e0}`), []byte(`[]`), []byte(`null`), []byte(`{}`), []byte(`<html>`), nil, []byte("\xff"),
	}
}

func FuzzParseBasics(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := musette.ParseBasics(body)
		if err != nil {
			return
		}
		again, err := musette.ParseBasics(body)
		if err != nil || again != b || again.Fingerprint() != b.Fingerprint() {
			t.Fatalf("%+v, the second time %+v (%v)", b, again, err)
		}
		if b.ID <= 0 || b.Start.Location() != time.UTC || b.PhotoCount < 0 || b.CommentCount < 0 || b.Kudos < 0 || b.Moving < 0 || b.Fingerprint() <= 0 {
			t.Fatalf("%+v", b)
		}
	})
}

func FuzzAccept(f *testing.F) {
	for i, s := range seeds() {
		f.Add(i%len(musette.ActivityParts), s)
	}
	basics, err := musette.ParseBasics(summaryObject().bytes())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, part int, body []byte) {
		p := musette.ActivityParts[uint(part)%uint(len(musette.ActivityParts))]
		known, unknown := musette.Accept(p, body, &basics), musette.Accept(p, body, nil)
		if known == nil && verdict(unknown) != fine {
			t.Fatalf("accepted for an activity that is known, refused for one that isn't: %v", unknown)
		}
		if p != musette.PartStreams && (known == nil || verdict(known) == placeholder) {
			v, err := musette.Derive(append(all(), musette.NewDocument(4242, basics.ID, p, musette.SourceAPI, body, noon.Add(time.Hour))), false)
			if err != nil || v.ID != basics.ID {
				t.Fatalf("what was accepted can't be derived from: %v", err)
			}
		}
	})
}

func FuzzDerive(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s, s, s)
	}
	f.Add(summaryObject().bytes(), detailObject().bytes(), jsonOf([]object{photoObject()}))
	f.Fuzz(func(t *testing.T, summary, detail, list []byte) {
		docs := []musette.Document{
			doc(musette.PartSummary, summary, time.Hour, 0), doc(musette.PartDetail, detail, 0, 1),
			doc(musette.PartPhotos, list, 0, 1), doc(musette.PartComments, list, 0, 1),
		}
		v, err := musette.Derive(docs, true)
		docs[0], docs[1], docs[2], docs[3] = docs[3], docs[2], docs[1], docs[0]
		w, again := musette.Derive(docs, true)
		if diff := cmp.Diff(v, w); diff != "" || (err == nil) != (again == nil) {
			t.Fatalf("in another order: %s", diff)
		}
		if err != nil {
			return
		}
		var back musette.Activity
		if body := jsonOf(&v.Activity); json.Unmarshal(body, &back) != nil {
			t.Fatalf("can't be read again: %s", body)
		}
		musette.Total([]*musette.Activity{&v.Activity}, 0)
	})
}
