package store

import (
	"context"
	"time"

	"musette"
)

func partStateFrom(r *record) musette.PartState {
	return musette.PartState{
		AthleteID: r.int(), ActivityID: r.int(), Part: musette.Part(r.text()),
		Due: r.time(), Class: musette.Class(r.num()), Start: r.time(), Outcome: musette.Outcome(r.text()),
		FirstSeen: r.time(), FirstWalk: r.bool(), LastTry: r.time(), LastSuccess: r.time(),
		Tries: r.num(), Failures: r.num(), Rechecks: r.num(), Wanted: r.int(), Contradicted: r.time(), NotFound: r.time(),
		ErrorKind: r.text(), Error: r.text(),
	}
}

// partStateValues makes the row, ready already if it is due.
func partStateValues(p musette.PartState, now time.Time) values {
	due := !p.Due.IsZero() && !p.Due.After(now)
	return values{
		p.AthleteID, p.ActivityID, string(p.Part), ms(p.Due), int64(p.Class), ms(p.Start), string(p.Outcome),
		ms(p.FirstSeen), flag(p.FirstWalk), ms(p.LastTry), ms(p.LastSuccess), int64(p.Tries), int64(p.Failures), int64(p.Rechecks),
		p.Wanted, ms(p.Contradicted), ms(p.NotFound), p.ErrorKind, p.Error, flag(due),
	}
}

// PartStates returns what is known about fetching an activity's parts; activity 0 has the listings and the athlete
// part. Damaged rows are left out and returned as joined [DamageError]s beside the good ones.
func (tx *Tx) PartStates(ctx context.Context, athleteID, activityID int64) ([]musette.PartState, error) {
	rows, err := tx.records(ctx, tPartStates, " WHERE athlete_id = $1 AND activity_id = $2 ORDER BY part", athleteID, activityID)
	return collect(rows, err, partStateFrom)
}

// PartStatesOf is PartStates for some of an athlete's activities, by id: a few statements, however many they are.
func (tx *Tx) PartStatesOf(ctx context.Context, athleteID int64, ids []int64) (map[int64][]musette.PartState, error) {
	states, err := collectOf(ctx, tx, tPartStates, athleteID, ids, partStateFrom)
	of := make(map[int64][]musette.PartState, len(ids))
	for _, p := range states {
		of[p.ActivityID] = append(of[p.ActivityID], p)
	}
	return of, err
}

const (
	dueFromSQL   = " WHERE ready IN (0, 1) AND due_at_ms <> 0 AND due_at_ms > $1"
	datedFromSQL = ` WHERE due_at_ms > $1 OR last_try_ms > $1 OR last_success_ms > $1 OR first_seen_ms > $1
		OR contradicted_ms > $1 OR not_found_ms > $1`
)

// DueFrom returns everybody's states that are due after a time, by index, in no order. Damaged rows are left out and
// returned as joined [DamageError]s beside the good ones.
func (tx *Tx) DueFrom(ctx context.Context, after time.Time) ([]musette.PartState, error) {
	rows, err := tx.records(ctx, tPartStates, dueFromSQL, ms(after))
	return collect(rows, err, partStateFrom)
}

// DatedFrom is DueFrom for all states with any time after that one. It looks at every row.
func (tx *Tx) DatedFrom(ctx context.Context, after time.Time) ([]musette.PartState, error) {
	rows, err := tx.records(ctx, tPartStates, datedFromSQL, ms(after))
	return collect(rows, err, partStateFrom)
}

// Lists returns the states of all athletes' listings and athlete parts, by athlete. Damaged rows are left out and returned
// as joined [DamageError]s beside the good ones.
func (tx *Tx) Lists(ctx context.Context) ([]musette.PartState, error) {
	rows, err := tx.records(ctx, tPartStates, listsSQL)
	return collect(rows, err, partStateFrom)
}

// PutPartState writes states, new or known. Of several with one key the last counts.
func (tx *Tx) PutPartState(ctx context.Context, states ...musette.PartState) error {
	now := tx.s.now()
	rows := make([]values, len(states))
	for i, p := range states {
		rows[i] = partStateValues(p, now)
	}
	return tx.putMany(ctx, tPartStates, rows)
}

// DeletePartState removes states; those that aren't there are no error.
func (tx *Tx) DeletePartState(ctx context.Context, keys ...musette.Key) error {
	for _, k := range keys {
		if _, err := tx.remove(ctx, tPartStates, k.AthleteID, k.ActivityID, escapeText(string(k.Part))); err != nil {
			return err
		}
	}
	return nil
}

const (
	listsSQL       = " WHERE activity_id < 1 ORDER BY athlete_id, part"
	lastErrorsSQL  = " WHERE error_kind <> '' ORDER BY last_try_ms DESC LIMIT $1"
	quarantinedSQL = " WHERE error_kind <> '' AND outcome = 'quarantined' ORDER BY last_try_ms DESC LIMIT $1"
)

// LastErrors returns the newest failed tries, at most limit.
func (tx *Tx) LastErrors(ctx context.Context, limit int) ([]musette.LastError, error) {
	return tx.errorsOf(ctx, lastErrorsSQL, limit)
}

// Quarantined returns the parts that are set aside because what comes for them can't be used, each with the reason,
// the newest tries first, at most limit.
func (tx *Tx) Quarantined(ctx context.Context, limit int) ([]musette.LastError, error) {
	return tx.errorsOf(ctx, quarantinedSQL, limit)
}

func (tx *Tx) errorsOf(ctx context.Context, where string, limit int) ([]musette.LastError, error) {
	rows, err := tx.records(ctx, tPartStates, where, int64(limit))
	states, err := collect(rows, err, partStateFrom)
	var found []musette.LastError
	for _, p := range states {
		found = append(found, musette.LastError{
			At: p.LastTry, AthleteID: p.AthleteID, ActivityID: p.ActivityID, Part: p.Part, Kind: p.ErrorKind, Message: p.Error,
		})
	}
	return found, err
}
