package keeper

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"musette"
	"musette/plan"
	"musette/quota"
	"musette/store"
	"musette/strava"
)

// record writes what came, all in one transaction. If the store can't take it, the results stay in memory and are
// written first thing next time.
func (k *Keeper) record(ctx context.Context) error {
	if len(k.pending) == 0 {
		return nil
	}
	err := k.write(ctx, k.pending)
	if err != nil && !storeFault(err) {
		err = k.writeSingly(ctx)
	}
	if err != nil {
		return fmt.Errorf("writing what came from Strava: %w", err)
	}
	worked := k.pending
	k.pending = nil
	return k.settleTokens(ctx, worked)
}

// writeSingly writes results one by one: one that can't be written for a reason of its own becomes a failed try, and
// holds up no other.
func (k *Keeper) writeSingly(ctx context.Context) error {
	for len(k.pending) > 0 {
		r := &k.pending[0]
		err := k.write(ctx, k.pending[:1])
		if err != nil && !storeFault(err) {
			k.Log.Error("an answer can't be stored", "part", r.state.Part, "activity", r.state.ActivityID, "calls", r.calls(), "error", err)
			r.err = &unwritableError{err}
			err = k.write(ctx, k.pending[:1])
		}
		if err != nil {
			return err
		}
		k.pending = k.pending[1:]
	}
	return nil
}

// write writes results in one transaction.
func (k *Keeper) write(ctx context.Context, results []result) error {
	var was, clock quota.Clock
	err := k.Store.Update(ctx, k.lease, func(tx *store.Tx) error {
		g, err := k.gate(ctx, tx)
		if err != nil {
			return err
		}
		was = g.Clock
		for i := range results {
			r := &results[i]
			for _, s := range r.spent {
				g.Ledger = g.Ledger.Settle(s.ticket, s.at, s.news)
				if !s.news.Unsent {
					g.Host.Calls++
					k.heardClock(&g, s, r.err)
					if at := answeredAt(k.answered, s, r.err); at != k.answered {
						k.answered, k.heardAt = at, s.at
					}
				}
			}
			r.even = g.Ledger.Even()
			before := g.Host
			if err := k.recordOne(ctx, tx, &g, r); err != nil {
				return fmt.Errorf("recording %s of activity %d: %w", r.state.Part, r.state.ActivityID, err)
			}
			if before.State() != musette.StateOK && g.Host.State() == musette.StateOK {
				if err := k.forgive(ctx, tx, before.Failing, r.at); err != nil {
					return fmt.Errorf("going on after Strava was down: %w", err)
				}
			}
		}
		clock = g.Clock
		return g.write(ctx, tx)
	})
	if err != nil {
		return err
	}
	k.logClock(was, clock)
	for i := range results {
		r := &results[i]
		k.Log.Debug("written", "calls", r.calls(), "part", r.state.Part, "activity", r.state.ActivityID, "was", judge(r.err).String())
	}
	return nil
}

// settleTokens tells which tokens have worked, and whose they are. If a bind is lost, the athlete is asked for again.
// Grants of athletes who have left go, with their sealed copies.
func (k *Keeper) settleTokens(ctx context.Context, worked []result) error {
	for len(k.leaving) > 0 {
		if err := k.Tokens.Remove(ctx, k.leaving[0]); err != nil {
			return fmt.Errorf("forgetting the keys of an athlete who has left: %w", err)
		}
		k.leaving = k.leaving[1:]
	}
	proven := map[strava.Secret]bool{}
	for _, r := range worked {
		if r.err != nil || r.used == "" || proven[r.used] {
			continue
		}
		proven[r.used] = true
		if err := k.Tokens.Worked(ctx, r.grant.ID, r.used); err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("noting that a token works: %w", err)
		}
	}
	for _, r := range worked {
		if r.err != nil || r.who == nil || r.grant.AthleteID != 0 {
			continue
		}
		if err := k.Tokens.Bind(ctx, r.grant.ID, r.who.ID, nil); err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("writing whose grant it is: %w", err)
		}
	}
	return nil
}

