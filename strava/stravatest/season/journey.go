package season

import "time"

// journeys are holidays in another time zone, always where it is summer time.
type journeys struct {
	home     *place
	next     int // from which activity on one is due
	where    *place
	from, to time.Time
	visited  int
}

const (
	firstJourney = 11
	journeyEvery = 130 // activities
	journeyDays  = 9
)

// visit moves a slot to where the athlete is on that day. ok is false for days
// of travel, and for what one doesn't do on a journey. Slots come newest first.
func (j *journeys) visit(s slot, n int) (moved slot, ok bool) {
	if j.where != nil && s.start.Before(j.from.Add(-24*time.Hour)) {
		j.where = nil
		if j.visited > 0 {
			j.next += journeyEvery
		}
	}
	if j.where == nil && n >= j.next {
		j.to = s.start.Truncate(24 * time.Hour).Add(-24 * time.Hour)
		j.from = j.to.Add(-journeyDays * 24 * time.Hour)
		j.where, j.visited = destination(j.home, j.to, j.next), 0
		return s, s.kind != commuteIn
	}
	switch {
	case j.where == nil, s.start.After(j.to.Add(24 * time.Hour)):
		return s, true
	case s.start.After(j.to), s.start.Before(j.from):
		return s, false // travelling
	}
	wall := s.where.zone.local(s.start)
	s.where = j.where
	s.start = s.where.zone.utc(wall)
	switch s.kind {
	case commuteIn:
		return s, false
	case commuteOut, gym:
		s.kind = walking
	case parkrun, tempoRun, indoorRide, yoga:
		s.kind = easyRun
	case bigRide, gravel, granFondo, tenK, half:
		s.kind = hiking
	case pool:
		s.kind = openWater
	}
	return s, true
}

func (j *journeys) went(s slot) {
	if s.where != j.home {
		j.visited++
	}
}

// destination is a town with summer time at the moment, not the athlete's own.
func destination(home *place, t time.Time, n int) *place {
	var fit []*place
	for _, p := range towns {
		if p != home && p.zone.offset(t) != home.zone.offset(t) && p.zone.offset(t) != p.zone.standard {
			fit = append(fit, p)
		}
	}
	return fit[(n+int(home.key()%7))%len(fit)]
}
