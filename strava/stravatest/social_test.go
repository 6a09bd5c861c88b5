package stravatest_test

import (
	"bytes"
	"encoding/json"
	"image"
	_ "image/jpeg"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"musette/strava/stravatest"
	"musette/strava/stravatest/season"
)

type commentT struct {
	ID     int64
	Text   string
	Cursor *string
	At     time.Time `json:"created_at"`
}

// talk gives the newest activity n comments, a minute apart, and returns the
// path of its comments.
func (w *world) talk(n int) (path string, commentIDs []int64) {
	w.Helper()
	one := w.truth()[0]
	for _, c := range w.Activities(w.me)[0].Comments {
		if err := w.RemoveComment(one, c.ID); err != nil {
			w.Fatal(err)
		}
	}
	for range n {
		w.clock.Advance(time.Minute)
		id, err := w.AddComment(one, season.Person{First: "Tomás 🤍", Last: "Okafor"}, "Café?\r\n\"Yes\"; <b>\\")
		if err != nil {
			w.Fatal(err)
		}
		commentIDs = append(commentIDs, id)
	}
	return "/activities/" + id(one) + "/comments", commentIDs
}

func TestCommentCursors(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 5})
	path, want := w.talk(5)
	var walked []int64
	next := ""
	for range 4 {
		var list []commentT
		w.must(path+"?page_size=2"+next, &list)
		if len(list) == 0 {
			break
		}
		for _, c := range list {
			walked = append(walked, c.ID)
		}
		last := *list[len(list)-1].Cursor
		if !strings.HasPrefix(last, "eyJpZCI6") || last != url.QueryEscape(must(url.QueryUnescape(last))) {
			t.Fatalf("cursor %q is not base64 of an object, percent-encoded", last)
		}
		next = "&after_cursor=" + url.QueryEscape(last)
	}
	if !slices.Equal(walked, want) {
		t.Errorf("walked %v, want %v", walked, want)
	}
	var list []commentT
	w.must(path+"?page_size=2", &list)
	cursor := *list[1].Cursor
	if a := w.get(path + "?after_cursor=" + cursor); strings.Contains(cursor, "%") && a.status != 400 {
		t.Errorf("a cursor that was decoded once too often: %d", a.status)
	}
	if err := w.RemoveComment(w.truth()[0], list[1].ID); err != nil {
		t.Fatal(err)
	}
	w.must(path+"?after_cursor="+url.QueryEscape(cursor), &list)
	if len(list) != 3 || list[0].ID != want[2] {
		t.Errorf("after a comment that has gone: %v", list)
	}
	if a := w.get(path + "?after_cursor=x"); a.status != 400 {
		t.Errorf("a wrong cursor: %d", a.status)
	}
}

func must(text string, err error) string {
	if err != nil {
		panic(err)
	}
	return text
}

func TestCommentsTheOldWay(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 5})
	path, want := w.talk(35)
	a := w.get(path)
	var list []commentT
	a.into(&list)
	if len(list) != 30 || list[0].ID != want[0] || list[0].Cursor != nil || !strings.Contains(string(a.body), `"cursor":null`) {
		t.Errorf("%d comments, the first %+v", len(list), list[0])
	}
	if list[0].Text != "Café?\r\n\"Yes\"; <b>\\" || !strings.Contains(string(a.body), `{"resource_state":2,"firstname":"Tomás 🤍","lastname":"O."}`) {
		t.Errorf("%s", a.body[:400])
	}
	w.must(path+"?per_page=20&page=2", &list)
	if len(list) != 15 || list[14].ID != want[34] {
		t.Errorf("the second page has %d", len(list))
	}
}

func TestKudos(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 5})
	one := w.truth()[0]
	for range 40 {
		if err := w.AddKudos(one, season.Person{First: "Jo", Last: "P."}); err != nil {
			t.Fatal(err)
		}
	}
	n := len(w.Activities(w.me)[0].Kudos)
	var first, second []json.RawMessage
	w.must("/activities/"+id(one)+"/kudos", &first)
	w.must("/activities/"+id(one)+"/kudos?page=2", &second)
	if len(first) != 30 || len(second) != n-30 || string(second[len(second)-1]) != `{"resource_state":2,"firstname":"Jo","lastname":"P."}` {
		t.Errorf("%d and %d of %d: %s", len(first), len(second), n, second)
	}
}

type photoT struct {
	UniqueID    string `json:"unique_id"`
	Status      int
	URLs        map[string]string
	Sizes       map[string][2]int
	Placeholder any  `json:"placeholder_image"`
	Default     bool `json:"default_photo"`
}

