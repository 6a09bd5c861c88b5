package token_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"musette"
	"musette/strava"
	"musette/strava/stravatest"
	"musette/token"
)

func manners(t *testing.T, f func(t *testing.T, rotate bool)) {
	t.Run("same refresh token", func(t *testing.T) { f(t, false) })
	t.Run("rotating", func(t *testing.T) { f(t, true) })
}

func TestAccessForThreeDays(t *testing.T) {
	manners(t, func(t *testing.T, rotate bool) {
		w := newWorld(t, stravatest.Config{RotateRefreshTokens: rotate})
		tokens := w.tokens()
		id, _ := w.takeIn(tokens)
		for range 3 * 24 * 6 { // every ten minutes
			got := w.access(tokens, id)
			if err := tokens.Worked(t.Context(), id, got); err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(10 * time.Minute)
		}
		// Six hours, used up to the last ten minutes.
		if n := w.calls(); n < 12 || n > 13 {
			t.Errorf("%d refreshes in three days, want 12 or 13", n)
		}
		if g := w.grant(id); g.State != musette.StateOK || len(g.Previous) != 0 {
			t.Errorf("grant is %q with %d bytes of a previous pair", g.State, len(g.Previous))
		}
	})
}

func TestFailure19OneRefreshForAllWithoutADeadlock(t *testing.T) {
	manners(t, func(t *testing.T, rotate bool) {
		w := newWorld(t, stravatest.Config{RotateRefreshTokens: rotate})
		a := w.tokens()
		other := w.openStore()
		b := w.tokens(func(c *token.Config) { c.Store, c.Dir = other, t.TempDir() })
		id, _ := w.takeIn(a)
		for range 3 {
			var mu sync.Mutex
			got := map[strava.Secret]int{}
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					from := a
					if i%2 == 1 {
						from = b
					}
					s, err := from.Access(t.Context(), id)
					if err != nil {
						t.Error(err)
					}
					mu.Lock()
					got[s]++
					mu.Unlock()
				})
			}
			wg.Wait()
			if len(got) != 1 {
				t.Errorf("%d different tokens", len(got))
			}
			w.wantCalls(1)
			w.clock.Advance(5*time.Hour + 58*time.Minute)
		}
	})
}

func TestFailedTries(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault stravatest.Fault
		want  strava.Kind
	}{
		{"500", stravatest.Fault{Kind: stravatest.FaultServerError}, strava.KindServer},
		{"502 web page", stravatest.Fault{Kind: stravatest.FaultBadGateway}, strava.KindServer},
		{"200 web page", stravatest.Fault{Kind: stravatest.FaultHTML}, strava.KindBody},
		{"reset", stravatest.Fault{Kind: stravatest.FaultReset}, strava.KindTransport},
		{"cut short", stravatest.Fault{Kind: stravatest.FaultTruncate}, strava.KindBody},
		{"lost answer", stravatest.Fault{Kind: stravatest.FaultLost}, strava.KindTransport},
		{"not the document", stravatest.Fault{Kind: stravatest.FaultEmptyObject}, strava.KindMismatch},
		{"inactive", stravatest.Fault{Kind: stravatest.FaultInactive}, strava.KindInactive},
		{"429", stravatest.Fault{Kind: stravatest.FaultServerError, Status: 429}, strava.KindRateLimit},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, stravatest.Config{})
			tokens := w.tokens()
			id, _ := w.takeIn(tokens)
			before := w.grant(id)
			c.fault.Count = 1
			w.fault(c.fault)

			_, err := tokens.Access(t.Context(), id)
			w.said(err)
			if strava.KindOf(err) != c.want {
				t.Errorf("kind %q (%v), want %q", strava.KindOf(err), err, c.want)
			}
			if _, ok := errors.AsType[*token.ReconnectError](err); ok {
				t.Error("a failed try asks a person to act")
			}
			if after := w.grant(id); !bytes.Equal(after.Sealed, before.Sealed) || after.State != musette.StateOK {
				t.Error("a failed try changed the grant")
			}
			w.wantCalls(1)
			w.access(tokens, id)
			w.wantCalls(1)
		})
	}
}

