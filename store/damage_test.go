package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"musette"
	"musette/store"
)

// TestDamagedValues changes each column of each table in turn, in one row, behind the store's back: reading everything
// must find it, and say so of that row.
func TestDamagedValues(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		furnish(t, s)
		for _, c := range store.Columns() {
			if !c.Summed && c.Table != "documents.body" {
				continue
			}
			before := readAll(t, s)
			if before != nil {
				t.Fatalf("before %s.%s: %v", c.Table, c.Name, before)
			}
			damage := map[string]string{
				"integer": c.Name + " + 64", "real": c.Name + " * 1.5", "text": c.Name + " || 'x'", "blob": blobDamage(s, c.Name),
			}[c.Kind]
			where := fmt.Sprintf(" WHERE %s = (SELECT max(%[1]s) FROM {}%s)", c.Key, c.Table)
			if s.Kind() == "postgres" && c.Key == "hash" {
				where = ""
			}
			s.exec(t, fmt.Sprintf("CREATE TABLE {}saved AS SELECT * FROM {}%s", c.Table))
			if n := s.exec(t, fmt.Sprintf("UPDATE {}%s SET %s = %s%s", c.Table, c.Name, damage, where)); n == 0 {
				t.Errorf("%s has no row to damage", c.Table)
			}
			// (The tally that has another name is missed under its own.)
			if err := readAll(t, s); !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), "in "+c.Table) && c.Table != "tallies" {
				t.Errorf("%s.%s was changed, and nothing is said but: %v", c.Table, c.Name, err)
			}
			s.exec(t, fmt.Sprintf("DELETE FROM {}%s", c.Table))
			s.exec(t, fmt.Sprintf("INSERT INTO {}%s SELECT * FROM {}saved", c.Table))
			s.exec(t, "DROP TABLE {}saved")
		}
	})
}

func blobDamage(s *site, column string) string {
	if s.Kind() == "postgres" {
		return fmt.Sprintf("set_byte(%s, 0, get_byte(%[1]s, 0) # 1)", column)
	}
	return fmt.Sprintf("CAST(x'ee' || substr(%s, 2) AS BLOB)", column)
}

// readAll reads everything through the public surface and returns what is damaged.
func readAll(t *testing.T, s *site) error {
	ctx := t.Context()
	errs := []error{s.Verify(ctx)}
	err := s.View(ctx, func(tx *store.Tx) error {
		_, inbox := tx.Inbox(ctx, 100)
		_, counts := tx.PartCounts(ctx, 7)
		errs = append(errs, inbox, counts)
		return nil
	})
	return errors.Join(append(errs, err)...)
}

// TestGoodBesideDamaged damages one of three and expects the two others, everywhere that reads several.
func TestGoodBesideDamaged(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		furnish(t, s)
		ctx := t.Context()
		s.exec(t, "UPDATE {}activities SET climb_m = 99 WHERE activity_id = 2")
		s.exec(t, "UPDATE {}documents SET mark = 99 WHERE activity_id = 2")
		s.exec(t, "UPDATE {}part_states SET tries = 99 WHERE activity_id = 2")
		s.exec(t, "UPDATE {}athletes SET name = 'x' WHERE athlete_id = 2")
		err := s.View(ctx, func(tx *store.Tx) error {
			var ids []int64
			var bad []*store.DamageError
			for a, err := range tx.Activities(ctx, 7) {
				if d, ok := errors.AsType[*store.DamageError](err); ok {
					bad = append(bad, d)
				}
				ids = append(ids, a.ID)
			}
			if fmt.Sprint(ids) != "[1 2 3]" || len(bad) != 1 || bad[0].Key != "7/2" || bad[0].Table != "activities" {
				t.Errorf("activities %v, damaged %v", ids, bad)
			}
			metas, err := tx.DocumentMetas(ctx, 7, musette.PartDetail, []int64{1, 2, 3})
			goodBeside(t, "metas", len(metas), err)
			due, err := tx.Due(ctx, day, 10, 10)
			goodBeside(t, "due", len(due), err)
			athletes, err := tx.Athletes(ctx)
			goodBeside(t, "athletes", len(athletes), err)
			docs, err := tx.Documents(ctx, 7, 2)
			if len(docs) != 0 || !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("documents %v, %v", docs, err)
			}
			if _, err := tx.Activity(ctx, 7, 2); !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("activity: %v", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		// Written anew, all is well.
		furnish(t, s)
	})
}

