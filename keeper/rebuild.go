package keeper

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"musette"
	"musette/store"
)

// Rebuilt is what deriving everything anew has come to so far.
type Rebuilt struct {
	Total      int `json:"-"`          // activities to look at
	Activities int `json:"activities"` // looked at
	Changed    int `json:"changed"`    // of which readers now see something else
	Unusable   int `json:"unusable"`   // without a summary or detail that can be read: as they were
}

// Rebuild derives every activity anew from its documents, and what is due of it, without a call to Strava. It leads
// meanwhile: the error is a [store.HeldError] if another process does. It can be stopped and repeated at will. progress
// may be nil.
func (k *Keeper) Rebuild(ctx context.Context, progress func(Rebuilt)) (sum Rebuilt, err error) {
	err = k.leading(ctx, func(ctx context.Context) error {
		work, err := k.everything(ctx)
		if err != nil {
			return err
		}
		for _, ids := range work {
			sum.Total += len(ids)
		}
		return k.rebuild(ctx, work, &sum, progress)
	})
	return sum, err
}

// everything lists all activities by athlete: those that have rows, and those that have documents only.
func (k *Keeper) everything(ctx context.Context) (work map[int64][]int64, err error) {
	work = map[int64][]int64{}
	err = k.Store.View(ctx, func(tx *store.Tx) error {
		athletes, err := tx.Athletes(ctx)
		if sound(err) != nil {
			return err
		}
		for _, a := range athletes {
			ids, err := tx.DocumentedIDs(ctx, a.ID)
			if err != nil {
				return err
			}
			for row, err := range tx.Activities(ctx, a.ID) {
				if sound(err) != nil {
					return err
				}
				if row.ID != 0 {
					ids = append(ids, row.ID)
				}
			}
			slices.Sort(ids)
			work[a.ID] = slices.Compact(ids)
		}
		return nil
	})
	return work, err
}

// rebuildBatch is how many activities one transaction derives anew.
const rebuildBatch = 50

// rebuild derives activities anew, in transactions of a few each, and notes at the end by what rules.
func (k *Keeper) rebuild(ctx context.Context, work map[int64][]int64, sum *Rebuilt, progress func(Rebuilt)) error {
	for athleteID, ids := range work {
		for some := range slices.Chunk(ids, rebuildBatch) {
			next := *sum
			err := k.Store.Update(ctx, k.lease, func(tx *store.Tx) error {
				next = *sum
				for _, id := range some {
					if err := k.rebuildOne(ctx, tx, athleteID, id, &next); err != nil {
						return fmt.Errorf("deriving activity %d anew: %w", id, err)
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			if *sum = next; progress != nil {
				progress(next)
			}
		}
	}
	return k.Store.Update(ctx, k.lease, func(tx *store.Tx) error {
		for athleteID := range work {
			if err := k.refitLists(ctx, tx, athleteID); err != nil {
				return err
			}
		}
		return tx.PutSetting(ctx, fitted, k.rules())
	})
}

// rebuildOne derives one activity. One without documents to derive from stays as it is; a damaged row is mended.
func (k *Keeper) rebuildOne(ctx context.Context, tx *store.Tx, athleteID, id int64, sum *Rebuilt) error {
	was, err := tx.Activity(ctx, athleteID, id)
	if err != nil {
		if sound(err) != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		was.Status = store.StatusLive
	}
	docs, err := documents(ctx, tx, athleteID, id)
	if err != nil {
		return err
	}
	states, err := partStates(ctx, tx, athleteID, id)
	if err != nil {
		return err
	}
	sum.Activities++
	changed, err := k.derive(ctx, tx, athleteID, id, filing{docs: docs, states: states, stored: states}, was, k.Now())
	switch {
	case errors.Is(err, musette.ErrNoBasics): // the next listing brings a summary
		sum.Unusable++
		return nil
	case changed:
		sum.Changed++
		k.changed = true
	}
	return err
}
