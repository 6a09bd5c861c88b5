package keeper

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/plan"
	"musette/quota"
	"musette/store"
)

// gate is what the store keeps in its one quota row: everything that all processes share about calling.
type gate struct {
	Ledger quota.Ledger `json:"ledger"`
	Host   plan.Host    `json:"host"`
	Clock  quota.Clock  `json:"clock,omitzero"` // of the machine that called last

	// State is what the last decision came to, and Since when it did so first, one after the other.
	State musette.State `json:"state,omitzero"`
	Since time.Time     `json:"since,omitzero"`

	version int64
}

// readGate reads the row. One that can't be read is worth no more than its absence: the ledger starts pessimistic,
// and the next answer's headers tell what is used.
func readGate(ctx context.Context, tx *store.Tx) (gate, error) {
	body, version, err := tx.Quota(ctx)
	if sound(err) != nil {
		return gate{}, err
	}
	g := gate{Ledger: quota.New(), version: version}
	if err != nil || len(body) == 0 || json.Unmarshal(body, &g) != nil {
		return gate{Ledger: quota.New(), version: version}, nil
	}
	return g, nil
}

// gate reads the row for somebody who makes calls: from now on all go by this keeper's rules.
func (k *Keeper) gate(ctx context.Context, tx *store.Tx) (gate, error) {
	g, err := readGate(ctx, tx)
	g.Ledger.Rules = *k.Rules
	g.from(k.Machine)
	return g, err
}

// enter notes the state that a decision came to, and reports whether it is another one.
func (g *gate) enter(s musette.State, now time.Time) bool {
	if s == g.State {
		return false
	}
	g.State, g.Since = s, now.UTC()
	return true
}

var errRaced = errors.New("another process wrote the quota in between")

// write stores the gate. Updates follow one another, so nobody can have written it since it was read.
func (g *gate) write(ctx context.Context, tx *store.Tx) error {
	body, err := json.Marshal(g)
	if err != nil {
		return err
	}
	ok, err := tx.PutQuota(ctx, body, g.version)
	if err == nil && !ok {
		err = errRaced
	}
	if err == nil {
		g.version++
	}
	return err
}

func (g *gate) rooms(now time.Time) (rooms [musette.NumClasses]plan.Room) {
	for c := range rooms {
		r := g.Ledger.Room(now, musette.Class(c))
		rooms[c] = plan.Room{Calls: r.Calls, Free: r.Free, Reset: r.Reset}
	}
	return rooms
}

// How many candidates a decision looks at, per class and per athlete in it.
const perClass, perAthlete = 64, 4

// decide works off what people have asked for, asks plan which calls to make, and takes them off the ledger, all in
// one transaction. No jobs: k.last says when to decide again.
func (k *Keeper) decide(ctx context.Context, now time.Time) (jobs []job, err error) {
	err = k.Store.Update(ctx, k.lease, func(tx *store.Tx) error {
		jobs = nil
		grants, err := k.adopt(ctx, tx, now)
		if err != nil {
			return err
		}
		given := len(k.dead)
		if err := k.workInbox(ctx, tx, now); err != nil {
			return err
		}
		if len(k.dead) != given { // an event wants a grant tried again that had been given up
			if grants, err = k.adopt(ctx, tx, now); err != nil {
				return err
			}
		}
		g, err := k.gate(ctx, tx)
		if err != nil {
			return err
		}
		s, err := situationIn(ctx, tx, now, &g, grants)
		if err != nil {
			return err
		}
		k.last = plan.Next(s)
		other := g.enter(k.last.State, now)
		if len(k.last.Calls) == 0 {
			if other {
				return g.write(ctx, tx)
			}
			return nil
		}
		jobs, err = k.reserve(ctx, tx, now, &g, grants)
		return err
	})
	if err != nil { // what was read in it may never have been
		k.people = nil
	}
	if err == nil && len(jobs) == 0 && len(k.last.Calls) > 0 { // there was room for none of them
		k.last.Wake = now.Add(glance)
	}
	return jobs, err
}

// reserve takes the chosen calls off the ledger.
func (k *Keeper) reserve(ctx context.Context, tx *store.Tx, now time.Time, g *gate, grants grantMap) (jobs []job, err error) {
	for _, st := range k.last.Calls {
		j := job{state: st, grant: grants[st.AthleteID], probe: g.Host.State() != musette.StateOK}
		var ok bool
		if g.Ledger, j.ticket, ok = g.Ledger.Reserve(now, st.Class); !ok {
			continue
		}
		switch st.Part {
		case musette.ListWalk, musette.ListSweep:
			if j.list, err = readListing(ctx, tx, st.AthleteID, st.Part); err != nil {
				return nil, err
			}
		}
		jobs = append(jobs, j)
	}
	keys := make([]musette.Key, len(jobs))
	for i, j := range jobs {
		keys[i] = j.state.Key()
	}
	if err := tx.Serve(ctx, keys...); err != nil {
		return nil, err
	}
	g.Host.LastCall = now
	return jobs, g.write(ctx, tx)
}

