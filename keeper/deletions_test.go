package keeper_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"musette"
	"musette/keeper"
	"musette/store"
	"musette/strava/stravatest"
)

// stored returns the row of an activity, whatever its status; false if there is none.
func (h *house) stored(id int64) (a store.Activity, ok bool) {
	h.t.Helper()
	h.view(func(ctx context.Context, tx *store.Tx) (err error) {
		if a, err = tx.FindActivity(ctx, id); errors.Is(err, store.ErrNotFound) {
			return nil
		}
		ok = err == nil
		return err
	})
	return a, ok
}

func (h *house) status1(id int64) string {
	h.t.Helper()
	a, _ := h.stored(id)
	return a.Status
}

func (h *house) deletions() (list []store.Deletion) {
	h.t.Helper()
	h.view(func(ctx context.Context, tx *store.Tx) (err error) {
		list, err = tx.Deletions(ctx, 0)
		return err
	})
	return list
}

func (h *house) due(id int64) (parts []musette.Part) {
	h.t.Helper()
	h.view(func(ctx context.Context, tx *store.Tx) error {
		states, err := tx.PartStates(ctx, h.athlete(), id)
		for _, st := range states {
			if !st.Due.IsZero() {
				parts = append(parts, st.Part)
			}
		}
		return err
	})
	return parts
}

// heldHouse is one whose athlete has deleted twelve of forty activities at once.
func heldHouse(t *testing.T) (h *house, deleted []int64) {
	h = newHouse(t, stravatest.Config{Seed: 9, Activities: 40, Limits: plenty})
	h.later(time.Hour)
	for _, a := range h.server.Activities(h.athlete())[5:17] {
		deleted = append(deleted, a.ID)
	}
	for _, id := range deleted {
		h.must(h.server.Delete(id))
	}
	h.later(6 * time.Hour)
	slices.Sort(deleted)
	return h, deleted
}

func TestHeldDeletionsWaitOneByOne(t *testing.T) {
	t.Parallel()
	h, deleted := heldHouse(t)
	if s := h.state(musette.StateHeld); s.Since == nil || s.Cause == "" {
		t.Errorf("held since %v, cause %q", s.Since, s.Cause)
	}
	var waiting []int64
	for _, d := range h.deletions() {
		if d.Decision != store.DeletionWaits || d.FoundAt.IsZero() || d.Listing != musette.ListPoll || d.From.IsZero() {
			t.Errorf("deletion %+v", d)
		}
		waiting = append(waiting, d.ActivityID)
	}
	if !slices.Equal(waiting, deleted) {
		t.Errorf("%v wait, want %v", waiting, deleted)
	}
	since := *h.status().Since
	h.later(15 * 24 * time.Hour) // polls and sweeps change nothing
	if s := h.state(musette.StateHeld); !s.Since.Equal(since) || len(h.deletions()) != len(deleted) || len(h.activities()) != 40 {
		t.Errorf("after two weeks held since %v, %d deletions, %d shown", s.Since, len(h.deletions()), len(h.activities()))
	}

	// Accepted ones go, once Strava has said so for each; the others wait on.
	if n, err := keeper.AcceptDeletions(t.Context(), h.store, deleted[:2], h.clock.Now()); n != 2 || err != nil {
		t.Fatalf("accepted %d, %v", n, err)
	}
	if len(h.activities()) != 40 {
		t.Error("an accepted deletion went without a word from Strava")
	}
	calls := len(h.callsIn(func() { h.later(time.Minute) }))
	if calls != 2 || len(h.activities()) != 38 || h.status1(deleted[0]) != store.StatusGone || len(h.deletions()) != 10 {
		t.Errorf("%d calls, %d shown, %d deletions left", calls, len(h.activities()), len(h.deletions()))
	}
	h.state(musette.StateHeld)

	// Rejected ones are kept: not public, nothing due.
	if _, err := keeper.RejectDeletions(t.Context(), h.store, deleted[2:4], h.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if h.status1(deleted[2]) != store.StatusKept || len(h.due(deleted[2])) > 0 {
		t.Errorf("a rejected deletion left status %q, due %v", h.status1(deleted[2]), h.due(deleted[2]))
	}
	h.state(musette.StateHeld)
	if n, err := keeper.AcceptDeletions(t.Context(), h.store, nil, h.clock.Now()); n != 8 || err != nil {
		t.Fatalf("accepted %d, %v, want the 8 that wait", n, err)
	}
	if s := h.status(); s.State == musette.StateHeld {
		t.Error("it is held though nothing waits")
	}
	h.later(9 * 24 * time.Hour)
	s := h.state(musette.StateOK)
	if len(h.activities()) != 28 || s.Athletes[0].Activities != 30 {
		t.Errorf("%d shown, %d counted: want 28, and the two that are kept besides", len(h.activities()), s.Athletes[0].Activities)
	}
	// A person who changes their mind has a kept one asked for.
	if _, err := keeper.AcceptDeletions(t.Context(), h.store, deleted[2:3], h.clock.Now()); err != nil {
		t.Fatal(err)
	}
	h.later(time.Minute)
	if h.status1(deleted[2]) != store.StatusGone || h.status1(deleted[3]) != store.StatusKept {
		t.Errorf("statuses %q and %q, want gone and kept", h.status1(deleted[2]), h.status1(deleted[3]))
	}
}

func TestDecidingOnNothingChangesNothing(t *testing.T) {
	t.Parallel()
	h, deleted := heldHouse(t)
	before := h.deletions()
	_, err := keeper.RejectDeletions(t.Context(), h.store, []int64{deleted[0], 12345}, h.clock.Now())
	if no, ok := errors.AsType[*keeper.NoDeletionError](err); !ok || no.ActivityID != 12345 {
		t.Errorf("%v, want 12345 named", err)
	}
	if !slices.Equal(before, h.deletions()) || h.status1(deleted[0]) != store.StatusLive {
		t.Error("half of a refused decision was carried out")
	}
}

// What is listed again is no deletion, whatever was decided; the hold ends by itself.
func TestListedAgainTheyAreNoDeletions(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 9, Activities: 40, Limits: plenty}, func(h *house) { h.scopes = []string{"read", "activity:read"} })
	h.later(time.Hour)
	here := h.activities()
	var hidden []int64
	for _, a := range h.server.Activities(h.athlete()) {
		if _, ok := here[a.ID]; ok && len(hidden) < 10 {
			hidden = append(hidden, a.ID)
		}
	}
	for _, id := range hidden {
		h.must(h.server.SetVisibility(id, stravatest.OnlyMe))
	}
	h.later(7 * time.Hour)
	h.state(musette.StateHeld)
	_, err := keeper.RejectDeletions(t.Context(), h.store, hidden[:1], h.clock.Now())
	h.must(err)
	_, err = keeper.AcceptDeletions(t.Context(), h.store, hidden[1:2], h.clock.Now())
	h.must(err)
	h.later(time.Minute)
	if h.status1(hidden[0]) != store.StatusKept || h.status1(hidden[1]) != store.StatusGone {
		t.Fatalf("statuses %q and %q", h.status1(hidden[0]), h.status1(hidden[1]))
	}
	for _, id := range hidden {
		h.must(h.server.SetVisibility(id, stravatest.Everyone))
	}
	h.later(7 * time.Hour)
	h.state(musette.StateOK)
	if n := len(h.activities()); n != len(here) || len(h.deletions()) != 0 {
		t.Errorf("%d of %d are shown, %d deletions are left", n, len(here), len(h.deletions()))
	}
}

