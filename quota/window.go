package quota

import "time"

// The lengths of Strava's two windows. Source: Strava API notes, section 2.2.
const (
	quarter = 15 * time.Minute
	day     = 24 * time.Hour
)

// Meter counts calls against one limit.
type Meter struct {
	Limit int `json:"limit"`
	Used  int `json:"used"`
}

func (m Meter) full() bool       { return m.Used >= m.Limit }
func (m Meter) nearlyFull() bool { return float64(m.Used) >= 0.9*float64(m.Limit) }

// Window is a stretch of Strava's clock in which calls are counted, under both limits.
type Window struct {
	Start   time.Time `json:"start"` // by Strava's clock
	Read    Meter     `json:"read"`
	Overall Meter     `json:"overall"`

	// AfterFull says that the window just before this one ended nearly full, so that the edge needs care.
	AfterFull bool `json:"after_full,omitzero"`
}

func (w *Window) add(calls int) {
	w.Read.Used = max(0, w.Read.Used+calls)
	w.Overall.Used = max(0, w.Overall.Used+calls)
}

func (w *Window) full() bool       { return w.Read.full() || w.Overall.full() }
func (w *Window) nearlyFull() bool { return w.Read.nearlyFull() || w.Overall.nearlyFull() }

// left is how many calls both limits allow.
func (w *Window) left() int {
	return max(0, min(w.Read.Limit-w.Read.Used, w.Overall.Limit-w.Overall.Used))
}

// has reports whether a time by Strava's clock falls into the window.
func (w *Window) has(t time.Time, length time.Duration) bool {
	return t.Truncate(length).Equal(w.Start)
}

// moveTo makes it the window of a time by Strava's clock. A new window begins with the calls in flight. Backwards by no
// more than slack changes nothing; further back, a clock was wrong, and what has been used in that window isn't known
// until an answer says.
func (w *Window) moveTo(t time.Time, length, slack time.Duration, inFlight int) {
	start := t.Truncate(length)
	if start.After(w.Start) || w.Start.Sub(t) > slack {
		w.AfterFull = start.Sub(w.Start) == length && w.nearlyFull()
		w.Start, w.Read.Used, w.Overall.Used = start, inFlight, inFlight
	}
}
