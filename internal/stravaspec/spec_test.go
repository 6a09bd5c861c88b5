package stravaspec

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"
)

// TestModelsAreOfTheSpecification compares the paths of the two copies: the
// one with the models inlined must not be of another version.
func TestModelsAreOfTheSpecification(t *testing.T) {
	b, err := os.ReadFile("testdata/strava-swagger.json")
	if err != nil {
		t.Fatal(err)
	}
	var official specification
	if err := json.Unmarshal(b, &official); err != nil {
		t.Fatal(err)
	}
	got, want := slices.Sorted(maps.Keys(models().Paths)), slices.Sorted(maps.Keys(official.Paths))
	if !slices.Equal(got, want) {
		t.Errorf("paths %v, want %v", got, want)
	}
	for _, path := range want {
		if got, want := slices.Sorted(maps.Keys(models().Paths[path])), slices.Sorted(maps.Keys(official.Paths[path])); !slices.Equal(got, want) {
			t.Errorf("%s: methods %v, want %v", path, got, want)
		}
	}
}

// TestValidator holds the validator itself against answers that are wrong.
func TestValidator(t *testing.T) {
	for body, want := range map[string]Problem{
		`[{"id":"1"}]`:                              {"summaryActivity", "id", "type"},
		`[{"distance":"far"}]`:                      {"summaryActivity", "distance", "type"},
		`[{"moving_time":1.5}]`:                     {"summaryActivity", "moving_time", "fraction"},
		`[{"moving_time":1.0}]`:                     {"summaryActivity", "moving_time", "point"},
		`[{"id":9223372036854775808}]`:              {"summaryActivity", "id", "range"},
		`[{"colour":1}]`:                            {"summaryActivity", "colour", "unlisted"},
		`[{"map":{"line":""}}]`:                     {"polylineMap", "line", "unlisted"},
		`[{"map":null}]`:                            {"summaryActivity", "map", "null"},
		`[{"map":[]}]`:                              {"polylineMap", "", "type"},
		`[{"start_latlng":[1.0]}]`:                  {"summaryActivity", "start_latlng", "length"},
		`[{"start_date":"2026-01-01 10:00:00"}]`:    {"summaryActivity", "start_date", "format"},
		`[{"type":"Musette"}]`:                      {"summaryActivity", "type", "enum"},
		`[{"athlete_count":0}]`:                     {"summaryActivity", "athlete_count", "range"},
		`[{"athlete":{"id":1,"resource_state":1}}]`: {"metaAthlete", "resource_state", "unlisted"},
		`{}`: {"", "", "type"},
	} {
		found, err := Check("/athlete/activities", 200, []byte(body))
		if err != nil {
			t.Error(err)
		}
		if len(found) != 1 || found[want] != 1 {
			t.Errorf("%s: %v, want %v", body, found, want)
		}
	}
}
