package keeper_test

import (
	"slices"
	"testing"
	"time"

	"musette"
	"musette/keeper"
	"musette/store"
	"musette/strava/stravatest"
)

// A Strava that is broken, or hostile, and whoever forges events, can't hide an athlete's activities together: thirty
// claims at once, each with a 404 to confirm it, hide none.
func TestABurstOfDeleteEventsIsHeld(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	h.fault(stravatest.Fault{Kind: stravatest.FaultNotFound, Path: "/activities/*", For: time.Hour})
	for _, a := range h.server.Activities(h.athlete()) {
		h.event(h.about("delete", a.ID, h.athlete()))
	}
	calls := h.minutes(30)
	s := h.state(musette.StateHeld)
	if n := len(h.activities()); n != 30 || len(h.deletions()) != 30 || len(calls) != 0 {
		t.Errorf("%d of 30 shown, %d deletions wait, %d calls; want all, all, and none", n, len(h.deletions()), len(calls))
	}
	if s.Cause == "" || s.Advice == "" || s.Since == nil {
		t.Errorf("held, cause %q, advice %q, since %v", s.Cause, s.Advice, s.Since)
	}
	h.later(6 * time.Hour) // a list that has them all ends it
	h.state(musette.StateOK)
	if n := len(h.activities()); n != 30 || len(h.deletions()) != 0 {
		t.Errorf("%d of 30 shown, %d deletions are left", n, len(h.deletions()))
	}
	h.complete()
}

// One after the other they are as many: the first few go, as any single one does, and then everything waits, those few
// included.
func TestDeleteEventsOneByOneAreHeldToo(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	var gone []int64
	for _, a := range h.server.Activities(h.athlete())[:12] {
		gone = append(gone, a.ID)
		h.must(h.server.Delete(a.ID))
		h.event(h.about("delete", a.ID, h.athlete()))
		h.minutes(20)
	}
	h.state(musette.StateHeld)
	if n := len(h.activities()); n != 25 || len(h.deletions()) != 12 {
		t.Fatalf("%d shown, %d deletions wait; want 25 and all 12", n, len(h.deletions()))
	}
	// The lists lack them as well, which decides nothing; nor does time, and no document is lost.
	h.later(45 * 24 * time.Hour)
	h.state(musette.StateHeld)
	if n := len(h.activities()); n != 25 || len(h.deletions()) != 12 {
		t.Fatalf("%d shown, %d deletions wait after 45 days", n, len(h.deletions()))
	}
	n, err := keeper.RejectDeletions(t.Context(), h.store, gone[:2], h.clock.Now()) // had gone
	if h.must(err); n != 2 || h.status1(gone[0]) != store.StatusKept {
		t.Errorf("%d rejected, the first has status %q", n, h.status1(gone[0]))
	}
	if a, ok := h.stored(gone[1]); !ok || len(a.View) == 0 {
		t.Error("what was rejected has no view")
	}
	if n, err = keeper.AcceptDeletions(t.Context(), h.store, nil, h.clock.Now()); err != nil || n != 10 {
		t.Fatalf("%d accepted, %v", n, err)
	}
	h.later(2 * time.Hour)
	h.state(musette.StateOK)
	if len(h.activities()) != 18 || len(h.deletions()) != 2 || h.status1(gone[5]) != store.StatusGone {
		t.Errorf("%d shown, %d deletions left, %q; want 18, and the two that are kept", len(h.activities()), len(h.deletions()), h.status1(gone[5]))
	}
	// An event changes nothing about what a person keeps.
	h.event(h.about("delete", gone[0], h.athlete()))
	if calls := h.minutes(5); len(calls) != 0 || h.status1(gone[0]) != store.StatusKept {
		t.Errorf("%d calls for a kept activity, which is %q now", len(calls), h.status1(gone[0]))
	}
}

// Few deletions need nobody, by whatever way, and days apart they don't add up.
func TestFewDeletionsNeedNobody(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	all := h.server.Activities(h.athlete())
	for day, some := range slices.Collect(slices.Chunk(all[:16], 4)) {
		for i, a := range some {
			h.must(h.server.Delete(a.ID))
			if i%2 == 0 {
				h.event(h.about("delete", a.ID, h.athlete()))
			}
		}
		h.later(36 * time.Hour)
		if n := len(h.activities()); n != 30-4*(day+1) {
			t.Fatalf("%d are shown after day %d", n, day+1)
		}
	}
	h.state(musette.StateOK)
	h.complete()
}

// One that waits because of events, and that Strava shows when somebody asks for it, is no deletion.
func TestShownAgainItWaitsNoMore(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	all := h.server.Activities(h.athlete())
	for _, a := range all[:8] {
		h.event(h.about("delete", a.ID, h.athlete()))
	}
	h.minutes(1)
	if n := len(h.deletions()); n != 8 {
		t.Fatalf("%d deletions wait, want 8", n)
	}
	_, err := keeper.AskRefresh(t.Context(), h.store, all[2].ID, h.clock.Now())
	h.must(err)
	h.minutes(1)
	waits := h.deletions()
	if len(waits) != 7 || slices.ContainsFunc(waits, func(d store.Deletion) bool { return d.ActivityID == all[2].ID }) {
		t.Errorf("%d deletions wait, want the other 7", len(waits))
	}
}
