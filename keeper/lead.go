package keeper

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"musette/store"
)

// leaseTTL is how long a leader that has died blocks the others on Postgres: with the pause between two tries to lead,
// they take over within 20 seconds. On SQLite a file lock ends at once.
const leaseTTL = 15 * time.Second

func holder() string {
	return fmt.Sprintf("%s, process %d", hostName(), os.Getpid())
}

// Lead runs f while this keeper holds the lease, which it renews meanwhile; f's context ends if the lease is lost.
// The error is a [store.HeldError] if another process leads.
func (k *Keeper) Lead(ctx context.Context, f func(context.Context) error) error {
	return k.leading(ctx, func(ctx context.Context) error {
		if err := k.refit(ctx); err != nil {
			return fmt.Errorf("looking through what is here: %w", err)
		}
		return f(ctx)
	})
}

// leading is Lead with the store's content as it is, whatever rules it was derived by. It ends too when the database falls
// silent.
func (k *Keeper) leading(ctx context.Context, f func(context.Context) error) (err error) {
	ctx, unwatch := k.watched(ctx)
	defer func() { err = unwatch(err) }()
	lease, err := k.takeLease(ctx)
	if err != nil {
		return err
	}
	if lease.Number > k.led+1 { // somebody else led meanwhile: what waits here is out of date
		k.pending = nil
	}
	k.lease, k.led = lease, lease.Number
	k.leads.Store(true)
	k.people = nil // whoever led before may have told the store otherwise
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		renew(ctx, lease, cancel)
	}()
	defer func() {
		cancel(nil)
		<-done
		k.lease = nil
		k.leads.Store(false)
		if silent(ctx) != nil {
			k.unreleased = lease
			return
		}
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeLimit)
		defer cancel()
		switch free := lease.Release(last); {
		case errors.Is(free, store.ErrUnreachable):
			k.unreleased = lease
		case err == nil:
			err = free
		}
	}()
	if err := f(ctx); err != nil {
		if errors.Is(context.Cause(ctx), store.ErrFenced) {
			return errors.Join(context.Cause(ctx), err)
		}
		return err
	}
	return nil
}

// takeLease returns the lease: the one that couldn't be given up because the store was away, if it still lasts, so that
// nobody need wait for its end, or a new one.
func (k *Keeper) takeLease(ctx context.Context) (*store.Lease, error) {
	if old := k.unreleased; old != nil {
		err := old.Renew(ctx)
		if err == nil || errors.Is(err, store.ErrFenced) {
			k.unreleased = nil
		}
		if err == nil {
			return old, nil
		}
		if !errors.Is(err, store.ErrFenced) {
			return nil, err
		}
	}
	return k.Store.Acquire(ctx, store.SyncLease, k.Holder, leaseTTL)
}

// renew keeps the lease alive until ctx ends, and ends ctx if the lease is lost.
func renew(ctx context.Context, lease *store.Lease, cancel context.CancelCauseFunc) {
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
