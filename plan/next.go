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
	Due  []musette.PartState // candidates that are due, any order
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
}

// Next decides. Candidates go by class; within a class athletes take turns, each with the newest start first.
func Next(s Situation) Decision {
	due := slices.DeleteFunc(slices.Clone(s.Due), func(p musette.PartState) bool { return s.Blocked[p.AthleteID] })
	order(due)
	if s.Host.State() != musette.StateOK {
		return s.probe(due)
	}
	d := Decision{State: musette.StateOK, Wake: s.Next}
	var held Room
	for _, p := range due {
		if len(d.Calls) == MaxInFlight {
			break
		}
		room := s.Room[p.Class]
		if room.Calls > len(d.Calls) {
			d.Calls = append(d.Calls, p)
			continue
		}
		if room.Calls == 0 && (held.Free.IsZero() || room.Free.Before(held.Free)) {
			held = room
		}
	}
	switch {
	case len(d.Calls) > 0:
		d.State, d.Wake = musette.StateSyncing, s.Now
	case !held.Free.IsZero():
		d.State, d.Until = musette.StateLimited, held.Reset
		d.Wake = sooner(d.Wake, held.Free)
	}
	return d
}

// probe decides while the host doesn't answer as it should: one call when the next probe is due, or when a person
// asks.
func (s Situation) probe(due []musette.PartState) Decision {
	d := Decision{State: s.Host.State(), Until: s.Host.NextProbe, Wake: sooner(time.Time{}, s.Host.NextProbe)}
	if d.State == musette.StateInactive {
		d.Until = time.Time{} // it ends when the subscription is back, not by itself
	}
	if len(due) == 0 {
		d.Wake = later(s.Next, s.Host.NextProbe)
		return d
	}
	first := due[0]
	forced := first.Class <= musette.ClassForced && s.Host.MayForce(s.Now)
	if !forced && s.Now.Before(s.Host.NextProbe) {
		return d
	}
	if s.Room[first.Class].Calls == 0 {
		d.Wake = later(d.Wake, s.Room[first.Class].Free)
		return d
	}
	d.Calls, d.Wake = []musette.PartState{first}, s.Now
	return d
}

// order sorts candidates by class; within a class athletes take turns.
func order(due []musette.PartState) {
	slices.SortFunc(due, func(a, b musette.PartState) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(rank(a), rank(b)), b.Start.Compare(a.Start),
			cmp.Compare(a.AthleteID, b.AthleteID), cmp.Compare(b.ActivityID, a.ActivityID), cmp.Compare(a.Part, b.Part))
	})
	type lane struct {
		class   musette.Class
		athlete int64
	}
	turn, turns := map[lane]int{}, make(map[musette.Key]int, len(due))
	for _, p := range due {
		l := lane{p.Class, p.AthleteID}
		turns[p.Key()] = turn[l]
		turn[l]++
	}
	slices.SortStableFunc(due, func(a, b musette.PartState) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(turns[a.Key()], turns[b.Key()]))
	})
}

// rank puts what opens the way for other calls first: the athlete, then listings.
func rank(p musette.PartState) int {
	switch {
	case p.Part == musette.PartAthlete:
		return 0
	case p.ActivityID == 0:
		return 1
	}
	return 2
}

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
