package quota

import "time"

// Bounds of a clock that counts as wrong.
const (
	// ClockWrong is how far off a clock has to be for a person to be told. An answer's Date has whole seconds, and a call
	// lasts half a minute at most, so no clock that is right shows this; one that nobody sets gains or loses as much in two
	// or three months. And it is less than the five minutes that an access token must be good for still, which is the
	// first thing that a clock can spoil.
	ClockWrong = 2 * time.Minute
	// ClockRight is how near a wrong one must be to count as right again: less, so that one on the border doesn't come
	// and go.
	ClockRight = time.Minute

	// clockFresh is how long an answer says something about the clock: Strava is asked once a day at the least.
	clockFresh = 25 * time.Hour
	// clockDoubt is how much an answer may leave open to say anything: more means that the machine slept while the call
	// was under way.
	clockDoubt = time.Minute
)

// Machine names whose clock it is.
type Machine struct {
	Name string // for people
	ID   string // tells machines apart, and what a machine did before it was started anew
}

// Clock is what Strava's answers have shown about the clock of the machine that calls: a machine's own, while a [Ledger]
// is shared by all. Times are Strava's. The zero value knows nothing.
type Clock struct {
	Machine string `json:"machine,omitzero"`
	ID      string `json:"id,omitzero"`

	OffS  int64     `json:"off_s,omitzero"` // ours less Strava's
	Seen  time.Time `json:"seen,omitzero"`  // when an answer last said so
	Since time.Time `json:"since,omitzero"` // since when it has been wrong; zero: it is right
}

// Of is the clock as a call of a machine's own finds it: of another machine, or of one that was started anew, nothing
// carries over.
func (c Clock) Of(m Machine) Clock {
	if c.ID != m.ID {
		return Clock{Machine: m.Name, ID: m.ID}
	}
	return c
}

// Answered is the clock after an answer to a call of its machine: asked and came are by that clock, date is the
// server's. The server wrote the date, in whole seconds, somewhere between the two; what that leaves open counts in the
// clock's favour.
func (c Clock) Answered(asked, came, date time.Time) Clock {
	least, most := asked.Sub(date)-time.Second, came.Sub(date)
	if date.IsZero() || most < least || most-least > clockDoubt {
		return c
	}
	off := max(least, min(most, 0))
	c.OffS, c.Seen = int64(off.Round(time.Second)/time.Second), date.UTC()
	bound := ClockWrong
	if !c.Since.IsZero() {
		bound = ClockRight
	}
	switch {
	case off.Abs() <= bound:
		c.Since = time.Time{}
	case c.Since.IsZero():
		c.Since = c.Seen
	}
	return c
}

// Wrong reports whether the clock is known to be wrong at a time, by the clock of the machine that looks. What an answer
// has shown holds for a day, and only as long as the clock hasn't been put back since: then nothing is known of it until
// the next one.
func (c Clock) Wrong(now time.Time, m Machine) bool {
	if c.Since.IsZero() {
		return false
	}
	if c.ID == m.ID {
		now = now.Add(-c.Off())
	}
	age := now.Sub(c.Seen)
	return age > -clockDoubt && age < clockFresh
}

// Off is how far ahead the clock is of Strava's.
func (c Clock) Off() time.Duration { return time.Duration(c.OffS) * time.Second }
