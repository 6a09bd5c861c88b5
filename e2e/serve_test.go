package e2e

import (
	"bufio"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"musette"
	"musette/strava/stravatest"
)

var hiddenCode = regexp.MustCompile(`name="code" value="([^"]+)"`)

// signIn follows a one-time link as a person does: open it, press the button.
func signIn(t *testing.T, c *http.Client, link string) answer {
	t.Helper()
	page := openPage(t, c, link).want(200)
	m := hiddenCode.FindStringSubmatch(page.body)
	if m == nil {
		t.Fatalf("the link's page has no button: %s", shorten(page.body))
	}
	u, err := url.Parse(link)
	must(t, err)
	req, err := http.NewRequest("POST", "http://"+u.Host+"/login", strings.NewReader(url.Values{"code": {m[1]}}.Encode()))
	must(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "text/html")
	return fetch(t, c, req)
}

func openPage(t *testing.T, c *http.Client, address string) answer {
	t.Helper()
	req, err := http.NewRequest("GET", address, nil)
	must(t, err)
	req.Header.Set("Accept", "text/html")
	return fetch(t, c, req)
}

// The printed link opens the page as its owner, in one browser, once; `musette login` prints another while the
// server runs.
func TestOneTimeLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 6, Limits: plenty})
	p := w.program().with("MUSETTE_ADDR=" + freeAddress(t))
	p.must("sync")
	q := p.start("serve")
	link := q.says(`(http://\S+/login\?code=\S+)`)
	stranger := newClient(t)
	home := strings.Split(link, "/login")[0] + "/"
	if a := openPage(t, stranger, home); cards(a.body) != 0 {
		t.Errorf("a stranger sees %d cards", cards(a.body))
	}

	owner := newClient(t)
	openPage(t, owner, link).want(200) // a preview of the link uses nothing up
	page := signIn(t, owner, link).want(200)
	if cards(page.body) == 0 || page.Request.URL.Path != "/" {
		t.Errorf("signed in, %s shows %d cards", page.Request.URL, cards(page.body))
	}
	if strings.Contains(page.Request.URL.String(), "code") {
		t.Errorf("the code stays in the address: %s", page.Request.URL)
	}
	u, _ := url.Parse(home)
	for _, c := range owner.Jar.Cookies(u) {
		if strings.Contains(link, c.Value) {
			t.Error("the cookie is the code")
		}
	}
	if n := cards(openPage(t, owner, home).body); n == 0 {
		t.Error("the session doesn't last to the next request")
	}

	signIn(t, stranger, link).want(401) // it has been used
	if n := cards(openPage(t, stranger, home).body); n != 0 {
		t.Errorf("a stranger with a used link sees %d cards", n)
	}

	second := strings.TrimSpace(p.must("login"))
	if !strings.HasPrefix(second, home+"login?code=") || second == link {
		t.Fatalf("musette login printed %q", second)
	}
	if n := cards(signIn(t, newClient(t), second).want(200).body); n == 0 {
		t.Error("the link of `musette login` shows no cards")
	}
	if code, took := q.stop(syscall.SIGTERM); code != 0 || took > 10*time.Second {
		t.Errorf("serve ended with %d, %v after SIGTERM", code, took)
	}
}

// A key is made and shown at the first start, and never again. `musette key create` makes others, at once good.
func TestKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 6, Limits: plenty})
	p := w.program().with("MUSETTE_ADDR=" + freeAddress(t))
	start := func() *site {
		s := &site{process: p.start("serve"), client: newClient(t)}
		s.url = s.says(`musette serves (http://\S+)`)
		s.says(`/login\?code=`) // all has been said
		return s
	}
	s := start()
	s.key = s.says(`shown only now:\s+(\S+)`)
	s.until("activities", func() bool { return len(s.feed()) == 60 })
	first := s.key
	s.stop(os.Interrupt)

	s = start()
	if strings.Contains(s.stderr.String(), "shown only now") {
		t.Error("the second start shows a key again")
	}
	s.key = first
	if n := len(s.feed()); n != 60 {
		t.Errorf("the first start's key shows %d activities at the second one, want 60", n)
	}
	s.key = ""
	s.get("/v1/feed").want(401)
	s.key = "not-a-key-that-anybody-made"
	s.get("/v1/feed").want(401)
	s.key = strings.TrimSpace(p.must("key", "create", "website"))
	if n := len(s.feed()); n != 60 {
		t.Errorf("a new key shows %d activities, want 60", n)
	}
	s.do("POST", "/v1/refresh", "").want(403)
	if list := p.must("key", "list"); !strings.Contains(list, "website") || strings.Contains(list, s.key) {
		t.Errorf("the list of keys is\n%s", list)
	}
	p.must("key", "revoke", "website")
	s.until("the end of the revoked key", func() bool { return s.get("/v1/feed").StatusCode == 401 })
	if log := s.stderr.String(); strings.Contains(log, s.key) || strings.Contains(log, first) {
		t.Error("a key is in the log")
	}
}

