package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"musette"
	"musette/feed"
	"musette/store"
	"musette/web"
)

var full = feed.Publish{Mode: feed.PublishFull, API: true}

func TestFeed(t *testing.T) {
	a := newAPI(t, web.Config{Open: true}, feed.Publish{})
	for id := int64(1); id <= 120; id++ {
		a.put("", activity(id))
	}
	if got := as[feedReply](t, a.get("/v1/feed")); len(got.Activities) != 50 || got.Activities[0].ID != "120" || got.Next == nil || got.State != "ok" {
		t.Errorf("the first page has %d activities, next %v, state %s", len(got.Activities), got.Next, got.State)
	}
	if got := as[feedReply](t, a.get("/v1/feed?limit=500")); len(got.Activities) != 120 || got.Next != nil {
		t.Errorf("the largest page has %d activities, next %v", len(got.Activities), got.Next)
	}
	var seen []string
	for target := "/v1/feed?limit=7&type=run"; ; {
		page := as[feedReply](t, a.get(target))
		seen = append(seen, page.ids())
		if page.Next == nil {
			break
		}
		target = "/v1/feed?limit=7&type=run&cursor=" + *page.Next
	}
	if all := strings.Fields(strings.Join(seen, " ")); len(all) != 120 || all[0] != "120" || all[119] != "1" {
		t.Errorf("page by page there are %d activities", len(all))
	}
	for query, param := range map[string]string{
		"limit=0": "limit", "limit=1&limit=2": "limit", "cursor=x": "cursor", "from=now": "from", "key=s": "key", "api_key=s": "api_key",
		"token=x": "token", "min_distance_m=a": "min_distance_m", "has=x": "has", "athlete=a": "athlete",
	} {
		if p := a.wantProblem(a.get("/v1/feed?"+query), 400); p.Parameter != param || !strings.Contains(p.Detail, param) {
			t.Errorf("%s: %+v", query, p)
		}
	}
	a.wantProblem(a.get("/v1/feed?limit=%zz"), 400)
	a.wantProblem(a.get("/v1/feed?a;b"), 400)
}

func TestActivityTotalsStatus(t *testing.T) {
	a := newAPI(t, web.Config{Open: true}, feed.Publish{})
	a.put("", activity(1), activity(2, func(x *musette.Activity) {
		x.SportType, x.Type, x.Map, x.Description = "Swim", "Swim", nil, nil
		x.Photos, x.Comments, x.Laps, x.Missing = []musette.Photo{}, []musette.Comment{}, nil, []musette.Part{"detail"}
	}))
	if got := a.get("/v1/activities/1"); got.StatusCode != 200 || !bytes.Contains(got.body, []byte(`"laps":[{"name":"Lap 1"`)) {
		t.Errorf("one activity: %s", got)
	}
	if got := a.get("/v1/activities/2"); got.StatusCode != 200 {
		t.Errorf("a bare activity: %s", got)
	}
	for _, id := range []string{"3", "0", "-1", "01", "abc", "1.kml", ".gpx", "x.gpx", "3.geojson", "2.gpx", "2/map.svg", "99999999999999999999"} {
		a.wantProblem(a.get("/v1/activities/"+id), 404)
	}
	a.wantProblem(a.get("/v1/activities/1?x=1"), 400)

	total := as[musette.Totals](t, a.get("/v1/totals?type=Run"))
	if total.Count != 1 || total.GoalM != 1000 || len(total.ByWeek) != 1 || total.ByWeek[0].Week != "2026-W21" {
		t.Errorf("totals are %+v", total)
	}
	a.wantProblem(a.get("/v1/totals?limit=5"), 400)

	resets := noon.Add(time.Hour)
	a.setStatus(func(s *musette.Status) {
		s.State, s.Until, s.Cause = musette.StateLimited, &resets, "quota"
		s.Quota.Read.Quarter = musette.Window{Used: 3, Limit: 100, Resets: resets}
		s.Athletes = []musette.Athlete{{ID: athlete, Name: "Ada", State: "ok", Activities: 2, Parts: map[musette.Part]musette.PartCount{"detail": {Have: 1, Due: 1}}}}
		s.LastErrors = []musette.LastError{{At: noon, Kind: "server", Message: "502"}}
	})
	if got := as[musette.Status](t, a.get("/v1/status")); got.State != "limited" || !got.Until.Equal(resets) || got.Athletes[0].Parts["detail"].Due != 1 {
		t.Errorf("the status is %+v", got)
	}
}

