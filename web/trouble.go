package web

import (
	"sync"
	"time"
)

// A trouble is something that goes wrong, in one of a few ways, of which the log is to have each way once: not each
// time that it shows, nor each time that it comes and goes. Its zero value is no trouble.
type trouble struct {
	mu     sync.Mutex
	spells map[string]*spell
}

// A spell is one way in which it goes wrong, from its first time until nothing of the kind has shown for a while.
type spell struct {
	said  time.Time // when the log had it last
	last  time.Time // when it showed last
	times int       // all in all
}

const (
	// troubleQuiet is how long nothing may have shown for a spell to be over.
	troubleQuiet = time.Minute
	// troubleAgain is when the log has a spell again that lasts.
	troubleAgain = 24 * time.Hour
)

// shown notes that it went wrong in one way, and reports whether the log should have it, with how often it did in this
// spell.
func (t *trouble) shown(way string, now time.Time) (times int, say bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.spells[way]
	if s == nil {
		s = &spell{}
		if t.spells == nil {
			t.spells = map[string]*spell{}
		}
		t.spells[way] = s
	}
	s.times++
	s.last = now
	if say = s.times == 1 || now.Sub(s.said).Abs() >= troubleAgain; say {
		s.said = now
	}
	return s.times, say
}

// over notes that all is well now, and reports which ways' spells that ends, with how often each has shown.
func (t *trouble) over(now time.Time) (ended map[string]int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for way, s := range t.spells {
		if now.Sub(s.last).Abs() < troubleQuiet {
			continue
		}
		if ended == nil {
			ended = map[string]int{}
		}
		ended[way] = s.times
		delete(t.spells, way)
	}
	return ended
}
