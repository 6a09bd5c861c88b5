package token_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"musette"
	"musette/store"
	"musette/strava"
	"musette/strava/stravatest"
	"musette/token"
)

func TestScopes(t *testing.T) {
	for _, c := range []struct {
		granted []string
		state   musette.State
		cause   string // in the text
	}{
		{[]string{"read", "activity:read_all"}, musette.StateOK, ""},
		{[]string{"read", "activity:read"}, musette.StateOK, "activity:read_all"},
		{[]string{"activity:read_all"}, musette.StateOK, "read"},
		{[]string{"read"}, musette.StateReconnect, "activity:read"},
	} {
		t.Run(strings.Join(c.granted, ","), func(t *testing.T) {
			w := newWorld(t, stravatest.Config{})
			tokens := w.tokens()
			id, _ := w.takeIn(tokens)
			w.access(tokens, id)
			if err := tokens.Bind(t.Context(), id, w.athlete(), c.granted); err != nil {
				t.Fatal(err)
			}
			g := w.grant(id)
			if g.State != c.state || !strings.Contains(g.Cause, c.cause) || (c.cause == "") != (g.Cause == "") {
				t.Errorf("recorded: %q, %q", g.State, g.Cause)
			}
			if !slices.Equal(g.Scopes, c.granted) {
				t.Errorf("scopes %v", g.Scopes)
			}
			if c.state == musette.StateReconnect {
				w.refused(tokens, id, token.CauseScope)
			} else {
				w.access(tokens, id)
			}
		})
	}
	missing := token.Missing([]string{"read", "activity:read", "profile:read_all"}, []string{"read_all", "activity:read_all"})
	if !slices.Equal(missing, []string{"profile:read_all"}) {
		t.Errorf("Missing = %v", missing)
	}
}

// exchanged is what an OAuth exchange gives for the athlete.
func (w *world) exchanged(withAthlete bool, scopes ...string) *strava.Grant {
	w.t.Helper()
	refresh := strava.Secret(w.srv.Grant(w.athlete(), scopes...))
	g, _, err := w.client(w.srv.ClientID(), w.srv.ClientSecret()).Refresh(w.t.Context(), refresh)
	if err != nil {
		w.t.Fatal(err)
	}
	w.calls()
	if withAthlete {
		g.Athlete = &strava.Athlete{ID: w.athlete()}
	}
	return g
}

func TestAddReplacesTheOlderGrant(t *testing.T) {
	for _, withAthlete := range []bool{true, false} {
		w := newWorld(t, stravatest.Config{})
		tokens := w.tokens()
		old, _ := w.takeIn(tokens)
		w.access(tokens, old)
		if err := tokens.Bind(t.Context(), old, w.athlete(), nil); err != nil {
			t.Fatal(err)
		}
		w.calls()

		// One without activities replaces nothing.
		_, err := tokens.Add(t.Context(), w.exchanged(withAthlete, "read"), []string{"read"})
		w.said(err)
		if e, ok := errors.AsType[*token.ReconnectError](err); !ok || e.Cause != token.CauseScope || len(w.grants()) != 1 {
			t.Fatalf("Add without activities: %v, %d grants", err, len(w.grants()))
		}

		id, err := tokens.Add(t.Context(), w.exchanged(withAthlete), []string{"read", "activity:read_all"})
		if err != nil {
			t.Fatal(err)
		}
		w.access(tokens, id)
		if err := tokens.Bind(t.Context(), id, w.athlete(), nil); err != nil {
			t.Fatal(err)
		}
		list := w.grants()
		if len(list) != 1 || list[0].ID != id || list[0].AthleteID != w.athlete() || len(list[0].Scopes) != 2 {
			t.Errorf("grants: %+v", list)
		}
		if _, err := os.Stat(filepath.Join(w.dir, "tokens", old+".sealed")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the older sealed file is still there: %v", err)
		}
		w.wantCalls(0)
		_, err = tokens.Access(t.Context(), old)
		w.said(err)
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Access to the older grant: %v", err)
		}
	}
}

func TestTakeIn(t *testing.T) {
	w := newWorld(t, stravatest.Config{RotateRefreshTokens: true})
	tokens := w.tokens()
	if took, err := tokens.TakeIn(t.Context(), ""); took || err != nil {
		t.Errorf("nothing to take in: %v, %v", took, err)
	}
	id, first := w.takeIn(tokens)
	w.access(tokens, id) // moves on from the first
	if err := tokens.Bind(t.Context(), id, w.athlete(), nil); err != nil {
		t.Fatal(err)
	}
	w.calls()

	// The same variable at the next start is no news, spaces or not.
	for _, again := range []strava.Secret{first, " " + first + "\n"} {
		restarted := w.tokens()
		if took, err := restarted.TakeIn(t.Context(), again); took || err != nil {
			t.Fatalf("taken in again: %v, %v", took, err)
		}
		w.access(restarted, id)
	}
	w.wantCalls(0)

	// Nor after the athlete has left.
	if err := tokens.Remove(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if took, err := tokens.TakeIn(t.Context(), first); took || err != nil || len(w.grants()) != 0 {
		t.Fatalf("a removed athlete came back: %v, %v", took, err)
	}

	// A dead one is reported by the variable's name, and goes with the next.
	dead := strava.Secret("dead-" + strings.Repeat("0", 35))
	w.secret(dead.Reveal())
	if took, err := tokens.TakeIn(t.Context(), dead); !took || err != nil {
		t.Fatalf("TakeIn = %v, %v", took, err)
	}
	if e := w.refused(tokens, w.grants()[0].ID, token.CauseRevoked); !strings.Contains(e.Error(), "STRAVA_REFRESH_TOKEN") {
		t.Errorf("the variable isn't named: %v", e)
	}
	w.takeIn(tokens)
	if list := w.grants(); len(list) != 1 {
		t.Fatalf("%d grants, want the new one only", len(list))
	}
	w.access(tokens, w.grants()[0].ID)
}

// A token in the configuration that Strava refuses leaves a working grant alone.
func TestTakeInOfADeadToken(t *testing.T) {
	w := newWorld(t, stravatest.Config{RotateRefreshTokens: true})
	tokens := w.tokens()
	id, _ := w.takeIn(tokens)
	w.access(tokens, id)
	if err := tokens.Bind(t.Context(), id, w.athlete(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := tokens.TakeIn(t.Context(), "0000000000000000000000000000000000000000"); err != nil {
		t.Fatal(err)
	}
	for _, g := range w.grants() {
		if g.ID != id {
			w.refused(tokens, g.ID, token.CauseRevoked)
		}
	}
	w.clock.Advance(6 * time.Hour)
	w.access(tokens, id)
}

func TestTakeInOnceForTwoProcesses(t *testing.T) {
	w := newWorld(t, stravatest.Config{})
	refresh := strava.Secret(w.srv.Grant(w.athlete()))
	var wg sync.WaitGroup
	for range 4 {
		tokens, st := w.tokens(), w.openStore()
		other := w.tokens(func(c *token.Config) { c.Store = st })
		wg.Go(func() { _, _ = tokens.TakeIn(context.Background(), refresh) })
		wg.Go(func() { _, _ = other.TakeIn(context.Background(), refresh) })
	}
	wg.Wait()
	if n := len(w.grants()); n != 1 {
		t.Errorf("%d grants", n)
	}
}
