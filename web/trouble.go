package web

import (
	"sync"
	"time"
)

// A trouble is something whose begin and end the log is to have, and not each time that it shows. It keeps quiet for
// a minute after it has spoken, so that what comes and goes quickly doesn't fill the log either.
type trouble struct {
	mu   sync.Mutex
	said string // the last state that the log has; "" is none
	at   time.Time
}

const troubleQuiet = time.Minute

// turned takes the state that shows now, "" for all is well, and reports whether the log should have it.
func (t *trouble) turned(to string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if to == t.said || now.Sub(t.at) < troubleQuiet {
		return false
	}
	t.said, t.at = to, now
	return true
}

// calm ends the state without a word.
func (t *trouble) calm() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.said = ""
}
