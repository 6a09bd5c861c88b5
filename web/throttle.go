package web

import (
	"sync"
	"time"
)

// A throttle limits failed tries to sign in: so many a minute from one address.
type throttle struct {
	now func() time.Time

	mu     sync.Mutex
	failed map[string]failures
}

type failures struct {
	count int
	since time.Time
}

const (
	triesAllowed = 10
	triesWindow  = time.Minute
	maxAddresses = 1000
)

func newThrottle(now func() time.Time) *throttle {
	return &throttle{now: now, failed: map[string]failures{}}
}

// wait is how long an address must wait before its next try; 0 is not at all.
func (t *throttle) wait(address string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.failed[address]
	if f.count < triesAllowed {
		return 0
	}
	return max(0, f.since.Add(triesWindow).Sub(t.now()))
}

// add counts a failed try.
func (t *throttle) add(address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	f := t.failed[address]
	if now.Sub(f.since) >= triesWindow {
		f = failures{since: now}
	}
	f.count++
	t.failed[address] = f
	for a, f := range t.failed { // old ones first; if there are none, any one, so that memory stays bounded
		if len(t.failed) <= maxAddresses {
			return
		}
		if now.Sub(f.since) >= triesWindow {
			delete(t.failed, a)
		}
	}
	for a := range t.failed {
		if len(t.failed) <= maxAddresses {
			return
		}
		if a != address {
			delete(t.failed, a)
		}
	}
}
