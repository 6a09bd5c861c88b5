package token

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"musette/store"
	"musette/strava"
)

// A renewal is a new pair on its way into the store.
type renewal struct {
	before []byte // the row's sealed pair when Strava was asked
	used   []byte // the sealed pair that got the new one; it becomes the previous
	pair   pair
	sealed []byte
}

// keep writes down what Strava answered, and only then returns it.
func (t *Tokens) keep(row store.Grant, used candidate, p pair) (strava.Secret, error) {
	sealed, err := t.seals.sealPair(row.ID, p)
	if err != nil {
		return "", err
	}
	r := &renewal{before: row.Sealed, used: used.sealed, pair: p, sealed: sealed}
	kept, err := t.save(row.ID, r)
	if err != nil {
		if !errors.Is(err, store.ErrNotFound) {
			t.mu.Lock()
			t.unsaved[row.ID] = r
			t.mu.Unlock()
		}
		return "", fmt.Errorf("keep the new tokens of grant %s: %w", row.ID, err)
	}
	t.mu.Lock()
	delete(t.refused, row.ID)
	t.mu.Unlock()
	t.log.Info("tokens refreshed", "grant", row.ID, "athlete", row.AthleteID,
		"expires_at", kept.ExpiresAt, "rotated", p.Refresh != used.Refresh)
	return kept.Access, nil
}

// save writes a renewal to the file, then the store, and returns the pair that
// is stored now. The row decides by what it holds, not by the lease: a process
// that slept too long still has the only living pair if nobody else got one.
func (t *Tokens) save(grantID string, r *renewal) (pair, error) {
	fileErr := t.copies.write(grantID, r.sealed)
	ctx, cancel := context.WithTimeout(context.Background(), writeLimit)
	defer cancel()
	kept, sealed := r.pair, r.sealed
	err := t.store.Update(ctx, nil, func(tx *store.Tx) error {
		kept, sealed = r.pair, r.sealed
		row, err := grantOf(ctx, tx, grantID)
		if err != nil {
			return err
		}
		if !bytes.Equal(row.Sealed, r.before) {
			other, err := t.seals.openPair(grantID, row.Sealed)
			if err == nil && !other.ObtainedAt.Before(r.pair.ObtainedAt) {
				kept, sealed = other, row.Sealed
				return nil
			}
		}
		row.Sealed, row.Previous, row.UpdatedAt = r.sealed, r.used, t.now()
		t.judge(&row)
		return tx.PutGrant(ctx, row)
	})
	if errors.Is(err, store.ErrNotFound) { // the athlete left meanwhile
		return pair{}, errors.Join(err, t.copies.remove(grantID))
	}
	if err != nil {
		return pair{}, errors.Join(err, fileErr)
	}
	if !bytes.Equal(sealed, r.sealed) {
		fileErr = t.copies.write(grantID, sealed)
	}
	t.warnCopy(grantID, fileErr)
	return kept, nil
}

// saveUnsaved writes the pair that the store would not take before, if there
// is one: no other call may be made until then.
func (t *Tokens) saveUnsaved(grantID string) error {
	t.mu.Lock()
	r, ok := t.unsaved[grantID]
	t.mu.Unlock()
	if !ok {
		return nil
	}
	_, err := t.save(grantID, r)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("keep the new tokens of grant %s: %w", grantID, err)
	}
	t.mu.Lock()
	delete(t.unsaved, grantID)
	t.mu.Unlock()
	return err
}
