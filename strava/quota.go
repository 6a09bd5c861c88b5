package strava

import (
	"net/http"
	"strconv"
	"strings"
)

// A Pair holds the two numbers of one rate-limit header: for the quarter
// hour by the clock (:00 :15 :30 :45) and for the UTC day.
// Where Known is false nothing was said, and both numbers mean nothing.
type Pair struct {
	Quarter, Day int
	Known        bool
}

// A Quota is what the four rate-limit headers of one answer said. The limits
// belong to the application: all its athletes share them. Usage includes the
// request that was answered.
//
// A header that is missing or malformed leaves its Pair unknown, which is no
// news; it never means that nothing was used. Gateway errors carry none of
// the headers, and a lone "," has been recorded.
//
// See https://developers.strava.com/docs/rate-limits/.
type Quota struct {
	OverallLimit, OverallUsage Pair // X-RateLimit-Limit, X-RateLimit-Usage
	ReadLimit, ReadUsage       Pair // X-ReadRateLimit-Limit, X-ReadRateLimit-Usage
}

// Exceeded reports which of the two windows is used up by either limit, as
// far as the headers said. Strava has no header for it.
func (q Quota) Exceeded() (quarter, day bool) {
	for _, p := range [...]struct{ usage, limit Pair }{
		{q.OverallUsage, q.OverallLimit},
		{q.ReadUsage, q.ReadLimit},
	} {
		if p.usage.Known && p.limit.Known {
			quarter = quarter || p.usage.Quarter >= p.limit.Quarter
			day = day || p.usage.Day >= p.limit.Day
		}
	}
	return quarter, day
}

func parseQuota(h http.Header) Quota {
	return Quota{
		OverallLimit: parsePair(h.Values("X-RateLimit-Limit")),
		OverallUsage: parsePair(h.Values("X-RateLimit-Usage")),
		ReadLimit:    parsePair(h.Values("X-ReadRateLimit-Limit")),
		ReadUsage:    parsePair(h.Values("X-ReadRateLimit-Usage")),
	}
}

// parsePair reads "quarter,day". A header sent twice says two things, so it
// is not believed either.
func parsePair(values []string) Pair {
	if len(values) != 1 {
		return Pair{}
	}
	quarter, day, found := strings.Cut(values[0], ",")
	if !found {
		return Pair{}
	}
	q, err := strconv.ParseUint(strings.TrimSpace(quarter), 10, 31)
	if err != nil {
		return Pair{}
	}
	d, err := strconv.ParseUint(strings.TrimSpace(day), 10, 31)
	if err != nil {
		return Pair{}
	}
	return Pair{Quarter: int(q), Day: int(d), Known: true}
}
