package keeper

import (
	"context"
	"time"

	"musette"
	"musette/store"
)

// catchUpShare is how many looks because of a store that was away may come in the time of one that comes anyway.
const catchUpShare = 24

// catchUp has the newest page of each athlete listed now that the store is back. Meanwhile no event could be kept, and
// Strava sends each a few times only; the next look may be a day away. A store that comes and goes makes no look come
// sooner than a share of the usual time after the one before, and where there are so many athletes that their looks are
// stretched, they come spread over half that time.
func (k *Keeper) catchUp(ctx context.Context) error {
	now := k.Now()
	err := k.Store.Update(ctx, k.lease, func(tx *store.Tx) error {
		lists, err := tx.Lists(ctx)
		if sound(err) != nil {
			return err
		}
		g, err := readGate(ctx, tx)
		if err != nil {
			return err
		}
		var sooner []musette.PartState
		for _, st := range lists {
			if st.Part != musette.ListPoll || st.Due.IsZero() || st.Tries+st.Failures > 0 || !st.Contradicted.IsZero() {
				continue
			}
			often, err := k.intervals(ctx, tx, &g, st.AthleteID, 0)
			if err != nil {
				return err
			}
			if at := k.catchUpAt(st, often, now); at.Before(st.Due) {
				st.Due, st.Class = at, musette.ClassList
				sooner = append(sooner, st)
			}
		}
		return tx.PutPartState(ctx, sooner...)
	})
	if err == nil {
		k.Missed, k.caughtUp = false, now
	}
	return err
}

// catchUpAt is when an athlete's newest page is to be listed after the store was away.
func (k *Keeper) catchUpAt(poll musette.PartState, often rhythm, now time.Time) time.Time {
	at, least := now, k.caughtUp.Add(often.poll/catchUpShare)
	if often.crowded {
		at, least = now.Add(k.somewhere(often.poll/2)), poll.LastSuccess.Add(often.poll/2)
	}
	if at.Before(least) {
		return least
	}
	return at
}
