package store

import "context"

// PurgeAthlete removes all rows of an athlete who has left, their grants and what waits in the inbox about them
// included. Only the numbers of their activities in the changes stay, as gone, so that whoever follows them learns of
// it.
func (tx *Tx) PurgeAthlete(ctx context.Context, athleteID int64) error {
	activities, err := tx.records(ctx, tActivities, " WHERE athlete_id = $1", athleteID)
	if err != nil {
		return err
	}
	for _, r := range activities {
		id, _ := r.v[1].(int64)
		a, err := tx.Activity(ctx, athleteID, id)
		if err != nil || a.Status == StatusGone {
			continue // a damaged row is removed like any other
		}
		a.Status = StatusGone
		if _, err := tx.PutActivity(ctx, a); err != nil {
			return err
		}
	}
	for _, t := range []*table{tDocuments, tHistory, tPartStates, tDeletions, tHides, tActivities, tCursors, tZones, tGrants, tInbox, tKeys, tAthletes} {
		rows, err := tx.records(ctx, t, " WHERE athlete_id = $1", athleteID)
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
