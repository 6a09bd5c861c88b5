package quota

import (
	"slices"
	"time"

	"musette"
)

// The limits that every new Strava app has. Source: Strava's rate-limit page, June 2026.
const (
	defaultReadQuarter, defaultReadDay       = 100, 1000
	defaultOverallQuarter, defaultOverallDay = 200, 2000
)

const (
	// edge is how near a window's edge two clocks may disagree about the side they are on: the Date header has whole
	// seconds, and an answer is on its way for a while.
	edge = 3 * time.Second

	// step is how much the difference of two clocks changes at once only if one of them is set.
	step = time.Minute

	// forgotten is when a call in flight that was never settled, its process having died, is taken off the list. It
	// stays counted.
	forgotten = 2 * time.Minute
)

// Ledger is what is known about the calls left. The zero value isn't one; see [New]. Its JSON is how it is stored.
type Ledger struct {
	Quarter Window `json:"quarter"`
	Day     Window `json:"day"`

	// SkewS is Strava's clock less ours, in seconds.
	SkewS int64 `json:"skew_s,omitzero"`
	// Stepped is when, by Strava's clock, the difference was last found to have changed at once: one of the two was set.
	Stepped time.Time `json:"stepped,omitzero"`
	// Quiet is until when, by Strava's clock, no call is made because one was refused.
	Quiet time.Time `json:"quiet,omitzero"`

	// Rules are those of whoever makes the calls; kept here, every process that looks goes by the same.
	Rules Rules `json:"rules"`

	InFlight []Ticket `json:"in_flight,omitempty"`
	Serial   int64    `json:"serial"` // of the last ticket
}

// Ticket stands for one reserved call, to be settled.
type Ticket struct {
	Serial int64     `json:"serial"`
	At     time.Time `json:"at"` // by our clock
}

// New returns the ledger to start with: the least limits, nothing used, the default rules.
func New() Ledger {
	return Ledger{
		Quarter: Window{Read: Meter{Limit: defaultReadQuarter}, Overall: Meter{Limit: defaultOverallQuarter}},
		Day:     Window{Read: Meter{Limit: defaultReadDay}, Overall: Meter{Limit: defaultOverallDay}},
		Rules:   DefaultRules(),
	}
}

func (l Ledger) skew() time.Duration { return time.Duration(l.SkewS) * time.Second }

// server returns the time by Strava's clock, local the way back.
func (l Ledger) server(now time.Time) time.Time { return now.Add(l.skew()).UTC() }
func (l Ledger) local(t time.Time) time.Time    { return t.Add(-l.skew()).UTC() }

// Even is since when our clock has gone as evenly as Strava's, by our clock as it is now; zero if always. What began
// before may be older or younger than the clock says.
func (l Ledger) Even() time.Time {
	if l.Stepped.IsZero() {
		return time.Time{}
	}
	return l.local(l.Stepped)
}

// At returns the ledger with its windows moved to the given time. A call in flight over an edge may be counted on
// either side of it, so it counts on both. A little backwards moves nothing: it is an answer told late, or another
// machine's clock.
func (l Ledger) At(now time.Time) Ledger { return l.moveTo(now, forgotten) }

func (l Ledger) moveTo(now time.Time, slack time.Duration) Ledger {
	l.InFlight = slices.DeleteFunc(slices.Clone(l.InFlight), func(t Ticket) bool { return now.Sub(t.At).Abs() > forgotten })
	t := l.server(now)
	l.Quarter.moveTo(t, quarter, slack, len(l.InFlight))
	l.Day.moveTo(t, day, slack, len(l.InFlight))
	if l.Quiet.Sub(t) > day+forgotten { // it was set by a clock that ran ahead
		l.Quiet = time.Time{}
	}
	return l
}

// Reserve takes one call of a class off the ledger. It returns false, and the ledger unchanged but for its windows,
// if the class has no room now.
func (l Ledger) Reserve(now time.Time, c musette.Class) (Ledger, Ticket, bool) {
	l = l.At(now)
	if l.Room(now, c).Calls < 1 {
		return l, Ticket{}, false
	}
	l.Serial++
	t := Ticket{Serial: l.Serial, At: now.UTC()}
	l.InFlight = append(l.InFlight, t)
	l.add(1)
	return l, t, true
}

func (l *Ledger) add(calls int) {
	l.Quarter.add(calls)
	l.Day.add(calls)
}

// Settle closes a reserved call with what its answer, which came at now, taught. The count is never lowered by an
// answer: answers may overtake each other, and a count too high only waits.
func (l Ledger) Settle(t Ticket, now time.Time, n News) Ledger {
	l = l.At(now)
	same := func(o Ticket) bool { return o.Serial == t.Serial }
	if n.Unsent {
		if slices.ContainsFunc(l.InFlight, same) {
			l.add(-1)
		}
		l.InFlight = slices.DeleteFunc(l.InFlight, same)
		return l
	}
	l = l.learnClock(t, now, n.Date) // with the call still in flight: if that moves the windows, it counts in the new ones
	l.InFlight = slices.DeleteFunc(slices.Clone(l.InFlight), same)
	l.learnLimits(n)
	l.learnUsage(t, now, n)
	if n.Refused {
		l.refuse(t, now, n.RetryAfter)
	}
	return l
}

// Quota shows the ledger as the status does; resets are by our clock.
func (l Ledger) Quota(now time.Time) musette.Quota {
	l = l.At(now)
	show := func(of func(*Window) Meter) musette.Windows {
		q, d := of(&l.Quarter), of(&l.Day)
		return musette.Windows{
			Quarter: musette.Window{Used: q.Used, Limit: q.Limit, Resets: l.local(l.Quarter.Start.Add(quarter))},
			Day:     musette.Window{Used: d.Used, Limit: d.Limit, Resets: l.local(l.Day.Start.Add(day))},
		}
	}
	return musette.Quota{
		Read:    show(func(w *Window) Meter { return w.Read }),
		Overall: show(func(w *Window) Meter { return w.Overall }),
	}
}
