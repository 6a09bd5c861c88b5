package season

import "time"

// zone is a time zone by its present rules. The system's zone files differ
// from machine to machine, so the few zones needed are computed here.
type zone struct {
	name     string // IANA
	standard time.Duration
	rule     summerTime
}

type summerTime int

const (
	europe summerTime = iota
	northAmerica
	newZealand
	australia
)

// offset is what is added to UTC at the moment t.
func (z zone) offset(t time.Time) time.Duration {
	year := t.UTC().Add(z.standard).Year()
	var from, to time.Time // moments of UTC; to lies before from in the south
	switch z.rule {
	case europe:
		from = sunday(year, time.March, -1).Add(time.Hour)
		to = sunday(year, time.October, -1).Add(time.Hour)
	case northAmerica:
		from = sunday(year, time.March, 2).Add(2*time.Hour - z.standard)
		to = sunday(year, time.November, 1).Add(1*time.Hour - z.standard)
	case newZealand:
		from = sunday(year, time.September, -1).Add(2*time.Hour - z.standard)
		to = sunday(year, time.April, 1).Add(2*time.Hour - z.standard)
	case australia:
		from = sunday(year, time.October, 1).Add(2*time.Hour - z.standard)
		to = sunday(year, time.April, 1).Add(2*time.Hour - z.standard)
	}
	summer := !t.Before(from) && t.Before(to)
	if to.Before(from) {
		summer = !t.Before(from) || t.Before(to)
	}
	if summer {
		return z.standard + time.Hour
	}
	return z.standard
}

// local is the wall clock at the moment t, carried in a time that says UTC.
func (z zone) local(t time.Time) time.Time { return t.UTC().Add(z.offset(t)) }

// utc is the moment at which the wall clock shows wall. In the doubled hour of
// autumn it is the second one.
func (z zone) utc(wall time.Time) time.Time {
	return wall.Add(-z.offset(wall.Add(-z.standard)))
}

// sunday is the nth Sunday of a month at midnight, or its last for n < 0.
func sunday(year int, month time.Month, n int) time.Time {
	if n < 0 {
		last := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC)
		return last.AddDate(0, 0, -int(last.Weekday()))
	}
	first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	return first.AddDate(0, 0, (7-int(first.Weekday()))%7+7*(n-1))
}
