package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// putMany is put for many rows; of several with one key the last counts. To a database at the other end of a line it
// sends few statements, each with as many rows as the dialect's batch.
func (tx *Tx) putMany(ctx context.Context, t *table, rows []values) error {
	if tx.s.dialect.batch == 1 || len(rows) == 1 {
		for _, v := range rows {
			if err := tx.put(ctx, t, v); err != nil {
				return err
			}
		}
		return nil
	}
	for _, v := range rows {
		if err := t.check(v); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(t.lastByKey(rows), tx.s.dialect.batch) {
		if err := tx.putBatch(ctx, t, some); err != nil {
			return err
		}
	}
	return nil
}

// lastByKey drops all but the last of rows with one key.
func (t *table) lastByKey(rows []values) []values {
	last := make(map[string]int, len(rows))
	for i, v := range rows {
		last[t.key(v)] = i
	}
	var kept []values
	for i, v := range rows {
		if last[t.key(v)] == i {
			kept = append(kept, v)
		}
	}
	return kept
}

// putBatch writes checked rows of different keys in one statement, after reading the old ones in another.
func (tx *Tx) putBatch(ctx context.Context, t *table, rows []values) error {
	var keys, all []any
	for _, v := range rows {
		keys = append(keys, v[:t.keys]...)
		all = append(append(all, v...), t.sum(v))
	}
	olds, err := tx.records(ctx, t, t.byKeys(len(rows)), keys...)
	if err != nil {
		return err
	}
	if _, err := tx.exec(ctx, "writing "+t.name, t.forRows(t.stmts.upsert, len(rows)), all...); err != nil {
		return err
	}
	for _, old := range olds {
		tx.tally(old, -1)
	}
	for _, v := range rows {
		tx.tally(&record{t: t, v: v, sum: t.sum(v)}, +1)
	}
	return nil
}

// byKeys is the WHERE of n rows.
func (t *table) byKeys(n int) string {
	rows := make([]string, n)
	for i := range rows {
		terms := make([]string, t.keys)
		for k := range terms {
			terms[k] = fmt.Sprintf("%s = $%d", t.cols[k].name, i*t.keys+k+1)
		}
		rows[i] = "(" + strings.Join(terms, " AND ") + ")"
	}
	return " WHERE " + strings.Join(rows, " OR ")
}

// forRows is a statement that writes one row, for n of them.
func (t *table) forRows(stmt string, n int) string {
	if n == 1 {
		return stmt
	}
	width := len(t.cols) + 1
	rows := make([]string, n)
	for i := range rows {
		rows[i] = "(" + params(i*width+1, width) + ")"
	}
	return strings.Replace(stmt, rows[0], strings.Join(rows, ", "), 1)
}
