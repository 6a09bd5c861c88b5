package keeper

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"musette"
	"musette/plan"
	"musette/store"
)

// The guard against mass deletion. Too many at once are not believed, by whatever way they are found: a listing is
// judged as a whole (deletions.go), and here everything together that was claimed within a day, such as by events that
// anybody could have sent to a Strava, or a permission, that is broken. What was claimed waits for a person then; that
// includes what had gone by, which stays hidden, with its documents, until the person has decided.

// heldWithin is how near each other deletions are in time that count as one lot.
const heldWithin = day

// tooMany reports whether so many deletions are more than can be believed, of so many activities.
func tooMany(n, of int) bool { return n > heldCount && n*heldShare > of }

// claims are the activities that are said to be deleted, or were lately, without a person's word: those of the marks,
// and those that wait already.
func (m *marks) claims(known map[int64]store.Deletion, at time.Time) map[int64]bool {
	ids := map[int64]bool{}
	for id, since := range m.Buried {
		if at.Sub(time.Unix(since, 0)).Abs() >= heldWithin {
			delete(m.Buried, id)
		} else {
			ids[id] = true
		}
	}
	for id, since := range m.Absent {
		if at.Sub(time.Unix(since, 0)).Abs() < heldWithin {
			ids[id] = true
		}
	}
	for id, d := range known {
		if d.Decision == store.DeletionWaits {
			ids[id] = true
		} else {
			delete(ids, id)
		}
	}
	return ids
}

// guard judges an activity that the marks say is absent: one that is about to be asked for, or, with a 404 on top, to
// go. held reports that with it there are too many: all that was claimed waits for a person then, and the marks are
// written. Else they are the caller's to write; what goes is noted in them. A person's word goes before.
func (k *Keeper) guard(ctx context.Context, tx *store.Tx, athleteID int64, m *marks, at time.Time, id int64, goes bool) (held bool, err error) {
	known, err := deletions(ctx, tx, athleteID)
	if err != nil || known[id].Decision == store.DeletionAccepted {
		return false, err
	}
	claimed := m.claims(known, at)
	if len(claimed) > heldCount {
		counts, err := tx.PartCounts(ctx, athleteID)
		if sound(err) != nil {
			return false, err
		}
		held = tooMany(len(claimed), counts[musette.PartSummary].Have+len(m.Buried))
	}
	if !held {
		if goes {
			m.Buried[id] = at.Unix()
		}
		return false, nil
	}
	var fresh []store.Deletion
	for _, claim := range slices.Sorted(maps.Keys(claimed)) {
		delete(m.Absent, claim)
		_, waits := known[claim]
		if !waits {
			fresh = append(fresh, store.Deletion{AthleteID: athleteID, ActivityID: claim, FoundAt: at})
		}
		if !waits || claim == id {
			if err := k.unask(ctx, tx, athleteID, claim, at, goes && claim == id); err != nil {
				return false, err
			}
		}
	}
	if m.HeldSince == 0 { // the log has it once, however many follow
		k.Log.Warn("many activities are said to be deleted; they wait for a person", "athlete", athleteID, "waiting", len(claimed))
	}
	if err := tx.PutDeletions(ctx, fresh...); err != nil {
		return false, err
	}
	if err := followHold(ctx, tx, athleteID, m, at); err != nil {
		return false, err
	}
	return true, m.write(ctx, tx, athleteID)
}

// unask takes back that an activity's detail was asked for because the activity seemed deleted, unless somebody else
// has asked; answered means that the answer is here. What is due of it besides stays so.
func (k *Keeper) unask(ctx context.Context, tx *store.Tx, athleteID, id int64, at time.Time, answered bool) error {
	states, err := partStates(ctx, tx, athleteID, id)
	if err != nil {
		return err
	}
	st, ok := states[musette.PartDetail]
	if !ok || st.Due.IsZero() || !answered && st.Class != musette.ClassEvent && st.Class != musette.ClassList {
		return nil
	}
	stored := maps.Clone(states)
	st.Due, st.NotFound, st.Tries = time.Time{}, time.Time{}, 0
	states[musette.PartDetail] = st
	a, err := tx.Activity(ctx, athleteID, id)
	if err == nil && a.Status == store.StatusLive {
		docs, err := documents(ctx, tx, athleteID, id)
		if err != nil {
			return err
		}
		err = k.deriveOne(ctx, tx, st.Key(), filing{docs: docs, states: states, stored: stored}, a, at)
		if !errors.Is(err, musette.ErrNoBasics) {
			return err
		}
	}
	return tx.PutPartState(ctx, st)
}

// shownAgain takes back what waits because of events, for an activity that Strava has just shown.
func shownAgain(ctx context.Context, tx *store.Tx, athleteID, id int64, m *marks, at time.Time) error {
	known, err := deletions(ctx, tx, athleteID)
	if d, ok := known[id]; err != nil || !ok || d.Listing != "" || d.Decision == store.DeletionRejected {
		return err
	}
	if err := tx.DropDeletions(ctx, athleteID, id); err != nil {
		return err
	}
	return followHold(ctx, tx, athleteID, m, at)
}

// had are states in which every part that a document is here of counts as such: those of an activity that had gone
// say nothing.
func had(states plan.States, docs []musette.Document) plan.States {
	for _, d := range docs {
		if st, ok := states[d.Part]; ok && st.Outcome == musette.OutcomeNever {
			st.Outcome = musette.OutcomeHave
			states[d.Part] = st
		}
	}
	return states
}
