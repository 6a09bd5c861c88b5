package feed

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"musette"
	"musette/store"
)

// Config says what a feed shows, and from where.
type Config struct {
	Store   *store.Store
	Filter  musette.Filter // what is shown at all
	GoalM   float64        // metres; 0 is no goal
	Publish Publish
	URL     string // where the server is reached, such as https://feed.example, for addresses of pictures; "": they have none of their own

	// Copy says that the store is a copy of one that can't be reached. Then no secret of the masks is made: routes shown
	// under two secrets would tell more than under either, so without the true one nothing is public.
	Copy bool

	// Status tells the state of the mirror. It is asked in [Feed.Look], so by [Feed.Run] at most once a second.
	// nil is always ok.
	Status func(context.Context) (musette.Status, error)

	Now func() time.Time // default [time.Now]
	Log *slog.Logger     // default: nothing is logged
}

// Feed keeps the newest view. Its methods may be called from any goroutine.
type Feed struct {
	config Config
	cache  *cache
	view   atomic.Pointer[View]
	turn   chan struct{} // one writer at a time; a channel, so that waiting can be given up
	down   bool          // the last look failed; only the writer uses it
	kept   map[int64]int // how many places of each athlete the store has; only the writer uses it
}

// New returns a feed with nothing in it: call [Feed.Load].
func New(c Config) *Feed {
	if c.Publish.Fields == nil {
		c.Publish.Fields = DefaultFields
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	f := &Feed{config: c, cache: newCache(), turn: make(chan struct{}, 1), kept: map[int64]int{}}
	v := f.next(nil)
	v.Status.State = musette.StateOK
	f.view.Store(v)
	return f
}

// View returns the newest view; never nil.
func (f *Feed) View() *View { return f.view.Load() }

// Wait returns a view that has changes after the number seq, or is of another epoch than the view of the call. It
// waits for one if need be, until the context ends.
func (f *Feed) Wait(ctx context.Context, seq int64) (*View, error) {
	v := f.View()
	for epoch := v.Epoch; v.Seq <= seq && v.Epoch == epoch; v = f.View() {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-v.Replaced():
		}
	}
	return v, nil
}

// Load reads everything from the store and makes it the view. Rows that are damaged are left out, counted in
// [View.Damaged] and logged. If it fails, the view stays as it was.
func (f *Feed) Load(ctx context.Context) error {
	if err := f.enter(ctx); err != nil {
		return err
	}
	defer f.leave()
	v, err := f.load(ctx)
	if err != nil {
		return fmt.Errorf("loading the feed: %w", err)
	}
	return f.publish(ctx, v)
}

// The time between two looks at the store, and how long one may take.
const (
	lookEvery         = time.Second
	lookEveryPostgres = 1500 * time.Millisecond // it may be far away; and others' changes show within 2 s
	lookTimeout       = 10 * time.Second
	loadTimeout       = 5 * time.Minute
)

// Run follows the store's changes until the context ends, which is no error. It never ends by itself: a store that
// can't be reached makes the state store_down and is asked again.
func (f *Feed) Run(ctx context.Context) error {
	every := lookEvery
	if f.config.Store.Kind() == "postgres" {
		every = lookEveryPostgres
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		_ = f.Look(ctx) // it has logged, and said so in the view's status
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Look takes in, once, what changed in the store since the last look, and the status. If the store can't be read,
// the view keeps its activities, its state becomes store_down, and the error is returned; Look logs the first of a
// row of failures, and the first success after them.
func (f *Feed) Look(ctx context.Context) error {
	if err := f.enter(ctx); err != nil {
		return err
	}
	defer f.leave()
	v, err := f.follow(ctx)
	if err == nil {
		err = f.publish(ctx, v)
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		f.lost(err)
		return err
	case f.down:
		f.down = false
		f.config.Log.Info("the store can be read again", "seq", v.Seq)
	}
	return nil
}

// follow returns the view with all that changed, or the one there is if nothing did. Where much changed, readers see
// it come.
func (f *Feed) follow(ctx context.Context) (*View, error) {
	for {
		now := f.View()
		if !now.Ready() {
			return f.load(ctx)
		}
		v, ok, err := f.update(ctx, now)
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return f.load(ctx)
		case v == now:
			return f.due(v)
		}
		if err := f.swap(v, now.Status); err != nil {
			return nil, err
		}
	}
}

// due returns the view with the activities shown to the public whose time has come, or the same if there are none.
func (f *Feed) due(v *View) (*View, error) {
	now := f.config.Now()
	if v.pending.IsZero() || v.pending.After(now) {
		return v, nil
	}
	next := f.next(v)
	next.pending = time.Time{}
	next.turn++
	edits, err := f.republished(next, 0, func(e *Entry) bool { return e.public == nil && f.config.Publish.allows(e) })
	if err != nil {
		return nil, err
	}
	next.months, next.byID = next.months.apply(edits), next.byID.apply(edits)
	return next, nil
}

// publish adds the status and makes v the view, if it differs from the one there is.
func (f *Feed) publish(ctx context.Context, v *View) error {
	status := musette.Status{State: musette.StateOK}
	if f.config.Status != nil {
		ctx, cancel := context.WithTimeout(ctx, lookTimeout)
		defer cancel()
		var err error
		if status, err = f.config.Status(ctx); err != nil {
			return fmt.Errorf("reading the status: %w", err)
		}
	}
	return f.swap(v, status)
}

// lost says in the view's status that the store is away. Everything else stays.
func (f *Feed) lost(err error) {
	now := f.View()
	status := now.Status
	status.State, status.Cause, status.Until = musette.StateStoreDown, err.Error(), nil
	status.Advice = status.State.Advice()
	if !f.down {
		f.down = true
		since := f.config.Now().UTC().Truncate(time.Second)
		status.Since = &since
		f.config.Log.Warn("the store can't be read; memory goes on serving", "error", err)
	}
	if err := f.swap(now, status); err != nil {
		f.config.Log.Error("the status can't be shown", "error", err)
	}
}

// swap makes v with the status the view.
func (f *Feed) swap(v *View, status musette.Status) error {
	now := f.View()
	if v == now {
		if reflect.DeepEqual(now.Status, status) {
			return nil
		}
		v = f.next(now)
		v.totals = now.totals
	}
	v.Status = status
	if v.closed != nil && now.closed == nil {
		f.config.Log.Error("what must be hidden from the public can't be read, so nothing is public; docs/privacy.md says what can be done", "error", v.closed)
	}
	if err := v.prepare(now); err != nil {
		return err
	}
	f.view.Store(v)
	close(now.replaced)
	return nil
}

// next returns a view like now (nil: an empty one) that can still be changed.
func (f *Feed) next(now *View) *View {
	v := View{byID: &index{}, masks: &masks{}}
	if now != nil {
		v = *now
	}
	v.GoalM, v.Publish, v.cache = f.config.GoalM, f.config.Publish, f.cache
	v.first, v.totals, v.replaced = nil, &sync.Map{}, make(chan struct{})
	return &v
}

func (f *Feed) enter(ctx context.Context) error {
	select {
	case f.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (f *Feed) leave() { <-f.turn }
