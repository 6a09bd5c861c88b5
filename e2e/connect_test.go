package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"musette/strava/stravatest"
)

// unconnected is musette with this Strava's app, and nobody connected.
func (w *world) unconnected() *program {
	w.t.Helper()
	return newProgram(w.t).with(w.app()...)
}

func newConsenting(t *testing.T, a stravatest.Approval) *world {
	t.Helper()
	w := newWorld(t, stravatest.Config{Seed: 10, Limits: plenty})
	a.Auto = true
	w.SetApproval(a)
	return w
}

const authorizeAddress = `(http://\S+/oauth/authorize\?\S+)`

// The consent page opens in the browser; saying yes there is all it takes.
func TestConnect(t *testing.T) {
	t.Parallel()
	w := newConsenting(t, stravatest.Approval{})
	p := w.unconnected()
	opened := p.fakeBrowser()
	p = p.with("DISPLAY=:0", "PATH="+filepath.Dir(opened)+":"+os.Getenv("PATH"))
	q := p.start("connect")
	var address string
	q.until("the browser", func() bool {
		body, _ := os.ReadFile(opened)
		address = strings.TrimSpace(string(body))
		return strings.HasPrefix(address, "http")
	})
	if shown := q.says(authorizeAddress); shown != address {
		t.Errorf("the browser got %s, the terminal shows %s", address, shown)
	}
	page := openPage(t, newClient(t), address).want(200)
	if !strings.Contains(page.body, "<h1>Connected</h1>") {
		t.Errorf("the browser ends at %s", page.body)
	}
	if code := q.wait(); code != 0 {
		t.Fatalf("connect ended with %d\n%s", code, q.stderr.String())
	}
	said := q.stdout.String()
	if !strings.Contains(said, id(w.athlete.ID)) || !strings.Contains(said, "activity:read_all") {
		t.Errorf("connect said %q, without who and what is allowed", said)
	}
	p.must("sync") // with the grant alone
	w.complete(p)
}

// fakeBrowser is an xdg-open that writes the address into the file that it returns.
func (p *program) fakeBrowser() string {
	p.t.Helper()
	bin := filepath.Join(p.dir, "bin")
	must(p.t, os.Mkdir(bin, 0o755))
	file := filepath.Join(bin, "opened")
	script := fmt.Sprintf("#!/bin/sh\necho \"$1\" > '%s.new' && mv '%s.new' '%s'\n", file, file, file)
	must(p.t, os.WriteFile(filepath.Join(bin, "xdg-open"), []byte(script), 0o755))
	return file
}

// An answer with another state is refused, and the right one still taken.
func TestConnectRefusesAnotherState(t *testing.T) {
	t.Parallel()
	w := newConsenting(t, stravatest.Approval{})
	p := w.unconnected()
	q := p.start("connect")
	address := q.says(authorizeAddress)
	u, err := url.Parse(address)
	must(t, err)
	forged := u.Query()
	forged.Set("state", "another")
	u.RawQuery = forged.Encode()
	page := openPage(t, newClient(t), u.String()).want(400)
	if !strings.Contains(page.body, "Not connected") {
		t.Errorf("the browser ends at %s", page.body)
	}
	select {
	case <-q.ended:
		t.Fatal("a forged answer ended the waiting")
	default:
	}
	openPage(t, newClient(t), address).want(200)
	if code := q.wait(); code != 0 {
		t.Fatalf("connect ended with %d\n%s", code, q.stderr.String())
	}
}

// Where the athlete says no, or leaves out what is needed, nothing is kept and the reason said.
func TestConnectWithoutConsent(t *testing.T) {
	for name, c := range map[string]struct {
		approval stravatest.Approval
		words    []string
	}{
		"denied":         {stravatest.Approval{Deny: true}, []string{"no", "musette connect"}},
		"boxes unticked": {stravatest.Approval{Scopes: []string{"read"}}, []string{"activities", "unticked", "musette connect"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newConsenting(t, c.approval)
			p := w.unconnected()
			q := p.start("connect")
			page := openPage(t, newClient(t), q.says(authorizeAddress))
			if !strings.Contains(page.body, "Not connected") {
				t.Errorf("the browser ends at %s", page.body)
			}
			if code := q.wait(); code != 1 {
				t.Errorf("connect ended with %d, want 1", code)
			}
			_, said, _ := strings.Cut(q.stderr.String(), "musette: ")
			for _, word := range c.words {
				if !strings.Contains(said, word) {
					t.Errorf("connect didn't say %q: %s", word, said)
				}
			}
			p.run("sync").wantProblem(t, 3, "reconnect", "musette connect")
		})
	}
}

