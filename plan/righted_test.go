package plan_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"musette"
	"musette/plan"
)

// life draws what may become of a part, and returns its state and when that was written.
func life(t *rapid.T, st musette.PartState, now time.Time) (musette.PartState, time.Time) {
	for range rapid.IntRange(1, 12).Draw(t, "steps") {
		jitter := rapid.Float64Range(0, 1).Draw(t, "jitter")
		switch rapid.IntRange(0, 6).Draw(t, "what") {
		case 0, 1:
			st = policy.Failed(st, fault, jitter, now)
		case 2:
			st = policy.NotFound(st, fault, jitter, now)
		case 3:
			st, _ = policy.Contradicted(st, fault, jitter, now)
		case 4:
			st = policy.Unfinished(st, now)
		case 5:
			st = policy.Asked(st, musette.Class(rapid.IntRange(0, 7).Draw(t, "class")), now)
		case 6:
			st = policy.Succeeded(st, now)
			st.Due, st.Class = now.Add(rapid.SampledFrom(policy.Recheck).Draw(t, "recheck")), musette.ClassRecheck
		}
		if rapid.Bool().Draw(t, "until it is due") && st.Due.After(now) {
			now = st.Due
		} else {
			now = now.Add(time.Duration(rapid.IntRange(0, 3600*24).Draw(t, "wait")) * time.Second)
		}
	}
	return st, now
}

func newPart(t *rapid.T, now time.Time) musette.PartState {
	part := rapid.SampledFrom(append([]musette.Part{musette.PartAthlete, musette.ListWalk}, musette.ActivityParts...)).Draw(t, "part")
	st := musette.PartState{AthleteID: 1, ActivityID: 7, Part: part, FirstSeen: now, Start: now.Add(-day)}
	if part == musette.PartAthlete || part == musette.ListWalk {
		st.ActivityID = 0
	}
	return st
}

// By a clock that is right nothing is ever due later than a rule can set, so nothing is changed.
func TestWhatARightClockSetStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		st, now := life(t, newPart(t, noon), noon)
		if now.After(noon.Add(policy.RecheckEnd - policy.Recheck[2])) {
			now = noon.Add(policy.RecheckEnd - policy.Recheck[2])
		}
		if st.LastTry.After(now) || st.LastSuccess.After(now) {
			return // it went on beyond the rechecks
		}
		if got := policy.Righted(st, now); got != st {
			t.Errorf("at %s\n%+v became\n%+v", now, st, got)
		}
	})
}

// Whatever a clock that was ahead has set: with the clock right, nothing waits longer than it would have then.
func TestNothingWaitsForAClockThatWasAhead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		jump := time.Duration(rapid.IntRange(1, 365*24).Draw(t, "hours")) * hour
		st := newPart(t, noon)
		if rapid.Bool().Draw(t, "seen before") {
			st, _ = life(t, st, noon.Add(-3*day))
			st.LastTry, st.LastSuccess = time.Time{}, time.Time{}
			st.Contradicted, st.NotFound = time.Time{}, time.Time{}
		} else {
			st.FirstSeen = noon.Add(jump)
		}
		st, then := life(t, st, noon.Add(jump))
		wait := max(st.Due.Sub(later(st.LastTry, st.LastSuccess)), policy.FailureWait*5/4)
		if st.Class == musette.ClassRecheck {
			wait = max(wait, policy.RecheckEnd)
		}
		got := policy.Righted(st, noon)
		for _, at := range []time.Time{got.FirstSeen, got.LastTry, got.LastSuccess, got.Contradicted, got.NotFound} {
			if at.After(noon.Add(plan.Ahead)) {
				t.Fatalf("a time lies ahead: %+v", got)
			}
		}
		if got.Due.After(noon.Add(wait)) {
			t.Errorf("written at %s, it waits %s, want %s at most: %+v", then, got.Due.Sub(noon), wait, got)
		}
		if got.Due.IsZero() != st.Due.IsZero() || got.Class != st.Class || got.Failures != st.Failures {
			t.Errorf("%+v became %+v", st, got)
		}
	})
}

func TestAHostsProbesDontWaitForAClockThatWasAhead(t *testing.T) {
	wrong := noon.Add(365 * day)
	for name, c := range map[string]struct {
		host plan.Host
		most time.Duration
	}{
		"offline":  {offlineAt(wrong), 15 * time.Minute},
		"inactive": {plan.Host{}.Inactive("403", wrong), day},
	} {
		h := c.host.Righted(noon)
		if h.State() != c.host.State() || h.NextProbe.After(noon.Add(c.most)) || h.LastProbe.After(noon) || h.LastCall.After(noon) {
			t.Errorf("%s: %+v", name, h)
		}
		if at := c.host.Righted(wrong); at.NextProbe != c.host.NextProbe || at.LastProbe != c.host.LastProbe {
			t.Errorf("%s: of a right clock, it became %+v", name, at)
		}
	}
}

func offlineAt(at time.Time) (h plan.Host) {
	for id := range int64(5) {
		h = h.Failed(of(id+1), "500", at)
	}
	return h
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
