package plan_test

import (
	"testing"

	"musette"
	"musette/plan"
)

// A decision over as many candidates as the store ever offers: 64 of each of 8 classes, at most 4 of each athlete.
func BenchmarkNext512(b *testing.B) {
	s := plan.Situation{Now: noon, Room: rooms(9)}
	for c := range musette.NumClasses {
		for n := range int64(64) {
			s.Due = append(s.Due, part(1+n/4, 1+n, musette.PartDetail, c))
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if len(plan.Next(s).Calls) != plan.MaxInFlight {
			b.Fatal("nothing chosen")
		}
	}
}