// recordOne writes one result, and what it says of the host.
func (k *Keeper) recordOne(ctx context.Context, tx *store.Tx, g *gate, r *result) error {
	r.doubt = nil // of a transaction that was tried before
	v := judge(r.err)
	if v == ours || v == stopped && !errors.Is(r.err, errNoRoom) {
		return nil // the part is as due as before; the ledger knows
	}
	if left, err := hasLeft(ctx, tx, r); left || err != nil {
		return err
	}
	// Read anew: a person or an event may have changed it while the call was under way.
	states, err := partStates(ctx, tx, r.state.AthleteID, r.state.ActivityID)
	if err != nil {
		return err
	}
	st, ok := states[r.state.Part]
	if !ok {
		st = r.state
	}
	switch v {
	case stopped: // half-way, for want of quota: from the beginning when there is enough
		if room := g.Ledger.Room(r.at, st.Class); !room.Reset.IsZero() {
			st.Due = room.Reset
		}
		return tx.PutPartState(ctx, st)
	case refused:
		if g.Host.State() == musette.StateOffline { // that is an answer
			g.Host = g.Host.Answered(r.at)
		}
		return nil
	case inactive:
		g.Host = g.Host.Inactive(r.err.Error(), r.at)
		return nil
	case reconnect: // recorded on the grant
		return k.refusedGrant(ctx, tx, g, r)
	case noScope:
		return k.needScope(ctx, tx, r)
	case hostFault:
		return k.hostFailed(ctx, tx, g, st, r)
	}
	if v != fine && st.ActivityID == 0 { // no list, nothing to go on with: that is the host's, whatever it said
		return k.hostFailed(ctx, tx, g, st, r)
	}
	before := g.Host
	g.Host = g.Host.Answered(r.at)
	if r.grant.State == musette.StateReconnect {
		if err := setGrant(ctx, tx, r.grant.ID, musette.StateOK, "", r.at); err != nil {
			return err
		}
	}
	switch {
	case st.Part == musette.PartAthlete:
		return k.recordAthlete(ctx, tx, states, st, r)
	case st.ActivityID == 0:
		err = k.recordPage(ctx, tx, g, states, st, r)
	default:
		err = k.recordPart(ctx, tx, states, st, r, v)
	}
	if err == nil && r.doubt != nil {
		g.Host = before
		return k.doubted(ctx, tx, g, st, r)
	}
	return err
}

// doubted counts an answer that isn't believed as a failed try. While the host is known to be down that changes nothing
// for a part of an activity; of a listing it is remembered, since one that goes on saying the same is believed.
func (k *Keeper) doubted(ctx context.Context, tx *store.Tx, g *gate, st musette.PartState, r *result) error {
	down := g.Host.State() != musette.StateOK
	g.Host = g.Host.Failed(r.state.Key(), r.doubt.Error(), r.at)
	if down && st.ActivityID != 0 {
		return nil
	}
	after, _ := k.contradicted(st, r, r.doubt, k.Jitter())
	if err := tx.PutPartState(ctx, after); err != nil || down || after.Failures == st.Failures {
		return err
	}
	if st.ActivityID == 0 {
		g.Host = g.Host.Doubted(r.at)
		return nil
	}
	return k.crossCheck(ctx, tx, st.AthleteID, r.at)
}

// contradicted is [plan.Policy.Contradicted] for a doubt that is only as old as our clock is known to have gone evenly.
func (k *Keeper) contradicted(st musette.PartState, r *result, why error, jitter float64) (after musette.PartState, believe bool) {
	if !st.Contradicted.IsZero() && st.Contradicted.Before(r.even) {
		st.Contradicted = r.even
	}
	return k.Policy.Contradicted(st, failure(why), jitter, r.at)
}

// crossCheck asks for the newest page because a part has failed in all its tries: if that comes, it is the part; if it
// fails too, it is Strava, and nobody has to wait for the part's next try to learn that.
func (k *Keeper) crossCheck(ctx context.Context, tx *store.Tx, athleteID int64, at time.Time) error {
	states, err := partStates(ctx, tx, athleteID, 0)
	if err != nil {
		return err
	}
	poll, ok := states[musette.ListPoll]
	if lately := at.Sub(poll.LastTry).Abs() < crossCheckEvery; !ok || lately || !poll.Due.After(at) {
		return nil
	}
	return tx.PutPartState(ctx, k.Policy.Asked(poll, musette.ClassList, at))
}

// crossCheckEvery is how often a listing is fetched because of parts that fail.
const crossCheckEvery = 15 * time.Minute

// forgive makes due what failed on the way to a host that was down.
func (k *Keeper) forgive(ctx context.Context, tx *store.Tx, failed []musette.Key, at time.Time) error {
	for _, key := range failed {
		states, err := partStates(ctx, tx, key.AthleteID, key.ActivityID)
		if err != nil {
			return err
		}
		if st, ok := states[key.Part]; ok {
			if err := tx.PutPartState(ctx, k.Policy.Forgiven(st, at)); err != nil {
				return err
			}
		}
	}
	return nil
}

