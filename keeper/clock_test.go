package keeper_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"musette"
	"musette/keeper"
	"musette/quota"
	"musette/strava"
	"musette/strava/stravatest"
)

// off is a house in which our clock is ahead of Strava's, and the clock to set right.
func off(t *testing.T, by time.Duration, with ...func(*house)) (*house, *ahead) {
	t.Helper()
	h := newHouse(t, stravatest.Config{Seed: 5, Activities: 4, Limits: plenty}, with...)
	ours := &ahead{clock: h.clock, by: by}
	h.clock = ours
	h.reopen()
	return h, ours
}

// warned fails unless the status, as any process reads it from the store, warns of the clock, or doesn't.
func (h *house) warned(want bool) (w musette.Warning) {
	h.t.Helper()
	s, err := keeper.ReadStatus(h.t.Context(), h.store, h.clock.Now(), 0, nil)
	h.must(err)
	if got := len(s.Warnings) == 1 && s.Warnings[0].Name == musette.WarningClock; got != want {
		h.t.Fatalf("warnings: %+v; wanted the clock's: %v", s.Warnings, want)
	}
	if want {
		w = s.Warnings[0]
	}
	return w
}

func TestAWrongClockIsTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		by    time.Duration
		words string
	}{
		{3*time.Hour + 5*time.Minute, "this machine's clock is 3 h 5 min ahead of Strava's"},
		{-3 * time.Hour, "this machine's clock is 3 h behind Strava's"},
		{5 * time.Minute, "5 min ahead"},
		{-40 * 24 * time.Hour, "40 days behind"},
		{20 * 365 * 24 * time.Hour, "20 years ahead"},
	} {
		t.Run(c.words, func(t *testing.T) {
			t.Parallel()
			h, ours := off(t, c.by)
			h.warned(false) // before the first answer nothing is known
			if s := h.sync(); s.State != musette.StateOK || len(s.Warnings) != 1 {
				t.Errorf("the sync ends in %s (%s), warnings %v; the clock must stop nothing", s.State, s.Cause, s.Warnings)
			}
			w := h.warned(true)
			if !strings.Contains(w.Cause, c.words) || !strings.Contains(w.Advice, "timedatectl") {
				t.Errorf("it says %q, %q", w.Cause, w.Advice)
			}
			if d := time.Duration(w.OffS)*time.Second - c.by; d.Abs() > time.Second {
				t.Errorf("off by %d s, want %s", w.OffS, c.by)
			}
			if w.Since == nil || w.Since.Sub(noon).Abs() > time.Second {
				t.Errorf("since %v, want %s by Strava's clock", w.Since, noon)
			}
			h.later(7 * time.Hour) // a poll
			if again := h.warned(true); !again.Since.Equal(*w.Since) {
				t.Errorf("it began at %s, now at %s", w.Since, again.Since)
			}
			ours.by = 0
			h.reopen()
			h.sync()
			h.warned(false)
		})
	}
}

func TestARightClockIsNot(t *testing.T) {
	t.Parallel()
	h, _ := off(t, 100*time.Second)
	h.sync()
	h.later(7 * time.Hour)
	h.warned(false)
}

// Whoever sets the clock sees at once that it is no longer wrong, before Strava is asked again.
func TestAClockThatWasSetIsRightAtOnce(t *testing.T) {
	t.Parallel()
	for _, by := range []time.Duration{2 * time.Hour, -2 * time.Hour, 4 * time.Minute, -4 * time.Minute} {
		t.Run(by.String(), func(t *testing.T) {
			t.Parallel()
			h, ours := off(t, by, func(h *house) {
				h.elapsed = func() time.Duration { return h.server.Now().Sub(noon) }
			})
			h.sync()
			h.later(20 * time.Minute)
			h.warned(true)
			h.fault(stravatest.Fault{Kind: stravatest.FaultReset, Path: "/**"})
			ours.by = 0
			h.lead(func(ctx context.Context) error {
				_, err := h.keeper.Step(ctx, h.clock.Now())
				return err
			})
			h.warned(false)
		})
	}
}

// What another network answers in Strava's place says nothing of our clock.
func TestASignInPageDoesNotTellTheTime(t *testing.T) {
	t.Parallel()
	h, _ := off(t, 3*time.Hour)
	h.fault(stravatest.Fault{Kind: stravatest.FaultHTML, Path: "/**"})
	h.later(time.Hour)
	h.state(musette.StateOffline)
	h.warned(false)
}

// The clock is a machine's own, the ledger everybody's: another machine neither takes over the difference nor is told
// that its own clock is wrong.
func TestAnotherMachineHasAnotherClock(t *testing.T) {
	t.Parallel()
	shed, loft := quota.Machine{Name: "shed", ID: "1"}, quota.Machine{Name: "loft", ID: "2"}
	h, ours := off(t, 2*time.Hour, func(h *house) { h.machine = shed })
	h.sync()
	used := h.status().Quota.Read.Quarter.Used
	h.close()

	h.machine, ours.by = loft, 0
	h.open()
	s := h.status()
	if len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0].Cause, "the machine that makes the calls, shed, is 2 h ahead") {
		t.Errorf("before it calls itself, another machine warns of %+v", s.Warnings)
	}
	if q := s.Quota.Read.Quarter; q.Used != used || !q.Resets.Equal(noon.Add(15*time.Minute)) {
		t.Errorf("it shows %+v, want %d used until %s", q, used, noon.Add(15*time.Minute))
	}
	h.sync()
	if s := h.status(); len(s.Warnings) != 0 {
		t.Errorf("it has called, and warns of %+v", s.Warnings)
	}
}

// With a clock that is years off no connection comes about, so no answer shows how far: what is known is said.
func TestACertificateThatIsNotValidNamesTheClock(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 5, Activities: 3, Limits: plenty})
	secure := httptest.NewUnstartedServer(h.server)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	transport := secure.Client().Transport.(*http.Transport)
	transport.TLSClientConfig.Time = func() time.Time { return noon.AddDate(200, 0, 0) }
	plain, err := url.Parse(h.at.APIURL)
	h.must(err)
	h.options = []strava.Option{strava.WithAPIURL(secure.URL + plain.Path), strava.WithTransport(transport)}
	h.reopen()
	h.later(10 * time.Minute)
	if s := h.state(musette.StateOffline); !strings.Contains(s.Cause, "this machine's clock shows 15 June 2026") {
		t.Errorf("the cause is: %s", s.Cause)
	}
}
