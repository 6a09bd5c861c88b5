package web_test

import (
	"bytes"
	"context"
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
