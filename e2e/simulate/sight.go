package simulate

import "time"

// sight is what was noticed on the way, for the bounds.
type sight struct {
	visibleAfter int       // calls made until every activity of the stock was shown
	completeAt   time.Time // when all of the stock was complete
	waiting      int       // of the stock, not complete yet
	hidden       int       // of the stock, not shown yet

	outage outage
}

// outage is how a time without Strava went.
type outage struct {
	calls int // made in it
	lost  int // activities shown before that weren't shown at its end, and were on Strava

	over     time.Time
	madeThen int
	behind   []*claim // changes from before its end that weren't served then

	took    time.Duration // from its end until nothing was behind; -1 as long as something is
	catchUp int           // calls made in that time
}

// recovered looks at the moment at which Strava answers again.
func (s *sight) recovered(r *run, from, now time.Time) {
	s.outage = outage{over: now, madeThen: r.meter.made(), took: -1}
	for _, c := range r.server.Calls() {
		if !c.Time.Before(from) && c.Time.Before(now) {
			s.outage.calls++
		}
	}
	v := r.rooms.feed.View()
	for id, at := range r.watch.firstShown {
		if _, true_ := r.people.now[id]; true_ && at.Before(from) && see(v, id) == nil {
			s.outage.lost++
		}
	}
	for _, c := range r.watch.all {
		if c.served.IsZero() && c.field != "description" { // of which nobody is told, so that only rechecks find it
			s.outage.behind = append(s.outage.behind, c)
		}
	}
}

// caughtUp notes when everything that was behind is here.
func (s *sight) caughtUp(r *run) {
	if s.outage.over.IsZero() || s.outage.took >= 0 {
		return
	}
	for _, c := range s.outage.behind {
		if c.served.IsZero() {
			return
		}
	}
	s.outage.took = r.clock.Now().Sub(s.outage.over)
	s.outage.catchUp = r.meter.made() - s.outage.madeThen
}
