package quota_test

import (
	"testing"
	"time"

	"musette"
	"musette/quota"
)

// The predecessor counted in a window that slid with its first call, and its daily count was wiped by another one: in
// one simulated day it allowed 18,600 calls.
func TestFailure12WrongWindowModel(t *testing.T) {
	s := server{now: noon.Add(-12*time.Hour + 7*time.Minute), limits: least} // not at an edge
	end := s.now.Truncate(day).Add(day)
	l := quota.New()
	made := map[time.Time]int{}
	for s.now.Before(end) {
		after, ticket, ok := l.Reserve(s.now, musette.ClassBackfill)
		if !ok {
			s.now = l.Room(s.now, musette.ClassBackfill).Free
			continue
		}
		made[s.now.Truncate(quarter)]++
		n := s.call()
		s.now = s.now.Add(100 * time.Millisecond)
		l = after.Settle(ticket, s.now, n)
	}
	total := 0
	for start, n := range made {
		total += n
		if n > 100 {
			t.Errorf("%d calls in the quarter from %s", n, start)
		}
	}
	if total != 1000 || s.refused != 0 {
		t.Errorf("%d calls in a day, %d refused; want all of the 1000 and none refused", total, s.refused)
	}
}

// The predecessor made 60 calls and then paused for 15 minutes, whatever was left: 51 activities took half an hour.
func TestFailure16PacedByTheRealBudget(t *testing.T) {
	const calls = 51*3 + 2
	s := server{now: noon, limits: least}
	l := quota.New()
	for n := 0; n < calls; {
		after, ticket, ok := l.Reserve(s.now, musette.ClassRecent)
		if !ok {
			s.now = l.Room(s.now, musette.ClassRecent).Free
			continue
		}
		n++
		news := s.call()
		s.now = s.now.Add(150 * time.Millisecond)
		l = after.Settle(ticket, s.now, news)
	}
	if took := s.now.Sub(noon); took > quarter+30*time.Second || s.refused > 0 {
		t.Errorf("%d calls took %s, %d refused; want them done just after the next quarter's start", calls, took, s.refused)
	}
}
