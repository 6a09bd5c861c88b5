package web_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"musette"
	"musette/feed"
	"musette/web"
)

type changesReply struct {
	Epoch   string
	Changes []struct {
		Seq            int64
		Activity, Kind string
	}
	Next  int64
	Reset bool
}

func TestChanges(t *testing.T) {
	a := newAPI(t, web.Config{}, full)
	key := "X-API-Key: " + a.key(0, web.ScopeRead)
	a.put("", activity(1), activity(2))
	a.put("gone", activity(2))
	first := as[changesReply](t, a.get("/v1/changes?since=0", key))
	if fmt.Sprint(first.Changes) != "[{1 1 put} {3 2 gone}]" || first.Next != 3 || first.Reset {
		t.Errorf("from the start: %+v", first)
	}
	if got := as[changesReply](t, a.get(fmt.Sprint("/v1/changes?since=3&epoch=", first.Epoch), key)); len(got.Changes) != 0 || got.Next != 3 || got.Reset {
		t.Errorf("nothing new: %+v", got)
	}
	for _, query := range []string{"since=99", "since=1&epoch=other"} {
		if got := as[changesReply](t, a.get("/v1/changes?"+query, key)); !got.Reset || got.Next != 3 || len(got.Changes) != 0 {
			t.Errorf("%s: %+v", query, got)
		}
	}
	for _, query := range []string{"since=-1", "since=x", "since=", "since=1&since=2", "limit=1"} {
		a.wantProblem(a.get("/v1/changes?"+query, key), 400)
	}
	// Strangers are told only what they saw.
	a.put("", activity(5, func(x *musette.Activity) { x.Visibility = "only_me" }), activity(6))
	if got := as[changesReply](t, a.get("/v1/changes?since=3")); fmt.Sprint(got.Changes) != "[{5 6 put}]" {
		t.Errorf("strangers read %+v", got)
	}
}

// event is one server-sent event; a comment has the name ":".
type event struct{ name, id, data string }

// events opens a stream and returns what comes, until the test ends.
func (a *api) events(url, query string, headers ...string) <-chan event {
	a.Helper()
	req, err := http.NewRequestWithContext(a.Context(), "GET", url+"/v1/events"+query, nil)
	if err != nil {
		a.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		a.Fatal(err)
	}
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		a.Fatalf("%s %v", res.Status, res.Header)
	}
	list := make(chan event, 1000)
	go func() {
		defer close(list)
		defer res.Body.Close()
		var e event
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), ":")
			value = strings.TrimPrefix(value, " ")
			switch name {
			case "event":
				e.name = value
			case "id":
				e.id = value
			case "data":
				e.data = value
			case "":
				if lines.Text() == ":" {
					e.name = ":"
				} else if e != (event{}) {
					list <- e
					e = event{}
				}
			}
		}
	}()
	return list
}

func (a *api) next(list <-chan event) event {
	a.Helper()
	select {
	case e := <-list:
		return e
	case <-time.After(10 * time.Second):
		a.Fatal("no event comes")
		return event{}
	}
}

func (a *api) listen() string {
	s := httptest.NewServer(a.server)
	a.Cleanup(func() {
		a.server.Close()
		s.Close()
	})
	return s.URL
}

func TestEvents(t *testing.T) {
	a := newAPI(t, web.Config{Open: true}, feed.Publish{})
	tick := make(chan time.Time)
	a.server.SetHeartbeat(tick)
	a.put("", activity(1))
	url := a.listen()
	list := a.events(url, "")
	if e := a.next(list); e.name != ":" {
		t.Errorf("it begins with %+v", e)
	}
	a.put("", activity(2))
	e := a.next(list)
	if e.name != "" || e.data != `{"seq":2,"activity":"2","kind":"put"}` {
		t.Errorf("a new activity is %+v", e)
	}
	a.put("gone", activity(1))
	last := a.next(list)
	if last.data != `{"seq":3,"activity":"1","kind":"gone"}` {
		t.Errorf("a deleted one is %+v", last)
	}
	a.setStatus(func(s *musette.Status) { s.State = musette.StateSyncing })
	if e := a.next(list); e.name != "status" || e.data != `{"state":"syncing","until":null,"as_of":"2026-05-22T12:00:00Z"}` {
		t.Errorf("another state is %+v", e)
	}
	tick <- noon
	if e := a.next(list); e.name != ":" {
		t.Errorf("the heartbeat is %+v", e)
	}

	// Coming back: by id, by number, by parameter; the header goes first.
	for name, c := range map[string]struct{ query, header string }{
		"by id": {"", "Last-Event-ID: " + e.id}, "by number": {"", "Last-Event-ID: 2"}, "by parameter": {"?since=2", "X: y"},
		"by both": {"?since=0", "Last-Event-ID: " + e.id},
	} {
		back := a.events(url, c.query, c.header)
		a.next(back)
		if got := a.next(back); got != last {
			t.Errorf("%s: %+v comes first", name, got)
		}
	}
	for name, c := range map[string]struct{ query, header string }{
		"the future": {"?since=99", "X: y"}, "another epoch": {"", "Last-Event-ID: other.2"}, "nonsense": {"", "Last-Event-ID: x"},
	} {
		back := a.events(url, c.query, c.header)
		a.next(back)
		if got := a.next(back); got.name != "reset" || !strings.HasSuffix(got.id, ".3") {
			t.Errorf("%s: %+v comes first", name, got)
		}
	}
	a.wantProblem(a.get("/v1/events?since=x"), 400)

	a.server.Close()
	for range list { // it ends
	}
}

func TestAStreamEndsWithItsSession(t *testing.T) {
	a := newAPI(t, web.Config{}, feed.Publish{})
	tick := make(chan time.Time)
	a.server.SetHeartbeat(tick)
	c := cookieOf(t, a.do("POST", "/login", "key="+a.key(0, web.ScopeRead)))
	list := a.events(a.listen(), "", "Cookie: musette_session="+c.Value)
	a.next(list)
	a.do("POST", "/logout", "", "Cookie: musette_session="+c.Value)
	tick <- noon
	for e := range list {
		t.Errorf("after signing out %+v comes", e)
	}
	a.wantProblem(a.get("/v1/events"), 401)
}

func TestOneCallerDoesntTakeAllStreams(t *testing.T) {
	a := newAPI(t, web.Config{}, full)
	url := a.listen()
	const one, other = "X-Forwarded-For: 198.51.100.7", "X-Forwarded-For: 198.51.100.8"
	for range 110 {
		if r := a.do("HEAD", "/v1/events", "", one); r.StatusCode != 200 { // these end at once
			t.Fatalf("asked for its head: %s", r)
		}
	}
	for range 100 {
		a.events(url, "", one)
	}
	refused := a.get("/v1/events", one)
	a.wantProblem(refused, 429)
	if refused.Header.Get("Retry-After") == "" {
		t.Error("nothing says when to come back")
	}
	a.next(a.events(url, "", other))
	a.next(a.events(url, "")) // this machine itself
}