// The same status is the same bytes, so that its tag holds.
func TestTheStatusHasOneTag(t *testing.T) {
	a := newAPI(t, web.Config{Open: true}, feed.Publish{})
	a.setStatus(func(s *musette.Status) {
		parts := map[musette.Part]musette.PartCount{}
		for i, part := range musette.ActivityParts {
			parts[part] = musette.PartCount{Have: i}
		}
		s.Athletes = []musette.Athlete{{ID: athlete, Name: "Ada", State: "ok", Parts: parts}}
	})
	tag := a.get("/v1/status").Header.Get("ETag")
	for range 20 {
		wantHeader(t, a.get("/v1/status"), "ETag", tag)
	}
}

// Who is who, and what each may see.
func TestWhoMayReadWhat(t *testing.T) {
	const env = "operator's key from the environment"
	for name, publish := range map[string]feed.Publish{"off": {}, "aggregate": {Mode: feed.PublishAggregate, API: true}, "full": full} {
		a := newAPI(t, web.Config{APIKeyHash: web.HashKey(env)}, publish)
		a.put("", activity(1), activity(2, of(7)), activity(3, func(x *musette.Activity) { x.Visibility = "only_me" }))
		revoked := a.key(0, web.ScopeRead)
		a.update(func(ctx context.Context, tx *store.Tx) error {
			k, err := tx.KeyByHash(ctx, web.HashKey(revoked))
			if err != nil {
				return err
			}
			k.RevokedAt = noon
			return tx.PutKey(ctx, k)
		})
		expired, err := web.NewKey(t.Context(), a.store, "old", []string{web.ScopeRead}, 0, noon, noon.Add(-time.Second))
		if err != nil {
			t.Fatal(err)
		}
		code, err := web.NewCode(t.Context(), a.store, noon)
		if err != nil {
			t.Fatal(err)
		}
		session := cookieOf(t, a.do("POST", "/login", "key="+a.key(0, web.ScopeRead)))
		public := map[string]string{"off": "401", "aggregate": "", "full": "2 1"}[name]
		for _, c := range []struct {
			who, header, want string
			stranger          bool
		}{
			{"nobody", "X: ", public, true},
			{"operator", "Authorization: Bearer " + a.key(0, web.ScopeRead), "3 2 1", false},
			{"operator", "X-API-Key: " + a.key(0, web.ScopeAdmin), "3 2 1", false},
			{"operator, small letters", "Authorization: bearer " + a.key(0, web.ScopeRead), "3 2 1", false},
			{"environment", "X-API-Key: " + env, "3 2 1", false},
			{"one athlete", "X-API-Key: " + a.key(7, web.ScopeRead), "2", false},
			{"unknown athlete", "X-API-Key: " + a.key(8, web.ScopeRead), "", false},
			{"no scope", "X-API-Key: " + a.key(0, web.ScopeRefresh), "403", false},
			{"wrong", "X-API-Key: musette_wrong", "401", false},
			{"empty", "Authorization: Bearer ", "401", false},
			{"revoked", "X-API-Key: " + revoked, "401", false},
			{"expired", "X-API-Key: " + expired, "401", false},
			{"a code as a key", "X-API-Key: " + code, "401", false},
			{"a session as a key", "X-API-Key: " + session.Value, "401", false},
			{"a proxy's password", "Authorization: Basic eDp5", public, true},
			{"session", "Cookie: musette_session=" + session.Value, "3 2 1", false},
			{"an invented session", "Cookie: musette_session=x", public, true},
			{"a key as a session", "Cookie: musette_session=" + env, public, true},
		} {
			r := a.get("/v1/feed", c.header)
			got := as[feedReply](t, r).ids()
			switch {
			case r.StatusCode != 200:
				a.wantProblem(r, r.StatusCode)
				got = fmt.Sprint(r.StatusCode)
			case c.stranger:
				wantHeader(t, r, "Cache-Control", "public, max-age=60, stale-while-revalidate=3600, stale-if-error=3600")
			default:
				wantHeader(t, r, "Cache-Control", "private, no-cache")
			}
			if got != c.want {
				t.Errorf("publishing %s: %s sees %q, want %q", name, c.who, got, c.want)
			}
			wantHeader(t, r, "Vary", "Authorization, X-API-Key, Cookie, Accept-Encoding")
			if r.StatusCode == 401 && (r.Header.Get("WWW-Authenticate") == "" || !bytes.Contains(r.body, []byte("/login"))) {
				t.Errorf("%s isn't told how to sign in: %s", c.who, r)
			}
		}
		hidden := a.get("/v1/activities/3")
		if want := map[string]int{"off": 401, "aggregate": 404, "full": 404}[name]; hidden.StatusCode != want {
			t.Errorf("publishing %s: strangers asking for a private activity get %d", name, hidden.StatusCode)
		}
	}
}

