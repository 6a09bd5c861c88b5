package keeper

import (
	"context"
	"errors"
	"time"

	"github.com/go-json-experiment/json"

	"musette"
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
	// trusted is how many new activities in a row must have come with an event for webhooks to be taken to work.
	trusted = 5
	// toldFor is how long an event counts for an activity that isn't known yet.
	toldFor = 2 * day
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
		if err := told(ctx, tx, e.OwnerID, e.ObjectID, now); err != nil {
			return err
		}
		if st.ActivityID == 0 {
			st.AthleteID, st.ActivityID, st.Start, st.FirstSeen = e.OwnerID, e.ObjectID, now.UTC(), now.UTC()
		}
	case sound(err) != nil:
		return err
	case e.AspectType == "delete" && a.Status == store.StatusGone:
		return nil
	case e.AspectType == "delete": // as good as a listing that lacks it: with a 404 it is gone
		m, err := readMarks(ctx, tx, e.OwnerID)
		if err != nil {
			return err
		}
		m.Absent[e.ObjectID] = now.Unix()
		if err := m.write(ctx, tx, e.OwnerID); err != nil {
			return err
		}
	}
	if !st.Due.IsZero() && st.Class <= musette.ClassEvent { // it is asked for already
		return nil
	}
	return tx.PutPartState(ctx, k.Policy.Asked(st, musette.ClassEvent, eventDue(st, now)))
}

// eventDue is when to fetch for an event that came now.
func eventDue(st musette.PartState, now time.Time) time.Time {
	at := now.Add(gather)
	if again := st.LastTry.Add(apart); again.After(at) {
		at = again
	}
	if most := now.Add(apart); at.After(most) { // the last try was by a clock that ran ahead
		at = most
	}
	return at
}

// stranger records that asking for an activity that isn't known, for an event's sake, came to nothing. The first 404
// proves nothing, since Strava may tell of an activity before it shows it; after that the event was a lie, or late.
func (k *Keeper) stranger(ctx context.Context, tx *store.Tx, st musette.PartState, r *result, v verdict) error {
	after := k.Policy.Failed(st, failure(r.err), k.Jitter(), r.at)
	if v == absent {
		after, _ = k.Policy.NotFound(st, failure(r.err), k.Jitter(), r.at)
	}
	if after.Failures == 0 {
		return tx.PutPartState(ctx, after)
	}
	k.Log.Info("an event named an activity that Strava doesn't show", "activity", st.ActivityID, "athlete", st.AthleteID)
	return tx.DeletePartState(ctx, st.Key())
}

// hearsay is what is known about an athlete's events, to tell whether webhooks work. It is a cursor in the store.
type hearsay struct {
	// Told are activities not known yet that an event has named, with when (Unix seconds).
	Told map[int64]int64 `json:"told,omitempty"`
	// Row counts the new activities since the last that came without an event, up to trusted.
	Row int `json:"row,omitzero"`
}

const hearsayName = "events"

func readHearsay(ctx context.Context, tx *store.Tx, athleteID int64) (h hearsay, err error) {
	body, err := tx.Cursor(ctx, athleteID, hearsayName)
	if sound(err) != nil {
		return h, err
	}
	if err != nil || json.Unmarshal(body, &h) != nil {
		h = hearsay{}
	}
	if h.Told == nil {
		h.Told = map[int64]int64{}
	}
	return h, nil
}

func (h hearsay) write(ctx context.Context, tx *store.Tx, athleteID int64) error {
	body, err := json.Marshal(h, json.Deterministic(true))
	if err != nil {
		return err
	}
	return tx.PutCursor(ctx, athleteID, hearsayName, body)
}

// works reports whether events tell of what is new, so that polls may be rare.
func (h hearsay) works() bool { return h.Row >= trusted }

// found counts a new activity.
func (h *hearsay) found(id int64) {
	if _, ok := h.Told[id]; !ok {
		h.Row = 0
		return
	}
	delete(h.Told, id)
	h.Row = min(h.Row+1, trusted)
}

// told notes that an event has named an activity that isn't known yet.
func told(ctx context.Context, tx *store.Tx, athleteID, id int64, now time.Time) error {
	h, err := readHearsay(ctx, tx, athleteID)
	if err != nil {
		return err
	}
	if _, ok := h.Told[id]; ok {
		return nil
	}
	for old, at := range h.Told { // those that came to nothing
		if now.Unix()-at > int64(toldFor/time.Second) {
			delete(h.Told, old)
		}
	}
	h.Told[id] = now.Unix()
	return h.write(ctx, tx, athleteID)
}

// heard counts new activities: those that events have told of, and those that a poll had to find.
func heard(ctx context.Context, tx *store.Tx, athleteID int64, ids ...int64) error {
	if len(ids) == 0 {
		return nil
	}
	h, err := readHearsay(ctx, tx, athleteID)
	if err != nil {
		return err
	}
	if h.Row == 0 && len(h.Told) == 0 { // no webhooks: nothing to count
		return nil
	}
	for _, id := range ids {
		h.found(id)
	}
	return h.write(ctx, tx, athleteID)
}

// leftName is the cursor that says that an event has told of an athlete who ended the connection.
const leftName = "left"

// suspectLeave asks Strava whether the athlete has really left, as an event says: only a token that is refused proves
// it.
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
	return tx.PutPartState(ctx, k.Policy.Asked(st, musette.ClassEvent, now))
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
func (k *Keeper) refusedGrant(ctx context.Context, tx *store.Tx, r *result) error {
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
	k.Log.Info("an athlete has ended the connection; all that was here of theirs is removed", "athlete", id)
	k.leaving = append(k.leaving, r.grant.ID)
	k.changed = true
	return tx.PurgeAthlete(ctx, id)
}
