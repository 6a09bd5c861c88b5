package store

import (
	"context"
	"slices"
)

// A database at the other end of a line is sent few statements, each about as many rows as the dialect's batch, so that
// what many rows cost is not many times the way there and back.

// known returns the rows that are stored under the keys of some others, by key. Of each only the key is looked at, which
// must have been checked.
func (tx *Tx) known(ctx context.Context, t *table, rows []values) (map[string]*record, error) {
	olds := make(map[string]*record, len(rows))
	for some := range slices.Chunk(rows, tx.s.dialect.batch) {
		if len(some) == 1 {
			old, err := tx.one(ctx, t, some[0][:t.keys]...)
			if err != nil {
				return nil, err
			}
			if old != nil {
				olds[t.key(some[0])] = old
			}
			continue
		}
		found, err := tx.records(ctx, t, t.stmts.byKeys, t.arrays(some, t.keys)...)
		if err != nil {
			return nil, err
		}
		for _, old := range found {
			olds[t.key(old.v)] = old
		}
	}
	return olds, nil
}

// put writes a row, over the one with its key if there is one. Tallies move with it.
func (tx *Tx) put(ctx context.Context, t *table, v values) error {
	return tx.putMany(ctx, t, []values{v})
}

// putMany is put for many rows; of several with one key the last counts.
func (tx *Tx) putMany(ctx context.Context, t *table, rows []values) error {
	for _, v := range rows {
		if err := t.check(v); err != nil {
			return err
		}
	}
	rows = lastBy(rows, t.key)
	var olds map[string]*record
	if t.tallied {
		var err error
		if olds, err = tx.known(ctx, t, rows); err != nil {
			return err
		}
	}
	return tx.replace(ctx, t, olds, rows)
}

// replace is putMany where the caller has checked the values, which have different keys, and knows the old rows.
func (tx *Tx) replace(ctx context.Context, t *table, olds map[string]*record, rows []values) error {
	sums := make([]int64, len(rows))
	for i, v := range rows {
		sums[i] = t.sum(v)
	}
	if err := tx.writeRows(ctx, t, t.stmts.upsert, t.stmts.upsertMany, rows, sums); err != nil {
		return err
	}
	for i, v := range rows {
		if old := olds[t.key(v)]; old != nil {
			tx.tally(old, -1)
		}
		tx.tally(&record{t: t, v: v, sum: sums[i]}, +1)
	}
	return nil
}

// writeRows writes rows by one of two statements: one for a single row, or the same for many.
func (tx *Tx) writeRows(ctx context.Context, t *table, one, many string, rows []values, sums []int64) error {
	for len(rows) > 0 {
		n := min(len(rows), tx.s.dialect.batch)
		stmt, args := one, append(rows[0][:len(t.cols):len(t.cols)], sums[0])
		if n > 1 {
			stmt, args = many, append(t.arrays(rows[:n], len(t.cols)), sums[:n])
		}
		if _, err := tx.exec(ctx, "writing "+t.name, stmt, args...); err != nil {
			return err
		}
		rows, sums = rows[n:], sums[n:]
	}
	return nil
}

// lastBy drops all but the last of what has one key.
func lastBy[T any, K comparable](list []T, key func(T) K) []T {
	if len(list) < 2 {
		return list
	}
	last := make(map[K]int, len(list))
	for i, v := range list {
		last[key(v)] = i
	}
	if len(last) == len(list) {
		return list
	}
	var kept []T
	for i, v := range list {
		if last[key(v)] == i {
			kept = append(kept, v)
		}
	}
	return kept
}

// arrays are the first n columns of some rows, each as the array that Postgres unpacks.
func (t *table) arrays(rows []values, n int) []any {
	all := make([]any, n)
	for i := range all {
		switch t.cols[i].kind {
		case integer:
			all[i] = array[int64](rows, i)
		case real:
			all[i] = array[float64](rows, i)
		case text:
			all[i] = array[string](rows, i)
		case blob:
			all[i] = array[[]byte](rows, i)
		}
	}
	return all
}

func array[T any](rows []values, col int) []T {
	a := make([]T, len(rows))
	for i, v := range rows {
		a[i] = v[col].(T)
	}
	return a
}
