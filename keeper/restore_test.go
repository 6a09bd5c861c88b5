package keeper_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"musette"
	"musette/keeper"
	"musette/snapshot"
	"musette/store"
	"musette/strava/stravatest"
)

// backup writes a snapshot of the house's store.
func (h *house) backup() snapshot.Info {
	h.t.Helper()
	info, err := snapshot.Write(h.t.Context(), h.store, snapshot.Config{Dir: filepath.Join(h.dir, "snapshots"), Now: h.clock.Now})
	h.must(err)
	return info
}

func (h *house) restore(info snapshot.Info) int {
	h.t.Helper()
	kept, err := h.keeper.Restore(h.t.Context(), info, func(context.Context) error { return nil }, nil)
	h.must(err)
	return kept
}

// status of an activity's row, "" if there is none.
func (h *house) statusOf(id int64) (status string) {
	h.t.Helper()
	h.view(func(ctx context.Context, tx *store.Tx) error {
		a, err := tx.Activity(ctx, h.athlete(), id)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		status = a.Status
		return err
	})
	return status
}

// What a restore brings back stays, whatever Strava says afterwards: what the store knew to be gone, and what turns out
// to be. What Strava has lists again is an activity like any other.
func TestARestoreIsNotUndone(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	all := h.server.Activities(h.athlete())
	info := h.backup()
	gone, unknown, later := all[2].ID, all[4].ID, all[6].ID
	h.must(h.server.Delete(gone))
	h.event(h.about("delete", gone, h.athlete()))
	h.later(3 * time.Hour)
	if s := h.statusOf(gone); s != store.StatusGone {
		t.Fatalf("before the restore it is %q", s)
	}
	h.must(h.server.Delete(unknown)) // nobody has noticed yet

	calls := h.keeper.Calls()
	if kept := h.restore(info); kept != 1 {
		t.Errorf("%d activities were kept at once, want 1", kept)
	}
	h.later(15 * 24 * time.Hour)
	for name, id := range map[string]int64{"known to be gone": gone, "found to be gone": unknown} {
		if s := h.statusOf(id); s != store.StatusKept {
			t.Errorf("%s: it is %q two weeks after the restore", name, s)
		}
	}
	rejected := 0
	for _, d := range h.deletions() {
		if d.Decision == store.DeletionRejected {
			rejected++
		}
	}
	if rejected != 2 {
		t.Errorf("%d rejected deletions, want 2: %+v", rejected, h.deletions())
	}
	// A poll each 6 h, three sweeps, the 404s, rechecks of what is recent: nothing is fetched that is as it was.
	details := 0
	for _, c := range h.server.Calls()[calls:] {
		if c.Endpoint == "GET /activities/{id}" && c.Status == 200 {
			details++
		}
	}
	if details > 20 {
		t.Errorf("%d details were fetched after the restore", details)
	}

	h.must(h.server.Delete(later)) // listed since: an activity like any other
	h.later(8 * 24 * time.Hour)
	if s := h.statusOf(later); s != store.StatusGone {
		t.Errorf("one deleted long after the restore is %q", s)
	}
	if n, err := keeper.AcceptDeletions(t.Context(), h.store, []int64{gone}, h.clock.Now()); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	h.later(8 * 24 * time.Hour)
	if s := h.statusOf(gone); s != store.StatusGone {
		t.Errorf("a person let it go, and it is %q", s)
	}
}

