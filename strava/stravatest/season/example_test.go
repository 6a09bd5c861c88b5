package season_test

import (
	"fmt"
	"time"

	"musette/strava/stravatest/season"
)

func Example() {
	s := season.Make(season.Options{
		Seed:       1,
		Activities: 60,
		Until:      time.Date(2026, time.July, 21, 18, 0, 0, 0, time.UTC),
	})
	a := &s.Activities[0]
	fmt.Println(s.Athlete.FirstName, "of", s.Athlete.City)
	fmt.Println(a.Name, a.Start.Format(time.DateTime))
	fmt.Printf("%.1f km in %v, %.0f m up\n", a.Distance/1000, a.Moving, a.ClimbM)
	fmt.Println(len(a.Points()), "points")
	// Output:
	// Nell of Bath
	// Widcombe and home 2026-07-21 11:37:33
	// 8.3 km in 50m58s, 110 m up
	// 616 points
}
