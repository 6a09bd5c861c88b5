package keeper

import (
	"context"
	"time"

	"musette/store"
)

// purgeBatch is how many tombstones one transaction purges.
const purgeBatch = 20

// untidy reports whether a day has passed since what is too old was thrown away. (A clock that was ahead and isn't any
// more counts too.)
func (k *Keeper) untidy(now time.Time) bool {
	return k.tidied.IsZero() || now.Sub(k.tidied) >= day || now.Before(k.tidied)
}

// tidy purges old tombstones and old documents, once a day. Both are found by index. How old they are goes by
// Strava's clock, as its last answer told it: a clock of ours that is ahead for a moment must not destroy anything.
func (k *Keeper) tidy(ctx context.Context, now time.Time) error {
	if !k.untidy(now) || k.answered.IsZero() {
		return nil
	}
	for more := true; more; {
		err := k.Store.Update(ctx, k.lease, func(tx *store.Tx) error {
			old, err := tx.GoneBefore(ctx, k.answered.Add(-k.Policy.TombstoneKeep), purgeBatch)
			if err != nil {
				return err
			}
			purged := 0
			for _, key := range old {
				err := tx.Purge(ctx, key.AthleteID, key.ActivityID)
				if sound(err) != nil {
					return err
				}
				if err == nil {
					purged++
					k.Log.Info("the documents of a deleted activity are purged", "activity", key.ActivityID, "athlete", key.AthleteID)
				}
			}
			if more = purged == purgeBatch; more {
				return nil
			}
			return tx.PruneHistory(ctx, k.answered.Add(-k.Policy.HistoryKeep))
		})
		if err != nil {
			return err
		}
	}
	k.tidied = now
	return nil
}
