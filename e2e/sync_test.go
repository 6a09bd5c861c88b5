package e2e

import (
	"fmt"
	"testing"
	"time"

	"musette"
	"musette/strava/stravatest"
)

// A first sync mirrors everything with hardly a call more than it must, and a second one costs next to nothing:
// whether Strava rotates refresh tokens or not, and though access tokens end at any moment.
func TestSync(t *testing.T) {
	for _, rotating := range []bool{false, true} {
		t.Run(fmt.Sprintf("rotating=%v", rotating), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, stravatest.Config{Seed: 1, Activities: 450, Limits: plenty, RotateRefreshTokens: rotating})
			p := w.program()

			o := p.run("sync", "--json")
			o.wantCode(t, 0)
			w.wantStatus(o)
			w.wantCalls(w.least())
			w.complete(p)
			t.Logf("450 activities with %d calls (least %d) in %v", len(w.Calls()), w.least(), o.took.Round(time.Millisecond))

			for _, expired := range []bool{false, true} {
				w.ResetCalls()
				if expired {
					w.ExpireTokens()
				}
				o := p.run("sync", "--json")
				o.wantCode(t, 0)
				w.wantStatus(o)
				if n := len(w.Calls()); n > 2 {
					t.Errorf("a second sync (tokens expired: %v) made %d calls, want at most 2", expired, n)
				}
			}
			w.complete(p)
		})
	}
}

// Access tokens that end in the middle of a sync cost a call each, and nothing else.
func TestSyncWithTokensThatExpireMeanwhile(t *testing.T) {
	for _, rotating := range []bool{false, true} {
		t.Run(fmt.Sprintf("rotating=%v", rotating), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, stravatest.Config{Seed: 1, Activities: 450, Limits: plenty, RotateRefreshTokens: rotating})
			p := w.program()
			sync := p.start("sync", "--json")
			for _, n := range []int{100, 300} {
				sync.until(fmt.Sprintf("%d calls", n), func() bool { return len(w.Calls()) >= n })
				w.ExpireTokens()
			}
			sync.wait()
			o := sync.outcome()
			o.wantCode(t, 0)
			w.wantStatus(o)
			w.wantCalls(w.least())
			w.complete(p)
			if n := w.Counts()["POST /oauth/token"]; n > 3 {
				t.Errorf("the token was refreshed %d times, want 3 at most", n)
			}
		})
	}
}

// wantStatus checks the last line of a sync that went well, against what Strava saw.
func (w *world) wantStatus(o outcome) {
	w.t.Helper()
	s := o.status(w.t)
	if s.State != musette.StateOK || s.Cause != "" {
		w.t.Errorf("state %s (%s), want ok", s.State, s.Cause)
	}
	if n := len(w.Calls()); s.Calls != n {
		w.t.Errorf("the status says %d calls, Strava saw %d", s.Calls, n)
	}
	if n := w.Refused(); n != 0 {
		w.t.Errorf("%d calls were refused", n)
	}
	if len(s.Athletes) != 1 || s.Athletes[0].Activities != len(w.activities()) {
		w.t.Errorf("athletes %+v, want one with %d activities", s.Athletes, len(w.activities()))
	}
}

// wantCalls checks that Strava saw a number of calls within 2% of the least.
func (w *world) wantCalls(least int) {
	w.t.Helper()
	if n := len(w.Calls()); float64(n) > 1.02*float64(least) {
		w.t.Errorf("%d calls, want at most 2%% more than %d: %v", n, least, w.Counts())
	}
}
