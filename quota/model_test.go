package quota_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"musette"
	"musette/quota"
)

// world is a server, a ledger that pays for calls to it, and a clock of ours that may be wrong.
type world struct {
	*rapid.T
	server server
	ledger quota.Ledger
	wrong  time.Duration // our clock less the true one
	open   []flight
	calls  int
}

// flight is a call that was reserved: counted by the server already, if its answer is there.
type flight struct {
	ticket quota.Ticket
	answer *quota.News
}

func newWorld(t *rapid.T) *world {
	start := time.Date(2026, 5, 22, rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute"), 58, 0, time.UTC)
	return &world{T: t, server: server{now: start, limits: least}, ledger: quota.New()}
}

func (w *world) now() time.Time { return w.server.now.Add(w.wrong) }

func (w *world) class() musette.Class {
	return musette.Class(rapid.IntRange(0, int(musette.NumClasses)-1).Draw(w.T, "class"))
}

// wait lets true time pass.
func (w *world) wait(d time.Duration) { w.server.now = w.server.now.Add(d) }

func (w *world) reserve() {
	if len(w.open) == 3 { // as many as may be in flight
		return
	}
	c := w.class()
	before := w.ledger
	l, ticket, ok := w.ledger.Reserve(w.now(), c)
	if room := before.Room(w.now(), c); ok != (room.Calls > 0) {
		w.Fatalf("Room says %+v, Reserve says %t", room, ok)
	}
	w.ledger = l
	if ok {
		w.open = append(w.open, flight{ticket: ticket})
	}
}

// arrive lets a call in flight reach the server.
func (w *world) arrive() {
	for i := range w.open {
		if w.open[i].answer == nil {
			w.open[i].answer = new(w.server.call())
			w.calls++
			return
		}
	}
}

// settle brings home any call in flight, first come or not.
func (w *world) settle(quirks ...func(quota.News) quota.News) {
	if len(w.open) == 0 {
		return
	}
	i := rapid.IntRange(0, len(w.open)-1).Draw(w.T, "which")
	f := w.open[i]
	w.open = append(w.open[:i:i], w.open[i+1:]...)
	n := quota.News{Unsent: true}
	if f.answer != nil {
		n = *f.answer
		for _, quirk := range quirks {
			n = quirk(n)
		}
	}
	w.ledger = w.ledger.Settle(f.ticket, w.now(), n)
}

// calm settles everything.
func (w *world) calm() {
	for len(w.open) > 0 {
		w.arrive()
		w.settle()
	}
}

// progress fails unless every class is free at some time that Room names.
func (w *world) progress() {
	for c := range musette.NumClasses {
		now := w.now()
		for hops := 0; ; hops++ {
			r := w.ledger.Room(now, c)
			if r.Calls > 0 {
				break
			}
			if !r.Free.After(now) || !r.Reset.After(now.Add(-time.Second)) {
				w.Fatalf("class %s at %s: %+v is not in the future", c, now, r)
			}
			if hops > 4 || r.Free.Sub(w.now()) > 2*day {
				w.Fatalf("class %s waits for ever: after %d hops till %s", c, hops, r.Free)
			}
			now = r.Free
		}
	}
}

func quirk(t *rapid.T) func(quota.News) quota.News {
	return rapid.SampledFrom([]func(quota.News) quota.News{
		func(n quota.News) quota.News { return n },
		bare,
		func(n quota.News) quota.News { n.Date = time.Time{}; return n },
		func(n quota.News) quota.News { n.ReadLimit, n.ReadUsage = nil, nil; return n },
		func(n quota.News) quota.News { n.OverallLimit, n.OverallUsage = &quota.Pair{}, nil; return n },
		func(n quota.News) quota.News { n.Date, n.ReadUsage = time.Time{}, &quota.Pair{}; return n },
	}).Draw(t, "quirk")
}

func pause(t *rapid.T) time.Duration {
	return rapid.SampledFrom([]time.Duration{
		time.Millisecond, 400 * time.Millisecond, time.Second, 7 * time.Second, time.Minute, 4 * time.Minute, quarter, 3 * time.Hour,
	}).Draw(t, "pause")
}

// A ledger that alone spends never has a call refused, whatever headers are missing, in whatever order answers come.
func TestLedgerAloneIsNeverRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		// A quarter so small that it is filled often, though the ledger has to learn it by a first call.
		w.server.limits.read.Quarter = rapid.IntRange(6, 150).Draw(t, "limit")
		w.reserve()
		w.calm()
		w.wait(edgeless)
		t.Repeat(map[string]func(*rapid.T){
			"reserve": func(t *rapid.T) { w.T = t; w.reserve() },
			"spend": func(t *rapid.T) {
				w.T = t
				for range rapid.IntRange(1, 60).Draw(t, "calls") {
					w.reserve()
					w.arrive()
					w.settle(quirk(t))
				}
			},
			"arrive": func(t *rapid.T) { w.T = t; w.arrive() },
			"settle": func(t *rapid.T) { w.T = t; w.settle(quirk(t)) },
			"wait": func(t *rapid.T) {
				w.T = t
				if d := pause(t); d < time.Minute || len(w.open) == 0 { // no call takes a minute
					w.wait(d)
				}
			},
			"": func(t *rapid.T) {
				w.T = t
				if w.server.refused > 0 {
					t.Fatalf("call %d was refused: %d used of %d", w.calls, w.server.used, w.server.limits.read)
				}
				w.progress()
			},
		})
	})
}

