package plan

import (
	"math"
	"time"
)

const (
	// eventShare is the part of a day's reads that one athlete's events may cost without bringing anything new.
	eventShare = 0.1
	// leastEvents is that many calls a day all the same.
	leastEvents = 48
)

// DoubtedLeave is how often an athlete is asked for because an event says that they have left, once their events have
// used up what they may cost for nothing. Only that tells, so it isn't given up.
const DoubtedLeave = time.Hour

// EventsPerDay returns how many calls a day an athlete's events may cost for nothing, of a day's limit of reads.
func EventsPerDay(limit int) int {
	return max(leastEvents, int(math.Round(eventShare*float64(limit))))
}

// EventCalls counts the calls that an athlete's events have cost on one day and that brought nothing new. Nothing signs an
// event, so who knows the webhook's address can make up as many as they like; what they cost is bounded by it. The zero
// value is a day on which nothing came.
type EventCalls struct {
	Day   int64 `json:"day,omitzero"` // when it began, Unix seconds
	Calls int   `json:"calls,omitzero"`
	Spent bool  `json:"spent,omitzero"` // one was refused
}

// Take takes one call on the day that began then, if fewer than most were taken for nothing. first is true for the first
// that is refused on a day.
func (c EventCalls) Take(day time.Time, most int) (after EventCalls, ok, first bool) {
	if at := day.Unix(); c.Day != at {
		c = EventCalls{Day: at}
	}
	if c.Calls >= most {
		first = !c.Spent
		c.Spent = true
		return c, false, first
	}
	c.Calls++
	return c, true, false
}

// Refund gives a call back that has brought something new.
func (c EventCalls) Refund() EventCalls {
	c.Calls = max(0, c.Calls-1)
	return c
}
