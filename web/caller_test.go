package web_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"musette/feed"
	"musette/web"
)

// askUntilRefused asks until the answer is 429, and returns how often it was another.
func (a *api) askUntilRefused(target string, headers ...string) (n int, last reply) {
	a.Helper()
	for ; n < 5000; n++ {
		if _, last = a.send("GET", target, "", headers...); last.StatusCode == 429 {
			a.get(target, headers...) // as described
			return n, last
		}
	}
	a.Fatalf("%s is never refused", target)
	return n, last
}

func TestCallersAreLimited(t *testing.T) {
	a := newAPI(t, web.Config{}, full)
	a.put("", activity(1))
	const here, there = "Remote: 198.51.100.7:4711", "Remote: 198.51.100.8:4711"
	key := "X-API-Key: " + a.key(0, web.ScopeRead)
	other := "X-API-Key: " + a.key(0, web.ScopeRead)
	const target = "/v1/status"

	n, r := a.askUntilRefused(target, here)
	if n != 300 {
		t.Errorf("a stranger may ask %d times at once", n)
	}
	a.wantProblem(r, 429)
	wantHeader(t, r, "Retry-After", "1")
	wantHeader(t, r, "RateLimit-Limit", "300")
	wantHeader(t, r, "RateLimit-Remaining", "0")
	wantHeader(t, r, "RateLimit-Reset", "30")
	if r := a.get(target, there); r.StatusCode != 200 || r.Header.Get("RateLimit-Limit") != "" {
		t.Errorf("another address: %s", r)
	}
	if r := a.get(target, here, "X-API-Key: wrong"); r.StatusCode != 429 {
		t.Errorf("with an invented key: %s", r)
	}
	if r := a.get(target, here, "X-Forwarded-For: 203.0.113.1"); r.StatusCode != 429 {
		t.Errorf("with an invented address: %s", r)
	}
	if r := a.get(target, here, key); r.StatusCode != 200 || r.Header.Get("RateLimit-Remaining") != "599" {
		t.Errorf("with a key from the same address: %s", r)
	}
	if n, r := a.askUntilRefused(target, here, key); n != 599 || r.Header.Get("RateLimit-Limit") != "600" {
		t.Errorf("a key may ask %d times more: %s", n, r)
	}
	if r := a.get(target, there, key); r.StatusCode != 429 {
		t.Errorf("the same key from another address: %s", r)
	}
	if r := a.get(target, here, other); r.StatusCode != 200 {
		t.Errorf("another key: %s", r)
	}
	a.pass(time.Second)
	for who, want := range map[string]int{here: 10, there + " " + key: 0} {
		if want == 0 {
			if n, _ := a.askUntilRefused(target, there, key); n != 20 {
				t.Errorf("a second later the key may ask %d times", n)
			}
		} else if n, _ := a.askUntilRefused(target, who); n != want {
			t.Errorf("a second later a stranger may ask %d times", n)
		}
	}
	// What watches the server, and what a page is made of, is never too much.
	for _, target := range []string{"/healthz", "/readyz"} {
		if r := a.get(target, here); r.StatusCode != 200 {
			t.Errorf("%s: %s", target, r)
		}
	}
	if r := a.get("/", here, "Accept: text/html"); r.StatusCode != 429 || r.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("a person's browser: %s", r.Status)
	}
	a.pass(-time.Hour) // a clock that was set back neither refuses for an hour nor gives for free
	a.get(target, here)
	a.pass(time.Second)
	if r := a.get(target, here); r.StatusCode != 200 {
		t.Errorf("after the clock was set back: %s", r)
	}
}

