package storetest

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"musette"
	"musette/store"
)

// later is an instant n minutes into a time long after the tests, where nothing is due by itself.
func later(n int) time.Time { return at(n).AddDate(70, 0, 0) }

// testPartStates writes and reads states with everything in them.
func testPartStates(t *testing.T, b *bench) {
	for i, text := range oddTexts {
		full := musette.PartState{
			AthleteID: 7, ActivityID: oddIDs[i%len(oddIDs)], Part: musette.PartDetail, Due: at(i), Class: musette.ClassRecheck, Start: at(-i),
			Outcome: musette.OutcomeFailed, FirstSeen: at(1), FirstWalk: true, LastTry: at(2), LastSuccess: at(3), Tries: 1, Failures: 2,
			Rechecks: 3, Wanted: -1 << 63, Contradicted: at(4), NotFound: at(5), ErrorKind: "kind" + text, Error: text,
		}
		bare := musette.PartState{AthleteID: 7, ActivityID: full.ActivityID, Part: musette.PartPhotos}
		b.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutPartState(ctx, bare, bare, full, bare) })
		states := func(ctx context.Context, tx *store.Tx) ([]musette.PartState, error) {
			return tx.PartStates(ctx, 7, full.ActivityID)
		}
		equal(t, "states", read(b, states), []musette.PartState{full, bare})
		last := read(b, func(ctx context.Context, tx *store.Tx) ([]musette.LastError, error) { return tx.LastErrors(ctx, 1) })
		equal(t, "last error", last[0].At, full.LastTry)
		full.Outcome = musette.OutcomeQuarantined
		set := read(b, func(ctx context.Context, tx *store.Tx) ([]musette.LastError, error) { return tx.Quarantined(ctx, 10) })
		b.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutPartState(ctx, full) })
		aside := read(b, func(ctx context.Context, tx *store.Tx) ([]musette.LastError, error) { return tx.Quarantined(ctx, 10) })
		if len(set) != 0 || len(aside) != 1 || aside[0].ActivityID != full.ActivityID || aside[0].Message != text {
			t.Errorf("quarantined before: %v, after: %v", set, aside)
		}
		b.update(func(ctx context.Context, tx *store.Tx) error {
			return tx.DeletePartState(ctx, full.Key(), full.Key(), musette.Key{AthleteID: 99})
		})
		equal(t, "states", read(b, states), []musette.PartState{bare})
	}
	for _, err := range []error{b.Verify(t.Context())} {
		if err != nil {
			t.Error(err)
		}
	}
	if at := read(b, func(ctx context.Context, tx *store.Tx) (time.Time, error) { return tx.DueAfter(ctx, time.Time{}) }); !at.IsZero() {
		t.Errorf("nothing is due, but at %v", at)
	}
}

// testDue writes states at random and compares all that is asked about them with a plain list of the same.
func testDue(t *testing.T, b *bench) {
	rng := rand.New(rand.NewPCG(1, 2))
	model := map[musette.Key]musette.PartState{}
	parts := append([]musette.Part{musette.ListPoll, musette.PartAthlete}, musette.ActivityParts...)
	outcomes := []musette.Outcome{musette.OutcomeNever, musette.OutcomeHave, musette.OutcomeEmpty, musette.OutcomeFailed, musette.OutcomeQuarantined}
	random := func() musette.PartState {
		p := musette.PartState{
			AthleteID: int64(rng.IntN(6)), ActivityID: int64(rng.IntN(12)), Part: parts[rng.IntN(len(parts))],
			Class: musette.Class(rng.IntN(int(musette.NumClasses))), Start: at(rng.IntN(8)), Outcome: outcomes[rng.IntN(len(outcomes))],
		}
		switch rng.IntN(4) {
		case 0, 1:
			p.Due = later(rng.IntN(100))
		case 2:
			p.Due = at(rng.IntN(100))
		}
		return p
	}
	for step := range 25 {
		b.update(func(ctx context.Context, tx *store.Tx) error {
			for range 30 {
				p := random()
				if rng.IntN(5) == 0 {
					delete(model, p.Key())
					if err := tx.DeletePartState(ctx, p.Key()); err != nil {
						return err
					}
					continue
				}
				model[p.Key()] = p
				if err := tx.PutPartState(ctx, p); err != nil {
					return err
				}
			}
			return compareDue(t, ctx, tx, model, rng)
		})
		b.view(func(ctx context.Context, tx *store.Tx) error { return compareDue(t, ctx, tx, model, rng) })
		if t.Failed() {
			t.Fatalf("at step %d", step)
		}
	}
}

