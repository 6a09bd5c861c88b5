package store

import (
	"context"
	"time"

	"musette"
)

// A Grant is an athlete's permission, its tokens sealed.
type Grant struct {
	ID        string // random
	AthleteID int64  // 0 until the first call told it
	Sealed    []byte
	Previous  []byte // the pair before, kept until the new one has worked
	Scopes    []string
	TakenIn   string // hex SHA-256 of the environment's token it came from
	State     musette.State
	Cause     string
	UpdatedAt time.Time
}

// Grants returns all grants, by id.
func (tx *Tx) Grants(ctx context.Context) ([]Grant, error) {
	rows, err := tx.records(ctx, tGrants, " ORDER BY grant_id")
	return collect(rows, err, func(r *record) Grant {
		return Grant{
			ID: r.text(), AthleteID: r.int(), Sealed: r.blob(), Previous: r.blob(), Scopes: r.list(), TakenIn: r.text(),
			State: musette.State(r.text()), Cause: r.text(), UpdatedAt: r.time(),
		}
	})
}

// PutGrant writes a grant, new or known. Scopes have no spaces.
func (tx *Tx) PutGrant(ctx context.Context, g Grant) error {
	return tx.put(ctx, tGrants, values{
		g.ID, g.AthleteID, g.Sealed, g.Previous, join(g.Scopes), g.TakenIn, string(g.State), g.Cause, ms(g.UpdatedAt),
	})
}

// DeleteGrant removes a grant.
func (tx *Tx) DeleteGrant(ctx context.Context, id string) error {
	_, err := tx.remove(ctx, tGrants, escapeText(id))
	return err
}
