package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"musette"
	"musette/store"
)

// sports are Strava's sport types as of April 2026. The list grows: another name isn't wrong, only unknown.
var sports = strings.Fields(`AlpineSki BackcountrySki Badminton Basketball Canoeing Cricket Crossfit Dance EBikeRide
	Elliptical EMountainBikeRide Golf GravelRide Handcycle HighIntensityIntervalTraining Hike IceSkate InlineSkate
	Kayaking Kitesurf MountainBikeRide NordicSki Padel PhysicalTherapy Pickleball Pilates Racquetball Ride RockClimbing
	RollerSki Rowing Run Sail Skateboard Snowboard Snowshoe Soccer Squash StairStepper StandUpPaddling Surfing Swim
	TableTennis Tennis TrailRun Velomobile VirtualRide VirtualRow VirtualRun Volleyball Walk WeightTraining Wheelchair
	Windsurf Workout Yoga`)

// warnOfTypes says which of MUSETTE_TYPES are neither Strava's nor any activity's: most likely misspelt, and hiding
// everything without a word otherwise.
func (a *app) warnOfTypes(ctx context.Context, st *store.Store) error {
	unknown := slices.DeleteFunc(slices.Clone(a.cfg.Filter.Types), func(t string) bool {
		return slices.ContainsFunc(sports, func(s string) bool { return strings.EqualFold(s, t) })
	})
	if len(unknown) == 0 {
		return nil
	}
	unknown, err := notAmong(ctx, st, unknown)
	if err != nil {
		return err
	}
	for _, t := range unknown {
		hint := "`musette activities` shows what is shown, and Strava's names are such as Run, Ride, TrailRun"
		if near := nearest(t, sports); near != "" {
			hint = "did you mean " + near + "?"
		}
		a.say("MUSETTE_TYPES: no activity is a %s, and Strava knows no such sport; %s", plain(t), hint)
	}
	return nil
}

// notAmong are the types that no stored activity is of.
func notAmong(ctx context.Context, st *store.Store, types []string) ([]string, error) {
	err := st.View(ctx, func(tx *store.Tx) error {
		athletes, err := tx.Athletes(ctx)
		if err != nil {
			return err
		}
		for _, who := range athletes {
			for row, err := range tx.Activities(ctx, who.ID) {
				if err != nil {
					continue // a damaged row says nothing of sports
				}
				activity := musette.Activity{SportType: row.SportType, Type: row.Type}
				types = slices.DeleteFunc(types, activity.IsType)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading which sports there are: %w", err)
	}
	return types, nil
}
