package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"musette"
	"musette/feed"
	"musette/store"
	"musette/web"
)

// What is asked of the copy is answered as Strava would answer it, member for member.
func TestTheCopyAnswersAsStravaDoes(t *testing.T) {
	c := copyOf(t, 80)
	same := func(path string) {
		t.Helper()
		got, want := c.ask(path), c.original(path)
		if got.StatusCode != want.StatusCode {
			t.Errorf("%s: %d, Strava %d: %.300s", path, got.StatusCode, want.StatusCode, got.body)
			return
		}
		if want.StatusCode != 200 {
			return // in other words
		}
		var g, w any
		unmarshal(t, got.body, &g)
		unmarshal(t, want.body, &w)
		if d := cmp.Diff(w, g); d != "" {
			t.Errorf("%s (-Strava +copy):\n%.1500s", path, d)
		}
	}
	epoch := func(i int) int64 {
		b, err := musette.ParseBasics(c.original(fmt.Sprint("/activities/", c.ids[i])).body)
		if err != nil {
			t.Fatal(err)
		}
		return b.Start.Unix()
	}
	for _, query := range []string{
		"", "?per_page=200", "?page=2", "?page=3&per_page=7", "?page=99", "?per_page=1",
		fmt.Sprint("?before=", epoch(10)), fmt.Sprint("?after=", epoch(50)), fmt.Sprint("?per_page=5&page=2&after=", epoch(50)),
		fmt.Sprint("?before=", epoch(3), "&after=", epoch(60)), "?before=0", "?after=-1",
	} {
		same("/athlete/activities" + query)
	}
	same("/athlete")
	for i, id := range c.ids {
		path := fmt.Sprint("/activities/", id)
		if i < len(c.ids)-3 {
			same(path)
			same(path + "?include_all_efforts=true")
			same(path + "/laps")
		}
		same(path + "/photos?size=5000&photo_sources=true")
		same(path + "/comments?page_size=200")
		if i < 10 {
			same(path + "/streams?key_by_type=true&keys=" + allStreams)
			same(path + "/streams?keys=time,latlng&key_by_type=true")
			same(path + "/streams?keys=altitude,time")
			same(path + "/streams")
		}
	}
	// A detail that isn't here yet is answered by its summary.
	oldest := fmt.Sprint("/activities/", c.ids[len(c.ids)-1])
	var got struct {
		ResourceState int `json:"resource_state"`
	}
	if unmarshal(t, c.ask(oldest).body, &got); got.ResourceState != 2 {
		t.Errorf("without a detail the resource state is %d", got.ResourceState)
	}
	c.wantFault(c.ask(oldest+"/laps"), 404, "Activity/laps/not cached", "aren't in the copy yet")
}

// What goes out are the bytes that came in.
func TestDocumentsGoOutVerbatim(t *testing.T) {
	c := copyOf(t, 3)
	odd := []byte("{ \"id\": 5,\t\"athlete\":{\"id\":1e0},\"name\":\"\\u00e9 \xff </script>\",\"start_date\":\"2026-05-22T06:49:27Z\"," +
		"\"distance\":1.50e3,\"resource_state\":3.0,\"upload_id\":987654321234567891234,\"id\":5,\"map\":{\"id\":\"a5\",\"polyline\":\"x\",\"summary_polyline\":\"y\",\"resource_state\":3},\"calories\":0.10, \"new_member\": [ 1 ] }")
	c.update(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.PutDocument(ctx, musette.NewDocument(c.me, 5, musette.PartDetail, musette.SourceAPI, odd, summer), false); err != nil {
			return err
		}
		_, err := tx.PutActivity(ctx, store.Activity{AthleteID: c.me, ID: 5, Status: store.StatusLive, Start: summer, View: []byte("{}")})
		return err
	})
	get := func(path string) []byte { return c.get("/api/v3"+path, "X-API-Key: "+c.key).body }
	if got := get("/activities/5"); !bytes.Equal(got, odd) {
		t.Errorf("the detail comes back as %s", got)
	}
	want := "[{\"id\":5,\"athlete\":{\"id\":1e0},\"name\":\"\\u00e9 \xff </script>\",\"start_date\":\"2026-05-22T06:49:27Z\",\"distance\":1.50e3,\"resource_state\":2," +
		"\"upload_id\":987654321234567891234,\"id\":5,\"map\":{\"id\":\"a5\",\"summary_polyline\":\"y\",\"resource_state\":2}}]"
	if got := string(get("/athlete/activities?per_page=1")); got != want {
		t.Errorf("in the list it is\n%s, want\n%s", got, want)
	}
}

