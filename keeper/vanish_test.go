package keeper_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"musette"
	"musette/store"
	"musette/strava/stravatest"
)

func TestDeletionNeedsAbsenceAndA404(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 9, Activities: 30}, func(h *house) { h.scopes = []string{"read", "activity:read"} })
	h.later(3 * time.Hour)
	here := len(h.activities())
	var id int64
	for _, a := range h.server.Activities(h.athlete())[5:] {
		if a.Visibility == stravatest.Everyone {
			id = a.ID
			break
		}
	}

	// A 404 alone proves nothing.
	h.fault(stravatest.Fault{Kind: stravatest.FaultNotFound, Path: fmt.Sprintf("/activities/%d", id)})
	h.sync(id)
	h.later(2 * time.Hour)
	if _, ok := h.shown(id); !ok {
		t.Fatal("a 404 alone deleted an activity")
	}
	h.server.ClearFaults()

	// Absence from the list alone proves nothing.
	h.must(h.server.SetVisibility(id, stravatest.OnlyMe)) // which this grant doesn't see
	h.fault(stravatest.Fault{Kind: stravatest.FaultServerError, Path: fmt.Sprintf("/activities/%d", id)})
	h.later(7 * time.Hour)
	if _, ok := h.shown(id); !ok {
		t.Fatal("absence from a list alone deleted an activity")
	}
	h.server.ClearFaults()

	// Both together do; the documents stay.
	h.later(24 * time.Hour)
	if _, ok := h.shown(id); ok {
		t.Fatal("an activity that is gone from Strava is still shown")
	}
	if _, ok := h.document(id, musette.PartDetail); !ok {
		t.Error("a tombstone lost its documents")
	}
	if n := len(h.activities()); n != here-1 {
		t.Errorf("%d activities, want %d", n, here-1)
	}
	if calls := h.callsIn(func() { h.later(24 * time.Hour) }); len(calls) > 6 {
		t.Errorf("%d calls a day beside a tombstone", len(calls))
	}

	// Listed again, it is back.
	h.must(h.server.SetVisibility(id, stravatest.Everyone))
	h.later(7 * time.Hour)
	if a, ok := h.shown(id); !ok || len(a.Missing) > 0 {
		t.Errorf("an activity that is listed again isn't back: %v, missing %v", ok, a.Missing)
	}
}

func TestDeletedOnStravaIsGoneAfterAPoll(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 9, Activities: 230, Limits: plenty})
	h.later(time.Hour)
	all := h.server.Activities(h.athlete())
	h.must(h.server.Delete(all[10].ID))
	h.later(6 * time.Hour)
	h.complete()
	// Far back, where only a sweep looks; the very oldest too.
	for _, i := range []int{215, 220, 228, 229} {
		h.must(h.server.Delete(all[i].ID))
	}
	h.later(8 * 24 * time.Hour)
	h.complete()
	h.state(musette.StateOK)
}

func TestFailure26MassDisappearanceIsHeld(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 9, Activities: 40}, func(h *house) { h.scopes = []string{"read", "activity:read"} })
	h.later(3 * time.Hour)
	here := h.activities()
	hidden := 0
	for _, a := range h.server.Activities(h.athlete())[3:] {
		if _, ok := here[a.ID]; ok && hidden < 12 {
			h.must(h.server.SetVisibility(a.ID, stravatest.OnlyMe))
			hidden++
		}
	}
	h.later(7 * time.Hour)
	if s := h.state(musette.StateHeld); s.Cause == "" {
		t.Error("held has no cause")
	}
	added := h.add(time.Time{})
	h.later(9 * 24 * time.Hour) // polls and a sweep
	h.state(musette.StateHeld)
	if n := len(h.activities()); n != len(here)+1 {
		t.Errorf("%d activities are shown, want %d", n, len(here)+1)
	}
	if _, ok := h.shown(added); !ok {
		t.Error("while deletions are held, nothing else goes on")
	}
	for _, a := range h.server.Activities(h.athlete()) {
		if _, ok := here[a.ID]; ok && a.Visibility == stravatest.OnlyMe {
			h.must(h.server.SetVisibility(a.ID, stravatest.Everyone))
		}
	}
	h.later(25 * time.Hour)
	h.state(musette.StateOK)
}

// An empty list for an account with activities changes nothing, however often it comes.
func TestFailure24EmptyListsEmptyNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 10, Activities: 30})
	h.later(3 * time.Hour)
	h.fault(stravatest.Fault{Kind: stravatest.FaultEmptyList, Path: "/athlete/activities"})
	h.later(20 * time.Hour)
	h.complete()
	h.later(5 * 24 * time.Hour)
	h.state(musette.StateHeld)
	h.complete()
	h.server.ClearFaults()
	h.later(48 * time.Hour)
	h.state(musette.StateOK)
	h.complete()
}

func TestAnEmptyAccountIsNoFault(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 10, Activities: 230, Limits: plenty})
	h.fault(stravatest.Fault{Kind: stravatest.FaultEmptyList, Path: "/athlete/activities", Count: 1})
	h.later(time.Minute)
	if s := h.state(musette.StateOK); s.AsOf == nil {
		t.Error("an empty account is never up to date")
	}
	h.later(7 * time.Hour) // it begins to run; all at once, as it happens
	h.complete()
	for _, a := range h.activities() {
		h.view(func(ctx context.Context, tx *store.Tx) error {
			states, err := tx.PartStates(ctx, h.athlete(), a.ID)
			for _, st := range states {
				if !st.FirstWalk {
					t.Errorf("activity %d isn't of the first walk: all of it would be asked for again", a.ID)
				}
			}
			return err
		})
	}
}
