package musette

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Filter says which activities are shown and enriched; what is outside is still stored. The zero value lets all
// through.
type Filter struct {
	// Types are sport types or legacy types; an activity matches by either. Case doesn't matter.
	Types []string
	// From is a local date, "2025-05-22": activities before that day at their place are outside. "" is no limit.
	From string
}

// NewFilter checks the two settings.
func NewFilter(types []string, from string) (Filter, error) {
	f := Filter{From: strings.TrimSpace(from)}
	for _, t := range types {
		if t = strings.TrimSpace(t); t != "" {
			f.Types = append(f.Types, t)
		}
	}
	if f.From != "" {
		if _, err := time.Parse(time.DateOnly, f.From); err != nil {
			return Filter{}, fmt.Errorf("%q is not a date like 2025-05-22", f.From)
		}
	}
	return f, nil
}

// Match reports whether the activity is inside.
func (f Filter) Match(a *Activity) bool {
	if f.From != "" && a.StartLocal < f.From {
		return false
	}
	return len(f.Types) == 0 || slices.ContainsFunc(f.Types, a.IsType)
}

// IsType reports whether the activity is of a sport type, or of the legacy type it belongs to.
func (a *Activity) IsType(t string) bool {
	return strings.EqualFold(t, a.SportType) || strings.EqualFold(t, LegacyType(a.SportType)) ||
		a.Type != "" && strings.EqualFold(t, a.Type)
}

// legacy are the sport types whose legacy type has another name. Sport types newer than the legacy list are
// "Workout" there. Source: Strava API notes, section 7; the mapping of the newer ones is uncertain.
var legacy = map[string]string{
	"MountainBikeRide": "Ride", "GravelRide": "Ride", "TrailRun": "Run", "EMountainBikeRide": "EBikeRide",
	"VirtualRow": "Rowing", "Badminton": "Workout", "HighIntensityIntervalTraining": "Workout", "Pickleball": "Workout",
	"Pilates": "Workout", "Racquetball": "Workout", "Squash": "Workout", "TableTennis": "Workout", "Tennis": "Workout",
	"Padel": "Workout", "Dance": "Workout", "Basketball": "Workout", "Cricket": "Workout", "Volleyball": "Workout",
	"PhysicalTherapy": "Workout",
}

// LegacyType returns the legacy activity type that a sport type belongs to; most are their own.
func LegacyType(sportType string) string {
	if t, ok := legacy[sportType]; ok {
		return t
	}
	return sportType
}

// Family is the kind of sport a drawing takes its colour from: foot, wheel, water, winter or gym.
func Family(sportType string) string {
	switch sportType {
	case "Run", "TrailRun", "Walk", "Hike", "VirtualRun", "Wheelchair":
		return "foot"
	case "Swim", "Rowing", "VirtualRow", "Canoeing", "Kayaking", "Kitesurf", "Sail", "StandUpPaddling", "Surfing", "Windsurf":
		return "water"
	case "AlpineSki", "BackcountrySki", "NordicSki", "IceSkate", "Snowboard", "Snowshoe":
		return "winter"
	case "RollerSki", "InlineSkate", "Skateboard", "Velomobile", "Handcycle":
		return "wheel"
	}
	if strings.HasSuffix(sportType, "Ride") {
		return "wheel"
	}
	return "gym"
}
