package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"musette"
)

// How what is due is found without looking at what isn't. A part state whose time has come has ready = 1; the index
// part_states_ready holds only those, by class, athlete and start. Time alone makes no row ready, so Due first
// promotes what has become due since, by the index part_states_due: each row once per due time. (It also takes back what
// isn't due yet, should a clock have gone back.) In a View nothing can be written; there, the rows that nobody has
// promoted yet are looked at one by one.

const (
	promoteSQL = "UPDATE {part_states} SET ready = 1 WHERE ready = 0 AND due_at_ms <> 0 AND due_at_ms <= $1"
	demoteSQL  = "UPDATE {part_states} SET ready = 0 WHERE ready = 1 AND due_at_ms <> 0 AND due_at_ms > $1"

	// lanesSQL hops over the index from athlete to athlete of each class: one seek for each that has something ready, and
	// one for its newest activity.
	lanesSQL = `WITH RECURSIVE lanes (class, athlete_id) AS (
			SELECT c.class, (SELECT p.athlete_id FROM {part_states} p
				WHERE p.ready = 1 AND p.class = c.class AND p.due_at_ms <= $1 ORDER BY p.athlete_id LIMIT 1)
			FROM (SELECT 0 AS class UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3
				UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7) AS c
			UNION ALL
			SELECT l.class, (SELECT p.athlete_id FROM {part_states} p
				WHERE p.ready = 1 AND p.class = l.class AND p.due_at_ms <= $1 AND p.athlete_id > l.athlete_id ORDER BY p.athlete_id LIMIT 1)
			FROM lanes l WHERE l.athlete_id IS NOT NULL
		)
		SELECT class, athlete_id FROM lanes l WHERE athlete_id IS NOT NULL
		ORDER BY class, (SELECT p.start_ms FROM {part_states} p
			WHERE p.ready = 1 AND p.class = l.class AND p.due_at_ms <= $1 AND p.athlete_id = l.athlete_id ORDER BY p.start_ms DESC LIMIT 1) DESC, athlete_id`

	unpromotedSQL = " WHERE ready = 0 AND due_at_ms <> 0 AND due_at_ms <= $1"

	dueAfterSQL = `SELECT coalesce(min(due), 0) FROM (
		SELECT min(due_at_ms) AS due FROM {part_states} WHERE ready = 0 AND due_at_ms <> 0 AND due_at_ms > $1
		UNION ALL SELECT min(due_at_ms) FROM {part_states} WHERE ready = 1 AND due_at_ms <> 0 AND due_at_ms > $1) AS d`

	dueByClassSQL = `SELECT class, count(*) FROM {part_states}
		WHERE due_at_ms <> 0 AND due_at_ms <= $1 AND ready IN (0, 1) GROUP BY class`
)

// A lane is what is due of one class for one athlete.
type lane struct{ class, athleteID int64 }

// lanesAtOnce is how many lanes one statement reads; SQLite joins at most 500 SELECTs.
const lanesAtOnce = 100

// readySQL reads the newest ready rows of n lanes in one statement: now is $1, how many each $2, then class and athlete
// of each lane.
func readySQL(n int) string {
	one := strings.TrimPrefix(tPartStates.stmts.selectAll, "SELECT ")
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(" UNION ALL ")
		}
		fmt.Fprintf(&b, `SELECT * FROM (SELECT %s WHERE ready = 1 AND class = $%d AND athlete_id = $%d AND due_at_ms <= $1
			ORDER BY start_ms DESC, activity_id DESC, part LIMIT $2) AS a%d`, one, 2*i+3, 2*i+4, i)
	}
	return b.String()
}

// Due returns what is due at now: for each class the newest Start first, at most perClass, of which at most perAthlete
// each of one athlete. Where there is more, each athlete's first goes before anybody's second. Damaged rows are left
// out and returned as joined [DamageError]s beside the good ones. In an Update it costs a few seeks in an index,
// however much there is that isn't due.
func (tx *Tx) Due(ctx context.Context, now time.Time, perClass, perAthlete int) ([]musette.PartState, error) {
	late, err := tx.promote(ctx, ms(now))
	if err != nil {
		return nil, err
	}
	found, err := tx.ready(ctx, now, perClass, perAthlete)
	if err != nil {
		return nil, err
	}
	states, err := collect(append(found, late...), nil, partStateFrom)
	return fairest(states, perClass, perAthlete), err
}

