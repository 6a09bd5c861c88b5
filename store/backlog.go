package store

import (
	"context"
	"database/sql"
	"time"

	"musette"
)

// A Backlog is how much is to be called. Athletes for whom nothing can be called are left out ([Tx.Block]).
type Backlog struct {
	// Ready is how many part states are due, by class, but for what is only hinted at.
	Ready [musette.NumClasses]int
	// Waiting is how many parts of activities wait for another try that is due later: the last one failed, or brought
	// what Strava is still preparing. Parts that were given up or set aside don't count, nor do rechecks.
	Waiting int
	// Last is when the last of those waiting becomes due; zero if none waits.
	Last time.Time
}

const (
	// sinceMovedSQL is what the totals don't know yet: what has become due since the last promotion, and what isn't due
	// any more because a clock has gone back.
	sinceMovedSQL = `SELECT class, 1, count(*), sum(CASE WHEN ` + waitsSQL + ` THEN 1 ELSE 0 END) FROM {part_states}
		WHERE ready = 0 AND due_at_ms <> 0 AND due_at_ms <= $1 AND ` + notBlockedSQL + ` GROUP BY class
		UNION ALL SELECT class, -1, count(*), sum(CASE WHEN ` + waitsSQL + ` THEN 1 ELSE 0 END) FROM {part_states}
		WHERE ready = 1 AND due_at_ms <> 0 AND due_at_ms > $1 AND ` + notBlockedSQL + ` GROUP BY class`

	hintedSQL = `SELECT class, count(*) FROM {part_states} WHERE outcome = 'hinted' AND due_at_ms <> 0 AND due_at_ms <= $1
		AND ` + notBlockedSQL + " GROUP BY class"

	lastWaitingSQL = `SELECT coalesce(max(due), 0) FROM (
		SELECT due FROM (SELECT due_at_ms AS due FROM {part_states} WHERE ready = 0 AND due_at_ms <> 0 AND due_at_ms > $1 AND ` + waitsSQL + " AND " + notBlockedSQL + `
			ORDER BY due_at_ms DESC LIMIT 1) AS a
		UNION ALL SELECT max(due_at_ms) FROM {part_states} WHERE ready = 1 AND due_at_ms <> 0 AND due_at_ms > $1 AND ` + waitsSQL + " AND " + notBlockedSQL + ") AS b"

	notBlockedSQL = "NOT EXISTS (SELECT 1 FROM {lanes} l WHERE l.athlete_id = {part_states}.athlete_id AND l.blocked = 1)"
)

// Backlog returns how much is due at now. It is kept, not counted: besides what has become due since somebody last asked
// for [Tx.Due] in an Update, it costs a few rows, however much is due.
func (tx *Tx) Backlog(ctx context.Context, now time.Time) (Backlog, error) {
	var b Backlog
	if err := tx.flushLanes(ctx); err != nil {
		return b, err
	}
	add := func(class, ready, waiting int64) {
		if class >= 0 && class < int64(len(b.Ready)) {
			b.Ready[class] += int(ready)
		}
		b.Waiting += int(waiting)
	}
	totals, err := tx.totals(ctx, laneTotalSQL)
	if err != nil {
		return b, err
	}
	for class, t := range totals {
		add(class, t.ready, t.waiting)
	}
	err = tx.query(ctx, "counting what has become due", sinceMovedSQL, []any{ms(now)}, func(rows *sql.Rows) error {
		var class, sign, ready, waiting int64
		err := rows.Scan(&class, &sign, &ready, &waiting)
		add(class, sign*ready, -sign*waiting)
		return err
	})
	if err != nil {
		return b, err
	}
	err = tx.query(ctx, "counting hints", hintedSQL, []any{ms(now)}, func(rows *sql.Rows) error {
		var class, hints int64
		err := rows.Scan(&class, &hints)
		add(class, -hints, 0)
		return err
	})
	if err != nil {
		return b, err
	}
	var last int64
	if err := tx.scalar(ctx, "looking for the last try that is set", lastWaitingSQL, []any{ms(now)}, &last); err != nil {
		return b, err
	}
	if b.Waiting > 0 {
		b.Last = fromMS(last)
	}
	return b, nil
}
