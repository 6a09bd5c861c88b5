package keeper_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"musette"
	"musette/keeper"
	"musette/quota"
	"musette/store"
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
	if cause := h.status().Cause; !strings.Contains(cause, "is kept for") || !strings.Contains(cause, "at 12:0") {
		t.Errorf("calls are left, and the cause is: %s", cause)
	}
	h.clock.Set(noon.Add(5 * time.Minute))
	h.reopen()
	h.sync() // a call for a person ends the waiting, and it begins anew
	h.stands(musette.StateLimited, noon.Add(5*time.Minute))
}

func TestLimitedSaysWhenNothingIsLeft(t *testing.T) {
	h := newHouse(t, stravatest.Config{Seed: 2, Activities: 150})
	h.clock.Set(noon.Add(5 * time.Minute))
	h.server.Spend(100)
	h.sync()
	if s := h.status(); s.State != musette.StateLimited || !strings.Contains(s.Cause, "used up") || !strings.Contains(s.Cause, "at 12:15") {
		t.Errorf("%s because %s", s.State, s.Cause)
	}
}

// What waits for another try belongs to what is due, however long it waits; an athlete for whom nothing can be called
// and what was given up do not.
func TestETAWaitsForFailedTries(t *testing.T) {
	ctx := t.Context()
	st, err := store.OpenMemory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	state := func(athlete, activity int64, due time.Time, o musette.Outcome) musette.PartState {
		return musette.PartState{AthleteID: athlete, ActivityID: activity, Part: musette.PartPhotos, Class: musette.ClassEnrich, Due: due, Outcome: o, Failures: 1}
	}
	eta := func(states ...musette.PartState) time.Duration {
		t.Helper()
		err := st.Update(ctx, nil, func(tx *store.Tx) error {
			return errors.Join(
				tx.PutGrant(ctx, store.Grant{ID: "well", AthleteID: 1}), tx.PutAthlete(ctx, store.Athlete{ID: 1, ListedAt: noon}),
				tx.PutAthlete(ctx, store.Athlete{ID: 2, ListedAt: noon}), tx.Block(ctx, 2), tx.PutPartState(ctx, states...),
			)
		})
		if err != nil {
			t.Fatal(err)
		}
		s, err := keeper.ReadStatus(ctx, st, noon, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		if s.ETA == nil {
			return -1
		}
		return s.ETA.Sub(noon)
	}
	far := noon.Add(20 * time.Hour)
	if got := eta(state(2, 1, noon, ""), state(1, 9, far, musette.OutcomeQuarantined)); got != -1 {
		t.Errorf("in %s; nothing is to be expected", got)
	}
	if got := eta(state(1, 2, noon.Add(3*time.Hour), "")); got != 3*time.Hour {
		t.Errorf("in %s, want when the part is tried again", got)
	}
	var many []musette.PartState
	for id := range int64(500) {
		many = append(many, state(1, 100+id, noon, ""))
	}
	if got := eta(many...); got < 3*time.Hour || got > 3*time.Hour+time.Minute {
		t.Errorf("in %s; 500 calls take five quarters, and the part is tried again later", got)
	}
	if got := eta(state(1, 2, noon, "")); got < 75*time.Minute || got > 90*time.Minute {
		t.Errorf("in %s; 501 calls take five quarters and one more", got)
	}
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
