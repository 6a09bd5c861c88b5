package e2e

import (
	"testing"
	"time"

	"musette"
	"musette/strava/stravatest"
)

// With Strava's limits for a new app a sync stops in good order, with everything visible and nothing refused, and
// the next process knows what is left.
func TestSyncStopsAtTheLimits(t *testing.T) {
	t.Parallel()
	inOneQuarter(t)
	w := newWorld(t, stravatest.Config{Seed: 2, Activities: 450})
	p := w.program()
	first := p.run("sync", "--json")
	first.wantProblem(t, 3, "limited", "until")
	if n := w.Refused(); n != 0 {
		t.Errorf("%d calls were refused", n)
	}
	s := first.status(t)
	if s.State != musette.StateLimited || s.Until == nil || s.ETA == nil || !s.Until.After(time.Now().Add(-time.Minute)) {
		t.Errorf("state %s until %v, eta %v, want limited, with the next quarter and an estimate", s.State, s.Until, s.ETA)
	}
	if s.Calls != len(w.Calls()) || s.Calls < 60 {
		t.Errorf("the status says %d calls, Strava saw %d, want the same and most of the 100", s.Calls, len(w.Calls()))
	}
	got := p.activities()
	if len(got) != 450 {
		t.Errorf("%d activities are visible, want 450", len(got))
	}
	lines := 0
	for i := range got {
		if got[i].Map != nil {
			lines++
		}
	}
	if lines < 300 {
		t.Errorf("%d of the activities have a route on the map, though the summaries have one", lines)
	}

	before := len(w.Calls())
	for range 3 { // each a new process, that asks for a refresh as a person would
		o := p.run("sync", "--json")
		o.wantProblem(t, 3, "limited")
	}
	if n := len(w.Calls()) - before; n > 12 {
		t.Errorf("three new processes made %d calls in the same quarter", n)
	}
	if u := w.Usage(); u.ReadQuarter > 100 {
		t.Errorf("%d calls were made in a quarter that has 100", u.ReadQuarter)
	}

	// With nothing left, not even a person's refresh is tried.
	w.Spend(w.Limits().ReadQuarter - w.Usage().ReadQuarter)
	o := p.run("sync", "--json") // may learn from one refused call that another program spent what was left
	o.wantProblem(t, 3, "limited")
	before = len(w.Calls())
	o = p.run("sync", "--json")
	o.wantProblem(t, 3, "limited")
	if n := len(w.Calls()) - before; n != 0 {
		t.Errorf("a sync that knows that nothing is left made %d calls", n)
	}
	if len(p.activities()) != 450 {
		t.Error("activities went missing")
	}
}

// inOneQuarter makes sure that a test that is about one quarter hour doesn't see it end, nor begin: in its first
// seconds the ledger doesn't believe the usage that headers tell, since it may be that of the quarter before.
func inOneQuarter(t *testing.T) {
	t.Helper()
	const quarter, begun, enough = 15 * time.Minute, 5 * time.Second, 45 * time.Second
	eventually(t, "the midst of a quarter hour", func() bool {
		now := time.Now()
		since := now.Sub(now.Truncate(quarter))
		return since > begun && quarter-since > enough
	})
}

// What another program spends of the same app's quota is seen in the headers, and respected.
func TestSyncSharesTheQuotaWithOtherPrograms(t *testing.T) {
	t.Parallel()
	inOneQuarter(t)
	w := newWorld(t, stravatest.Config{Seed: 2, Activities: 120})
	w.Spend(90)
	o := w.program().run("sync", "--json")
	o.wantProblem(t, 3, "limited")
	if n := w.Refused(); n != 0 {
		t.Errorf("%d calls were refused", n)
	}
	if n := len(w.Calls()); n > 10 {
		t.Errorf("%d calls, though 10 were left", n)
	}
}