func wantHeader(t *testing.T, r reply, name, want string) {
	t.Helper()
	if got := r.Header.Get(name); got != want {
		t.Errorf("%s is %q, want %q", name, got, want)
	}
}

func TestWhatStrangersGet(t *testing.T) {
	a := newAPI(t, web.Config{}, feed.Publish{Mode: feed.PublishAggregate, API: true})
	a.put("", activity(1))
	a.setStatus(func(s *musette.Status) {
		s.Cause, s.Athletes = "SECRET", []musette.Athlete{{ID: 1, Name: "SECRET", State: "ok"}}
	})
	if got := as[musette.Totals](t, a.get("/v1/totals")); got.Count != 1 {
		t.Errorf("totals are %+v", got)
	}
	a.wantProblem(a.get("/v1/totals?q=run"), 401) // one could find a single activity with filters
	if got := a.get("/v1/status"); got.StatusCode != 200 || bytes.Contains(got.body, []byte("SECRET")) {
		t.Errorf("strangers read the status %s", got)
	}
	a.wantProblem(a.do("POST", "/v1/refresh", ""), 401)

	a = newAPI(t, web.Config{}, full)
	a.put("", activity(1, func(x *musette.Activity) { x.Comments[0].Text = "SECRET" }))
	got := a.get("/v1/activities/1")
	for _, s := range []string{"SECRET", "_p~iF", "pictures.example", "Lap 1"} {
		if bytes.Contains(got.body, []byte(s)) {
			t.Errorf("strangers read %s in %s", s, got.body)
		}
	}
	if got := as[musette.Totals](t, a.get("/v1/totals?q=run")); got.Count != 1 {
		t.Errorf("filtered totals are %+v", got)
	}
}

