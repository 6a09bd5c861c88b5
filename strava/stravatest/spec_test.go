package stravatest_test

import (
	"strconv"
	"testing"

	"musette/internal/stravaspec"
	"musette/strava/stravatest"
)

// problemsOf compares an answer with the specification.
func problemsOf(t *testing.T, path string, a answer) map[stravaspec.Problem]int {
	t.Helper()
	found, err := stravaspec.Check(path, a.status, a.body)
	if err != nil {
		t.Fatalf("GET %v", err)
	}
	return found
}

// checkSpec fails for what is neither in the specification nor among the
// deviations. Every answer that the tests get goes through it.
func checkSpec(t *testing.T, path string, a answer) {
	t.Helper()
	for p, n := range problemsOf(t, path, a) {
		if !stravaspec.Known()[p] {
			t.Errorf("GET %s: %d: %s (%d times)", path, a.status, p, n)
		}
	}
}

// TestSpecification asks for everything there is of a long season, and finds
// each deviation at least once: one that Strava has mended, or that we never
// had, may not stay on the list.
func TestSpecification(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 1000, Limits: generous})
	used := map[stravaspec.Problem]bool{}
	check := func(path string) answer {
		a := w.get(path)
		for p := range problemsOf(t, path, a) {
			used[p] = true
		}
		return a
	}
	gear := map[string]bool{}
	huge := map[int64]bool{} // those that hold an upload id beyond int64: one in hundreds
	for _, a := range w.Activities(w.me) {
		huge[a.ID] = len(a.UploadID) > 18
	}
	for i, a := range w.all("") {
		if a.GearID != nil {
			gear[*a.GearID] = true
		}
		if i > 150 && !huge[a.ID] {
			continue
		}
		check("/activities/" + id(a.ID))
		check("/activities/" + id(a.ID) + "/comments?page_size=200")
		check("/activities/" + id(a.ID) + "/kudos?per_page=200")
		if i%10 == 0 || a.Manual {
			check("/activities/" + id(a.ID) + "/laps")
			check("/activities/" + id(a.ID) + "/zones")
			check("/activities/" + id(a.ID) + "/streams?key_by_type=true&keys=" + allStreams)
		}
	}
	for page := 1; page <= 5; page++ {
		check("/athlete/activities?per_page=200&page=" + strconv.Itoa(page))
	}
	check("/athlete")
	check("/athletes/" + id(w.me) + "/stats")
	for name := range gear {
		check("/gear/" + name)
	}
	for p := range stravaspec.Known() {
		if !used[p] {
			t.Errorf("the deviation %s is not used: take it off the list", p)
		}
	}
}

const allStreams = "time,distance,latlng,altitude,velocity_smooth,heartrate,cadence,watts,temp,moving,grade_smooth"