// Comments are walked by cursor, encoded once or twice, also from one that has gone meanwhile.
func TestCommentsByCursor(t *testing.T) {
	c := copyOf(t, 60)
	var most int64
	var all []string
	for _, id := range c.ids {
		var list []struct{ Text string }
		unmarshal(t, c.ask(fmt.Sprint("/activities/", id, "/comments?page_size=200")).body, &list)
		if len(list) > len(all) {
			most, all = id, nil
			for _, x := range list {
				all = append(all, x.Text)
			}
		}
	}
	if len(all) < 3 {
		t.Fatalf("no activity has more than %d comments", len(all))
	}
	path := fmt.Sprint("/activities/", most, "/comments")
	walk := func(encode func(string) string) (texts []string) {
		for after := ""; ; {
			var page []struct{ Text, Cursor string }
			unmarshal(t, c.ask(path+"?page_size=1"+after).body, &page)
			if len(page) == 0 {
				return texts
			}
			texts = append(texts, page[0].Text)
			after = "&after_cursor=" + encode(page[0].Cursor)
		}
	}
	if d := cmp.Diff(all, walk(url.QueryEscape)); d != "" {
		t.Errorf("walked by cursor:\n%s", d)
	}
	if d := cmp.Diff(all, walk(func(s string) string { return s })); d != "" {
		t.Errorf("with cursors that were not encoded again:\n%s", d)
	}
	var byPage []struct{ Text string }
	unmarshal(t, c.ask(path+"?page=2&per_page=1").body, &byPage)
	if len(byPage) != 1 || byPage[0].Text != all[1] {
		t.Errorf("the second page is %v", byPage)
	}
	// The same without cursors of Strava's.
	c.update(func(ctx context.Context, tx *store.Tx) error {
		body := []byte(`[{"id":1,"created_at":"2026-01-01T00:00:00Z","text":"a","cursor":null},{"id":2,"created_at":"2026-01-02T00:00:00Z","text":"b"}]`)
		return tx.PutDocument(ctx, musette.NewDocument(c.me, most, musette.PartComments, musette.SourceAPI, body, summer), false)
	})
	if got := walk(url.QueryEscape); fmt.Sprint(got) != "[a b]" {
		t.Errorf("by our own cursors: %v", got)
	}
	gone := url.QueryEscape(url.QueryEscape("eyJpZCI6OSwiY3JlYXRlZEF0IjoxNzY3MjI1NjAwMDAwfQ==")) // id 9, of the same second as the first
	if got := string(c.ask(path + "?after_cursor=" + gone).body); !strings.Contains(got, `"b"`) || strings.Contains(got, `"a"`) {
		t.Errorf("behind one that has gone: %s", got)
	}
}

// The largest picture stands in for every size.
func TestPhotosOfEverySize(t *testing.T) {
	c := copyOf(t, 60)
	for _, id := range c.ids {
		path := fmt.Sprint("/activities/", id, "/photos")
		type photo struct {
			URLs  map[string]string
			Sizes map[string][]int
		}
		var large, small []photo
		unmarshal(t, c.ask(path).body, &large)
		unmarshal(t, c.ask(path+"?size=600").body, &small)
		for i := range large {
			if small[i].URLs["600"] != large[i].URLs["5000"] || !cmp.Equal(small[i].Sizes["600"], large[i].Sizes["5000"]) {
				t.Errorf("%s: %v for %v", path, small[i], large[i])
			}
		}
		if len(large) > 0 {
			return
		}
	}
	t.Error("no activity has photos")
}

func TestStatsAreComputed(t *testing.T) {
	c := copyOf(t, 80)
	path := fmt.Sprintf("/athletes/%d/stats", c.me)
	type total struct {
		Count                                                          int
		Distance, MovingTime, ElapsedTime, ElevationGain, Achievements float64
	}
	read := func(body []byte) map[string]total {
		var raw map[string]json.RawMessage
		unmarshal(t, body, &raw)
		m := map[string]total{}
		for name, value := range raw {
			var n map[string]float64
			if json.Unmarshal(value, &n) == nil {
				m[name] = total{int(n["count"]), n["distance"], n["moving_time"], n["elapsed_time"], n["elevation_gain"], 0}
			}
		}
		return m
	}
	got, want := read(c.ask(path).body), read(c.original(path).body)
	if len(want) != 9 {
		t.Fatalf("Strava has %d totals", len(want))
	}
	for name, w := range want {
		g := got[name]
		near := func(a, b, by float64) bool { return a-b <= by && b-a <= by }
		if g.Count != w.Count || !near(g.Distance, w.Distance, 1) || g.MovingTime != w.MovingTime || g.ElapsedTime != w.ElapsedTime ||
			!near(g.ElevationGain, w.ElevationGain, float64(w.Count)) { // kept in whole metres
			t.Errorf("%s: %+v, Strava %+v", name, g, w)
		}
	}
	tag := c.ask(path).Header.Get("ETag")
	c.update(func(ctx context.Context, tx *store.Tx) error {
		a, err := tx.Activity(ctx, c.me, c.ids[0])
		if err != nil {
			return err
		}
		a.Status = store.StatusGone
		_, err = tx.PutActivity(ctx, a)
		return err
	})
	if c.ask(path).Header.Get("ETag") == tag {
		t.Error("the stats are the same after an activity went")
	}
	c.wantFault(c.ask(fmt.Sprint("/activities/", c.ids[0])), 404, "Activity//not found")
	c.wantFault(c.ask("/athletes/1/stats"), 404, "Athlete//not found")
	c.wantFault(c.ask("/athletes/me/stats"), 404, "Athlete/id/invalid")
}

