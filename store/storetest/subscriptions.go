package storetest

import (
	"context"
	"errors"
	"testing"

	"musette/store"
)

func testSubscriptions(t *testing.T, b *bench) {
	made := store.Subscription{
		ID: 1<<53 + 1, SecretHash: [32]byte{0xff, 1}, TokenHash: [32]byte{2}, PublicURL: "https://feed.example/\x00", CreatedAt: at(1),
	}
	pending := store.Subscription{SecretHash: [32]byte{3}, CreatedAt: at(2)}
	b.update(func(ctx context.Context, tx *store.Tx) error {
		before := made
		before.ID = 0
		return errors.Join(tx.PutSubscription(ctx, pending), tx.PutSubscription(ctx, before), tx.PutSubscription(ctx, made),
			tx.PutSubscription(ctx, store.Subscription{SecretHash: [32]byte{4}}), tx.DeleteSubscription(ctx, [32]byte{4}))
	})
	got := read(b, func(ctx context.Context, tx *store.Tx) ([]store.Subscription, error) { return tx.Subscriptions(ctx) })
	equal(t, "subscriptions", got, []store.Subscription{made, pending})
	b.view(func(ctx context.Context, tx *store.Tx) error {
		here, err := tx.HasAthlete(ctx, 1)
		nobody, e := tx.HasAthlete(ctx, 424242)
		if !here || nobody {
			t.Errorf("athlete 1 here: %t, athlete 424242: %t", here, nobody)
		}
		return errors.Join(err, e)
	})
}
