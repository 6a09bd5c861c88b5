package keeper

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"musette"
	"musette/store"
)

const (
	// patience is how long a sync waits for retries.
	patience = 2 * time.Minute
	// moment is how long a sync waits for quota: over the edge of a window, say.
	moment = 5 * time.Second
	// lookEvery is how often a sync looks how far another process is that leads.
	lookEvery = 500 * time.Millisecond
	// progressEvery is how often at most progress is told.
	progressEvery = 100 * time.Millisecond
)

// SyncOptions say what a person wants synced.
type SyncOptions struct {
	IDs      []int64              // these activities; none: everything due, after a poll
	Progress func(musette.Status) // called as it goes, ten times a second at most; may be nil
}

// Sync is a person's refresh: it polls once whatever the state, makes every due call that the quota allows, waits
// for retries that are due soon, writes a snapshot if anything changed or the last one failed, and returns the status it ended in. Where
// another process leads, that one does the work, and Sync follows what it does. The error is a [store.ErrNotFound]
// if an activity isn't known.
func (k *Keeper) Sync(ctx context.Context, o SyncOptions) (musette.Status, error) {
	k.forget(ctx)
	w, err := k.want(ctx, o.IDs)
	if err != nil {
		return musette.Status{}, err
	}
	for {
		err := k.Lead(ctx, func(ctx context.Context) error { return k.work(ctx, o) })
		if err == nil {
			return k.Status(ctx)
		}
		if _, held := errors.AsType[*store.HeldError](err); !held {
			return musette.Status{}, err
		}
		status, done, err := k.look(ctx, w)
		if err != nil {
			return status, err
		}
		if o.Progress != nil {
			o.Progress(status)
		}
		if done {
			return status, nil
		}
		if k.wait(ctx, lookEvery); ctx.Err() != nil {
			return status, ctx.Err()
		}
	}
}

// A wish is what a sync has put into the inbox.
type wish struct {
	rows  []int64
	calls int64 // ever made when it began, by anybody
}

// want writes what is wanted into the inbox, for whoever leads.
func (k *Keeper) want(ctx context.Context, ids []int64) (w wish, err error) {
	err = k.Store.Update(ctx, nil, func(tx *store.Tx) error {
		w = wish{}
		g, err := readGate(ctx, tx)
		if err != nil {
			return err
		}
		w.calls = g.Host.Calls
		for _, id := range ids {
			if _, err := findActivity(ctx, tx, id); sound(err) != nil {
				return fmt.Errorf("syncing activity %d: %w", id, err)
			}
		}
		if len(ids) == 0 {
			ids = []int64{0}
		}
		for _, id := range ids {
			row, err := tx.PutInbox(ctx, store.InboxItem{Kind: kindForced, ActivityID: id, ReceivedAt: k.Now()})
			if err != nil {
				return err
			}
			w.rows = append(w.rows, row)
		}
		return nil
	})
	return w, err
}

// work steps until nothing is due soon, or nothing of the activities asked for, or something stops it.
func (k *Keeper) work(ctx context.Context, o SyncOptions) error {
	var told time.Time
	tell := func() error {
		told = k.Now()
		status, err := k.Status(ctx)
		if err == nil {
			o.Progress(status)
		}
		return err
	}
	for {
		if o.Progress != nil && (told.IsZero() || k.Now().Sub(told) >= progressEvery) {
			if err := tell(); err != nil {
				return err
			}
		}
		calls := k.calls.Load()
		wake, err := k.Step(ctx, k.Now())
		if err != nil {
			return err
		}
		if done, err := k.fetched(ctx, o.IDs); done || err != nil {
			if err != nil {
				return err
			}
			break
		}
		if k.calls.Load() > calls {
			continue
		}
		wait := wake.Sub(k.Now())
		if wake.IsZero() || wait > k.bears() {
			break
		}
		if o.Progress != nil && wait >= progressEvery { // what it waits for
			if err := tell(); err != nil {
				return err
			}
		}
		if k.wait(ctx, max(wait, 0)); ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if o.Progress == nil {
		tell = nil
	}
	if err := k.fetchPictures(ctx, tell); err != nil {
		return err
	}
	k.forget(ctx)
	if k.Snapshot != nil && (k.changed || k.owesSnapshot(ctx)) {
		k.snapshot(ctx)
	}
	return nil
}

// fetched reports whether nothing of these activities is due soon; never of none.
func (k *Keeper) fetched(ctx context.Context, ids []int64) (done bool, err error) {
	if len(ids) == 0 {
		return false, nil
	}
	soon := k.Now().Add(patience)
	done = true
	err = k.Store.View(ctx, func(tx *store.Tx) error {
		for _, id := range ids {
			a, err := findActivity(ctx, tx, id)
			if sound(err) != nil {
				return err
			}
			states, err := partStates(ctx, tx, a.AthleteID, id)
			if err != nil {
				return err
			}
			for _, st := range states {
				done = done && (st.Due.IsZero() || st.Due.After(soon) || st.Class == musette.ClassRecheck)
			}
		}
		return nil
	})
	return done, err
}

// bears returns how long a sync waits in the present state.
func (k *Keeper) bears() time.Duration {
	switch k.last.State {
	case musette.StateOK, musette.StateSyncing:
		return patience
	case musette.StateOffline, musette.StateInactive:
		return -1
	}
	return moment
}

// look says how far the leader is, and whether what was wished is done: its rows are worked off, what they made due
// has been called, and nothing else is under way.
func (k *Keeper) look(ctx context.Context, w wish) (s musette.Status, done bool, err error) {
	err = k.Store.View(ctx, func(tx *store.Tx) error {
		now := k.Now()
		var g gate
		if s, g, err = readStatus(ctx, tx, now, k.Machine, nil); err != nil {
			return err
		}
		s.Calls = int(g.Host.Calls - w.calls)
		items, err := tx.Inbox(ctx, inboxBatch)
		if sound(err) != nil {
			return err
		}
		waits := slices.ContainsFunc(items, func(it store.InboxItem) bool { return slices.Contains(w.rows, it.ID) })
		due, err := tx.Backlog(ctx, now)
		if err != nil {
			return err
		}
		switch s.State {
		case musette.StateSyncing:
		case musette.StateOK, musette.StateHeld:
			done = !waits && due.Ready[musette.ClassForced] == 0
		default: // nothing more will come of it for now
			done = !waits
		}
		return nil
	})
	return s, done, err
}
