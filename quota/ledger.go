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
	quarter = 15 * time.Minute
	day     = 24 * time.Hour

	// edge is how far from a window's edge two clocks may disagree about which side they are on: the Date header
	// has whole seconds, and an answer is on its way for a while.
	edge = 3 * time.Second

	// forgotten is when a call in flight that was never settled, its process having died, is taken off the list. It
	// stays counted.
	forgotten = 2 * time.Minute
)

// Meter is one count against one limit.
type Meter struct {
	Limit int `json:"limit"`
	Used  int `json:"used"`
}

// Ledger is what is known about the calls left. The zero value isn't one; see [New]. Its JSON is how it is stored.
type Ledger struct {
	QuarterStart time.Time `json:"quarter_start"` // of the window the quarter's meters count, by Strava's clock
	DayStart     time.Time `json:"day_start"`

	ReadQuarter    Meter `json:"read_quarter"`
	ReadDay        Meter `json:"read_day"`
	OverallQuarter Meter `json:"overall_quarter"`
	OverallDay     Meter `json:"overall_day"`

	// SkewS is Strava's clock less ours, in seconds.
	SkewS int64 `json:"skew_s,omitzero"`
	// Quiet is until when, by Strava's clock, no call is made because one was refused.
	Quiet time.Time `json:"quiet"`
	// PreviousFull says that the quarter before this one ended nearly full, so that its edge needs care.
	PreviousFull bool `json:"previous_full,omitzero"`

	InFlight []Ticket `json:"in_flight,omitempty"`
	Serial   int64    `json:"serial"` // of the last ticket
}

// Ticket stands for one reserved call, to be settled.
type Ticket struct {
	Serial int64         `json:"serial"`
	Class  musette.Class `json:"class"`
	At     time.Time     `json:"at"`
}

// New returns the ledger to start with: the least limits, nothing used.
func New() Ledger {
	return Ledger{
		ReadQuarter: Meter{Limit: defaultReadQuarter}, ReadDay: Meter{Limit: defaultReadDay},
		OverallQuarter: Meter{Limit: defaultOverallQuarter}, OverallDay: Meter{Limit: defaultOverallDay},
	}
}

// News is what an answer taught about the quota. The pairs are nil where the headers were missing or malformed.
type News struct {
	Date time.Time // the server's; zero if it sent none

	OverallLimit, OverallUsage *Pair
	ReadLimit, ReadUsage       *Pair

	Refused    bool          // 429: the whole app is to be quiet
	RetryAfter time.Duration // of a 429, 0 if it named none
	Unsent     bool          // the call never left: nothing was used
}

// Pair is a quarter's and a day's number, in the order of Strava's headers.
type Pair struct{ Quarter, Day int }

func (l Ledger) skew() time.Duration { return time.Duration(l.SkewS) * time.Second }

// server returns the time by Strava's clock.
func (l Ledger) server(now time.Time) time.Time { return now.Add(l.skew()).UTC() }

// At returns the ledger with its windows moved on to the given time. Calls in flight over an edge may be counted on
// either side of it, so they count on both.
func (l Ledger) At(now time.Time) Ledger {
	l.InFlight = slices.DeleteFunc(slices.Clone(l.InFlight), func(t Ticket) bool { return now.Sub(t.At) > forgotten })
	t := l.server(now)
	if start := t.Truncate(quarter); start.After(l.QuarterStart) {
		l.PreviousFull = start.Sub(l.QuarterStart) == quarter && (nearlyFull(l.ReadQuarter) || nearlyFull(l.OverallQuarter))
		l.QuarterStart = start
		l.ReadQuarter.Used, l.OverallQuarter.Used = len(l.InFlight), len(l.InFlight)
	}
	if start := t.Truncate(day); start.After(l.DayStart) {
		l.DayStart = start
		l.ReadDay.Used, l.OverallDay.Used = len(l.InFlight), len(l.InFlight)
	}
	return l
}

func nearlyFull(m Meter) bool { return m.Used*10 >= m.Limit*9 }

// Reserve takes one call of a class off the ledger. It returns false, and the ledger unchanged but for its windows,
// if the class has no room now.
func (l Ledger) Reserve(now time.Time, c musette.Class) (Ledger, Ticket, bool) {
	l = l.At(now)
	if l.Room(now, c).Calls < 1 {
		return l, Ticket{}, false
	}
	l.Serial++
	t := Ticket{Serial: l.Serial, Class: c, At: now.UTC()}
	l.InFlight = append(l.InFlight, t)
	l.add(1)
	return l, t, true
}

func (l *Ledger) add(n int) {
	for _, m := range []*Meter{&l.ReadQuarter, &l.ReadDay, &l.OverallQuarter, &l.OverallDay} {
		m.Used = max(0, m.Used+n)
	}
}

