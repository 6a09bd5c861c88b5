package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"musette/internal/pgtest"
	"musette/snapshot"
	"musette/store"
	"musette/strava/stravatest"
)

// content is the hash over everything in the program's store, but for what a restore leaves alone or makes itself.
func (p *program) content() string {
	p.t.Helper()
	st, err := store.Open(p.t.Context(), store.Config{URL: p.env["DATABASE_URL"], Dir: p.data})
	must(p.t, err)
	defer st.Close()
	hash, err := snapshot.ContentHash(p.t.Context(), st, "grants", "quota", "settings", "part_states", "cursors")
	must(p.t, err)
	return hash
}

// restoring is what `backup restore --json` prints.
type restoring struct {
	Restored   string `json:"restored"`
	Activities int    `json:"activities"`
	Kept       int    `json:"kept"`
	Replaced   string `json:"replaced"`
}

func (p *program) newest() string {
	p.t.Helper()
	return strings.TrimSpace(p.must("backup", "create"))
}

// A backup is proven, and comes back: into another directory, and over newer data, which is asked about first and kept.
func TestFailure22ABackupComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 21, Activities: 60, Limits: plenty})
	p := w.program()
	p.must("sync")
	file, before := p.newest(), p.content()

	elsewhere := w.program().with("MUSETTE_SECRET_KEY=" + strings.Repeat("ab", 32))
	got := decode[restoring](t, elsewhere.must("backup", "restore", "--json", file))
	if got.Activities != 60 || got.Replaced != "" || elsewhere.content() != before {
		t.Errorf("restored into an empty directory: %+v, content equal: %v", got, elsewhere.content() == before)
	}

	all := w.activities()
	must(t, w.Rename(all[0].ID, "Renamed later"))
	_, err := w.AddActivity(w.athlete.ID, time.Time{})
	must(t, err)
	p.must("sync")
	newer := p.content()
	p.run("backup", "restore", file).wantSaid(t, 1, "--yes", "nothing was changed")
	o := p.runInput("n\n", "backup", "restore", file)
	o.wantCode(t, 1)
	if !strings.Contains(o.stderr, "61 activities") || !strings.Contains(o.stderr, "brought up to date after that") {
		t.Errorf("it asks\n%s", o.stderr)
	}
	if p.content() != newer {
		t.Error("the answer was no, and something changed")
	}
	p.runInput("y\n", "backup", "restore", file).wantCode(t, 0)
	if p.content() != before {
		t.Error("what was restored isn't what the snapshot holds")
	}
	got = decode[restoring](t, p.must("backup", "restore", "--yes", "--json", p.backups()[0]))
	if p.content() != newer || got.Activities != 61 {
		t.Errorf("what was replaced isn't kept: %+v", got)
	}
	p.must("backup", "restore", "--yes", file)
	calls := len(w.Calls())
	p.must("sync")
	w.complete(p)
	// The poll, the sweep and one to see its end, the new activity's parts, the renamed one's detail.
	if n := len(w.Calls()) - calls; n > 3+3+1 {
		t.Errorf("the sync after the restore made %d calls: %v", n, w.Calls()[calls:])
	}
}

// backups lists the files in the snapshots' directory, the newest first.
func (p *program) backups() []string {
	p.t.Helper()
	list, err := snapshot.List(p.t.Context(), filepath.Join(p.data, "snapshots"))
	must(p.t, err)
	var files []string
	for _, i := range list {
		files = append(files, i.Path)
	}
	return files
}

// wantSaid is wantProblem where a question came before.
func (o outcome) wantSaid(t testing.TB, code int, words ...string) {
	t.Helper()
	o.wantCode(t, code)
	for _, word := range words {
		if !strings.Contains(o.stderr, word) {
			t.Errorf("%q is not said:\n%s", word, o.stderr)
		}
	}
}

