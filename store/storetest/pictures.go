package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"musette/store"
)

const aHash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" // of "test"

func testPictures(t *testing.T, b *bench) {
	kept := store.Picture{
		AthleteID: 7, ActivityID: 1<<53 + 1, PhotoID: "B\x00\xff", URL: "https://pictures.example/1.jpg?a=<b>", AskedPX: 5000, Outcome: store.PictureKept,
		SHA256: aHash, Type: "image/jpeg", Width: 2048, Height: 1536, Bytes: 1 << 33, Forms: []store.PictureForm{{Size: 480, Width: 480, Height: 360, Bytes: 9, SHA256: "ab"}},
		TriedAt: at(1), Failures: 2, Reason: "gone <\n>", KeptAt: at(2), DroppedAt: at(3),
	}
	due := store.Picture{AthleteID: 7, ActivityID: 1<<53 + 1, PhotoID: "A", URL: "u", Outcome: store.PictureDue, Due: at(5)}
	failed := store.Picture{AthleteID: 8, ActivityID: 3, PhotoID: "C", Outcome: store.PictureFailed, Made: true, Due: at(4)}
	b.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.PutActivity(ctx, store.Activity{AthleteID: 7, ID: kept.ActivityID, Status: store.StatusLive, View: []byte("{}")})
		return errors.Join(err, tx.PutPicture(ctx, kept), tx.PutPicture(ctx, due), tx.PutPicture(ctx, failed))
	})
	list := func(fn func(context.Context, *store.Tx) ([]store.Picture, error)) []store.Picture { return read(b, fn) }
	equal(t, "of an athlete", list(func(ctx context.Context, tx *store.Tx) ([]store.Picture, error) { return tx.Pictures(ctx, 7, 0) }), []store.Picture{due, kept})
	equal(t, "of an activity", list(func(ctx context.Context, tx *store.Tx) ([]store.Picture, error) { return tx.Pictures(ctx, 8, 3) }), []store.Picture{failed})
	for minute, want := range map[int][]store.Picture{3: nil, 4: {failed}, 9: {failed, due}} {
		equal(t, "due", list(func(ctx context.Context, tx *store.Tx) ([]store.Picture, error) {
			return tx.PicturesDue(ctx, at(minute), 9)
		}), want)
	}
	equal(t, "to be made", list(func(ctx context.Context, tx *store.Tx) ([]store.Picture, error) { return tx.PicturesUnmade(ctx, 9) }), []store.Picture{kept})
	equal(t, "dropped", list(func(ctx context.Context, tx *store.Tx) ([]store.Picture, error) {
		return tx.PicturesDropped(ctx, at(4), 9)
	}), []store.Picture{kept})
	equal(t, "not dropped yet", list(func(ctx context.Context, tx *store.Tx) ([]store.Picture, error) {
		return tx.PicturesDropped(ctx, at(3), 9)
	}), nil)
	counts := read(b, func(ctx context.Context, tx *store.Tx) (map[int64]map[string]int, error) {
		return tx.PictureCounts(ctx)
	})
	equal(t, "counts", counts, map[int64]map[string]int{7: {store.PictureDue: 1, store.PictureKept: 1}, 8: {store.PictureFailed: 1}})

	// One that readers see is a change of its activity; of an activity that isn't here there is nothing to see.
	before := read(b, func(ctx context.Context, tx *store.Tx) (store.Position, error) { return tx.Position(ctx) })
	b.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutPictureShown(ctx, due) })
	after := read(b, func(ctx context.Context, tx *store.Tx) ([]store.Change, error) { return tx.Changes(ctx, before.Seq, 9) })
	if len(after) != 1 || after[0].ActivityID != due.ActivityID {
		t.Errorf("changes %+v", after)
	}
	err := b.Update(t.Context(), nil, func(tx *store.Tx) error { return tx.PutPictureShown(t.Context(), failed) })
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a picture of nothing: %v", err)
	}
	b.update(func(ctx context.Context, tx *store.Tx) error { return tx.DropPicture(ctx, kept) })
	equal(t, "what is left", list(func(ctx context.Context, tx *store.Tx) ([]store.Picture, error) { return tx.Pictures(ctx, 7, 0) }), []store.Picture{due})
}

func testPictureFiles(t *testing.T, b *bench) {
	b.update(func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.PutPictureFile(ctx, 7, aHash, []byte("test")), tx.PutPictureFile(ctx, 7, aHash, []byte("test")), tx.PutPictureFile(ctx, 8, "other", []byte("x")))
	})
	body := read(b, func(ctx context.Context, tx *store.Tx) ([]byte, error) { return tx.PictureFile(ctx, 7, aHash) })
	equal(t, "bytes", string(body), "test")
	files := read(b, func(ctx context.Context, tx *store.Tx) (map[string]time.Time, error) { return tx.PictureFiles(ctx, 7) })
	if len(files) != 1 || files[aHash].IsZero() {
		t.Errorf("files %v", files)
	}
	for sha, want := range map[string]error{"none": store.ErrNotFound, "other": store.ErrCorrupt} {
		err := b.View(t.Context(), func(tx *store.Tx) error {
			_, err := tx.PictureFile(t.Context(), 8, sha)
			return err
		})
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", sha, err, want)
		}
	}
	b.update(func(ctx context.Context, tx *store.Tx) error { return tx.DropPictureFile(ctx, 7, aHash) })
	if files := read(b, func(ctx context.Context, tx *store.Tx) (map[string]time.Time, error) { return tx.PictureFiles(ctx, 7) }); len(files) != 0 {
		t.Errorf("files %v", files)
	}
}
