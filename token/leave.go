package token

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"musette/store"
	"musette/strava"
)

// RemoveCopies removes the sealed files of grants in a data directory, and returns how many there were. It is for the
// grants of athletes who have left, and may be repeated.
func RemoveCopies(dir string, grantIDs []string) (n int, err error) {
	c := copies{filepath.Join(dir, "tokens")}
	var errs []error
	for _, id := range grantIDs {
		path, err := c.path(id)
		if err != nil {
			continue // no file was ever written for it
		}
		if _, err := os.Lstat(path); err == nil {
			n++
		}
		if err := c.remove(id); err != nil {
			errs = append(errs, fmt.Errorf("remove the sealed copy of grant %s: %w", id, err))
		}
	}
	return n, errors.Join(errs...)
}

// Farewell opens the tokens of an athlete while they are still here, and returns what ends them at Strava: to be called
// when the rows are gone, so that the news of it finds nobody. It is nil if there is nothing to end, or nothing that
// opens.
func (t *Tokens) Farewell(ctx context.Context, athleteID int64) (end func(context.Context) error, err error) {
	var grants []store.Grant
	if err := t.store.View(ctx, func(tx *store.Tx) error {
		grants, err = goodGrants(ctx, tx)
		return err
	}); err != nil {
		return nil, fmt.Errorf("read the tokens: %w", err)
	}
	var tokens []strava.Secret
	for _, g := range grants {
		if g.AthleteID != athleteID {
			continue
		}
		p, failed := t.seals.openPair(g.ID, g.Sealed)
		if failed != nil {
			err = fmt.Errorf("open the tokens of athlete %d: %w", athleteID, failed)
			continue
		}
		tokens = append(tokens, p.Refresh)
	}
	if len(tokens) == 0 {
		return nil, err
	}
	return func(ctx context.Context) error {
		var errs []error
		for _, refresh := range tokens {
			if _, err := t.strava.Revoke(ctx, refresh); err != nil {
				errs = append(errs, fmt.Errorf("end the connection at Strava: %w", err))
			}
		}
		return errors.Join(errs...)
	}, nil
}
