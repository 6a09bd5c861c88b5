package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"musette"
	"musette/store"
)

// testDated finds the states that have a time after another one.
func testDated(t *testing.T, b *bench) {
	b.update(func(ctx context.Context, tx *store.Tx) error {
		for id, set := range []func(*musette.PartState){
			func(*musette.PartState) {},
			func(p *musette.PartState) { p.Due = later(5) },
			func(p *musette.PartState) { p.LastTry = later(5) },
			func(p *musette.PartState) { p.LastSuccess = later(5) },
			func(p *musette.PartState) { p.FirstSeen = later(5) },
			func(p *musette.PartState) { p.Contradicted = later(5) },
			func(p *musette.PartState) { p.NotFound = later(5) },
			func(p *musette.PartState) { p.Due, p.LastTry = later(4), later(4) },
		} {
			p := musette.PartState{AthleteID: int64(id%2) + 1, ActivityID: int64(id), Part: musette.PartDetail}
			set(&p)
			if err := tx.PutPartState(ctx, p); err != nil {
				return err
			}
		}
		return nil
	})
	ids := func(of func(*store.Tx, context.Context, time.Time) ([]musette.PartState, error)) []int64 {
		states := read(b, func(ctx context.Context, tx *store.Tx) ([]musette.PartState, error) { return of(tx, ctx, later(4)) })
		found := []int64{}
		for _, p := range states {
			found = append(found, p.ActivityID)
		}
		slices.Sort(found)
		return found
	}
	equal(t, "due later", ids((*store.Tx).DueFrom), []int64{1})
	equal(t, "dated later", ids((*store.Tx).DatedFrom), []int64{1, 2, 3, 4, 5, 6})
}