func TestConditionalRequests(t *testing.T) {
	a := newAPI(t, web.Config{Open: true}, feed.Publish{})
	a.put("", activity(1), activity(2))
	for _, target := range []string{"/v1/feed", "/v1/feed?limit=1", "/v1/activities/1", "/v1/totals", "/v1/status", "/v1/changes", "/openapi.json", "/"} {
		first := a.get(target)
		tag := first.Header.Get("ETag")
		if !strings.HasPrefix(tag, `"`) || first.StatusCode != 200 {
			t.Errorf("%s has the tag %s", target, tag)
		}
		for _, match := range []string{tag, "W/" + tag, `"x", ` + tag, "*", `"x",W/` + tag + `,"y"`} {
			r := a.get(target, "If-None-Match: "+match)
			if r.StatusCode != 304 || len(r.body) != 0 {
				t.Errorf("%s with %s: %s", target, match, r)
			}
			same := []string{"ETag", "Cache-Control", "Vary"}
			if target == "/" { // a browser keeps a document by the policy it was last told
				same = append(same, "Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options")
			}
			for _, name := range same {
				wantHeader(t, r, name, first.Header.Get(name))
			}
		}
		if r := a.get(target, `If-None-Match: "x"`); r.StatusCode != 200 {
			t.Errorf("%s with another tag: %d", target, r.StatusCode)
		}
		head := a.do("HEAD", target, "")
		if head.StatusCode != 200 || head.Header.Get("ETag") != tag || head.Header.Get("Content-Length") != first.Header.Get("Content-Length") {
			t.Errorf("HEAD %s: %s", target, head)
		}
	}
	tag := a.get("/v1/feed").Header.Get("ETag")
	a.setStatus(func(s *musette.Status) { s.State = musette.StateSyncing })
	if again := a.get("/v1/feed").Header.Get("ETag"); again == tag {
		t.Error("another state has the same tag")
	}
}

// How old the copy is, and in which state, is told beside the body; what the client has stays right meanwhile.
func TestAgeAndState(t *testing.T) {
	a := newAPI(t, web.Config{}, full)
	a.put("", activity(1))
	for _, target := range []string{"/v1/feed", "/v1/feed?limit=1", "/v1/activities/1", "/v1/totals"} {
		a.setStatus(func(s *musette.Status) { asOf := a.now; s.State, s.AsOf = musette.StateSyncing, &asOf })
		first := a.get(target)
		wantHeader(t, first, "Age", "0")
		wantHeader(t, first, "Cache-Status", "musette; hit")
		a.pass(90*time.Second + 900*time.Millisecond)
		again := a.get(target, "If-None-Match: "+first.Header.Get("ETag"))
		if again.StatusCode != 304 {
			t.Errorf("%s: as time goes by: %s", target, again)
		}
		wantHeader(t, again, "Age", "90")
		a.setStatus(func(s *musette.Status) { s.State = musette.StateStoreDown })
		wantHeader(t, a.get(target), "Cache-Status", "musette; hit; detail=store_down")
		a.pass(-time.Hour) // a clock that was set back
		wantHeader(t, a.get(target), "Age", "0")
		a.setStatus(func(s *musette.Status) { s.AsOf = nil })
		wantHeader(t, a.get(target), "Age", "")
	}
	for _, target := range []string{"/v1/status", "/v1/activities/9", "/openapi.json"} {
		wantHeader(t, a.get(target), "Cache-Status", "")
	}
}

func TestContentCodings(t *testing.T) {
	a := newAPI(t, web.Config{Open: true}, feed.Publish{})
	for id := int64(1); id <= 20; id++ {
		a.put("", activity(id))
	}
	plain := a.get("/v1/feed")
	tags := map[string]string{}
	for accept, want := range map[string]string{
		"": "", "gzip": "gzip", "zstd": "zstd", "gzip, deflate, br, zstd": "zstd", "GZIP": "gzip", "x-gzip": "gzip", "*": "zstd",
		"gzip;q=1.0, zstd;q=0.5": "gzip", "zstd;q=0, gzip;q=0.1": "gzip", "gzip;q=0": "", "gzip; q=0.5 , identity": "", "identity;q=0.5, gzip;q=0.5": "gzip",
		"*;q=0": "", "gzip;q=x": "", "gzip;q=2": "", "identity;q=0": "", "*;q=0, gzip": "gzip", "br": "", "zstd;q=0, *": "gzip", ",,;": "",
	} {
		r := a.get("/v1/feed", "Accept-Encoding: "+accept)
		if got := r.Header.Get("Content-Encoding"); got != want {
			t.Errorf("accepting %q gives %q, want %q", accept, got, want)
		}
		if !bytes.Equal(r.body, plain.body) {
			t.Errorf("accepting %q gives another body", accept)
		}
		tag := r.Header.Get("ETag")
		if other, ok := tags[tag]; ok && other != want {
			t.Errorf("%q and %q have the same tag", other, want)
		}
		tags[tag] = want
		if again := a.get("/v1/feed", "Accept-Encoding: "+accept, "If-None-Match: "+tag); again.StatusCode != 304 {
			t.Errorf("accepting %q, its own tag gives %d", accept, again.StatusCode)
		}
	}
	if r := a.get("/v1/totals?type=None", "Accept-Encoding: gzip"); r.Header.Get("Content-Encoding") != "" {
		t.Error("a short reply is compressed")
	}
}

