package store

import (
	"context"
	"time"

	"musette"
)

// The decisions on a deletion.
const (
	DeletionWaits    = ""         // for a person
	DeletionAccepted = "accepted" // Strava may be asked whether it is so
	DeletionRejected = "rejected" // the activity is kept, whatever Strava says
)

// A Deletion is an activity that a listing lacked, or that was said to be deleted, together with so many others that a
// person is to decide.
type Deletion struct {
	AthleteID, ActivityID int64
	FoundAt               time.Time    // when a listing first lacked it
	Listing               musette.Part // that listing; "" if it wasn't found by one
	From, To              time.Time    // the starts that it covered; zero: no end
	Decision              string       // DeletionWaits, DeletionAccepted or DeletionRejected
	DecidedAt             time.Time
}

// Deletions returns an athlete's deletions by activity; with 0 everybody's. Damaged rows are left out and returned as
// joined [DamageError]s beside the good ones.
func (tx *Tx) Deletions(ctx context.Context, athleteID int64) ([]Deletion, error) {
	where, args := " ORDER BY athlete_id, activity_id", []any(nil)
	if athleteID != 0 {
		where, args = " WHERE athlete_id = $1"+where, []any{athleteID}
	}
	rows, err := tx.records(ctx, tDeletions, where, args...)
	return collect(rows, err, func(r *record) Deletion {
		return Deletion{
			AthleteID: r.int(), ActivityID: r.int(), FoundAt: r.time(), Listing: musette.Part(r.text()),
			From: r.time(), To: r.time(), Decision: r.text(), DecidedAt: r.time(),
		}
	})
}

// PutDeletions writes deletions, new or known.
func (tx *Tx) PutDeletions(ctx context.Context, list ...Deletion) error {
	rows := make([]values, len(list))
	for i, d := range list {
		rows[i] = values{
			d.AthleteID, d.ActivityID, ms(d.FoundAt), string(d.Listing), ms(d.From), ms(d.To), d.Decision, ms(d.DecidedAt),
		}
	}
	return tx.putMany(ctx, tDeletions, rows)
}

// DropDeletions removes deletions that there is nothing left to decide about; those that aren't there are no error.
func (tx *Tx) DropDeletions(ctx context.Context, athleteID int64, activityIDs ...int64) error {
	for _, id := range activityIDs {
		if _, err := tx.remove(ctx, tDeletions, athleteID, id); err != nil {
			return err
		}
	}
	return nil
}