// edgeless is a wait that brings the first answer away from any edge.
const edgeless = 10 * time.Second

// Other programs, limits that change, clocks that jump: the ledger may be surprised, but each surprise costs no more
// than the calls in flight and one more, it knows as soon as it has been told, and it always goes on.
func TestLedgerRecoversFromSurprises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		surprises := 1 // the limits at the start
		t.Repeat(map[string]func(*rapid.T){
			"spend": func(t *rapid.T) {
				w.T = t
				for range rapid.IntRange(1, 60).Draw(t, "calls") {
					w.reserve()
					w.wait(50 * time.Millisecond)
					w.arrive()
					w.settle()
				}
			},
			"other program": func(t *rapid.T) {
				w.T = t
				refused := w.server.refused
				for range rapid.IntRange(1, 150).Draw(t, "calls") {
					w.server.call()
				}
				w.server.refused = refused // not ours
				surprises++
			},
			"limits": func(t *rapid.T) {
				w.T = t
				f := rapid.SampledFrom([]int{1, 2, 6}).Draw(t, "factor")
				w.server.limits = limits{quota.Pair{Quarter: 100 * f, Day: 1000 * f}, quota.Pair{Quarter: 200 * f, Day: 2000 * f}}
				surprises++
			},
			"clock": func(t *rapid.T) {
				w.T = t
				w.calm()
				jump := rapid.SampledFrom([]time.Duration{-400 * day, -day, -time.Hour, -10 * time.Minute, 20 * time.Second, time.Hour, day, 400 * day})
				w.wrong = jump.Draw(t, "jump")
				surprises++
			},
			"wait": func(t *rapid.T) { w.T = t; w.wait(pause(t)); surprises++ },
			"": func(t *rapid.T) {
				w.T = t
				w.progress()
				if most := 4 * surprises; w.server.refused > most {
					t.Fatalf("%d calls were refused after %d surprises", w.server.refused, surprises)
				}
			},
		})
		w.calm()
		w.wait(edgeless)
		w.toldAll()
	})
}

// toldAll makes a call away from edges, and then the ledger must know at least what the server knows.
func (w *world) toldAll() {
	l, ticket, ok := w.ledger.Reserve(w.now(), musette.ClassLogin)
	if !ok {
		return // quiet for a while
	}
	n := w.server.call()
	l = l.Settle(ticket, w.now(), n)
	if w.server.now.Sub(w.server.quarter) < edgeless { // so near an edge it isn't told
		return
	}
	q := l.Quota(w.now())
	if q.Read.Quarter.Used < w.server.used.Quarter || q.Read.Day.Used < w.server.used.Day {
		w.Fatalf("told %+v, the ledger has %+v", w.server.used, q.Read)
	}
	if q.Read.Quarter.Limit != w.server.limits.read.Quarter || q.Overall.Day.Limit != w.server.limits.overall.Day {
		w.Fatalf("the limits are %+v, the ledger has %+v", w.server.limits, q)
	}
	if off := q.Read.Quarter.Resets.Sub(w.server.quarter.Add(quarter).Add(w.wrong)); off.Abs() > 3*time.Second {
		w.Fatalf("the quarter's reset is %s off", off)
	}
}
