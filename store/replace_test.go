package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"musette/store"
)

// furnished is a data directory with a furnished SQLite file, closed, and what a dump of it says.
func furnished(t *testing.T) (dir, dump string) {
	t.Helper()
	dir = t.TempDir()
	s, err := store.Open(t.Context(), store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	furnish(t, &site{Store: s})
	dump = dumpText(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, dump
}

func replacing(t *testing.T, dir string) *store.Replacement {
	t.Helper()
	r, err := store.Replace(t.Context(), store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Abandon)
	return r
}

// withoutMeta is a dump but for the position, which a new file has of its own.
func withoutMeta(dump string) string {
	_, rest, _ := strings.Cut(dump, "\n")
	return rest
}

// What is whole in a damaged file is taken over, all of it where only the header is lost.
func TestSalvage(t *testing.T) {
	for name, c := range map[string]struct {
		bend func([]byte) []byte
		all  bool
	}{
		"nothing wrong":  {func(b []byte) []byte { return b }, true},
		"header lost":    {func(b []byte) []byte { copy(b, strings.Repeat("x", 100)); return b }, true},
		"a page zeroed":  {func(b []byte) []byte { clear(b[len(b)/2/4096*4096:][:4096]); return b }, false},
		"cut in half":    {func(b []byte) []byte { return b[:len(b)/2] }, false},
		"cut to a byte":  {func(b []byte) []byte { return b[:1] }, false},
		"nothing at all": {func(b []byte) []byte { return nil }, false},
		"no database":    {func(b []byte) []byte { return []byte(strings.Repeat("Dear reader\n", 9999)) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir, dump := furnished(t)
			path := filepath.Join(dir, "musette.db")
			body, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			bent := c.bend(body)
			if err := os.WriteFile(path, bent, 0o600); err != nil {
				t.Fatal(err)
			}
			r := replacing(t, dir)
			found, err := r.Salvage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got := dumpText(t, r.Store)
			if c.all && withoutMeta(got) != withoutMeta(dump) {
				t.Errorf("salvaged %v, which isn't all", found)
			}
			for line := range strings.Lines(withoutMeta(got)) {
				if !strings.Contains(dump, line) {
					t.Errorf("salvaged what was never there: %s", line)
				}
			}
			if f, err := r.Store.Check(t.Context()); err != nil || !f.Clean() {
				t.Errorf("what was salvaged is not whole: %+v %v", f, err)
			}
			aside, err := r.Finish()
			if err != nil {
				t.Fatal(err)
			}
			if kept, err := os.ReadFile(filepath.Join(aside, "musette.db")); err != nil || string(kept) != string(bent) {
				t.Errorf("the damaged file isn't kept as it was: %v", err)
			}
			s, err := store.Open(t.Context(), store.Config{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if dumpText(t, s) != got {
				t.Error("the new file has something else than was put into it")
			}
		})
	}
}

// Killed at any moment of the exchange, the next who opens the store finds the old one or the new one, whole, and the old
// one is kept.
func TestAnExchangeCutShort(t *testing.T) {
	for name, undo := range map[string]func(t *testing.T, dir, aside string){
		"before the old one is moved": func(t *testing.T, dir, aside string) {
			for _, ending := range []string{"", "-wal", "-shm"} {
				_ = os.Rename(filepath.Join(aside, "musette.db"+ending), filepath.Join(dir, "musette.db"+ending))
			}
		},
		"before the new one is moved": func(*testing.T, string, string) {},
	} {
		t.Run(name, func(t *testing.T) {
			dir, _ := furnished(t)
			old, err := os.ReadFile(filepath.Join(dir, "musette.db"))
			if err != nil {
				t.Fatal(err)
			}
			r := replacing(t, dir)
			if err := r.Store.Update(t.Context(), nil, func(tx *store.Tx) error { return tx.PutSetting(t.Context(), "new", "yes") }); err != nil {
				t.Fatal(err)
			}
			want := dumpText(t, r.Store)
			aside, err := r.Finish()
			if err != nil {
				t.Fatal(err)
			}
			// As it was a moment before the end.
			rebuilt := filepath.Join(dir, "rebuilt")
			if err := os.Mkdir(rebuilt, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(filepath.Join(dir, "musette.db"), filepath.Join(rebuilt, "musette.db")); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(rebuilt, "aside"), []byte(filepath.Base(aside)), 0o600); err != nil {
				t.Fatal(err)
			}
			undo(t, dir, aside)
			if there, err := store.Present(dir); err != nil || !there {
				t.Errorf("there is no store: %v", err)
			}
			s, err := store.Open(t.Context(), store.Config{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if dumpText(t, s) != want {
				t.Error("it isn't the new one")
			}
			if kept, err := os.ReadFile(filepath.Join(aside, "musette.db")); err != nil || string(kept) != string(old) {
				t.Errorf("the old one isn't kept: %v", err)
			}
			if _, err := os.Stat(rebuilt); !os.IsNotExist(err) {
				t.Error("the directory of the exchange is left")
			}
		})
	}
}

// One that is given up leaves everything as it was; while somebody syncs none begins.
func TestAnExchangeGivenUp(t *testing.T) {
	dir, dump := furnished(t)
	r := replacing(t, dir)
	if _, err := store.Replace(t.Context(), store.Config{Dir: dir}); !isHeld(err) {
		t.Errorf("two at once: %v", err)
	}
	r.Abandon()
	s, err := store.Open(t.Context(), store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if dumpText(t, s) != dump {
		t.Error("it is another store")
	}
	lease, err := s.Acquire(t.Context(), store.SyncLease, "me", 1e9)
	if err != nil {
		t.Fatal(err)
	}
	defer lease.Release(context.Background())
	if _, err := store.Replace(t.Context(), store.Config{Dir: dir}); !isHeld(err) {
		t.Errorf("beside somebody who syncs: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "rebuilding-*")); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

func isHeld(err error) bool {
	_, held := errors.AsType[*store.HeldError](err)
	return held
}

// Another file in the place of an open one is noticed.
func TestReplacedIsNoticed(t *testing.T) {
	dir, _ := furnished(t)
	s, err := store.Open(t.Context(), store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Replaced() {
		t.Error("nothing was replaced")
	}
	if _, err := replacing(t, dir).Finish(); err != nil {
		t.Fatal(err)
	}
	if !s.Replaced() {
		t.Error("it isn't noticed")
	}
}
