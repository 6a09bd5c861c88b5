package e2e

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver

	"musette/strava/stravatest"
)

// What Strava, the network or the athlete does wrong: each gives one message that says what to do, with the exit code
// 3 and the state's name first, and leaves what is here as it was. At a first start there is nothing to lose.
func TestStravaTrouble(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		spoil func(t *testing.T, w *world, p *program) *program
		code  int
		words []string
	}{
		"unreachable": {
			func(t *testing.T, w *world, p *program) *program { must(t, w.at.Close()); return p },
			3,
			[]string{"offline", "refused", "STRAVA_API_URL"},
		},
		"speaks HTML": {
			func(t *testing.T, w *world, p *program) *program {
				_, err := w.AddFault(stravatest.Fault{Kind: stravatest.FaultHTML, Path: "/**"})
				must(t, err)
				return p
			},
			3,
			[]string{"offline", "web page", "STRAVA_API_URL"},
		},
		"speaks HTML everywhere": {
			func(t *testing.T, w *world, p *program) *program {
				site := htmlSite(t)
				return p.with("STRAVA_API_URL="+site+"/api/v3", "STRAVA_OAUTH_URL="+site+"/oauth")
			},
			3,
			[]string{"offline", "STRAVA_API_URL"},
		},
		"wrong secret": {
			func(t *testing.T, w *world, p *program) *program {
				w.ExpireTokens()
				return p.with("STRAVA_CLIENT_SECRET=0123456789abcdef0123456789abcdef01234567")
			},
			3,
			[]string{"reconnect", "STRAVA_CLIENT_SECRET"},
		},
		"revoked refresh token": {
			func(t *testing.T, w *world, p *program) *program { w.Revoke(w.athlete.ID); return p },
			3,
			[]string{"reconnect", "musette connect"},
		},
		"switched-off app": {
			func(t *testing.T, w *world, p *program) *program {
				_, err := w.AddFault(stravatest.Fault{Kind: stravatest.FaultInactive, Path: "/**"})
				must(t, err)
				return p
			},
			3,
			[]string{"inactive", "https://www.strava.com/settings/api"},
		},
	}
	// Some of them wait for retries, so all are started before any is waited for.
	var started []*troubled
	for name, c := range cases {
		for _, first := range []bool{false, true} {
			w := newWorld(t, stravatest.Config{Seed: 11, Limits: plenty})
			x := &troubled{name: name, world: w, program: w.program(), code: c.code, words: c.words}
			if first {
				x.name += " at the first start"
			} else {
				x.must("sync")
				x.contents, x.listed = x.program.contents(), x.must("activities", "--json")
			}
			x.program = c.spoil(t, w, x.program)
			x.sync = x.start("sync", "--json")
			started = append(started, x)
		}
	}
	for _, x := range started {
		t.Run(x.name, x.check)
	}
}

// troubled is a sync that is to fail.
type troubled struct {
	name  string
	world *world
	*program
	sync  *process
	code  int
	words []string

	contents, listed string // before; "" where there was nothing
}

func (x *troubled) check(t *testing.T) {
	x.sync.wait()
	o := x.sync.outcome()
	t.Logf("ended after %v", o.took.Round(time.Millisecond))
	o.wantProblem(t, x.code, x.words...)
	if x.contents == "" {
		return
	}
	if s := o.status(t); !strings.HasPrefix(o.complaint(), "musette: "+string(s.State)) {
		t.Errorf("the state is %s, but stderr says\n%s", s.State, o.complaint())
	}
	if x.program.contents() != x.contents || x.must("activities", "--json") != x.listed {
		t.Error("the data changed")
	}
	s := x.serve() // none of this stops anybody from reading
	if n := len(s.feed()); n != 60 {
		t.Errorf("%d activities are served, want 60", n)
	}
	s.stop(os.Interrupt)
}

