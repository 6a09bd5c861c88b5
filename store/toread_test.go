package store_test

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"musette/internal/pgtest"
	"musette/store"
)

// readOnlyCopy copies the files of a data directory to where nobody may write.
func readOnlyCopy(t *testing.T, from string, names ...string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(to, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		body, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), body, 0o444)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	lockUp(t, to)
	return to
}

// lockUp lets everybody read a directory of a test and what is in it, and nobody but root write it.
func lockUp(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(files, dir, filepath.Dir(dir), filepath.Dir(filepath.Dir(dir))) {
		if err := os.Chmod(path, 0o555); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(path, 0o755) })
	}
}

// TestToRead reads a store where nothing can be written: one that was closed, one whose process was killed, and one that
// another process has open. Nothing is made there, and a change is refused.
func TestToRead(t *testing.T) {
	for _, how := range []string{"closed", "killed", "open"} {
		t.Run(how, func(t *testing.T) {
			dir := t.TempDir()
			s := begun(t, store.Config{Dir: dir})
			want := dumpText(t, s)
			names := []string{"musette.db", "musette.db-shm", "musette.db-wal"}
			if how == "closed" {
				s.Close()
				names = names[:1]
			}
			if how == "open" {
				lockUp(t, dir)
			} else {
				dir = readOnlyCopy(t, dir, names...)
			}
			asNobody(func() {
				if how != "open" {
					_, err := store.Open(t.Context(), store.Config{Dir: dir})
					expect(t, err, store.ErrReadOnly, dir)
				}
				r, err := store.OpenToRead(t.Context(), store.Config{Dir: dir})
				if err != nil {
					t.Error(err)
					return
				}
				defer r.Close()
				if dumpText(t, r) != want {
					t.Error("it reads something else")
				}
				expect(t, r.Update(t.Context(), nil, func(*store.Tx) error { return nil }), store.ErrReadOnly, dir)
				expect(t, r.Writable(t.Context()), store.ErrReadOnly, dir)
			})
			if how == "open" {
				return
			}
			var there []string
			entries, err := os.ReadDir(dir)
			for _, e := range entries {
				there = append(there, e.Name())
			}
			if err != nil || !slices.Equal(there, names) {
				t.Errorf("%v is there: %v", there, err)
			}
		})
	}
}

// TestToReadMakesNothing opens to read what isn't a store yet.
func TestToReadMakesNothing(t *testing.T) {
	dir := t.TempDir()
	if _, err := store.OpenToRead(t.Context(), store.Config{Dir: dir}); err == nil {
		t.Error("there is nothing to read")
	}
	path := filepath.Join(dir, "musette.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := store.OpenToRead(t.Context(), store.Config{Dir: dir})
	expect(t, err, store.ErrReadOnly, path)
	if info, err := os.Stat(path); err != nil || info.Size() > 0 {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "migrate.lock")); !os.IsNotExist(err) {
		t.Errorf("%v, want %v", err, fs.ErrNotExist)
	}
}

// TestWritable writes without changing anything.
func TestWritable(t *testing.T) {
	s, err := store.OpenMemory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	put(t, s, "a", "b")
	before := dumpText(t, s)
	if err := s.Writable(t.Context()); err != nil {
		t.Error(err)
	}
	if dumpText(t, s) != before {
		t.Error("it isn't what it was")
	}
}

// TestPostgresToRead reads a database that takes no changes, as Supabase's don't when their disk is full.
func TestPostgresToRead(t *testing.T) {
	u := pgtest.New(t)
	if _, err := store.OpenToRead(t.Context(), store.Config{URL: u}); err == nil {
		t.Error("there is nothing to read")
	}
	s := begun(t, store.Config{URL: u})
	want := dumpText(t, s)
	s.Close()
	r, err := store.OpenToRead(t.Context(), store.Config{URL: u + "&default_transaction_read_only=on"})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if dumpText(t, r) != want {
		t.Error("it reads something else")
	}
	expect(t, r.Writable(t.Context()), store.ErrReadOnly, "postgres")
	r.Close()

	full, err := store.Open(t.Context(), store.Config{URL: u + "&default_transaction_read_only=on"})
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	expect(t, full.Writable(t.Context()), store.ErrReadOnly, "postgres")
}

// TestLogIndexDamaged spoils the index of the log that a killed process left, for which there is no checksum that anybody
// looks at: it is made anew, or passed over where nothing can be written, and what was in the log is read.
func TestLogIndexDamaged(t *testing.T) {
	from := t.TempDir()
	s := begun(t, store.Config{Dir: from})
	want := dumpText(t, s)
	index, err := os.ReadFile(filepath.Join(from, "musette.db-shm"))
	if err != nil {
		t.Fatal(err)
	}
	chance := rand.New(rand.NewPCG(4, 1))
	for how, spoil := range map[string]func([]byte) []byte{
		"gone":    func([]byte) []byte { return nil },
		"cut":     func(b []byte) []byte { return b[:len(b)/3] },
		"zeroed":  func(b []byte) []byte { clear(b); return b },
		"noise":   func(b []byte) []byte { fill(chance, b); return b },
		"no head": func(b []byte) []byte { fill(chance, b[:136]); return b },
		"no rest": func(b []byte) []byte { fill(chance, b[136:]); return b },
	} {
		t.Run(how, func(t *testing.T) {
			spoilt := spoil(slices.Clone(index))
			for _, toRead := range []bool{false, true} {
				dir := filepath.Join(t.TempDir(), "data")
				if err := os.Mkdir(dir, 0o755); err != nil {
					t.Fatal(err)
				}
				for name, body := range map[string][]byte{"-shm": spoilt, "": nil, "-wal": nil} {
					var err error
					if name == "-shm" && body == nil {
						continue
					}
					if body == nil {
						body, err = os.ReadFile(filepath.Join(from, "musette.db"+name))
					}
					if err == nil {
						err = os.WriteFile(filepath.Join(dir, "musette.db"+name), body, 0o644)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				open, as := store.Open, func(f func()) { f() }
				if toRead {
					lockUp(t, dir)
					open, as = store.OpenToRead, asNobody
				}
				as(func() {
					s, err := open(t.Context(), store.Config{Dir: dir})
					if err != nil {
						t.Errorf("to read %v: %v", toRead, err)
						return
					}
					defer s.Close()
					if dumpText(t, s) != want {
						t.Errorf("to read %v: it reads something else", toRead)
					}
				})
			}
		})
	}
}

func fill(chance *rand.Rand, b []byte) {
	for i := range b {
		b[i] = byte(chance.Uint32())
	}
}