// What is live stays in a restore: grants, quota, inbox, what was revoked, and what was hidden.
func TestARestoreLeavesWhatIsLive(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	put := func(f func(ctx context.Context, tx *store.Tx) error) {
		h.must(h.store.Update(t.Context(), nil, func(tx *store.Tx) error { return f(t.Context(), tx) }))
	}
	key := store.AccessKey{ID: "k1", Kind: store.KeyKind, Name: "site", Hash: [32]byte{1}, CreatedAt: h.clock.Now()}
	session := store.AccessKey{ID: "s1", Kind: store.SessionKind, Hash: [32]byte{2}, CreatedAt: h.clock.Now()}
	put(func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.PutKey(ctx, key), tx.PutKey(ctx, session), tx.PutSetting(ctx, "s", "then"))
	})
	info := h.backup()
	key.RevokedAt = h.clock.Now()
	var grants []store.Grant
	var ledger []byte
	put(func(ctx context.Context, tx *store.Tx) (err error) {
		if _, err = tx.PutInbox(ctx, store.InboxItem{Kind: "event", Body: []byte("{}"), ReceivedAt: h.clock.Now()}); err != nil {
			return err
		}
		if grants, err = tx.Grants(ctx); err != nil {
			return err
		}
		grants[0].Sealed = append(grants[0].Sealed, 1) // renewed since
		if err = tx.PutGrant(ctx, grants[0]); err != nil {
			return err
		}
		body, version, err := tx.Quota(ctx)
		if err != nil {
			return err
		}
		ledger = append(body, ' ')
		if _, err := tx.PutQuota(ctx, ledger, version); err != nil {
			return err
		}
		return errors.Join(tx.PutKey(ctx, key), tx.DeleteKey(ctx, session.ID), tx.PutSetting(ctx, "s", "now"))
	})
	var before, after store.Position
	position := func(at *store.Position) {
		h.view(func(ctx context.Context, tx *store.Tx) (err error) { *at, err = tx.Position(ctx); return err })
	}
	position(&before)
	h.restore(info)
	position(&after)
	if before.Epoch == after.Epoch {
		t.Error("the epoch is the same")
	}
	h.view(func(ctx context.Context, tx *store.Tx) error {
		now, err := tx.Grants(ctx)
		if err != nil || len(now) != 1 || string(now[0].Sealed) != string(grants[0].Sealed) {
			t.Errorf("the live grant was replaced (%v)", err)
		}
		body, _, err := tx.Quota(ctx)
		if err != nil || string(body) != string(ledger) {
			t.Errorf("the live quota was replaced (%v)", err)
		}
		inbox, err := tx.Inbox(ctx, 10)
		if err != nil || len(inbox) != 1 {
			t.Errorf("the inbox has %d rows (%v)", len(inbox), err)
		}
		keys, err := tx.Keys(ctx)
		if err != nil || len(keys) != 1 || keys[0].RevokedAt.IsZero() {
			t.Errorf("keys %+v (%v): a revoked one is good again, or a session that was ended is back", keys, err)
		}
		s, err := tx.Setting(ctx, "s")
		if err != nil || s != "then" {
			t.Errorf("the setting is %q (%v)", s, err)
		}
		return nil
	})
	if f, err := h.store.Check(t.Context()); err != nil || !f.Clean() {
		t.Errorf("%+v %v", f, err)
	}
}

