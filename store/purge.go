package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"musette"
)

// GoneBefore returns tombstones set up before a time, the oldest first, at most limit, without the first few that the
// caller has passed over. (Their keys name no part.)
func (tx *Tx) GoneBefore(ctx context.Context, before time.Time, passed, limit int) ([]musette.Key, error) {
	const stmt = `SELECT athlete_id, activity_id FROM {activities}
		WHERE gone_at_ms <> 0 AND gone_at_ms < $1 AND status = 'gone' ORDER BY gone_at_ms, activity_id, athlete_id LIMIT $2 OFFSET $3`
	var keys []musette.Key
	err := tx.query(ctx, "looking for old tombstones", stmt, []any{ms(before), int64(limit), int64(passed)}, func(rows *sql.Rows) error {
		var k musette.Key
		err := rows.Scan(&k.AthleteID, &k.ActivityID)
		keys = append(keys, k)
		return err
	})
	return keys, err
}

// Purge removes a tombstone with all that belonged to it: documents, older ones too, and what is known about fetching
// them. Only its number in the changes stays, so that whoever follows them still learns of it. An activity that is no
// tombstone is an error, and so is one whose row is damaged: who knows what it was.
func (tx *Tx) Purge(ctx context.Context, athleteID, activityID int64) error {
	a, err := tx.Activity(ctx, athleteID, activityID)
	if err != nil {
		return err
	}
	if a.Status != StatusGone {
		return fmt.Errorf("store: purging activity %d: it isn't gone", activityID)
	}
	return tx.removeActivity(ctx, athleteID, activityID, tDocuments, tHistory, tPartStates, tPictures, tDeletions, tHides, tActivities)
}

// removeActivity removes an activity's rows from some tables.
func (tx *Tx) removeActivity(ctx context.Context, athleteID, activityID int64, from ...*table) error {
	for _, t := range from {
		rows, err := tx.records(ctx, t, " WHERE athlete_id = $1 AND activity_id = $2", athleteID, activityID)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if _, err := tx.remove(ctx, t, r.v[:t.keys]...); err != nil {
				return err
			}
		}
	}
	return nil
}
