package plan_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"musette/plan"
)

// Whatever events come, and whatever becomes of them: on each day those that bring nothing cost so many calls at most,
// and while there were fewer none is refused, however many have brought something.
func TestEventsCostSoManyCallsADayForNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 6).Draw(t, "most")
		today := noon.Truncate(day)
		var c plan.EventCalls
		inVain, open, refused := 0, 0, 0
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"event", "event", "event", "new", "nothing", "tomorrow"}).Draw(t, "step") {
			case "event":
				after, ok, first := c.Take(today, most)
				if want := inVain+open < most; ok != want {
					t.Fatalf("after %d in vain and %d under way of %d, taken: %v", inVain, open, most, ok)
				}
				c = after
				if ok {
					open++
					continue
				}
				if refused++; first != (refused == 1) {
					t.Fatalf("refusal %d is the first: %v", refused, first)
				}
			case "new":
				if open > 0 {
					c, open = c.Refund(), open-1
				}
			case "nothing":
				if open > 0 {
					open, inVain = open-1, inVain+1
				}
			case "tomorrow":
				today = today.Add(time.Duration(rapid.IntRange(1, 3).Draw(t, "days")) * day)
				inVain, open, refused = 0, 0, 0
			}
		}
	})
}

func TestEventsPerDay(t *testing.T) {
	for limit, want := range map[int]int{0: 48, 100: 48, 1000: 100, 2000: 200, 30000: 3000} {
		if got := plan.EventsPerDay(limit); got != want {
			t.Errorf("of %d reads a day %d for events, want %d", limit, got, want)
		}
	}
}
