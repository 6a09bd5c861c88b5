package keeper

import (
	"context"
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

	version int64
}

func readGate(ctx context.Context, tx *store.Tx) (gate, error) {
	body, version, err := tx.Quota(ctx)
	if err != nil {
		return gate{}, err
	}
	g := gate{Ledger: quota.New(), version: version}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &g); err != nil {
			return gate{}, fmt.Errorf("the quota row can't be read: %w", err)
		}
	}
	return g, nil
}

// write stores the gate if nobody else has meanwhile; inside an Update nobody can have.
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

// situation reads what the decision depends on, after working off what people and events have asked for.
func (k *Keeper) situation(ctx context.Context, now time.Time) (s plan.Situation, grants grantMap, err error) {
	err = k.Store.Update(ctx, k.lease, func(tx *store.Tx) error {
		if grants, err = k.adopt(ctx, tx, now); err != nil {
			return err
		}
		if err := k.workInbox(ctx, tx, now); err != nil {
			return err
		}
		s, err = situationIn(ctx, tx, now, grants)
		return err
	})
	return s, grants, err
}

func situationIn(ctx context.Context, tx *store.Tx, now time.Time, grants grantMap) (s plan.Situation, err error) {
	g, err := readGate(ctx, tx)
	if err != nil {
		return s, err
	}
	s = plan.Situation{Now: now, Room: g.rooms(now), Host: g.Host, Blocked: map[int64]bool{}}
	if s.Due, err = tx.Due(ctx, now, perClass, perAthlete); err != nil {
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

// grantMap holds the grant that works for each athlete; 0 is a grant whose athlete isn't known yet.
type grantMap map[int64]store.Grant

// readGrants returns the grants to work with. One that needs a person is tried once more by each new keeper: the
// operator may have mended what was wrong, a secret for instance, and started again.
func (k *Keeper) readGrants(ctx context.Context, tx *store.Tx) (grantMap, error) {
	all, err := tx.Grants(ctx)
	if err != nil {
		return nil, err
	}
	m := grantMap{}
	for _, g := range all {
		k.grants[g.ID] = true
		if g.State != musette.StateReconnect || !k.dead[g.ID] {
			m[g.AthleteID] = g
		}
	}
	return m, nil
}

// adopt makes sure that every athlete with a grant has an athlete part and a way of listing.
func (k *Keeper) adopt(ctx context.Context, tx *store.Tx, now time.Time) (grantMap, error) {
	grants, err := k.readGrants(ctx, tx)
	if err != nil {
		return nil, err
	}
	athletes, err := tx.Athletes(ctx)
	if err != nil {
		return nil, err
	}
	known := map[int64]bool{}
	for _, a := range athletes {
		known[a.ID] = true
	}
	for id := range grants {
		if known[id] {
			continue
		}
		states, err := tx.PartStates(ctx, id, 0)
		if err != nil {
			return nil, err
		}
		if _, have := byPart(states)[musette.PartAthlete]; have {
			continue
		}
		err = tx.PutPartState(ctx, musette.PartState{
			AthleteID: id, Part: musette.PartAthlete, Due: now, Class: musette.ClassLogin, FirstSeen: now,
		})
		if err != nil {
			return nil, err
		}
	}
	return grants, nil
}

func byPart(states []musette.PartState) plan.States {
	m := plan.States{}
	for _, st := range states {
		m[st.Part] = st
	}
	return m
}
