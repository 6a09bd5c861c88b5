package snapshot

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"musette/internal/pgtest"
	"musette/store"
)

func TestRoundTrip(t *testing.T) {
	stores := map[string]func() *store.Store{
		"sqlite":   func() *store.Store { return openSQLite(t) },
		"memory":   func() *store.Store { return openMemory(t) },
		"postgres": func() *store.Store { return opened(t, store.Config{URL: pgtest.New(t)}) },
	}
	for _, pair := range [][2]string{{"sqlite", "sqlite"}, {"sqlite", "postgres"}, {"postgres", "sqlite"}, {"postgres", "memory"}} {
		t.Run(pair[0]+" to "+pair[1], func(t *testing.T) {
			from, to := stores[pair[0]](), stores[pair[1]]()
			fill(t, from, 7, 30, 200)
			fill(t, from, 8, 5, 200)
			info := write(t, from, Config{Dir: t.TempDir(), Now: at(noon)})
			was := positionOf(t, from)
			want := Info{Path: info.Path, At: noon, Epoch: was.Epoch, Seq: was.Seq, Rows: info.Rows, Bytes: info.Bytes, Hash: contentHash(t, from)}
			if diff := cmp.Diff(want, info); diff != "" {
				t.Error(diff)
			}
			if info.Rows["activities"] != 35 || info.Rows["document_history"] != 6 || info.Rows["meta"] != 1 || info.Rows["leases"] != 0 {
				t.Errorf("rows: %v", info.Rows)
			}
			if stat, err := os.Stat(info.Path); err != nil || stat.Mode() != 0o600 || stat.Size() != info.Bytes {
				t.Errorf("the file: %v, %v", stat, err)
			}

			if err := Load(t.Context(), info.Path, to); err != nil {
				t.Fatal(err)
			}
			if got := contentHash(t, to); got != info.Hash {
				t.Errorf("content hash %s after loading, %s before", got, info.Hash)
			}
			is := positionOf(t, to)
			if is.Seq != was.Seq || (is.Epoch == was.Epoch) != (pair[1] == "memory") {
				t.Errorf("position %+v after loading, %+v before", is, was)
			}
			if err := to.Verify(t.Context()); err != nil {
				t.Error(err)
			}
			again := write(t, to, Config{Dir: t.TempDir(), Now: at(noon)})
			if again.Hash != info.Hash {
				t.Error("the snapshot of a restored store has another content")
			}
		})
	}
}

func TestLoadWithout(t *testing.T) {
	from, to := openMemory(t), openMemory(t)
	fill(t, from, 7, 5, 20)
	info := write(t, from, Config{Dir: t.TempDir()})
	if err := Load(t.Context(), info.Path, to, "grants", "quota", "meta"); err != nil {
		t.Fatal(err)
	}
	want, err := ContentHash(t.Context(), from, "grants", "quota")
	if err != nil {
		t.Fatal(err)
	}
	if got := contentHash(t, to); got != want || want == info.Hash {
		t.Errorf("content hash %s, want %s", got, want)
	}
	if positionOf(t, to) != positionOf(t, from) {
		t.Error("the position was left out")
	}
}

func TestLoadLeavesAlone(t *testing.T) {
	from := openMemory(t)
	fill(t, from, 7, 5, 20)
	dir := t.TempDir()
	good := write(t, from, Config{Dir: dir}).Path
	body, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	altered := bytes.Clone(body)
	altered[len(altered)/2] ^= 4
	wrongSum := `{"t":"settings","r":{"name":"a","value":"b","sum":1}}`
	for _, c := range []struct {
		name string
		path string
		want error
	}{
		{"altered", file("altered", altered), ErrAltered},
		{"cut", file("cut", body[:len(body)-100]), ErrCutShort},
		{"empty", file("empty", nil), ErrCutShort},
		{"text", file("text", []byte(strings.Repeat("not a snapshot\n", 20))), ErrNotSnapshot},
		{"newer", file("newer", made(t, strings.Replace(goodHeader, `:1,`, `:2,`, 1))), ErrNewer},
		{"another format", file("other", made(t, strings.Replace(goodHeader, "musette", "rosette", 1))), ErrNotSnapshot},
		{"a row that is not what its checksum says", file("sum", made(t, goodHeader, wrongSum)), store.ErrCorrupt},
		{"missing", filepath.Join(dir, "missing"), os.ErrNotExist},
	} {
		t.Run(c.name, func(t *testing.T) {
			to := openSQLite(t)
			before := positionOf(t, to)
			if err := Load(t.Context(), c.path, to); !errors.Is(err, c.want) {
				t.Errorf("Load: %v, want %v", err, c.want)
			}
			if positionOf(t, to) != before || contentHash(t, to) != contentHash(t, openMemory(t)) {
				t.Error("the store was changed")
			}
			if err := Load(t.Context(), good, to); err != nil {
				t.Errorf("a good one after that: %v", err)
			}
		})
	}

	full := openMemory(t)
	fill(t, full, 9, 1, 20)
	before := contentHash(t, full)
	if err := Load(t.Context(), good, full); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("into a store with rows: %v", err)
	}
	if contentHash(t, full) != before {
		t.Error("the store was changed")
	}
}

