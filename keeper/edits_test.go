package keeper_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"musette"
	"musette/store"
	"musette/strava/stravatest"
	"musette/strava/stravatest/season"
)

var somebody = season.Person{First: "Jo", Last: "D."}

// What is edited on Strava shows after the next poll, without a webhook.
func TestFailure32EditsShowAfterAPoll(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 7, Activities: 40})
	h.later(3 * time.Hour)
	h.complete()
	all := h.server.Activities(h.athlete())
	mapped := map[bool][]int64{}
	pictured, commented := int64(0), int64(0)
	for _, a := range all {
		mapped[a.HasMap()] = append(mapped[a.HasMap()], a.ID)
		if len(a.Photos) > 1 {
			pictured = a.ID
		}
		if len(a.Comments) > 1 {
			commented = a.ID
		}
	}
	comment := func(id int64) error { _, err := h.server.AddComment(id, somebody, "Chapeau"); return err }
	photo := func(id int64) error { _, err := h.server.AddPhoto(id, "The view"); return err }
	find := func(id int64) season.Activity {
		for _, a := range h.server.Activities(h.athlete()) {
			if a.ID == id {
				return a
			}
		}
		return season.Activity{}
	}
	for _, edit := range []struct {
		name string
		do   func() error
	}{
		{"rename", func() error { return h.server.Rename(all[0].ID, "A new name") }},
		{"type", func() error { return h.server.SetType(all[1].ID, "TrailRun") }},
		{"visibility", func() error { return h.server.SetVisibility(all[2].ID, stravatest.OnlyMe) }},
		{"crop", func() error {
			return errors.Join(h.server.Rename(mapped[true][0], "Evening ride, cropped"), h.server.Crop(mapped[true][0], time.Minute, 10*time.Minute))
		}},
		{"photo", func() error { return photo(all[3].ID) }},
		{"comment", func() error { return comment(all[4].ID) }},
		{"kudos", func() error { return h.server.AddKudos(all[5].ID, somebody) }},
		{"photo removed", func() error { return h.server.RemovePhoto(pictured, find(pictured).Photos[0].UniqueID) }},
		{"comment removed", func() error { return h.server.RemoveComment(commented, find(commented).Comments[0].ID) }},
	} {
		h.must(edit.do())
		if len(h.differences()) == 0 {
			t.Errorf("%s: nothing to see, the test is void", edit.name)
		}
		calls := h.keeper.Calls()
		h.later(6*time.Hour + time.Minute)
		if d := h.differences(); len(d) > 0 {
			t.Errorf("%s: a poll later it doesn't show: %s", edit.name, d[0])
		}
		if n := h.keeper.Calls() - calls; n > 1+1+6 { // the poll, the part, and rechecks of what is recent
			t.Errorf("%s took %d calls", edit.name, n)
		}
	}
}

// A list without its routes isn't believed; that somebody has made an activity private shows all the same.
func TestMadePrivateShowsThoughTheListHasLostItsRoutes(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 7, Activities: 40})
	h.later(3 * time.Hour)
	h.complete()
	var id int64
	for _, a := range h.server.Activities(h.athlete()) {
		if shown, ok := h.shown(a.ID); ok && a.HasMap() && shown.Visibility == "everyone" {
			id = a.ID
			break
		}
	}
	h.must(h.server.SetVisibility(id, stravatest.OnlyMe))
	h.fault(stravatest.Fault{Kind: stravatest.FaultEmptyPolyline, Path: "/athlete/activities", For: 8 * time.Hour})
	calls := h.callsIn(func() { h.later(6*time.Hour + time.Minute) })
	a, ok := h.shown(id)
	if !ok || a.Visibility != "only_me" || a.Map == nil {
		t.Errorf("shown: %v, visibility %q, with a map: %v", ok, a.Visibility, a.Map != nil)
	}
	if len(calls) > 1+1+6 { // the poll, the detail, and rechecks of what is recent
		t.Errorf("it took %d calls", len(calls))
	}
}

