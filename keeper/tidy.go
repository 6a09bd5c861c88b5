package keeper

import (
	"context"
	"fmt"
	"time"

	"musette"
	"musette/store"
)

// purgeBatch is how many tombstones one transaction purges.
const purgeBatch = 20

// untidy reports whether a day has passed since what is too old was thrown away. (A clock that was ahead and isn't any
// more counts too.)
func (k *Keeper) untidy(now time.Time) bool {
	return passed(k.tidied, now, day) || k.Policy.Retention > 0 && passed(k.lapsed, now, lapseEvery)
}

func passed(last, now time.Time, every time.Duration) bool {
	return last.IsZero() || now.Sub(last) >= every || now.Before(last)
}

// tidy purges old tombstones and old documents, and looks after the counts of what is due, once a day. Both are found by index. How old they are goes by
// Strava's clock, as its last answer told it: a clock of ours that is ahead for a moment must not destroy anything.
func (k *Keeper) tidy(ctx context.Context, now time.Time) error {
	if k.answered.IsZero() {
		return nil
	}
	if err := k.lapse(ctx, now); err != nil {
		return fmt.Errorf("dropping what wasn't confirmed in time: %w", err)
	}
	if !passed(k.tidied, now, day) {
		return nil
	}
	old := k.answered.Add(-k.Policy.TombstoneKeep)
	for passed, more := 0, true; more; {
		err := k.Store.Update(ctx, k.lease, func(tx *store.Tx) error {
			keys, err := tx.GoneBefore(ctx, old, passed, purgeBatch)
			if err != nil {
				return err
			}
			for _, key := range keys {
				purged, err := k.purge(ctx, tx, key)
				if err != nil {
					return err
				}
				if !purged {
					passed++
				}
			}
			if more = len(keys) == purgeBatch; more {
				return nil
			}
			return tx.PruneHistory(ctx, k.answered.Add(-k.Policy.HistoryKeep))
		})
		if err != nil {
			return err
		}
	}
	err := k.Store.Update(ctx, k.lease, func(tx *store.Tx) error {
		wrong, err := tx.MendLanes(ctx)
		if wrong > 0 {
			k.Log.Warn("counts of what is due were wrong, and are mended", "counts", wrong)
		}
		return err
	})
	if err != nil {
		return err
	}
	k.tidied = now
	k.changed = k.changed || k.Policy.Retention > 0 // else a snapshot might stay for ever, where nothing else changes
	return nil
}

// purge purges one tombstone. It passes over one that is damaged, of which nobody knows what it was, and one that a
// person has yet to decide about.
func (k *Keeper) purge(ctx context.Context, tx *store.Tx, key musette.Key) (purged bool, err error) {
	known, err := deletions(ctx, tx, key.AthleteID)
	if d, ok := known[key.ActivityID]; err != nil || ok && d.Decision == store.DeletionWaits {
		return false, err
	}
	if err := tx.Purge(ctx, key.AthleteID, key.ActivityID); err != nil {
		return false, sound(err)
	}
	k.Log.Info("the documents of a deleted activity are purged", "activity", key.ActivityID, "athlete", key.AthleteID)
	return true, nil
}
