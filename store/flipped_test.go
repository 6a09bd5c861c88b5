package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"musette/store"
)

// TestFlippedBytes flips bytes of the file itself: every flip must be noticed, or leave everything as it was.
func TestFlippedBytes(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		if s.Kind() != "sqlite" {
			return // its files aren't ours to edit; TestDamagedValues stands for them
		}
		furnish(t, s)
		want := dumpText(t, s.Store)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		good, err := os.ReadFile(s.Path())
		if err != nil {
			t.Fatal(err)
		}
		noticed, harmless := 0, 0
		for at := 512; at < len(good); at += len(good)/300 | 1 {
			bad := append([]byte(nil), good...)
			bad[at] ^= 0x04
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "musette.db"), bad, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := openAndDump(t.Context(), dir)
			switch {
			case err != nil:
				noticed++
			case got == want:
				harmless++
			default:
				t.Errorf("byte %d was flipped: something else is read, and nothing is said", at)
			}
		}
		if noticed == 0 {
			t.Errorf("no flip was noticed, %d were harmless", harmless)
		}
	})
}

// TestSwappedVersion puts another table's first page in the place of the one that says what version the schema is of.
// That is damage, which can be mended, and neither a newer program's database nor one to be brought to this version.
func TestSwappedVersion(t *testing.T) {
	s := newSQLite(t)
	furnish(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s.exec(t, "PRAGMA wal_checkpoint(TRUNCATE)")
	whole, err := os.ReadFile(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	page := func(body []byte, table string) []byte {
		var root, size int
		const look = "SELECT rootpage, page_size FROM sqlite_master, pragma_page_size WHERE name = $1"
		if err := s.raw.QueryRowContext(t.Context(), look, table).Scan(&root, &size); err != nil {
			t.Fatal(table, err)
		}
		return body[(root-1)*size : root*size]
	}
	// In turn: a higher version, none, this version by chance, a text.
	for _, table := range []string{"sqlite_sequence", "zones", "quota", "meta"} {
		bent := slices.Clone(whole)
		copy(page(bent, table), page(whole, "goose_db_version"))
		copy(page(bent, "goose_db_version"), page(whole, table))
		err := opened(t, bent, unclean) // it may have the right version by chance
		if !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("with the page of %s in the place of the version's: %v", table, err)
		}
	}
}

// TestCutInLongRow cuts a file in the middle of rows that are so long that SQLite reads them past its cache, where a file
// that ends too early is an error of its own. That is damage too, and no fault of the disk.
func TestCutInLongRow(t *testing.T) {
	s := newSQLite(t)
	furnish(t, s)
	const long = 100 << 10
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.Update(t.Context(), nil, func(tx *store.Tx) error {
		_, err := tx.PutActivity(t.Context(), store.Activity{
			AthleteID: 7, ID: 9, Status: store.StatusLive, Start: day, SportType: "Run", Type: "Run", View: make([]byte, long), ViewVersion: 1,
		})
		return err
	}))
	must(s.Close())
	s.exec(t, "PRAGMA wal_checkpoint(TRUNCATE)")
	whole, err := os.ReadFile(s.Path())
	must(err)
	for cut := 1000; cut < long; cut += 7000 {
		err := opened(t, whole[:len(whole)-cut], unclean)
		if !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%d bytes short: %v", cut, err)
		}
	}
}

// TestBentSchema changes a letter in the statements that made the tables, by which SQLite knows what is in them.
func TestBentSchema(t *testing.T) {
	s := newSQLite(t)
	furnish(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s.exec(t, "PRAGMA wal_checkpoint(TRUNCATE)")
	whole, err := os.ReadFile(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(whole, []byte("CREATE TABLE leases"))
	for from, to := range map[string]string{"number": "numbes", "until_ms": "until ms", "PRIMARY": "PRIMERY", "leases": "leasez"} {
		bent := slices.Clone(whole)
		copy(bent[at+bytes.Index(bent[at:], []byte(from)):], to)
		err := opened(t, bent, func(s *store.Store) error {
			_, err := s.Acquire(t.Context(), store.SyncLease, "me", time.Minute)
			return err
		})
		if !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("with %s in the place of %s: %v", to, from, err)
		}
	}
}

// TestRestoredWithoutChanges loads what a snapshot of a file has whose index leads to none of the changes.
func TestRestoredWithoutChanges(t *testing.T) {
	s, into := newSQLite(t), newSQLite(t)
	furnish(t, s)
	err := into.Update(t.Context(), nil, func(tx *store.Tx) error {
		err := s.Dump(t.Context(), func(r store.Row) error {
			if r.Table == "changes" {
				return nil
			}
			return tx.Load(t.Context(), r)
		})
		return errors.Join(err, tx.Loaded(t.Context()), tx.RenewEpoch(t.Context()))
	})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := into.Check(t.Context()); err != nil || !found.Clean() {
		t.Errorf("%+v, %v", found, err)
	}
}

// opened opens a file of these bytes and uses it. The error is of whichever fails.
func opened(t *testing.T, file []byte, use func(*store.Store) error) error {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "musette.db"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Config{Dir: dir})
	if err != nil {
		return err
	}
	defer s.Close()
	return use(s)
}

// unclean is an error if anything in a store is damaged.
func unclean(s *store.Store) error {
	found, err := s.Check(context.Background())
	if err == nil && !found.Clean() {
		err = store.ErrCorrupt
	}
	return err
}

func openAndDump(ctx context.Context, dir string) (string, error) {
	s, err := store.Open(ctx, store.Config{Dir: dir})
	if err != nil {
		return "", err
	}
	defer s.Close()
	var b strings.Builder
	err = s.Dump(ctx, func(r store.Row) error {
		fmt.Fprintf(&b, "%s %s\n", r.Table, r.JSON)
		return nil
	})
	return b.String(), err
}