// Strava tells nobody of a description; new activities are looked at again after an hour, a day and a week.
func TestDescriptionsShowWithinTheRechecks(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 7, Activities: 10})
	h.later(3 * time.Hour)
	id := h.add(time.Time{})
	h.sync()
	h.must(h.server.SetDescription(id, "Rain at first."))
	if a, ok := h.shown(id); !ok || a.Description != nil && *a.Description == "Rain at first." {
		t.Error("it is there at once, the test is void")
	}
	h.later(time.Hour + time.Minute)
	h.complete()
	h.must(h.server.SetDescription(id, "Rain at first, then sun."))
	h.later(24 * time.Hour)
	h.complete()
	h.must(h.server.SetDescription(id, "Sun."))
	h.later(7 * 24 * time.Hour)
	h.complete()
	if calls := h.callsIn(func() { h.later(5 * time.Hour) }); len(calls) > 1 {
		t.Errorf("%d calls though all rechecks are over", len(calls))
	}
}

func TestFailure06LateUploadFarBackIsFoundByTheSweep(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 8, Activities: 230, Limits: plenty})
	h.later(time.Hour)
	all := h.server.Activities(h.athlete())
	oldest := all[len(all)-1]
	id := h.add(oldest.Start.Add(-400 * 24 * time.Hour))
	h.later(3 * 24 * time.Hour)
	if _, ok := h.shown(id); ok {
		t.Error("a poll found it, the test is void")
	}
	h.later(5 * 24 * time.Hour)
	h.complete()
}

// More new activities than a page holds since the last poll: the gap is walked, wherever the walk is killed.
func TestFailure04MoreNewActivitiesThanAPageHolds(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 8, Activities: 30, Limits: plenty})
	h.later(time.Hour)
	h.complete()
	for i := range 430 {
		h.add(h.clock.Now().Add(-time.Duration(430-i) * time.Minute / 2))
	}
	h.clock.Advance(5*time.Hour + time.Minute)
	before := h.lists()
	for range 3 { // a page a process
		h.lead(func(ctx context.Context) error {
			_, err := h.keeper.Step(ctx, h.clock.Now())
			return err
		})
		h.reopen()
	}
	h.later(10 * time.Minute)
	if n := h.lists() - before; n > 4 {
		t.Errorf("%d listings for 430 new activities", n)
	}
	h.complete()
	h.state(musette.StateOK)
}

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

func TestFailure01PoisonedActivitiesBlockNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 10, Activities: 30})
	all := h.server.Activities(h.athlete())
	for i, kind := range []stravatest.FaultKind{stravatest.FaultServerError, stravatest.FaultTruncate, stravatest.FaultEmptyObject, stravatest.FaultHTML} {
		h.fault(stravatest.Fault{Kind: kind, Path: fmt.Sprintf("/activities/%d", all[7*i].ID)})
	}
	h.later(24 * time.Hour)
	if d := h.wrong(); len(d) > 0 {
		t.Errorf("wrong: %s", d[0])
	}
	if n := h.status().Athletes[0].Parts[musette.PartDetail]; n.Have != 26 || n.Due+n.Quarantined != 4 || n.Failed != 0 {
		t.Errorf("details %+v, want 26 here and 4 asked for again: the map is never given up", n)
	}
	h.state(musette.StateOK)
	for i := range 4 {
		if a, ok := h.shown(all[7*i].ID); !ok || a.Name != all[7*i].Name {
			t.Errorf("activity %d isn't shown as the list has it", all[7*i].ID)
		}
	}
	added := h.add(time.Time{})
	h.later(7 * time.Hour)
	if a, ok := h.shown(added); !ok || len(a.Missing) > 0 {
		t.Error("a new activity waits behind poisoned ones")
	}
	h.server.ClearFaults()
	h.later(25 * time.Hour)
	h.complete()
}

