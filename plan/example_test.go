package plan_test

import (
	"fmt"
	"time"

	"musette"
	"musette/plan"
)

func ExampleNext() {
	now := time.Date(2026, 5, 22, 12, 3, 0, 0, time.UTC)
	due := []musette.PartState{
		{AthleteID: 1, ActivityID: 70, Part: musette.PartPhotos, Class: musette.ClassEnrich, Start: now.Add(-time.Hour)},
		{AthleteID: 1, ActivityID: 70, Part: musette.PartDetail, Class: musette.ClassRecent, Start: now.Add(-time.Hour)},
		{AthleteID: 1, ActivityID: 69, Part: musette.PartDetail, Class: musette.ClassRecent, Start: now.Add(-26 * time.Hour)},
	}
	s := plan.Situation{Now: now, Due: due}
	s.Room[musette.ClassRecent] = plan.Room{Calls: 2}
	s.Room[musette.ClassEnrich] = plan.Room{Free: now.Add(40 * time.Second), Reset: now.Add(12 * time.Minute)}

	d := plan.Next(s)
	for _, call := range d.Calls {
		fmt.Println(call.Part, "of", call.ActivityID)
	}

	s.Due = due[:1] // when those are done
	d = plan.Next(s)
	fmt.Println(d.State, "until", d.Until.Format(time.TimeOnly)+", look again at", d.Wake.Format(time.TimeOnly))
	// Output:
	// detail of 70
	// detail of 69
	// limited until 12:15:00, look again at 12:03:40
}

func ExamplePolicy_Failed() {
	now := time.Date(2026, 5, 22, 12, 0, 0, 0, time.UTC)
	policy := plan.Default()
	state := musette.PartState{AthleteID: 1, ActivityID: 70, Part: musette.PartPhotos, Class: musette.ClassEnrich}
	for range 4 {
		state = policy.Failed(state, plan.Failure{Kind: "server", Message: "Strava answered 503"}, 0, now)
		fmt.Println("again after", state.Due.Sub(now), "- failures:", state.Failures)
		now = state.Due
	}
	// Output:
	// again after 1s - failures: 0
	// again after 5s - failures: 0
	// again after 30s - failures: 0
	// again after 24h0m0s - failures: 1
}
