package keeper_test

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"
	"go.uber.org/goleak"

	"musette"
	"musette/internal/pgtest"
	"musette/keeper"
	"musette/plan"
	"musette/quota"
	"musette/store"
	"musette/strava"
	"musette/strava/stravatest"
	"musette/token"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("rapid.checks"); f != nil && f.Value.String() == f.DefValue { // each is a life of two months
		if err := f.Value.Set("6"); err != nil {
			panic(err)
		}
	}
	warm()
	code := pgtest.Main(m)
	if err := goleak.Find(); err != nil && code == 0 {
		os.Stderr.WriteString(err.Error() + "\n")
		code = 1
	}
	os.Exit(code)
}

// warm lets what is made once in a process, for compression, be made outside of any bubble.
func warm() {
	st, err := store.OpenMemory(context.Background())
	if err != nil {
		panic(err)
	}
	defer st.Close()
	err = st.Update(context.Background(), nil, func(tx *store.Tx) error {
		doc := musette.NewDocument(1, 0, musette.PartAthlete, musette.SourceAPI, []byte(`{"id":1}`), noon)
		if err := tx.PutDocument(context.Background(), doc, false); err != nil {
			return err
		}
		_, err := tx.Documents(context.Background(), 1, 0)
		return err
	})
	if err != nil {
		panic(err)
	}
}

// house is a keeper with a real store, against the simulated Strava over real HTTP, on a clock that tests set.
type house struct {
	t      testing.TB
	clock  clock
	server *stravatest.Server
	at     *stravatest.Listening // nil in a bubble
	dir    string
	url    string // of Postgres; none: SQLite in dir
	store  *store.Store
	tokens *token.Tokens
	client *strava.Client
	keeper *keeper.Keeper
	policy plan.Policy
	filter musette.Filter
	scopes []string // of the grant; none: all that are needed
	log    *slog.Logger
	forget func(context.Context) error // what the keeper's Forget is; may be nil

	options []strava.Option      // further ones of the client
	machine quota.Machine        // where it runs; none: here
	elapsed func() time.Duration // its clock that nobody sets; may be nil
}

// A clock moves when a test says so.
type clock interface {
	Now() time.Time
	Set(time.Time)
	Advance(time.Duration)
}

// bubbleClock is the time of a testing/synctest bubble, which passes while everybody waits: for what has timers of
// its own, as Sync and Run have.
type bubbleClock struct{}

func (bubbleClock) Now() time.Time          { return time.Now().UTC() }
func (bubbleClock) Set(t time.Time)         { time.Sleep(time.Until(t)) }
func (bubbleClock) Advance(d time.Duration) { time.Sleep(d) }

// inBubble runs a test in a bubble, from noon on, without a network.
func inBubble(t *testing.T, c stravatest.Config, f func(*house)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(noon))
		f(newHouse(t, c, func(h *house) { h.clock = bubbleClock{} }))
	})
}

// noon is when tests begin: in the middle of a day, at the start of a quarter.
var noon = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)

func newHouse(t testing.TB, c stravatest.Config, with ...func(*house)) *house {
	t.Helper()
	h := &house{t: t, clock: stravatest.NewClock(noon), dir: memoryDir(t), policy: plan.Default(), log: slog.New(slog.DiscardHandler)}
	for _, f := range with {
		f(h)
	}
	c.Now = h.clock.Now
	h.server = stravatest.New(c)
	if _, bubble := h.clock.(bubbleClock); !bubble {
		at, err := h.server.Listen("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		h.at = at
		t.Cleanup(func() { at.Close() })
	}
	h.open()
	h.connect()
	return h
}

// memoryDir is a directory that costs no disk, where there is one: these tests write durably all the time.
func memoryDir(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "keeper")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// connect gives the program a refresh token in its environment, as if the athlete had just consented.
func (h *house) connect() {
	h.t.Helper()
	token := strava.Secret(h.server.Grant(h.server.Athletes()[0].ID, h.scopes...))
	if _, err := h.tokens.TakeIn(h.t.Context(), token); err != nil {
		h.t.Fatal(err)
	}
}

// open starts the program's rooms on the directory, as a new process would.
func (h *house) open() {
	h.t.Helper()
	var err error
	if h.store, err = store.Open(h.t.Context(), store.Config{URL: h.url, Dir: h.dir, Now: h.clock.Now}); err != nil {
		h.t.Fatal(err)
	}
	options := []strava.Option{strava.WithApp(h.server.ClientID(), strava.Secret(h.server.ClientSecret()))}
	if h.at != nil {
		options = append(options, strava.WithAPIURL(h.at.APIURL), strava.WithOAuthURL(h.at.OAuthURL))
	} else {
		options = append(options, strava.WithTransport(h.server.Transport()))
	}
	h.client, err = strava.New(append(options, h.options...)...)
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
		Jitter: func() float64 { return 0.5 }, Forget: h.forget, Machine: h.machine, Elapsed: h.elapsed,
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

// sync runs one sync; outside of a bubble only where it has nothing to wait for.
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
	h.lead(func(ctx context.Context) error { return h.stepUntil(ctx, until) })
}

// later is run for a while from now.
func (h *house) later(d time.Duration) {
	h.t.Helper()
	h.run(h.clock.Now().Add(d))
}

func (h *house) lead(f func(ctx context.Context) error) {
	h.t.Helper()
	if err := h.keeper.Lead(h.t.Context(), f); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) stepUntil(ctx context.Context, until time.Time) error {
	for range 100_000 {
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
	return errors.New("it steps and steps")
}

func (h *house) fault(f stravatest.Fault) {
	h.t.Helper()
	if _, err := h.server.AddFault(f); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) status() musette.Status {
	h.t.Helper()
	s, err := h.keeper.Status(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// state fails unless the state is the one given.
func (h *house) state(want musette.State) musette.Status {
	h.t.Helper()
	s := h.status()
	if s.State != want {
		h.t.Errorf("at %s the state is %s (%s), want %s", h.clock.Now().Format(time.DateTime), s.State, s.Cause, want)
	}
	return s
}

// must fails if err isn't nil.
func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// add lets the athlete upload an activity that started then; the zero time: it has just ended.
func (h *house) add(start time.Time) int64 {
	h.t.Helper()
	id, err := h.server.AddActivity(h.athlete(), start)
	h.must(err)
	return id
}

// shown returns what a reader sees of an activity; false if it is hidden or not here.
func (h *house) shown(id int64) (a musette.Activity, ok bool) {
	h.t.Helper()
	row, ok := h.activities()[id]
	if ok {
		h.must(json.Unmarshal(row.View, &a))
	}
	return a, ok
}

// lists is how many listings were asked for.
func (h *house) lists() int { return h.server.Counts()["GET /athlete/activities"] }

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
