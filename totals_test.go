package musette_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"musette"
)

func TestTotals(t *testing.T) {
	got := string(jsonOf(musette.Total([]*musette.Activity{
		{SportType: "Run", StartLocal: "2026-05-22T07:49:27", DistanceM: 5000, MovingS: 1500, ClimbM: 40},
		{SportType: "Ride", StartLocal: "2026-05-24T23:59:59", DistanceM: 30000.5, MovingS: 3600, ClimbM: 300}, // a Sunday
		{SportType: "Run", StartLocal: "2026-05-25T00:00:00", DistanceM: 10000, MovingS: 3000, ClimbM: 0},      // a Monday
		{SportType: "Yoga", StartLocal: "2026-12-31T10:00:00", MovingS: 600},
	}, 100000)))
	want := `{"count":4,"distance_m":45000.5,"moving_s":8700,"climb_m":340,"goal_m":100000,` +
		`"by_type":[{"type":"Ride","count":1,"distance_m":30000.5,"moving_s":3600,"climb_m":300},` +
		`{"type":"Run","count":2,"distance_m":15000,"moving_s":4500,"climb_m":40},` +
		`{"type":"Yoga","count":1,"distance_m":0,"moving_s":600,"climb_m":0}],` +
		`"by_week":[{"week":"2026-W21","count":2,"distance_m":35000.5,"moving_s":5100,"climb_m":340},` +
		`{"week":"2026-W22","count":1,"distance_m":10000,"moving_s":3000,"climb_m":0},` +
		`{"week":"2026-W53","count":1,"distance_m":0,"moving_s":600,"climb_m":0}]}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := string(jsonOf(musette.Total(nil, 0))); got != `{"count":0,"distance_m":0,"moving_s":0,"climb_m":0,"goal_m":0,"by_type":[],"by_week":[]}` {
		t.Errorf("of nothing: %s", got)
	}
}

func TestISOWeeks(t *testing.T) {
	for day, want := range map[string]string{
		"2025-12-29": "2026-W01", "2026-01-01": "2026-W01", "2021-01-03": "2020-W53", "2024-12-30": "2025-W01", "2026-05-22": "2026-W21",
	} {
		if got := musette.Week(day + "T12:00:00"); got != want {
			t.Errorf("%s is in %s, want %s", day, got, want)
		}
	}
	if got := musette.Week("2026-05-22"); got != "" {
		t.Errorf("what is no local start is in week %q", got)
	}
}

func TestTotalsHaveNoCrumbs(t *testing.T) {
	var activities []*musette.Activity
	for range 10 {
		activities = append(activities, &musette.Activity{SportType: "Run", StartLocal: "2026-05-22T07:49:27", DistanceM: 0.1})
	}
	got := musette.Total(activities, 0)
	if got.DistanceM != 1 || got.ByType[0].DistanceM != 1 || got.ByWeek[0].DistanceM != 1 {
		t.Errorf("ten decimetres are %v, %v, %v", got.DistanceM, got.ByType[0].DistanceM, got.ByWeek[0].DistanceM)
	}
}
