package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"musette"
)

// A lane is what is due of one class for one athlete: a row that says how many part states of it are ready and whose
// turn it is. Lanes move in the transaction of the part states they are about, as the tallies do, so that neither a
// choice among athletes nor a count of what is due ever looks at more rows than it returns. What all the lanes of a class
// come to is kept in lane_totals, lanes of blocked athletes left out.
//
// A lane that has become empty stays: it knows when its athlete was served.
type laneKey struct{ athleteID, class int64 }

// laneChange is what a transaction does to a lane.
type laneChange struct {
	ready, waiting int64
	touched        bool  // something ready came or went: its newest may be another one
	served         int64 // whether it was served: after how many others of its class, from 1
}

// putLanesSQL adds to n lanes, or makes them: athlete, class, what comes to ready and waiting, and the new turn (0: as it
// was) are the parameters of each.
func putLanesSQL(n int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO {lanes} (athlete_id, class, ready, waiting, newest_ms, turn, blocked) VALUES ")
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, `($%d, $%d, $%d, $%d, coalesce((SELECT p.start_ms FROM {part_states} p
			WHERE p.ready = 1 AND p.class = $%[2]d AND p.athlete_id = $%[1]d ORDER BY p.start_ms DESC LIMIT 1), 0), $%[5]d,
			coalesce((SELECT max(l.blocked) FROM {lanes} l WHERE l.athlete_id = $%[1]d), 0))`, 5*i+1, 5*i+2, 5*i+3, 5*i+4, 5*i+5)
	}
	b.WriteString(` ON CONFLICT (athlete_id, class) DO UPDATE SET ready = {lanes}.ready + excluded.ready,
		waiting = {lanes}.waiting + excluded.waiting, newest_ms = excluded.newest_ms,
		turn = CASE WHEN excluded.turn > {lanes}.turn THEN excluded.turn ELSE {lanes}.turn END
		RETURNING athlete_id, class, turn, blocked`)
	return b.String()
}

var putLaneSQL = putLanesSQL(1)

// lanesAtOnce is the most lanes that one statement writes; there is a text for each number of them.
const lanesAtOnce = 50

const (
	putTotalsSQL = `INSERT INTO {lane_totals} (class, ready, waiting, turn) VALUES %s
		ON CONFLICT (class) DO UPDATE SET ready = {lane_totals}.ready + excluded.ready, waiting = {lane_totals}.waiting + excluded.waiting,
		turn = CASE WHEN excluded.turn > {lane_totals}.turn THEN excluded.turn ELSE {lane_totals}.turn END`

	turnsSQL = "SELECT class, turn FROM {lane_totals}"

	blockedSQL  = "SELECT DISTINCT athlete_id FROM {lanes} WHERE blocked = 1"
	blockSQL    = "UPDATE {lanes} SET blocked = $2 WHERE athlete_id = $1 AND blocked <> $2 RETURNING class, ready, waiting"
	blockNewSQL = `INSERT INTO {lanes} (athlete_id, class, ready, waiting, newest_ms, turn, blocked) VALUES ($1, 0, 0, 0, 0, 0, 1)
		ON CONFLICT (athlete_id, class) DO NOTHING`
)

var partStateReady = tPartStates.index("ready")

// lane notes, for the end of the transaction, that a part state came (+1) or went (-1).
func (tx *Tx) lane(r *record, sign int64) {
	athleteID, _ := r.v[0].(int64)
	activityID, _ := r.v[1].(int64)
	due, _ := r.v[partStateDue].(int64)
	class, _ := r.v[partStateClass].(int64)
	outcome, _ := r.v[partStateOutcome].(string)
	ready, _ := r.v[partStateReady].(int64)
	k := laneKey{athleteID, class}
	c := tx.lanes[k]
	switch {
	case ready != 0:
		c.ready += sign
		c.touched = true
	case due != 0 && waits(activityID, class, outcome):
		c.waiting += sign
	}
	tx.lanes[k] = c
}

// waitsSQL is waits where the row isn't ready; the index part_states_waiting has these.
const waitsSQL = "activity_id <> 0 AND class <> 7 AND outcome <> 'failed' AND outcome <> 'quarantined' AND outcome <> 'hinted'"

// waits reports whether a part that is due later belongs to what is to be here: a part of an activity whose last try
// failed, or brought what Strava is still preparing. Rechecks look again at what is here, and a poll comes round by itself.
func waits(activityID, class int64, outcome string) bool {
	return activityID != 0 && musette.Class(class) != musette.ClassRecheck && isOpen(musette.Outcome(outcome))
}

// flushLanes writes what the transaction has done to lanes so far.
func (tx *Tx) flushLanes(ctx context.Context) error {
	if err := tx.writeLanes(ctx); err != nil {
		return err
	}
	for _, athleteID := range slices.Sorted(maps.Keys(tx.doubted)) {
		if _, err := tx.recountLanes(ctx, " AND athlete_id = $1", athleteID); err != nil {
			return err
		}
	}
	clear(tx.doubted)
	return nil
}

