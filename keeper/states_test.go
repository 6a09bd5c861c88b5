package keeper_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"musette"
	"musette/keeper"
	"musette/strava/stravatest"
)

// callsIn returns when calls reached the server while f ran.
func (h *house) callsIn(f func()) []time.Time {
	h.t.Helper()
	n := len(h.server.Calls())
	f()
	var at []time.Time
	for _, c := range h.server.Calls()[n:] {
		at = append(at, c.Time)
	}
	return at
}

func minutes(from time.Time, at []time.Time) (out []int) {
	for _, t := range at {
		out = append(out, int(t.Sub(from).Round(time.Minute)/time.Minute))
	}
	return out
}

func TestOfflineAfterFiveFailuresAndProbedEverMoreRarely(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 1, Activities: 40, Limits: plenty})
	h.fault(stravatest.Fault{Kind: stravatest.FaultServerError, Path: "/activities/**"})
	h.later(time.Second) // the list works
	down := h.clock.Now()
	s := h.state(musette.StateOffline)
	if s.Cause == "" || s.Until == nil || s.ETA != nil {
		t.Errorf("offline says too little: %+v", s)
	}
	probes := minutes(down, h.callsIn(func() { h.later(62*time.Minute + 30*time.Second) }))
	want := []int{1, 3, 7, 15, 30, 45, 60}
	if len(probes) != len(want) {
		t.Fatalf("probes after %v minutes, want %v", probes, want)
	}
	for i := range want {
		if d := probes[i] - want[i]; d < -1 || d > 1 {
			t.Errorf("probes after %v minutes, want %v", probes, want)
			break
		}
	}
	for _, e := range h.status().LastErrors {
		if e.At.After(down) {
			t.Errorf("a failure while the host was offline counts against %s of %d", e.Part, e.ActivityID)
		}
	}
	if n := h.status().Athletes[0].Parts[musette.PartDetail]; n.Failed != 0 || n.Due != 40 {
		t.Errorf("details %+v, want 40 due and none failed", n)
	}
	h.server.ClearFaults()
	h.later(16 * time.Minute)
	h.state(musette.StateOK)
	h.complete()
}

// A fresh start with nobody at the other end: no spinning on the call that everything waits for.
func TestFailure15AFirstCallToADeadHostIsNotHammered(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 1, Activities: 5})
	h.fault(stravatest.Fault{Kind: stravatest.FaultBadGateway})
	calls := h.callsIn(func() { h.later(24 * time.Hour) })
	if len(calls) > 4+10+4*24 {
		t.Errorf("%d calls on a day on which the host is down", len(calls))
	}
	h.state(musette.StateOffline)
	h.server.ClearFaults()
	h.later(20 * time.Minute)
	h.complete()
}

// A person may ask a host that is down once each time, and that call is all they get.
func TestForcedCallsWhileOffline(t *testing.T) {
	inBubble(t, stravatest.Config{Seed: 1, Activities: 5}, forcedWhileOffline)
}

func forcedWhileOffline(h *house) {
	t := h.t
	h.later(3 * time.Hour)
	h.fault(stravatest.Fault{Kind: stravatest.FaultReset})
	h.later(5 * time.Hour)
	h.state(musette.StateOffline)
	for range 3 {
		h.later(time.Second)
		calls := h.keeper.Calls()
		if s := h.sync(); s.State != musette.StateOffline {
			t.Errorf("a sync ended in %s, want offline", s.State)
		}
		if n := h.keeper.Calls() - calls; n != 1 {
			t.Errorf("a sync made %d calls while the host is down, want 1", n)
		}
	}
	if n := h.callsIn(func() { h.later(15 * time.Minute) }); len(n) > 2 {
		t.Errorf("%d calls in a quarter of an hour after them", len(n))
	}
	h.server.ClearFaults()
	if s := h.sync(); s.State != musette.StateOK {
		t.Errorf("a sync ended in %s after the host came back, want ok", s.State)
	}
	h.complete()
}

func TestInactiveIsProbedOnceADayAndKeepsEverything(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 2, Activities: 30})
	h.later(24 * time.Hour)
	h.fault(stravatest.Fault{Kind: stravatest.FaultInactive})
	h.later(7 * time.Hour)
	h.state(musette.StateInactive)
	for range 3 {
		id := h.add(time.Time{})
		calls := h.callsIn(func() { h.later(24 * time.Hour) })
		if len(calls) > 1 {
			t.Errorf("%d calls on a day on which the app is inactive", len(calls))
		}
		if _, ok := h.shown(id); ok || len(h.activities()) != 30 {
			t.Errorf("%d activities, want the 30 of before", len(h.activities()))
		}
	}
	// A person may ask once a quarter of an hour.
	h.later(16 * time.Minute)
	before := h.keeper.Calls()
	for range 4 {
		h.sync()
	}
	if n := h.keeper.Calls() - before; n > 1 {
		t.Errorf("four syncs in a row asked %d times", n)
	}
	if calls := h.callsIn(func() { h.later(23 * time.Hour) }); len(calls) > 1 {
		t.Errorf("a person's wish goes on by itself: %d calls", len(calls))
	}
	h.server.ClearFaults()
	h.later(25 * time.Hour)
	h.state(musette.StateOK)
	h.complete()
	h.honest()
}

