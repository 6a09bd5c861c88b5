package storetest

import (
	"context"
	"errors"
	"testing"

	"musette/store"
)

// testPrivacy writes zones and hides, and follows the changes that they are.
func testPrivacy(t *testing.T, b *bench) {
	school := store.Zone{ID: "z1", AthleteID: 7, Name: "school 🏫", Lat: -51.4779, Lng: 0.0015, RadiusM: 400.5, CreatedAt: at(2)}
	everybodys := store.Zone{ID: "z0", CreatedAt: at(2)}
	oldest := store.Zone{ID: "z2", AthleteID: 1<<63 - 1, Name: "x", Lat: 90, Lng: -180, RadiusM: 1, CreatedAt: at(1)}
	run := store.Activity{AthleteID: 7, ID: 70, Status: store.StatusLive, View: []byte("{}")}
	b.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.PutActivity(ctx, run)
		return errors.Join(err, tx.PutZone(ctx, school), tx.PutZone(ctx, everybodys), tx.PutZone(ctx, oldest))
	})
	zones := func() []store.Zone {
		return read(b, func(ctx context.Context, tx *store.Tx) ([]store.Zone, error) { return tx.Zones(ctx) })
	}
	equal(t, "zones", zones(), []store.Zone{oldest, everybodys, school})
	since := read(b, func(ctx context.Context, tx *store.Tx) (store.Position, error) { return tx.Position(ctx) }).Seq
	school.RadiusM = 500
	b.update(func(ctx context.Context, tx *store.Tx) error {
		found, err := tx.DropZone(ctx, oldest)
		if !found {
			t.Error("a zone to remove isn't found")
		}
		again, err2 := tx.DropZone(ctx, oldest)
		if again {
			t.Error("a zone is removed twice")
		}
		return errors.Join(err, err2, tx.PutZone(ctx, school))
	})
	equal(t, "zones", zones(), []store.Zone{everybodys, school})

	hide := store.Hide{AthleteID: 7, ActivityID: 70, What: store.HideMap, CreatedAt: at(3)}
	b.update(func(ctx context.Context, tx *store.Tx) error {
		photos := hide
		photos.What = store.HidePhotos
		if err := errors.Join(tx.PutHide(ctx, hide), tx.PutHide(ctx, photos)); err != nil {
			return err
		}
		found, err := tx.DropHide(ctx, photos)
		again, err2 := tx.DropHide(ctx, photos)
		if !found || again {
			t.Errorf("hidden: %v, and then: %v", found, again)
		}
		return errors.Join(err, err2)
	})
	for _, id := range []int64{0, 70} {
		hides := read(b, func(ctx context.Context, tx *store.Tx) ([]store.Hide, error) { return tx.Hides(ctx, 7, id) })
		equal(t, "hides", hides, []store.Hide{hide})
	}
	none := read(b, func(ctx context.Context, tx *store.Tx) ([]store.Hide, error) { return tx.Hides(ctx, 7, 71) })
	if len(none) > 0 {
		t.Errorf("another activity hides %v", none)
	}
	err := b.Update(t.Context(), nil, func(tx *store.Tx) error {
		return tx.PutHide(t.Context(), store.Hide{AthleteID: 7, ActivityID: 71, What: store.HideAll})
	})
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("hiding what isn't here: %v", err)
	}
	changes := read(b, func(ctx context.Context, tx *store.Tx) ([]store.Change, error) { return tx.Changes(ctx, since, 10) })
	equal(t, "changes", changes, []store.Change{
		{Seq: since + 1, AthleteID: 1<<63 - 1, Kind: "put"},
		{Seq: since + 2, AthleteID: 7, Kind: "put"},
		{Seq: since + 5, AthleteID: 7, ActivityID: 70, Kind: "put"},
	})
	run.Seq = since + 5
	equal(t, "activity", read(b, func(ctx context.Context, tx *store.Tx) (store.Activity, error) { return tx.Activity(ctx, 7, 70) }), run)
}
