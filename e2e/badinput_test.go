package e2e

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver

	"musette"
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

// A data directory that can't be written to stops what has to write, in words, and is left as it is. What only looks goes
// on, and so does a server: from what is there, until it can be written again.
func TestReadOnlyDataDirectory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 13, Limits: plenty})
	p := w.program()
	p.must("sync")
	shown, id := p.must("activities"), fmt.Sprint(w.activities()[0].ID)
	const nobody = 65534
	if os.Geteuid() == 0 { // root may write anywhere
		must(t, os.Chmod(p.dir, 0o755))
		must(t, os.Chmod(filepath.Dir(p.dir), 0o755))
		p.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	var directories, files []string
	must(t, filepath.WalkDir(p.data, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		mode := os.FileMode(0o444)
		if d.IsDir() {
			mode = 0o555
			directories = append(directories, path)
		} else {
			files = append(files, path)
		}
		if p.as != nil {
			must(t, os.Chown(path, nobody, nobody))
		}
		return os.Chmod(path, mode)
	}))
	release := func() {
		for _, d := range directories {
			_ = os.Chmod(d, 0o755)
		}
		for _, f := range files {
			_ = os.Chmod(f, 0o600)
		}
	}
	t.Cleanup(release) // so that it can be removed
	before, calls := p.files(), len(w.Calls())
	for _, args := range [][]string{{"sync"}, {"key", "create", "x"}, {"login"}, {"verify", "--repair"}, {"rebuild"}} {
		p.run(args...).wantProblem(t, 1, p.data, "can't be written")
	}
	p.run("backup", "create").wantProblem(t, 1, p.data, "no snapshot was written")
	for _, args := range [][]string{
		{"status"},
		{"verify"},
		{"history", id},
		{"backup", "list"},
		{"backup", "verify"},
		{"key", "list"},
		{"zone", "list"},
		{"deletions", "list"},
		{"athlete", "list"},
	} {
		p.must(args...)
	}
	if got := p.must("activities"); got != shown {
		t.Errorf("it lists\n%s\nwant\n%s", got, shown)
	}
	s := p.serve()
	if got := s.status(); got.State != musette.StateStoreDown || !strings.Contains(got.Cause, "can't be written") || !strings.Contains(got.Advice, "writable") {
		t.Errorf("the state is %s: %s; %s", got.State, got.Cause, got.Advice)
	}
	for _, path := range []string{"/v1/feed", "/v1/totals", "/v1/activities/" + id, "/readyz", "/"} {
		s.get(path).want(200)
	}
	s.do("POST", "/v1/refresh", "").want(409)
	s.do("POST", "/login", "key="+testKey).want(503)
	if after := p.files(); after != before {
		t.Errorf("files changed:\n%s\n\nbefore:\n%s", after, before)
	}
	if n := len(w.Calls()) - calls; n != 0 {
		t.Errorf("%d calls were made, though nothing could be kept", n)
	}
	release()
	s.until("it can be written", func() bool { return s.status().State != musette.StateStoreDown })
	s.do("POST", "/login", "key="+testKey).want(200)
}

// A disk that fills up in the middle of a sync stops it, in words; what is there stays whole, and with space it goes on.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const size = 3 << 20
	inside, possible := smallDisk(t, dir, size)
	if !possible {
		skip(t, "a small disk takes root, or namespaces for users")
	}
	if !inside {
		return
	}
	t.Cleanup(func() { _ = unmount(dir) })
	w := newWorld(t, stravatest.Config{Seed: 14, Activities: 300, Limits: plenty})
	p := w.program()
	p.data = filepath.Join(dir, "data")
	p = p.with("MUSETTE_DATA=" + p.data)
	ballast := filepath.Join(dir, "ballast")
	must(t, os.WriteFile(ballast, make([]byte, size/2), 0o644))

	o := p.run("sync", "--json")
	o.wantProblem(t, 3, "disk_full", p.data, "space")
	here := len(p.activities())
	t.Logf("the disk was full with %d activities listed and %d calls made, after %v", here, len(w.Calls()), o.took)
	calls := len(w.Calls())
	p.run("sync", "--json").wantProblem(t, 3, "disk_full")
	if n := len(w.Calls()) - calls; n > 6 {
		t.Errorf("%d calls were made on a full disk", n)
	}
	if n := len(p.activities()); n < here {
		t.Errorf("%d of the %d activities are left", n, here)
	}

	must(t, os.Remove(ballast))
	must(t, enlarge(dir, 64<<20))
	p.must("sync")
	w.complete(p)
	p.wantSound()
	wantServedFull(t, p, filepath.Join(dir, "rest"))
}

// wantServedFull starts on a disk that is full to its last block: what is there is served, and said by the status, until
// there is room.
func wantServedFull(t *testing.T, p *program, rest string) {
	t.Helper()
	shown := p.must("activities")
	fillUp(t, rest)
	if got := p.must("activities"); got != shown {
		t.Errorf("on a full disk it lists\n%s\nwant\n%s", got, shown)
	}
	if got := p.must("status"); !strings.HasPrefix(got, "state          disk_full") {
		t.Errorf("the status doesn't say that the disk is full:\n%s", got)
	}
	p.run("key", "create", "x").wantProblem(t, 3, "disk_full")
	p.run("backup", "create").wantProblem(t, 3, "disk_full", "free some space")
	s := p.serve()
	if got := s.status(); got.State != musette.StateDiskFull || got.Cause == "" || got.Advice == "" {
		t.Errorf("the state is %q: %q", got.State, got.Cause)
	}
	s.get("/v1/feed").want(200)
	must(t, os.Remove(rest))
	s.until("room", func() bool { return s.status().State != musette.StateDiskFull })
	s.stop(interrupt)
	wantRescuedLater(t, p, rest, shown)
}

// wantRescuedLater starts with a damaged database on a full disk: the newest snapshot is served until there is room to
// make a new database.
func wantRescuedLater(t *testing.T, p *program, rest, shown string) {
	t.Helper()
	p.must("backup", "create")
	db, err := os.OpenFile(p.database(), os.O_WRONLY, 0)
	must(t, err)
	_, err = db.WriteAt(make([]byte, 5000), 0)
	must(t, errors.Join(err, db.Close()))
	fillUp(t, rest)
	s := p.serve()
	if got := s.status(); got.State != musette.StateDiskFull || !strings.Contains(got.Cause, "snapshot") {
		t.Errorf("the state is %q: %q", got.State, got.Cause)
	}
	must(t, os.Remove(rest))
	s.until("a new database", func() bool { return s.status().State != musette.StateDiskFull })
	s.stop(interrupt)
	if got := p.must("activities"); got != shown {
		t.Errorf("after the rescue it lists\n%s\nwant\n%s", got, shown)
	}
	if kept, err := filepath.Glob(filepath.Join(p.data, "damaged", "*", "musette.db")); err != nil || len(kept) != 1 {
		t.Errorf("the damaged file is not kept: %v, %v", kept, err)
	}
}

// fillUp writes a file until the disk is full.
func fillUp(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	must(t, f.Close())
}

// skip skips a test for want of something that the machine lacks; in CI that is a failure.
func skip(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
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
