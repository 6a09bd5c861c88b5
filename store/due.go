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
// isn't due yet, should a clock have gone back.) Which athletes are looked at follows from their lanes: of each class
// the first of the index lanes_turn. In a View nothing can be written; there, rows that nobody has promoted yet are
// looked at one by one.

const (
	promoteSQL = "UPDATE {part_states} SET ready = 1 WHERE ready = 0 AND due_at_ms <> 0 AND due_at_ms <= $1" + movedSQL
	demoteSQL  = "UPDATE {part_states} SET ready = 0 WHERE ready = 1 AND due_at_ms <> 0 AND due_at_ms > $1" + movedSQL
	movedSQL   = " RETURNING athlete_id, class, CASE WHEN " + waitsSQL + " THEN 1 ELSE 0 END"

	// unpromotedSQL leaves out who is blocked.
	unpromotedSQL = " WHERE ready = 0 AND due_at_ms <> 0 AND due_at_ms <= $1 AND " + notBlockedSQL + " ORDER BY due_at_ms LIMIT 1000"

	// readyOfLaneSQL is the ready rows of one lane.
	readyOfLaneSQL = ` WHERE ready = 1 AND class = $1 AND athlete_id = $2 AND due_at_ms <= $3
		ORDER BY start_ms DESC, activity_id DESC, part LIMIT 64`

	dueAfterSQL = `SELECT coalesce(min(due), 0) FROM (
		SELECT min(due_at_ms) AS due FROM {part_states} WHERE ready = 0 AND due_at_ms <> 0 AND due_at_ms > $1
		UNION ALL SELECT min(due_at_ms) FROM {part_states} WHERE ready = 1 AND due_at_ms <> 0 AND due_at_ms > $1) AS d`
)

// firstLanes is a table of the first lanes of each class, at most perClass each. (The number stands in the text: SQLite
// compiles a statement anew for every value of a LIMIT's parameter.)
func firstLanes(perClass int) string {
	each := make([]string, musette.NumClasses)
	for class := range each {
		each[class] = fmt.Sprintf(`SELECT * FROM (SELECT class, athlete_id, ready, turn, newest_ms FROM {lanes}
			WHERE class = %d AND ready > 0 AND blocked = 0 ORDER BY turn, newest_ms DESC, athlete_id LIMIT %d) AS c%[1]d`, class, perClass)
	}
	return "(" + strings.Join(each, " UNION ALL ") + ") AS l"
}

func firstLanesSQL(perClass int) string {
	return "SELECT class, athlete_id, ready, turn, newest_ms FROM " + firstLanes(perClass)
}

// readySQL reads the newest ready rows of the first lanes: at most perAthlete of each, and no more than it takes to
// come to perClass rows of a class. $1 is now.
func readySQL(perClass, perAthlete int) string {
	const nth = `(SELECT q.%s FROM {part_states} q WHERE q.ready = 1 AND q.class = l.class AND q.athlete_id = l.athlete_id AND +q.due_at_ms <= $1
		ORDER BY q.start_ms DESC, q.activity_id DESC, q.part LIMIT 1 OFFSET %d)`
	ranks := make([]string, perAthlete)
	for n := range ranks {
		ranks[n] = fmt.Sprintf(`SELECT l.athlete_id AS of_athlete, %s AS nth_activity, %s AS nth_part FROM firsts l
			WHERE l.ready > %d AND %[3]d * l.rivals < %d`, fmt.Sprintf(nth, "activity_id", n), fmt.Sprintf(nth, "part", n), n, perClass)
	}
	from := fmt.Sprintf("FROM (%s) AS k CROSS JOIN {part_states}", strings.Join(ranks, " UNION ALL "))
	return fmt.Sprintf(`WITH firsts AS (SELECT class, athlete_id, ready, count(*) OVER (PARTITION BY class) AS rivals FROM %s)
		%s WHERE athlete_id = of_athlete AND activity_id = nth_activity AND part = nth_part`,
		firstLanes(perClass), strings.Replace(tPartStates.stmts.selectAll, "FROM {part_states}", from, 1))
}

// aLane is a lane as Due reads it, with its candidates.
type aLane struct {
	laneKey
	ready, turn, newest int64
	states              []musette.PartState
}

// Due returns what is due at now, by class: at most perClass of each, of which at most perAthlete (16 or fewer) of one
// athlete. Athletes take turns: those of a class come in the order in which they are to be served, whoever was served
// longest ago first ([Tx.Serve]), among equals who has the newest start; each athlete's first before anybody's
// second, their newest first. Athletes for whom nothing can be called are left out ([Tx.Block]).
//
// Damaged rows are left out and returned as joined [DamageError]s beside the good ones. In an Update it costs a
// few seeks in an index, however much is due and of how many athletes. In a View, what has become due since the last
// Update that asked comes after the others of its class, and of more than a thousand such some are left out.
func (tx *Tx) Due(ctx context.Context, now time.Time, perClass, perAthlete int) ([]musette.PartState, error) {
	if err := tx.promote(ctx, ms(now)); err != nil {
		return nil, err
	}
	lanes, err := tx.firstLanes(ctx, perClass)
	if err != nil {
		return nil, err
	}
	rows, err := tx.recordsOf(ctx, tPartStates, readySQL(perClass, perAthlete), ms(now))
	if err != nil {
		return nil, err
	}
	rows, err = tx.checkLanes(ctx, lanes, rows, now, perClass, perAthlete)
	if err != nil {
		return nil, err
	}
	if !tx.write {
		late, err := tx.records(ctx, tPartStates, unpromotedSQL, ms(now))
		if err != nil {
			return nil, err
		}
		rows = append(rows, late...)
	}
	states, err := collect(rows, nil, partStateFrom)
	return inTurn(lanes, states, perClass, perAthlete), err
}