func failure(err error) plan.Failure {
	kind := string(strava.KindOf(err))
	if errors.Is(err, musette.ErrContradiction) {
		kind = "contradiction"
	}
	switch strava.KindOf(err) {
	case strava.KindBody, strava.KindMismatch:
		return plan.Failure{Kind: kind, Message: err.Error(), Unusable: true}
	}
	return plan.Failure{Kind: kind, Message: err.Error()}
}

// hostFailed counts a fault of the host; against the part it counts only while the host isn't known to be down.
func (k *Keeper) hostFailed(ctx context.Context, tx *store.Tx, g *gate, st musette.PartState, r *result) error {
	down := g.Host.State() != musette.StateOK
	g.Host = g.Host.Failed(r.state.Key(), hostCause(r.err, r.at), r.at)
	if down {
		return nil
	}
	after := k.Policy.Failed(st, failure(r.err), k.Jitter(), r.at)
	exhausted := after.Failures > st.Failures
	if _, ok := errors.AsType[*refusedError](r.err); ok || exhausted && st.ActivityID == 0 {
		g.Host = g.Host.Exhausted(r.at)
	}
	k.Log.Warn("a call failed", "part", st.Part, "activity", st.ActivityID, "calls", r.calls(), "again", after.Due, "error", r.err)
	if err := tx.PutPartState(ctx, after); err != nil || !exhausted || st.ActivityID == 0 {
		return err
	}
	return k.crossCheck(ctx, tx, st.AthleteID, r.at)
}

// needScope marks the grant: the athlete left out a scope that is needed.
func (k *Keeper) needScope(ctx context.Context, tx *store.Tx, r *result) error {
	k.dead[r.grant.ID] = true
	k.Log.Warn("a permission is missing", "athlete", r.grant.AthleteID, "calls", r.calls(), "error", r.err)
	return setGrant(ctx, tx, r.grant.ID, musette.StateReconnect,
		"Strava says that a permission is missing; connect again and leave all boxes ticked", r.at)
}

// setGrant changes a grant's state in its row as it is now: its tokens may have been renewed since it was read.
func setGrant(ctx context.Context, tx *store.Tx, id string, state musette.State, cause string, at time.Time) error {
	grants, err := tx.Grants(ctx)
	if sound(err) != nil {
		return err
	}
	for _, g := range grants {
		if g.ID == id {
			if g.State != state { // else it is as it was, since then
				g.UpdatedAt = at
			}
			g.State, g.Cause = state, cause
			return tx.PutGrant(ctx, g)
		}
	}
	return nil
}

// recordAthlete writes who the grant belongs to, and begins the first walk; an athlete known before is polled.
func (k *Keeper) recordAthlete(ctx context.Context, tx *store.Tx, states plan.States, st musette.PartState, r *result) error {
	id := r.who.ID
	if st.AthleteID == 0 {
		if err := tx.DeletePartState(ctx, st.Key()); err != nil {
			return err
		}
		var err error
		if states, err = partStates(ctx, tx, id, 0); err != nil {
			return err
		}
	} else if st.AthleteID != id {
		err := fmt.Errorf("the token of athlete %d answers for athlete %d", st.AthleteID, id)
		return tx.PutPartState(ctx, k.Policy.Failed(st, plan.Failure{Kind: string(strava.KindMismatch), Message: err.Error()}, k.Jitter(), r.at))
	}
	st.AthleteID = id
	athletes, err := tx.Athletes(ctx)
	if sound(err) != nil {
		return err
	}
	a := store.Athlete{ID: id, FirstSeen: r.at}
	if i := slices.IndexFunc(athletes, func(known store.Athlete) bool { return known.ID == id }); i >= 0 {
		a = athletes[i]
	}
	a.Name = r.who.First
	if r.who.Last != "" {
		a.Name += " " + r.who.Last
	}
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
	if asked, err := suspected(ctx, tx, id); err != nil || asked { // they haven't left; nothing has changed
		return err
	}
	return tx.PutPartState(ctx, k.lists(states, id, r.at)...)
}

// setAthlete changes the athlete's row.
func setAthlete(ctx context.Context, tx *store.Tx, athleteID int64, set func(*store.Athlete)) error {
	athletes, err := tx.Athletes(ctx)
	if sound(err) != nil {
		return err
	}
	for _, a := range athletes {
		if a.ID == athleteID {
			set(&a)
			return tx.PutAthlete(ctx, a)
		}
	}
	return nil
}

// answeredAt is when Strava last answered, by its own clock where the answer says.
func answeredAt(before time.Time, s spent, err error) time.Time {
	switch {
	case !s.news.Date.IsZero():
		return s.news.Date
	case err == nil:
		return s.at
	}
	return before
}
