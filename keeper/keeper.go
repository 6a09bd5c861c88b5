package keeper

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"musette"
	"musette/plan"
	"musette/store"
	"musette/strava"
	"musette/token"
)

// Config is what a keeper needs.
type Config struct {
	Store  *store.Store
	Strava *strava.Client
	Tokens *token.Tokens
	Policy plan.Policy
	Filter musette.Filter

	// Snapshot writes the local snapshot; nil: none is written. It is called at the end of a sync that changed
	// something, and every SnapshotEvery while serving.
	Snapshot      func(context.Context) error
	SnapshotEvery time.Duration // default 15 min

	Holder string           // names this process in the lease, default the host's name and process id
	Now    func() time.Time // default time.Now
	Log    *slog.Logger     // default: discarded
}

// Keeper keeps one store's mirror. Step, Run and Sync are for one goroutine at a time; Calls is for any.
type Keeper struct {
	Config
	lease   *store.Lease
	pending []result // came, but the store couldn't take them
	calls   atomic.Int64
	changed bool // since the last snapshot
	last    plan.Decision
	grants  map[string]bool // those this keeper has seen
	dead    map[string]bool // grants that were refused since this keeper began
	nudge   chan struct{}
}

// New returns a keeper. It makes no call and takes no lease yet.
func New(c Config) *Keeper {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.SnapshotEvery == 0 {
		c.SnapshotEvery = 15 * time.Minute
	}
	if c.Holder == "" {
		c.Holder = holder()
	}
	return &Keeper{Config: c, nudge: make(chan struct{}, 1), grants: map[string]bool{}, dead: map[string]bool{}}
}

// Calls is how many requests to the API this keeper has made, failed ones included. Token requests don't count.
func (k *Keeper) Calls() int { return int(k.calls.Load()) }

// Step makes the calls that are due now, at most [plan.MaxInFlight] of them, and returns when to step again: now if
// there may be more, the zero time if nothing will ever be due. Errors are the store's; Strava's are recorded.
func (k *Keeper) Step(ctx context.Context, now time.Time) (wake time.Time, err error) {
	if err := k.record(ctx); err != nil {
		return time.Time{}, err
	}
	s, grants, err := k.situation(ctx, now)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading what is due: %w", err)
	}
	d := plan.Next(s)
	k.last = d
	if len(d.Calls) == 0 {
		return d.Wake, nil
	}
	jobs, err := k.reserve(ctx, now, d.Calls, grants)
	if err != nil {
		return time.Time{}, fmt.Errorf("reserving calls: %w", err)
	}
	if len(jobs) == 0 { // another process was faster
		return now, nil
	}
	k.pending = append(k.pending, k.fetchAll(ctx, jobs)...)
	// What came is written even if the caller has had enough meanwhile.
	if err := k.record(context.WithoutCancel(ctx)); err != nil {
		return time.Time{}, err
	}
	return d.Wake, ctx.Err()
}

func jitter() float64 { return rand.Float64() }