func TestGearIsTakenFromDetails(t *testing.T) {
	c := copyOf(t, 60)
	asked := map[string]bool{}
	for _, id := range c.ids[:40] {
		var a struct {
			Gear struct{ ID, Name string }
		}
		unmarshal(t, c.original(fmt.Sprint("/activities/", id)).body, &a)
		if a.Gear.ID == "" || asked[a.Gear.ID] {
			continue
		}
		asked[a.Gear.ID] = true
		var got struct{ ID, Name string }
		unmarshal(t, c.ask("/gear/"+a.Gear.ID).body, &got)
		if got.ID != a.Gear.ID || got.Name != a.Gear.Name {
			t.Errorf("gear %s is %+v", a.Gear.ID, got)
		}
	}
	if len(asked) == 0 {
		t.Error("there is no gear")
	}
	c.wantFault(c.ask("/gear/b1"), 404, "Gear//not found")
	c.wantFault(c.ask("/gear/b1"), 404, "Gear//not found") // as remembered
}

// Whatever is asked wrongly is answered by a fault that says what would be right.
func TestStravaFaults(t *testing.T) {
	c := copyOf(t, 20)
	calls := len(c.strava.Calls())
	id := fmt.Sprint(c.ids[0])
	for path, want := range map[string]struct {
		status int
		where  string
		words  string
	}{
		"/athlete/activities?page=0":                             {400, "Application/page/invalid", "whole number from 1"},
		"/athlete/activities?page=x":                             {400, "Application/page/invalid", ""},
		"/athlete/activities?per_page=201":                       {400, "Application/per_page/invalid", "from 1 to 200"},
		"/athlete/activities?per_page=-1":                        {400, "Application/per_page/invalid", ""},
		"/athlete/activities?page=99999999999999":                {400, "Application/page/invalid", ""},
		"/athlete/activities?before=yesterday":                   {400, "Application/before/invalid", "seconds since 1970"},
		"/athlete/activities?after=1784721607000":                {400, "Application/after/invalid", "seconds since 1970"},
		"/athlete/activities?after=1784808007":                   {400, "Application/after/future", "future"},
		"/athlete/activities?after=1700000000&before=1600000000": {400, "Application/before/invalid", "earlier than after"},
		"/athlete/activities?a;b":                                {400, "", "can't be read"},
		"/activities/x":                                          {404, "Activity/id/invalid", "whole number"},
		"/activities/-1":                                         {404, "Activity/id/invalid", ""},
		"/activities/99999999999999999999":                       {404, "Activity/id/invalid", ""},
		"/activities/1":                                          {404, "Activity//not found", ""},
		"/activities/1/comments":                                 {404, "Activity//not found", ""},
		"/activities/1/streams":                                  {404, "Activity//not found", ""},
		"/activities/" + id + "/comments?page_size=0":            {400, "Application/page_size/invalid", "from 1 to 200"},
		"/activities/" + id + "/comments?per_page=201":           {400, "Application/per_page/invalid", ""},
		"/activities/" + id + "/comments?after_cursor=x":         {400, "Application/after_cursor/invalid", "cursor of a comment"},
		"/activities/" + id + "/photos?size=large":               {400, "Application/size/invalid", ""},
		"/activities/" + id + "/streams?key_by_type=y":           {400, "Application/key_by_type/invalid", "true or false"},
		"/activities/" + id + "/zones":                           {404, "resource/path/invalid", ""},
		"/segments/1":                                            {404, "resource/path/invalid", ""},
		"/":                                                      {404, "resource/path/invalid", ""},
	} {
		c.wantFault(c.ask(path), want.status, want.where, want.words)
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH"} {
		r := c.do(method, "/api/v3/activities/"+id, `{"name":"x"}`, "Authorization: Bearer "+c.key)
		c.wantFault(r, 405, "")
		wantHeader(t, r, "Allow", "GET, HEAD")
	}
	if n := len(c.strava.Calls()); n != calls {
		t.Errorf("%d calls were spent", n-calls)
	}
	c.wantFault(c.do("GET", "/api/v3/athlete", "{}", "Authorization: Bearer "+c.key), 400, "", "body")
}

