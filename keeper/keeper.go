package keeper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"musette"
	"musette/plan"
	"musette/quota"
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
	Rules  *quota.Rules // default [quota.DefaultRules]
	Filter musette.Filter

	// Snapshot writes the local snapshot; nil: none is written. It is called at the end of a sync that changed
	// something, and by Run after changes, whoever made them, every SnapshotEvery at most: each process that serves has
	// one of its own to fall back on.
	Snapshot      func(context.Context) error
	SnapshotEvery time.Duration // default 15 min
	Repairing     Repairing     // how damaged rows are mended
	SnapshotSoon  bool          // there is none yet, so Run doesn't wait that long for the first

	// Forget makes the files beside the store, snapshots and sealed tokens, free of athletes who have left; nil: there
	// are none. It is called at the start, if anybody ever left, and after each departure, whichever process saw it.
	Forget func(context.Context) error

	// Missed says that events may have been missed because the store was away: Run catches up with them first.
	Missed bool

	// Called is told of each request to the API, once it is over, by several goroutines; nil: nobody is.
	Called func(Call)

	// Pictures fetches the pictures of photos; nil: nobody does. It is called while this keeper leads: by Run in a
	// goroutine of its own, with follow, until ctx ends, and by a sync at its end, to fetch what is due. It calls changed
	// when it has written something.
	Pictures func(ctx context.Context, follow bool, changed func()) error

	Holder  string               // names this process in the lease, default the host's name and process id
	Machine quota.Machine        // whose clock Now is, default this one
	Now     func() time.Time     // default time.Now
	Elapsed func() time.Duration // by a clock that nobody sets; nil: Now isn't compared with one
	Jitter  func() float64       // between 0 and 1, spreads repeated tries; default random
	Log     *slog.Logger         // default: discarded
}

// Keeper keeps one store's mirror. Step, Lead, Run and Sync are for one goroutine at a time; Calls, Wake and Status
// are for any.
type Keeper struct {
	Config
	lease      *store.Lease
	unreleased *store.Lease // the store was away when it was to be released
	led        int64        // number of the last lease
	pending    []result     // came, but the store couldn't take them
	calls      atomic.Int64
	run        string // tells this keeper's calls from others' in a log
	leads      atomic.Bool
	changed    bool           // since the last snapshot
	pictured   atomic.Bool    // pictures were kept since it was last looked
	copied     store.Position // of the last snapshot that was written while another process led
	copyDue    time.Time      // when Run may write the next snapshot
	noRoom     bool           // for the last one
	caughtUp   time.Time      // when the store was last back and nobody knew what had been missed
	tidied     time.Time
	stepped    time.Time // when the last step was
	read       reading   // at the last step
	answered   time.Time // by Strava's clock, when its last answer came; zero before the first
	heardAt    time.Time // the same by ours
	lapsed     time.Time // when it was last looked for what has lapsed
	last       plan.Decision
	grants     map[string]bool // those this keeper has seen
	dead       map[string]bool // grants that were refused since this keeper began
	people     *people         // nil: not read yet
	leaving    []string        // grants of athletes who have left, to be forgotten
	forgot     string          // the last departure that files were made free of
	forgetAt   time.Time       // not before then
	nudge      chan struct{}
	silence    time.Duration                  // after which the database is away
	trouble    atomic.Pointer[trouble]        // nil while Run gets on
	found      atomic.Pointer[store.Findings] // of a check that found damage, until it is seen to
	damages    damages
}

// New returns a keeper. It makes no call and takes no lease yet.
func New(c Config) *Keeper {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Jitter == nil {
		c.Jitter = rand.Float64
	}
	if c.Rules == nil {
		rules := quota.DefaultRules()
		c.Rules = &rules
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.SnapshotEvery == 0 {
		c.SnapshotEvery = 15 * time.Minute
	}
	if c.Machine.ID == "" {
		c.Machine = here()
	}
	if c.Holder == "" {
		c.Holder = holder()
	}
	k := &Keeper{Config: c, nudge: make(chan struct{}, 1), silence: silenceMost, grants: map[string]bool{}, dead: map[string]bool{}}
	k.run = fmt.Sprintf("%08x", rand.Uint32())
	k.damages.check = make(chan struct{}, 1)
	if c.Store != nil {
		c.Store.OnDamage(k.damaged)
	}
	return k
}

// A Call is one request to the API that was made, as [Config.Called] is told of it.
type Call struct {
	Class  musette.Class
	Result strava.Kind // [strava.KindNone] is success
	Took   time.Duration
}

// Leads reports whether this keeper holds the lease.
func (k *Keeper) Leads() bool { return k.leads.Load() }

// Calls is how many requests to the API this keeper has made, failed ones included. Token requests don't count.
func (k *Keeper) Calls() int { return int(k.calls.Load()) }

// Step makes the calls that are due now, at most [plan.MaxInFlight] of them, and returns when to step again: now if
// there may be more, the zero time if nothing will ever be due. What came is in the store when it returns. Errors
// are our own, the store's for instance; Strava's are recorded.
func (k *Keeper) Step(ctx context.Context, now time.Time) (wake time.Time, err error) {
	read := k.reading(now)
	if err := k.record(ctx); err != nil {
		return time.Time{}, err
	}
	if err := k.tidy(ctx, now); err != nil {
		return time.Time{}, fmt.Errorf("throwing away what is too old: %w", err)
	}
	if k.setBack(now) {
		if err := k.rightTimes(ctx, now); err != nil {
			return time.Time{}, fmt.Errorf("looking for times of a clock that was ahead: %w", err)
		}
	}
	if k.wasSet(read) {
		if err := k.doubtClock(ctx); err != nil {
			return time.Time{}, fmt.Errorf("noting that the clock has been set: %w", err)
		}
	}
	k.stepped, k.read = now, read
	if err := k.noteDamage(ctx); err != nil {
		return time.Time{}, fmt.Errorf("noting damaged rows: %w", err)
	}
	jobs, err := k.decide(ctx, now)
	if err != nil {
		return time.Time{}, fmt.Errorf("deciding what to call: %w", err)
	}
	if len(jobs) == 0 {
		return k.last.Wake, nil
	}
	came := k.fetchAll(ctx, jobs)
	k.pending = append(k.pending, came...)
	written, cancel := lasting(ctx)
	defer cancel()
	if err := k.record(written); err != nil {
		return time.Time{}, err
	}
	for _, r := range came {
		if judge(r.err) == ours && !errors.Is(r.err, store.ErrNotFound) { // not found: the athlete has left meanwhile
			return time.Time{}, fmt.Errorf("getting a token: %w", r.err)
		}
	}
	return k.last.Wake, ctx.Err()
}

const (
	// writeLimit bounds how long somebody who stops waits for the store to take what came.
	writeLimit = 20 * time.Second
	// writeMost bounds how long writing what came may take at all: a database may be at the other end of a slow line.
	writeMost = 2 * time.Minute
)

// lasting outlives its parent by the time that writing may take: what came is written though nobody wants more. Where the
// database has fallen silent there is nothing to wait for.
func lasting(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(parent), writeMost)
	unlinked := context.AfterFunc(parent, func() {
		if silent(parent) != nil {
			cancel()
			return
		}
		t := time.NewTimer(writeLimit)
		defer t.Stop()
		select {
		case <-ctx.Done():
		case <-t.C:
			cancel()
		}
	})
	return ctx, func() {
		unlinked()
		cancel()
	}
}
