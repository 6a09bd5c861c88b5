package strava_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"musette/strava"
)

func TestComments(t *testing.T) {
	const (
		cursor = "eyJpZCI6NX0%3D%3D"
		one    = `{"id":2401000001 ,"activity_id":7,"text":"Nice\r\n\"one\" 🚴","created_at":"2026-07-21T18:36:59Z","cursor":"` + cursor + `","athlete":{"firstname":"Mira","lastname":"K."}}`
		two    = `{"id":9007199254740993,"text":null,"cursor":null,"created_at":null,"athlete":null}`
	)
	c := setup(t, func(w http.ResponseWriter, r *http.Request) {
		// The cursor's own percent signs are encoded once more.
		if r.RequestURI != apiPath+"/activities/7/comments?after_cursor=eyJpZCI6NX0%253D%253D&page_size=2" {
			t.Errorf("%s", r.RequestURI)
		}
		says(200, "["+one+",\n"+two+"]")(w, r)
	})
	list, _, err := c.Comments(t.Context(), token, 7, strava.CommentOptions{PageSize: 2, AfterCursor: cursor})
	if err != nil {
		t.Fatal(err)
	}
	want := []strava.Comment{
		{
			ID: 2401000001, ActivityID: 7, Text: "Nice\r\n\"one\" 🚴", CreatedAt: time.Date(2026, 7, 21, 18, 36, 59, 0, time.UTC),
			Cursor: cursor, AuthorFirst: "Mira", AuthorLast: "K.", Raw: []byte(one),
		},
		{ID: 9007199254740993, Raw: []byte(two)},
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Error(diff)
	}
}

func TestCommentsNotAcceptable(t *testing.T) {
	for body, want := range map[string]strava.Kind{
		`[]`:                           strava.KindNone,
		`{}`:                           strava.KindBody,
		`[{"text":"x"}]`:               strava.KindMismatch,
		`[{"id":0}]`:                   strava.KindMismatch,
		`[{"id":1,"activity_id":8}]`:   strava.KindMismatch,
		`[{"id":1,"text":["x"]}]`:      strava.KindBody,
		`[{"id":1,"activity_id":7}, {`: strava.KindBody,
	} {
		c := setup(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery != "" {
				t.Errorf("%s", r.URL)
			}
			says(200, body)(w, r)
		})
		_, _, err := c.Comments(t.Context(), token, 7, strava.CommentOptions{})
		if got := strava.KindOf(err); got != want {
			t.Errorf("%s: %q %v", body, got, err)
		}
	}
}
