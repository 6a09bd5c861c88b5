package web_test

import (
	"bytes"
	"context"
	"encoding/json"
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
