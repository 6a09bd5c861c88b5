package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"musette"
	"musette/store"
)

// What one source gave and nobody confirmed is found and dropped; the rest stays, and so does what an owner has hidden.
func testLapse(t *testing.T, b *bench) {
	key := func(athlete, activity int64) musette.Key {
		return musette.Key{AthleteID: athlete, ActivityID: activity}
	}
	doc := func(athlete, activity int64, part musette.Part, source musette.Source, text string, minute int) musette.Document {
		return musette.NewDocument(athlete, activity, part, source, []byte(text), at(minute))
	}
	b.update(func(ctx context.Context, tx *store.Tx) error {
		var errs []error
		for _, id := range []int64{1, 2, 3} {
			_, err := tx.PutActivity(ctx, store.Activity{AthleteID: 7, ID: id, Status: store.StatusLive, View: []byte("{}")})
			errs = append(errs, err,
				tx.PutDocument(ctx, doc(7, id, musette.PartSummary, musette.SourceAPI, `{"v":0}`, 1), false),
				tx.PutDocument(ctx, doc(7, id, musette.PartSummary, musette.SourceAPI, `{"v":1}`, 2), true),
				tx.PutPartState(ctx, musette.PartState{AthleteID: 7, ActivityID: id, Part: musette.PartSummary, Outcome: musette.OutcomeHave}))
		}
		return errors.Join(append(errs,
			tx.PutDocument(ctx, doc(7, 2, musette.PartDetail, musette.SourceFile, "{}", 1), false),
			tx.Confirm(ctx, 7, musette.PartSummary, []int64{3}, at(9)))...)
	})
	unconfirmed := func(before time.Time, after musette.Key, limit int) []musette.Key {
		return read(b, func(ctx context.Context, tx *store.Tx) ([]musette.Key, error) {
			return tx.Unconfirmed(ctx, musette.SourceAPI, before, after, limit)
		})
	}
	equal(t, "unconfirmed", unconfirmed(at(9), musette.Key{}, 10), []musette.Key{key(7, 1), key(7, 2)})
	equal(t, "after the first", unconfirmed(at(9), key(7, 1), 1), []musette.Key{key(7, 2)})
	equal(t, "before anything", unconfirmed(at(2), musette.Key{}, 10), nil)

	b.update(func(ctx context.Context, tx *store.Tx) error {
		k := key(7, 2)
		k.Part = musette.PartSummary
		return errors.Join(tx.DropDocument(ctx, k, musette.SourceAPI), tx.DropActivity(ctx, 7, 1), tx.DropActivity(ctx, 7, 99))
	})
	equal(t, "unconfirmed after", unconfirmed(at(9), musette.Key{}, 10), nil)
	left := func(id int64) (parts []musette.Part, older, states int) {
		b.view(func(ctx context.Context, tx *store.Tx) error {
			docs, err := tx.Documents(ctx, 7, id)
			for _, d := range docs {
				parts = append(parts, d.Part)
			}
			history, err2 := tx.History(ctx, 7, id)
			sts, err3 := tx.PartStates(ctx, 7, id)
			older, states = len(history), len(sts)
			return errors.Join(err, err2, err3)
		})
		return parts, older, states
	}
	for id, want := range map[int64]struct {
		parts         []musette.Part
		older, states int
	}{1: {}, 2: {[]musette.Part{musette.PartDetail}, 0, 1}, 3: {[]musette.Part{musette.PartSummary}, 1, 1}} {
		parts, older, states := left(id)
		equal(t, "parts", parts, want.parts)
		if older != want.older || states != want.states {
			t.Errorf("of activity %d %d older documents and %d states are left, want %d and %d", id, older, states, want.older, want.states)
		}
	}
	b.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.PruneUnconfirmed(ctx, musette.SourceAPI, at(9))
	})
	if _, older, _ := left(3); older != 0 {
		t.Errorf("%d replaced documents are left that nobody confirmed", older)
	}
	changes := read(b, func(ctx context.Context, tx *store.Tx) ([]store.Change, error) { return tx.Changes(ctx, 0, 10) })
	if last := changes[len(changes)-1]; last.ActivityID != 1 || last.Kind != "gone" {
		t.Errorf("the last change is %+v, want activity 1 gone", last)
	}
	if err := b.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}
