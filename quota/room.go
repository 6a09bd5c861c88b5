package quota

import (
	"math"
	"time"

	"musette"
)

// reserves are the shares of a window kept back for a class from all classes below it, at the window's start.
var reserves = [musette.NumClasses]float64{
	musette.ClassLogin:  0.01,
	musette.ClassForced: 0.02,
	musette.ClassEvent:  0.10,
	musette.ClassList:   0.03,
	musette.ClassRecent: 0.04,
}

// recheckShare is the share of a day's limit that rechecks leave alone.
const recheckShare = 0.2

// Room is what a class of call may do now.
type Room struct {
	Calls int       // how many may start now
	Free  time.Time // when the next may start; now or earlier if Calls > 0
	Reset time.Time // when the window resets that holds it up; zero if Calls > 0
}

// Room says how many calls of a class may start now, and else from when on one may, all by our clock.
func (l Ledger) Room(now time.Time, c musette.Class) Room {
	l = l.At(now)
	t := l.server(now)
	kept := 0.0
	for _, share := range reserves[:c] {
		kept += share
	}
	r := Room{Calls: math.MaxInt32, Free: t}
	for _, w := range l.windows() {
		for _, m := range w.meters {
			limit := m.Limit
			if c == musette.ClassRecheck && w.length == day {
				limit -= int(math.Ceil(recheckShare * float64(m.Limit)))
			}
			r.tighten(t, w, limit, m, kept)
		}
	}
	l.edges(t, &r)
	if l.Quiet.After(t) {
		r.Calls, r.Free, r.Reset = 0, later(r.Free, l.Quiet), later(r.Reset, l.Quiet)
	}
	if r.Calls > 0 {
		return Room{Calls: r.Calls, Free: now}
	}
	r.Free = r.Free.Add(-l.skew())
	if !r.Reset.IsZero() {
		r.Reset = r.Reset.Add(-l.skew())
	}
	return r
}

type window struct {
	start  time.Time
	length time.Duration
	meters [2]Meter
}

func (l Ledger) windows() [2]window {
	return [2]window{
		{l.QuarterStart, quarter, [2]Meter{l.ReadQuarter, l.OverallQuarter}},
		{l.DayStart, day, [2]Meter{l.ReadDay, l.OverallDay}},
	}
}

// tighten narrows the room to what one meter leaves, after the share kept for better classes.
func (r *Room) tighten(t time.Time, w window, limit int, m Meter, kept float64) {
	end := w.start.Add(w.length)
	rest := float64(end.Sub(t)) / float64(w.length)
	left := limit - m.Used - int(math.Ceil(kept*float64(m.Limit)*rest-1e-9))
	r.Calls = min(r.Calls, max(0, left))
	if left > 0 {
		return
	}
	free := end
	if spare := limit - m.Used - 1; spare >= 0 { // a call is there, but kept back until the reserve has shrunk
		rest = float64(spare) / (kept * float64(m.Limit))
		free = end.Add(-time.Duration(rest * float64(w.length))).Add(time.Millisecond)
	}
	r.Free, r.Reset = later(r.Free, free), later(r.Reset, end)
}

// edges keeps calls away from the edges of a quarter that is nearly full: in its last second, and in the first ones
// of the next, it isn't sure on which side Strava counts a call.
func (l Ledger) edges(t time.Time, r *Room) {
	end := l.QuarterStart.Add(quarter)
	if end.Sub(t) < time.Second && (nearlyFull(l.ReadQuarter) || nearlyFull(l.OverallQuarter)) {
		r.Calls, r.Free, r.Reset = 0, later(r.Free, end.Add(edge)), later(r.Reset, end)
	}
	if begun := t.Sub(l.QuarterStart); l.PreviousFull && begun < edge {
		r.Calls, r.Free = 0, later(r.Free, l.QuarterStart.Add(edge))
		r.Reset = later(r.Reset, l.QuarterStart.Add(edge))
	}
}

// Finish estimates when n more calls will have been made, if each takes the given time: what is left of this
// quarter, then quarter by quarter, then day by day.
func (l Ledger) Finish(now time.Time, n int, each time.Duration) time.Time {
	l = l.At(now)
	t := later(l.server(now), l.Quiet)
	l = l.At(t.Add(-l.skew()))
	for range 4 * 24 * 366 {
		q := min(l.ReadQuarter.Limit-l.ReadQuarter.Used, l.OverallQuarter.Limit-l.OverallQuarter.Used)
		d := min(l.ReadDay.Limit-l.ReadDay.Used, l.OverallDay.Limit-l.OverallDay.Used)
		can := max(0, min(q, d))
		if n <= can {
			return t.Add(time.Duration(n) * each).Add(-l.skew())
		}
		n -= can
		l.add(can)
		t = l.QuarterStart.Add(quarter)
		if d-can <= 0 {
			t = l.DayStart.Add(day)
		}
		l = l.At(t.Add(-l.skew()))
	}
	return t.Add(-l.skew())
}
