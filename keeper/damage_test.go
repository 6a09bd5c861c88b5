package keeper_test

import (
	"bytes"
	"context"
	"database/sql"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"musette/keeper"
	"musette/store"
	"musette/strava/stravatest"
)

// damage changes rows behind the store's back, so that their checksums don't fit.
func (h *house) damage(stmts ...string) {
	h.t.Helper()
	path := h.store.Path()
	h.close()
	db, err := sql.Open("sqlite", path)
	h.must(err)
	for _, stmt := range stmts {
		res, err := db.Exec(stmt)
		h.must(err)
		if n, _ := res.RowsAffected(); n == 0 {
			h.t.Fatalf("nothing was damaged by %s", stmt)
		}
	}
	h.must(db.Close())
	h.open()
}

// Rows that are damaged cost themselves and nothing else: lists, new activities and the ledger go on.
func TestFailure26DamagedRowsStopNothing(t *testing.T) {
	t.Parallel()
	for name, stmt := range map[string]string{
		"ledger":          "UPDATE quota SET sum = sum + 1",
		"poll":            "UPDATE part_states SET sum = sum + 1 WHERE part = 'poll'",
		"all lists":       "UPDATE part_states SET sum = sum + 1 WHERE activity_id = 0",
		"athlete":         "UPDATE athletes SET sum = sum + 1",
		"sweep":           "UPDATE part_states SET sum = sum + 1 WHERE part = 'sweep'",
		"an activity":     "UPDATE activities SET sum = sum + 1 WHERE activity_id = (SELECT max(activity_id) FROM activities)",
		"newest activity": "UPDATE activities SET sum = sum + 1 WHERE start_ms = (SELECT max(start_ms) FROM activities)",
		"summaries":       "UPDATE documents SET sum = sum + 1 WHERE part = 'summary'",
		"details":         "UPDATE documents SET sum = sum + 1 WHERE part = 'detail'",
		"part states":     "UPDATE part_states SET sum = sum + 1 WHERE part = 'detail'",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, stravatest.Config{Seed: 4, Activities: 12, Limits: plenty})
			h.later(time.Hour)
			h.damage(stmt)
			lists := h.lists()
			id := h.add(time.Time{})
			for _, a := range h.server.Activities(h.athlete())[3:6] {
				h.must(h.server.Rename(a.ID, "Another name"))
			}
			h.later(8 * 24 * time.Hour)
			if n := h.lists() - lists; n < 4*7 {
				t.Errorf("%d listings in eight days", n)
			}
			h.view(func(ctx context.Context, tx *store.Tx) error {
				a, err := tx.Activity(ctx, h.athlete(), id)
				if err != nil || a.Status != store.StatusLive {
					t.Errorf("the new activity: status %q, %v", a.Status, err)
				}
				return nil
			})
		})
	}
}

// What is passed over is noticed: once in the log, and in the status, until it is mended.
func TestDamageThatIsPassedOverIsNoticed(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	h := newHouse(t, stravatest.Config{Seed: 4, Activities: 12, Limits: plenty}, func(h *house) {
		h.log = slog.New(slog.NewTextHandler(&log, nil))
	})
	h.later(time.Hour)
	worries := func() (said string) {
		for _, e := range h.status().LastErrors {
			if e.Kind == "damage" {
				said += e.Message
			}
		}
		return said
	}
	if worries() != "" {
		t.Fatalf("a worry about nothing: %s", worries())
	}
	h.damage("UPDATE documents SET sum = sum + 1 WHERE part = 'summary' AND activity_id = (SELECT max(activity_id) FROM activities)",
		"UPDATE part_states SET sum = sum + 1 WHERE part = 'sweep'")
	h.later(24 * time.Hour)
	if s := worries(); !strings.Contains(s, "damaged") || !strings.Contains(s, "musette verify") {
		t.Errorf("the status says %q", s)
	}
	if n := strings.Count(log.String(), "a damaged row is passed over"); n < 1 || n > 2 {
		t.Errorf("the log has it %d times\n%s", n, log.String())
	}
	if _, err := h.keeper.Repair(t.Context(), keeper.Repairing{Aside: filepath.Join(h.dir, "damaged")}); err != nil {
		t.Fatal(err)
	}
	if s := worries(); s != "" {
		t.Errorf("mended, the status says %q", s)
	}
	h.damage("UPDATE documents SET sum = sum + 1")
	h.later(7 * 24 * time.Hour)
	if n := strings.Count(log.String(), "level=WARN"); n > 25 {
		t.Errorf("of dozens of rows the log has %d lines", n)
	}
}

// An empty page in the middle of a walk isn't its end.
func TestAnEmptyPageAmongFullOnes(t *testing.T) {
	t.Parallel()
	for name, skip := range map[string]int{"first": 0, "second": 1, "third": 2, "last": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, stravatest.Config{Seed: 4, Activities: 450, Limits: plenty}, onlyLists)
			h.fault(stravatest.Fault{Kind: stravatest.FaultEmptyList, Path: "/athlete/activities", Skip: skip, Count: 1})
			h.later(7 * time.Hour)
			if n := len(h.activities()); n != 450 {
				t.Errorf("%d activities are here, want 450", n)
			}
			if n := h.lists(); n > 4+1+2 {
				t.Errorf("%d listings, want those of a walk, one more, and a poll", n)
			}
		})
	}
}
