package keeper_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"musette"
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