func TestPhotos(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 5})
	one := w.truth()[0]
	for _, p := range w.Activities(w.me)[0].Photos {
		if err := w.RemovePhoto(one, p.UniqueID); err != nil {
			t.Fatal(err)
		}
	}
	path := "/activities/" + id(one) + "/photos"
	if a := w.get(path + "?size=600"); string(a.body) != "[]" {
		t.Errorf("no photos: %s", a.body)
	}
	unique, err := w.AddPhoto(one, "Summit ☕")
	if err != nil {
		t.Fatal(err)
	}
	used := w.Usage()
	for _, size := range []string{"5000", "600", "1"} {
		var list []photoT
		w.must(path+"?photo_sources=true&size="+size, &list)
		if len(list) != 1 || len(list[0].URLs) != 1 || list[0].UniqueID != unique || list[0].Status != 3 || !list[0].Default {
			t.Fatalf("size %s: %+v", size, list)
		}
		u := list[0].URLs[size]
		if !strings.HasPrefix(u, w.url+"/pictures/"+unique+"/") {
			t.Fatalf("size %s: %s", size, u)
		}
		b := w.do("GET", strings.TrimPrefix(u, w.url), "", nil)
		c, kind, err := image.DecodeConfig(bytes.NewReader(b.body))
		if err != nil || kind != "jpeg" || [2]int{c.Width, c.Height} != list[0].Sizes[size] || b.header.Get("Content-Type") != "image/jpeg" {
			t.Errorf("size %s: %dx%d %s %v, want %v", size, c.Width, c.Height, kind, err, list[0].Sizes[size])
		}
		if size == "5000" && c.Width != 2048 {
			t.Errorf("the largest is %d wide", c.Width)
		}
		again := w.do("GET", strings.TrimPrefix(u, w.url), "", nil)
		if !bytes.Equal(again.body, b.body) {
			t.Errorf("size %s: another picture the second time", size)
		}
	}
	if now := w.Usage(); now.ReadDay != used.ReadDay+3 {
		t.Errorf("pictures count against the limits: %+v, then %+v", used, now)
	}
	w.fault(stravatest.Fault{Kind: stravatest.FaultPlaceholder, Path: "/activities/*/photos", Count: 1})
	var list []photoT
	w.must(path+"?size=600", &list)
	if list[0].Status == 3 || len(list[0].URLs) != 0 || list[0].Placeholder == nil {
		t.Errorf("in processing: %+v", list[0])
	}
	w.must(path, &list)
	if u := list[0].URLs["100"]; u == "" {
		t.Errorf("without a size: %+v", list[0])
	}
	w.SetQuirks(stravatest.Quirks{NoPhotosEndpoint: true})
	if a := w.get(path + "?size=600"); a.status != 404 || a.fault() != "Record Not Found resource/path/invalid" {
		t.Errorf("endpoint gone: %d %s", a.status, a.body)
	}
	for _, bad := range []string{"nobody/600.jpg", unique + "/600.png", unique + "/0.jpg", unique + "/x.jpg", unique} {
		if a := w.do("GET", "/pictures/"+bad, "", nil); a.status != 404 {
			t.Errorf("%s: %d", bad, a.status)
		}
	}
}

func TestStreams(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 80, Limits: generous})
	type streamT struct {
		Type string
		Data []json.RawMessage
		Size int `json:"original_size"`
	}
	manual, drawn := 0, 0
	for _, a := range w.Activities(w.me) {
		path := "/activities/" + id(a.ID) + "/streams"
		if a.Manual {
			manual++
			if got := w.get(path + "?keys=time&key_by_type=true"); got.status != 404 {
				t.Errorf("manual: %d %s", got.status, got.body)
			}
			continue
		}
		if drawn++; drawn > 10 {
			continue
		}
		var keyed map[string]streamT
		w.must(path+"?key_by_type=true&keys="+allStreams, &keyed)
		n := len(keyed["time"].Data)
		for name, one := range keyed {
			if len(one.Data) != n || one.Size != n || one.Type != "" {
				t.Errorf("%d %s: %d of %d, type %q", a.ID, name, len(one.Data), n, one.Type)
			}
		}
		if _, ok := keyed["latlng"]; ok != (a.Polyline() != "") {
			t.Errorf("%d: latlng %v", a.ID, ok)
		}
		var plain []streamT
		w.must(path, &plain)
		if len(plain) != 1 || plain[0].Type != "distance" || len(plain[0].Data) != n {
			t.Errorf("without keys: %+v", plain)
		}
	}
	if manual == 0 || drawn == 0 {
		t.Errorf("%d manual, %d drawn: nothing was tested", manual, drawn)
	}
}
