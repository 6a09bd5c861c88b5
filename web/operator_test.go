package web_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"musette/web"
)

var figures = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write([]byte("musette_state 1\n"))
})

// Metrics are for an operator's key, and for programs on the same machine: neither for who comes through a proxy on it,
// nor for another site's page in a browser there.
func TestWhoMayReadMetrics(t *testing.T) {
	a := newAPI(t, web.Config{Metrics: figures}, full)
	const here, elsewhere = "Remote: 127.0.0.1:4711", "Remote: 198.51.100.7:4711"
	read, admin := "X-API-Key: "+a.key(0, web.ScopeRead), "X-API-Key: "+a.key(0, web.ScopeAdmin)
	for _, c := range []struct {
		status  int
		headers []string
	}{
		{200, []string{here, "Host: 127.0.0.1:8080"}},
		{200, []string{here, "Host: localhost"}},
		{200, []string{"Remote: [::1]:4711", "Host: [::1]:8080"}},
		{200, []string{elsewhere, read}},
		{200, []string{elsewhere, admin}},
		{200, []string{here, "Host: 127.0.0.1", "X-Forwarded-For: 198.51.100.7", read}},
		{401, []string{elsewhere, "Host: 127.0.0.1"}},
		{401, []string{elsewhere, "X-API-Key: wrong"}},
		{401, []string{here, "Host: evil.example"}},
		{401, []string{here, "Host: 127.0.0.1.evil.example"}},
		{401, []string{here, "Host: 127.0.0.1", "X-Forwarded-For: 198.51.100.7"}},
		{401, []string{here, "Host: 127.0.0.1", "X-Forwarded-For: 127.0.0.1"}},
		{401, []string{here, "Host: 127.0.0.1", "X-Real-Ip: 198.51.100.7"}},
		{401, []string{here, "Host: 127.0.0.1", "Forwarded: for=198.51.100.7"}},
		{401, []string{here, "Host: 127.0.0.1", "Origin: https://evil.example"}},
		{403, []string{elsewhere, "X-API-Key: " + a.key(athlete, web.ScopeAdmin)}},
		{403, []string{elsewhere, "X-API-Key: " + a.key(0, web.ScopeRefresh)}},
	} {
		r := a.get("/metrics", c.headers...)
		if r.StatusCode != c.status || strings.Contains(string(r.body), "musette_state") != (c.status == 200) {
			t.Errorf("%q: %s", c.headers, r)
		}
		if c.status == 200 {
			wantHeader(t, r, "Cache-Control", "no-store")
		}
	}
	a.wantProblem(newAPI(t, web.Config{}, full).get("/metrics", here, "Host: 127.0.0.1"), 404)
}

// Profiles are there for an operator with all rights. For everybody else, on this machine too, there is nothing.
func TestProfilesAreForAdminsOnly(t *testing.T) {
	a := newAPI(t, web.Config{}, full)
	admin := "X-API-Key: " + a.key(0, web.ScopeAdmin)
	for target, want := range map[string]int{
		"/debug/pprof/heap": 200, "/debug/pprof/goroutine?debug=1": 200, "/debug/pprof/symbol": 200,
		"/debug/pprof/none": 404, "/debug/pprof/cmdline": 404, "/debug/pprof/": 404, "/debug/": 404,
	} {
		if _, r := a.send("GET", target, "", admin); r.StatusCode != want {
			t.Errorf("%s gives an admin %d", target, r.StatusCode)
		}
		for _, header := range []string{
			"X: y", "Remote: 127.0.0.1:4711", "X-API-Key: wrong", "X-API-Key: " + a.key(0, web.ScopeRead, web.ScopeRefresh),
			"X-API-Key: " + a.key(athlete, web.ScopeAdmin),
		} {
			a.wantProblem(a.get(target, header, "Host: 127.0.0.1"), 404)
		}
	}
}

// A request's id is ours, unless a proxy beside us has given it one that can stand in a log.
func TestRequestIDs(t *testing.T) {
	a := newAPI(t, web.Config{}, full)
	const id = "X-Request-Id: 4f0c2d7e-6a55-4a40-9d6e-3a8a2f1f0c11"
	given := strings.TrimPrefix(id, "X-Request-Id: ")
	for _, from := range []string{"Remote: 127.0.0.1:4711", "Remote: 10.0.0.3:80", "Remote: [fd00::1]:80"} {
		if got := a.get("/v1/feed", id, from).Header.Get("X-Request-Id"); got != given {
			t.Errorf("%s: %q", from, got)
		}
	}
	if !strings.Contains(a.log.String(), "request="+given) {
		t.Errorf("the log hasn't got it: %s", a.log)
	}
	ids := map[string]bool{}
	for _, headers := range [][]string{
		{id, "Remote: 198.51.100.7:4711"},
		{"X-Request-Id: short", "Remote: 127.0.0.1:1"},
		{"X-Request-Id: " + strings.Repeat("x", 37), "Remote: 127.0.0.1:1"},
		{`X-Request-Id: with" level=ERROR`, "Remote: 127.0.0.1:1"},
		{"X-Request-Id: ../../../../etc", "Remote: 127.0.0.1:1"},
		{"X: y"},
	} {
		got := a.get("/v1/feed", headers...).Header.Get("X-Request-Id")
		if len(got) != 16 || ids[got] {
			t.Errorf("%q: %q", headers, got)
		}
		ids[got] = true
	}
}

// What is told for counting is bounded, whatever is asked for.
func TestWhatIsWatched(t *testing.T) {
	var mu sync.Mutex
	seen, limited := map[string]int{}, map[bool]int{}
	a := newAPI(t, web.Config{Watch: web.Watch{
		Request: func(route, method string, status int, took time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			seen[fmt.Sprint(method, " ", route, " ", status, " ", took < 0)]++
		},
		Limited: func(keyed bool) {
			mu.Lock()
			defer mu.Unlock()
			limited[keyed]++
		},
	}}, full)
	a.put("", activity(1))
	for i := range 20 {
		a.send("GET", fmt.Sprint("/v1/activities/", i+1), "")
		a.send("GET", fmt.Sprint("/nothing/", i), "")
		a.send(fmt.Sprint("METHOD", i), "/v1/feed", "")
		a.send("GET", fmt.Sprint("/webhook/", i), "")
		a.send("GET", fmt.Sprint("/api/v3/nothing/", i), "")
	}
	a.send("GET", "/", "")
	a.send("HEAD", "/v1/events", "", "X-API-Key: "+a.key(0, web.ScopeRead))
	want := []string{
		"GET / 200 false", "HEAD /v1/events 200 true", "GET /v1/activities/{id} 200 false", "GET /v1/activities/{id} 404 false",
		"GET /webhook/{secret} 404 false", "GET  404 false", "GET  401 false", "other /v1/feed 405 false",
	}
	got := slices.Sorted(maps.Keys(seen))
	slices.Sort(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	a.askUntilRefused("/v1/status", "Remote: 198.51.100.7:4711")
	if limited[false] == 0 || limited[true] != 0 {
		t.Errorf("turned away: %v", limited)
	}
	if n := a.server.Followers(); n != 0 {
		t.Errorf("%d follow", n)
	}
}
