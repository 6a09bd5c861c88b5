package season

import (
	"math/rand/v2"
	"slices"
	"time"
)

// slot is an activity that the athlete plans.
type slot struct {
	start time.Time // UTC
	kind  kind
	where *place
	twist twist
}

// week plans the week that begins on the given Monday: latest slot first.
func (m *maker) week(monday time.Time) []slot {
	w := int64(monday.Unix() / (7 * 86400))
	r := source(m.seed, 'w', uint64(w))
	summer := m.town.summerness(monday)
	p := weekPlan{maker: m, r: r, monday: monday, summer: summer}
	recent := monday.After(m.until.AddDate(0, 0, -42))
	switch year := w / 52; {
	case !recent && w%26 == int64(hash(m.seed, 'g', uint64(w/26))%22): // away without a watch
		p.maybe(0.5, 6, 15, walking)
	case !recent && w%52-int64(hash(m.seed, 'i', uint64(year))%40) >= 0 && w%52-int64(hash(m.seed, 'i', uint64(year))%40) < 3 && year%3 != 0:
		p.injured()
	default:
		p.training(w)
	}
	if m.dense > 0 {
		p.more()
	}
	slices.SortFunc(p.slots, func(a, b slot) int { return b.start.Compare(a.start) })
	return p.slots
}

type weekPlan struct {
	*maker
	r      *rand.Rand
	monday time.Time
	summer float64
	slots  []slot
}

// on adds a slot on a day (0 is Monday) at about the given hour.
func (p *weekPlan) on(day int, hour float64, k kind) {
	seconds := int(hour*3600) + p.r.IntN(1500) - 500
	if k == parkrun {
		seconds = 9*3600 + 4 + p.r.IntN(40)
	}
	wall := p.monday.AddDate(0, 0, day).Add(time.Duration(seconds) * time.Second)
	p.slots = append(p.slots, slot{start: p.town.zone.utc(wall), kind: k, where: p.town})
}

func (p *weekPlan) maybe(prob float64, day int, hour float64, k kind) bool {
	if !chance(p.r, prob) {
		return false
	}
	p.on(day, hour, k)
	return true
}

// training is a normal week: three that build up and an easy one, and a race
// at the end of a block.
func (p *weekPlan) training(w int64) {
	easy := 1.0
	if w%4 == 3 {
		easy = 0.72
	}
	r := p.r
	if !p.maybe(0.16, 0, 18.6, gym) {
		p.maybe(0.16, 0, 19.2, yoga)
	}
	p.maybe(0.82*easy, 1, 18.4, pick(r, []kind{tempoRun, tempoRun, easyRun, backRun}))
	switch {
	case chance(r, 0.34):
		p.on(2, 8.1, commuteIn)
		p.on(2, 17.6, commuteOut)
	case chance(r, 0.25+0.35*p.summer):
		p.on(2, pick(r, []float64{6.4, 18.1}), pick(r, []kind{ride, ride, hillClimb, gravel}))
	case chance(r, 0.5):
		p.on(2, 19, indoorRide)
	}
	p.maybe(0.66*easy, 3, pick(r, []float64{6.6, 12.2, 12.3, 18.3}), pick(r, []kind{easyRun, easyRun, backRun, trailRun}))
	if !p.maybe(0.09, 4, 7, pool) {
		p.maybe(0.12, 4, 12.4, walking)
	}
	p.saturday()
	p.sunday(w, easy)
}

func (p *weekPlan) saturday() {
	switch {
	case chance(p.r, 0.6):
		p.on(5, 9, parkrun)
		p.maybe(0.16, 5, 15, walking)
	case chance(p.r, 0.25*p.summer):
		p.on(5, 8, openWater)
	case chance(p.r, 0.55):
		p.on(5, 9.3, pick(p.r, []kind{ride, gravel, hillClimb, trailRun}))
	}
}

func (p *weekPlan) sunday(w int64, easy float64) {
	s := p.summer
	switch {
	case w%13 == 4:
		p.on(6, 9.7, tenK)
	case w%26 == 10:
		p.on(6, 9.8, half)
	case w%26 >= 18 && w%26 <= 19 && s > 0.45 && w%2 == 0:
		p.on(6, 7.8, granFondo)
	case chance(p.r, 0.36+0.22*s):
		p.on(6, 8.6, pick(p.r, []kind{bigRide, bigRide, ride, gravel}))
	case chance(p.r, 0.75*easy):
		p.on(6, 8.8, pick(p.r, []kind{steadyLong, steadyLong, trailRun, easyRun}))
	case chance(p.r, 0.8):
		p.on(6, 10.3, hiking)
	}
}

// injured is a week without running.
func (p *weekPlan) injured() {
	p.maybe(0.8, 1, 7, pool)
	p.maybe(0.6, 2, 18.5, gym)
	p.maybe(0.7, 3, 12.4, walking)
	p.maybe(0.5, 4, 19, yoga)
	p.maybe(0.6, 5, 14.5, walking)
	p.maybe(0.5, 6, 10, pick(p.r, []kind{indoorRide, ride, walking}))
}

// more fills the week of somebody who records everything.
func (p *weekPlan) more() {
	for day := range 5 {
		busy := slices.ContainsFunc(p.slots, func(s slot) bool { return s.kind == commuteIn }) && day == 2
		if !busy && chance(p.r, p.dense) {
			p.on(day, 8.1, commuteIn)
			p.on(day, 17.3, commuteOut)
		}
		p.maybe(p.dense*0.8, day, 12.4, pick(p.r, []kind{easyRun, backRun, walking}))
	}
	p.maybe(p.dense, 5, 16, walking)
	p.maybe(p.dense, 6, 16.5, walking)
}

// latest is a run shortly before the end, for when the plan has nothing there:
// a season must not look abandoned.
func (m *maker) latest() []slot {
	z := m.town.zone
	wall := z.local(m.until)
	day := time.Date(wall.Year(), wall.Month(), wall.Day(), 0, 0, 0, 0, time.UTC)
	for back := range 2 {
		for _, hour := range [...]float64{18.2, 12.3, 6.7} {
			at := day.AddDate(0, 0, -back).Add(time.Duration(hour*3600+float64(hash(m.seed, 'l')%1300)) * time.Second)
			if s := z.utc(at); s.Before(m.until.Add(-100 * time.Minute)) {
				return []slot{{start: s, kind: easyRun, where: m.town}}
			}
		}
	}
	return nil
}
