package keeper

import (
	"context"
	"errors"
	"time"

	"musette"
	"musette/plan"
	"musette/store"
	"musette/strava"
	"musette/token"
)

// kindEvent is an inbox row with one of Strava's webhook events: its body as it came.
const kindEvent = "event"

const (
	// gather is how long an activity's first event waits for others: Strava tells of one upload or edit in several.
	gather = 10 * time.Second
	// apart is the least time between two fetches of an activity for events.
	apart = time.Minute
)

// takeEvent turns an event into a call that is due: the row can go, since what is due is written with it and stays
// due until it is done. An event is a hint that nothing signs: it decides what is asked, never what is believed. One
// about an athlete who isn't known costs nothing.
func (k *Keeper) takeEvent(ctx context.Context, tx *store.Tx, it store.InboxItem, now time.Time) error {
	e, err := strava.ParseEvent(it.Body)
	if err != nil {
		k.Log.Warn("an event is passed over", "error", err)
		return nil
	}
	if known, err := tx.HasAthlete(ctx, e.OwnerID); sound(err) != nil || !known {
		return sound(err)
	}
	switch {
	case e.ObjectType == "activity":
		return k.eventOn(ctx, tx, e, now)
	case e.Deauthorized():
		return k.suspectLeave(ctx, tx, e.OwnerID, now)
	}
	return nil
}

// eventOn makes one detail due for an event on an activity.
func (k *Keeper) eventOn(ctx context.Context, tx *store.Tx, e strava.Event, now time.Time) error {
	states, err := partStates(ctx, tx, e.OwnerID, e.ObjectID)
	if err != nil {
		return err
	}
	st := detailState(states)
	a, err := tx.Activity(ctx, e.OwnerID, e.ObjectID)
	unknown := errors.Is(err, store.ErrNotFound)
	switch {
	case unknown && e.AspectType == "delete": // before it was ever here
		return tx.DeletePartState(ctx, musette.Key{AthleteID: e.OwnerID, ActivityID: e.ObjectID, Part: musette.PartDetail})
	case unknown:
		return k.unlisted(ctx, tx, e, st, now)
	case sound(err) != nil:
		return err
	case e.AspectType == "delete" && err == nil && a.Status != store.StatusLive: // gone already, or a person keeps it
		return nil
	}
	asked := !st.Due.IsZero() && st.Class <= musette.ClassEvent
	if !asked {
		if ok, err := k.spendEvent(ctx, tx, e.OwnerID, now); err != nil || !ok {
			return err
		}
	}
	if e.AspectType == "delete" {
		if held, err := k.claimed(ctx, tx, e, now); err != nil || held {
			return err
		}
	}
	if asked {
		return nil
	}
	return tx.PutPartState(ctx, k.Policy.Asked(st, musette.ClassEvent, eventDue(st, gather, apart, now)))
}

// spendEvent takes a call off what an athlete's events may cost a day for nothing. Where that is used up, the lists find
// what has changed, as often as without a webhook.
func (k *Keeper) spendEvent(ctx context.Context, tx *store.Tx, athleteID int64, now time.Time) (ok bool, err error) {
	h, err := readHearsay(ctx, tx, athleteID)
	if err != nil {
		return false, err
	}
	g, err := k.gate(ctx, tx)
	if err != nil {
		return false, err
	}
	l := g.Ledger.At(now)
	var first bool
	if h.Cost, ok, first = h.Cost.Take(l.Day.Start, plan.EventsPerDay(l.Day.Read.Limit)); !ok && !first {
		return false, nil
	}
	if err := h.write(ctx, tx, athleteID); err != nil || ok {
		return ok, err
	}
	k.Log.Warn("many events tell of changes that Strava doesn't show; until tomorrow only the lists say what has changed", "athlete", athleteID)
	return false, k.distrust(ctx, tx, athleteID)
}

// refundEvent gives back what an event has cost, because it was true.
func (k *Keeper) refundEvent(ctx context.Context, tx *store.Tx, r *result) error {
	if r.state.Class != musette.ClassEvent || r.state.Part != musette.PartDetail {
		return nil
	}
	h, err := readHearsay(ctx, tx, r.state.AthleteID)
	if err != nil || h.Cost.Calls == 0 {
		return err
	}
	h.Cost = h.Cost.Refund()
	return h.write(ctx, tx, r.state.AthleteID)
}

