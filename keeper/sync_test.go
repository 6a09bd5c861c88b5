package keeper_test

import (
	"testing"
	"time"

	"musette"
	"musette/strava/stravatest"
)

var plenty = stravatest.Limits{OverallQuarter: 20000, OverallDay: 200000, ReadQuarter: 10000, ReadDay: 100000}

// least is how few calls can mirror what the simulated Strava has: listings apart.
func (h *house) least() (n int) {
	n = 1 // the athlete
	for _, a := range h.server.Activities(h.athlete()) {
		n++
		if len(a.Photos) > 0 {
			n++
		}
		if len(a.Comments) > 0 {
			n += 1 + (len(a.Comments)-1)/30
		}
	}
	return n
}

func TestFirstSyncTakesTheLeastCalls(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 1, Activities: 450, Limits: plenty})
	s := h.sync()
	if s.State != musette.StateOK || s.Cause != "" {
		t.Errorf("state %s (%s), want ok; errors %+v", s.State, s.Cause, s.LastErrors)
	}
	h.complete()
	if got, want := s.Calls, h.least()+4; got != want {
		t.Errorf("%d calls, want %d", got, want)
	}
	if n := h.server.Refused(); n != 0 {
		t.Errorf("%d calls were refused", n)
	}
	before := h.keeper.Calls()
	h.sync()
	if got := h.keeper.Calls() - before; got != 1 {
		t.Errorf("a second sync made %d calls, want 1", got)
	}
}

// Whatever Strava does that nobody has documented, all is found, at a few listings more at most.
func TestQuirksOfTheListHideNothing(t *testing.T) {
	t.Parallel()
	for name, quirks := range map[string]stravatest.Quirks{
		"before is inclusive": {BeforeInclusive: true},
		"pages oldest first":  {ReverseOrder: true},
		"short pages":         {ShortPages: true},
		"hidden starts true":  {HiddenStartsByTrueTime: true},
		"all but the photos":  {BeforeInclusive: true, ReverseOrder: true, ShortPages: true, HiddenStartsByTrueTime: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, stravatest.Config{Seed: 3, Activities: 450, Limits: plenty, Quirks: quirks}, onlyLists)
			h.sync()
			if n := len(h.activities()); n != 450 {
				t.Errorf("%d activities are here, want 450", n)
			}
			lists := h.server.Counts()["GET /athlete/activities"]
			if most := 8; lists > most {
				t.Errorf("%d listings, want at most %d", lists, most)
			}
		})
	}
}

func TestAllIsVisibleBeforeDetailsAndNothingIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 2, Activities: 450})
	s := h.sync()
	if s.State != musette.StateLimited || s.Until == nil || !s.Until.Equal(noon.Add(15*time.Minute)) {
		t.Errorf("state %s until %v, want limited until the next quarter", s.State, s.Until)
	}
	if got := len(h.activities()); got != 450 {
		t.Errorf("%d activities are visible, want 450", got)
	}
	if s.ETA == nil || s.ETA.Before(noon.Add(time.Hour)) {
		t.Errorf("eta %v, want more than an hour from now", s.ETA)
	}
	calls := s.Calls
	h.reopen()
	s = h.sync()
	if s.Calls > 2 { // the reserves leave a person's refresh
		t.Errorf("a new process made %d calls in the same quarter after %d", s.Calls, calls)
	}
	if n := h.server.Refused(); n != 0 {
		t.Errorf("%d calls were refused", n)
	}
}

// The first sync at the least limits ends on the first day that they allow, with no call refused.
func TestBackfillUsesTheQuotaWhole(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 2, Activities: 300})
	h.run(noon.Add(2 * time.Hour))
	h.complete()
	if n := h.server.Refused(); n != 0 {
		t.Errorf("%d calls were refused", n)
	}
}

func TestKilledAnywhereItGoesOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 4, Activities: 120, Limits: plenty})
	for range 400 {
		before := h.keeper.Calls()
		h.run(h.clock.Now()) // steps until nothing is due right now
		if h.keeper.Calls() == before {
			break
		}
		h.reopen()
	}
	h.complete()
	if got, want := len(h.server.Calls()), h.least()+2; got > want {
		t.Errorf("%d calls, want at most %d", got, want)
	}
}