// What a sweep has found isn't decided by a poll, for which it may be few.
func TestAPollDoesNotJudgeWhatASweepHasFound(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 9, Activities: 450, Limits: plenty})
	h.later(time.Hour)
	all := h.server.Activities(h.athlete())
	for _, a := range all[210:400] { // where polls don't look
		h.must(h.server.Delete(a.ID))
	}
	h.must(h.server.Delete(all[190].ID))
	h.later(7*24*time.Hour + time.Hour)
	h.state(musette.StateHeld)
	before := len(h.deletions())
	for range 20 { // new ones, which move the rest down the page
		h.add(time.Time{})
		h.later(time.Hour)
	}
	if n := len(h.deletions()); n < 190 || n != before {
		t.Errorf("%d deletions wait after %d before", n, before)
	}
	h.state(musette.StateHeld)
	_, err := keeper.AcceptDeletions(t.Context(), h.store, nil, h.clock.Now())
	h.must(err)
	h.later(2 * time.Hour)
	h.complete()
	h.state(musette.StateOK)
}

// More than a cursor names are found all the same.
func TestThousandsMissingAreEachADeletion(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 9, Activities: 1500, Limits: plenty}, func(h *house) {
		h.filter.Types = []string{"Crosscountry skiing"} // nothing but the list is fetched
	})
	h.later(2 * time.Hour)
	all := h.server.Activities(h.athlete())
	for _, a := range all[300:] {
		h.must(h.server.Delete(a.ID))
	}
	h.later(8 * 24 * time.Hour)
	h.state(musette.StateHeld)
	if n := len(h.deletions()); n != 1200 {
		t.Errorf("%d deletions wait, want 1200", n)
	}
}

func TestTombstonesArePurgedAfterThirtyDays(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 9, Activities: 40, Limits: plenty})
	h.later(time.Hour)
	all := h.server.Activities(h.athlete())
	first, second := all[3].ID, all[4].ID
	h.must(h.server.Rename(second, "renamed"))
	h.must(h.server.Delete(first))
	h.later(7 * time.Hour)
	if h.status1(first) != store.StatusGone {
		t.Fatalf("status %q, want gone", h.status1(first))
	}
	if n := h.status().Athletes[0].Activities; n != 39 {
		t.Errorf("%d activities are counted, want 39: one is gone", n)
	}
	older := func() (n int) {
		h.view(func(ctx context.Context, tx *store.Tx) error {
			old, err := tx.History(ctx, h.athlete(), second)
			n = len(old)
			return err
		})
		return n
	}
	if older() == 0 {
		t.Fatal("a rename left no older document")
	}
	h.later(28 * 24 * time.Hour)
	if _, ok := h.document(first, musette.PartDetail); !ok || older() == 0 {
		t.Error("documents went before their 30 days")
	}
	h.later(4 * 24 * time.Hour)
	if _, ok := h.document(first, musette.PartDetail); ok || h.status1(first) != "" {
		t.Error("a tombstone is there after 32 days")
	}
	if n := older(); n != 0 {
		t.Errorf("%d older documents are there after 32 days", n)
	}
	h.complete()
	h.must(h.store.Verify(t.Context()))
}

