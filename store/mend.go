package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Lanes and their totals carry no checksum: they follow from the part states. Where they don't, be it for a row that
// was changed behind the store's back or for a mistake of ours, they are made anew from those: when the store is
// opened, once a day while somebody keeps it, and at once where a damaged part state is written over or a lane promises
// what it doesn't have.

const (
	countReadySQL = `SELECT athlete_id, class, count(*), 0, max(start_ms) FROM {part_states}
		WHERE ready = 1%s GROUP BY class, athlete_id`
	countWaitingSQL = `SELECT athlete_id, class, 0, count(*), 0 FROM {part_states}
		WHERE ready = 0 AND due_at_ms <> 0 AND ` + waitsSQL + `%s GROUP BY athlete_id, class`
	laneRowsSQL = "SELECT athlete_id, class, ready, waiting, newest_ms FROM {lanes} WHERE class >= 0%s"

	laneSumsSQL  = `SELECT class, sum(ready * (1 - blocked)), sum(waiting * (1 - blocked)), max(turn) FROM {lanes} GROUP BY class`
	laneTotalSQL = "SELECT class, ready, waiting, turn FROM {lane_totals}"
)

// laneCount is what a lane holds.
type laneCount struct{ ready, waiting, newest int64 }

// MendLanes compares what is kept of what is due with what is there, and makes it so, returning how many counts were
// wrong. It reads what is ready by index alone, and nothing of what isn't.
func (tx *Tx) MendLanes(ctx context.Context) (wrong int, err error) {
	if err := tx.flushLanes(ctx); err != nil {
		return 0, err
	}
	lanes, err := tx.recountLanes(ctx, "")
	if err != nil {
		return 0, err
	}
	totals, err := tx.wrongTotals(ctx)
	if err != nil {
		return 0, err
	}
	return lanes + len(totals), tx.addTotals(ctx, totals)
}

// mendLanes is what opening does: it writes only where something is wrong.
func (s *Store) mendLanes(ctx context.Context) error {
	wrong := 0
	err := s.View(ctx, func(tx *Tx) error {
		lanes, err := tx.wrongLanes(ctx, "")
		if err != nil {
			return err
		}
		totals, err := tx.wrongTotals(ctx)
		wrong = len(lanes) + len(totals)
		return err
	})
	if err != nil || wrong == 0 {
		return err
	}
	return s.Update(ctx, nil, func(tx *Tx) error {
		_, err := tx.MendLanes(ctx)
		return err
	})
}

// recountLanes mends the lanes that a condition picks, and returns how many were wrong.
func (tx *Tx) recountLanes(ctx context.Context, only string, args ...any) (wrong int, err error) {
	changes, err := tx.wrongLanes(ctx, only, args...)
	if err != nil {
		return 0, err
	}
	for k, c := range changes {
		tx.lanes[k] = c
	}
	return len(changes), tx.writeLanes(ctx)
}

// wrongLanes returns what makes the lanes what the part states come to.
func (tx *Tx) wrongLanes(ctx context.Context, only string, args ...any) (map[laneKey]laneChange, error) {
	counted := map[laneKey]laneCount{}
	for _, stmt := range []string{countReadySQL, countWaitingSQL} {
		if err := tx.laneCounts(ctx, fmt.Sprintf(stmt, only), args, counted); err != nil {
			return nil, err
		}
	}
	kept := map[laneKey]laneCount{}
	if err := tx.laneCounts(ctx, fmt.Sprintf(laneRowsSQL, only), args, kept); err != nil {
		return nil, err
	}
	changes := map[laneKey]laneChange{}
	for k, is := range counted {
		if was := kept[k]; was != is {
			changes[k] = laneChange{ready: is.ready - was.ready, waiting: is.waiting - was.waiting, touched: true}
		}
		delete(kept, k)
	}
	for k, was := range kept {
		if was != (laneCount{}) {
			changes[k] = laneChange{ready: -was.ready, waiting: -was.waiting, touched: true}
		}
	}
	return changes, nil
}

func (tx *Tx) laneCounts(ctx context.Context, stmt string, args []any, counts map[laneKey]laneCount) error {
	return tx.query(ctx, "counting what is due", stmt, args, func(rows *sql.Rows) error {
		var k laneKey
		var c laneCount
		err := rows.Scan(&k.athleteID, &k.class, &c.ready, &c.waiting, &c.newest)
		had := counts[k]
		counts[k] = laneCount{had.ready + c.ready, had.waiting + c.waiting, had.newest + c.newest}
		return err
	})
}

// wrongTotals returns what makes the totals what the lanes come to.
func (tx *Tx) wrongTotals(ctx context.Context) (map[int64]laneTotal, error) {
	is, err := tx.totals(ctx, laneSumsSQL)
	if err != nil {
		return nil, err
	}
	was, err := tx.totals(ctx, laneTotalSQL)
	if err != nil {
		return nil, err
	}
	for class, t := range was {
		is[class] = laneTotal{is[class].ready - t.ready, is[class].waiting - t.waiting, is[class].turn}
	}
	for class, t := range is {
		if t.ready == 0 && t.waiting == 0 && t.turn <= was[class].turn {
			delete(is, class)
		}
	}
	return is, nil
}

func (tx *Tx) totals(ctx context.Context, stmt string) (map[int64]laneTotal, error) {
	totals := map[int64]laneTotal{}
	err := tx.query(ctx, "counting what is due", stmt, nil, func(rows *sql.Rows) error {
		var class int64
		var t laneTotal
		err := rows.Scan(&class, &t.ready, &t.waiting, &t.turn)
		totals[class] = t
		return err
	})
	return totals, err
}

// leaveLanes takes an athlete's lanes out of the totals, before they are deleted.
func (tx *Tx) leaveLanes(ctx context.Context, athleteID int64) error {
	if err := tx.flushLanes(ctx); err != nil {
		return err
	}
	return tx.block(ctx, athleteID, true)
}
