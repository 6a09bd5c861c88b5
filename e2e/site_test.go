package e2e

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"musette"
)

// site is a program that serves, and a client that visits it as its owner.
type site struct {
	*process
	url    string
	key    string // an operator's key, "" if the site wants none
	client *http.Client
}

// feedPage is the feed's JSON.
type feedPage struct {
	Activities []musette.Activity `json:"activities"`
	Next       *string            `json:"next"`
	State      musette.State      `json:"state"`
	AsOf       string             `json:"as_of"`
}

const testKey = "a-key-for-the-tests-only"

// serve starts `musette serve` on a free port, with a key of the environment's, and waits until it serves.
func (p *program) serve() *site {
	p.t.Helper()
	q := p.with("MUSETTE_ADDR="+freeAddress(p.t), "MUSETTE_API_KEY="+testKey)
	s := &site{process: q.start("serve"), key: testKey, client: newClient(p.t)}
	s.url = s.says(`musette serves (http://\S+)`)
	return s
}

// freeAddress is one on which nothing listens. Another process could take it before the program does, which is
// unlikely enough: the kernel hands ports out in turn.
func freeAddress(t testing.TB) string {
	t.Helper()
	l := listen(t)
	defer l.Close()
	return l.Addr().String()
}

func newClient(t testing.TB) *http.Client {
	jar, err := cookiejar.New(nil)
	must(t, err)
	transport := &http.Transport{} // no proxy, connections of its own
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Jar: jar, Timeout: patience}
}

// answer is what a request got.
type answer struct {
	t    testing.TB
	what string
	*http.Response
	body string
}

func (s *site) get(path string) answer { return s.do("GET", path, "") }

// do makes a request with the site's key. form, if not "", is sent as a form, or as JSON if it is an object.
func (s *site) do(method, path, form string) answer {
	s.t.Helper()
	req, err := http.NewRequest(method, s.url+path, strings.NewReader(form))
	must(s.t, err)
	if s.key != "" {
		req.Header.Set("Authorization", "Bearer "+s.key)
	}
	if form != "" && !strings.HasPrefix(form, "{") {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if path == "/" || strings.HasPrefix(path, "/login") {
		req.Header.Set("Accept", "text/html")
	}
	return fetch(s.t, s.client, req)
}

// fetch makes a request and reads the whole answer.
func fetch(t testing.TB, c *http.Client, req *http.Request) answer {
	t.Helper()
	resp, err := c.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", req.Method, req.URL, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", req.Method, req.URL, err)
	}
	return answer{t, req.Method + " " + req.URL.Path, resp, string(body)}
}

// want stops the test if the answer has another status.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.StatusCode != status {
		a.t.Fatalf("%s answered %s, want %d: %s", a.what, a.Status, status, shorten(a.body))
	}
	return a
}

// feed is all that the site shows, in as many pages as it takes.
func (s *site) feed() (all []musette.Activity) {
	s.t.Helper()
	path := "/v1/feed?limit=500"
	for {
		page := decode[feedPage](s.t, s.get(path).want(200).body)
		all = append(all, page.Activities...)
		if page.Next == nil {
			return all
		}
		path = "/v1/feed?limit=500&cursor=" + url.QueryEscape(*page.Next)
	}
}

func (s *site) status() musette.Status {
	s.t.Helper()
	return decode[musette.Status](s.t, s.get("/v1/status").want(200).body)
}

// settled reports whether everything that there is has been listed and fetched.
func (s *site) settled() bool {
	s.t.Helper()
	got := s.status()
	return got.State == musette.StateOK && got.AsOf != nil
}

// cards are the cards on the page.
func cards(page string) int { return len(cardTag.FindAllString(page, -1)) }

var cardTag = regexp.MustCompile(`<article class="card\b`)

// at is the same client at another server.
func (s *site) at(url string) *site { return &site{process: s.process, url: url, client: s.client} }