// A poisoned detail is quarantined with its reason, tried rarely, and mended by a person's sync at once.
func TestPoisonedIsQuarantinedAndSyncedByID(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 10, Activities: 30, Limits: plenty})
	all := h.server.Activities(h.athlete())
	var id int64
	for _, a := range all {
		if len(a.Photos) > 0 {
			id = a.ID
		}
	}
	h.fault(stravatest.Fault{Kind: stravatest.FaultEmptyObject, Path: fmt.Sprintf("/activities/%d", id)})
	h.fault(stravatest.Fault{Kind: stravatest.FaultEmptyObject, Path: fmt.Sprintf("/activities/%d/photos", id)})
	h.later(6 * 24 * time.Hour)
	s := h.state(musette.StateOK)
	parts := s.Athletes[0].Parts
	for _, part := range []musette.Part{musette.PartDetail, musette.PartPhotos} {
		if n := parts[part]; n.Quarantined != 1 || n.Due != 0 || n.Failed != 0 {
			t.Errorf("%s %+v, want one quarantined", part, n)
		}
	}
	h.view(func(ctx context.Context, tx *store.Tx) error {
		list, err := tx.Quarantined(ctx, 10)
		if len(list) != 2 || list[0].ActivityID != id || list[0].Message == "" {
			t.Errorf("quarantined %+v", list)
		}
		return err
	})
	if a, ok := h.shown(id); !ok || a.Map == nil && all[0].Polyline() != "" {
		t.Error("a poisoned activity isn't shown with what is here")
	}
	h.server.ResetCalls()
	h.later(48 * time.Hour)
	n := 0
	for _, c := range h.server.Calls() {
		if strings.Contains(c.Path, fmt.Sprint(id)) {
			n++
		}
	}
	if n < 1 || n > 2 {
		t.Errorf("%d calls in two days for one poisoned activity, want one a day: its map is never given up", n)
	}
	h.server.ClearFaults()
	h.sync(id)
	h.complete()
	if n := h.status().Athletes[0].Parts[musette.PartPhotos]; n.Quarantined != 0 {
		t.Errorf("photos %+v after all is well", n)
	}
}

// A person's sync of one activity fetches that one, and leaves the backfill alone.
func TestSyncOfOneFetchesOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 10, Activities: 90})
	h.later(0)
	all := h.server.Activities(h.athlete())
	h.clock.Advance(15 * time.Minute)
	oldest := all[len(all)-1]
	calls := h.callsIn(func() { h.sync(oldest.ID) })
	if a, ok := h.shown(oldest.ID); !ok || len(a.Missing) > 0 {
		t.Errorf("missing %v of the one asked for", a.Missing)
	}
	if len(calls) > 12 {
		t.Errorf("%d calls for one activity", len(calls))
	}
	if err := keeper.Known(t.Context(), h.store, 12345); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an activity that isn't here: %v", err)
	}
}

func TestRebuild(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 9, Activities: 120, Limits: plenty})
	h.later(2 * time.Hour)
	rebuild := func(ctx context.Context) (keeper.Rebuilt, error) { return h.keeper.Rebuild(ctx, nil) }
	if sum, err := rebuild(t.Context()); err != nil || sum.Activities != 120 || sum.Changed != 0 {
		t.Errorf("rebuilding what is well: %+v, %v", sum, err)
	}
	before := h.activities()
	h.must(h.store.Update(t.Context(), nil, func(tx *store.Tx) error {
		n := 0
		for id, row := range before {
			if n++; n <= 7 {
				row.View, row.ID = []byte(`{"name":"spoilt"}`), id
				if _, err := tx.PutActivity(t.Context(), row); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := h.keeper.Rebuild(ctx, func(keeper.Rebuilt) { cancel() }); err == nil {
		t.Error("a rebuild that was stopped went to its end")
	}
	if _, err := rebuild(t.Context()); err != nil {
		t.Error(err)
	}
	h.complete()
	h.lead(func(context.Context) error {
		other := keeper.New(keeper.Config{Store: h.store, Policy: h.policy, Now: h.clock.Now, Holder: "another"})
		if _, err := other.Rebuild(t.Context(), nil); err == nil {
			t.Error("two lead at once")
		} else if _, held := errors.AsType[*store.HeldError](err); !held {
			t.Error(err)
		}
		return nil
	})
}