// What can't be restored is refused in one message, and both sides are as they were.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 22, Activities: 30, Limits: plenty})
	p := w.program()
	p.must("sync")
	good := p.newest()
	whole, err := os.ReadFile(good)
	must(t, err)
	other := newWorld(t, stravatest.Config{Seed: 23, Activities: 5, Limits: plenty}).program()
	other.must("sync")
	file := func(name string, body []byte) string {
		path := filepath.Join(t.TempDir(), name)
		must(t, os.WriteFile(path, body, 0o600))
		return path
	}
	edited := rewritten(t, whole, func(text []byte) []byte { return bytes.Replace(text, []byte(`"Run"`), []byte(`"Row"`), 1) })
	newer := rewritten(t, whole, func(text []byte) []byte { return bytes.Replace(text, []byte(`"version":1`), []byte(`"version":9`), 1) })
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 4
	before, files := p.content(), p.files()
	for name, c := range map[string]struct {
		file  string
		words []string
	}{
		"cut short":      {file("cut.zst", whole[:len(whole)-20]), []string{"cut short"}},
		"edited by hand": {file("edited.zst", edited), []string{"musette backup list"}},
		"a flipped bit":  {file("flipped.zst", flipped), []string{"not what was written"}},
		"newer":          {file("newer.zst", newer), []string{"newer"}},
		"another's":      {other.newest(), []string{"athlete", "nothing was changed"}},
		"not there":      {"/nowhere.zst", []string{"/nowhere.zst", "musette backup list"}},
		"no snapshot":    {file("letter.zst", []byte("Dear reader")), []string{"no Musette snapshot"}},
	} {
		p.run("backup", "restore", "--yes", c.file).wantProblem(t, 1, c.words...)
		if p.content() != before {
			t.Fatalf("%s: something changed", name)
		}
	}
	if now := p.files(); now != files {
		t.Errorf("files changed:\n%s\nbefore:\n%s", now, files)
	}

	s := p.serve()
	p.run("backup", "restore", "--yes", good).wantProblem(t, 1, "nothing was changed", "stop it")
	p.run("verify").wantCode(t, 0)
	if n := len(s.feed()); n != 30 {
		t.Errorf("%d activities are served, want 30", n)
	}
	s.stop(interrupt)
	w.complete(p)
}

// rewritten unpacks a snapshot, changes its text and packs it again, as somebody with an editor would.
func rewritten(t *testing.T, file []byte, change func([]byte) []byte) []byte {
	d, err := zstd.NewReader(bytes.NewReader(file))
	must(t, err)
	defer d.Close()
	var text bytes.Buffer
	_, err = text.ReadFrom(d)
	must(t, err)
	e, err := zstd.NewWriter(nil)
	must(t, err)
	return e.EncodeAll(change(text.Bytes()), nil)
}

// From SQLite to Postgres and back: a backup and a restore each, and the content is the same to the last byte.
func TestMovingToPostgresAndBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 24, Activities: 40, Limits: plenty})
	p := w.program().with("MUSETTE_SECRET_KEY=" + strings.Repeat("cd", 32))
	p.must("sync")
	want, file := p.content(), p.newest()

	moved := newProgram(t).with(w.app()...).with("MUSETTE_SECRET_KEY="+strings.Repeat("cd", 32), "DATABASE_URL="+pgtest.New(t))
	moved.must("backup", "restore", file)
	if moved.content() != want {
		t.Error("Postgres has another content")
	}
	moved.must("verify")
	calls := len(w.Calls())
	moved.must("sync") // the grant came along
	w.complete(moved)
	if n := len(w.Calls()) - calls; n > 5 {
		t.Errorf("after the move a sync took %d calls", n)
	}

	want, file = moved.content(), moved.newest()
	back := newProgram(t).with(w.app()...).with("MUSETTE_SECRET_KEY=" + strings.Repeat("cd", 32))
	back.must("backup", "restore", file)
	if back.content() != want {
		t.Error("SQLite has another content")
	}
	back.must("verify")
	w.complete(back)
}

// A further directory gets a copy of each snapshot; where it is gone, the first one goes on, and it is said.
func TestBackupElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 25, Activities: 10, Limits: plenty})
	mount := filepath.Join(t.TempDir(), "mount")
	p := w.program().with("MUSETTE_BACKUP_DIR=" + mount)
	p.must("sync")
	if len(p.backups()) != 1 {
		t.Errorf("%d snapshots beside a mount that is gone, want 1", len(p.backups()))
	}
	o := p.run("backup", "create") // a script has to notice
	o.wantSaid(t, 1, mount, "only in", "the snapshot that is named above is whole")
	if _, err := os.Stat(strings.TrimSpace(o.stdout)); err != nil {
		t.Errorf("without a copy the snapshot isn't named: %v\n%s", err, o)
	}
	errors := p.run("status", "--json").status(t).LastErrors
	if len(errors) != 1 || errors[0].Kind != "copy" || !strings.Contains(errors[0].Message, mount) {
		t.Errorf("the status says %+v", errors)
	}
	if _, err := os.Stat(mount); err == nil {
		t.Error("the mount's directory was made")
	}
	must(t, os.Mkdir(mount, 0o700))
	file := p.newest()
	copied := filepath.Join(mount, filepath.Base(file))
	one, err := os.ReadFile(file)
	must(t, err)
	two, err := os.ReadFile(copied)
	must(t, err)
	if !bytes.Equal(one, two) {
		t.Error("the copy is another file")
	}
	if errors := p.run("status", "--json").status(t).LastErrors; len(errors) != 0 {
		t.Errorf("the mount is back, and the status says %+v", errors)
	}
	// The data directory is lost: the copy is all there is.
	before := p.content()
	must(t, os.RemoveAll(p.data))
	p.must("backup", "restore")
	if p.content() != before {
		t.Error("the copy restored something else")
	}
}
