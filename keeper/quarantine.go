package keeper

import (
	"context"
	"slices"

	"musette"
	"musette/store"
)

// readErrors returns the newest failures, newest first. Those that set a part aside are among them, however old:
// nobody else says why; and so are our own.
func readErrors(ctx context.Context, tx *store.Tx, own []musette.LastError) ([]musette.LastError, error) {
	list, err := tx.LastErrors(ctx, lastErrors)
	if sound(err) != nil {
		return nil, err
	}
	aside, err := tx.Quarantined(ctx, lastErrors/2)
	if sound(err) != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(e musette.LastError) bool { return slices.Contains(aside, e) })
	list = slices.Concat(list[:min(len(list), lastErrors-len(aside)-len(own))], aside, own)
	slices.SortStableFunc(list, func(a, b musette.LastError) int { return b.At.Compare(a.At) })
	return list, nil
}

// Quarantined returns the parts that are set aside because what Strava sends for them can't be used, with the reasons:
// the newest tries, at most limit.
func Quarantined(ctx context.Context, st *store.Store, limit int) (list []musette.LastError, err error) {
	err = st.View(ctx, func(tx *store.Tx) error {
		list, err = tx.Quarantined(ctx, limit)
		return sound(err)
	})
	return list, err
}
