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
	return collect(rows, err, grantFrom)
}

// Grant returns one grant, or [ErrNotFound].
func (tx *Tx) Grant(ctx context.Context, id string) (Grant, error) {
	rows, err := tx.records(ctx, tGrants, tGrants.stmts.byKey, escapeText(id))
	found, err := collect(rows, err, grantFrom)
	switch {
	case err != nil:
		return Grant{}, err
	case len(found) == 0:
		return Grant{}, ErrNotFound
	}
	return found[0], nil
}

func grantFrom(r *record) Grant {
	return Grant{
		ID: r.text(), AthleteID: r.int(), Sealed: r.blob(), Previous: r.blob(), Scopes: r.list(), TakenIn: r.text(),
		State: musette.State(r.text()), Cause: r.text(), UpdatedAt: r.time(),
	}
}

// PeopleStamp changes whenever anything about any grant or athlete does. Reading them all is dear where they are many
// and somebody has to know them before every call.
func (tx *Tx) PeopleStamp(ctx context.Context) (stamp [6]int64, err error) {
	const stmt = `SELECT g.n, g.high, g.low, a.n, a.high, a.low FROM
		(SELECT count(*) AS n, COALESCE(sum(sum / 4294967296), 0) AS high, COALESCE(sum(sum % 4294967296), 0) AS low FROM {grants}) g,
		(SELECT count(*) AS n, COALESCE(sum(sum / 4294967296), 0) AS high, COALESCE(sum(sum % 4294967296), 0) AS low FROM {athletes}) a`
	err = tx.scalar(ctx, "looking for new grants and athletes", stmt, nil,
		&stamp[0], &stamp[1], &stamp[2], &stamp[3], &stamp[4], &stamp[5])
	return stamp, err
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
