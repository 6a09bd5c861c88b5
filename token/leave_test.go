package token_test

import (
	"os"
	"path/filepath"
	"testing"

	"musette"
	"musette/store"
	"musette/strava"
	"musette/strava/stravatest"
	"musette/token"
)

// A wrong key is known without a call, and the right one makes it good again.
func TestCheckTriesTheKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{})
	right := w.tokens()
	id, _ := w.takeIn(right)
	w.access(right, id)
	w.calls()
	wrong := w.tokens(func(c *token.Config) { c.Key = token.Key{99} })
	for range 2 {
		if err := wrong.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if g := w.grant(id); g.State != musette.StateReconnect || g.Cause == "" {
		t.Errorf("sealed with another key, the grant is %s: %s", g.State, g.Cause)
	}
	if err := right.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if g := w.grant(id); g.State != musette.StateOK || g.Cause != "" {
		t.Errorf("with its own key the grant is %s: %s", g.State, g.Cause)
	}
	judge, err := token.Judge(token.Key{99})
	if err != nil {
		t.Fatal(err)
	}
	g := w.grant(id)
	judge(&g)
	if g.State != musette.StateReconnect || w.grant(id).State != musette.StateOK {
		t.Error("a judgement is to be shown, and not written")
	}
	w.wantCalls(0)
}

func TestFarewell(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{})
	tokens := w.tokens()
	id, _ := w.takeIn(tokens)
	access := w.access(tokens, id)
	if err := tokens.Bind(t.Context(), id, w.athlete(), nil); err != nil {
		t.Fatal(err)
	}
	if end, err := tokens.Farewell(t.Context(), w.athlete()+1); end != nil || err != nil {
		t.Errorf("of somebody else: %v, %v", end != nil, err)
	}
	end, err := tokens.Farewell(t.Context(), w.athlete())
	if err != nil || end == nil {
		t.Fatal(end != nil, err)
	}
	if err := w.store.Update(t.Context(), nil, func(tx *store.Tx) error {
		_, err := tx.PurgeAthlete(t.Context(), w.athlete(), store.LeftOperator, w.clock.Now())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := end(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, _, err = w.client(w.srv.ClientID(), w.srv.ClientSecret()).Athlete(t.Context(), access)
	if strava.KindOf(err) != strava.KindUnauthorized {
		t.Errorf("the token still works: %v", err)
	}
	for _, want := range []int{1, 0} {
		if n, err := token.RemoveCopies(w.dir, []string{id, "../secret.key"}); n != want || err != nil {
			t.Errorf("%d copies removed (%v), want %d", n, err, want)
		}
	}
	if left, _ := os.ReadDir(filepath.Join(w.dir, "tokens")); len(left) != 0 {
		t.Errorf("%d files are left", len(left))
	}
	// Tokens that don't open are told, and stop nothing.
	id, _ = w.takeIn(tokens)
	if err := tokens.Bind(t.Context(), id, w.athlete(), nil); err != nil {
		t.Fatal(err)
	}
	wrong := w.tokens(func(c *token.Config) { c.Key = token.Key{99} })
	if end, err := wrong.Farewell(t.Context(), w.athlete()); end != nil || err == nil {
		t.Errorf("with another key: %v, %v", end != nil, err)
	}
}
