package simulate_test

import (
	"strings"
	"testing"

	"musette/e2e/simulate"
	"musette/plan"
)

// Every scenario keeps its bounds; `make simulate` plays the same with the team at its full size.
func TestSimulateScenarios(t *testing.T) {
	for _, sc := range simulate.SmallScenarios() {
		if underRace && sc.Old.Activities > 500 { // those take minutes there, and have no goroutines of their own
			continue
		}
		t.Run(sc.Name, func(t *testing.T) {
			t.Parallel()
			check(t, sc)
		})
	}
}

func check(t *testing.T, sc simulate.Scenario) {
	t.Helper()
	res, err := simulate.Run(t.Context(), sc, nil)
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
	seeds := 60
	if underRace {
		seeds = 6
	}
	sum, err := simulate.Chance(t.Context(), 1, seeds)
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
	sc := simulate.Random(12)
	p := plan.Default()
	p.Believe = 1
	sc.Policy = &p
	res, err := simulate.Run(t.Context(), sc, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(res.Wrong, "\n"), "poorer route") {
		t.Errorf("nobody noticed that routes were lost: %q", res.Wrong)
	}
}

// A bound that is missed is told.
func TestSimulateTellsWhatIsMissed(t *testing.T) {
	sc := simulate.Scenario{
		Name: "one", Old: simulate.Stock{Activities: 3}, Days: 1,
		Bounds: []simulate.Bound{{What: "calls", Most: 3, Of: func(r *simulate.Result) float64 { return float64(r.Total) }}},
	}
	res, err := simulate.Run(t.Context(), sc, nil)
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
		res, err := simulate.Run(t.Context(), sc, nil)
		if err != nil {
			t.Fatal(err)
		}
		totals[i] = res.Total
	}
	if totals[0] != totals[1] {
		t.Errorf("%d calls, and then %d", totals[0], totals[1])
	}
}