// Who may ask, and for whom.
func TestStravaKeys(t *testing.T) {
	c := copyOf(t, 3)
	session := cookieOf(t, c.do("POST", "/login", "key="+c.key))
	one := "/api/v3/athlete"
	for name, headers := range map[string][]string{
		"nobody": nil, "a session": {"Cookie: musette_session=" + session.Value}, "a wrong key": {"Authorization: Bearer x"},
		"an empty key": {"Authorization: Bearer "}, "basic": {"Authorization: Basic eDp5"},
	} {
		r := c.get(one, headers...)
		c.wantFault(r, 401, "Athlete/access_token/invalid", "Authorization Error")
		c.likeStrava("/athlete", r)
		if name == "nobody" && r.Header.Get("WWW-Authenticate") == "" {
			t.Error("nobody is told how to sign in")
		}
	}
	c.wantFault(c.get(one+"?access_token="+c.key), 401, "Athlete/access_token/invalid", "never taken from an address")
	c.wantFault(c.get(one, "X-API-Key: "+c.api.key(0, web.ScopeRefresh)), 401, "AccessToken/activity:read_permission/missing")
	c.wantFault(c.get("/api/v3/nothing"), 401, "Athlete/access_token/invalid")

	operator := "Authorization: Bearer " + c.api.key(0, web.ScopeRead)
	if r := c.get(one, operator); r.StatusCode != 200 {
		t.Errorf("an operator's key with one athlete: %s", r)
	}
	c.put("", activity(1, of(7)))
	c.wantFault(c.get(one, operator), 400, "Athlete/access_token/ambiguous", "all 2 athletes", "--athlete")
	if r := c.get(one, "Authorization: Bearer "+c.key); r.StatusCode != 200 {
		t.Errorf("an athlete's key beside others: %s", r)
	}
	other := "Authorization: Bearer " + c.api.key(7, web.ScopeRead)
	c.wantFault(c.get(fmt.Sprint("/api/v3/activities/", c.ids[0]), other), 404, "Activity//not found")
	c.wantFault(c.get(one, other), 404, "Athlete//not cached", "isn't in the copy yet")

	empty := newAPI(t, web.Config{Open: true}, feed.Publish{})
	bare := &copied{api: empty}
	bare.wantFault(empty.get(one), 401, "Athlete/access_token/invalid")
	bare.wantFault(empty.get(one, "Authorization: Bearer any"), 400, "Athlete/access_token/ambiguous", "musette connect")
}

func TestStravaConditionalAndCompressed(t *testing.T) {
	c := copyOf(t, 20)
	auth := "Authorization: Bearer " + c.key
	first := c.ask("/athlete/activities")
	tag := first.Header.Get("ETag")
	wantHeader(t, first, "Cache-Control", "private, no-cache")
	wantHeader(t, first, "Content-Type", "application/json; charset=utf-8")
	if r := c.ask("/athlete/activities", "If-None-Match: W/"+tag); r.StatusCode != 304 || !strings.HasPrefix(tag, `"`) {
		t.Errorf("with its own tag: %s", r.Status)
	}
	if r := c.do("HEAD", "/api/v3/athlete/activities", "", auth); r.StatusCode != 200 || r.Header.Get("ETag") != tag {
		t.Errorf("HEAD: %s", r)
	}
	for _, coding := range []string{"gzip", "zstd"} {
		r := c.ask("/athlete/activities", "Accept-Encoding: "+coding)
		if r.Header.Get("Content-Encoding") != coding || !bytes.Equal(r.body, first.body) {
			t.Errorf("%s: %s", coding, r.Status)
		}
	}
	if r := c.ask("/athlete/activities?page=2&per_page=3", "If-None-Match: "+tag); r.StatusCode != 200 {
		t.Errorf("another page has the same tag")
	}
	c.pass(time.Hour)
	c.store.Close()
	r := c.get("/api/v3/athlete/activities", "Authorization: Bearer "+c.key)
	c.wantFault(r, 503, "", "database")
}
