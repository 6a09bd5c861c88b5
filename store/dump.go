package store

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"musette"
)

// A Row is one row of a dump: a JSON object of its columns, the same bytes for the same row whichever database it is
// from. Numbers are numbers, bytes base64, text as the table has it (see escapeText).
type Row struct {
	Table string
	JSON  []byte
}

const dumpRows = 500

// Dump yields every row that belongs in a snapshot, by [Store.Tables] and key, as of one moment. Everything is
// verified on the way, bodies included: damaged rows, and rows that are missing, come as joined [DamageError]s at the end,
// after all that is good.
func (s *Store) Dump(ctx context.Context, yield func(Row) error) error {
	return s.View(ctx, func(tx *Tx) error {
		var bad []error
		for _, t := range tables {
			if !t.snapshot {
				continue
			}
			err := tx.dumpTable(ctx, t, yield, &bad)
			if err != nil {
				return err
			}
		}
		return errors.Join(bad...)
	})
}

// Verify reads everything as Dump does, and returns what is damaged as joined [DamageError]s.
func (s *Store) Verify(ctx context.Context) error {
	return s.Dump(ctx, func(Row) error { return nil })
}

func (tx *Tx) dumpTable(ctx context.Context, t *table, yield func(Row) error, bad *[]error) error {
	got := map[int64]tally{}
	counted := &Tx{counts: map[countKey]musette.PartCount{}}
	for r, err := range tx.all(ctx, t) {
		if err != nil {
			return err
		}
		if t.tallied {
			id, _ := r.v[0].(int64)
			g := got[id]
			got[id] = tally{g.rows + 1, g.xor ^ r.sum}
		}
		if t == tPartStates {
			counted.count(r, +1)
		}
		if err := r.verify(); err != nil {
			*bad = append(*bad, err)
			continue
		}
		if err := yield(Row{Table: t.name, JSON: r.json()}); err != nil {
			return err
		}
	}
	if t == tPartStates {
		wrong, err := tx.compareCounts(ctx, counted.counts)
		if err != nil {
			return err
		}
		*bad = append(*bad, wrong...)
	}
	if !t.tallied {
		return nil
	}
	return tx.compareAll(ctx, t, got, bad)
}

// all yields a table's rows by key, as they are stored. They are read some at a time: between, the caller may use the
// transaction.
func (tx *Tx) all(ctx context.Context, t *table) iter.Seq2[*record, error] {
	return func(yield func(*record, error) bool) {
		var last []any
		for {
			rows, err := tx.after(ctx, t, last)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, r := range rows {
				last = r.v[:t.keys]
				if !yield(r, nil) {
					return
				}
			}
			if len(rows) < dumpRows {
				return
			}
		}
	}
}

// after reads the next rows by key.
func (tx *Tx) after(ctx context.Context, t *table, last []any) ([]*record, error) {
	var names []string
	for _, c := range t.cols[:t.keys] {
		names = append(names, c.name)
	}
	key := strings.Join(names, ", ")
	where := ""
	if last != nil {
		where = fmt.Sprintf(" WHERE (%s) > (%s)", key, params(1, t.keys))
	}
	return tx.records(ctx, t, fmt.Sprintf("%s ORDER BY %s LIMIT %d", where, key, dumpRows), last...)
}

func (tx *Tx) compareAll(ctx context.Context, t *table, got map[int64]tally, bad *[]error) error {
	ids, err := tx.athletesIn(ctx, t)
	if err != nil {
		return err
	}
	for _, id := range ids {
		err := tx.compare(ctx, id, t, got[id])
		if errors.Is(err, ErrCorrupt) {
			*bad = append(*bad, err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// verify is damage, with the body of a document looked at too.
func (r *record) verify() error {
	var err error
	switch r.t {
	case tDocuments:
		_, err = wholeDocument(r, documentFrom, documentSize, documentBody)
	case tHistory:
		_, err = wholeDocument(r, historyFrom, historySize, historyBody)
	default:
		if bad := r.damage(); bad != nil {
			return bad
		}
	}
	r.next = 0
	return err
}

// json returns the row as it stands in a dump.
func (r *record) json() []byte {
	b := []byte{'{'}
	for i, c := range r.t.cols {
		if c.derived {
			continue
		}
		b = append(b, '"')
		b = append(b, c.name...)
		b = append(b, '"', ':')
		switch x := r.v[i].(type) {
		case int64:
			b = strconv.AppendInt(b, x, 10)
		case float64:
			b = strconv.AppendFloat(b, x, 'g', -1, 64)
		case string:
			b, _ = jsontext.AppendQuote(b, x) // text columns are valid UTF-8
		case []byte:
			b = append(b, '"')
			b = base64.StdEncoding.AppendEncode(b, x)
			b = append(b, '"')
		}
		b = append(b, ',')
	}
	b = append(b, `"sum":`...)
	b = strconv.AppendInt(b, r.sum, 10)
	return append(b, '}')
}

// parseRow reads a row of a dump. Columns that it lacks are zero, as in a dump from before they were added.
func parseRow(row Row) (*record, error) {
	t := tableNamed(row.Table)
	if t == nil || !t.snapshot {
		return nil, errors.New("no table of this name is in a dump")
	}
	var members map[string]jsontext.Value
	if err := json.Unmarshal(row.JSON, &members); err != nil {
		return nil, err
	}
	r := &record{t: t, v: make(values, len(t.cols))}
	for i, c := range t.cols {
		v, err := parseValue(c.kind, members[c.name])
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.name, err)
		}
		r.v[i] = v
		delete(members, c.name)
	}
	if err := json.Unmarshal(members["sum"], &r.sum); err != nil {
		return nil, fmt.Errorf("column sum: %w", err)
	}
	delete(members, "sum")
	for name := range members {
		return nil, fmt.Errorf("column %s isn't known here: the dump is from a newer program", name)
	}
	return r, nil
}

func parseValue(k kind, raw jsontext.Value) (any, error) {
	zero := len(raw) == 0
	switch k {
	case integer:
		var n int64
		if zero {
			return n, nil
		}
		err := json.Unmarshal(raw, &n)
		return n, err
	case real:
		var f float64
		if zero {
			return f, nil
		}
		err := json.Unmarshal(raw, &f)
		return f, err
	case text:
		var s string
		if zero {
			return s, nil
		}
		err := json.Unmarshal(raw, &s)
		return s, err
	default:
		b := []byte{}
		if zero {
			return b, nil
		}
		err := json.Unmarshal(raw, &b)
		return b, err
	}
}
