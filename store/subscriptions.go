package store

import (
	"context"
	"encoding/hex"
	"time"
)

// A Subscription is an address to which Strava is asked to send events. What makes the address unguessable, and what
// Strava says when it looks whether anybody is there, are kept as hashes only: nothing here opens anything.
type Subscription struct {
	ID         int64    // Strava's; 0 while it is being made
	SecretHash [32]byte // SHA-256 of the last part of the address
	TokenHash  [32]byte // SHA-256 of the verify token
	PublicURL  string   // the address before /webhook/
	CreatedAt  time.Time
}

// Subscriptions returns all subscriptions, the oldest first. Damaged rows are left out and returned as joined
// [DamageError]s beside the good ones.
func (tx *Tx) Subscriptions(ctx context.Context) ([]Subscription, error) {
	rows, err := tx.records(ctx, tSubscriptions, " ORDER BY created_at_ms, secret_hash")
	return collect(rows, err, func(r *record) Subscription {
		s := Subscription{}
		_, _ = hex.Decode(s.SecretHash[:], []byte(r.text())) // the row's checksum is right, so this is hex
		s.ID, s.TokenHash, s.PublicURL, s.CreatedAt = r.int(), r.hash(), r.text(), r.time()
		return s
	})
}

// PutSubscription writes a subscription, new or known by the hash of its secret.
func (tx *Tx) PutSubscription(ctx context.Context, s Subscription) error {
	return tx.put(ctx, tSubscriptions, values{
		hex.EncodeToString(s.SecretHash[:]), s.ID, s.TokenHash[:], s.PublicURL, ms(s.CreatedAt),
	})
}

// DeleteSubscription removes the subscription with the hash of a secret.
func (tx *Tx) DeleteSubscription(ctx context.Context, secretHash [32]byte) error {
	_, err := tx.remove(ctx, tSubscriptions, hex.EncodeToString(secretHash[:]))
	return err
}

// HasAthlete reports whether an athlete's activities are mirrored here.
func (tx *Tx) HasAthlete(ctx context.Context, id int64) (bool, error) {
	r, err := tx.one(ctx, tAthletes, id)
	return r != nil, err
}
