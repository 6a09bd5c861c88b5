package stravatest

import (
	"context"
	"sync"
	"time"
)

// Clock is a clock that stands still until it is told to move. Give its Now
// and Sleep to Config, and quota windows, token lifetimes, events and
// latency all follow it. It is safe for concurrent use.
type Clock struct {
	mu      sync.Mutex
	now     time.Time
	changed chan struct{} // closed and replaced whenever now moves
}

// NewClock returns a clock that shows t.
func NewClock(t time.Time) *Clock {
	return &Clock{now: t.UTC(), changed: make(chan struct{})}
}

// Now returns what the clock shows, in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set moves the clock to t, which may lie in the past.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t.UTC()
	close(c.changed)
	c.changed = make(chan struct{})
}

// Advance moves the clock on by d.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	close(c.changed)
	c.changed = make(chan struct{})
}

// Sleep returns nil once the clock has been moved on by at least d, or the
// context's error if that ends first.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	until := c.Now().Add(d)
	for {
		c.mu.Lock()
		now, changed := c.now, c.changed
		c.mu.Unlock()
		if !now.Before(until) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// realSleep waits in real time; it is what Config.Sleep defaults to.
func realSleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
