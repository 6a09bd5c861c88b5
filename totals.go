package musette

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// Sum adds up activities.
type Sum struct {
	Count     int     `json:"count"`
	DistanceM float64 `json:"distance_m"`
	MovingS   int     `json:"moving_s"`
	ClimbM    int     `json:"climb_m"`
}

// Totals is the sum of a set of activities, and the same by sport type and by ISO week of their local start. Its
// JSON is part of the contract.
type Totals struct {
	Sum
	GoalM  float64   `json:"goal_m"`
	ByType []TypeSum `json:"by_type"` // most distance first
	ByWeek []WeekSum `json:"by_week"` // oldest first; weeks without activities are left out

	// ByMonth is for showing: oldest first; months without activities are left out.
	ByMonth []MonthSum `json:"-"`
}

// TypeSum is the sum over one sport type.
type TypeSum struct {
	Type string `json:"type"`
	Sum
}

// WeekSum is the sum over one ISO week, "2026-W21".
type WeekSum struct {
	Week string `json:"week"`
	Sum
}

// MonthSum is the sum over one month of local starts, "2026-05".
type MonthSum struct {
	Month string
	Sum
}

func (s *Sum) add(a *Activity) {
	s.Count++
	s.DistanceM += a.DistanceM
	s.MovingS += a.MovingS
	s.ClimbM += a.ClimbM
}

// round takes a distance back to the decimetres that Strava gives: sums of binary fractions aren't.
func (s *Sum) round() { s.DistanceM = math.Round(s.DistanceM*10) / 10 }

// Total sums the activities; goalM is passed through.
func Total(activities []*Activity, goalM float64) Totals {
	t := Totals{GoalM: goalM, ByType: []TypeSum{}, ByWeek: []WeekSum{}}
	types, weeks, months := map[string]Sum{}, map[string]Sum{}, map[string]Sum{}
	for _, a := range activities {
		t.add(a)
		addTo(types, a.SportType, a)
		addTo(weeks, Week(a.StartLocal), a)
		if len(a.StartLocal) > len("2026-05") {
			addTo(months, a.StartLocal[:len("2026-05")], a)
		}
	}
	t.round()
	for name, sum := range types {
		sum.round()
		t.ByType = append(t.ByType, TypeSum{name, sum})
	}
	for week, sum := range weeks {
		sum.round()
		t.ByWeek = append(t.ByWeek, WeekSum{week, sum})
	}
	for month, sum := range months {
		sum.round()
		t.ByMonth = append(t.ByMonth, MonthSum{month, sum})
	}
	slices.SortFunc(t.ByType, func(a, b TypeSum) int {
		return cmp.Or(cmp.Compare(b.DistanceM, a.DistanceM), cmp.Compare(a.Type, b.Type))
	})
	slices.SortFunc(t.ByWeek, func(a, b WeekSum) int { return cmp.Compare(a.Week, b.Week) })
	slices.SortFunc(t.ByMonth, func(a, b MonthSum) int { return cmp.Compare(a.Month, b.Month) })
	return t
}

func addTo(sums map[string]Sum, key string, a *Activity) {
	s := sums[key]
	s.add(a)
	sums[key] = s
}

// Week returns the ISO week of a local start, "2026-W21"; "" if it isn't one.
func Week(startLocal string) string {
	t, err := time.Parse(wallClock, startLocal)
	if err != nil {
		return ""
	}
	year, week := t.ISOWeek()
	return fmt.Sprintf("%04d-W%02d", year, week)
}
