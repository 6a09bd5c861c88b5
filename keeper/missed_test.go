package keeper_test

import (
	"testing"
	"time"

	"musette/strava/stravatest"
)

// What came to be while the store was away, of which nobody could keep an event, is here as soon as it is back; one that
// comes and goes doesn't have the newest page looked at each time.
func TestWhatWasMissedIsCaughtUpWith(t *testing.T) {
	inBubble(t, stravatest.Config{Seed: 4, Activities: 6, Limits: plenty}, func(h *house) {
		h.later(time.Minute)
		h.complete()
		back := func() (lists int) {
			before := h.lists()
			h.keeper.Missed = true
			stop := h.serving()
			h.clock.Advance(10 * time.Second)
			stop()
			return h.lists() - before
		}
		id := h.add(time.Time{})
		if n := back(); n != 1 {
			t.Errorf("%d lists when it is back, want one", n)
		}
		if _, ok := h.shown(id); !ok {
			t.Error("what was missed isn't here")
		}
		for range 3 {
			if n := back(); n != 0 {
				t.Errorf("%d lists moments later, want none", n)
			}
		}
		h.add(time.Time{})
		h.keeper.Missed = false
		stop := h.serving()
		h.clock.Advance(16 * time.Minute)
		stop()
		h.complete() // put off, not forgotten
	})
}