// With some boxes unticked, what is allowed is kept, and what isn't is named.
func TestConnectWithFewerScopes(t *testing.T) {
	t.Parallel()
	w := newConsenting(t, stravatest.Approval{Scopes: []string{"read", "activity:read"}})
	p := w.unconnected().with("MUSETTE_SCOPES=read,activity:read,activity:read_all")
	q := p.start("connect")
	openPage(t, newClient(t), q.says(authorizeAddress)).want(200)
	if code := q.wait(); code != 0 {
		t.Fatalf("connect ended with %d\n%s", code, q.stderr.String())
	}
	if said := q.stderr.String(); !strings.Contains(said, "not allowed: activity:read_all") {
		t.Errorf("what isn't allowed is not named:\n%s", said)
	}
	p.must("sync")
	for _, a := range p.activities() {
		if a.Visibility == stravatest.OnlyMe {
			t.Errorf("activity %d is only its athlete's", a.ID)
		}
	}
	if out := p.must("athlete", "list", "--json"); !strings.Contains(out, `"scopes":["read","activity:read"]`) {
		t.Errorf("what they allowed isn't listed: %s", out)
	}
}

// Over ssh the address is opened elsewhere, and the one at which that browser ends pasted.
func TestConnectByPasting(t *testing.T) {
	t.Parallel()
	w := newConsenting(t, stravatest.Approval{})
	p := w.unconnected()
	q := p.start("connect", "--no-browser")
	c := newClient(t)
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	location := openPage(t, c, q.says(authorizeAddress)).want(302).Header.Get("Location")
	if !strings.HasPrefix(location, "http://127.0.0.1:") {
		t.Fatalf("Strava sends the browser to %s", location)
	}
	for _, line := range []string{"", "what am I to paste?", strings.Replace(location, "state=", "state=x", 1), location} {
		_, err := fmt.Fprintln(q.stdin, line)
		must(t, err)
	}
	if code := q.wait(); code != 0 {
		t.Fatalf("connect ended with %d\n%s", code, q.stderr.String())
	}
	if n := strings.Count(q.stderr.String(), "paste the whole address"); n != 2 {
		t.Errorf("%d of the 2 useless lines were refused:\n%s", n, q.stderr.String())
	}
	p.must("sync")
	w.complete(p)
	secret := regexp.MustCompile(`code=([^&]+)`).FindStringSubmatch(location)[1]
	if strings.Contains(q.stdout.String()+q.stderr.String(), secret) {
		t.Error("the code is in what connect wrote")
	}
}

// What is asked for, and where the answer goes, is what Strava documents.
func TestConnectAsksForWhatIsConfigured(t *testing.T) {
	t.Parallel()
	w := newConsenting(t, stravatest.Approval{})
	p := w.unconnected().with("MUSETTE_SCOPES=read,activity:read,profile:read_all")
	q := p.start("connect")
	u, err := url.Parse(q.says(authorizeAddress))
	must(t, err)
	got := u.Query()
	scopes := strings.Split(got.Get("scope"), ",")
	slices.Sort(scopes)
	if want := "activity:read profile:read_all read"; strings.Join(scopes, " ") != want {
		t.Errorf("scopes %v, want %s", scopes, want)
	}
	if got.Get("client_id") != w.ClientID() || got.Get("response_type") != "code" || len(got.Get("state")) < 16 {
		t.Errorf("the question is %v", got)
	}
	if got.Has("client_secret") {
		t.Error("the secret is in the address")
	}
	if code, _ := q.stop(os.Interrupt); code != 1 {
		t.Errorf("interrupted, connect ended with %d, want 1", code)
	}
}
