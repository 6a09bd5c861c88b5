package quota

import (
	"math"
	"time"

	"musette"
)

// Room is what a class of call may do now.
type Room struct {
	Calls int       // how many may start now
	Free  time.Time // when the next may start; now if Calls > 0, else later than now
	Reset time.Time // when the window resets that holds it up; zero if Calls > 0
}

// Room says how many calls of a class may start now, and else from when on one may, all by our clock.
func (l Ledger) Room(now time.Time, c musette.Class) Room {
	l = l.At(now)
	t := l.server(now)
	r := Room{Calls: math.MaxInt32, Free: t}
	for _, f := range []struct {
		w      *Window
		length time.Duration
		spared float64
	}{{&l.Quarter, quarter, 0}, {&l.Day, day, l.Rules.RecheckSpare}} {
		if c != musette.ClassRecheck {
			f.spared = 0
		}
		end := f.w.Start.Add(f.length)
		next := end
		if f.w.nearlyFull() {
			next = end.Add(edge)
		}
		for _, m := range []Meter{f.w.Read, f.w.Overall} {
			left, rest := m.room(l.Rules.keptFrom(c), f.spared, float64(end.Sub(t))/float64(f.length))
			free := next
			if rest > 0 {
				free = end.Add(-time.Duration(rest * float64(f.length)))
			}
			r.narrow(left, free, end)
		}
		r.keepOffEdges(t, f.w, end, next)
	}
	if l.Quiet.After(t) {
		r.narrow(0, l.Quiet, l.Quiet)
	}
	if r.Calls > 0 {
		return Room{Calls: r.Calls, Free: now}
	}
	// A millisecond makes up for what the division has rounded off.
	return Room{Free: later(l.local(r.Free), now).Add(time.Millisecond), Reset: l.local(r.Reset)}
}

// room is how many calls are left beside what is kept and what is spared, when a share of the window, rest, is yet to
// come. If none is, freeAt is the rest of the window at which one will be, 0 if none will: the kept share melts away
// with the window, what is spared does not.
func (m Meter) room(kept, spared, rest float64) (left int, freeAt float64) {
	limit := float64(m.Limit)
	spare := m.Limit - m.Used - int(math.Ceil(spared*limit))
	left = max(0, spare-int(math.Round(kept*limit*min(rest, 1))))
	if left == 0 && spare > 0 {
		freeAt = (float64(spare) - 0.5) / (kept * limit)
	}
	return left, freeAt
}

// narrow takes in one more condition: how many calls it leaves, and if none, when it leaves one and which reset that
// is owed to.
func (r *Room) narrow(calls int, free, reset time.Time) {
	r.Calls = min(r.Calls, calls)
	if calls == 0 {
		r.Free, r.Reset = later(r.Free, free), later(r.Reset, reset)
	}
}

// keepOffEdges keeps calls away from the edges of a window that is nearly full: in its last second, and in the first
// ones of the next, it isn't sure on which side Strava counts a call.
func (r *Room) keepOffEdges(t time.Time, w *Window, end, next time.Time) {
	if end.Sub(t) < time.Second && w.nearlyFull() {
		r.narrow(0, next, end)
	}
	if begun := w.Start.Add(edge); w.AfterFull && t.Before(begun) {
		r.narrow(0, begun, begun)
	}
}

// Finish estimates when n more calls will have been made, if each takes the given time: what is left of this
// quarter, then quarter by quarter, then day by day. Reserves don't matter to it, since they melt away.
func (l Ledger) Finish(now time.Time, n int, each time.Duration) time.Time {
	t := later(now, l.local(l.Quiet))
	const years = 10 * 366 * 24 * time.Hour / quarter
	for range years {
		l = l.At(t)
		reset := l.local(l.Quarter.Start.Add(quarter))
		calls := min(l.Quarter.left(), l.Day.left())
		if each > 0 {
			calls = min(calls, max(1, int(reset.Sub(t)/each)))
		}
		if n <= calls {
			return t.Add(time.Duration(n) * each)
		}
		n -= calls
		l.add(calls)
		t = reset
		if l.Day.left() == 0 {
			t = l.local(l.Day.Start.Add(day))
		}
	}
	return t
}
