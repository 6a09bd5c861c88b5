package snapshot

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
