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

// recordPart writes a detail, photos, comments or streams, or what became of asking for them.
func (k *Keeper) recordPart(ctx context.Context, tx *store.Tx, states plan.States, st musette.PartState, r *result, v verdict) error {
	_, known := states[musette.PartSummary]
	switch {
	case v == fine:
		return k.accept(ctx, tx, states, st, r)
	case !known:
		return k.stranger(ctx, tx, st, r, v)
	case v == absent && st.Part == musette.PartDetail:
		return k.notFound(ctx, tx, states, st, r)
	case (v == absent || v == noSuch) && st.Part == musette.PartStreams:
		return k.hasNone(ctx, tx, states, k.Policy.Missing(st, r.at), r.at)
	case v == absent || v == noSuch:
		return tx.PutPartState(ctx, k.Policy.Refused(st, failure(r.err), k.Jitter(), r.at))
	}
	return tx.PutPartState(ctx, k.Policy.Failed(st, failure(r.err), k.Jitter(), r.at))
}

// hasNone records that there is nothing to fetch for a part: the view doesn't miss it any more.
func (k *Keeper) hasNone(ctx context.Context, tx *store.Tx, states plan.States, st musette.PartState, at time.Time) error {
	docs, err := documents(ctx, tx, st.AthleteID, st.ActivityID)
	if err != nil {
		return err
	}
	stored := maps.Clone(states)
	states[st.Part] = st
	return k.deriveOne(ctx, tx, st.Key(), filing{docs: docs, states: states, stored: stored}, store.Activity{Status: store.StatusLive}, at)
}

// notFound records a 404 that names the activity. With a listing that lacks it, or an event that says so, it is gone,
// unless that makes too many.
func (k *Keeper) notFound(ctx context.Context, tx *store.Tx, states plan.States, st musette.PartState, r *result) error {
	id := st.ActivityID
	m, err := readMarks(ctx, tx, st.AthleteID)
	if err != nil {
		return err
	}
	_, absent := m.Absent[id]
	a, err := tx.Activity(ctx, st.AthleteID, id)
	gone := err == nil && a.Status == store.StatusGone // still; somebody asked
	if !absent && !gone {
		return tx.PutPartState(ctx, k.Policy.NotFound(st, failure(r.err), k.Jitter(), r.at))
	}
	restored, err := broughtBack(ctx, tx, st.AthleteID, id)
	if err != nil {
		return err
	}
	restored = restored && a.Status == store.StatusLive
	if !gone && !restored {
		held, err := k.guard(ctx, tx, st.AthleteID, &m, r.at, id, true)
		if err != nil || held {
			return err
		}
	}
	delete(m.Absent, id)
	if err := m.write(ctx, tx, st.AthleteID); err != nil {
		return err
	}
	if restored {
		k.Log.Info("a restored activity is no longer on Strava; it is kept, for its owner only", "activity", id, "athlete", st.AthleteID)
		k.changed = true
		return keepRestored(ctx, tx, st.AthleteID, id, r.at)
	}
	if err := k.refundEvent(ctx, tx, r); err != nil {
		return err
	}
	return k.bury(ctx, tx, states, st, r.at)
}

// accept stores a document that is one, and what follows from it.
func (k *Keeper) accept(ctx context.Context, tx *store.Tx, states plan.States, st musette.PartState, r *result) error {
	docs, err := documents(ctx, tx, st.AthleteID, st.ActivityID)
	if err != nil {
		return err
	}
	basics, err := basicsOf(docs)
	if errors.Is(err, musette.ErrNoBasics) && st.Part == musette.PartDetail {
		basics, err = nil, nil // a detail can stand alone
		if foreign(r.body, st.AthleteID) {
			k.Log.Warn("an event named another athlete's activity", "activity", st.ActivityID, "athlete", st.AthleteID)
			return tx.DeletePartState(ctx, st.Key())
		}
	}
	if err == nil {
		err = musette.Accept(st.Part, r.body, basics)
	}
	switch {
	case err == nil:
		st = k.Policy.Succeeded(st, r.at)
	case errors.Is(err, musette.ErrPlaceholder):
		st = k.Policy.Unfinished(st, r.at)
	case errors.Is(err, musette.ErrContradiction):
		if _, believe := k.contradicted(st, r, err, 0); !believe {
			r.doubt = err
			return nil
		}
		st = k.Policy.Succeeded(st, r.at)
	default:
		k.Log.Warn("an answer is of no use", "part", st.Part, "activity", st.ActivityID, "calls", r.calls(), "error", err)
		return tx.PutPartState(ctx, k.Policy.Failed(st, plan.Failure{Kind: "unusable", Message: err.Error(), Unusable: true}, k.Jitter(), r.at))
	}
	doc := musette.NewDocument(st.AthleteID, st.ActivityID, st.Part, musette.SourceAPI, r.body, r.at)
	if doc.Mark = r.state.Wanted; doc.Mark == 0 { // it was asked for though nothing made it due
		doc.Mark = mark(st.Part, basics)
	}
	if own := ownFingerprint(docs, doc); own != 0 {
		doc.Mark = own
	}
	if st.Part == musette.PartDetail {
		if err := k.seen(ctx, tx, states, r); err != nil {
			return err
		}
	}
	if errors.Is(err, musette.ErrPlaceholder) && poorer(docs, doc) {
		return tx.PutPartState(ctx, st) // what is here is better, until Strava is ready
	}
	stored := maps.Clone(states)
	states[st.Part] = st
	var o outcome
	if err := k.put(&o, doc, filing{docs: docs, states: states, stored: stored}); err != nil {
		return err
	}
	changed, err := o.write(ctx, tx)
	if _, known := stored[musette.PartSummary]; err != nil || !known || len(changed) == 0 {
		return err
	}
	return k.refundEvent(ctx, tx, r)
}