func TestAPartThatNeverComesIsGivenUpAfterFiveFailures(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 10, Activities: 30, Quirks: stravatest.Quirks{NoPhotosEndpoint: true}})
	h.later(7 * 24 * time.Hour)
	photos := 0
	for _, a := range h.server.Activities(h.athlete()) {
		photos += min(1, len(a.Photos))
	}
	s := h.state(musette.StateOK)
	if n := s.Athletes[0].Parts[musette.PartPhotos]; n.Failed != photos || n.Due != 0 {
		t.Errorf("photos %+v, want %d given up", n, photos)
	}
	if n := s.Athletes[0].Parts[musette.PartDetail]; n.Have != 30 {
		t.Errorf("details %+v: photos spoil them", n)
	}
	if calls := h.callsIn(func() { h.later(24 * time.Hour) }); len(calls) > 10 {
		t.Errorf("%d calls a day for what was given up", len(calls))
	}
}

func TestPlaceholdersAreAskedForAgainSoon(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 10, Activities: 30})
	h.fault(stravatest.Fault{Kind: stravatest.FaultPlaceholder, For: 30 * time.Minute})
	h.later(25 * time.Minute)
	if len(h.differences()) == 0 {
		t.Error("nothing is missing, the test is void")
	}
	h.later(time.Hour)
	h.complete()
}

func TestAContradictionIsBelievedAfterADay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 10, Activities: 30})
	var id int64
	for _, a := range h.server.Activities(h.athlete()) {
		if len(a.Photos) > 0 {
			id = a.ID
		}
	}
	h.fault(stravatest.Fault{Kind: stravatest.FaultEmptyList, Path: fmt.Sprintf("/activities/%d/photos", id)})
	h.later(23 * time.Hour)
	if a, _ := h.shown(id); fmt.Sprint(a.Missing) != "[photos]" {
		t.Errorf("missing %v, want photos: nothing came where some are counted", a.Missing)
	}
	if _, ok := h.document(id, musette.PartPhotos); ok {
		t.Error("a contradiction was stored")
	}
	h.later(8 * time.Hour)
	if a, _ := h.shown(id); len(a.Missing) > 0 {
		t.Errorf("missing %v after a day: what is said twice is so", a.Missing)
	}
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

// An edit that was taken back before the list was asked for again leaves the list as it was, byte for byte. The view
// follows it all the same: something made public by mistake must not stay so.
func TestAnEditTakenBackShowsAfterAPoll(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 7, Activities: 12, Limits: plenty})
	h.later(3 * time.Hour)
	h.complete()
	var a season.Activity
	for _, one := range h.server.Activities(h.athlete()) {
		if one.HasMap() && one.Visibility == stravatest.Everyone {
			a = one
		}
	}
	for _, edit := range []struct {
		name     string
		do, undo func() error
	}{
		{"name", func() error { return h.server.Rename(a.ID, "Oops") }, func() error { return h.server.Rename(a.ID, a.Name) }},
		{"visibility", func() error { return h.server.SetVisibility(a.ID, stravatest.OnlyMe) }, func() error { return h.server.SetVisibility(a.ID, stravatest.Everyone) }},
		{"type", func() error { return h.server.SetType(a.ID, "Snowboard") }, func() error { return h.server.SetType(a.ID, a.SportType) }},
	} {
		before, _ := h.shown(a.ID)
		h.must(edit.do())
		h.sync(a.ID)
		if seen, _ := h.shown(a.ID); seen.Name == before.Name && seen.Visibility == before.Visibility && seen.SportType == before.SportType {
			t.Fatalf("%s: the edit was not seen, the test is void", edit.name)
		}
		h.must(edit.undo())
		h.later(6*time.Hour + time.Minute)
		h.complete()
		if edit.name != "type" {
			continue
		}
		h.later(2 * 24 * time.Hour)
		h.server.ResetCalls()
		h.later(18 * time.Hour)
		if n := h.server.Counts()["GET /activities/{id}"]; n > 0 {
			t.Errorf("%d details fetched though nothing has changed", n)
		}
	}
}
