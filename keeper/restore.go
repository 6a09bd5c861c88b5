package keeper

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"musette"
	"musette/plan"
	"musette/snapshot"
	"musette/store"
	"musette/token"
)

// What a restore brings back, the next sync must not take away again: an activity that Strava no longer has is kept,
// for its owner only, rather than deleted. Of some that is known when they are restored, since the store has them as
// gone; they are kept at once. Of the others it turns out later: an activity that Strava hasn't listed since the restore
// is kept, where any other would be gone. A person can still let each go: `musette deletions accept`.

// restoredName is the setting that says when the store was last restored, in Unix milliseconds.
const restoredName = "restored"

// A Missed is an activity that Strava no longer has, as far as a store knows.
type Missed struct{ AthleteID, ActivityID int64 }

// MissedBy returns what a store knows to be no longer on Strava: what a restore over it must not make live again. A
// damaged row is passed over.
func MissedBy(ctx context.Context, st *store.Store) (missed []Missed, err error) {
	err = st.View(ctx, func(tx *store.Tx) error {
		athletes, err := tx.Athletes(ctx)
		if sound(err) != nil {
			return err
		}
		for _, who := range athletes {
			for a, err := range tx.Activities(ctx, who.ID) {
				if sound(err) != nil {
					return err
				}
				if err == nil && a.Status != store.StatusLive {
					missed = append(missed, Missed{a.AthleteID, a.ID})
				}
			}
		}
		return nil
	})
	return missed, err
}

// Restore makes the store what a snapshot says, but for what is live there: see store.Tx.MakeRoom. It leads meanwhile: the
// error is a [store.HeldError] if another process does. before is called first, when nobody else writes any more: to keep
// what is replaced; an error of it ends the restore. Whatever goes wrong, the store is as it was.
func (k *Keeper) Restore(ctx context.Context, info snapshot.Info, before func(context.Context) error, progress func(done, total int)) (kept int, err error) {
	err = k.leading(ctx, func(ctx context.Context) error {
		if err := before(ctx); err != nil {
			return err
		}
		missed, err := MissedBy(ctx, k.Store)
		if err != nil {
			return err
		}
		return snapshot.Restore(ctx, info, k.Store, snapshot.Restoring{
			Fence: k.lease, Progress: progress,
			Then: func(ctx context.Context, tx *store.Tx) (err error) {
				kept, err = Restored(ctx, tx, missed, k.Now())
				return err
			},
		})
	})
	return kept, err
}

// Keep writes a snapshot while this keeper leads, as the before of Restore does. Damaged rows, which no snapshot takes, are
// mended first.
func (k *Keeper) Keep(ctx context.Context, write func(context.Context) (snapshot.Info, error)) (snapshot.Info, error) {
	info, err := write(ctx)
	if bad := store.Damages(err); bad != nil && k.lease != nil {
		if _, err = k.repair(ctx, store.Findings{Damaged: bad}, k.Repairing); err == nil {
			info, err = write(ctx)
		}
	}
	return info, err
}

// Restored ends the transaction of a restore: what Strava is known not to have any more is kept, and one sweep is
// queued for each athlete, which fetches nothing that is as it was. It returns how many activities are kept.
func Restored(ctx context.Context, tx *store.Tx, missed []Missed, now time.Time) (kept int, err error) {
	for _, m := range missed {
		a, err := tx.Activity(ctx, m.AthleteID, m.ActivityID)
		if errors.Is(err, store.ErrNotFound) || err == nil && a.Status != store.StatusLive {
			continue
		}
		if err != nil {
			return kept, err
		}
		if err := keepRestored(ctx, tx, m.AthleteID, m.ActivityID, now); err != nil {
			return kept, err
		}
		kept++
	}
	if err := reconcile(ctx, tx, now); err != nil {
		return kept, err
	}
	return kept, tx.PutSetting(ctx, restoredName, strconv.FormatInt(now.UnixMilli(), 10))
}

// Salvaged ends the transaction that follows a salvage: everything is looked through and listed anew, and what is
// missing becomes due.
func Salvaged(ctx context.Context, tx *store.Tx, now time.Time) error {
	if err := reconcile(ctx, tx, now); err != nil {
		return err
	}
	if err := token.TakeInAgain(ctx, tx); err != nil {
		return err
	}
	return tx.PutSetting(ctx, fitted, "")
}

// keepRestored keeps an activity, as if a person had rejected its deletion.
func keepRestored(ctx context.Context, tx *store.Tx, athleteID, activityID int64, now time.Time) error {
	d := store.Deletion{
		AthleteID: athleteID, ActivityID: activityID, FoundAt: now, Listing: musette.ListSweep,
		Decision: store.DeletionRejected, DecidedAt: now,
	}
	if err := keep(ctx, tx, d); err != nil {
		return err
	}
	return tx.PutDeletions(ctx, d)
}

// reconcile queues one sweep for each athlete whose first walk is done, and drops the doubts of before.
func reconcile(ctx context.Context, tx *store.Tx, now time.Time) error {
	athletes, err := tx.Athletes(ctx)
	if sound(err) != nil {
		return err
	}
	var p plan.Policy // what is asked for is due by no rule
	for _, who := range athletes {
		states, err := partStates(ctx, tx, who.ID, 0)
		if err != nil {
			return err
		}
		m, err := readMarks(ctx, tx, who.ID)
		if err != nil {
			return err
		}
		clear(m.Absent)
		if err := m.write(ctx, tx, who.ID); err != nil {
			return err
		}
		if walk, ok := states[musette.ListWalk]; !ok || !walk.Due.IsZero() { // it lists everything anyway
			continue
		}
		sweep, ok := states[musette.ListSweep]
		if !ok {
			sweep = musette.PartState{AthleteID: who.ID, Part: musette.ListSweep, FirstSeen: now}
		}
		if err := tx.PutCursor(ctx, who.ID, string(musette.ListSweep), nil); err != nil { // from its beginning
			return err
		}
		if err := tx.PutPartState(ctx, p.Asked(sweep, musette.ClassList, now)); err != nil {
			return err
		}
	}
	return nil
}

// broughtBack reports whether an activity is here only because of a restore: Strava hasn't listed it since, and nobody
// has accepted its deletion.
func broughtBack(ctx context.Context, tx *store.Tx, athleteID, activityID int64) (bool, error) {
	text, err := tx.Setting(ctx, restoredName)
	if sound(err) != nil || text == "" {
		return false, sound(err)
	}
	at, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return false, nil
	}
	metas, err := tx.DocumentMetas(ctx, athleteID, musette.PartSummary, []int64{activityID})
	if sound(err) != nil || metas[activityID].ConfirmedAt.UnixMilli() >= at {
		return false, sound(err)
	}
	list, err := tx.Deletions(ctx, athleteID)
	if sound(err) != nil {
		return false, err
	}
	accepted := slices.ContainsFunc(list, func(d store.Deletion) bool {
		return d.ActivityID == activityID && d.Decision == store.DeletionAccepted
	})
	return !accepted, nil
}
