package store

import (
	"context"
	"fmt"
	"time"
)

// The kinds of an access key.
const (
	KeyKind     = "key"     // a program's, named by a person
	SessionKind = "session" // a browser's
	CodeKind    = "code"    // signs in once
	InviteKind  = "invite"  // lets an athlete connect once
	AskedKind   = "asked"   // what Strava was asked, until its answer comes
)

// An AccessKey opens the API or the page. Only its hash is kept.
type AccessKey struct {
	ID        string
	Kind      string // one of the constants
	Name      string
	Hash      [32]byte
	Parent    [32]byte // the hash of the key that a session was opened with, and ends with; zero: none
	Scopes    []string
	AthleteID int64 // 0: all athletes, the operator's
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
	UsedAt    time.Time
	RevokedAt time.Time // zero: it is good
}

// Expired reports whether it is good no longer, by its age alone.
func (k AccessKey) Expired(now time.Time) bool {
	return !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt)
}

func keyFrom(r *record) AccessKey {
	return AccessKey{
		ID: r.text(), Kind: r.text(), Name: r.text(), Hash: r.hash(), Parent: r.hash(), Scopes: r.list(), AthleteID: r.int(),
		CreatedAt: r.time(), ExpiresAt: r.time(), UsedAt: r.time(), RevokedAt: r.time(),
	}
}

// Keys returns all access keys, by id.
func (tx *Tx) Keys(ctx context.Context) ([]AccessKey, error) {
	rows, err := tx.records(ctx, tKeys, " ORDER BY key_id")
	return collect(rows, err, keyFrom)
}

// KeyByHash returns the key with a hash, [ErrNotFound] if there is none. Whether it has expired or was revoked is for
// the caller to see.
func (tx *Tx) KeyByHash(ctx context.Context, hash [32]byte) (AccessKey, error) {
	rows, err := tx.records(ctx, tKeys, " WHERE hash = $1", hash[:])
	if err != nil {
		return AccessKey{}, err
	}
	if len(rows) == 0 {
		return AccessKey{}, fmt.Errorf("store: access key: %w", ErrNotFound)
	}
	if bad := rows[0].damage(); bad != nil {
		return AccessKey{}, bad
	}
	return keyFrom(rows[0]), nil
}

// PutKey writes a key, new or known.
func (tx *Tx) PutKey(ctx context.Context, k AccessKey) error {
	var parent []byte
	if k.Parent != [32]byte{} {
		parent = k.Parent[:]
	}
	return tx.put(ctx, tKeys, values{
		k.ID, k.Kind, k.Name, k.Hash[:], parent, join(k.Scopes), k.AthleteID,
		ms(k.CreatedAt), ms(k.ExpiresAt), ms(k.UsedAt), ms(k.RevokedAt),
	})
}

// Take takes what works once, a code or an invite say, by its kind and hash: it is deleted and returned. [ErrNotFound] if
// there is none, it has expired, was revoked, or is of another kind.
func (tx *Tx) Take(ctx context.Context, kind string, hash [32]byte, now time.Time) (AccessKey, error) {
	k, err := tx.KeyByHash(ctx, hash)
	if err != nil {
		return AccessKey{}, err
	}
	if k.Kind != kind || k.Expired(now) || !k.RevokedAt.IsZero() {
		return AccessKey{}, fmt.Errorf("store: one-time %s: %w", kind, ErrNotFound)
	}
	return k, tx.DeleteKey(ctx, k.ID)
}

// DeleteKey removes a key.
func (tx *Tx) DeleteKey(ctx context.Context, id string) error {
	_, err := tx.remove(ctx, tKeys, escapeText(id))
	return err
}
