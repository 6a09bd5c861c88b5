package plan

import "time"

// listPage is how many activities one call lists at most. Source: Strava API notes, list activities.
const listPage = 200

// Mirrored is how much there is to list, and what there is to list it with.
type Mirrored struct {
	Athletes, Activities int
	ReadDay              int  // the day's read limit
	Webhooks             bool // they tell what is new
}

// Lists returns the times between two polls, and between two sweeps, of each athlete: those of the policy, both
// stretched alike where polls and sweeps together would take more of the day's reads than ListShare. A retention goes
// before that: sweeps come in half of its time, or where they are stretched in three quarters, so that they confirm in time
// what Strava still lists.
func (p Policy) Lists(m Mirrored) (poll, sweep time.Duration) {
	poll, sweep = p.Poll, p.Sweep
	if m.Webhooks {
		poll = max(poll, p.PollWebhooks)
	}
	if p.Published {
		sweep = min(sweep, p.SweepPublished)
	}
	if p.Retention > 0 {
		sweep = min(sweep, p.Retention/2)
	}
	// A sweep's last page is never full, and a further one has nothing older: two calls at most besides full pages.
	pages := float64(m.Activities/listPage + 2*m.Athletes)
	calls := perDay(poll)*float64(m.Athletes) + perDay(sweep)*pages
	allowed := p.ListShare * float64(max(m.ReadDay, 1))
	if calls <= allowed {
		return poll, sweep
	}
	poll, sweep = lengthen(poll, calls/allowed), lengthen(sweep, calls/allowed)
	if p.Retention > 0 {
		sweep = min(sweep, p.Retention*3/4)
	}
	return poll, sweep
}

func perDay(every time.Duration) float64 { return float64(24*time.Hour) / float64(every) }

// lengthen makes d longer by a factor of 1 or more, up to the longest wait there is.
func lengthen(d time.Duration, factor float64) time.Duration {
	if float64(d)*factor >= float64(maxWait) {
		return maxWait
	}
	return time.Duration(float64(d)*factor).Truncate(time.Second) + time.Second
}
