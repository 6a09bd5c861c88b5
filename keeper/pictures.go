package keeper

import (
	"context"

	"musette"
	"musette/store"
)

// followPictures has pictures fetched until ctx ends.
func (k *Keeper) followPictures(ctx context.Context) {
	if err := k.Pictures(ctx, true, func() { k.pictured.Store(true) }); err != nil && ctx.Err() == nil {
		k.Log.Error("pictures are not fetched any more until the next start", "error", err)
	}
}

// fetchPictures has the pictures fetched that are due, at the end of a sync. That some can't be kept stops nothing else.
func (k *Keeper) fetchPictures(ctx context.Context, tell func() error) error {
	if k.Pictures == nil || k.last.State == musette.StateOffline {
		return nil
	}
	told := k.Now()
	err := k.Pictures(ctx, false, func() {
		k.changed = true
		if tell != nil && k.Now().Sub(told) >= progressEvery {
			told = k.Now()
			_ = tell() // the status can be read again at the end, or that says why not
		}
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		k.Log.Error("pictures can't be kept", "error", err)
	}
	return nil
}

// Offline reports whether Strava can't be reached at all, by what the store says.
func Offline(ctx context.Context, st *store.Store) bool {
	var g gate
	err := st.View(ctx, func(tx *store.Tx) (err error) {
		g, err = readGate(ctx, tx)
		return err
	})
	return err == nil && g.State == musette.StateOffline
}

// readPictures counts what is kept of photos: of each athlete, and of all.
func readPictures(ctx context.Context, tx *store.Tx, athletes []musette.Athlete) (all musette.PictureCount, err error) {
	counts, err := tx.PictureCounts(ctx)
	for i := range athletes {
		n := counts[athletes[i].ID]
		athletes[i].Pictures = musette.PictureCount{Kept: n[store.PictureKept], Due: n[store.PictureDue], Failed: n[store.PictureFailed]}
	}
	for _, n := range counts {
		all.Kept, all.Due, all.Failed = all.Kept+n[store.PictureKept], all.Due+n[store.PictureDue], all.Failed+n[store.PictureFailed]
	}
	return all, err
}
