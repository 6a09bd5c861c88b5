package keeper

import (
	"context"
	"errors"
	"time"

	"musette"
	"musette/plan"
	"musette/store"
)

// kindForced is an inbox row by which somebody asks for a refresh: of one activity, or of the list.
const kindForced = "forced"

// inboxBatch is how many inbox rows one step works off.
const inboxBatch = 64

// workInbox turns what people asked for into due parts, and removes the rows, all in the step's own transaction. A
// row that nobody here understands goes too: left, it would be in the way of those behind it.
func (k *Keeper) workInbox(ctx context.Context, tx *store.Tx, now time.Time) error {
	items, err := tx.Inbox(ctx, inboxBatch)
	if sound(err) != nil {
		return err
	}
	for _, it := range items {
		switch {
		case it.Kind == kindLook: // what it is about is due by now
		case it.Kind == kindEvent:
			err = k.takeEvent(ctx, tx, it, now)
		case it.Kind != kindForced:
			k.Log.Warn("an unknown wish is passed over", "kind", it.Kind, "activity", it.ActivityID)
		case it.ActivityID != 0:
			err = k.ask(ctx, tx, it.ActivityID, musette.ClassForced, now)
		default:
			err = k.forceLists(ctx, tx, now)
		}
		if sound(err) != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		err = nil
		if err := tx.DeleteInbox(ctx, it.ID); err != nil {
			return err
		}
	}
	return nil
}

// forceLists makes a listing of each athlete due for a person; where it isn't known yet whose a grant is, that.
func (k *Keeper) forceLists(ctx context.Context, tx *store.Tx, now time.Time) error {
	lists, err := tx.Lists(ctx)
	if sound(err) != nil {
		return err
	}
	of := map[int64]plan.States{}
	for _, st := range lists {
		if of[st.AthleteID] == nil {
			of[st.AthleteID] = plan.States{}
		}
		of[st.AthleteID][st.Part] = st
	}
	var forced []musette.PartState
	for _, states := range of {
		forced = append(forced, k.forcedLists(states, now)...)
	}
	return tx.PutPartState(ctx, forced...)
}

// forcedLists is what to list for a person: the newest page. A first walk that is under way will bring it; one that
// closes a gap goes on besides.
func (k *Keeper) forcedLists(old plan.States, now time.Time) (out []musette.PartState) {
	for _, part := range []musette.Part{musette.PartAthlete, musette.ListWalk} {
		if st, ok := old[part]; ok && !st.Due.IsZero() {
			out = append(out, k.Policy.Asked(st, musette.ClassForced, now))
		}
	}
	if poll, ok := old[musette.ListPoll]; ok {
		out = append(out, k.Policy.Asked(poll, musette.ClassForced, now))
	}
	return out
}