// Settle closes a reserved call with what its answer taught. The count is never lowered by an answer of the same
// window: headers may overtake each other, and a count too high only waits.
func (l Ledger) Settle(t Ticket, now time.Time, n News) Ledger {
	l = l.At(now)
	open := slices.ContainsFunc(l.InFlight, func(o Ticket) bool { return o.Serial == t.Serial })
	l.InFlight = slices.DeleteFunc(l.InFlight, func(o Ticket) bool { return o.Serial == t.Serial })
	if n.Unsent {
		if open {
			l.add(-1)
		}
		return l
	}
	l = l.learnClock(now, n.Date)
	l.learnLimits(n)
	if n.Date.IsZero() || sameWindow(n.Date, l.QuarterStart, quarter) {
		raise(n.ReadUsage, func(p *Pair) { l.ReadQuarter.Used = max(l.ReadQuarter.Used, p.Quarter) })
		raise(n.OverallUsage, func(p *Pair) { l.OverallQuarter.Used = max(l.OverallQuarter.Used, p.Quarter) })
	}
	if n.Date.IsZero() || sameWindow(n.Date, l.DayStart, day) {
		raise(n.ReadUsage, func(p *Pair) { l.ReadDay.Used = max(l.ReadDay.Used, p.Day) })
		raise(n.OverallUsage, func(p *Pair) { l.OverallDay.Used = max(l.OverallDay.Used, p.Day) })
	}
	if n.Refused {
		l.refuse(now, n)
	}
	return l
}

func raise(p *Pair, f func(*Pair)) {
	if p != nil {
		f(p)
	}
}

func sameWindow(t, start time.Time, length time.Duration) bool {
	return t.UTC().Truncate(length).Equal(start)
}

// learnClock follows the server's clock where it is clearly another than assumed. If that puts us back into an
// earlier window than the one begun by a clock that ran ahead, the meters go on there, and count on: what they
// counted before is not known any more, but the headers say.
func (l Ledger) learnClock(now, date time.Time) Ledger {
	if date.IsZero() {
		return l
	}
	skew := date.Sub(now).Round(time.Second)
	if d := skew - l.skew(); d < edge && d > -edge {
		return l
	}
	l.SkewS = int64(skew / time.Second)
	t := l.server(now)
	if start := t.Truncate(quarter); start.Before(l.QuarterStart) {
		l.QuarterStart = start
	}
	if start := t.Truncate(day); start.Before(l.DayStart) {
		l.DayStart = start
	}
	if l.Quiet.Sub(t) > day { // a pause set by the clock that was wrong
		l.Quiet = time.Time{}
	}
	return l.At(now)
}

func (l *Ledger) learnLimits(n News) {
	set := func(p *Pair, q, d *Meter) {
		if p != nil && p.Quarter > 0 && p.Day > 0 {
			q.Limit, d.Limit = p.Quarter, p.Day
		}
	}
	set(n.ReadLimit, &l.ReadQuarter, &l.ReadDay)
	set(n.OverallLimit, &l.OverallQuarter, &l.OverallDay)
}

// refuse keeps the whole app quiet until the window that is full resets. Strava doesn't say which it is nor when;
// the usage does, and if it doesn't, it is the quarter. Source: Strava API notes, section 2.4.
func (l *Ledger) refuse(now time.Time, n News) {
	t := l.server(now)
	if n.RetryAfter > 0 {
		l.Quiet = later(l.Quiet, t.Add(min(n.RetryAfter, day)))
		return
	}
	if full(l.ReadDay) || full(l.OverallDay) {
		l.Quiet = later(l.Quiet, l.DayStart.Add(day))
		return
	}
	if !full(l.ReadQuarter) && !full(l.OverallQuarter) { // somebody else's calls, and no headers to tell
		l.ReadQuarter.Used = l.ReadQuarter.Limit
	}
	l.Quiet = later(l.Quiet, l.QuarterStart.Add(quarter))
}

func full(m Meter) bool { return m.Used >= m.Limit }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Quota shows the ledger as the status does; resets are by our clock.
func (l Ledger) Quota(now time.Time) musette.Quota {
	l = l.At(now)
	local := func(t time.Time) time.Time { return t.Add(-l.skew()).UTC() }
	q, d := local(l.QuarterStart.Add(quarter)), local(l.DayStart.Add(day))
	windows := func(quarter, day Meter) musette.Windows {
		return musette.Windows{
			Quarter: musette.Window{Used: quarter.Used, Limit: quarter.Limit, Resets: q},
			Day:     musette.Window{Used: day.Used, Limit: day.Limit, Resets: d},
		}
	}
	return musette.Quota{
		Read:    windows(l.ReadQuarter, l.ReadDay),
		Overall: windows(l.OverallQuarter, l.OverallDay),
	}
}