// promote makes ready what has become due, where it can be written.
func (tx *Tx) promote(ctx context.Context, nowMS int64) error {
	if !tx.write {
		return nil
	}
	for sign, stmt := range map[int64]string{1: promoteSQL, -1: demoteSQL} {
		err := tx.change(ctx, "looking for what is due", stmt, []any{nowMS}, func(rows *sql.Rows) error {
			var k laneKey
			var waits int64
			err := rows.Scan(&k.athleteID, &k.class, &waits)
			c := tx.lanes[k]
			c.ready += sign
			c.waiting -= sign * waits
			c.touched = true
			tx.lanes[k] = c
			return err
		})
		if err != nil {
			return err
		}
	}
	return tx.flushLanes(ctx)
}

// firstLanes returns the lanes whose turn is next, by class, at most perClass each.
func (tx *Tx) firstLanes(ctx context.Context, perClass int) ([]*aLane, error) {
	var lanes []*aLane
	err := tx.query(ctx, "looking whose turn it is", firstLanesSQL(perClass), nil, func(rows *sql.Rows) error {
		l := &aLane{}
		lanes = append(lanes, l)
		return rows.Scan(&l.class, &l.athleteID, &l.ready, &l.turn, &l.newest)
	})
	slices.SortFunc(lanes, func(a, b *aLane) int {
		return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.turn, b.turn), cmp.Compare(b.newest, a.newest), cmp.Compare(a.athleteID, b.athleteID))
	})
	return lanes, err
}

// checkLanes looks whether every lane has what it promises. One that hasn't is doubted, and mended at the end of the
// transaction. One with damaged rows is read whole, or as good as: they must not stand before the good ones for ever.
func (tx *Tx) checkLanes(ctx context.Context, lanes []*aLane, rows []*record, now time.Time, perClass, perAthlete int) ([]*record, error) {
	found := map[laneKey]int64{}
	damaged := map[laneKey]bool{}
	for _, r := range rows {
		k := laneKeyOf(r)
		found[k]++
		damaged[k] = damaged[k] || r.damage() != nil
	}
	rivals := map[int64]int{}
	for _, l := range lanes {
		rivals[l.class]++
	}
	for _, l := range lanes {
		want := min(l.ready, int64(perAthlete), int64((perClass+rivals[l.class]-1)/rivals[l.class]))
		if tx.write && found[l.laneKey] < want {
			tx.doubted[l.athleteID] = true
		}
		if !damaged[l.laneKey] {
			continue
		}
		all, err := tx.records(ctx, tPartStates, readyOfLaneSQL, l.class, l.athleteID, ms(now))
		if err != nil {
			return nil, err
		}
		rows = append(slices.DeleteFunc(rows, func(r *record) bool { return laneKeyOf(r) == l.laneKey }), all...)
	}
	return rows, nil
}

func laneKeyOf(r *record) laneKey {
	athleteID, _ := r.v[0].(int64)
	class, _ := r.v[partStateClass].(int64)
	return laneKey{athleteID, class}
}

// inTurn picks from each class, in rounds: each lane's first, then each lane's second. Lanes that nobody knew of come
// last, those with the newest start first.
func inTurn(lanes []*aLane, states []musette.PartState, perClass, perAthlete int) []musette.PartState {
	slices.SortFunc(states, func(a, b musette.PartState) int {
		return cmp.Or(b.Start.Compare(a.Start), cmp.Compare(a.AthleteID, b.AthleteID), cmp.Compare(b.ActivityID, a.ActivityID), cmp.Compare(a.Part, b.Part))
	})
	known := make(map[laneKey]*aLane, len(lanes))
	for _, l := range lanes {
		known[l.laneKey] = l
	}
	for _, p := range states {
		k := laneKey{p.AthleteID, int64(p.Class)}
		if known[k] == nil {
			known[k] = &aLane{laneKey: k}
			lanes = append(lanes, known[k])
		}
		known[k].states = append(known[k].states, p)
	}
	slices.SortStableFunc(lanes, func(a, b *aLane) int { return cmp.Compare(a.class, b.class) })
	var picked []musette.PartState
	for class := range int64(musette.NumClasses) {
		var of []musette.PartState
		for round := range perAthlete {
			for _, l := range lanes {
				if l.class == class && round < len(l.states) && len(of) < perClass {
					of = append(of, l.states[round])
				}
			}
		}
		picked = append(picked, of...)
	}
	return picked
}

// DueAfter returns the first time after now at which something becomes due; zero if nothing will.
func (tx *Tx) DueAfter(ctx context.Context, now time.Time) (time.Time, error) {
	var at int64
	if err := tx.scalar(ctx, "looking for what becomes due", dueAfterSQL, []any{max(0, ms(now))}, &at); err != nil {
		return time.Time{}, err
	}
	return fromMS(at), nil
}
