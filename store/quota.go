package store

import (
	"context"
	"errors"
)

// Quota returns the ledger of calls and its version; nil and 0 if none was put yet.
func (tx *Tx) Quota(ctx context.Context) (body []byte, version int64, err error) {
	r, err := tx.one(ctx, tQuota, int64(1))
	if err != nil || r == nil {
		return nil, 0, err
	}
	if bad := r.damage(); bad != nil {
		return nil, 0, bad
	}
	r.int()
	version = r.int()
	return r.blob(), version, nil
}

// PutQuota writes the ledger if what is stored still has the version that was read (0: none yet), and reports whether
// it did. The stored version becomes version+1. A damaged ledger can be written over at any version.
func (tx *Tx) PutQuota(ctx context.Context, body []byte, version int64) (ok bool, err error) {
	_, stored, err := tx.Quota(ctx)
	if err != nil && !errors.Is(err, ErrCorrupt) {
		return false, err
	}
	if err == nil && stored != version {
		return false, nil
	}
	return true, tx.put(ctx, tQuota, values{int64(1), version + 1, body})
}
