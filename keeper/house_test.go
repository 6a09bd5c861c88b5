package keeper_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"musette"
	"musette/keeper"
	"musette/plan"
	"musette/store"
	"musette/strava"
	"musette/strava/stravatest"
	"musette/token"
)

// house is a keeper with a real store, against the simulated Strava over real HTTP, on a clock that tests set.
type house struct {
	t      testing.TB
	clock  *stravatest.Clock
	server *stravatest.Server
	at     *stravatest.Listening
	dir    string
	store  *store.Store
	tokens *token.Tokens
	client *strava.Client
	keeper *keeper.Keeper
	policy plan.Policy
	filter musette.Filter
	log    *slog.Logger
}

// noon is when tests begin: in the middle of a day, at the start of a quarter.
var noon = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)

func newHouse(t testing.TB, c stravatest.Config) *house {
	t.Helper()
	h := &house{t: t, clock: stravatest.NewClock(noon), dir: t.TempDir(), policy: plan.Default(), log: slog.New(slog.DiscardHandler)}
	c.Now = h.clock.Now
	h.server = stravatest.New(c)
	at, err := h.server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.at = at
	t.Cleanup(func() { at.Close() })
	h.open()
	if _, err := h.tokens.TakeIn(t.Context(), strava.Secret(h.server.Grant(h.server.Athletes()[0].ID))); err != nil {
		t.Fatal(err)
	}
	return h
}

// open starts the program's rooms on the directory, as a new process would.
func (h *house) open() {
	h.t.Helper()
	var err error
	if h.store, err = store.Open(h.t.Context(), store.Config{Dir: h.dir, Now: h.clock.Now}); err != nil {
		h.t.Fatal(err)
	}
	h.client, err = strava.New(strava.WithAPIURL(h.at.APIURL), strava.WithOAuthURL(h.at.OAuthURL),
		strava.WithApp(h.server.ClientID(), strava.Secret(h.server.ClientSecret())))
	if err != nil {
		h.t.Fatal(err)
	}
	h.tokens, err = token.New(token.Config{
		Store: h.store, Strava: h.client, Key: token.Key{1}, Dir: h.dir,
		Scopes: []string{"read", "activity:read_all"}, Now: h.clock.Now,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.keeper = keeper.New(keeper.Config{
		Store: h.store, Strava: h.client, Tokens: h.tokens, Policy: h.policy, Filter: h.filter, Now: h.clock.Now, Log: h.log,
	})
	h.t.Cleanup(h.close)
}

func (h *house) close() {
	if h.store == nil {
		return
	}
	h.tokens.Close()
	h.client.Close()
	h.store.Close()
	h.store = nil
}

func (h *house) reopen() {
	h.close()
	h.open()
}

// sync runs one sync; waits inside it would be real, so it is only for cases that need none.
func (h *house) sync(ids ...int64) musette.Status {
	h.t.Helper()
	s, err := h.keeper.Sync(h.t.Context(), keeper.SyncOptions{IDs: ids})
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// run steps through virtual time until then, moving the clock to each wake.
func (h *house) run(until time.Time) {
	h.t.Helper()
	err := h.keeper.Lead(h.t.Context(), func(ctx context.Context) error {
		for {
			wake, err := h.keeper.Step(ctx, h.clock.Now())
			if err != nil {
				return err
			}
			if wake.IsZero() || wake.After(until) {
				h.clock.Set(until)
				return nil
			}
			if wake.After(h.clock.Now()) {
				h.clock.Set(wake)
			}
		}
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) view(f func(ctx context.Context, tx *store.Tx) error) {
	h.t.Helper()
	if err := h.store.View(h.t.Context(), func(tx *store.Tx) error { return f(h.t.Context(), tx) }); err != nil {
		h.t.Fatal(err)
	}
}

// activities returns the rows of the only athlete by id, live ones only.
func (h *house) activities() map[int64]store.Activity {
	h.t.Helper()
	m := map[int64]store.Activity{}
	h.view(func(ctx context.Context, tx *store.Tx) error {
		athletes, err := tx.Athletes(ctx)
		if err != nil {
			return err
		}
		for _, a := range athletes {
			for row, err := range tx.Activities(ctx, a.ID) {
				if err != nil {
					return err
				}
				if row.Status == store.StatusLive {
					m[row.ID] = row
				}
			}
		}
		return nil
	})
	return m
}
