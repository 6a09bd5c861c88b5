package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"musette"
)

// Unconfirmed returns activities (0: the athlete part) with documents from a source that were last confirmed before a
// time: by athlete and activity, those after a key, at most limit. (Their keys name no part.)
func (tx *Tx) Unconfirmed(ctx context.Context, source musette.Source, before time.Time, after musette.Key, limit int) ([]musette.Key, error) {
	const stmt = `SELECT DISTINCT athlete_id, activity_id FROM {documents}
		WHERE source = $1 AND confirmed_at_ms < $2 AND (athlete_id, activity_id) > ($3, $4)
		ORDER BY athlete_id, activity_id LIMIT $5`
	var keys []musette.Key
	args := []any{escapeText(string(source)), ms(before), after.AthleteID, after.ActivityID, int64(limit)}
	err := tx.query(ctx, "looking for what wasn't confirmed", stmt, args, func(rows *sql.Rows) error {
		var k musette.Key
		err := rows.Scan(&k.AthleteID, &k.ActivityID)
		keys = append(keys, k)
		return err
	})
	return keys, err
}

// DropDocument removes a part's document, and those from the same source that it once replaced.
func (tx *Tx) DropDocument(ctx context.Context, key musette.Key, source musette.Source) error {
	_, err := tx.remove(ctx, tDocuments, key.AthleteID, key.ActivityID, escapeText(string(key.Part)))
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, "deleting old documents",
		"DELETE FROM {document_history} WHERE athlete_id = $1 AND activity_id = $2 AND part = $3 AND source = $4",
		key.AthleteID, key.ActivityID, escapeText(string(key.Part)), escapeText(string(source)))
	return err
}

// PruneUnconfirmed deletes replaced documents from a source that were last confirmed before a time.
func (tx *Tx) PruneUnconfirmed(ctx context.Context, source musette.Source, before time.Time) error {
	_, err := tx.exec(ctx, "deleting old documents", "DELETE FROM {document_history} WHERE source = $1 AND confirmed_at_ms < $2",
		escapeText(string(source)), ms(before))
	return err
}

// DropActivity removes an activity of which no document is left, with all that is known of it but what its owner has
// hidden: should Strava list it again, it is new, and hidden as before. Its number in the changes stays, as gone.
func (tx *Tx) DropActivity(ctx context.Context, athleteID, activityID int64) error {
	a, err := tx.Activity(ctx, athleteID, activityID)
	_, damaged := errors.AsType[*DamageError](err)
	switch {
	case err == nil && a.Status != StatusGone:
		a.Status = StatusGone
		if _, err := tx.PutActivity(ctx, a); err != nil {
			return err
		}
	case err != nil && !damaged && !errors.Is(err, ErrNotFound):
		return err
	}
	return tx.removeActivity(ctx, athleteID, activityID, tDocuments, tHistory, tPartStates, tDeletions, tActivities)
}
