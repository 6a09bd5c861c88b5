package keeper_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"musette"
	"musette/keeper"
	"musette/strava/stravatest"
)

// Two months of a random life at the least limits: uploads, edits, deletions, faults, kills. Once all is quiet the
// mirror is what Strava has; no call was ever refused, and the ledger never knew of fewer than Strava counted.
func TestLifeOfTwoMonths(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		t := &lifeTB{T: t, rapid: r}
		defer t.end()
		h := newHouse(t, stravatest.Config{
			Seed: rapid.Uint64Range(1, 50).Draw(r, "seed"), Activities: rapid.IntRange(0, 25).Draw(r, "activities"),
			RotateRefreshTokens: rapid.Bool().Draw(r, "rotate"),
			Quirks: stravatest.Quirks{
				BeforeInclusive: rapid.Bool().Draw(r, "inclusive"), ShortPages: rapid.Bool().Draw(r, "short"),
				HiddenStartsByTrueTime: rapid.Bool().Draw(r, "hidden"),
			},
		})
		end := noon.Add(60 * 24 * time.Hour)
		deletions := 3 // so few that none is held
		for h.clock.Now().Before(end) {
			h.live(r, &deletions)
			h.later(time.Duration(rapid.IntRange(1, 72).Draw(r, "hours")) * time.Hour)
			if d := h.invented(); d != "" {
				r.Fatalf("at %s: %s", h.clock.Now(), d)
			}
			if used, now := h.server.Usage(), h.status().Quota; now.Read.Day.Used < used.ReadDay || now.Read.Quarter.Used < used.ReadQuarter {
				r.Fatalf("at %s the ledger has %+v, Strava counts %+v", h.clock.Now(), now.Read, used)
			}
		}
		h.server.ClearFaults()
		h.later(9 * 24 * time.Hour) // a sweep, and the waits of what failed
		if d := h.differences(); len(d) > 0 {
			r.Fatalf("%d differences, first: %s; %+v", len(d), d[0], h.status().LastErrors)
		}
		switch again, err := h.keeper.Rebuild(t.Context(), nil); {
		case err != nil:
			r.Fatal(err)
		case again.Changed > 0:
			r.Fatalf("%d activities are shown otherwise than their documents say", again.Changed)
		}
		if s := h.status(); s.State != musette.StateOK {
			r.Fatalf("state %s (%s) though all is quiet", s.State, s.Cause)
		}
		if n := h.server.Refused(); n != 0 {
			r.Fatalf("%d calls were refused", n)
		}
	})
}

// live lets something happen.
func (h *house) live(r *rapid.T, deletions *int) {
	all := h.server.Activities(h.athlete())
	what := rapid.SampledFrom([]string{"nothing", "add", "add", "late", "rename", "photo", "comment", "kudos", "crop", "hide", "ask", "delete", "fault", "fault", "kill", "expire"}).Draw(r, "what")
	id := int64(0)
	if len(all) > 0 {
		id = all[rapid.IntRange(0, len(all)-1).Draw(r, "which")].ID
	}
	var err error
	switch {
	case what == "nothing":
	case what == "add" || id == 0:
		h.add(time.Time{})
	case what == "late":
		h.add(h.clock.Now().Add(-time.Duration(rapid.IntRange(1, 500).Draw(r, "days")) * 24 * time.Hour))
	case what == "rename":
		err = h.server.Rename(id, fmt.Sprintf("Name %d", rapid.IntRange(0, 9).Draw(r, "name")))
	case what == "photo":
		_, err = h.server.AddPhoto(id, "A photo")
	case what == "comment":
		_, err = h.server.AddComment(id, somebody, "A comment")
	case what == "kudos":
		err = h.server.AddKudos(id, somebody)
	case what == "crop":
		err = h.server.SetType(id, rapid.SampledFrom([]string{"Run", "Ride", "Walk"}).Draw(r, "type"))
	case what == "hide":
		err = h.server.SetVisibility(id, rapid.SampledFrom([]string{stravatest.Everyone, stravatest.OnlyMe}).Draw(r, "visibility"))
	case what == "ask": // just after an edit, which may be taken back before the next poll
		h.must(h.server.SetType(id, rapid.SampledFrom([]string{"Run", "Ride", "Walk"}).Draw(r, "type")))
		if _, ok := h.activities()[id]; ok {
			_, err = keeper.AskRefresh(h.t.Context(), h.store, id, h.clock.Now())
			if _, refused := errors.AsType[*keeper.RefusedError](err); refused {
				err = nil
			}
			h.later(time.Minute)
		}
	case what == "delete":
		if *deletions > 0 && len(all) > 8 {
			*deletions--
			err = h.server.Delete(id)
		}
	case what == "fault":
		kind := rapid.SampledFrom(faultKinds).Draw(r, "fault")
		if kind == stravatest.FaultScopeMissing { // needs a person
			kind = stravatest.FaultReset
		}
		h.fault(stravatest.Fault{
			Kind: kind, Delay: time.Microsecond, For: time.Duration(rapid.IntRange(1, 30).Draw(r, "for")) * time.Hour,
			Probability: rapid.SampledFrom([]float64{0, 0.3, 0.8}).Draw(r, "probability"),
		})
	case what == "kill":
		h.reopen()
	case what == "expire":
		h.server.ExpireTokens()
	}
	h.must(err)
}

// invented says what is shown that never was, if anything.
func (h *house) invented() string {
	for id := range h.activities() {
		a, _ := h.shown(id)
		if a.Name == "" || a.SportType == "" || a.SportType == "Unknown" || a.MovingS <= 0 {
			return fmt.Sprintf("activity %d is shown as %q, a %q of %d s", id, a.Name, a.SportType, a.MovingS)
		}
	}
	return ""
}

// lifeTB lets a house live in one run of a property: what it opened is closed at the run's end.
type lifeTB struct {
	*testing.T
	rapid   *rapid.T
	cleanup []func()
}

func (t *lifeTB) Cleanup(f func())             { t.cleanup = append(t.cleanup, f) }
func (t *lifeTB) Helper()                      {}
func (t *lifeTB) Fatal(args ...any)            { t.rapid.Fatal(args...) }
func (t *lifeTB) Fatalf(f string, args ...any) { t.rapid.Fatalf(f, args...) }
func (t *lifeTB) Error(args ...any)            { t.rapid.Error(args...) }
func (t *lifeTB) Errorf(f string, args ...any) { t.rapid.Errorf(f, args...) }
func (t *lifeTB) end() {
	for i := len(t.cleanup) - 1; i >= 0; i-- {
		t.cleanup[i]()
	}
}
