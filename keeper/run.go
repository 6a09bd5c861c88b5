package keeper

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"musette/snapshot"
	"musette/store"
)

const (
	// glance is how often a leader looks whether somebody has asked for something.
	glance = time.Second
	// again is how soon after a failure, or after finding another process leading, Run tries to lead.
	again = 2 * time.Second
	// soon is when Run writes the first snapshot where there is none: the first walk has begun by then. It is also how
	// soon one is tried again for which there was no room.
	soon = time.Minute
	// snapshotShare is the most of the time that writing snapshots may take.
	snapshotShare = 20
)

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
	told := ""
	k.copyDue = k.Now().Add(k.SnapshotEvery)
	if k.SnapshotSoon || k.owesSnapshot(ctx) {
		k.copyDue, k.changed = k.Now().Add(min(k.SnapshotEvery, soon)), true
	}
	for ctx.Err() == nil {
		k.forget(ctx)
		err := k.Lead(ctx, k.serve)
		if held, ok := errors.AsType[*store.HeldError](err); ok {
			k.Log.Debug("another process syncs", "holder", held.Holder)
			told = ""
			k.copyOthers(ctx)
		} else if err != nil && ctx.Err() == nil && err.Error() != told {
			told = err.Error()
			k.Log.Error("syncing stopped; it is tried again every two seconds", "error", err)
		}
		k.troubled(err)
		k.Missed = k.Missed || k.trouble.Load() != nil
		k.wait(ctx, again)
	}
	return nil
}

// serve steps until ctx ends, and writes a snapshot from time to time. Beside it everything is checked, and pictures are
// fetched.
func (k *Keeper) serve(ctx context.Context) error {
	beside, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { k.checkDaily(beside) })
	if k.Pictures != nil {
		wg.Go(func() { k.followPictures(beside) })
	}
	defer func() {
		cancel()
		wg.Wait()
	}()
	if k.Missed {
		if err := k.catchUp(ctx); err != nil {
			return err
		}
	}
	for ctx.Err() == nil {
		wake, err := k.Step(ctx, k.Now())
		if err != nil {
			return err
		}
		k.troubled(nil)
		k.forget(ctx)
		if err := k.seeTo(ctx); err != nil {
			return err
		}
		k.changed = k.pictured.Swap(false) || k.changed
		if k.Snapshot != nil && k.changed {
			if !k.Now().Before(k.copyDue) {
				k.snapshot(ctx)
			}
			if k.changed && (wake.IsZero() || k.copyDue.Before(wake)) {
				wake = k.copyDue
			}
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
		if left <= 0 || k.wait(ctx, left) || k.untidy(k.Now()) || k.setBack(k.Now()) || k.wasSet(k.reading(k.Now())) || k.pictured.Load() && !k.changed {
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

// asked reports whether there is something in the inbox, or a grant that nothing has been done with, or somebody has
// left.
func (k *Keeper) asked(ctx context.Context) (asked bool, err error) {
	err = k.Store.View(ctx, func(tx *store.Tx) error {
		items, err := tx.Inbox(ctx, 1)
		if asked = len(items) > 0; asked || sound(err) != nil {
			return sound(err)
		}
		if stamp, err := tx.PeopleStamp(ctx); err != nil || k.people != nil && k.people.stamp == stamp {
			return err
		}
		grants, err := tx.Grants(ctx)
		for _, g := range grants {
			asked = asked || !k.grants[g.ID]
		}
		return sound(err)
	})
	if err == nil && !asked && k.Forget != nil {
		last, err := k.lastDeparture(ctx)
		return err == nil && last != k.forgot && !k.Now().Before(k.forgetAt), err
	}
	return asked, err
}

// copyOthers writes a snapshot of what another process keeps, if that has changed and it is time. If the store is away
// the next try says so.
func (k *Keeper) copyOthers(ctx context.Context) {
	if k.Snapshot == nil || k.Now().Before(k.copyDue) {
		return
	}
	var now store.Position
	err := k.Store.View(ctx, func(tx *store.Tx) (err error) {
		now, err = tx.Position(ctx)
		return err
	})
	if err != nil || now == k.copied {
		return
	}
	if k.snapshot(ctx) {
		k.copied = now
	}
}

// snapshot writes one, and reports whether it did; a failure is logged, and the next one is tried in time. Damaged rows,
// of which it is often the first to know, are mended by whoever leads, and it is tried again.
func (k *Keeper) snapshot(ctx context.Context) bool {
	began := k.Now()
	_, err := k.Keep(ctx, func(ctx context.Context) (snapshot.Info, error) { return snapshot.Info{}, k.Snapshot(ctx) })
	every, full := k.SnapshotEvery, errors.Is(err, store.ErrDiskFull)
	if full {
		every = min(every, soon)
	}
	k.copyDue = began.Add(max(every, snapshotShare*k.Now().Sub(began)))
	level := slog.LevelError
	if full && k.noRoom { // said already
		level = slog.LevelDebug
	}
	k.noRoom = full
	if err != nil {
		k.Log.Log(ctx, level, "the snapshot could not be written; the data are in the database", "error", err)
		return false
	}
	k.changed = false
	return true
}
