package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"musette"
	"musette/internal/pgtest"
	"musette/store"
)

// benchBoth runs a benchmark on a fresh store of each kind.
func benchBoth(b *testing.B, bench func(b *testing.B, s *store.Store)) {
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(kind, func(b *testing.B) {
			c := store.Config{Dir: b.TempDir()}
			if kind == "postgres" {
				c = store.Config{URL: pgtest.New(b)}
			}
			s, err := store.Open(b.Context(), c)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			bench(b, s)
		})
	}
}

// body makes something of a detail's length, about as random.
func body(id int64, n int) []byte {
	rng := rand.New(rand.NewPCG(uint64(id), 1))
	var buf bytes.Buffer
	fmt.Fprintf(&buf, `{"id":%d,"map":{"polyline":"`, id)
	for buf.Len() < n/2 {
		buf.WriteByte(byte(63 + rng.IntN(64)))
	}
	buf.WriteString(`"},"laps":[`)
	for buf.Len() < n {
		fmt.Fprintf(&buf, `{"distance":1000.0,"moving_time":%d},`, rng.IntN(600))
	}
	return buf.Bytes()
}

// putAll stores one activity: a document of 4.9 KB, its view of 2 KB and its five part states.
func putAll(ctx context.Context, tx *store.Tx, athleteID, id int64) error {
	start := day.Add(-time.Duration(id) * time.Hour)
	doc := musette.NewDocument(athleteID, id, musette.PartDetail, musette.SourceAPI, body(id, 4900), day)
	_, err := tx.PutActivity(ctx, store.Activity{AthleteID: athleteID, ID: id, Status: store.StatusLive, Start: start, SportType: "Run", View: body(id, 2000)})
	var states []musette.PartState
	for _, part := range musette.ActivityParts {
		states = append(states, musette.PartState{
			AthleteID: athleteID, ActivityID: id, Part: part, Start: start, Outcome: musette.OutcomeHave,
			Due: day.AddDate(80, 0, 0), Class: musette.ClassRecheck, FirstSeen: day,
		})
	}
	return errors.Join(err, tx.PutDocument(ctx, doc, true), tx.PutPartState(ctx, states...))
}

// BenchmarkPut stores activities; ns/op is one activity's.
func BenchmarkPut(b *testing.B) {
	for _, batch := range []int{1, 200} {
		b.Run(fmt.Sprintf("tx=%d", batch), func(b *testing.B) {
			benchBoth(b, func(b *testing.B, s *store.Store) {
				ctx, id := b.Context(), int64(0)
				b.ResetTimer()
				for id < int64(b.N) {
					err := s.Update(ctx, nil, func(tx *store.Tx) error {
						for n := 0; n < batch && id < int64(b.N); n++ {
							id++
							if err := putAll(ctx, tx, 7, id); err != nil {
								return err
							}
						}
						return nil
					})
					if err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

func fillActivities(b *testing.B, s *store.Store, athletes, each int64) {
	b.Helper()
	ctx := b.Context()
	for a := range athletes {
		err := s.Update(ctx, nil, func(tx *store.Tx) error {
			for id := range each {
				if err := putAll(ctx, tx, a+1, a*each+id+1); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkActivities reads 10,000 activities, every checksum verified; ns/op is all of them.
func BenchmarkActivities(b *testing.B) {
	benchBoth(b, func(b *testing.B, s *store.Store) {
		fillActivities(b, s, 1, 10000)
		ctx := b.Context()
		for b.Loop() {
			n := 0
			err := s.View(ctx, func(tx *store.Tx) error {
				for _, err := range tx.Activities(ctx, 1) {
					if err != nil {
						return err
					}
					n++
				}
				return nil
			})
			if err != nil || n != 10000 {
				b.Fatal(n, err)
			}
		}
	})
}

// BenchmarkDue chooses what to call, 64 of each class and 4 of each athlete, and notes whose turn it was, where more and
// more athletes have eight parts each that are all due. It is to cost the same however many they are.
func BenchmarkDue(b *testing.B) {
	benchWaiting(b, func(b *testing.B, s *store.Store) {
		ctx := b.Context()
		for b.Loop() {
			err := s.Update(ctx, nil, func(tx *store.Tx) error {
				due, err := tx.Due(ctx, day, 64, 4)
				if err != nil || len(due) < 3 {
					b.Fatal(len(due), err)
				}
				return tx.Serve(ctx, due[0].Key(), due[1].Key(), due[2].Key())
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkBacklog asks how much is due, of as many.
func BenchmarkBacklog(b *testing.B) {
	benchWaiting(b, func(b *testing.B, s *store.Store) {
		ctx := b.Context()
		for b.Loop() {
			err := s.View(ctx, func(tx *store.Tx) error {
				_, err := tx.Backlog(ctx, day)
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

// benchWaiting runs a benchmark on stores with more and more athletes, all of whom wait.
func benchWaiting(b *testing.B, bench func(b *testing.B, s *store.Store)) {
	for _, athletes := range []int64{10, 100, 1000, 10000} {
		b.Run(fmt.Sprintf("athletes=%d", athletes), func(b *testing.B) {
			benchBoth(b, func(b *testing.B, s *store.Store) {
				ctx := b.Context()
				err := s.Update(ctx, nil, func(tx *store.Tx) error {
					var states []musette.PartState
					for i := range 8 * athletes {
						states = append(states, musette.PartState{
							AthleteID: i/8 + 1, ActivityID: i + 1, Part: musette.PartDetail, Class: musette.Class(4 + i%4/2), // recent, enrich
							Start: day.Add(-time.Duration(i) * time.Minute), Due: day.Add(-time.Hour),
						})
					}
					return tx.PutPartState(ctx, states...)
				})
				if err != nil {
					b.Fatal(err)
				}
				b.ResetTimer()
				bench(b, s)
			})
		})
	}
}
