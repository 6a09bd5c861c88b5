package keeper

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"musette"
	"musette/store"
)

const (
	// leaseTTL is how long a leader that has died blocks the others on Postgres. On SQLite a file lock ends at once.
	leaseTTL = 20 * time.Second
	// glance is how often a leader looks whether somebody has asked for something, and a follower for the lease.
	glance = time.Second
	// storeRetry is the wait after the store has failed.
	storeRetry = 2 * time.Second
)

func holder() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s, process %d", host, os.Getpid())
}

// Wake makes Run look again now, because something has been asked for.
func (k *Keeper) Wake() {
	select {
	case k.nudge <- struct{}{}:
	default:
	}
}

// Run keeps until ctx ends: it takes the lease when it is free, and steps whenever something is due. It returns
// nil; what fails meanwhile is logged and tried again.
func (k *Keeper) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := k.Lead(ctx, k.serve)
		if held, ok := errors.AsType[*store.HeldError](err); ok {
			k.Log.Debug("another process syncs", "holder", held.Holder)
		} else if err != nil && ctx.Err() == nil {
			k.Log.Error("syncing stopped; trying again", "error", err)
		}
		k.wait(ctx, storeRetry)
	}
	return nil
}

// Lead runs f while this keeper holds the lease, which it renews meanwhile; f's context ends if the lease is lost.
// The error is a [store.HeldError] if another process leads.
func (k *Keeper) Lead(ctx context.Context, f func(context.Context) error) (err error) {
	lease, err := k.Store.Acquire(ctx, store.SyncLease, k.Holder, leaseTTL)
	if err != nil {
		return err
	}
	k.lease = lease
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		k.renew(ctx, lease, cancel)
	}()
	defer func() {
		cancel(nil)
		<-done
		k.lease = nil
		if free := lease.Release(context.WithoutCancel(ctx)); err == nil && !errors.Is(free, store.ErrUnreachable) {
			err = free
		}
	}()
	if err := k.refit(ctx); err != nil {
		return err
	}
	if err := f(ctx); err != nil && context.Cause(ctx) != nil && ctx.Err() != nil {
		return errors.Join(context.Cause(ctx), err)
	} else if err != nil {
		return err
	}
	return nil
}

// renew keeps the lease alive until ctx ends, and ends ctx if the lease is lost.
func (k *Keeper) renew(ctx context.Context, lease *store.Lease, cancel context.CancelCauseFunc) {
	t := time.NewTicker(leaseTTL / 4)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if err := lease.Renew(ctx); errors.Is(err, store.ErrFenced) {
				cancel(err)
				return
			}
		}
	}
}

// serve steps until ctx ends, and writes a snapshot from time to time.
func (k *Keeper) serve(ctx context.Context) error {
	written := k.Now()
	for ctx.Err() == nil {
		now := k.Now()
		wake, err := k.Step(ctx, now)
		if err != nil {
			return err
		}
		if k.Snapshot != nil && k.changed && now.Sub(written) >= k.SnapshotEvery {
			written = now
			k.snapshot(ctx)
		}
		if err := k.sleep(ctx, wake); err != nil {
			return err
		}
	}
	return nil
}

// sleep waits until it is time, or somebody asks for something.
func (k *Keeper) sleep(ctx context.Context, wake time.Time) error {
	for ctx.Err() == nil {
		left := glance
		if !wake.IsZero() {
			left = min(left, wake.Sub(k.Now()))
		}
		if left <= 0 {
			return nil
		}
		if k.wait(ctx, left) {
			return nil
		}
		asked, err := k.asked(ctx)
		if err != nil || asked {
			return err
		}
	}
	return nil
}

// wait waits for a duration, less if ctx ends or Wake is called, which it reports.
func (k *Keeper) wait(ctx context.Context, d time.Duration) (woken bool) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-k.nudge:
		return true
	}
	return false
}

// asked reports whether there is work in the inbox, or a grant that nothing has been done with.
func (k *Keeper) asked(ctx context.Context) (asked bool, err error) {
	err = k.Store.View(ctx, func(tx *store.Tx) error {
		items, err := tx.Inbox(ctx, 1)
		if err != nil {
			return err
		}
		asked = len(items) > 0
		if asked {
			return nil
		}
		asked, err = k.newGrant(ctx, tx)
		return err
	})
	return asked, err
}

func (k *Keeper) newGrant(ctx context.Context, tx *store.Tx) (bool, error) {
	grants, err := tx.Grants(ctx)
	if err != nil {
		return false, err
	}
	for _, g := range grants {
		if !k.grants[g.ID] {
			return true, nil
		}
	}
	return false, nil
}

// snapshot writes one; a failure is logged, and the next one is tried in time.
func (k *Keeper) snapshot(ctx context.Context) {
	if err := k.Snapshot(ctx); err != nil {
		k.Log.Error("the snapshot could not be written; the data are in the database", "error", err)
		return
	}
	k.changed = false
}

// fitted is the setting that says how the views in the store were derived.
const fitted = "derived"

// refit derives everything anew if it was derived by other rules: another version, filter or policy.
func (k *Keeper) refit(ctx context.Context) error {
	want := fmt.Sprintf("view %d, types %q, from %q, streams %q", musette.ViewVersion, k.Filter.Types, k.Filter.From, k.Policy.Streams)
	var have string
	work := map[int64][]int64{}
	err := k.Store.View(ctx, func(tx *store.Tx) (err error) {
		if have, err = tx.Setting(ctx, fitted); err != nil || have == want {
			return err
		}
		athletes, err := tx.Athletes(ctx)
		if err != nil {
			return err
		}
		for _, a := range athletes {
			ids, err := tx.ActivityIDs(ctx, a.ID, time.Time{}, time.Time{})
			if err != nil {
				return err
			}
			work[a.ID] = ids
		}
		return nil
	})
	if err != nil || have == want {
		return err
	}
	for athleteID, ids := range work {
		if err := k.Rebuild(ctx, athleteID, ids); err != nil {
			return err
		}
	}
	return k.Store.Update(ctx, k.lease, func(tx *store.Tx) error { return tx.PutSetting(ctx, fitted, want) })
}
