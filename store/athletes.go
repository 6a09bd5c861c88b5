package store

import (
	"context"
	"time"

	"musette"
)

// An Athlete is one whose activities are mirrored.
type Athlete struct {
	ID        int64
	Name      string
	FirstSeen time.Time
	ListedAt  time.Time // when the list of activities was last known to be complete
	State     musette.State
	Cause     string // of the state, in plain words
}

// Athletes returns all athletes, by id. Damaged rows are left out and returned as joined [DamageError]s beside the
// good ones.
func (tx *Tx) Athletes(ctx context.Context) ([]Athlete, error) {
	rows, err := tx.records(ctx, tAthletes, " ORDER BY athlete_id")
	return collect(rows, err, func(r *record) Athlete {
		return Athlete{
			ID: r.int(), Name: r.text(), FirstSeen: r.time(), ListedAt: r.time(),
			State: musette.State(r.text()), Cause: r.text(),
		}
	})
}

// PutAthlete writes an athlete, new or known.
func (tx *Tx) PutAthlete(ctx context.Context, a Athlete) error {
	return tx.put(ctx, tAthletes, values{a.ID, a.Name, ms(a.FirstSeen), ms(a.ListedAt), string(a.State), a.Cause})
}

// Cursor returns what was kept under a name for an athlete (0: for none in particular), nil if nothing.
func (tx *Tx) Cursor(ctx context.Context, athleteID int64, name string) ([]byte, error) {
	r, err := tx.one(ctx, tCursors, athleteID, escapeText(name))
	if err != nil || r == nil {
		return nil, err
	}
	if bad := r.damage(); bad != nil {
		return nil, bad
	}
	return append([]byte{}, r.v[2].([]byte)...), nil // an empty one is not nil
}

// Cursors returns what is kept under a name for each athlete. Damaged rows are left out and returned as joined
// [DamageError]s beside the good ones.
func (tx *Tx) Cursors(ctx context.Context, name string) (map[int64][]byte, error) {
	type cursor struct {
		athleteID int64
		body      []byte
	}
	rows, err := tx.records(ctx, tCursors, " WHERE name = $1", escapeText(name))
	list, err := collect(rows, err, func(r *record) cursor {
		id, _ := r.int(), r.text()
		return cursor{id, r.blob()}
	})
	bodies := make(map[int64][]byte, len(list))
	for _, c := range list {
		bodies[c.athleteID] = c.body
	}
	return bodies, err
}

// PutCursor keeps a body under a name; nil deletes it.
func (tx *Tx) PutCursor(ctx context.Context, athleteID int64, name string, body []byte) error {
	if body == nil {
		_, err := tx.remove(ctx, tCursors, athleteID, escapeText(name))
		return err
	}
	return tx.put(ctx, tCursors, values{athleteID, name, body})
}

// Setting returns a setting's value, "" if it was never put.
func (tx *Tx) Setting(ctx context.Context, name string) (string, error) {
	r, err := tx.one(ctx, tSettings, escapeText(name))
	if err != nil || r == nil {
		return "", err
	}
	if bad := r.damage(); bad != nil {
		return "", bad
	}
	r.text()
	return r.text(), nil
}

// PutSetting writes a setting.
func (tx *Tx) PutSetting(ctx context.Context, name, value string) error {
	return tx.put(ctx, tSettings, values{name, value})
}