// Who may not ask an inactive app yet is told from when on.
func TestARefreshOfAnInactiveAppSaysWhenItMayBeAskedAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 2, Activities: 10})
	h.later(5 * time.Hour)
	h.fault(stravatest.Fault{Kind: stravatest.FaultInactive})
	h.sync()
	h.state(musette.StateInactive)
	h.later(time.Minute)
	_, err := keeper.AskRefresh(t.Context(), h.store, 0, h.clock.Now())
	refused, ok := errors.AsType[*keeper.RefusedError](err)
	if !ok || refused.State != musette.StateInactive || refused.Until == nil {
		t.Fatalf("refused with %+v, want inactive and until when", err)
	}
	if wait := refused.Until.Sub(h.clock.Now()); wait < 13*time.Minute || wait > 15*time.Minute {
		t.Errorf("it may be asked in %v, want a quarter of an hour after the last time", wait)
	}
	if _, err := keeper.AskRefresh(t.Context(), h.store, 0, refused.Until.Add(-2*time.Second)); err == nil {
		t.Error("it may be asked before")
	}
	h.clock.Set(*refused.Until)
	if _, err := keeper.AskRefresh(t.Context(), h.store, 0, h.clock.Now()); err != nil {
		t.Errorf("it may not be asked then: %v", err)
	}
}

func TestScopeMissingNeedsAPerson(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 2, Activities: 10}, func(h *house) { h.scopes = []string{"read"} })
	h.later(time.Hour)
	if s := h.state(musette.StateReconnect); s.Cause == "" || s.NextCall != nil {
		t.Errorf("reconnect says too little or too much: %+v", s)
	}
	if calls := h.callsIn(func() { h.later(48 * time.Hour) }); len(calls) != 0 {
		t.Errorf("%d calls with a grant that needs a person", len(calls))
	}
	_, err := keeper.AskRefresh(t.Context(), h.store, 0, h.clock.Now())
	if refused, ok := err.(*keeper.RefusedError); !ok || refused.State != musette.StateReconnect {
		t.Errorf("a refresh was not refused: %v", err)
	}
	h.scopes = nil
	h.connect()
	h.later(time.Hour)
	h.state(musette.StateOK)
	h.complete()
}

// Failure 17 and 18 belong to token; here: what the keeper makes of them.
func TestFailure17TokensExpireRotateAndAreRevoked(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 3, Activities: 60, RotateRefreshTokens: true})
	steps := 0
	h.lead(func(ctx context.Context) error {
		for steps < 12 {
			if _, err := h.keeper.Step(ctx, h.clock.Now()); err != nil {
				return err
			}
			if steps++; steps%4 == 0 {
				h.server.ExpireTokens()
			}
		}
		return nil
	})
	h.later(2 * time.Hour)
	h.complete()
	h.state(musette.StateOK)

	h.server.Revoke(h.athlete())
	h.later(7 * time.Hour)
	s := h.state(musette.StateReconnect)
	if !strings.Contains(s.Athletes[0].Cause, "onnect") {
		t.Errorf("the athlete isn't told what to do: %q", s.Athletes[0].Cause)
	}
	if n := len(h.activities()); n != 60 {
		t.Errorf("%d activities are shown after the grant was revoked, want 60", n)
	}
	if calls := h.callsIn(func() { h.later(24 * time.Hour) }); len(calls) != 0 {
		t.Errorf("%d calls with a revoked grant", len(calls))
	}
	added := h.add(time.Time{})
	h.connect()
	before := h.lists()
	h.later(20 * time.Minute)
	h.state(musette.StateOK)
	if _, ok := h.shown(added); !ok {
		t.Error("after reconnecting, the new activity isn't here")
	}
	if n := h.lists() - before; n != 1 {
		t.Errorf("reconnecting took %d listings, want 1", n)
	}
}

// A 401 on a token that is good costs one refresh and one repetition, not the activity.
func TestFailure13A401IsCountedAndRepeatedOnce(t *testing.T) {
	inBubble(t, stravatest.Config{Seed: 3, Activities: 10}, repeatedOnce)
}

func repeatedOnce(h *house) {
	t := h.t
	h.later(time.Second)
	h.complete()
	id := h.server.Activities(h.athlete())[0].ID
	h.later(5 * time.Hour)
	h.later(55 * time.Minute) // old enough that Strava gives a new token
	h.fault(stravatest.Fault{Kind: stravatest.FaultTokenInvalid, Path: "/activities/*", Count: 1})
	used := h.status().Quota.Read.Day.Used
	before := h.keeper.Calls()
	h.sync(id)
	made := h.keeper.Calls() - before
	if got := h.status().Quota.Read.Day.Used - used; got != made || made < 2 {
		t.Errorf("%d calls were made, %d are in the ledger", made, got)
	}
	h.state(musette.StateOK)
	h.complete()
}