func TestSameSecond(t *testing.T) {
	st := openMemory(t)
	dir := t.TempDir()
	var want []string
	for i, count := range []int{1, 2, 3} {
		fill(t, st, int64(i+1), count, 10)
		want = append([]string{write(t, st, Config{Dir: dir, Now: at(noon), Keep: Rotation{Last: 10}}).Path}, want...)
	}
	list, err := List(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, info := range list {
		got = append(got, info.Path)
	}
	if !slices.Equal(got, want) || filepath.Base(want[2]) != "snapshot-20260522T120000Z.jsonl.zst" {
		t.Errorf("files %v, want %v", got, want)
	}
	newest, err := Newest(t.Context(), dir)
	if err != nil || newest.Path != want[0] || newest.Hash != contentHash(t, st) {
		t.Errorf("newest %v, %v", newest.Path, err)
	}
	verified, err := Verify(t.Context(), want[1])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(list[1], verified); diff != "" {
		t.Error("List and Verify differ:", diff)
	}
}

func TestNewestThatVerifies(t *testing.T) {
	st := openMemory(t)
	fill(t, st, 1, 2, 10)
	dir := t.TempDir()
	if _, err := Newest(t.Context(), filepath.Join(dir, "missing")); !errors.Is(err, ErrNone) {
		t.Errorf("without a directory: %v", err)
	}
	var paths []string
	for i := range 3 {
		paths = append(paths, write(t, st, Config{Dir: dir, Now: at(noon.Add(time.Duration(i) * time.Hour))}).Path)
	}
	damage(t, paths[2], 40)
	if err := os.Truncate(paths[1], 100); err != nil {
		t.Fatal(err)
	}
	got, err := Newest(t.Context(), dir)
	if err != nil || got.Path != paths[0] {
		t.Errorf("newest %q, %v", got.Path, err)
	}
	list, err := List(t.Context(), dir)
	if err != nil || len(list) != 3 || !errors.Is(list[1].Err, ErrCutShort) || !list[1].At.Equal(noon.Add(time.Hour)) {
		t.Errorf("list %+v, %v", list, err)
	}
	damage(t, paths[0], 40)
	if _, err := Newest(t.Context(), dir); !errors.Is(err, ErrNone) || !errors.Is(err, ErrAltered) || !errors.Is(err, ErrCutShort) {
		t.Errorf("with none left: %v", err)
	}
}

// damage changes one byte of a file.
func damage(t testing.TB, path string, offset int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, offset); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 0x10
	if _, err := f.WriteAt(b, offset); err != nil {
		t.Fatal(err)
	}
}

