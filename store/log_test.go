package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"musette/store"
)

// TestLogDeleted deletes the log of a store that is open, while pages are in it and while all of them are in the database
// already: nothing is written from then on, nobody opens the file beside, and closing it saves everything.
func TestLogDeleted(t *testing.T) {
	for _, taken := range []bool{false, true} {
		t.Run(fmt.Sprintf("taken in %v", taken), func(t *testing.T) {
			dir := t.TempDir()
			log := filepath.Join(dir, "musette.db-wal")
			s := openWithLog(t, dir, taken)
			lease, err := s.Acquire(t.Context(), store.SyncLease, "us", time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			want := dumpText(t, s)
			if s.Replaced() {
				t.Fatal("nothing has happened")
			}
			if err := os.Remove(log); err != nil {
				t.Fatal(err)
			}
			if !s.Replaced() {
				t.Error("it isn't noticed")
			}
			expect(t, s.Writable(t.Context()), store.ErrUnreachable, dir)
			expect(t, lease.Renew(t.Context()), store.ErrUnreachable, dir)
			expect(t, lease.Release(t.Context()), store.ErrUnreachable, dir)
			_, err = s.Acquire(t.Context(), "token:x", "us", time.Minute)
			expect(t, err, store.ErrUnreachable, dir)
			_, err = s.Scrub(t.Context())
			expect(t, err, store.ErrUnreachable, dir)
			if dumpText(t, s) != want {
				t.Error("it reads something else")
			}
			beside, done := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer done()
			_, err = store.Open(beside, store.Config{Dir: dir})
			if !errors.Is(err, context.DeadlineExceeded) { // on a busy machine it may not have come that far
				expect(t, err, store.ErrBusy, dir)
			}
			if _, err := os.Stat(log); err == nil {
				t.Error("who couldn't open it has made a log")
			}
			// It waits for who has it to end, as a server does that notices.
			go func() { _ = s.Close() }()
			again, err := store.Open(t.Context(), store.Config{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			if dumpText(t, again) != want || !clean(t, again) {
				t.Error("something is lost")
			}
			put(t, again, "e", "f")
		})
	}
}

// TestLogReplaced has a program that knows none of this write to the file after the log was deleted: what it wrote is
// there, and no page of the former log gets in between.
func TestLogReplaced(t *testing.T) {
	dir := t.TempDir()
	s := openWithLog(t, dir, true)
	if err := os.Remove(filepath.Join(dir, "musette.db-wal")); err != nil {
		t.Fatal(err)
	}
	other, err := sql.Open("sqlite", filepath.Join(dir, "musette.db"))
	if err == nil {
		_, err = other.ExecContext(t.Context(), "CREATE TABLE theirs AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) SELECT i, hex(randomblob(20)) AS x FROM n")
	}
	if err != nil {
		t.Fatal(err)
	}
	expect(t, s.Writable(t.Context()), store.ErrUnreachable, dir)
	expect(t, s.View(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Position(t.Context())
		return err
	}), store.ErrUnreachable, dir)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}
	again, err := store.Open(t.Context(), store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if !clean(t, again) {
		t.Error("the file is damaged")
	}
	for i := range 50 {
		value := ""
		err := again.View(t.Context(), func(tx *store.Tx) (err error) {
			value, err = tx.Setting(t.Context(), fmt.Sprint("name", i))
			return err
		})
		if err != nil || value != "value" {
			t.Errorf("setting %d is %q: %v", i, value, err)
		}
	}
}

// openWithLog opens a store with some settings; taken: all that is in its log has been taken into the database too.
func openWithLog(t *testing.T, dir string, taken bool) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for i := range 50 {
		put(t, s, fmt.Sprint("name", i), "value")
	}
	if taken {
		store.TakeLogIn(t, s)
	}
	return s
}

func clean(t *testing.T, s *store.Store) bool {
	t.Helper()
	found, err := s.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return found.Clean()
}
