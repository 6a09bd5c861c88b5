package simulate

import (
	"slices"
	"time"
)

func refused(r *Result) float64 { return float64(r.Refused) }

func late(r *Result) float64 { return float64(r.facts.late) }

// never stands for what did not happen by the end.
const never = 1e9

// perDay is the mean of all calls a day, over the days in which people lived.
func perDay(r *Result) float64 {
	n, days := 0, int(r.Days)-r.facts.after
	for _, calls := range r.ByDay[:days] {
		n += calls
	}
	return float64(n) / float64(days)
}

// overLeast is what was called over the least, polls, sweeps and rechecks apart.
func overLeast(r *Result) float64 {
	n := r.Total - r.Calls["poll"] - r.Calls["sweep"] - r.Calls[kindRecheck]
	return float64(n) / float64(r.Least)
}

// worst is the worst delay of a kind in seconds.
func worst(kind string) func(*Result) float64 {
	return func(r *Result) float64 {
		i := slices.IndexFunc(r.Delays, func(d Delay) bool { return d.Kind == kind })
		if i < 0 || r.Delays[i].Unseen > 0 {
			return never
		}
		return r.Delays[i].Worst.Seconds()
	}
}

func hours(of func(*Result) float64) func(*Result) float64 {
	return func(r *Result) float64 { return of(r) / time.Hour.Seconds() }
}

// caughtUp looks at an outage that is over.
func caughtUp(of func(outage) float64) func(*Result) float64 {
	return func(r *Result) float64 {
		if r.facts.outage.took < 0 {
			return never
		}
		return of(r.facts.outage)
	}
}
