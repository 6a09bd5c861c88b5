package keeper_test

import (
	"slices"
	"testing"
	"time"

	"musette/strava/stravatest"
	"musette/strava/stravatest/season"
)

// An activity that hides its time of day is shown at a time that it wasn't at: east of Greenwich at a later one, for the
// morning. When it has left the newest page it isn't missing, though by what is shown it should be there.
func TestHiddenStartsAreNotMissedAtThePagesEnd(t *testing.T) {
	t.Parallel()
	// Whose athlete lives in New Zealand.
	h := newHouse(t, stravatest.Config{Seed: 1795479592175984025, Activities: 20, Limits: plenty, Quirks: stravatest.Quirks{HiddenStartsByTrueTime: true}})
	h.sync()
	h.clock.Set(noon.Add(13 * time.Hour)) // an early afternoon there
	athlete := h.server.Athletes()[0].ID
	const more, page = 330, 200
	for n := range more {
		h.clock.Advance(time.Second)
		if _, err := h.server.AddActivity(athlete, h.clock.Now().Add(-2*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if n%110 == 109 {
			h.sync()
		}
	}
	newestFirst := h.server.Activities(athlete)
	if !slices.ContainsFunc(newestFirst[page:more], func(a season.Activity) bool { return a.HideStart }) {
		t.Fatal("none that has left the page hides its start")
	}
	asked := map[string]int{}
	for _, c := range h.server.Calls() {
		if c.Endpoint == "GET /activities/{id}" {
			if asked[c.Path]++; asked[c.Path] == 2 {
				t.Errorf("%s was asked for again", c.Path)
			}
		}
	}
}