func TestAddressesAndMethods(t *testing.T) {
	a := newAPI(t, web.Config{Open: true}, feed.Publish{})
	for target, allow := range map[string]string{
		"/v1/feed": "GET, HEAD", "/v1/activities/1": "GET, HEAD", "/login": "GET, HEAD, POST", "/healthz": "GET, HEAD", "/v1/events": "GET, HEAD",
	} {
		r := a.do("DELETE", target, "")
		a.wantProblem(r, 405)
		wantHeader(t, r, "Allow", allow)
	}
	r := a.get("/v1/refresh")
	a.wantProblem(r, 405)
	wantHeader(t, r, "Allow", "POST")
	for _, target := range []string{"/v1/", "/v1/nothing", "/v1/feed/", "/v2/feed", "/nothing", "/.env"} {
		a.wantProblem(a.get(target), 404)
	}
	if r := a.get("/nothing", "Accept: text/html"); r.StatusCode != 404 || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
		t.Errorf("a browser gets %s", r)
	}
	for _, target := range []string{"/v1/feed", "/", "/login", "/nothing", "/healthz"} {
		r := a.get(target)
		wantHeader(t, r, "X-Content-Type-Options", "nosniff")
		wantHeader(t, r, "Referrer-Policy", "same-origin")
		if csp := r.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;") {
			t.Errorf("the policy is %s", csp)
		}
	}
}

func TestOnlyLoopbackNamesWhereEverybodyIsOwner(t *testing.T) {
	a := newAPI(t, web.Config{Open: true, PublicURL: "https://feed.example"}, feed.Publish{})
	for host, want := range map[string]int{
		"127.0.0.1": 200, "127.0.0.1:8080": 200, "127.1.2.3:1": 200, "localhost:8080": 200, "LOCALHOST": 200, "localhost.": 200, "[::1]:8080": 200, "[::1]": 200,
		"feed.example": 200, "evil.example": 421, "evil.example:8080": 421, "127.0.0.1.evil.example": 421, "192.168.1.5": 421, "localhost.evil.example": 421, "": 421,
	} {
		if r := a.get("/v1/feed", "Host: "+host); r.StatusCode != want {
			t.Errorf("host %q gets %d, want %d", host, r.StatusCode, want)
		}
	}
	closed := newAPI(t, web.Config{}, full)
	if r := closed.get("/v1/feed", "Host: feed.example"); r.StatusCode != 200 {
		t.Errorf("with keys any host is good, got %d", r.StatusCode)
	}
}

