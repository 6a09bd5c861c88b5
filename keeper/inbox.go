package keeper

import (
	"context"
	"errors"
	"time"

	"musette"
	"musette/store"
)

// kindForced is an inbox row by which somebody asks for a refresh: of one activity, or of the list.
const kindForced = "forced"

// inboxBatch is how many inbox rows one step works off.
const inboxBatch = 64

// workInbox turns what people asked for into due parts, and removes the rows, all in the step's own transaction.
func (k *Keeper) workInbox(ctx context.Context, tx *store.Tx, now time.Time) error {
	items, err := tx.Inbox(ctx, inboxBatch)
	if err != nil {
		return err
	}
	for _, it := range items {
		if it.Kind != kindForced {
			continue // not ours to judge: a newer program may know what to do with it
		}
		if err := k.force(ctx, tx, it.ActivityID, now); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := tx.DeleteInbox(ctx, it.ID); err != nil {
			return err
		}
	}
	return nil
}

// force makes one activity's parts due for a person, or with 0 a listing of each athlete.
func (k *Keeper) force(ctx context.Context, tx *store.Tx, activityID int64, now time.Time) error {
	if activityID != 0 {
		_, err := k.ask(ctx, tx, activityID, musette.ClassForced, now)
		return err
	}
	athletes, err := tx.Athletes(ctx)
	if err != nil {
		return err
	}
	for _, a := range athletes {
		states, err := tx.PartStates(ctx, a.ID, 0)
		if err != nil {
			return err
		}
		for _, st := range k.forcedLists(byPart(states), now) {
			if err := tx.PutPartState(ctx, st); err != nil {
				return err
			}
		}
	}
	return forceStuck(ctx, tx, now)
}

// forcedLists is what to list for a person: the newest page. A walk that has not begun will bring it; one that has
// goes on besides.
func (k *Keeper) forcedLists(old map[musette.Part]musette.PartState, now time.Time) (out []musette.PartState) {
	walk, hasWalk := old[musette.ListWalk]
	walking := hasWalk && !walk.Due.IsZero()
	if walking {
		out = append(out, k.Policy.Asked(walk, musette.ClassForced, now))
		if walk.LastSuccess.IsZero() {
			return out
		}
	}
	poll, ok := old[musette.ListPoll]
	if !ok {
		if !walking {
			return out
		}
		poll = musette.PartState{AthleteID: walk.AthleteID, Part: musette.ListPoll, FirstSeen: now}
	}
	return append(out, k.Policy.Asked(poll, musette.ClassForced, now))
}

// forceStuck asks at once again who a grant belongs to, if that has failed before.
func forceStuck(ctx context.Context, tx *store.Tx, now time.Time) error {
	states, err := tx.PartStates(ctx, 0, 0)
	if err != nil {
		return err
	}
	for _, st := range states {
		st.Due, st.Class, st.Tries = now, musette.ClassForced, 0
		if err := tx.PutPartState(ctx, st); err != nil {
			return err
		}
	}
	return nil
}
