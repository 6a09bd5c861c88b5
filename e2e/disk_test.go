package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"musette"
	"musette/strava/stravatest"
)

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

// A disk that is full but for the database's own room stops no sync, and everybody who can make room is told, until
// there is: in the status, on the page, in the figures.
func TestNoRoomForFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	inside, possible := smallDisk(t, dir, 32<<10)
	if !possible {
		skip(t, "a small disk takes root, or namespaces for users")
	}
	if !inside {
		return
	}
	t.Cleanup(func() { _ = unmount(dir) })
	w := newWorld(t, stravatest.Config{Seed: 15, Activities: 30, Limits: plenty})
	p := w.program()
	must(t, os.MkdirAll(p.data, 0o700))
	for _, of := range []string{"snapshots", "pictures"} {
		must(t, os.Mkdir(filepath.Join(dir, of), 0o700))
		must(t, os.Symlink(filepath.Join(dir, of), filepath.Join(p.data, of)))
	}
	fillUp(t, filepath.Join(dir, "rest"))

	p.must("sync") // exit code 0: it is no state
	w.complete(p)
	out := p.must("status")
	for _, want := range []string{
		"ok\n", "disk_full: the disk of the data directory is full: no snapshot can be written and no picture can be kept. Nothing is lost", "free some space",
		", backup: no snapshot was written", ", pictures: no picture can be kept",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("`musette status` doesn't say %q:\n%s", want, out)
		}
	}
	s := p.serve()
	st := s.status()
	if len(st.Warnings) != 1 || st.Warnings[0].Name != musette.WarningDiskFull || st.Warnings[0].Since == nil || st.State == musette.StateDiskFull {
		t.Errorf("the state is %s, and /v1/status warns of %+v", st.State, st.Warnings)
	}
	for path, want := range map[string]string{
		"/": "The disk is full", "/status": "no picture can be kept", "/metrics": `musette_worry{kind="pictures"} 1`,
	} {
		if body := s.get(path).want(200).body; !strings.Contains(body, want) {
			t.Errorf("%s doesn't say %q:\n%s", path, want, shorten(body))
		}
	}
	s.stop(interrupt)

	must(t, enlarge(dir, 64<<20))
	p.must("sync") // nothing new comes, but what there was no room for
	if out := p.must("status"); strings.Contains(out, "disk_full") || strings.Contains(out, "last error") {
		t.Errorf("with room, `musette status` says\n%s", out)
	}
	if len(p.backups()) == 0 {
		t.Error("no snapshot was written")
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
