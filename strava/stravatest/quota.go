package stravatest

import (
	"net/http"
	"strconv"
	"time"
)

// Limits are an application's four limits in requests. A field that is 0
// stands for Strava's default for a new application.
type Limits struct {
	OverallQuarter int // per clock quarter; default 200
	OverallDay     int // per UTC day; default 2,000
	ReadQuarter    int // per clock quarter, everything but uploads; default 100
	ReadDay        int // per UTC day, everything but uploads; default 1,000
}

func (l Limits) withDefaults() Limits {
	or := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	or(&l.OverallQuarter, 200)
	or(&l.OverallDay, 2000)
	or(&l.ReadQuarter, 100)
	or(&l.ReadDay, 1000)
	return l
}

// Usage says how much of each limit is used in the windows that are running.
type Usage struct {
	OverallQuarter, OverallDay, ReadQuarter, ReadDay int
}

// quota counts one application's requests in fixed windows: quarters of the
// clock hour and UTC days. It is guarded by Server.mu.
type quota struct {
	limits       Limits
	used         Usage
	quarter, day int64 // the windows that used belongs to
}

// roll starts new windows where t lies in other ones than before.
func (q *quota) roll(t time.Time) {
	if n := floorDiv(t.Unix(), 15*60); n != q.quarter {
		q.quarter, q.used.OverallQuarter, q.used.ReadQuarter = n, 0, 0
	}
	if n := floorDiv(t.Unix(), 24*60*60); n != q.day {
		q.day, q.used.OverallDay, q.used.ReadDay = n, 0, 0
	}
}

func floorDiv(a, b int64) int64 {
	if a < 0 {
		return (a - b + 1) / b
	}
	return a / b
}

// count takes n requests at t and returns the name of the limit that the
// last of them went over: "overall rate limit", "read rate limit", or "".
// Refused requests count like any other, in the day as in the quarter.
func (q *quota) count(t time.Time, n int, read bool) (exceeded string) {
	q.roll(t)
	q.used.OverallQuarter += n
	q.used.OverallDay += n
	if read {
		q.used.ReadQuarter += n
		q.used.ReadDay += n
	}
	switch {
	case q.used.OverallQuarter > q.limits.OverallQuarter, q.used.OverallDay > q.limits.OverallDay:
		return "overall rate limit"
	case read && (q.used.ReadQuarter > q.limits.ReadQuarter || q.used.ReadDay > q.limits.ReadDay):
		return "read rate limit"
	}
	return ""
}

// header sets the four headers, in the spelling seen on the wire. On calls
// that are no reads the read usage is an empty pair, as recorded in 2025.
func (q *quota) header(h http.Header, read bool) {
	pair := func(quarter, day int) string {
		return strconv.Itoa(quarter) + "," + strconv.Itoa(day)
	}
	h.Set("X-Ratelimit-Limit", pair(q.limits.OverallQuarter, q.limits.OverallDay))
	h.Set("X-Ratelimit-Usage", pair(q.used.OverallQuarter, q.used.OverallDay))
	h.Set("X-Readratelimit-Limit", pair(q.limits.ReadQuarter, q.limits.ReadDay))
	if read {
		h.Set("X-Readratelimit-Usage", pair(q.used.ReadQuarter, q.used.ReadDay))
	} else {
		h.Set("X-Readratelimit-Usage", ",")
	}
}

// SetLimits changes the application's limits at once. What is used stays used.
func (s *Server) SetLimits(l Limits) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quota.limits = l.withDefaults()
}

// Limits returns the limits in force.
func (s *Server) Limits() Limits {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.quota.limits
}

// Usage returns what is used of the limits now.
func (s *Server) Usage() Usage {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quota.roll(s.now())
	return s.quota.used
}

// Spend uses up n read requests, as another program sharing the application
// would. They appear in the headers but not in Calls.
func (s *Server) Spend(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quota.count(s.now(), n, true)
}
