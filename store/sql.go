package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// statements are the texts made from a table's description.
type statements struct {
	selectAll string // SELECT every column, sum (0 if there is none) FROM {table}
	upsert    string
	insert    string
	byKey     string // WHERE key = $1 …

	// For many rows, on Postgres: each column of theirs is one parameter, an array.
	upsertMany string
	insertMany string
	byKeys     string
}

func init() {
	for _, t := range tables {
		t.stmts = makeStatements(t)
	}
}

func makeStatements(t *table) statements {
	var names, set, where, arrays []string
	for i, c := range t.cols {
		arrays = append(arrays, fmt.Sprintf("CAST($%d AS %s[])", i+1, postgresTypes[c.kind]))
		names = append(names, c.name)
		if i < t.keys {
			where = append(where, fmt.Sprintf("%s = $%d", c.name, i+1))
		} else {
			set = append(set, c.name+" = excluded."+c.name)
		}
	}
	if t.summed() {
		set = append(set, "sum = excluded.sum")
	}
	columns := strings.Join(names, ", ")
	into := fmt.Sprintf("INSERT INTO {%s} (%s, sum) ", t.name, columns)
	insert := into + "VALUES (" + params(1, len(names)+1) + ")"
	key := strings.Join(names[:t.keys], ", ")
	over := fmt.Sprintf(" ON CONFLICT (%s) DO UPDATE SET %s", key, strings.Join(set, ", "))
	insertMany := fmt.Sprintf("%sSELECT * FROM unnest(%s, CAST($%d AS BIGINT[]))", into, strings.Join(arrays, ", "), len(names)+1)
	return statements{
		selectAll:  selectColumns(t, ""),
		insert:     insert,
		upsert:     insert + over,
		byKey:      " WHERE " + strings.Join(where, " AND "),
		upsertMany: insertMany + over,
		insertMany: insertMany,
		byKeys:     fmt.Sprintf(" WHERE (%s) IN (SELECT * FROM unnest(%s))", key, strings.Join(arrays[:t.keys], ", ")),
	}
}

var postgresTypes = map[kind]string{integer: "BIGINT", real: "DOUBLE PRECISION", text: "TEXT", blob: "BYTEA"}

// selectColumns returns the text that reads a table's rows, without the one column named; its value is then nil.
func selectColumns(t *table, without string) string {
	var names []string
	for _, c := range t.cols {
		if c.name == without {
			names = append(names, "NULL")
		} else {
			names = append(names, c.name)
		}
	}
	if t.summed() {
		names = append(names, "sum")
	} else {
		names = append(names, "0")
	}
	return fmt.Sprintf("SELECT %s FROM {%s}", strings.Join(names, ", "), t.name)
}

// text returns the dialect's form of a statement, made once. Strings that callers chose are bound through escapeText.
func (s *Store) text(stmt string) string {
	if t, ok := s.texts.Load(stmt); ok {
		return t.(string)
	}
	t := s.dialect.expand(stmt)
	s.texts.Store(stmt, t)
	return t
}

// preparedArgs is the most parameters that a statement has whose text is always the same. Longer ones list ids.
const preparedArgs = 24

// prepared returns the statement compiled once for this transaction, which is half the cost of a row on SQLite. On
// Postgres nothing is prepared, see openPostgres: nil.
func (tx *Tx) prepared(ctx context.Context, stmt string, args int) (*sql.Stmt, error) {
	if tx.s.dialect != sqliteDialect || args > preparedArgs {
		return nil, nil
	}
	if p := tx.stmts[stmt]; p != nil {
		return p, nil
	}
	p, err := tx.tx.PrepareContext(ctx, tx.s.text(stmt))
	if err == nil {
		tx.stmts[stmt] = p
	}
	return p, err
}