func TestHealth(t *testing.T) {
	st, err := store.OpenMemory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	a := &api{T: t, store: st, feed: feed.New(feed.Config{Store: st}), now: noon, log: &bytes.Buffer{}}
	if a.server, err = web.New(web.Config{Feed: a.feed, Store: st, Open: true, Now: a.clock}); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"/healthz", "/readyz", "/v1/feed", "/v1/totals", "/v1/changes", "/v1/activities/1"} {
		a.wantProblem(a.get(target), 503)
	}
	a.look()
	for _, target := range []string{"/healthz", "/readyz"} {
		if r := a.get(target); r.StatusCode != 200 || string(r.body) != "ok\n" {
			t.Errorf("%s: %s", target, r)
		}
	}
	st.Close()
	if err := a.feed.Look(t.Context()); err == nil {
		t.Error("the store isn't down")
	}
	for _, target := range []string{"/healthz", "/readyz", "/v1/feed", "/v1/status"} {
		if r := a.get(target); r.StatusCode != 200 {
			t.Errorf("with the store down %s gives %s", target, r)
		}
	}
	if got := as[feedReply](t, a.get("/v1/feed")); got.State != "store_down" {
		t.Errorf("the state is %q", got.State)
	}
}

func TestRefresh(t *testing.T) {
	var wished []int64
	var fail error
	a := newAPI(t, web.Config{Refresh: func(_ context.Context, id int64) (web.Refresh, error) {
		wished = append(wished, id)
		return web.Refresh{Calls: 2, Until: noon.Add(1500 * time.Millisecond)}, fail
	}}, feed.Publish{})
	a.put("", activity(1), activity(2, of(7)))
	key := "X-API-Key: " + a.key(0, web.ScopeRefresh)
	seven := "X-API-Key: " + a.key(7, web.ScopeAdmin)

	for body, want := range map[string]int64{"": 0, "{}": 0, `{"activity":"1"}`: 1, " \n": 0} {
		wished = nil
		r := a.do("POST", "/v1/refresh", body, key)
		if r.StatusCode != 202 || len(wished) != 1 || wished[0] != want {
			t.Errorf("%q: %s, wished for %v", body, r, wished)
		}
		if string(r.body) != `{"calls":2,"until":"2026-05-22T12:00:01Z"}` {
			t.Errorf("%q: %s", body, r.body)
		}
	}
	wished = nil
	for body, status := range map[string]int{
		`{"activity":1}`: 400, `{"activity":"x"}`: 400, `{"activities":["1"]}`: 400, `[]`: 400, `{`: 400, `{"activity":"9"}`: 404,
		`{"activity":"` + strings.Repeat("1", 5000) + `"}`: 413,
	} {
		a.wantProblem(a.do("POST", "/v1/refresh", body, key), status)
	}
	a.wantProblem(a.do("POST", "/v1/refresh", `{"activity":"1"}`, seven), 404)
	a.wantProblem(a.do("POST", "/v1/refresh?activity=1", "", key), 400)
	a.wantProblem(a.do("POST", "/v1/refresh", "", "X-API-Key: "+a.key(0, web.ScopeRead)), 403)
	a.wantProblem(a.do("POST", "/v1/refresh", ""), 401)
	if len(wished) != 0 {
		t.Errorf("refused wishes were passed on: %v", wished)
	}

	for _, c := range []struct {
		err    error
		status int
		state  string
		until  bool
		detail string
	}{
		{&web.Conflict{State: musette.StateLimited, Until: noon.Add(time.Hour), Cause: "the quota is used up"}, 409, "limited", true, "The quota is used up."},
		{&web.Conflict{State: musette.StateInactive, Cause: "Switched off."}, 409, "inactive", false, "Switched off."},
		{fmt.Errorf("keeping it: %w", &store.Error{Kind: store.ErrDiskFull, Where: "SECRET"}), 409, "disk_full", false, ""},
		{&store.Error{Kind: store.ErrUnreachable, Where: "SECRET"}, 409, "store_down", false, ""},
		{fmt.Errorf("activity 1: %w", store.ErrNotFound), 404, "", false, ""},
	} {
		fail = c.err
		r := a.do("POST", "/v1/refresh", "", key)
		p := a.wantProblem(r, c.status)
		if p.State != c.state || (p.Until != nil) != c.until || c.detail != "" && p.Detail != c.detail || bytes.Contains(r.body, []byte("SECRET")) {
			t.Errorf("%v is told as %s", c.err, r)
		}
	}
	fail = errors.New("boom SECRET")
	r := a.do("POST", "/v1/refresh", "", key)
	a.wantProblem(r, 500)
	if bytes.Contains(r.body, []byte("SECRET")) || !strings.Contains(a.log.String(), "boom") {
		t.Errorf("an error's text belongs in the log, not in %s", r.body)
	}
	fail = nil

	// Whether a call may be made is for Refresh to say, whatever the status was a second ago.
	for _, state := range []musette.State{musette.StateInactive, musette.StateReconnect, musette.StateDiskFull, musette.StateLimited, musette.StateOffline} {
		a.setStatus(func(s *musette.Status) {
			s.State = state
			s.Quota.Read.Day = musette.Window{Used: 1000, Limit: 1000, Resets: noon.Add(time.Minute)}
		})
		if r := a.do("POST", "/v1/refresh", "", key); r.StatusCode != 202 {
			t.Errorf("%s: %s", state, r)
		}
	}
	a.setStatus(func(s *musette.Status) {
		*s = musette.Status{State: musette.StateOK, Athletes: []musette.Athlete{{ID: 7, Name: "Eve", State: musette.StateReconnect, Cause: "connect again"}}}
	})
	for _, ask := range []reply{a.do("POST", "/v1/refresh", `{"activity":"2"}`, key), a.do("POST", "/v1/refresh", "", seven)} {
		if p := a.wantProblem(ask, 409); p.State != "reconnect" || p.Detail != "Connect again." {
			t.Errorf("an athlete who has to connect again is told %+v", p)
		}
	}
	if r := a.do("POST", "/v1/refresh", `{"activity":"1"}`, key); r.StatusCode != 202 {
		t.Errorf("another athlete's trouble stops a refresh: %s", r)
	}
}