// files returns the names in a directory.
func files(t testing.TB, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestFailedWriteLeavesNothing(t *testing.T) {
	st := openSQLite(t)
	fill(t, st, 1, 3, 10)
	dir := filepath.Join(t.TempDir(), "snapshots")
	old := write(t, st, Config{Dir: dir, Now: at(noon)})

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Write(ctx, st, Config{Dir: dir}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	// A damaged row must not push good backups out.
	sqlBeside(t, st.Path(), "UPDATE settings SET value = 'x'")
	if _, err := Write(t.Context(), st, Config{Dir: dir}); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("with a damaged row: %v", err)
	}
	st.Close()
	if _, err := Write(t.Context(), st, Config{Dir: dir}); !errors.Is(err, store.ErrUnreachable) {
		t.Errorf("with the store closed: %v", err)
	}
	if got := files(t, dir); len(got) != 1 || got[0] != filepath.Base(old.Path) {
		t.Errorf("files: %v", got)
	}
	if _, err := Verify(t.Context(), old.Path); err != nil {
		t.Error(err)
	}
	if _, err := Write(t.Context(), openMemory(t), Config{Dir: filepath.Join(old.Path, "below a file")}); err == nil {
		t.Error("wrote below a file")
	}
}

func TestStaleTemporaryFiles(t *testing.T) {
	st := openMemory(t)
	dir := t.TempDir()
	stale, live, foreign := filepath.Join(dir, ".snapshot-A.tmp"), filepath.Join(dir, ".snapshot-B.tmp"), filepath.Join(dir, "notes.tmp")
	for _, path := range []string{stale, live, foreign} {
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{stale, foreign} {
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-2*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	info := write(t, st, Config{Dir: dir})
	want := []string{".snapshot-B.tmp", "notes.tmp", filepath.Base(info.Path)}
	if got := files(t, dir); !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
}

// child writes a snapshot in a process of its own, to be killed or refused.
func child(dir, data string) {
	ctx := context.Background()
	limitFileSize()
	st, err := store.Open(ctx, store.Config{Dir: data})
	if err == nil {
		_, err = Write(ctx, st, Config{Dir: dir, Now: at(noon.Add(time.Hour))})
	}
	switch {
	case errors.Is(err, store.ErrDiskFull) && strings.Contains(err.Error(), "free some space"):
		os.Exit(7)
	case err != nil:
		println(err.Error())
		os.Exit(1)
	}
}

func startChild(t *testing.T, dir string, st *store.Store, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "SNAPSHOT_TEST_DIR="+dir, "SNAPSHOT_TEST_DATA="+filepath.Dir(st.Path()))
	cmd.Env = append(cmd.Env, env...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// A process killed at any moment of writing leaves no file that is taken for a
// snapshot, and the older one as it was.
func TestKilledWhileWriting(t *testing.T) {
	st := openSQLite(t)
	fill(t, st, 1, 400, 2000)
	dir := t.TempDir()
	old := write(t, st, Config{Dir: dir, Now: at(noon)})
	for round := range 6 {
		cmd := startChild(t, dir, st)
		minimum := int64(round) * 300_000
		tick := time.NewTicker(time.Millisecond)
		for size := int64(-1); size < minimum; size = tempSize(t, dir) {
			if size < 0 && len(files(t, dir)) > 1 {
				break // done already
			}
			<-tick.C
		}
		tick.Stop()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		list, err := List(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range list {
			if _, err := Verify(t.Context(), info.Path); err != nil {
				t.Errorf("round %d: %v", round, err)
			}
		}
		if tempSize(t, dir) < 0 {
			t.Logf("round %d: nothing half-written was there", round)
		}
		for _, name := range files(t, dir) {
			path := filepath.Join(dir, name)
			if path != old.Path {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// tempSize returns the size of the temporary file, -1 if there is none.
func tempSize(t *testing.T, dir string) int64 {
	t.Helper()
	for _, name := range files(t, dir) {
		if strings.HasPrefix(name, tempPrefix) {
			if info, err := os.Stat(filepath.Join(dir, name)); err == nil {
				return info.Size()
			}
		}
	}
	return -1
}

// A file that may not grow further is what a full disk looks like.
func TestDiskFull(t *testing.T) {
	st := openSQLite(t)
	fill(t, st, 1, 100, 2000)
	dir := t.TempDir()
	old := write(t, st, Config{Dir: dir, Now: at(noon)})
	cmd := startChild(t, dir, st, "SNAPSHOT_TEST_LIMIT=100000")
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 7 {
		t.Errorf("the child: %v", err)
	}
	if got := files(t, dir); len(got) != 1 || got[0] != filepath.Base(old.Path) {
		t.Errorf("files: %v", got)
	}
	if _, err := Verify(t.Context(), old.Path); err != nil {
		t.Error(err)
	}
}

func sqlBeside(t testing.TB, path, stmt string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), stmt); err != nil {
		t.Fatal(err)
	}
}

// limitFileSize is the child's, where the test asks for it. It begins after
// the store is opened elsewhere: the database is only read.
func limitFileSize() {
	n, err := strconv.ParseUint(os.Getenv("SNAPSHOT_TEST_LIMIT"), 10, 64)
	if err != nil {
		return
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
		panic(err)
	}
}
