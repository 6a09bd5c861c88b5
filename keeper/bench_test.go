package keeper_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"musette"
	"musette/keeper"
	"musette/store"
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

// BenchmarkStatus reads the status of more and more athletes, each of whom waits for eight parts. It names them all, so it
// can't be flat; but it is a few statements.
func BenchmarkStatus(b *testing.B) {
	for _, athletes := range []int64{10, 100, 1000, 10000} {
		b.Run(fmt.Sprintf("athletes=%d", athletes), func(b *testing.B) {
			ctx := b.Context()
			st, err := store.OpenMemory(ctx)
			if err != nil {
				b.Fatal(err)
			}
			defer st.Close()
			err = st.Update(ctx, nil, func(tx *store.Tx) error {
				for id := range athletes {
					errs := []error{
						tx.PutAthlete(ctx, store.Athlete{ID: id + 1, ListedAt: noon}),
						tx.PutGrant(ctx, store.Grant{ID: fmt.Sprint(id + 1), AthleteID: id + 1, Sealed: make([]byte, 200)}),
					}
					for i := range int64(8) {
						errs = append(errs, tx.PutPartState(ctx, musette.PartState{
							AthleteID: id + 1, ActivityID: 8*id + i + 1, Part: musette.PartDetail, Class: musette.ClassBackfill, Due: noon,
						}))
					}
					if err := errors.Join(errs...); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if s, err := keeper.ReadStatus(ctx, st, noon, 0, nil); err != nil || s.ETA == nil {
					b.Fatal(s, err)
				}
			}
		})
	}
}
