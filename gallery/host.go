package gallery

import (
	"net/http"
	"strconv"
	"time"
)

// A host that doesn't answer as it should is left in peace for a while: a minute, two, four, up to a quarter of an hour.
type host struct {
	failures int
	until    time.Time
}

type hosts map[string]*host

const (
	firstQuiet, longestQuiet = time.Minute, 15 * time.Minute
	longestAsked             = time.Hour // that a host may ask for
)

// quietUntil is when a host may be asked again; zero: now.
func (h hosts) quietUntil(name string, now time.Time) time.Time {
	if one := h[name]; one != nil && one.until.After(now) {
		return one.until
	}
	return time.Time{}
}

func (h hosts) failed(name string, asked time.Duration, now time.Time) {
	one := h[name]
	if one == nil {
		one = &host{}
		h[name] = one
	}
	if one.until.After(now) {
		return // another of the same moment
	}
	wait := min(firstQuiet<<min(one.failures, 4), longestQuiet)
	one.failures++
	one.until = now.Add(max(wait, min(asked, longestAsked)))
}

func (h hosts) answered(name string) { delete(h, name) }

// retryAfter is what a host asks for, 0 if nothing.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if s, err := strconv.Atoi(value); err == nil && s > 0 {
		return time.Duration(min(s, int(longestAsked/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
