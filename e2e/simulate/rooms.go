package simulate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"musette"
	"musette/feed"
	"musette/keeper"
	"musette/plan"
	"musette/store"
	"musette/strava"
	"musette/strava/stravatest"
	"musette/token"
)

// rooms are the program's rooms, opened on one data directory as a process would.
type rooms struct {
	store  *store.Store
	client *strava.Client
	tokens *token.Tokens
	keeper *keeper.Keeper
	feed   *feed.Feed
}

// needed are the scopes that the mirror asks for.
var needed = []string{"read", "activity:read_all"}

// key seals the simulated athletes' tokens.
var key = token.Key{1}

// fixture is what outlives the rooms when the program is killed.
type fixture struct {
	server    *stravatest.Server
	transport http.RoundTripper
	dir       string
	policy    plan.Policy
	now       func() time.Time // by our own clock, which may be wrong
	jitter    func() float64
	log       *slog.Logger
}

func (f *fixture) open(ctx context.Context) (r *rooms, err error) {
	r = &rooms{}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("opening the rooms: %w", err), r.close())
		}
	}()
	if r.store, err = store.Open(ctx, store.Config{Dir: f.dir, Now: f.now}); err != nil {
		return r, err
	}
	if r.client, err = strava.New(strava.WithAPIURL("http://strava.test/api/v3"), strava.WithOAuthURL("http://strava.test/oauth"),
		strava.WithApp(f.server.ClientID(), strava.Secret(f.server.ClientSecret())), strava.WithTransport(f.transport)); err != nil {
		return r, err
	}
	r.tokens, err = token.New(token.Config{
		Store: r.store, Strava: r.client, Key: key, Dir: f.dir, Scopes: needed, Now: f.now, Log: f.log,
	})
	if err != nil {
		return r, err
	}
	r.keeper = keeper.New(keeper.Config{
		Store: r.store, Strava: r.client, Tokens: r.tokens, Policy: f.policy, Now: f.now, Jitter: f.jitter, Log: f.log,
	})
	r.feed = feed.New(feed.Config{Store: r.store, Now: f.now})
	return r, r.feed.Load(ctx)
}

// close ends them in order. What the store won't take any more is lost, as it would be.
func (r *rooms) close() error {
	if r.tokens != nil {
		_ = r.tokens.Close()
	}
	if r.client != nil {
		r.client.Close()
	}
	if r.store != nil {
		return r.store.Close()
	}
	return nil
}

// connect gives the mirror a grant of each athlete, as if each had been through the consent page.
func (r *rooms) connect(ctx context.Context, server *stravatest.Server) error {
	for _, a := range server.Athletes() {
		g := &strava.Grant{RefreshToken: strava.Secret(server.Grant(a.ID, needed...)), Athlete: &strava.Athlete{ID: a.ID}}
		if _, err := r.tokens.Add(ctx, g, needed); err != nil {
			return err
		}
	}
	return nil
}

// shown returns all that the owner sees.
func (r *rooms) shown(ids []int64) map[int64]*musette.Activity {
	v, m := r.feed.View(), map[int64]*musette.Activity{}
	for _, id := range ids {
		if a := see(v, id); a != nil {
			m[id] = a
		}
	}
	return m
}

func see(v *feed.View, id int64) *musette.Activity {
	e, ok := v.Activity(id, owner)
	if !ok {
		return nil
	}
	return e.For(owner)
}

var owner = feed.Reader{Owner: true}

// tempDir makes a directory for a run's data, in memory where the system has such a place: every transaction is
// synced to the disk, and nobody wants this one after the run.
func tempDir() (string, error) {
	const memory = "/dev/shm"
	if info, err := os.Stat(memory); err == nil && info.IsDir() {
		if dir, err := os.MkdirTemp(memory, "musette-simulate-"); err == nil {
			return dir, nil
		}
	}
	return os.MkdirTemp("", "musette-simulate-")
}
