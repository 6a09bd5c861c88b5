package musette_test

import (
	"slices"
	"strings"
	"testing"

	"musette"
)

func TestFilter(t *testing.T) {
	a := &musette.Activity{SportType: "TrailRun", Type: "Run", StartLocal: "2025-05-22T00:00:00"}
	for _, c := range []struct {
		types []string
		from  string
		want  bool
	}{
		{nil, "", true},
		{[]string{"", " "}, " ", true},
		{[]string{"TrailRun"}, "", true},
		{[]string{"run"}, "", true},
		{[]string{"Ride", "Run "}, "2025-05-22", true},
		{[]string{"Ride"}, "", false},
		{nil, "2025-05-23", false},
		{[]string{"Run"}, "2026-01-01", false},
	} {
		f, err := musette.NewFilter(c.types, c.from)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Match(a); got != c.want {
			t.Errorf("types %q from %q: %t, want %t", c.types, c.from, got, c.want)
		}
	}
	for _, from := range []string{"22.05.2025", "2025-5-22", "2025-02-30", "2025-05-22T00:00:00Z"} {
		if _, err := musette.NewFilter(nil, from); err == nil {
			t.Errorf("%q is taken for a date", from)
		}
	}
	if unsaid := (&musette.Activity{SportType: "GravelRide"}); !unsaid.IsType("Ride") || unsaid.IsType("Run") || unsaid.IsType("") {
		t.Error("without a legacy type of its own, the one it belongs to counts")
	}
}

// sportTypes and activityTypes are Strava's lists, of April 2026 and the one that is no longer extended.
var (
	sportTypes = strings.Fields(`AlpineSki BackcountrySki Badminton Basketball Canoeing Cricket Crossfit Dance EBikeRide
		Elliptical EMountainBikeRide Golf GravelRide Handcycle HighIntensityIntervalTraining Hike IceSkate InlineSkate
		Kayaking Kitesurf MountainBikeRide NordicSki Padel PhysicalTherapy Pickleball Pilates Racquetball Ride RockClimbing
		RollerSki Rowing Run Sail Skateboard Snowboard Snowshoe Soccer Squash StairStepper StandUpPaddling Surfing Swim
		TableTennis Tennis TrailRun Velomobile VirtualRide VirtualRow VirtualRun Volleyball Walk WeightTraining Wheelchair
		Windsurf Workout Yoga`)
	activityTypes = strings.Fields(`AlpineSki BackcountrySki Canoeing Crossfit EBikeRide Elliptical Golf Handcycle Hike
		IceSkate InlineSkate Kayaking Kitesurf NordicSki Ride RockClimbing RollerSki Rowing Run Sail Skateboard Snowboard
		Snowshoe Soccer StairStepper StandUpPaddling Surfing Swim Velomobile VirtualRide VirtualRun Walk WeightTraining
		Wheelchair Windsurf Workout Yoga`)
)

func TestEverySportTypeBelongsToALegacyType(t *testing.T) {
	if len(sportTypes) != 56 {
		t.Fatalf("%d sport types", len(sportTypes))
	}
	families := []string{"foot", "wheel", "water", "winter", "gym"}
	for _, s := range sportTypes {
		legacy := musette.LegacyType(s)
		if !slices.Contains(activityTypes, legacy) {
			t.Errorf("%s belongs to %s, which is no legacy type", s, legacy)
		}
		if slices.Contains(activityTypes, s) && legacy != s {
			t.Errorf("%s is a legacy type itself, yet belongs to %s", s, legacy)
		}
		if !slices.Contains(families, musette.Family(s)) {
			t.Errorf("%s is of family %q", s, musette.Family(s))
		}
	}
	if got := musette.LegacyType("MoonWalk"); got != "MoonWalk" {
		t.Errorf("a sport type of the future belongs to %q", got)
	}
}
