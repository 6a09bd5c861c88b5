package e2e

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"musette"
	"musette/strava/stravatest"
)

// A clock that is hours ahead stops nothing, and everybody who can set it is told: in the status, on the page, in the
// figures and the log. Set right, it is no longer told.
func TestClockWrong(t *testing.T) {
	t.Parallel()
	var behind atomic.Int64 // Strava's clock, behind ours
	behind.Store(int64(2 * time.Hour))
	w := newWorld(t, stravatest.Config{Seed: 31, Activities: 5, Limits: plenty, Now: func() time.Time {
		return time.Now().Add(-time.Duration(behind.Load()))
	}})
	p := w.program()
	p.must("sync") // exit code 0: it is no state
	out := p.must("status")
	for _, want := range []string{"state", "ok\n", "clock_wrong: this machine's clock is 2 h ahead of Strava's", "timedatectl set-ntp true"} {
		if !strings.Contains(out, want) {
			t.Errorf("`musette status` doesn't say %q:\n%s", want, out)
		}
	}

	s := p.serve()
	s.until("everything being here", s.settled)
	st := s.status()
	if len(st.Warnings) != 1 || st.Warnings[0].Name != musette.WarningClock || st.Warnings[0].OffS < 7195 || st.Warnings[0].OffS > 7205 {
		t.Errorf("/v1/status warns of %+v", st.Warnings)
	}
	w.complete(p)
	for path, want := range map[string]string{
		"/":        "The server’s clock is about 2 hours ahead",
		"/status":  "The clock is wrong",
		"/metrics": "musette_clock_off_seconds 7",
	} {
		if body := s.get(path).want(200).body; !strings.Contains(body, want) {
			t.Errorf("%s doesn't say %q:\n%s", path, want, shorten(body))
		}
	}

	behind.Store(0)
	s.do("POST", "/v1/refresh", "{}").want(202)
	s.until("the warning being over", func() bool { return len(s.status().Warnings) == 0 })
	s.says("the clock of this machine is right again")
	if body := s.get("/metrics").want(200).body; !strings.Contains(body, "musette_clock_off_seconds 0\n") {
		t.Error("the figures still say that it is wrong")
	}
}