// htmlSite is a web server that isn't Strava: a hotel's sign-in page, say.
func htmlSite(t *testing.T) string {
	l := listen(t)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = c.Read(make([]byte, 4096))
				const page = "<!doctype html><title>Welcome</title><p>Sign in to the hotel's network"
				_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n" + page))
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// What is wrong with the command line or the settings: exit code 2 (1 for a port), one message, nothing written.
func TestWrongSettings(t *testing.T) {
	occupied := listen(t)
	t.Cleanup(func() { occupied.Close() })
	file := func(name, body string) func(*testing.T, *program) *program {
		return func(t *testing.T, p *program) *program {
			must(t, os.WriteFile(filepath.Join(p.dir, name), []byte(body), 0o644))
			return p
		}
	}
	env := func(settings ...string) func(*testing.T, *program) *program {
		return func(_ *testing.T, p *program) *program { return p.with(settings...) }
	}
	for name, c := range map[string]struct {
		spoil func(*testing.T, *program) *program
		args  []string
		code  int
		words []string
	}{
		"port in use":           {env("MUSETTE_ADDR=" + occupied.Addr().String()), []string{"serve"}, 1, []string{occupied.Addr().String(), "in use", "MUSETTE_ADDR"}},
		"corrupt musette.yaml":  {file("musette.yaml", "addr: [127.0.0.1\n\t- :"), []string{"serve"}, 2, []string{"musette.yaml", "line", "name: value"}},
		"not a mapping":         {file("musette.yaml", "just words"), []string{"sync"}, 2, []string{"musette.yaml"}},
		"unknown in yaml":       {file("musette.yaml", "adrd: 127.0.0.1:8080"), []string{"status"}, 2, []string{"adrd", "musette.yaml line 1", "did you mean addr?"}},
		"unknown variable":      {env("MUSETTE_ADRR=127.0.0.1:8080"), []string{"sync"}, 2, []string{"MUSETTE_ADRR", "MUSETTE_ADDR"}},
		"unknown in .env":       {file(".env", "\nMUSETTE_GAOL_M=5"), []string{"sync"}, 2, []string{"MUSETTE_GAOL_M", ".env line 2", "MUSETTE_GOAL_M"}},
		"a goal in miles":       {env("MUSETTE_GOAL_M=100 miles"), []string{"sync"}, 2, []string{"MUSETTE_GOAL_M", "100 miles", "metres"}},
		"a key too short":       {env("MUSETTE_API_KEY=hunter2"), []string{"serve"}, 2, []string{"MUSETTE_API_KEY", "16"}},
		"no credentials":        {env("STRAVA_CLIENT_ID=", "STRAVA_CLIENT_SECRET="), []string{"sync"}, 2, []string{"STRAVA_CLIENT_ID", "STRAVA_CLIENT_SECRET", "musette demo"}},
		"unknown command":       {env(), []string{"snyc"}, 2, []string{"snyc", "musette sync"}},
		"unknown flag":          {env(), []string{"sync", "--quick"}, 2, []string{"--quick", "musette sync --help"}},
		"not an id":             {env(), []string{"sync", "tuesday"}, 2, []string{"tuesday"}},
		"an id that isn't here": {env(), []string{"sync", "42"}, 1, []string{"42", "musette sync"}},
		"an interval below 0":   {env("MUSETTE_POLICY_SWEEP=-1h"), []string{"sync"}, 2, []string{"MUSETTE_POLICY_SWEEP", "-1h"}},
		"reserves over 100%":    {env("MUSETTE_POLICY_RESERVE_EVENT=60%", "MUSETTE_POLICY_RESERVE_LIST=50%"), []string{"serve"}, 2, []string{"MUSETTE_POLICY_RESERVE_EVENT", "117%", "100%"}},
		"no such history":       {env(), []string{"history", "42"}, 1, []string{"42", "musette activities"}},
		"no such document":      {env(), []string{"history", "--export", "0123456789ab", "42"}, 1, []string{"42"}},
		"no such snapshot":      {env(), []string{"backup", "verify", "/nowhere/at/all"}, 1, []string{"/nowhere/at/all", "musette backup list"}},
		"another database":      {env("DATABASE_URL=mysql://root@localhost/db"), []string{"sync"}, 2, []string{"DATABASE_URL", "postgres://"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, stravatest.Config{Seed: 12, Activities: 60, Limits: plenty})
			p := w.program()
			p.must("sync")
			calls := len(w.Calls())
			before := p.files()
			o := c.spoil(t, p).run(c.args...)
			o.wantProblem(t, c.code, c.words...)
			if strings.Contains(o.stderr, "hunter2") {
				t.Error("the key is shown")
			}
			if name == "port in use" { // what it did until then is its business, as long as nothing is lost
				w.complete(p)
			} else if after := p.files(); after != before {
				t.Errorf("files changed:\n%s\n\nbefore:\n%s", after, before)
			}
			if n := len(w.Calls()) - calls; n != 0 {
				t.Errorf("%d calls were made", n)
			}
		})
	}
}

// A data directory that a newer program has written is left alone, by every command.
func TestDataOfANewerVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 12, Activities: 60, Limits: plenty})
	p := w.program().with("MUSETTE_ADDR=127.0.0.1:0")
	p.must("sync")
	must(t, modernise(t, p.database()))
	before, calls := p.files(), len(w.Calls())
	for _, args := range [][]string{{"sync"}, {"serve"}, {"status"}, {"activities"}, {"backup", "create"}, {"key", "create", "x"}, {"login"}} {
		p.run(args...).wantProblem(t, 1, p.database(), "newer", "install")
	}
	if after := p.files(); after != before {
		t.Errorf("files changed:\n%s\n\nbefore:\n%s", after, before)
	}
	if n := len(w.Calls()) - calls; n != 0 {
		t.Errorf("%d calls were made", n)
	}
}

// modernise marks a database as one of a newer program, as that one's migrations would.
func modernise(t *testing.T, path string) (err error) {
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)")
	return err
}