// promote makes ready what has become due; or, in a View, returns it.
func (tx *Tx) promote(ctx context.Context, nowMS int64) ([]*record, error) {
	if tx.write {
		for _, stmt := range []string{promoteSQL, demoteSQL} {
			if _, err := tx.exec(ctx, "looking for what is due", stmt, nowMS); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}
	return tx.records(ctx, tPartStates, unpromotedSQL, nowMS)
}

// ready reads the candidates: of each class the athletes with the newest activities, as many as can be picked.
func (tx *Tx) ready(ctx context.Context, now time.Time, perClass, perAthlete int) ([]*record, error) {
	var lanes []lane
	ofClass := map[int64]int{}
	err := tx.query(ctx, "looking for what is due", lanesSQL, []any{ms(now)}, func(rows *sql.Rows) error {
		var l lane
		if err := rows.Scan(&l.class, &l.athleteID); err != nil {
			return err
		}
		if ofClass[l.class]++; ofClass[l.class] <= perClass {
			lanes = append(lanes, l)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var found []*record
	for some := range slices.Chunk(lanes, lanesAtOnce) {
		args := []any{ms(now), int64(perAthlete)}
		for _, l := range some {
			args = append(args, l.class, l.athleteID)
		}
		rows, err := tx.recordsOf(ctx, tPartStates, readySQL(len(some)), args...)
		if err != nil {
			return nil, err
		}
		found = append(found, rows...)
	}
	return found, nil
}

// fairest picks from each class: newest first within an athlete, each athlete's first before anybody's second, and
// what was picked newest first.
func fairest(states []musette.PartState, perClass, perAthlete int) []musette.PartState {
	newest := func(a, b musette.PartState) int {
		return cmp.Or(b.Start.Compare(a.Start), cmp.Compare(a.AthleteID, b.AthleteID), cmp.Compare(b.ActivityID, a.ActivityID), cmp.Compare(a.Part, b.Part))
	}
	slices.SortFunc(states, newest)
	taken := map[lane]int{}
	rounds := map[musette.Class][][]musette.PartState{}
	for _, p := range states {
		k := lane{int64(p.Class), p.AthleteID}
		n := taken[k]
		if n == perAthlete {
			continue
		}
		taken[k]++
		for len(rounds[p.Class]) <= n {
			rounds[p.Class] = append(rounds[p.Class], nil)
		}
		rounds[p.Class][n] = append(rounds[p.Class][n], p)
	}
	var picked []musette.PartState
	for class := range musette.NumClasses {
		of := slices.Concat(rounds[class]...)
		of = of[:min(len(of), perClass)]
		slices.SortFunc(of, newest)
		picked = append(picked, of...)
	}
	return picked
}

// DueByClass counts what is due until a time, what is due already included.
func (tx *Tx) DueByClass(ctx context.Context, until time.Time) ([musette.NumClasses]int, error) {
	var counts [musette.NumClasses]int
	err := tx.query(ctx, "counting what is due", dueByClassSQL, []any{ms(until)}, func(rows *sql.Rows) error {
		var class, n int
		if err := rows.Scan(&class, &n); err != nil {
			return err
		}
		if class >= 0 && class < len(counts) {
			counts[class] = n
		}
		return nil
	})
	return counts, err
}

// DueAfter returns the first time after now at which something becomes due; zero if nothing will.
func (tx *Tx) DueAfter(ctx context.Context, now time.Time) (time.Time, error) {
	var at int64
	if err := tx.scalar(ctx, "looking for what becomes due", dueAfterSQL, []any{max(0, ms(now))}, &at); err != nil {
		return time.Time{}, err
	}
	return fromMS(at), nil
}