// claimed notes that an event says that an activity is deleted: as good as a listing that lacks it, so with a 404 it is
// gone. held reports that it waits for a person instead.
func (k *Keeper) claimed(ctx context.Context, tx *store.Tx, e strava.Event, now time.Time) (held bool, err error) {
	known, err := deletions(ctx, tx, e.OwnerID)
	if d, ok := known[e.ObjectID]; err != nil || ok && d.Decision == store.DeletionWaits {
		return true, err
	}
	m, err := readMarks(ctx, tx, e.OwnerID)
	if err != nil {
		return false, err
	}
	m.Absent[e.ObjectID] = now.Unix()
	if held, err = k.guard(ctx, tx, e.OwnerID, &m, now, e.ObjectID, false); err != nil || held {
		return held, err
	}
	return false, m.write(ctx, tx, e.OwnerID)
}

// eventDue is when to fetch for an event that came now: after a wait, and so long after the last try.
func eventDue(st musette.PartState, wait, apart time.Duration, now time.Time) time.Time {
	at := now.Add(wait)
	if again := st.LastTry.Add(apart); again.After(at) {
		at = again
	}
	if most := now.Add(apart); at.After(most) { // the last try was by a clock that ran ahead
		at = most
	}
	return at
}

// leftName is the cursor that says that an event has told of an athlete who ended the connection.
const leftName = "left"

// suspectLeave asks Strava at once whether the athlete has really left, as an event says: only a token that is refused
// proves it. However many such events were made up, it is asked once an hour.
func (k *Keeper) suspectLeave(ctx context.Context, tx *store.Tx, athleteID int64, now time.Time) error {
	states, err := partStates(ctx, tx, athleteID, 0)
	if err != nil {
		return err
	}
	st, ok := states[musette.PartAthlete]
	if !ok {
		st = musette.PartState{AthleteID: athleteID, Part: musette.PartAthlete, FirstSeen: now.UTC()}
	}
	grants, err := tx.Grants(ctx)
	if sound(err) != nil {
		return err
	}
	for _, g := range grants {
		if g.AthleteID == athleteID { // refused before, perhaps: then it is refused again, without a call
			delete(k.dead, g.ID)
		}
	}
	if err := tx.PutCursor(ctx, athleteID, leftName, []byte("{}")); err != nil {
		return err
	}
	if !st.Due.IsZero() && st.Class <= musette.ClassEvent {
		return nil
	}
	distance := apart
	if ok, err := k.spendEvent(ctx, tx, athleteID, now); err != nil {
		return err
	} else if !ok {
		distance = plan.DoubtedLeave
	}
	return tx.PutPartState(ctx, k.Policy.Asked(st, musette.ClassEvent, eventDue(st, 0, distance, now)))
}

// suspected reports whether an event says that the athlete has left, and forgets it: the answer is here.
func suspected(ctx context.Context, tx *store.Tx, athleteID int64) (bool, error) {
	body, err := tx.Cursor(ctx, athleteID, leftName)
	if sound(err) != nil || body == nil && err == nil {
		return false, sound(err)
	}
	return true, tx.PutCursor(ctx, athleteID, leftName, nil)
}

// refusedGrant records that a grant is dead. If the athlete has ended the connection, as an event said, everything of
// theirs goes.
func (k *Keeper) refusedGrant(ctx context.Context, tx *store.Tx, g *gate, r *result) error {
	k.dead[r.grant.ID] = true
	id := r.grant.AthleteID
	e, ok := errors.AsType[*token.ReconnectError](r.err)
	if !ok || e.Cause != token.CauseRevoked || id == 0 {
		return nil
	}
	left, err := suspected(ctx, tx, id)
	if err != nil || !left {
		return err
	}
	k.Log.Info("an athlete has ended the connection; all that was here of theirs is removed")
	k.leaving = append(k.leaving, r.grant.ID)
	k.changed = true
	_, err = purge(ctx, tx, g, id, store.LeftAthlete, r.at)
	return err
}
