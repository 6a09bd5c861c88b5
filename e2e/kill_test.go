package e2e

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"musette/plan"
	"musette/strava/stravatest"
)

// Killed at fifteen random moments of a sync, and started again each time, it ends complete: no document is damaged,
// and no call is made twice but those that were in flight.
func TestSyncSurvivesKills(t *testing.T) {
	t.Parallel()
	const kills = 15
	w := newWorld(t, stravatest.Config{Seed: 4, Activities: 450, Limits: plenty})
	p := w.program()
	random := rand.New(rand.NewPCG(4, kills))
	inTime := 0
	for n := range kills {
		sync := p.start("sync")
		// Neither sleep waits for anything: they are the random moment at which it is killed.
		if n < 4 { // the first ones while it starts
			time.Sleep(time.Duration(random.IntN(200)) * time.Millisecond)
		} else {
			after := len(w.Calls()) + 1 + random.IntN(2*w.least()/kills)
			eventually(t, "calls", func() bool {
				select {
				case <-sync.ended:
					return true
				default:
					return len(w.Calls()) >= after
				}
			})
			time.Sleep(time.Duration(random.IntN(5000)) * time.Microsecond)
		}
		if code, _ := sync.stop(os.Kill); code == -1 {
			inTime++
		}
	}
	if inTime < kills*2/3 {
		t.Fatalf("only %d of %d kills came before the end", inTime, kills)
	}
	o := p.run("sync", "--json")
	o.wantCode(t, 0)
	w.complete(p)
	most := w.least() + kills*(plan.MaxInFlight+1)
	if n := len(w.Calls()); n > most {
		t.Errorf("%d calls, want at most %d: %v", n, most, w.Counts())
	} else {
		t.Logf("%d kills (%d before the end): %d calls, least %d", kills, inTime, n, w.least())
	}
	p.must("backup", "create")
	p.must("backup", "verify")
	p.wantSound()
}

// Interrupted, a sync says that nothing is lost, and the next one goes on.
func TestSyncInterrupted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 4, Limits: plenty})
	p := w.program()
	sync := p.start("sync", "--json")
	sync.until("calls", func() bool { return len(w.Calls()) >= 20 })
	_, took := sync.stop(interrupt)
	if took > 5*time.Second {
		t.Errorf("it took %v to stop", took)
	}
	sync.outcome().wantProblem(t, 1, "stopped", "nothing is lost", "musette sync")
	p.must("sync")
	w.complete(p)
	if n, most := len(w.Calls()), w.least()+plan.MaxInFlight+1; n > most {
		t.Errorf("%d calls, want at most %d", n, most)
	}
}

// Several syncs at once make the calls of one; whichever is killed, the others see it through.
func TestSyncsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 4, Activities: 200, Limits: plenty})
	p := w.program()
	first := p.start("sync", "--json")
	first.until("calls", func() bool { return len(w.Calls()) >= 20 })
	var others []*process
	for range 3 {
		others = append(others, p.start("sync", "--json"))
	}
	first.until("calls", func() bool { return len(w.Calls()) >= 100 })
	first.stop(os.Kill)
	for _, o := range others {
		if code := o.wait(); code != 0 {
			t.Errorf("a sync beside one that was killed ended with %d\n%s", code, o.outcome())
		}
	}
	w.complete(p)
	if n, most := len(w.Calls()), w.least()+2*plan.MaxInFlight+len(others)+1; n > most {
		t.Errorf("%d calls, want at most %d: %v", n, most, w.Counts())
	}
}
