package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"musette"
)

// An ActivityList says which of an athlete's activities a list has. Activities that are gone are in none.
type ActivityList struct {
	AthleteID     int64
	After, Before time.Time // bounds on the start, both exclusive; zero is none
	OldestFirst   bool      // rather than newest first
	Offset, Limit int
}

// ListActivities returns the ids of a list, in its order: by start, then by id.
func (tx *Tx) ListActivities(ctx context.Context, l ActivityList) ([]int64, error) {
	from, to, order := int64(-1<<63), int64(1<<63-1), "DESC"
	if !l.After.IsZero() {
		from = ms(l.After) + 1
	}
	if !l.Before.IsZero() {
		to = ms(l.Before) - 1
	}
	if l.OldestFirst {
		order = "ASC"
	}
	stmt := fmt.Sprintf(`SELECT activity_id FROM {activities}
		WHERE athlete_id = $1 AND start_ms >= $2 AND start_ms <= $3 AND status <> 'gone'
		ORDER BY start_ms %s, activity_id %s LIMIT $4 OFFSET $5`, order, order)
	return tx.ids(ctx, "listing activities", stmt, l.AthleteID, from, to, int64(l.Limit), int64(l.Offset))
}

// PartDocuments returns some parts of some activities, verified, by activity. Damaged ones are left out and returned as
// joined [DamageError]s beside the good ones.
func (tx *Tx) PartDocuments(ctx context.Context, athleteID int64, ids []int64, parts ...musette.Part) (map[int64][]musette.Document, error) {
	found := make(map[int64][]musette.Document, len(ids))
	var bad []error
	for some := range slices.Chunk(ids, inList) {
		args := []any{athleteID}
		for _, p := range parts {
			args = append(args, escapeText(string(p)))
		}
		where := " WHERE athlete_id = $1 AND part IN (" + params(2, len(parts)) + ") AND activity_id IN (" + params(2+len(parts), len(some)) + ")"
		rows, err := tx.records(ctx, tDocuments, where, idArgs(some, args...)...)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			d, err := wholeDocument(r, documentFrom, documentSize, documentBody)
			if err != nil {
				bad = append(bad, err)
				continue
			}
			found[d.ActivityID] = append(found[d.ActivityID], d)
		}
	}
	return found, errors.Join(bad...)
}
