package season

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Make makes the season that the options name. It is the same for the same
// options, byte by byte. 10,000 activities take a few seconds.
func Make(o Options) *Season {
	m := newMaker(o)
	var t twister
	j := journeys{home: m.town, next: firstJourney}
	done := false
	for monday := m.monday(); len(m.made) < o.Activities; monday = monday.AddDate(0, 0, -7) {
		for _, s := range m.week(monday) {
			if len(m.made) == 0 && !done && s.start.Before(m.until.Add(-40*time.Hour)) {
				done = true
				for _, extra := range m.latest() {
					m.accept(extra)
				}
			}
			if len(m.made) == o.Activities {
				break
			}
			s, ok := j.visit(s, len(m.made))
			if !ok {
				continue
			}
			s, which := t.offer(len(m.made), s, m)
			if s.twist == plain && !s.kind.hasMap() && len(m.made) < 60 && m.mapless >= 9 {
				s.kind = easyRun
			}
			if m.accept(s) {
				t.take(which)
				j.went(s)
			}
		}
	}
	return m.season()
}

// maker is the state while a season is made, newest activity first.
type maker struct {
	Options
	seed    uint64
	town    *place
	until   time.Time
	dense   float64 // 0 for a normal life, 1 for somebody who records every errand
	routes  *library
	body    body
	athlete Athlete
	gear    []Gear
	people  []Person
	ids     map[int64]bool
	made    []Activity
	plans   []slot // of made
	mapless int
	buf     []Point
}

func newMaker(o Options) *maker {
	town := towns[(max(o.Seed, 1)-1)%uint64(len(towns)-1)]
	m := &maker{
		Options: o, seed: o.Seed, town: town, until: o.Until.UTC(),
		routes: newLibrary(o.Seed, town), ids: map[int64]bool{},
	}
	// Five a week is a normal life; what doesn't fit into twelve years of it
	// makes the weeks fuller.
	m.dense = clamp((float64(o.Activities)/(12*52)-5)/14, 0, 1)
	m.athlete, m.body = newAthlete(o, town)
	m.people = friends(o.Seed)
	m.gear = newGear(o.Seed)
	return m
}

// monday is the first moment of the week in which the season ends.
func (m *maker) monday() time.Time {
	day := m.town.zone.local(m.until).Truncate(24 * time.Hour)
	return day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
}

// accept carries a slot out, unless it is too late for the season or in the
// way of what comes after it.
func (m *maker) accept(s slot) bool {
	if len(m.made) == m.Activities {
		return false
	}
	if !s.start.Before(m.until) {
		return false
	}
	a := m.perform(s)
	if a.Uploaded.After(m.until) {
		return false
	}
	if k := len(m.made); k > 0 && a.Start.Add(a.Elapsed+5*time.Minute).After(m.made[k-1].Start) {
		return false
	}
	a.ID = m.id(a.Start, s.twist == hugeID)
	m.made = append(m.made, a)
	m.plans = append(m.plans, s)
	if !s.kind.hasMap() {
		m.mapless++
	}
	return true
}

// id is unique, and says nothing about when the activity was.
func (m *maker) id(start time.Time, huge bool) int64 {
	h := hash(m.seed, 'd', uint64(start.Unix()))
	id := int64(19_400_000_000 + h%2_600_000_000)
	if huge {
		id = 1<<53 + 1 + 2*int64(h%1_000_000_000_000)
	}
	for m.ids[id] {
		id += 2
	}
	m.ids[id] = true
	return id
}

// season writes the texts, oldest first since they refer to what was before.
func (m *maker) season() *Season {
	c := newChronicle(m)
	for i, a := range slices.Backward(m.made) {
		m.made[i] = c.tell(a, m.plans[i])
	}
	slices.SortStableFunc(m.made, func(a, b Activity) int {
		return cmp.Or(b.Start.Compare(a.Start), cmp.Compare(b.ID, a.ID))
	})
	return &Season{
		Athlete: m.athlete, Gear: m.gear, Activities: m.made,
		maker: m, chronicle: *c,
	}
}

// Next is the activity that the athlete uploads at t: something that suits the
// hour and has just ended. It depends on the season, t and n alone; n tells
// activities of one moment apart and makes the id unique. It has no comments
// and no kudos yet. It does not become part of the season.
func (s *Season) Next(t time.Time, n int) Activity {
	t = t.UTC().Truncate(time.Second)
	seed := hash(s.maker.seed, 'N', uint64(n), uint64(t.Unix()))
	r := source(seed)
	kinds := []kind{easyRun, easyRun, backRun, tempoRun, trailRun, ride, gravel, walking}
	if wall := s.maker.town.zone.local(t); wall.Weekday() == time.Sunday {
		kinds = []kind{steadyLong, ride, ride, gravel, hiking}
	}
	m := *s.maker
	m.until, m.buf = t, nil
	plan := slot{kind: pick(r, kinds), where: m.town, start: t.Add(-2 * time.Hour)}
	a := m.perform(plan)
	a.Start = t.Add(-a.Elapsed - time.Duration(60+r.IntN(240))*time.Second)
	a.Uploaded = t
	a.ID = 23_000_000_000 + int64(n)*1000 + int64(seed%1000)
	a.UploadID = fmt.Sprint(24_700_000_000 + int64(n)*1000 + int64(seed%1000))
	plan.start = a.Start
	c := s.chronicle
	c.live = true
	a = c.tell(a, plan)
	a.Kudos, a.Comments = nil, nil
	return a
}