func TestTextStaysText(t *testing.T) {
	a := newAPI(t, web.Config{Open: true}, feed.Publish{})
	const evil = "</script><script>alert(1)</script> \" \\ ; \r\n\x00 🚴 \u2028"
	a.put("", activity(1, func(x *musette.Activity) { x.Name = evil; *x.Description = evil }))
	r := a.get("/v1/feed")
	wantHeader(t, r, "Content-Type", "application/json")
	var got struct {
		Activities []struct{ Name, Description string }
	}
	if err := json.Unmarshal(r.body, &got); err != nil || got.Activities[0].Name != evil || got.Activities[0].Description != evil {
		t.Errorf("it comes back as %q: %v", got, err)
	}
	p := a.get("/v1/feed?%3Cscript%3E=1")
	a.wantProblem(p, 400)
	a.wantProblem(a.get("/v1/%3Cscript%3E"), 404)
}

func TestPanicsAreCaughtAndLoggedOnce(t *testing.T) {
	a := newAPI(t, web.Config{Open: true, Refresh: func(context.Context, int64) (web.Refresh, error) { panic("boom") }}, feed.Publish{})
	r := a.do("POST", "/v1/refresh", "")
	a.wantProblem(r, 500)
	if n := strings.Count(a.log.String(), "boom"); n != 1 {
		t.Errorf("the panic is logged %d times", n)
	}
	if id := r.Header.Get("X-Request-Id"); id == "" || !bytes.Contains(r.body, []byte(id)) || !strings.Contains(a.log.String(), id) {
		t.Error("the request's id doesn't lead from the answer to the log")
	}
	if r := a.get("/v1/feed"); r.StatusCode != 200 {
		t.Errorf("afterwards: %s", r)
	}
}

func TestBadSettings(t *testing.T) {
	a := newAPI(t, web.Config{}, feed.Publish{})
	for name, c := range map[string]web.Config{
		"no feed": {Store: a.store}, "no store": {Feed: a.feed},
		"public URL": {Feed: a.feed, Store: a.store, PublicURL: "feed.example"},
	} {
		if _, err := web.New(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