// situationIn reads what a decision depends on. Whoever has no grant that works is left out by the store already, as far
// as the leader has told it (see block); plan is told of the rest.
func situationIn(ctx context.Context, tx *store.Tx, now time.Time, g *gate, grants grantMap) (s plan.Situation, err error) {
	s = plan.Situation{Now: now, Room: g.rooms(now), Host: g.Host, Blocked: map[int64]bool{}}
	if s.Due, err = tx.Due(ctx, now, perClass, perAthlete); sound(err) != nil {
		return s, err
	}
	for _, p := range s.Due {
		if grants[p.AthleteID].ID == "" {
			s.Blocked[p.AthleteID] = true
		}
	}
	s.Next, err = tx.DueAfter(ctx, now)
	return s, err
}

// grantMap holds the grant to work with for each athlete; 0 is a grant whose athlete isn't known yet.
type grantMap map[int64]store.Grant

// grantsFor chooses among grants those that use accepts, for each athlete one that is well if there is one.
func grantsFor(all []store.Grant, use func(store.Grant) bool) grantMap {
	m := grantMap{}
	for _, g := range all {
		old, have := m[g.AthleteID]
		if use(g) && (!have || old.State == musette.StateReconnect) {
			m[g.AthleteID] = g
		}
	}
	return m
}

// people are all grants and athletes as they were read last, and what follows from them: where they are many, reading
// them is what a decision costs most, and they seldom change.
type people struct {
	stamp [6]int64
	dead  int // how many grants this keeper had given up

	grants grantMap // to work with
	known  map[int64]bool
}

// readPeople reads them, if anything about any of them is other than the last time, and tells the store for whom
// nothing can be called.
func (k *Keeper) readPeople(ctx context.Context, tx *store.Tx) (*people, error) {
	stamp, err := tx.PeopleStamp(ctx)
	if err != nil {
		return nil, err
	}
	if k.people != nil && k.people.stamp == stamp && k.people.dead == len(k.dead) {
		return k.people, nil
	}
	all, err := tx.Grants(ctx)
	if sound(err) != nil {
		return nil, err
	}
	athletes, err := tx.Athletes(ctx)
	if sound(err) != nil {
		return nil, err
	}
	p := &people{stamp: stamp, dead: len(k.dead), known: map[int64]bool{}}
	p.grants = grantsFor(all, func(g store.Grant) bool {
		k.grants[g.ID] = true
		return g.State != musette.StateReconnect || !k.dead[g.ID]
	})
	var blocked []int64
	for _, a := range athletes {
		p.known[a.ID] = true
		if _, ok := p.grants[a.ID]; !ok {
			blocked = append(blocked, a.ID)
		}
	}
	if err := tx.Block(ctx, blocked...); err != nil {
		return nil, err
	}
	k.people = p
	return p, nil
}

// adopt makes sure that every grant's athlete is known, or asked for, and returns the grants to work with. One that
// needs a person is tried once more by each new keeper: the operator may have mended what was wrong, a secret for
// instance, and started again.
func (k *Keeper) adopt(ctx context.Context, tx *store.Tx, now time.Time) (grantMap, error) {
	p, err := k.readPeople(ctx, tx)
	if err != nil {
		return nil, err
	}
	for id := range p.grants {
		if p.known[id] {
			continue
		}
		states, err := partStates(ctx, tx, id, 0)
		if err != nil {
			return nil, err
		}
		if st, have := states[musette.PartAthlete]; have && !st.Due.IsZero() {
			continue
		}
		err = tx.PutPartState(ctx, musette.PartState{
			AthleteID: id, Part: musette.PartAthlete, Due: now, Class: musette.ClassLogin, FirstSeen: now,
		})
		if err != nil {
			return nil, err
		}
	}
	return p.grants, nil
}

// partStates reads an activity's states by part; with activity 0 those of the athlete's lists.
func partStates(ctx context.Context, tx *store.Tx, athleteID, activityID int64) (plan.States, error) {
	states, err := tx.PartStates(ctx, athleteID, activityID)
	if sound(err) != nil {
		return nil, fmt.Errorf("reading what is due of activity %d: %w", activityID, err)
	}
	return byPart(states), nil
}

func byPart(states []musette.PartState) plan.States {
	m := make(plan.States, len(states))
	for _, st := range states {
		m[st.Part] = st
	}
	return m
}