// Each damaged row is mended: from a snapshot, as it was; else what it held is derived or fetched again. Nothing else is
// touched, and what was taken out is kept.
func TestDamagedRowsAreMended(t *testing.T) {
	t.Parallel()
	for name, stmt := range map[string]string{
		"activity":     "UPDATE activities SET distance_m = 1 WHERE activity_id = (SELECT max(activity_id) FROM activities)",
		"all views":    "UPDATE activities SET view = x'00'",
		"detail":       "UPDATE documents SET body = x'28b52ffd' WHERE part = 'detail' AND activity_id = (SELECT max(activity_id) FROM documents)",
		"summaries":    "UPDATE documents SET mark = mark + 1 WHERE part = 'summary'",
		"photos gone":  "DELETE FROM documents WHERE part = 'photos'",
		"states":       "UPDATE part_states SET tries = tries + 1",
		"states gone":  "DELETE FROM part_states WHERE part = 'detail'",
		"rows gone":    "DELETE FROM activities WHERE activity_id > (SELECT min(activity_id) FROM activities)",
		"changes":      "UPDATE changes SET kind = 'x'",
		"changes gone": "DELETE FROM changes",
		"position":     "UPDATE meta SET seq = seq + 1",
		"tallies":      "UPDATE tallies SET row_count = 1",
		"counts":       "UPDATE part_counts SET have = 1",
		"athlete":      "UPDATE athletes SET name = 'Eve'",
		"quota":        "UPDATE quota SET body = x'00'",
		"settings":     "UPDATE settings SET value = 'x'",
		"cursors":      "UPDATE cursors SET body = x'00'",
	} {
		for _, with := range []string{"with a snapshot", "without"} {
			if strings.HasSuffix(name, "gone") && with != "without" { // a snapshot helps with what is there only
				continue
			}
			t.Run(name+" "+with, func(t *testing.T) {
				t.Parallel()
				h := newHouse(t, stravatest.Config{Seed: 5, Activities: 6, Limits: plenty})
				h.later(time.Hour)
				h.must(h.store.Update(t.Context(), nil, func(tx *store.Tx) error {
					return errors.Join(tx.PutSetting(t.Context(), "a", "b"), tx.PutCursor(t.Context(), h.athlete(), "c", []byte("{}")))
				}))
				if with != "without" {
					h.backup()
				}
				h.damage(stmt)
				r := keeper.Repairing{Snapshots: []string{filepath.Join(h.dir, "snapshots")}, Aside: filepath.Join(h.dir, "damaged")}
				found, err := h.store.Check(t.Context())
				if err != nil || len(found.Damaged) == 0 || len(found.File) > 0 {
					t.Fatalf("%+v %v", found, err)
				}
				done, err := h.keeper.Repair(t.Context(), r)
				h.must(err)
				if found, err := h.store.Check(t.Context()); err != nil || !found.Clean() {
					t.Errorf("after mending: %+v %v", found, err)
				}
				if len(done.Mended)+len(done.Missing) == 0 {
					t.Error("nothing is said")
				}
				if body, err := os.ReadFile(done.Aside); len(done.Mended) > 0 && (err != nil || strings.Count(string(body), "\n") != len(done.Mended)) {
					t.Errorf("%d rows were taken out, %d kept: %v", len(done.Mended), strings.Count(string(body), "\n"), err)
				}
				h.later(2 * time.Hour)
				h.complete()
				for id, a := range h.activities() {
					var docs []musette.Document
					h.view(func(ctx context.Context, tx *store.Tx) (err error) {
						docs, err = tx.Documents(ctx, a.AthleteID, id)
						return err
					})
					if len(docs) < 2 {
						t.Errorf("activity %d has %d documents", id, len(docs))
					}
				}
			})
		}
	}
}

// A damaged privacy zone that no snapshot has stays: without it more would be shown.
func TestADamagedZoneIsLeft(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	path := h.store.Path()
	db, err := sql.Open("sqlite", path)
	h.must(err)
	_, err = db.Exec("INSERT INTO zones SELECT 'z', 1, 'home', 51.5, -0.1, 200, 1, 42")
	h.must(err)
	h.must(db.Close())
	done, err := h.keeper.Repair(t.Context(), keeper.Repairing{Aside: filepath.Join(h.dir, "damaged")})
	h.must(err)
	if len(done.Mended) != 1 || done.Mended[0].Instead != store.InsteadLeft {
		t.Errorf("%+v", done)
	}
	if f, err := h.store.Check(t.Context()); err != nil || f.Clean() {
		t.Errorf("the zone is gone: %+v %v", f, err)
	}
}

// While another process leads, nothing is restored or mended.
func TestRestoreOntoARunningServer(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	info := h.backup()
	h.lead(func(ctx context.Context) error {
		other := keeper.New(keeper.Config{Store: h.store, Policy: h.policy, Now: h.clock.Now, Holder: "other"})
		_, err := other.Restore(ctx, info, func(context.Context) error { return nil }, nil)
		if _, held := errors.AsType[*store.HeldError](err); !held {
			t.Errorf("restored: %v", err)
		}
		if _, err := other.Repair(ctx, keeper.Repairing{}); err == nil {
			t.Error("mended")
		}
		return nil
	})
}
