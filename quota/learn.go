package quota

import "time"

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

// learnClock follows the server's clock where it can't be what it was taken for. The server wrote the date, in whole
// seconds, somewhere between the call's reservation and now; so an answer that took long says little, and a quick one
// much.
func (l Ledger) learnClock(t Ticket, now, date time.Time) Ledger {
	if date.IsZero() {
		return l
	}
	least, most := date.Sub(now), date.Add(time.Second).Sub(t.At)
	skew := l.skew()
	switch {
	case most < least, skew < least-time.Second: // the first: our clock was put back while the call was under way
		skew = least
	case skew > most+time.Second:
		skew = most
	default:
		return l
	}
	if (skew - l.skew()).Abs() > step {
		l.Stepped = date.UTC()
	}
	l.SkewS = int64(skew.Round(time.Second) / time.Second)
	return l.moveTo(now, edge)
}

func (l *Ledger) learnLimits(n News) {
	for _, f := range []struct {
		told         *Pair
		quarter, day *Meter
	}{
		{n.ReadLimit, &l.Quarter.Read, &l.Day.Read},
		{n.OverallLimit, &l.Quarter.Overall, &l.Day.Overall},
	} {
		if f.told != nil && f.told.Quarter > 0 && f.told.Day > 0 {
			f.quarter.Limit, f.day.Limit = f.told.Quarter, f.told.Day
		}
	}
}

// learnUsage raises the counts to what the server says it has counted. Of a call that was under way over an edge it
// isn't known on which side that was, so such an answer says nothing of the window.
func (l *Ledger) learnUsage(t Ticket, now time.Time, n News) {
	read, overall := deref(n.ReadUsage), deref(n.OverallUsage)
	if l.surelyIn(&l.Quarter, quarter, t, now, n.Date) {
		l.Quarter.Read.Used = max(l.Quarter.Read.Used, read.Quarter)
		l.Quarter.Overall.Used = max(l.Quarter.Overall.Used, overall.Quarter)
	}
	if l.surelyIn(&l.Day, day, t, now, n.Date) {
		l.Day.Read.Used = max(l.Day.Read.Used, read.Day)
		l.Day.Overall.Used = max(l.Day.Overall.Used, overall.Day)
	}
}

func deref(p *Pair) Pair {
	if p == nil {
		return Pair{}
	}
	return *p
}

// surelyIn reports whether a call was both made and answered inside the window.
func (l *Ledger) surelyIn(w *Window, length time.Duration, t Ticket, now, date time.Time) bool {
	answered := date.UTC()
	if date.IsZero() {
		answered = l.server(now)
	}
	return w.has(l.server(t.At).Add(-edge), length) && w.has(answered, length)
}

// refuse keeps the whole app quiet until the window that is full resets. Strava doesn't say which it is nor when;
// the usage does, and if it doesn't, it is the quarter. Source: Strava API notes, section 2.4.
func (l *Ledger) refuse(t Ticket, now time.Time, retryAfter time.Duration) {
	switch {
	case retryAfter > 0:
		l.Quiet = later(l.Quiet, l.server(now).Add(min(retryAfter, day)))
	case l.Day.full():
		l.Quiet = later(l.Quiet, l.Day.Start.Add(day))
	case !l.Quarter.full() && !l.Quarter.has(l.server(t.At).Add(-edge), quarter):
		l.Quiet = later(l.Quiet, l.Quarter.Start.Add(2*edge)) // the quarter before was full, perhaps: soon the next call tells
	default:
		if !l.Quarter.full() { // somebody else used it up; its end is now an edge to be careful with
			l.Quarter.Read.Used = l.Quarter.Read.Limit
		}
		l.Quiet = later(l.Quiet, l.Quarter.Start.Add(quarter))
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