// While a server runs, `musette sync` asks it and follows, and a refresh by HTTP fetches what is new; whoever listens
// hears of it.
func TestSyncAndRefreshWhileServing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 7, Limits: plenty})
	p := w.program()
	s := p.serve()
	s.until("everything here", func() bool { return s.settled() })
	w.complete(p)

	// A sync beside it makes no calls of its own.
	first, err := w.AddActivity(w.athlete.ID, time.Time{})
	must(t, err)
	before := len(w.Calls())
	o := p.run("sync", "--json")
	o.wantCode(t, 0)
	if st := o.status(t); st.State != musette.StateOK || st.Athletes[0].Activities != 61 {
		t.Errorf("the sync ended in state %s with %d activities", st.State, st.Athletes[0].Activities)
	}
	if n := len(w.Calls()) - before; n > 4 { // the poll, and what belongs to the new activity
		t.Errorf("the sync took %d calls", n)
	}
	w.complete(p)
	s.until("the activity in the feed", func() bool { return s.has(first) })

	// A refresh by HTTP, and events.
	events := s.listen("/v1/events")
	second, err := w.AddActivity(w.athlete.ID, time.Time{})
	must(t, err)
	accepted := decode[struct {
		Calls int    `json:"calls"`
		Until string `json:"until"`
	}](t, s.do("POST", "/v1/refresh", "").want(202).body)
	if accepted.Calls != 1 || accepted.Until == "" {
		t.Errorf("the refresh was promised for %+v", accepted)
	}
	s.until("the event", func() bool { return events.has(second) })
	if !s.has(second) {
		t.Error("the event came before the feed had the activity")
	}
	s.until("everything here", func() bool { return s.settled() && len(w.differences(s.feed())) == 0 })

	// One activity alone.
	must(t, w.Rename(second, "Renamed"))
	s.do("POST", "/v1/refresh", `{"activity":"`+id(second)+`"}`).want(202)
	s.until("the new name", func() bool { return strings.Contains(s.get("/v1/activities/"+id(second)).body, `"Renamed"`) })
	must(t, w.Rename(first, "Renamed too"))
	p.run("sync", id(first)).wantCode(t, 0)
	s.until("the new name", func() bool { return strings.Contains(s.get("/v1/activities/"+id(first)).body, `"Renamed too"`) })

	code, took := s.stop(syscall.SIGTERM) // with a listener still connected
	if code != 0 || took > 10*time.Second {
		t.Errorf("serve ended with %d, %v after SIGTERM", code, took)
	}
}

// A restart serves at once what it had, though Strava is down.
func TestRestartServesWithoutStrava(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 8, Limits: plenty})
	p := w.program()
	p.must("sync")
	must(t, w.at.Close())
	s := p.serve()
	if n := len(s.feed()); n != 60 {
		t.Errorf("%d activities right after the start, want 60", n)
	}
	if d := w.differences(s.feed()); len(d) > 0 {
		t.Errorf("%d differences from what Strava had, such as %s", len(d), d[0])
	}
	s.get("/healthz").want(200)
	s.get("/readyz").want(200)
	if n := cards(s.get("/").want(200).body); n == 0 {
		t.Error("no cards on the page")
	}
	t.Logf("served %v after the start", time.Since(s.began).Round(time.Millisecond))
	if code, took := s.stop(syscall.SIGTERM); code != 0 || took > 10*time.Second {
		t.Errorf("serve ended with %d, %v after SIGTERM", code, took)
	}
}

func (s *site) has(activity int64) bool {
	return s.get("/v1/activities/"+id(activity)).StatusCode == 200
}

// listener collects server-sent events.
type listener struct{ output }

func (s *site) listen(path string) *listener {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), "GET", s.url+path, nil)
	must(s.t, err)
	req.Header.Set("Authorization", "Bearer "+s.key)
	resp, err := (&http.Client{Transport: s.client.Transport}).Do(req)
	must(s.t, err)
	s.t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		s.t.Fatalf("%s answered %s, %s", path, resp.Status, resp.Header.Get("Content-Type"))
	}
	l := &listener{}
	go func() {
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() {
			_, _ = l.Write([]byte(lines.Text() + "\n"))
		}
	}()
	return l
}

func (l *listener) has(activity int64) bool {
	return strings.Contains(l.String(), `"activity":"`+id(activity)+`"`)
}