func compareDue(t *testing.T, ctx context.Context, tx *store.Tx, model map[musette.Key]musette.PartState, rng *rand.Rand) error {
	now, perClass, perAthlete := later(rng.IntN(110)-5), 1+rng.IntN(8), 1+rng.IntN(4)
	if rng.IntN(3) == 0 {
		now = at(rng.IntN(100))
	}
	got, err := tx.Due(ctx, now, perClass, perAthlete)
	if err != nil {
		return err
	}
	equal(t, "due", got, plainDue(model, now, perClass, perAthlete))
	var next time.Time
	var byClass [musette.NumClasses]int
	counts := map[int64]map[musette.Part]musette.PartCount{}
	for _, p := range model {
		if p.Due.After(now) && (next.IsZero() || p.Due.Before(next)) {
			next = p.Due
		}
		if !p.Due.IsZero() && !p.Due.After(now) {
			byClass[p.Class]++
		}
		if p.ActivityID != 0 {
			addCount(counts, p)
		}
	}
	gotNext, err := tx.DueAfter(ctx, now)
	if err != nil {
		return err
	}
	equal(t, "due next", gotNext, next)
	gotByClass, err := tx.DueByClass(ctx, now)
	if err != nil {
		return err
	}
	equal(t, "due by class", gotByClass, byClass)
	for id := range int64(6) {
		got, err := tx.PartCounts(ctx, id)
		if err != nil {
			return err
		}
		for part, c := range got {
			equal(t, "count of "+string(part), c, counts[id][part])
			delete(counts[id], part)
		}
		for part, c := range counts[id] {
			equal(t, "missing count of "+string(part), musette.PartCount{}, c)
		}
	}
	return nil
}

func addCount(counts map[int64]map[musette.Part]musette.PartCount, p musette.PartState) {
	if counts[p.AthleteID] == nil {
		counts[p.AthleteID] = map[musette.Part]musette.PartCount{}
	}
	c := counts[p.AthleteID][p.Part]
	switch p.Outcome {
	case musette.OutcomeHave:
		c.Have++
	case musette.OutcomeFailed:
		c.Failed++
	case musette.OutcomeQuarantined:
		c.Quarantined++
	}
	if !p.Due.IsZero() && p.Class != musette.ClassRecheck && p.Outcome != musette.OutcomeFailed && p.Outcome != musette.OutcomeQuarantined {
		c.Due++
	}
	counts[p.AthleteID][p.Part] = c
}

// plainDue is what Due promises, the slow way.
func plainDue(model map[musette.Key]musette.PartState, now time.Time, perClass, perAthlete int) []musette.PartState {
	newest := func(a, b musette.PartState) int {
		return cmp.Or(b.Start.Compare(a.Start), cmp.Compare(a.AthleteID, b.AthleteID), cmp.Compare(b.ActivityID, a.ActivityID), cmp.Compare(a.Part, b.Part))
	}
	var all []musette.PartState
	for class := range musette.NumClasses {
		byAthlete := map[int64][]musette.PartState{}
		for _, p := range model {
			if p.Class == class && !p.Due.IsZero() && !p.Due.After(now) {
				byAthlete[p.AthleteID] = append(byAthlete[p.AthleteID], p)
			}
		}
		var picked []musette.PartState
		for round := range perAthlete {
			var firsts []musette.PartState
			for _, list := range byAthlete {
				slices.SortFunc(list, newest)
				if round < len(list) {
					firsts = append(firsts, list[round])
				}
			}
			slices.SortFunc(firsts, newest)
			picked = append(picked, firsts...)
		}
		picked = picked[:min(len(picked), perClass)]
		slices.SortFunc(picked, newest)
		all = append(all, picked...)
	}
	return all
}
