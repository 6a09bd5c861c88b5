package simulate_test

import (
	"strings"
	"testing"
	"time"

	"musette/e2e/simulate"
	"musette/plan"
	"musette/strava/stravatest"
)

// Every scenario keeps its bounds; `make simulate` plays the same with more activities and athletes.
func TestSimulateScenarios(t *testing.T) {
	for _, sc := range simulate.SmallScenarios() {
		if underRace && !brief(&sc) {
			continue
		}
		t.Run(sc.Name, func(t *testing.T) {
			t.Parallel()
			check(t, sc)
		})
	}
}

// brief makes a scenario short enough for the race detector, under which everything takes fifteen times as long. It
// returns false for those that can't be, or are like another as far as goroutines go.
func brief(sc *simulate.Scenario) bool {
	switch name := sc.Name; {
	case strings.HasPrefix(name, "edits"), strings.HasPrefix(name, "a day of ") && !strings.Contains(name, "500") && !strings.Contains(name, "empty lists"):
		return false
	case name == "first backfill":
		return true
	case strings.HasPrefix(name, "quiet month"):
		sc.Days = 4
	case name == "team":
		sc.Days = 1
	}
	sc.After = 0 // and nothing is compared at the end
	return true
}

func check(t *testing.T, sc simulate.Scenario) {
	t.Helper()
	res, err := simulate.Run(t.Context(), sc, simulate.Listeners{})
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Write(t.Output()); err != nil {
		t.Fatal(err)
	}
	if !res.OK() {
		t.Error("a bound is missed, or something wrong was shown: see above")
	}
}

// Whatever goes wrong: once all is quiet the mirror is as Strava is, nothing false or poorer was shown on the way, and
// no limit was gone over.
func TestSimulateChance(t *testing.T) {
	seeds := 40
	if underRace {
		seeds = 4
	}
	sum, err := simulate.Chance(t.Context(), 1, seeds, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := sum.Write(t.Output()); err != nil {
		t.Fatal(err)
	}
	if len(sum.Failed) > 0 {
		t.Errorf("%d of %d schedules failed", len(sum.Failed), seeds)
	}
}

// A mirror that believes every answer at once is found out: the watching has eyes.
func TestSimulateNoticesAMirrorThatBelievesLies(t *testing.T) {
	p := plan.Default()
	p.Believe = 1
	sc := simulate.Scenario{Name: "believed", Seed: 2, Old: simulate.Stock{Activities: 8}, Mirrored: true, Days: 1, Policy: &p, Script: []simulate.Act{
		{Do: simulate.Break, Fault: stravatest.Fault{Kind: stravatest.FaultEmptyPolyline, Path: "/activities/*", For: 23 * time.Hour}},
		{At: time.Hour, Do: simulate.Rename},
		{At: time.Hour, Do: simulate.Rename, Which: 3},
	}}
	res, err := simulate.Run(t.Context(), sc, simulate.Listeners{})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(res.Wrong, "\n"), "poorer route") {
		t.Errorf("nobody noticed that routes were lost: %q", res.Wrong)
	}
}

// A mirror that never looks again for descriptions is found out at the end, when all must be as on Strava.
func TestSimulateNoticesAMirrorThatNeverLooksAgain(t *testing.T) {
	p := plan.Default()
	p.Recheck = nil
	sc := simulate.Scenario{Name: "unlooked", Seed: 3, Old: simulate.Stock{Activities: 3}, Days: 1, After: 8, Policy: &p, Script: []simulate.Act{
		{At: 2 * time.Hour, Do: simulate.Upload}, {At: 9 * time.Hour, Do: simulate.Describe},
	}}
	res, err := simulate.Run(t.Context(), sc, simulate.Listeners{})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(res.Wrong, "\n"), "description is") {
		t.Errorf("nobody noticed that a description is missing: %q", res.Wrong)
	}
}

// Where Strava's answers don't say what is used, only the ledger in the store keeps a new process within the limits; one
// without it is refused.
func TestSimulateNoticesAMirrorThatForgetsItsCalls(t *testing.T) {
	for _, forgetful := range []bool{false, true} {
		sc := simulate.Scenario{
			Name: "forgotten", Seed: 4, Old: simulate.Stock{Activities: 150}, Days: 1,
			Script: []simulate.Act{{Do: simulate.Break, Fault: stravatest.Fault{Kind: stravatest.FaultNoHeaders, For: 24 * time.Hour}}},
			Chaos:  &simulate.Chaos{Kills: []simulate.Kill{{At: 2 * time.Second, InFlight: true}}},
		}
		if forgetful {
			sc.Chaos.Forgetful()
		}
		res, err := simulate.Run(t.Context(), sc, simulate.Listeners{})
		if err != nil {
			t.Fatal(err)
		}
		if forgetful != (res.Refused > 0) {
			t.Errorf("forgetful %v, and %d calls were refused", forgetful, res.Refused)
		}
	}
}

// A bound that is missed is told.
func TestSimulateTellsWhatIsMissed(t *testing.T) {
	sc := simulate.Scenario{
		Name: "one", Old: simulate.Stock{Activities: 3}, Days: 1,
		Bounds: []simulate.Bound{{What: "calls", Most: 3, Of: func(r *simulate.Result) float64 { return float64(r.Total) }}},
	}
	res, err := simulate.Run(t.Context(), sc, simulate.Listeners{})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := res.Write(&b); err != nil {
		t.Fatal(err)
	}
	if res.OK() || !strings.Contains(b.String(), "MISSED  calls: ") {
		t.Errorf("three activities need more than 3 calls, and the report says:\n%s", b.String())
	}
}

// The same seed plays the same life.
func TestSimulateIsRepeatable(t *testing.T) {
	sc := simulate.Random(7)
	sc.Chaos.Kills = nil // which of the calls in flight is the last is for the scheduler to say
	var totals [2]int
	for i := range totals {
		res, err := simulate.Run(t.Context(), sc, simulate.Listeners{})
		if err != nil {
			t.Fatal(err)
		}
		totals[i] = res.Total
	}
	if totals[0] != totals[1] {
		t.Errorf("%d calls, and then %d", totals[0], totals[1])
	}
}
