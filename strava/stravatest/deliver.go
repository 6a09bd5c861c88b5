package stravatest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

const (
	ackWithin     = 2 * time.Second // Strava's documentation
	attemptsMade  = 3               // in total; Strava's documentation
	attemptsApart = 2 * time.Minute // what one receiver saw
	attemptsKept  = 1000
)

// parcel is an event on its way.
type parcel struct {
	Event
	due    time.Time
	tries  int
	copies int // still to be delivered, this one included
}

// Deliver posts the events that are due, one after the other, and returns
// how many were acknowledged. One that is not acknowledged with 200 within
// two seconds is due again two minutes later by the server's clock, three
// times in all. The error is the context's: refused events are Attempts.
func (s *Server) Deliver(ctx context.Context) (acknowledged int, err error) {
	for _, p := range s.collect() {
		for p.copies > 0 {
			if err := ctx.Err(); err != nil {
				s.putBack(p)
				return acknowledged, err
			}
			if !s.attempt(ctx, p) {
				break
			}
			acknowledged++
			p.copies--
			p.tries = 0
		}
		if p.copies > 0 && p.tries < attemptsMade {
			s.putBack(p)
		}
	}
	return acknowledged, nil
}

// collect takes the due events out of the queue, in the order of delivery.
func (s *Server) collect() []*parcel {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	var due []*parcel
	s.push.queue = slices.DeleteFunc(s.push.queue, func(p *parcel) bool {
		if p.due.After(now) {
			return false
		}
		due = append(due, p)
		return true
	})
	if s.push.manner.Reverse {
		slices.Reverse(due)
	}
	return due
}

func (s *Server) putBack(p *parcel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.push.queue = append(s.push.queue, p)
}

// attempt posts one event once and reports whether it was acknowledged.
func (s *Server) attempt(ctx context.Context, p *parcel) bool {
	s.mu.Lock()
	callback := ""
	if s.push.sub != nil {
		callback = s.push.sub.callback
	}
	a := Attempt{Event: p.Event, Time: s.now()}
	s.mu.Unlock()
	if callback == "" {
		p.tries = attemptsMade // the subscription has gone; so does the event
		return false
	}
	status, err := s.post(ctx, callback, p.Event)

	s.mu.Lock()
	defer s.mu.Unlock()
	p.tries++
	a.Number, a.Status = p.tries, status
	if err != nil {
		a.Err = err.Error()
	}
	if len(s.push.attempts) >= attemptsKept {
		s.push.attempts = slices.Delete(s.push.attempts, 0, attemptsKept/10)
	}
	s.push.attempts = append(s.push.attempts, a)
	p.due = s.now().Add(attemptsApart)
	return status == http.StatusOK
}

// post sends an event and waits two seconds at most for the answer.
func (s *Server) post(ctx context.Context, callback string, e Event) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, ackWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, callback, bytes.NewReader(encode(e)))
	if err != nil {
		return 0, fmt.Errorf("stravatest: callback: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := s.cfg.WebhookClient.Do(req)
	if err != nil {
		return 0, fmt.Errorf("stravatest: callback: %w", err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // the connection may be used again
	return res.StatusCode, nil
}

// Spoof posts an event to the subscription's callback as a stranger could who
// has found the address: at once, once, exactly as given, and not as an
// Attempt. It returns the callback's status.
func (s *Server) Spoof(ctx context.Context, e Event) (status int, err error) {
	s.mu.Lock()
	sub := s.push.sub
	s.mu.Unlock()
	if sub == nil {
		return 0, fmt.Errorf("stravatest: subscription: %w", ErrNotFound)
	}
	if e.Updates == nil {
		e.Updates = map[string]string{}
	}
	return s.post(ctx, sub.callback, e)
}

// Courier delivers events as they happen, until it is closed.
type Courier struct {
	stop context.CancelFunc
	done chan struct{}
}

// StartCourier starts to deliver in the background for the owner, who must
// close the courier. There is one courier at a time; the error names the
// owner of the other.
func (s *Server) StartCourier(owner string) (*Courier, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.push.owner != "" {
		return nil, fmt.Errorf("stravatest: events are being delivered for %s already", s.push.owner)
	}
	s.push.owner = owner
	ctx, stop := context.WithCancel(context.Background())
	c := &Courier{stop, make(chan struct{})}
	go func() {
		defer close(c.done)
		s.courier(ctx)
		s.mu.Lock()
		s.push.owner = ""
		s.mu.Unlock()
	}()
	return c, nil
}

// courier delivers when there is news, and each second for what was put off.
func (s *Server) courier(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if _, err := s.Deliver(ctx); err != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-s.push.news:
		case <-tick.C:
		}
	}
}

// Close stops the courier and waits for it. Events not yet delivered stay in
// the queue.
func (c *Courier) Close() error {
	c.stop()
	<-c.done
	return nil
}
