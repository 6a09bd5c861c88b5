package store

import "context"

// A Position is how far the changes go.
type Position struct {
	Epoch  string // another one after a restore: numbers of before mean nothing
	Seq    int64  // the newest change
	Oldest int64  // a follower that is behind this one must start anew
}

// The kinds of a change.
const (
	ChangePut  = "put"
	ChangeGone = "gone"
)

// A Change is the newest change of one activity. ActivityID 0 is what holds for all of an athlete's activities (of
// everybody's with AthleteID 0), such as a zone.
type Change struct {
	Seq                   int64
	AthleteID, ActivityID int64
	Kind                  string // ChangePut or ChangeGone
}

// Position returns where the changes stand.
func (tx *Tx) Position(ctx context.Context) (Position, error) {
	m, err := tx.readMeta(ctx)
	if err != nil {
		return Position{}, err
	}
	return Position{Epoch: m.epoch, Seq: m.seq, Oldest: m.oldest}, nil
}

const changesSQL = " WHERE seq > $1 ORDER BY seq LIMIT $2"

// Changes returns, oldest first, at most limit changes with numbers above since. Of an activity that changed several
// times only the last is known.
func (tx *Tx) Changes(ctx context.Context, since int64, limit int) ([]Change, error) {
	rows, err := tx.records(ctx, tChanges, changesSQL, since, int64(limit))
	return collect(rows, err, func(r *record) Change {
		c := Change{AthleteID: r.int(), ActivityID: r.int()}
		c.Seq, c.Kind = r.int(), r.text()
		return c
	})
}