// poorer reports whether fewer photos would be shown with a document than are shown without it.
func poorer(docs []musette.Document, doc musette.Document) bool {
	before, err := musette.Derive(docs, false)
	if err != nil {
		return false
	}
	rest := slices.DeleteFunc(slices.Clone(docs), func(d musette.Document) bool { return d.Part == doc.Part && d.Source == doc.Source })
	after, err := musette.Derive(append(rest, doc), false)
	return err == nil && len(after.Photos) < len(before.Photos)
}

// seen notes that Strava has just shown an activity: whoever said that it was gone was wrong, and if it is new it was
// an event that told of it.
func (k *Keeper) seen(ctx context.Context, tx *store.Tx, states plan.States, r *result) error {
	id := r.state.ActivityID
	if _, known := states[musette.PartSummary]; !known {
		return k.proven(ctx, tx, r.state.AthleteID, id, r.at)
	}
	m, err := readMarks(ctx, tx, r.state.AthleteID)
	if err != nil {
		return err
	}
	delete(m.Absent, id)
	delete(m.Buried, id)
	if m.HeldSince != 0 {
		if err := shownAgain(ctx, tx, r.state.AthleteID, id, &m, r.at); err != nil {
			return err
		}
	}
	return m.write(ctx, tx, r.state.AthleteID)
}

// foreign reports whether a detail is of another athlete's activity: an event can name any.
func foreign(body []byte, athleteID int64) bool {
	b, err := musette.ParseBasics(body)
	return err == nil && b.AthleteID != 0 && b.AthleteID != athleteID
}

// basicsOf returns what the summary and the detail say.
func basicsOf(docs []musette.Document) (*musette.Basics, error) {
	view, err := musette.Derive(docs, false)
	if err != nil {
		return nil, err
	}
	return &view.Basics, nil
}

// mark is what the basics say of a part, see Document.Mark.
func mark(part musette.Part, b *musette.Basics) int64 {
	switch {
	case b == nil:
		return 1
	case part == musette.PartDetail:
		return b.Fingerprint()
	case part == musette.PartPhotos:
		return int64(b.PhotoCount)
	case part == musette.PartComments:
		return int64(b.CommentCount)
	}
	return 1
}

// ownFingerprint returns the fingerprint of a detail that says something else than both the one before it and the
// summary: something was edited since, and what is listed next is to be compared with that. It is 0 for everything else,
// such as a detail that goes on differing from its summary, which would be asked for again and again.
func ownFingerprint(docs []musette.Document, doc musette.Document) int64 {
	if doc.Part != musette.PartDetail {
		return 0
	}
	own, err := musette.ParseBasics(doc.Body)
	if err != nil {
		return 0
	}
	print := own.Fingerprint()
	for _, before := range docs {
		if before.Source != doc.Source || before.Part != musette.PartDetail {
			continue
		}
		if b, err := musette.ParseBasics(before.Body); err == nil && b.Fingerprint() != print {
			return print
		}
	}
	return 0
}

// documents reads an activity's documents; a damaged one is passed over, and will be fetched again.
func documents(ctx context.Context, tx *store.Tx, athleteID, activityID int64) ([]musette.Document, error) {
	docs, err := tx.Documents(ctx, athleteID, activityID)
	return docs, sound(err)
}

// bury makes a tombstone: the activity is hidden at once, its documents stay for now.
func (k *Keeper) bury(ctx context.Context, tx *store.Tx, states plan.States, st musette.PartState, at time.Time) error {
	a, err := tx.Activity(ctx, st.AthleteID, st.ActivityID)
	if err != nil {
		return err
	}
	if a.Status != store.StatusGone {
		a.Status, a.GoneAt = store.StatusGone, at
		k.Log.Info("an activity is gone from Strava", "activity", st.ActivityID, "athlete", st.AthleteID)
	}
	if _, err := tx.PutActivity(ctx, a); err != nil {
		return err
	}
	rest := atRest(states)
	for i := range rest {
		rest[i].Outcome = musette.OutcomeNever // it counts no more
	}
	if err := tx.PutPartState(ctx, rest...); err != nil {
		return err
	}
	if err := buried(ctx, tx, st.AthleteID, st.ActivityID, at); err != nil {
		return err
	}
	k.changed = true
	return nil
}