func TestTimeout(t *testing.T) {
	w := newWorld(t, stravatest.Config{})
	release := make(chan struct{})
	w.answered = func() { <-release }
	tokens := w.tokens(func(c *token.Config) {
		var err error
		c.Strava, err = strava.New(strava.WithOAuthURL(w.http.URL+"/oauth"), strava.WithTimeout(50*time.Millisecond),
			strava.WithApp(w.srv.ClientID(), strava.Secret(w.srv.ClientSecret())))
		if err != nil {
			t.Fatal(err)
		}
	})
	id, _ := w.takeIn(tokens)
	_, err := tokens.Access(t.Context(), id)
	w.said(err)
	if strava.KindOf(err) != strava.KindTimeout {
		t.Errorf("kind %q (%v)", strava.KindOf(err), err)
	}
	close(release)
	w.access(tokens, id)
}

// The one loss that can't be recovered: Strava changed the refresh token, and
// its answer never arrived.
func TestLostRotation(t *testing.T) {
	w := newWorld(t, stravatest.Config{RotateRefreshTokens: true})
	tokens := w.tokens()
	id, _ := w.takeIn(tokens)
	w.access(tokens, id)
	if err := tokens.Bind(t.Context(), id, w.athlete(), nil); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(6 * time.Hour)
	w.fault(stravatest.Fault{Kind: stravatest.FaultLost, Count: 1})
	_, err := tokens.Access(t.Context(), id)
	w.said(err)
	if strava.KindOf(err) != strava.KindTransport {
		t.Fatalf("kind %q (%v)", strava.KindOf(err), err)
	}
	e := w.refused(tokens, id, token.CauseRevoked)
	if e.AthleteID != w.athlete() || !strings.Contains(e.Error(), "musette connect") {
		t.Errorf("the error doesn't say whose or what to do: %v", e)
	}
	if g := w.grant(id); g.State != musette.StateReconnect || g.Cause != e.Text {
		t.Errorf("recorded: %q, %q", g.State, g.Cause)
	}
}

func TestRevoked(t *testing.T) {
	w := newWorld(t, stravatest.Config{})
	tokens := w.tokens()
	id, _ := w.takeIn(tokens)
	got := w.access(tokens, id)
	if err := tokens.Bind(t.Context(), id, w.athlete(), nil); err != nil {
		t.Fatal(err)
	}
	w.calls()

	w.srv.Revoke(w.athlete())
	_, err := tokens.Renew(t.Context(), id, got)
	w.said(err)
	if e, ok := errors.AsType[*token.ReconnectError](err); !ok || e.Cause != token.CauseRevoked || strava.KindOf(err) != strava.KindRefreshToken {
		t.Fatalf("Renew: %v", err)
	}
	w.wantCalls(1)

	w.clock.Advance(10 * time.Minute)
	_, err = tokens.Renew(t.Context(), id, got)
	w.said(err)
	if _, ok := errors.AsType[*token.ReconnectError](err); !ok {
		t.Fatalf("Renew again: %v", err)
	}
	w.wantCalls(0) // what Strava refused isn't asked again

	w.clock.Advance(6 * time.Hour)
	again := w.tokens() // but a new process asks once
	w.refused(again, id, token.CauseRevoked)
	w.refused(again, id, token.CauseRevoked)
	w.wantCalls(1)
}

func TestWrongApplication(t *testing.T) {
	for _, c := range []struct {
		name, variable string
		id, secret     func(*world) string
	}{
		{"secret", "STRAVA_CLIENT_SECRET", func(w *world) string { return w.srv.ClientID() }, func(*world) string { return "0123456789abcdef-wrong" }},
		{"id", "STRAVA_CLIENT_ID", func(*world) string { return "999999999" }, func(w *world) string { return w.srv.ClientSecret() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, stravatest.Config{})
			w.secret("0123456789abcdef-wrong")
			wrong := w.tokens(func(cfg *token.Config) { cfg.Strava = w.client(c.id(w), c.secret(w)) })
			id, _ := w.takeIn(wrong)
			e := w.refused(wrong, id, token.CauseSecret)
			if !strings.Contains(e.Error(), c.variable) {
				t.Errorf("the variable to fix isn't named: %v", e)
			}
			if g := w.grant(id); g.State != musette.StateReconnect || g.Cause != e.Text {
				t.Errorf("recorded: %q, %q", g.State, g.Cause)
			}
			w.access(w.tokens(), id) // the operator fixed it
			if g := w.grant(id); g.State != musette.StateOK || g.Cause != "" {
				t.Errorf("still recorded: %q, %q", g.State, g.Cause)
			}
		})
	}
}