func TestWhoIsBehindAProxy(t *testing.T) {
	a := newAPI(t, web.Config{}, full)
	const target = "/v1/status"
	for range 1000 {
		if _, r := a.send("GET", target, ""); r.StatusCode != 200 {
			t.Fatalf("this machine itself is refused: %s", r)
		}
	}
	if n := a.server.Callers(); n != 0 {
		t.Errorf("%d callers are remembered for it", n)
	}
	ask := func(forwarded string) int {
		_, r := a.send("GET", target, "", "X-Forwarded-For: "+forwarded)
		return r.StatusCode
	}
	for i := range 300 {
		ask(fmt.Sprintf("203.0.113.%d, 198.51.100.7", i%250)) // the first is the client's to invent
	}
	for forwarded, want := range map[string]int{
		"198.51.100.7": 429, "::ffff:198.51.100.7": 429, "1.2.3.4, 198.51.100.7": 429, "198.51.100.8": 200, "198.51.100.7, 198.51.100.8": 200, "nonsense": 200,
	} {
		if got := ask(forwarded); got != want {
			t.Errorf("%s gets %d, want %d", forwarded, got, want)
		}
	}
	for remote, want := range map[string]int{ // a proxy in a private network, and one who isn't in any
		"172.17.0.1:1": 429, "192.168.1.5:1": 429, "[fd00::1]:1": 429, "203.0.113.9:1": 200,
	} {
		if _, r := a.send("GET", target, "", "Remote: "+remote, "X-Forwarded-For: 198.51.100.7"); r.StatusCode != want {
			t.Errorf("from %s: %s, want %d", remote, r.Status, want)
		}
	}
	for i := range 301 {
		ask("2001:db8:1:2::" + strconv.Itoa(i)) // one customer's network
	}
	if ask("2001:db8:1:2:ffff::1") != 429 || ask("2001:db8:1:3::1") != 200 {
		t.Error("IPv6 addresses aren't told by their network")
	}
}

// Nobody is remembered for longer than there is something to hold against them.
func TestCallersAreForgotten(t *testing.T) {
	a := newAPI(t, web.Config{}, full)
	for i := range 200 {
		a.send("GET", "/v1/status", "", fmt.Sprintf("Remote: 198.51.100.%d:1", i))
	}
	if n := a.server.Callers(); n != 200 {
		t.Errorf("%d callers are remembered, not 200", n)
	}
	a.pass(2 * time.Minute)
	a.get("/v1/status", "Remote: 203.0.113.1:1")
	if n := a.server.Callers(); n != 1 {
		t.Errorf("two minutes later %d callers are remembered", n)
	}
}

// Strava's clients read their limits from Strava's headers.
func TestLimitsAsStravaTellsThem(t *testing.T) {
	c := copyOf(t, 3)
	for i := 1; i <= 3; i++ {
		r := c.ask("/athlete")
		wantHeader(t, r, "X-RateLimit-Limit", "18000,1728000")
		wantHeader(t, r, "X-ReadRateLimit-Usage", fmt.Sprintf("%d,%d", i, i))
	}
	c.pass(15 * time.Minute)
	wantHeader(t, c.ask("/athlete"), "X-RateLimit-Usage", "1,4")
	n, r := c.askUntilRefused("/api/v3/athlete", "Authorization: Bearer "+c.key, "Remote: 198.51.100.7:1")
	if n != 600 && n != 599 {
		t.Errorf("a key may ask %d times at once", n)
	}
	c.wantFault(r, 429, "Application/read rate limit/exceeded", "Rate Limit Exceeded")
	c.likeStrava("/athlete", r)
	if r.Header.Get("Retry-After") == "" {
		t.Error("it isn't said how long to wait")
	}
}

// Failed sign-ins count for who tries, not for the proxy before them.
func TestFailedLoginsBehindAProxy(t *testing.T) {
	a := newAPI(t, web.Config{APIKeyHash: web.HashKey("correct horse battery")}, feed.Publish{})
	for i := range 10 {
		a.do("POST", "/login", fmt.Sprint("key=wrong", i), "X-Forwarded-For: 198.51.100.7")
	}
	a.wantProblem(a.do("POST", "/login", "key=correct horse battery", "X-Forwarded-For: 198.51.100.7"), 429)
	cookieOf(t, a.do("POST", "/login", "key=correct horse battery", "X-Forwarded-For: 198.51.100.8"))
}
