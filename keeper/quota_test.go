package keeper_test

import (
	"testing"
	"time"

	"musette"
	"musette/strava/stravatest"
)

func TestFailure14A429KeepsQuietUntilTheReset(t *testing.T) {
	inBubble(t, stravatest.Config{Seed: 2, Activities: 150}, quietAfter429)
}

func quietAfter429(h *house) {
	t := h.t
	h.later(time.Second)
	h.state(musette.StateLimited)
	h.later(15 * time.Minute)
	h.server.Spend(200) // another program of the same app
	h.add(time.Time{})
	s := h.sync()
	if s.State != musette.StateLimited || s.Until == nil || s.Until.Minute()%15 != 0 {
		t.Errorf("state %s until %v, want limited until a quarter", s.State, s.Until)
	}
	if n := h.server.Refused(); n > 3 {
		t.Errorf("%d calls were refused, want those in flight at most", n)
	}
	refused := h.server.Refused()
	if calls := h.callsIn(func() { h.run(s.Until.Add(-time.Second)) }); len(calls) != 0 {
		t.Errorf("%d calls were made before the reset", len(calls))
	}
	h.later(3 * time.Hour)
	if n := h.server.Refused(); n != refused {
		t.Errorf("%d more calls were refused", n-refused)
	}
	h.complete()
}

func TestFailure12LimitsRaisedAndLoweredWithinTheDay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 2, Activities: 150})
	h.later(time.Second)
	h.server.SetLimits(stravatest.Limits{OverallQuarter: 400, OverallDay: 4000, ReadQuarter: 200, ReadDay: 2000})
	h.later(16 * time.Minute)
	if used := h.server.Usage().ReadDay; used <= 200 {
		t.Errorf("%d calls in two quarters: the raised limit isn't used", used)
	}
	h.complete()
	h.server.SetLimits(stravatest.Limits{OverallQuarter: 20, OverallDay: 400, ReadQuarter: 10, ReadDay: 320})
	for range 12 {
		h.add(time.Time{})
		h.later(time.Hour)
	}
	h.later(48 * time.Hour)
	h.complete()
	if n := h.server.Refused(); n > 3 { // those in flight when the limit fell
		t.Errorf("%d calls were refused", n)
	}
}

func TestHeadersMissingOrEmptyAreNoNews(t *testing.T) {
	for _, kind := range []stravatest.FaultKind{stravatest.FaultNoHeaders, stravatest.FaultEmptyHeaders} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, stravatest.Config{Seed: 2, Activities: 150})
			h.fault(stravatest.Fault{Kind: kind})
			h.later(3 * time.Hour)
			h.complete()
			if n := h.server.Refused(); n != 0 {
				t.Errorf("%d calls were refused", n)
			}
			if got, want := h.status().Quota.Read.Day.Used, h.server.Usage().ReadDay; got != want {
				t.Errorf("the ledger counts %d calls today, Strava %d", got, want)
			}
		})
	}
}

// The ledger outlives the process and is shared with every other one on the store.
func TestFailure16OneLedgerForAllProcesses(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 2, Activities: 150})
	h.later(time.Second)
	other := h.another()
	if a, b := h.status().Quota, other.status().Quota; a != b {
		t.Errorf("two processes see two ledgers: %+v, %+v", a, b)
	}
	h.later(15 * time.Minute)
	if a, b := h.status().Quota, other.status().Quota; a != b {
		t.Errorf("two processes see two ledgers: %+v, %+v", a, b)
	}
}

// Many comments come in pages, each with a reservation, and the pages of one activity are fetched once.
func TestCommentsComeInPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 2, Activities: 20})
	h.later(2 * time.Hour)
	h.complete()
	id := h.server.Activities(h.athlete())[2].ID
	for range 75 {
		_, err := h.server.AddComment(id, somebody, "Nice")
		h.must(err)
	}
	before := h.server.Counts()["GET /activities/{id}/comments"]
	h.later(6 * time.Hour)
	h.complete()
	if n := h.server.Counts()["GET /activities/{id}/comments"] - before; n < 3 || n > 4 {
		t.Errorf("%d calls for 75 and more comments", n)
	}
	h.server.Spend(97 - h.server.Usage().ReadQuarter) // room for one page, about
	for range 40 {
		_, err := h.server.AddComment(id, somebody, "Well done")
		h.must(err)
	}
	h.later(13 * time.Hour)
	h.complete()
	if n := h.server.Refused(); n != 0 {
		t.Errorf("%d calls were refused", n)
	}
}