func (tx *Tx) writeLanes(ctx context.Context) error {
	var keys []laneKey
	served := false
	for k, c := range tx.lanes {
		if c != (laneChange{}) {
			keys = append(keys, k)
			served = served || c.served > 0
		}
	}
	if len(keys) == 0 {
		return nil
	}
	slices.SortFunc(keys, func(a, b laneKey) int {
		return cmp.Or(cmp.Compare(a.athleteID, b.athleteID), cmp.Compare(a.class, b.class))
	})
	turns := map[int64]int64{}
	if served {
		var err error
		if turns, err = tx.turns(ctx); err != nil {
			return err
		}
	}
	totals := map[int64]laneTotal{}
	for some := range slices.Chunk(keys, min(tx.s.dialect.batch, lanesAtOnce)) {
		if err := tx.putLanes(ctx, some, turns, totals); err != nil {
			return err
		}
	}
	clear(tx.lanes)
	return tx.addTotals(ctx, totals)
}

// putLanes writes the changes of some lanes, and adds up what they come to.
func (tx *Tx) putLanes(ctx context.Context, keys []laneKey, turns map[int64]int64, totals map[int64]laneTotal) error {
	args := make([]any, 0, 5*len(keys))
	for _, k := range keys {
		c := tx.lanes[k]
		turn := int64(0)
		if c.served > 0 {
			turn = turns[k.class] + c.served
		}
		args = append(args, k.athleteID, k.class, c.ready, c.waiting, turn)
	}
	stmt := putLaneSQL
	if len(keys) > 1 {
		stmt = putLanesSQL(len(keys))
	}
	return tx.change(ctx, "keeping what is due", stmt, args, func(rows *sql.Rows) error {
		var k laneKey
		var turn, blocked int64
		if err := rows.Scan(&k.athleteID, &k.class, &turn, &blocked); err != nil {
			return err
		}
		t := totals[k.class]
		if c := tx.lanes[k]; blocked == 0 {
			t.ready += c.ready
			t.waiting += c.waiting
		}
		t.turn = max(t.turn, turn)
		totals[k.class] = t
		return nil
	})
}

// laneTotal is what the lanes of a class come to.
type laneTotal struct{ ready, waiting, turn int64 }

func (tx *Tx) addTotals(ctx context.Context, totals map[int64]laneTotal) error {
	var rows []string
	var args []any
	for _, class := range slices.Sorted(maps.Keys(totals)) {
		t := totals[class]
		rows = append(rows, "("+params(len(args)+1, 4)+")")
		args = append(args, class, t.ready, t.waiting, t.turn)
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.exec(ctx, "keeping what is due", fmt.Sprintf(putTotalsSQL, strings.Join(rows, ", ")), args...)
	return err
}

func (tx *Tx) turns(ctx context.Context) (map[int64]int64, error) {
	turns := map[int64]int64{}
	err := tx.query(ctx, "looking whose turn it is", turnsSQL, nil, func(rows *sql.Rows) error {
		var class, turn int64
		err := rows.Scan(&class, &turn)
		turns[class] = turn
		return err
	})
	return turns, err
}

// Serve notes that calls are made for these part states: among the athletes who wait in their classes, theirs have
// had their turn and are the last from now on, in this order. It goes by the class that is stored; of what isn't there
// nothing is noted.
func (tx *Tx) Serve(ctx context.Context, keys ...musette.Key) error {
	if len(keys) == 0 {
		return nil
	}
	rows := make([]values, len(keys))
	for i, k := range keys {
		rows[i] = values{k.AthleteID, k.ActivityID, escapeText(string(k.Part))}
	}
	states, err := tx.known(ctx, tPartStates, rows)
	if err != nil {
		return err
	}
	if err := tx.writeLanes(ctx); err != nil { // places are counted from here
		return err
	}
	places := map[int64]int64{}
	for _, v := range rows {
		st := states[tPartStates.key(v)]
		if st == nil {
			continue
		}
		l := laneKeyOf(st)
		places[l.class]++
		c := tx.lanes[l]
		c.served = places[l.class]
		tx.lanes[l] = c
	}
	return tx.writeLanes(ctx)
}

// Block says which athletes nothing can be called for, all of them: what is due of theirs is left out of [Tx.Due] and
// [Tx.Backlog], and costs them nothing, until it is said anew without them.
func (tx *Tx) Block(ctx context.Context, athleteIDs ...int64) error {
	if err := tx.flushLanes(ctx); err != nil {
		return err
	}
	was := map[int64]bool{}
	err := tx.query(ctx, "looking for whom nothing can be called", blockedSQL, nil, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		was[id] = true
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range athleteIDs {
		if was[id] {
			delete(was, id)
			continue
		}
		if _, err := tx.exec(ctx, "blocking an athlete", blockNewSQL, id); err != nil { // later lanes learn of it from this one
			return err
		}
		if err := tx.block(ctx, id, true); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(was)) {
		if err := tx.block(ctx, id, false); err != nil {
			return err
		}
	}
	return nil
}

// block takes an athlete's lanes out of the totals, or puts them back.
func (tx *Tx) block(ctx context.Context, athleteID int64, blocked bool) error {
	sign := int64(1)
	if blocked {
		sign = -1
	}
	totals := map[int64]laneTotal{}
	err := tx.change(ctx, "blocking an athlete", blockSQL, []any{athleteID, flag(blocked)}, func(rows *sql.Rows) error {
		var class, ready, waiting int64
		err := rows.Scan(&class, &ready, &waiting)
		totals[class] = laneTotal{ready: sign * ready, waiting: sign * waiting}
		return err
	})
	if err != nil {
		return err
	}
	return tx.addTotals(ctx, totals)
}