// TestWrongLanesHeal makes the counts of what is due wrong behind the store's back. Opening finds it; and a lane that
// promises what isn't there is mended by whoever looks for it.
func TestWrongLanesHeal(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		furnish(t, s)
		ctx := t.Context()
		counted := func() (b store.Backlog) {
			t.Helper()
			err := s.View(ctx, func(tx *store.Tx) (err error) {
				b, err = tx.Backlog(ctx, day)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		want := counted()
		for _, stmt := range []string{
			"UPDATE {}lanes SET ready = ready + 2, newest_ms = 7", "DELETE FROM {}lanes", "UPDATE {}lane_totals SET ready = 99, waiting = -1",
			"UPDATE {}lanes SET blocked = 1", "DELETE FROM {}lane_totals", "INSERT INTO {}lanes SELECT 99, class, ready, waiting, newest_ms, turn, blocked FROM {}lanes",
		} {
			s.exec(t, stmt)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			var err error
			if s.Store, err = store.Open(ctx, s.config); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(stmt, "blocked = 1") { // as if somebody had said so
				err := s.Update(ctx, nil, func(tx *store.Tx) error { return tx.Block(ctx) })
				if err != nil {
					t.Fatal(err)
				}
			}
			if got := counted(); got != want {
				t.Errorf("%s: %+v, want %+v", stmt, got, want)
			}
		}
		s.exec(t, "UPDATE {}part_states SET ready = 0, due_at_ms = 0 WHERE activity_id < 3")
		due := func() (n, wrong int) {
			err := s.Update(ctx, nil, func(tx *store.Tx) error {
				states, err := tx.Due(ctx, day, 10, 10)
				n = len(states)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			err = s.Update(ctx, nil, func(tx *store.Tx) (err error) {
				wrong, err = tx.MendLanes(ctx)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n, wrong
		}
		if n, wrong := due(); n != 1 || wrong != 0 || counted().Ready[3] != 1 {
			t.Errorf("%d due, %d counts still wrong, %+v", n, wrong, counted())
		}
	})
}

func goodBeside(t *testing.T, what string, good int, err error) {
	t.Helper()
	if good != 2 || !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("%s: %d good, %v", what, good, err)
	}
}

// TestMissingRows takes a row away, brings an old one back, and adds one: the tallies say so.
func TestMissingRows(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		furnish(t, s)
		for _, table := range []string{"activities", "documents", "part_states"} {
			s.exec(t, fmt.Sprintf("CREATE TABLE {}saved AS SELECT * FROM {}%s", table))
			s.exec(t, fmt.Sprintf("DELETE FROM {}%s WHERE activity_id = 2", table))
			found := 0
			if err := s.Verify(t.Context()); strings.Contains(fmt.Sprint(err), "2 rows are here, 3 were written") {
				found++
			}
			_ = s.View(t.Context(), func(tx *store.Tx) error {
				for _, err := range tx.Activities(t.Context(), 7) {
					if errors.Is(err, store.ErrCorrupt) {
						found++
					}
				}
				return nil
			})
			want := map[bool]int{true: 2, false: 1}[table == "activities"]
			if found != want {
				t.Errorf("%s: a missing row was noticed %d times, want %d", table, found, want)
			}
			s.exec(t, fmt.Sprintf("DELETE FROM {}%s", table))
			if err := s.Verify(t.Context()); !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("%s: all rows are gone, and nothing is said", table)
			}
			s.exec(t, fmt.Sprintf("INSERT INTO {}%s SELECT * FROM {}saved", table))
			s.exec(t, "DROP TABLE {}saved")
		}
	})
}
