package e2e

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	return l
}

// demo starts `musette demo` on a free port and waits until it serves.
func (p *program) demo(args ...string) *site {
	p.t.Helper()
	s := &site{process: p.start(append([]string{"demo", "--port", "0"}, args...)...), client: newClient(p.t)}
	s.url = s.says(`the page: (http://\S+)`)
	return s
}

// One command, and within seconds there is a season with maps, texts and photos to look at, without a network.
func TestDemo(t *testing.T) {
	t.Parallel()
	if !loopbackOnly(t) {
		return // it ran in a process of its own
	}
	p := newProgram(t)
	s := p.demo()
	const enough, aims, most = 60, 10 * time.Second, 60 * time.Second
	var listed, complete int
	var took [2]time.Duration // until so many were listed, and until 40 of them were complete
	s.until("60 activities, 40 of them complete", func() bool {
		listed, complete = 0, 0
		for _, a := range s.feed() {
			listed++
			if len(a.Missing) == 0 {
				complete++
			}
		}
		if took[0] == 0 && listed >= enough {
			took[0] = time.Since(s.began)
		}
		took[1] = time.Since(s.began)
		return listed >= enough && complete >= 40
	})
	t.Logf("%d activities listed after %v, %d complete after %v", listed, took[0], complete, took[1])
	if took[1] > aims {
		t.Logf("slower than the %v it aims at: is the machine busy?", aims)
	}
	if took[1] > most {
		t.Errorf("%v from start to 40 complete activities", took[1])
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/v1/status": 200, "/v1/totals": 200, "/nothing": 404} {
		s.get(path).want(want)
	}
	s.until("everything here", func() bool { return s.settled() })
	withText, withPhotos, withRoute := 0, 0, 0
	for _, a := range s.feed() {
		if a.Description != nil {
			withText++
		}
		if len(a.Photos) > 0 {
			withPhotos++
		}
		if a.Map != nil {
			withRoute++
		}
		if len(a.Missing) > 0 {
			t.Errorf("%d lacks %v though all is said to be here", a.ID, a.Missing)
		}
	}
	if withText < 20 || withPhotos < 20 || withRoute < 60 {
		t.Errorf("%d descriptions, %d with photos, %d routes: a dull season", withText, withPhotos, withRoute)
	}
	page := s.get("/").want(200)
	if n := cards(page.body); n < 20 {
		t.Errorf("the page has %d cards", n)
	}
	if ct := page.Header.Get("Content-Type"); !strings.HasPrefix(ct, "text/html") {
		t.Errorf("the page is %s", ct)
	}
	if foreign := foreignAddresses(page.body); len(foreign) > 0 {
		t.Errorf("the page loads things from elsewhere: %v", foreign)
	}

	temporary := p.temporary()
	if len(temporary) != 1 {
		t.Errorf("temporary folders: %v, want one", temporary)
	}
	code, ended := s.stop(os.Interrupt)
	if code != 0 || ended > 10*time.Second {
		t.Errorf("it ended with %d after %v", code, ended)
	}
	if left := p.temporary(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := os.Stat(p.data); err == nil {
		t.Error("the demo wrote into the data directory of the real program")
	}
	if entries, err := os.ReadDir(p.dir); err != nil || len(entries) != 1 { // ./tmp, which is ours
		t.Errorf("the demo wrote into the working directory: %v", entries)
	}
}

func (p *program) temporary() []string {
	found, err := filepath.Glob(filepath.Join(p.env["TMPDIR"], "*"))
	must(p.t, err)
	return found
}

// What strangers would see has what the page is for, and nothing that is the owner's.
func TestDemoPublic(t *testing.T) {
	t.Parallel()
	s := newProgram(t).demo("--public")
	s.until("activities", func() bool { return len(s.feed()) >= 60 })
	for _, a := range s.feed() {
		if a.Visibility != "everyone" {
			t.Errorf("activity %d, visible to %s, is shown to strangers", a.ID, a.Visibility)
		}
		if len(a.Comments) > 0 {
			t.Errorf("strangers see the comments on %d, which its author didn't agree to", a.ID)
		}
	}
	s.get("/").want(200)
	if a := s.do("POST", "/v1/refresh", ""); a.StatusCode != 401 {
		t.Errorf("a stranger's refresh was answered %s", a.Status)
	}
	if code, _ := s.stop(os.Interrupt); code != 0 {
		t.Errorf("it ended with %d", code)
	}
}

// A demo with --data keeps it there.
func TestDemoKeepsDataWhereAsked(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	s := p.demo("--activities", "60", "--data", "kept")
	s.until("everything here", func() bool { return s.settled() })
	if code, _ := s.stop(os.Interrupt); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	if n := len(p.with("MUSETTE_DATA=kept").activities()); n != 60 {
		t.Errorf("%d activities were kept, want 60", n)
	}
}

func TestDemoOnAPortInUse(t *testing.T) {
	t.Parallel()
	l := listen(t)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	must(t, err)
	p := newProgram(t)
	p.run("demo", "--port", port).wantProblem(t, 1, port, "in use", "--port")
	if left := p.temporary(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// foreignAddresses are those that a browser would load by itself from another host than the loopback.
func foreignAddresses(page string) (out []string) {
	for _, m := range loads.FindAllStringSubmatch(page, -1) {
		if strings.Contains(m[1], "//") && !strings.HasPrefix(m[1], "http://127.0.0.1:") {
			out = append(out, m[1])
		}
	}
	return out
}

var loads = regexp.MustCompile(`<(?:img|script|link|iframe|video|source|use|image)\b[^>]*?\b(?:src|href|srcset)="([^"]*)"`)
