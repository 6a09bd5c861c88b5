package quota_test

import (
	"time"

	"musette/quota"
)

const (
	quarter = 15 * time.Minute
	day     = 24 * time.Hour
)

// limits are what a Strava allows, in the order of its headers.
type limits struct{ read, overall quota.Pair }

var least = limits{read: quota.Pair{Quarter: 100, Day: 1000}, overall: quota.Pair{Quarter: 200, Day: 2000}}

// server counts as Strava does: by its own clock, in fixed windows, refused calls for the day only.
type server struct {
	limits  limits
	now     time.Time // the true time
	used    quota.Pair
	quarter time.Time
	day     time.Time
	refused int
}

func (s *server) roll() {
	if q := s.now.Truncate(quarter); q.After(s.quarter) {
		s.quarter, s.used.Quarter = q, 0
	}
	if d := s.now.Truncate(day); d.After(s.day) {
		s.day, s.used.Day = d, 0
	}
}

// call counts one call and returns what its answer says.
func (s *server) call() quota.News {
	s.roll()
	s.used.Quarter++
	s.used.Day++
	over := func(l quota.Pair) bool { return s.used.Quarter > l.Quarter || s.used.Day > l.Day }
	n := quota.News{Refused: over(s.limits.read) || over(s.limits.overall)}
	if n.Refused {
		s.refused++
	}
	n.ReadLimit, n.OverallLimit = new(s.limits.read), new(s.limits.overall)
	n.ReadUsage, n.OverallUsage = new(s.used), new(s.used)
	return s.dated(n)
}

// dated puts the server's time on an answer, in whole seconds.
func (s *server) dated(n quota.News) quota.News {
	n.Date = s.now.Truncate(time.Second)
	return n
}

// bare takes the quota's headers off an answer, as gateways do.
func bare(n quota.News) quota.News {
	return quota.News{Date: n.Date, Refused: n.Refused, RetryAfter: n.RetryAfter}
}