func TestOtherKey(t *testing.T) {
	w := newWorld(t, stravatest.Config{})
	tokens := w.tokens()
	id, _ := w.takeIn(tokens)
	w.access(tokens, id)
	before := w.grant(id)
	w.calls()

	other := w.tokens(func(c *token.Config) { c.Key = token.Key{42} })
	e := w.refused(other, id, token.CauseKey)
	if !strings.Contains(e.Error(), "MUSETTE_SECRET_KEY") {
		t.Errorf("the variable isn't named: %v", e)
	}
	if g := w.grant(id); g.State != musette.StateReconnect || !bytes.Equal(g.Sealed, before.Sealed) {
		t.Errorf("recorded: %q; the pair must stay as it was", g.State)
	}
	w.wantCalls(0)

	w.access(tokens, id) // the right key is back
	if g := w.grant(id); g.State != musette.StateOK || g.Cause != "" {
		t.Errorf("still recorded: %q, %q", g.State, g.Cause)
	}
	w.wantCalls(0)
}

func TestRenew(t *testing.T) {
	w := newWorld(t, stravatest.Config{})
	tokens := w.tokens()
	id, _ := w.takeIn(tokens)
	first := w.access(tokens, id)
	w.calls()

	if got, err := tokens.Renew(t.Context(), id, "another one"); err != nil || got != first {
		t.Errorf("Renew for a token that isn't ours: %v", err)
	}
	w.wantCalls(0)
	// With more than an hour left Strava hands out the same one again.
	if got, err := tokens.Renew(t.Context(), id, first); err != nil || got != first {
		t.Errorf("Renew: %v", err)
	}
	w.wantCalls(1)

	w.srv.ExpireTokens()
	got, err := tokens.Renew(t.Context(), id, first)
	if err != nil || got == first {
		t.Fatalf("Renew of a dead token: %v", err)
	}
	w.works(got)
	w.wantCalls(1)
	if again, err := tokens.Renew(t.Context(), id, first); err != nil || again != got {
		t.Errorf("Renew after somebody else's: %v", err)
	}
	w.wantCalls(0)
}

// A clock that is hours off costs at most some refreshes, never one per call.
func TestClockOff(t *testing.T) {
	for _, skew := range []time.Duration{-7 * time.Hour, -time.Hour, time.Hour, 7 * time.Hour, 300 * 24 * time.Hour} {
		t.Run(skew.String(), func(t *testing.T) {
			w := newWorld(t, stravatest.Config{RotateRefreshTokens: true})
			w.skew = skew
			tokens := w.tokens()
			id, _ := w.takeIn(tokens)
			for range 24 * 12 { // every five minutes
				got, err := tokens.Access(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				if _, _, err := w.client(w.srv.ClientID(), w.srv.ClientSecret()).Athlete(t.Context(), got); strava.KindOf(err) == strava.KindUnauthorized {
					got, err = tokens.Renew(t.Context(), id, got)
					if err != nil {
						t.Fatal(err)
					}
				}
				w.works(got)
				w.clock.Advance(5 * time.Minute)
			}
			if n := w.calls(); n > 8 {
				t.Errorf("%d refreshes in a day", n)
			}
		})
	}
}

func TestCallerGoesAway(t *testing.T) {
	w := newWorld(t, stravatest.Config{RotateRefreshTokens: true})
	tokens := w.tokens()
	id, _ := w.takeIn(tokens)
	ctx, cancel := context.WithCancel(t.Context())
	w.answered = cancel
	_, err := tokens.Access(ctx, id)
	w.said(err)
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := tokens.Close(); err != nil {
		t.Fatal(err)
	}
	w.calls()
	w.access(w.tokens(), id) // the answer was kept
	w.wantCalls(0)
	if _, err := tokens.Renew(t.Context(), id, ""); err != nil {
		t.Errorf("a closed Tokens still knows: %v", err)
	}
	w.clock.Advance(6 * time.Hour)
	if _, err := tokens.Access(t.Context(), id); err == nil {
		t.Error("a closed Tokens refreshes")
	}
}
