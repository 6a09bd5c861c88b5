package web

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"musette/store"
)

// InvitePath is where an invite leads; its code follows.
const InvitePath = "/connect?invite="

// NewInvite makes a code with which one athlete connects, until it expires. The link is the server's address with
// [InvitePath] and the code. The code is returned, and its hash kept; the row's id takes it back.
func NewInvite(ctx context.Context, st *store.Store, name string, now, expires time.Time) (code string, row store.AccessKey, err error) {
	code = secret(24)
	row = store.AccessKey{
		ID: newID(), Kind: store.InviteKind, Name: name, Hash: HashKey(code), CreatedAt: now, ExpiresAt: expires,
	}
	err = st.Update(ctx, nil, func(tx *store.Tx) error {
		return errors.Join(sweep(ctx, tx, now), tx.PutKey(ctx, row))
	})
	if err != nil {
		return "", row, fmt.Errorf("keeping the invite: %w", err)
	}
	return code, row, nil
}

// Invites returns the invites that are still good, the oldest first.
func Invites(ctx context.Context, st *store.Store, now time.Time) (open []store.AccessKey, err error) {
	err = st.View(ctx, func(tx *store.Tx) error {
		open, err = tx.Keys(ctx)
		return err
	})
	open = slices.DeleteFunc(open, func(k store.AccessKey) bool { return k.Kind != store.InviteKind || k.Expired(now) })
	slices.SortFunc(open, func(a, b store.AccessKey) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return open, err
}

// RevokeInvite takes an invite back, by its id; [store.ErrNotFound] if there is none.
func RevokeInvite(ctx context.Context, st *store.Store, id string, now time.Time) error {
	return st.Update(ctx, nil, func(tx *store.Tx) error {
		keys, err := tx.Keys(ctx)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if k.ID == id && k.Kind == store.InviteKind && !k.Expired(now) {
				return tx.DeleteKey(ctx, id)
			}
		}
		return store.ErrNotFound
	})
}
