package stravatest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"musette/strava/stravatest/season"
)

// ErrNotFound is returned by the methods that change the world when the
// athlete, activity, photo or comment they name is not there.
var ErrNotFound = errors.New("not in this Strava")

// athlete is an account. It is guarded by Server.mu.
type athlete struct {
	season     *season.Season
	activities []*activity // newest start first, then larger id first
	added      int         // by AddActivity, for the season's Next
}

func (a *athlete) id() int64 { return a.season.Athlete.ID }

// activity is one state of an activity. It never changes once it is shared:
// a change makes a new one, so that readers need no lock.
type activity struct {
	season.Activity
	athleteID int64
	from, to  int // the samples a crop left, [from, to); to 0 is all of them
	track     *outline
	summary   func() []byte // the wire form in lists, made when first needed
}

// outline is what a summary needs of a track. It costs drawing the track
// once, so that states with the same track share it.
type outline struct {
	once        sync.Once
	line        string // simplified
	first, last [2]float64
	maxWatts    int
}

func newActivity(a season.Activity, athleteID int64) *activity {
	return (&activity{Activity: a, athleteID: athleteID, track: new(outline)}).seal()
}

// seal makes the state ready to be shared.
func (a *activity) seal() *activity {
	a.summary = sync.OnceValue(func() []byte { return encode(summaryOf(a, false)) })
	return a
}

// outlined returns the outline of the track, drawing it if need be.
func (a *activity) outlined() *outline {
	o := a.track
	o.once.Do(func() {
		if a.Manual {
			return
		}
		st := a.streams()
		if st == nil {
			return
		}
		if n := len(st.LatLng); n > 0 {
			o.line = a.SummaryPolyline()
			if a.to > 0 {
				o.line = polyline(thin(st.LatLng))
			}
			o.first, o.last = st.LatLng[0], st.LatLng[n-1]
		}
		if len(st.Watts) > 0 {
			o.maxWatts = slices.Max(st.Watts)
		}
	})
	return o
}

// hasMap reports whether the activity has a line on the map.
func (a *activity) hasMap() bool { return a.outlined().line != "" }

// shownStart is start_date: hidden start times show as one second past the
// local midnight, with the same digits in start_date_local.
func (a *activity) shownStart() time.Time {
	if !a.HideStart {
		return a.Start.UTC()
	}
	return a.shownLocal()
}

// shownLocal is start_date_local: the clock on the wall, written as if UTC.
func (a *activity) shownLocal() time.Time {
	t := falseUTC(a.Start, a.Timezone)
	if a.HideStart {
		t = time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 1, 0, time.UTC)
	}
	return t
}

// falseUTC returns the wall clock of t in the zone, as a UTC time.
func falseUTC(t time.Time, zone string) time.Time {
	_, offset := t.In(location(zone)).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// newestFirst orders as Strava's list does.
func newestFirst(a, b *activity) int {
	return cmp.Or(b.Start.Compare(a.Start), cmp.Compare(b.ID, a.ID))
}

// AddAthlete adds an account with the season that the options describe and
// returns its id. A seed of 0 takes the next one that is free; the season
// ends now unless the options say otherwise.
func (s *Server) AddAthlete(o season.Options) (athleteID int64) {
	s.mu.Lock()
	if o.Seed == 0 {
		o.Seed = s.cfg.Seed + uint64(len(s.athletes))
	}
	if o.Until.IsZero() {
		o.Until = s.now()
	}
	s.mu.Unlock()
	made := season.Make(o)

	s.mu.Lock()
	defer s.mu.Unlock()
	for s.athlete(made.Athlete.ID) != nil {
		made.Athlete.ID++
	}
	a := &athlete{season: made, activities: make([]*activity, 0, len(made.Activities))}
	for _, act := range made.Activities {
		s.insert(a, act)
	}
	s.athletes = append(s.athletes, a)
	return a.id()
}

// insert puts an activity among the athlete's. s.mu is held.
func (s *Server) insert(who *athlete, act season.Activity) *activity {
	for s.activities[act.ID] != nil { // another athlete's season may have made the same id
		act.ID++
	}
	a := newActivity(act, who.id())
	s.activities[a.ID] = a
	i, _ := slices.BinarySearchFunc(who.activities, a, newestFirst)
	who.activities = slices.Insert(who.activities, i, a)
	return a
}

// athlete returns the account, or nil. s.mu is held.
func (s *Server) athlete(id int64) *athlete {
	i := slices.IndexFunc(s.athletes, func(a *athlete) bool { return a.id() == id })
	if i < 0 {
		return nil
	}
	return s.athletes[i]
}

// Athletes returns the accounts in the order they were added.
func (s *Server) Athletes() []season.Athlete {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]season.Athlete, len(s.athletes))
	for i, a := range s.athletes {
		list[i] = a.season.Athlete
	}
	return list
}

// Activities returns what is true now of an athlete's activities, whatever
// their visibility, newest start first: what a mirror is to be compared
// with. Cropped activities have the new figures; their Points are the old.
func (s *Server) Activities(athleteID int64) []season.Activity {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.athlete(athleteID)
	if a == nil {
		return nil
	}
	list := make([]season.Activity, len(a.activities))
	for i, act := range a.activities {
		list[i] = act.Activity
	}
	return list
}

// change replaces an activity by a state that edit has worked on. s.mu is
// held; edit must not keep the state, nor change what its slices hold.
func (s *Server) change(id int64, edit func(a *activity) error) (before, after *activity, err error) {
	before = s.activities[id]
	if before == nil {
		return nil, nil, fmt.Errorf("stravatest: activity %d: %w", id, ErrNotFound)
	}
	next := *before
	after = &next
	if err := edit(after); err != nil {
		return nil, nil, fmt.Errorf("stravatest: activity %d: %w", id, err)
	}
	s.activities[id] = after.seal()
	who := s.athlete(after.athleteID)
	who.activities[slices.Index(who.activities, before)] = after
	if !after.Start.Equal(before.Start) {
		slices.SortFunc(who.activities, newestFirst)
	}
	return before, after, nil
}
