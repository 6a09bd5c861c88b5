package keeper_test

import (
	"context"
	"testing"
	"time"

	"musette/store"
	"musette/strava/stravatest"
)

// A whole batch of tombstones that are damaged doesn't keep those behind it.
func TestTidyingGoesPastDamage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 5, Activities: 50, Limits: plenty}, onlyLists)
	h.run(noon.Add(time.Hour))
	all := h.server.Activities(h.athlete())[:45]
	long := h.clock.Now().Add(-90 * 24 * time.Hour)
	h.must(h.store.Update(t.Context(), nil, func(tx *store.Tx) error {
		for i, a := range all {
			row, err := tx.Activity(t.Context(), h.athlete(), a.ID)
			if err != nil {
				return err
			}
			row.Status, row.GoneAt = store.StatusGone, long.Add(time.Duration(i)*time.Minute)
			if _, err := tx.PutActivity(t.Context(), row); err != nil {
				return err
			}
			h.server.Delete(a.ID)
		}
		return nil
	}))
	h.damage("UPDATE activities SET sum = sum + 1 WHERE activity_id IN (SELECT activity_id FROM activities WHERE gone_at_ms <> 0 ORDER BY gone_at_ms LIMIT 41)")
	h.later(25 * time.Hour)
	left := 0
	h.view(func(ctx context.Context, tx *store.Tx) error {
		for {
			keys, err := tx.GoneBefore(ctx, h.clock.Now(), left, 10)
			if left += len(keys); err != nil || len(keys) == 0 {
				return err
			}
		}
	})
	if left != 41 {
		t.Errorf("%d tombstones are left, want the 41 that are damaged", left)
	}
}
