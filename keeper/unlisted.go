package keeper

import (
	"context"
	"math"
	"time"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/store"
	"musette/strava"
)

// An event on an activity that nobody has listed is a hint that there is a new one. Nothing signs it, so what such
// hints may cost is bounded, for all athletes together: so many ids may be asked for one by one; beyond that a poll
// says truthfully what is new, however many were named; and those too are so many. Each that proves right is given
// back, so the bounds are on what comes to nothing. Beyond them the lists find what is new, in their own time.

const (
	// guessShare is the part of the quota kept for events that ids nobody has listed may cost for nothing, and the polls
	// for them as much again.
	guessShare = 0.2
	// leastGuesses is that many in a quarter hour all the same, and four times as many a day.
	leastGuesses = 2
)

// unlisted makes a call due for an event on an activity that isn't here: its detail, or a poll.
func (k *Keeper) unlisted(ctx context.Context, tx *store.Tx, e strava.Event, st musette.PartState, now time.Time) error {
	if err := told(ctx, tx, e.OwnerID, e.ObjectID, now); err != nil {
		return err
	}
	if st.ActivityID == 0 {
		st.AthleteID, st.ActivityID, st.Start, st.FirstSeen = e.OwnerID, e.ObjectID, now.UTC(), now.UTC()
		st.Outcome = musette.OutcomeHinted
	} else if !st.Due.IsZero() && st.Class <= musette.ClassEvent { // it is asked for already
		return nil
	}
	b, err := k.readBudget(ctx, tx, now)
	if err != nil {
		return err
	}
	if b.Guesses.take(b.quarterly, b.daily) {
		if err := b.write(ctx, tx); err != nil {
			return err
		}
		return tx.PutPartState(ctx, k.Policy.Asked(st, musette.ClassEvent, eventDue(st, gather, apart, now)))
	}
	states, err := partStates(ctx, tx, e.OwnerID, 0)
	if err != nil {
		return err
	}
	poll, ok := states[musette.ListPoll]
	if !ok || !poll.Due.IsZero() && poll.Class <= musette.ClassEvent { // the first walk is on its way, or a poll
		return nil
	}
	if b.Polls.take(b.quarterly, b.daily) {
		if err := b.write(ctx, tx); err != nil {
			return err
		}
		return tx.PutPartState(ctx, k.Policy.Asked(poll, musette.ClassEvent, eventDue(poll, gather, apart, now)))
	}
	if !b.Spent {
		b.Spent = true
		k.Log.Warn("many events name activities that Strava doesn't show; for now only the lists say what is new", "athlete", e.OwnerID)
		if err := b.write(ctx, tx); err != nil {
			return err
		}
	}
	return k.distrust(ctx, tx, e.OwnerID)
}

// stranger records that asking for an activity that isn't known, for an event's sake, came to nothing. The first 404
// proves nothing, since Strava may tell of an activity before it shows it; after that the event was a lie, or late.
func (k *Keeper) stranger(ctx context.Context, tx *store.Tx, st musette.PartState, r *result, v verdict) error {
	after := k.Policy.Failed(st, failure(r.err), k.Jitter(), r.at)
	if v == absent {
		after = k.Policy.NotFound(st, failure(r.err), k.Jitter(), r.at)
	}
	if after.Failures == 0 {
		b, err := k.readBudget(ctx, tx, r.at)
		if err != nil {
			return err
		}
		if b.Guesses.take(b.quarterly, b.daily) {
			if err := b.write(ctx, tx); err != nil {
				return err
			}
			return tx.PutPartState(ctx, after)
		}
	}
	k.Log.Info("an event named an activity that Strava doesn't show", "activity", st.ActivityID, "athlete", st.AthleteID)
	return tx.DeletePartState(ctx, st.Key())
}

// proven notes that an activity nobody had listed is there, as an event said.
func (k *Keeper) proven(ctx context.Context, tx *store.Tx, athleteID, id int64, now time.Time) error {
	b, err := k.readBudget(ctx, tx, now)
	if err != nil {
		return err
	}
	if b.Guesses.refund() {
		if err := b.write(ctx, tx); err != nil {
			return err
		}
	}
	_, err = heard(ctx, tx, athleteID, id)
	return err
}

// polledNew counts the activities that a poll has found to be new. Those that events have told of go on as what
// events are about.
func (k *Keeper) polledNew(ctx context.Context, tx *store.Tx, athleteID int64, ids []int64, now time.Time) error {
	hinted, err := heard(ctx, tx, athleteID, ids...)
	if err != nil || len(hinted) == 0 {
		return err
	}
	b, err := k.readBudget(ctx, tx, now)
	if err != nil {
		return err
	}
	if b.Polls.refund() {
		if err := b.write(ctx, tx); err != nil {
			return err
		}
	}
	states, err := tx.PartStatesOf(ctx, athleteID, hinted)
	if sound(err) != nil {
		return err
	}
	var sooner []musette.PartState
	for _, id := range hinted {
		st, ok := byPart(states[id])[musette.PartDetail]
		if !ok || st.Due.IsZero() || st.Class <= musette.ClassEvent {
			continue
		}
		st.Class = musette.ClassEvent
		sooner = append(sooner, st)
	}
	return tx.PutPartState(ctx, sooner...)
}

// budget is what hints have cost for nothing so far, in the windows of the ledger. It is one cursor of nobody's.
type budget struct {
	Quarter int64    `json:"quarter"` // start of the window, Unix seconds
	Day     int64    `json:"day"`
	Guesses spending `json:"guesses,omitzero"` // details
	Polls   spending `json:"polls,omitzero"`
	Spent   bool     `json:"spent,omitzero"` // in this quarter there was nothing left

	quarterly, daily int
}

// spending counts the calls made that haven't proved right.
type spending struct {
	Quarter int `json:"quarter,omitzero"`
	Day     int `json:"day,omitzero"`
}

// take takes one call, if there is one left.
func (s *spending) take(quarterly, daily int) bool {
	if s.Quarter >= quarterly || s.Day >= daily {
		return false
	}
	s.Quarter++
	s.Day++
	return true
}

// refund gives one back, if one was taken.
func (s *spending) refund() bool {
	if s.Day == 0 {
		return false
	}
	s.Quarter, s.Day = max(0, s.Quarter-1), s.Day-1
	return true
}

const budgetName = "hints"

func (k *Keeper) readBudget(ctx context.Context, tx *store.Tx, now time.Time) (b budget, err error) {
	g, err := k.gate(ctx, tx)
	if err != nil {
		return b, err
	}
	body, err := tx.Cursor(ctx, 0, budgetName)
	if sound(err) != nil {
		return b, err
	}
	if err != nil || json.Unmarshal(body, &b) != nil {
		b = budget{}
	}
	l := g.Ledger.At(now)
	if at := l.Quarter.Start.Unix(); b.Quarter != at {
		b.Quarter, b.Spent, b.Guesses.Quarter, b.Polls.Quarter = at, false, 0, 0
	}
	if at := l.Day.Start.Unix(); b.Day != at {
		b.Day, b.Guesses.Day, b.Polls.Day = at, 0, 0
	}
	share := guessShare * k.Rules.Reserve[musette.ClassEvent]
	b.quarterly = max(leastGuesses, int(math.Round(share*float64(l.Quarter.Read.Limit))))
	b.daily = max(4*leastGuesses, int(math.Round(share*float64(l.Day.Read.Limit))))
	return b, nil
}

func (b budget) write(ctx context.Context, tx *store.Tx) error {
	body, err := json.Marshal(b)
	if err != nil {
		return err
	}
	return tx.PutCursor(ctx, 0, budgetName, body)
}
