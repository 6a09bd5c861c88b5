package keeper

import (
	"context"
	"fmt"
	"time"

	"musette"
	"musette/plan"
	"musette/store"
)

// fitted is the setting that says by what rules the store's content was derived and scheduled.
const fitted = "derived"

// rules are what views and due times follow from, besides the documents.
func (k *Keeper) rules() string {
	poll, sweep := k.Policy.Lists(plan.Mirrored{})
	return fmt.Sprintf("view %d, types %q, from %q, streams %q, poll %s, sweep %s",
		musette.ViewVersion, k.Filter.Types, k.Filter.From, k.Policy.Streams, poll, sweep)
}

// refit makes the store's content what it would be had today's rules always held: views and what is due are derived
// anew after another version, filter or policy. It costs no call, and can be stopped and repeated at will.
func (k *Keeper) refit(ctx context.Context) error {
	if err := k.rightTimes(ctx, k.Now()); err != nil {
		return fmt.Errorf("looking for times of a clock that was ahead: %w", err)
	}
	if err := k.findLists(ctx); err != nil {
		return err
	}
	var have string
	err := k.Store.View(ctx, func(tx *store.Tx) (err error) {
		have, err = tx.Setting(ctx, fitted)
		return sound(err)
	})
	if err != nil || have == k.rules() {
		return err
	}
	work, err := k.everything(ctx)
	if err != nil {
		return err
	}
	return k.rebuild(ctx, work, &Rebuilt{}, nil)
}

// findLists sees to it that each athlete is listed again in time: a row that says so may have been damaged.
func (k *Keeper) findLists(ctx context.Context) error {
	var lost []musette.PartState
	now := k.Now()
	err := k.Store.View(ctx, func(tx *store.Tx) error {
		athletes, err := tx.Athletes(ctx)
		if sound(err) != nil {
			return err
		}
		for _, a := range athletes {
			states, err := partStates(ctx, tx, a.ID, 0)
			if err != nil {
				return err
			}
			walk, walked := states[musette.ListWalk]
			_, polls := states[musette.ListPoll]
			_, sweeps := states[musette.ListSweep]
			if walked && !walk.Due.IsZero() || walked && polls && sweeps { // a walk's end makes the others
				continue
			}
			delete(states, musette.ListWalk)
			lost = append(lost, k.lists(states, a.ID, now)...)
		}
		return nil
	})
	if err != nil || len(lost) == 0 {
		return err
	}
	return k.Store.Update(ctx, k.lease, func(tx *store.Tx) error { return tx.PutPartState(ctx, lost...) })
}

// refitLists lets an athlete's lists come no later than today's intervals say.
func (k *Keeper) refitLists(ctx context.Context, tx *store.Tx, athleteID int64) error {
	states, err := partStates(ctx, tx, athleteID, 0)
	if err != nil {
		return err
	}
	ids, err := tx.ActivityIDs(ctx, athleteID, time.Time{}, time.Time{})
	if err != nil {
		return err
	}
	g, err := readGate(ctx, tx)
	if err != nil {
		return err
	}
	often, err := k.intervals(ctx, tx, &g, athleteID, len(ids))
	if err != nil {
		return err
	}
	for part, every := range map[musette.Part]time.Duration{musette.ListPoll: often.poll, musette.ListSweep: often.sweep} {
		st, ok := states[part]
		if !ok || st.Due.IsZero() || st.Tries+st.Failures > 0 || !st.Contradicted.IsZero() {
			continue
		}
		from := st.LastSuccess
		if from.IsZero() {
			from = st.FirstSeen
		}
		if at := from.Add(every); at.Before(st.Due) {
			st.Due = at
			if err := tx.PutPartState(ctx, st); err != nil {
				return err
			}
		}
	}
	return nil
}
