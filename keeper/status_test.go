package keeper_test

import (
	"testing"
	"time"

	"musette"
	"musette/keeper"
	"musette/quota"
	"musette/strava/stravatest"
)

// stands fails unless the status, as any process reads it from the store, is in a state since then.
func (h *house) stands(state musette.State, since time.Time) {
	h.t.Helper()
	s, err := keeper.ReadStatus(h.t.Context(), h.store, h.clock.Now(), 0, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	switch {
	case s.State != state:
		h.t.Errorf("state %s (%s), want %s", s.State, s.Cause, state)
	case s.Since == nil, s.Since.Sub(since).Abs() > time.Second:
		h.t.Errorf("%s since %v, want %v", state, s.Since, since)
	case s.Advice != state.Advice():
		h.t.Errorf("%s: advice %q", state, s.Advice)
	}
}

func TestLimitedSaysSinceWhen(t *testing.T) {
	h := newHouse(t, stravatest.Config{Seed: 2, Activities: 450})
	h.sync()
	h.stands(musette.StateLimited, noon)
	h.clock.Set(noon.Add(5 * time.Minute))
	h.reopen()
	h.sync() // a call for a person ends the waiting, and it begins anew
	h.stands(musette.StateLimited, noon.Add(5*time.Minute))
}

func TestOfflineAndInactiveSaySinceWhen(t *testing.T) {
	h := newHouse(t, stravatest.Config{Seed: 1, Activities: 40, Limits: plenty})
	h.run(noon.Add(time.Hour))
	h.at.Close()
	h.run(noon.Add(24 * time.Hour))
	s, err := keeper.ReadStatus(t.Context(), h.store, h.clock.Now(), 0, nil)
	if err != nil || s.State != musette.StateOffline || s.Since == nil || s.Advice == "" {
		t.Fatalf("%+v, %v", s, err)
	}
	began := *s.Since
	if began.Before(noon.Add(6*time.Hour)) || began.After(noon.Add(7*time.Hour)) {
		t.Errorf("offline since %s; the first poll after noon was at six", began)
	}
	h.run(noon.Add(48 * time.Hour))
	h.stands(musette.StateOffline, began)
}

func TestReconnectSaysSinceWhenForEachAthlete(t *testing.T) {
	h := newHouse(t, stravatest.Config{Seed: 1, Activities: 10, Limits: plenty})
	h.run(noon.Add(time.Hour))
	h.server.Revoke(h.athlete())
	h.run(noon.Add(24 * time.Hour))
	s, err := keeper.ReadStatus(t.Context(), h.store, h.clock.Now(), 0, nil)
	if err != nil || s.State != musette.StateReconnect || s.Since == nil || len(s.Athletes) != 1 {
		t.Fatalf("%+v, %v", s, err)
	}
	a := s.Athletes[0]
	if a.State != musette.StateReconnect || a.Since == nil || !a.Since.Equal(*s.Since) || a.Advice == "" || a.Cause == "" {
		t.Errorf("%+v, not since %s", a, s.Since)
	}
	began := *s.Since
	h.reopen()
	h.run(noon.Add(48 * time.Hour)) // a new process tries once more, in vain
	h.stands(musette.StateReconnect, began)
}

// The rules that the leader goes by are those that every process sees.
func TestRulesOfTheLeaderAreEverybodys(t *testing.T) {
	h := newHouse(t, stravatest.Config{Seed: 2, Activities: 450})
	rules := quota.DefaultRules()
	rules.Reserve[musette.ClassEvent] = 0.5
	h.keeper = keeper.New(keeper.Config{
		Store: h.store, Strava: h.client, Tokens: h.tokens, Policy: h.policy, Rules: &rules, Filter: h.filter, Now: h.clock.Now, Log: h.log,
	})
	h.sync()
	if n := len(h.server.Calls()); n < 38 || n > 50 {
		t.Errorf("%d calls at a quarter's start, of 100 with more than half kept back", n)
	}
	h.stands(musette.StateLimited, noon)
}
