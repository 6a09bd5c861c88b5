package keeper

import (
	"context"
	"errors"
	"time"

	"musette"
	"musette/store"
)

const (
	// patience is how long a sync waits for retries.
	patience = 2 * time.Minute
	// moment is how long a sync waits for quota: over the edge of a window, say.
	moment = 5 * time.Second
	// lookEvery is how often a follower looks how far the leader is.
	lookEvery = 500 * time.Millisecond
)

// SyncOptions say what a person wants synced.
type SyncOptions struct {
	IDs      []int64              // these activities; none: everything due, after a poll
	Progress func(musette.Status) // called after each step; may be nil
}

// Sync is a person's refresh: it polls once whatever the state, makes every due call that the quota allows, waits
// for retries that are due soon, writes a snapshot if anything changed, and returns the status it ended in. Where
// another process leads, it asks that one and follows what it does.
func (k *Keeper) Sync(ctx context.Context, o SyncOptions) (musette.Status, error) {
	if o.Progress == nil {
		o.Progress = func(musette.Status) {}
	}
	ids := o.IDs
	if len(ids) == 0 {
		ids = []int64{0}
	}
	err := k.Lead(ctx, func(ctx context.Context) error {
		if err := k.want(ctx, ids); err != nil {
			return err
		}
		return k.work(ctx, o.Progress)
	})
	if _, ok := errors.AsType[*store.HeldError](err); ok {
		return k.follow(ctx, ids, o.Progress)
	}
	if err != nil {
		return musette.Status{}, err
	}
	return k.Status(ctx)
}

// want writes what is wanted into the inbox.
func (k *Keeper) want(ctx context.Context, ids []int64) error {
	return k.Store.Update(ctx, nil, func(tx *store.Tx) error {
		for _, id := range ids {
			if _, err := tx.PutInbox(ctx, store.InboxItem{Kind: kindForced, ActivityID: id, ReceivedAt: k.Now()}); err != nil {
				return err
			}
		}
		return nil
	})
}

// work steps until nothing is due soon, or something stops it.
func (k *Keeper) work(ctx context.Context, progress func(musette.Status)) error {
	for {
		calls := k.calls.Load()
		wake, err := k.Step(ctx, k.Now())
		if err != nil {
			return err
		}
		status, err := k.Status(ctx)
		if err != nil {
			return err
		}
		progress(status)
		if k.calls.Load() > calls {
			continue
		}
		wait := time.Duration(-1)
		if !wake.IsZero() {
			wait = wake.Sub(k.Now())
		}
		limit := patience
		if k.last.State != musette.StateOK && k.last.State != musette.StateSyncing {
			limit = moment
		}
		if wake.IsZero() || wait > limit || k.last.State == musette.StateOffline || k.last.State == musette.StateInactive {
			break
		}
		if k.wait(ctx, max(wait, 0)); ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if k.Snapshot != nil && k.changed {
		k.snapshot(ctx)
	}
	return nil
}

// follow asks the leader, and watches the store until what was asked is done.
func (k *Keeper) follow(ctx context.Context, ids []int64, progress func(musette.Status)) (musette.Status, error) {
	if err := k.want(ctx, ids); err != nil {
		return musette.Status{}, err
	}
	for {
		k.wait(ctx, lookEvery)
		if err := ctx.Err(); err != nil {
			return musette.Status{}, err
		}
		status, err := k.Status(ctx)
		if err != nil {
			return status, err
		}
		progress(status)
		waiting, err := k.wished(ctx)
		if err != nil {
			return status, err
		}
		if waiting == 0 && status.State != musette.StateSyncing {
			return status, nil
		}
	}
}

// wished is how many wishes the leader has not taken up yet. Grants, which [Keeper.asked] looks at too, are the
// leader's business: a follower has dealt with none of them.
func (k *Keeper) wished(ctx context.Context) (n int, err error) {
	err = k.Store.View(ctx, func(tx *store.Tx) error {
		n, err = tx.CountInbox(ctx, kindForced)
		return err
	})
	return n, err
}
