package keeper

import (
	"context"
	"errors"
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
				return k.rebuildSome(ctx, tx, athleteID, some, &next)
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

// rebuildSome derives some activities of an athlete. One without documents to derive from stays as it is; a damaged row is
// mended.
func (k *Keeper) rebuildSome(ctx context.Context, tx *store.Tx, athleteID int64, ids []int64, sum *Rebuilt) error {
	rows, err := tx.ActivitiesOf(ctx, athleteID, ids)
	if sound(err) != nil {
		return err
	}
	filed, err := filings(ctx, tx, athleteID, ids)
	if err != nil {
		return err
	}
	var o outcome
	for _, id := range ids {
		was, ok := rows[id]
		if !ok {
			was.Status = store.StatusLive
		}
		sum.Activities++
		err := k.derive(&o, athleteID, id, filed[id], was, k.Now())
		if errors.Is(err, musette.ErrNoBasics) { // the next listing brings a summary
			sum.Unusable++
		} else if err != nil {
			return err
		}
	}
	changed, err := o.write(ctx, tx)
	sum.Changed += len(changed)
	k.changed = k.changed || len(changed) > 0
	return err
}
