package web_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"musette/feed"
	"musette/store"
	"musette/web"
)

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
