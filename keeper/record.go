package keeper

import (
	"context"
	"errors"
	"fmt"
	"time"

	"musette"
	"musette/plan"
	"musette/store"
	"musette/strava"
)

// record writes what came, all in one transaction. If the store can't take it, the results stay in memory and are
// written first thing next time.
func (k *Keeper) record(ctx context.Context) error {
	if len(k.pending) == 0 {
		return nil
	}
	var bound []result
	err := k.Store.Update(ctx, k.lease, func(tx *store.Tx) error {
		bound = bound[:0]
		g, err := readGate(ctx, tx)
		if err != nil {
			return err
		}
		for i := range k.pending {
			r := &k.pending[i]
			for _, s := range r.spent {
				g.Ledger = g.Ledger.Settle(s.ticket, s.at, s.news)
				g.Host.Calls++
			}
			if err := k.recordOne(ctx, tx, &g, r); err != nil {
				return fmt.Errorf("recording %s of activity %d: %w", r.state.Part, r.state.ActivityID, err)
			}
			if r.who != nil && r.err == nil && r.grant.AthleteID == 0 {
				bound = append(bound, *r)
			}
		}
		return g.write(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("writing what came from Strava: %w", err)
	}
	worked := k.pending
	k.pending = nil
	for _, r := range worked {
		if r.err == nil {
			if err := k.Tokens.Worked(ctx, r.grant.ID, r.used); err != nil {
				return fmt.Errorf("noting that a token works: %w", err)
			}
		}
	}
	for _, r := range bound {
		if err := k.Tokens.Bind(ctx, r.grant.ID, r.who.ID, r.grant.Scopes); err != nil {
			return fmt.Errorf("writing whose grant it is: %w", err)
		}
	}
	return nil
}

// recordOne writes one result, and what it says of the host.
func (k *Keeper) recordOne(ctx context.Context, tx *store.Tx, g *gate, r *result) error {
	st, err := currentState(ctx, tx, r.state)
	if err != nil {
		return err
	}
	v := judge(r.err)
	switch v {
	case stopped, refused:
		return nil // the part is as due as before; the ledger knows
	case inactive:
		g.Host = g.Host.Inactive(r.err.Error(), r.at)
		return nil
	case reconnect:
		k.dead[r.grant.ID] = true // recorded on the grant
		return nil
	case noScope:
		k.dead[r.grant.ID] = true
		return k.needScope(ctx, tx, r)
	case hostFault:
		return k.hostFailed(ctx, tx, g, st, r)
	}
	g.Host = g.Host.Answered(r.at)
	switch {
	case r.state.Part == musette.PartAthlete:
		return k.recordAthlete(ctx, tx, st, r, v)
	case r.state.ActivityID == 0:
		return k.recordPage(ctx, tx, st, r, v)
	}
	return k.recordPart(ctx, tx, st, r, v)
}

// currentState reads the part's state anew: a person or an event may have changed it while the call was under way.
func currentState(ctx context.Context, tx *store.Tx, st musette.PartState) (musette.PartState, error) {
	states, err := tx.PartStates(ctx, st.AthleteID, st.ActivityID)
	if err != nil {
		return st, err
	}
	if now, ok := byPart(states)[st.Part]; ok {
		return now, nil
	}
	return st, nil
}

func failure(err error) plan.Failure {
	kind := string(strava.KindOf(err))
	if errors.Is(err, musette.ErrContradiction) {
		kind = "contradiction"
	}
	return plan.Failure{Kind: kind, Message: err.Error()}
}

// hostFailed counts a fault of the host; against the part it counts only while the host isn't known to be offline.
func (k *Keeper) hostFailed(ctx context.Context, tx *store.Tx, g *gate, st musette.PartState, r *result) error {
	if g.Host.State() != musette.StateOK {
		g.Host = g.Host.Failed(r.state.ActivityID, r.err.Error(), r.at)
		return nil
	}
	g.Host = g.Host.Failed(r.state.ActivityID, r.err.Error(), r.at)
	after := k.Policy.Failed(st, failure(r.err), jitter(), r.at)
	exhausted := r.state.ActivityID == 0 && after.Failures > st.Failures
	if _, ok := errors.AsType[*refusedError](r.err); ok || exhausted {
		g.Host = g.Host.Exhausted(r.at)
	}
	k.Log.Warn("a call failed", "part", st.Part, "activity", st.ActivityID, "again", after.Due, "error", r.err)
	return tx.PutPartState(ctx, after)
}

// needScope marks the grant: the athlete left out a scope that is needed.
func (k *Keeper) needScope(ctx context.Context, tx *store.Tx, r *result) error {
	g := r.grant
	g.State = musette.StateReconnect
	g.Cause = "Strava says that a permission is missing; connect again and leave all boxes ticked"
	g.UpdatedAt = r.at
	k.Log.Warn("a permission is missing", "athlete", g.AthleteID, "error", r.err)
	return tx.PutGrant(ctx, g)
}

// recordAthlete writes who the grant belongs to, and begins the first walk.
func (k *Keeper) recordAthlete(ctx context.Context, tx *store.Tx, st musette.PartState, r *result, v verdict) error {
	if v != fine {
		return tx.PutPartState(ctx, k.Policy.Failed(st, failure(r.err), jitter(), r.at))
	}
	if st.AthleteID == 0 {
		if err := tx.DeletePartState(ctx, st.Key()); err != nil {
			return err
		}
	}
	id := r.who.ID
	st.AthleteID = id
	name := r.who.First
	if r.who.Last != "" {
		name += " " + r.who.Last
	}
	athletes, err := tx.Athletes(ctx)
	if err != nil {
		return err
	}
	a := store.Athlete{ID: id, FirstSeen: r.at}
	for _, known := range athletes {
		if known.ID == id {
			a = known
		}
	}
	a.Name = name
	if err := tx.PutAthlete(ctx, a); err != nil {
		return err
	}
	doc := musette.NewDocument(id, 0, musette.PartAthlete, musette.SourceAPI, r.body, r.at)
	if err := tx.PutDocument(ctx, doc, false); err != nil {
		return err
	}
	k.changed = true
	if err := tx.PutPartState(ctx, k.Policy.Succeeded(st, r.at)); err != nil {
		return err
	}
	return k.beginWalk(ctx, tx, id, r.at)
}

// recordPart writes a detail, photos, comments or streams.
func (k *Keeper) recordPart(ctx context.Context, tx *store.Tx, st musette.PartState, r *result, v verdict) error {
	switch v {
	case absent:
		if st.Part == musette.PartDetail {
			after, gone := k.Policy.NotFound(st, failure(r.err), jitter(), r.at)
			if gone {
				return k.bury(ctx, tx, st, r.at)
			}
			return tx.PutPartState(ctx, after)
		}
		fallthrough
	case noSuch:
		if st.Part == musette.PartStreams {
			return tx.PutPartState(ctx, k.Policy.Missing(st, r.at))
		}
		fallthrough
	case poor:
		return tx.PutPartState(ctx, k.Policy.Failed(st, failure(r.err), jitter(), r.at))
	}
	return k.accept(ctx, tx, st, r)
}

// accept stores a document that is one, and what follows from it.
func (k *Keeper) accept(ctx context.Context, tx *store.Tx, st musette.PartState, r *result) error {
	docs, err := documents(ctx, tx, st.AthleteID, st.ActivityID)
	if err != nil {
		return err
	}
	view, err := musette.Derive(docs, false)
	if err != nil {
		return err
	}
	mark := mark(st.Part, &view.Basics)
	switch err := musette.Accept(st.Part, r.body, &view.Basics); {
	case errors.Is(err, musette.ErrPlaceholder):
		st = k.Policy.Unfinished(st, r.at)
	case errors.Is(err, musette.ErrContradiction):
		after, believe := k.Policy.Contradicted(st, failure(err), jitter(), r.at)
		if !believe {
			return tx.PutPartState(ctx, after)
		}
		st = k.Policy.Succeeded(st, r.at)
	case err != nil:
		return tx.PutPartState(ctx, k.Policy.Failed(st, plan.Failure{Kind: "unusable", Message: err.Error()}, jitter(), r.at))
	default:
		st = k.Policy.Succeeded(st, r.at)
	}
	if err := tx.PutPartState(ctx, st); err != nil {
		return err
	}
	doc := musette.NewDocument(st.AthleteID, st.ActivityID, st.Part, musette.SourceAPI, r.body, r.at)
	doc.Mark = mark
	return k.put(ctx, tx, doc, docs)
}

// mark is what the basics say of a part, see Document.Mark.
func mark(part musette.Part, b *musette.Basics) int64 {
	switch part {
	case musette.PartDetail:
		return b.Fingerprint()
	case musette.PartPhotos:
		return int64(b.PhotoCount)
	case musette.PartComments:
		return int64(b.CommentCount)
	}
	return 1
}

// documents reads an activity's documents; a damaged one is passed over, and will be fetched again.
func documents(ctx context.Context, tx *store.Tx, athleteID, activityID int64) ([]musette.Document, error) {
	docs, err := tx.Documents(ctx, athleteID, activityID)
	if _, damaged := errors.AsType[*store.DamageError](err); damaged {
		return docs, nil
	}
	return docs, err
}

// put stores a document among the activity's others and derives the activity anew.
func (k *Keeper) put(ctx context.Context, tx *store.Tx, doc musette.Document, docs []musette.Document) error {
	replaced := false
	for i := range docs {
		if docs[i].Part != doc.Part || docs[i].Source != doc.Source {
			continue
		}
		if docs[i].SHA256 == doc.SHA256 { // the same bytes: they first came when they first came
			doc.FetchedAt = docs[i].FetchedAt
		}
		docs[i], replaced = doc, true
	}
	if !replaced {
		docs = append(docs, doc)
	}
	changed, err := k.derive(ctx, tx, doc.AthleteID, doc.ActivityID, docs, doc.ConfirmedAt)
	if err != nil {
		return err
	}
	k.changed = true
	return tx.PutDocument(ctx, doc, changed)
}

// bury makes a tombstone: the activity is hidden at once, its documents stay for now.
func (k *Keeper) bury(ctx context.Context, tx *store.Tx, st musette.PartState, at time.Time) error {
	a, err := tx.Activity(ctx, st.AthleteID, st.ActivityID)
	if err != nil {
		return err
	}
	a.Status, a.GoneAt = store.StatusGone, at
	if _, err := tx.PutActivity(ctx, a); err != nil {
		return err
	}
	states, err := tx.PartStates(ctx, st.AthleteID, st.ActivityID)
	if err != nil {
		return err
	}
	for i := range states {
		states[i].Due = time.Time{}
		states[i].ErrorKind, states[i].Error = "", ""
	}
	k.changed = true
	k.Log.Info("an activity is gone from Strava", "activity", st.ActivityID, "athlete", st.AthleteID)
	return tx.PutPartState(ctx, states...)
}
