package keeper_test

import (
	"context"
	"testing"

	"musette"
	"musette/strava/stravatest"
)

// BenchmarkFirstSync is a whole first sync against the simulated Strava: what it takes on top of Strava's own time.
func BenchmarkFirstSync(b *testing.B) {
	const activities = 200
	calls := 0
	for b.Loop() {
		b.StopTimer()
		h := newHouse(b, stravatest.Config{Seed: 1, Activities: activities, Limits: plenty})
		b.StartTimer()
		calls += h.sync().Calls
		b.StopTimer()
		h.close()
		h.at.Close()
		b.StartTimer()
	}
	b.ReportMetric(float64(activities*b.N)/b.Elapsed().Seconds(), "activities/s")
	b.ReportMetric(float64(calls)/b.Elapsed().Seconds(), "calls/s")
}

// BenchmarkList is the listing alone: how fast activities become visible.
func BenchmarkList(b *testing.B) {
	const activities = 1000
	for b.Loop() {
		b.StopTimer()
		h := newHouse(b, stravatest.Config{Seed: 1, Activities: activities, Limits: plenty}, onlyLists)
		b.StartTimer()
		h.sync()
		b.StopTimer()
		if n := len(h.activities()); n != activities {
			b.Fatalf("%d activities, want %d", n, activities)
		}
		h.close()
		h.at.Close()
		b.StartTimer()
	}
	b.ReportMetric(float64(activities*b.N)/b.Elapsed().Seconds(), "activities/s")
}

// onlyLists lets nothing be enriched.
func onlyLists(h *house) { h.filter = musette.Filter{Types: []string{"Nothing"}} }

// BenchmarkPollWithoutNews is what every poll costs besides its call: a page of 200 activities all of which are known.
func BenchmarkPollWithoutNews(b *testing.B) {
	h := newHouse(b, stravatest.Config{Seed: 1, Activities: 200, Limits: plenty}, onlyLists)
	h.sync()
	h.lead(func(ctx context.Context) error {
		for b.Loop() {
			h.clock.Advance(h.policy.Poll)
			if _, err := h.keeper.Step(ctx, h.clock.Now()); err != nil {
				return err
			}
		}
		return nil
	})
}
