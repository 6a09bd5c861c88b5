package plan

import (
	"cmp"
	"slices"
	"time"

	"musette"
)

// MaxInFlight is how many calls are under way at once.
const MaxInFlight = 3

// Room is what the quota allows a class: how many calls now, and else when, and which reset that waits for.
type Room struct {
	Calls       int
	Free, Reset time.Time
}

// Situation is all that a decision depends on.
type Situation struct {
	Now  time.Time
	Due  []musette.PartState // candidates that are due; within a class the athletes whose turn comes first, first
	Next time.Time           // when the next part that is not due yet becomes so, zero if none will
	Room [musette.NumClasses]Room
	Host Host
	// Blocked are athletes whose grant doesn't work: nothing is called for them.
	Blocked map[int64]bool
}

// Decision is what to do now: the calls to make, or when to wake.
type Decision struct {
	Calls []musette.PartState
	Wake  time.Time // when to decide again; Now if calls are to be made; zero if nothing will ever be due
	State musette.State
	Until time.Time // when the state ends by itself, zero if it doesn't
	Opens time.Time // while limited: when the first of what waits may be called for, at the latest at Until
}

// Next decides. Candidates go by class; within a class athletes take turns in the order given, each with the newest
// start first.
func Next(s Situation) Decision {
	due := s.order()
	var d Decision
	if s.Host.State() == musette.StateOK {
		d = s.choose(due)
	} else {
		d = s.probe(due)
	}
	if len(d.Calls) > 0 {
		d.Wake = s.Now
	} else if !d.Wake.IsZero() {
		d.Wake = later(d.Wake, s.Now.Add(breath))
	}
	if !d.Until.After(s.Now) {
		d.Until = time.Time{}
	}
	return d
}

// breath is the least wait where there is nothing to call, so that no mistake elsewhere makes anybody spin.
const breath = time.Millisecond

// choose takes the best calls that the quota has room for.
func (s Situation) choose(due []musette.PartState) Decision {
	d := Decision{State: musette.StateOK, Wake: s.Next}
	var held Room // the one that is free first
	for _, p := range due {
		if len(d.Calls) == MaxInFlight || len(d.Calls) > 0 && opens(d.Calls[0]) && !opens(p) {
			break
		}
		switch room := s.Room[p.Class]; {
		case room.Calls > len(d.Calls): // all classes share one quota
			d.Calls = append(d.Calls, p)
		case room.Calls == 0 && (held.Free.IsZero() || room.Free.Before(held.Free)):
			held = room
		}
	}
	switch {
	case len(d.Calls) > 0:
		d.State = musette.StateSyncing
	case !held.Free.IsZero():
		d.State, d.Until, d.Opens, d.Wake = musette.StateLimited, held.Reset, held.Free, sooner(d.Wake, held.Free)
	}
	return d
}

// opens reports whether a call shows what there is to call at all: who an athlete is, or a page of a walk. Nothing of
// less worth is made beside it, so that everything is visible after the fewest calls.
func opens(p musette.PartState) bool {
	return p.Part == musette.PartAthlete || p.Part == musette.ListWalk
}

// probe decides while the host doesn't answer as it should: one call when the next probe is due, or when a person has
// asked since the last one.
func (s Situation) probe(due []musette.PartState) Decision {
	d := Decision{State: s.Host.State()}
	if d.State == musette.StateOffline { // inactive ends when the subscription is back, not by itself
		d.Until = s.Host.NextProbe
	}
	if len(due) == 0 {
		if !s.Next.IsZero() {
			d.Wake = later(s.Next, s.Host.NextProbe)
		}
		return d
	}
	// Not always the first: it may be the one thing that the host chokes on.
	call, at := due[s.Host.Probes%len(due)], s.Host.NextProbe
	if i := slices.IndexFunc(due, s.wished); i >= 0 && s.Host.ForceAt().Before(at) {
		call, at = due[i], s.Host.ForceAt()
	}
	room := s.Room[call.Class]
	switch {
	case at.After(s.Now):
		d.Wake = at
	case room.Calls == 0:
		if d.Wake = room.Free; d.Wake.IsZero() { // it isn't known when
			d.Wake = s.Next
		}
	default:
		d.Calls = []musette.PartState{call}
	}
	return d
}

// wished reports whether a person waits for a part and hasn't had an answer yet, not even a bad one.
func (s Situation) wished(p musette.PartState) bool {
	return p.Class <= musette.ClassForced && p.Due.After(s.Host.LastProbe)
}

// order returns the candidates that may be called for, the most valuable first. Within a class athletes take turns,
// whoever comes first among the candidates first.
func (s Situation) order() []musette.PartState {
	type candidate struct {
		*musette.PartState
		class             musette.Class
		place, rank, turn int
	}
	type lane struct {
		class     musette.Class
		athleteID int64
	}
	list := make([]candidate, 0, len(s.Due))
	places := map[lane]int{}
	for i := range s.Due {
		p := &s.Due[i]
		if s.Blocked[p.AthleteID] {
			continue
		}
		c := candidate{PartState: p, class: classAt(p, s.Now), rank: rank(p)}
		l := lane{c.class, p.AthleteID}
		if _, have := places[l]; !have {
			places[l] = len(places)
		}
		c.place = places[l]
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b candidate) int {
		if a.class != b.class || a.AthleteID != b.AthleteID {
			return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.place, b.place))
		}
		return cmp.Or(cmp.Compare(a.rank, b.rank), b.Start.Compare(a.Start),
			cmp.Compare(b.ActivityID, a.ActivityID), cmp.Compare(worth(a.Part), worth(b.Part)))
	})
	for i := 1; i < len(list); i++ {
		if a, b := &list[i-1], &list[i]; a.class == b.class && a.AthleteID == b.AthleteID {
			b.turn = a.turn + 1
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.turn, b.turn), cmp.Compare(a.rank, b.rank))
	})
	due := make([]musette.PartState, len(list))
	for i, c := range list {
		due[i] = *c.PartState
		due[i].Class = c.class
	}
	return due
}

// classAt is the class of a candidate by now: a sweep overdue by twice its interval counts as a listing.
func classAt(p *musette.PartState, now time.Time) musette.Class {
	interval := p.Due.Sub(later(p.LastSuccess, p.FirstSeen))
	if p.Part == musette.ListSweep && now.Sub(p.Due) >= 2*interval {
		return min(p.Class, musette.ClassList)
	}
	return p.Class
}

// rank puts what opens the way for other calls first: the athlete, then listings.
func rank(p *musette.PartState) int {
	switch {
	case p.Part == musette.PartAthlete:
		return 0
	case p.ActivityID == 0:
		return 1
	}
	return 2
}

// worth is a part's place in the order of value.
func worth(p musette.Part) int { return slices.Index(musette.ActivityParts, p) }

func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