func (tx *Tx) exec(ctx context.Context, doing, stmt string, args ...any) (int64, error) {
	if !tx.write {
		return 0, fmt.Errorf("store: %s: not in a View", doing)
	}
	if tx.err != nil {
		return 0, tx.err
	}
	var res sql.Result
	prepared, err := tx.prepared(ctx, stmt, len(args))
	switch {
	case err != nil:
	case prepared != nil:
		res, err = prepared.ExecContext(ctx, args...)
	default:
		res, err = tx.tx.ExecContext(ctx, tx.s.text(stmt), args...)
	}
	if err != nil {
		return 0, tx.broken(doing, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, tx.broken(doing, err)
	}
	return n, nil
}

// broken remembers that a statement failed: nothing of the transaction may be committed, whatever fn makes of it, and no
// further statement is run. (A full disk makes SQLite roll back by itself: the next statement would stand alone, and stay.)
func (tx *Tx) broken(doing string, err error) error {
	err = tx.s.fail(doing, err)
	if tx.err == nil {
		tx.err = err
	}
	return err
}

// scalar reads one row of columns into dest; sql.ErrNoRows if there is none.
func (tx *Tx) scalar(ctx context.Context, doing, stmt string, args []any, dest ...any) error {
	if tx.err != nil {
		return tx.err
	}
	err := tx.tx.QueryRowContext(ctx, tx.s.text(stmt), args...).Scan(dest...)
	if err == nil || errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return tx.broken(doing, err)
}

// query calls fn for each row, after all of them are read: fn may use the transaction, which on Postgres has one
// thing under way at a time. scan reads one.
func (tx *Tx) query(ctx context.Context, doing, stmt string, args []any, scan func(*sql.Rows) error) error {
	if tx.err != nil {
		return tx.err
	}
	var rows *sql.Rows
	prepared, err := tx.prepared(ctx, stmt, len(args))
	switch {
	case err != nil:
	case prepared != nil:
		rows, err = prepared.QueryContext(ctx, args...)
	default:
		rows, err = tx.tx.QueryContext(ctx, tx.s.text(stmt), args...)
	}
	if err != nil {
		return tx.broken(doing, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return tx.broken(doing, err)
		}
	}
	if err := rows.Err(); err != nil {
		return tx.broken(doing, err)
	}
	return nil
}

// change is query for a statement that writes and returns rows.
func (tx *Tx) change(ctx context.Context, doing, stmt string, args []any, scan func(*sql.Rows) error) error {
	if !tx.write {
		return fmt.Errorf("store: %s: not in a View", doing)
	}
	return tx.query(ctx, doing, stmt, args, scan)
}

// records reads whole rows of a table; rest is what follows FROM.
func (tx *Tx) records(ctx context.Context, t *table, rest string, args ...any) ([]*record, error) {
	return tx.recordsOf(ctx, t, t.stmts.selectAll+rest, args...)
}

func (tx *Tx) recordsOf(ctx context.Context, t *table, stmt string, args ...any) ([]*record, error) {
	var found []*record
	err := tx.query(ctx, "reading "+t.name, stmt, args, func(rows *sql.Rows) error {
		r := &record{t: t, s: tx.s, v: make(values, len(t.cols))}
		dest := make([]any, len(t.cols)+1)
		for i := range r.v {
			dest[i] = &r.v[i]
		}
		var sum any
		dest[len(t.cols)] = &sum
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		n, ok := sum.(int64)
		r.sum, r.sumless = n, !ok
		found = append(found, r)
		return nil
	})
	return found, err
}

// one returns the row with a key, nil if there is none.
func (tx *Tx) one(ctx context.Context, t *table, key ...any) (*record, error) {
	found, err := tx.records(ctx, t, t.stmts.byKey, key...)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// collect makes the rows values, leaving damaged ones out; those are returned as joined [DamageError]s, beside the
// good ones.
func collect[T any](rows []*record, err error, from func(*record) T) ([]T, error) {
	if err != nil {
		return nil, err
	}
	var good []T
	var bad []error
	for _, r := range rows {
		if d := r.damage(); d != nil {
			bad = append(bad, d)
		} else {
			good = append(good, from(r))
		}
	}
	return good, errors.Join(bad...)
}

// remove deletes the row with a key, and reports whether there was one.
func (tx *Tx) remove(ctx context.Context, t *table, key ...any) (bool, error) {
	if t.tallied {
		old, err := tx.one(ctx, t, key...)
		if err != nil || old == nil {
			return false, err
		}
		defer tx.tally(old, -1)
	}
	n, err := tx.exec(ctx, "deleting from "+t.name, "DELETE FROM {"+t.name+"}"+t.stmts.byKey, key...)
	return n > 0, err
}
