package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Salvaged is what was found whole in a damaged file: rows by table.
type Salvaged map[string]int

// LiveTables are those that no snapshot may replace, and that a new store takes from the damaged one, as far as their
// rows are whole; the settings only for the departures among them.
var LiveTables = []string{tSettings.name, tGrants.name, tQuota.name, tInbox.name, tKeys.name, tZones.name, tHides.name}

// Salvage takes every whole row of the tables (all, if none are named) out of a damaged SQLite file into a new, empty
// store. It works on a copy, which it removes: the damaged file is only read. Rows that can't be read, or aren't what was
// written, are passed over. A file that is no SQLite file any more yields nothing, and no error.
func (r *Replacement) Salvage(ctx context.Context, only ...string) (Salvaged, error) {
	temp, err := os.MkdirTemp(r.making, "salvage-")
	if err != nil {
		return nil, fileError(r.making, err)
	}
	defer os.RemoveAll(temp)
	for _, c := range companions {
		if c == indexSuffix { // made anew from the log
			continue
		}
		if err := copyFile(filepath.Join(r.dir, fileName+c), filepath.Join(temp, fileName+c)); err != nil {
			return nil, fileError(r.dir, err)
		}
	}
	copied := filepath.Join(temp, fileName)
	if _, err := os.Stat(copied); errors.Is(err, fs.ErrNotExist) {
		return Salvaged{}, nil
	}
	if err := mendHeader(copied, r.Store.path); err != nil {
		return nil, fileError(copied, err)
	}
	db, err := openPool(copied, "", []string{"busy_timeout(" + busyTimeoutMS + ")"}, "", 1)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	found := Salvaged{}
	err = r.Store.Update(ctx, nil, func(tx *Tx) error {
		tx.loading = &loading{}
		var newest int64
		for _, t := range tables {
			if t == tMeta || t == tTallies || t == tPartCounts || !t.summed() || len(only) > 0 && !slices.Contains(only, t.name) {
				continue
			}
			w := &wreck{db: db, tx: tx, t: t, seen: map[string]bool{}, seqs: map[int64]bool{}}
			if err := w.rescue(ctx); err != nil {
				return err
			}
			found[t.name] = len(w.seen)
			newest = max(newest, w.newest)
		}
		m, err := tx.readMeta(ctx)
		if err != nil {
			return err
		}
		m.seq, tx.renewed = max(m.seq, newest), true
		if err := tx.Loaded(ctx); err != nil {
			return err
		}
		return tx.renumber(ctx) // changes that are lost
	})
	return found, err
}

// headerBytes is the length of an SQLite file's header.
const headerBytes = 100

// mendHeader gives a copy whose header isn't one that of a new store, which is alike but for counts that SQLite
// doesn't need to read with.
func mendHeader(path, fresh string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	have, want := make([]byte, headerBytes), make([]byte, headerBytes)
	if n, err := f.ReadAt(have, 0); err != nil && err != io.EOF {
		return err
	} else if n < headerBytes { // too short to hold anything
		return nil
	}
	model, err := os.Open(fresh)
	if err != nil {
		return err
	}
	defer model.Close()
	if _, err := model.ReadAt(want, 0); err != nil {
		return err
	}
	const fixed = 24 // magic, page size, versions, fractions; then come counts
	if bytes.Equal(have[:fixed], want[:fixed]) {
		return nil
	}
	copy(want[fixed:28], have[fixed:28])
	stat, err := f.Stat()
	if err != nil {
		return err
	}
	pageSize := int64(want[16])<<8 | int64(want[17])
	if pageSize == 0 {
		return nil
	}
	pages := uint32(stat.Size() / pageSize)
	copy(want[28:32], []byte{byte(pages >> 24), byte(pages >> 16), byte(pages >> 8), byte(pages)})
	copy(want[92:96], want[24:28]) // the count of pages holds for this change
	clear(want[32:40])             // no free pages: nothing is written here
	_, err = f.WriteAt(want, 0)
	return err
}

// A wreck is one table of a damaged file.
type wreck struct {
	db     *sql.DB
	tx     *Tx
	t      *table
	seen   map[string]bool
	seqs   map[int64]bool
	newest int64 // change
	tries  int   // statements that split has run
}

// wreckRows is how many rows one statement reads at most. Between two the place is found anew by key, so that a bad page
// costs the rows on it and no others.
const wreckRows = 200

// splits is how many statements are tried to get between bad pages: where ids are far apart there would be no end.
const splits = 5000

// rescue reads the table by key from both ends, and then, where it has row ids, by those: what lies between bad pages, and
// what an index doesn't lead to.
func (w *wreck) rescue(ctx context.Context) error {
	whole, err := w.walk(ctx, ">", "")
	if err == nil && !whole {
		_, err = w.walk(ctx, "<", " DESC")
	}
	if err != nil {
		return err
	}
	var low, high sql.NullInt64
	if w.t.isClustered() ||
		w.db.QueryRowContext(ctx, "SELECT min(rowid) FROM "+w.t.name).Scan(&low) != nil ||
		w.db.QueryRowContext(ctx, "SELECT max(rowid) FROM "+w.t.name).Scan(&high) != nil || !high.Valid {
		return ctx.Err()
	}
	return w.split(ctx, low.Int64, high.Int64)
}

// isClustered reports whether the table has no row ids.
func (t *table) isClustered() bool {
	return slices.Contains([]*table{tSettings, tCursors, tHides, tDeletions, tPartStates, tChanges}, t)
}

// walk reads by key from one end until something can't be read. whole: nothing was in the way.
func (w *wreck) walk(ctx context.Context, than, order string) (whole bool, err error) {
	var names []string
	for _, c := range w.t.cols[:w.t.keys] {
		names = append(names, c.name+order)
	}
	key := strings.ReplaceAll(strings.Join(names, ", "), order, "")
	var last []any
	for {
		rest := ""
		if last != nil {
			rest = fmt.Sprintf(" WHERE (%s) %s (%s)", key, than, params(1, w.t.keys))
		}
		n, at, err := w.read(ctx, fmt.Sprintf("%s ORDER BY %s LIMIT %d", rest, strings.Join(names, ", "), wreckRows), last...)
		if err != nil {
			return false, err
		}
		if n < 0 {
			return false, nil
		}
		if n < wreckRows {
			return true, nil
		}
		last = at
	}
}

// split reads the rows between two row ids, leaving out ever smaller ranges that can't be read.
func (w *wreck) split(ctx context.Context, low, high int64) error {
	if low > high || w.tries == splits {
		return nil
	}
	w.tries++
	n, _, err := w.read(ctx, " WHERE rowid BETWEEN $1 AND $2", low, high)
	if err != nil || n >= 0 || low == high {
		return err
	}
	middle := low + (high-low)/2
	if err := w.split(ctx, low, middle); err != nil {
		return err
	}
	return w.split(ctx, middle+1, high)
}

// read takes what a statement yields until it fails. n is how many rows there were, -1 if it failed; last is the key
// of the last.
func (w *wreck) read(ctx context.Context, rest string, args ...any) (n int, last []any, err error) {
	rows, err := w.db.QueryContext(ctx, strings.NewReplacer("{", "", "}", "").Replace(w.t.stmts.selectAll)+rest, args...)
	if err != nil {
		return -1, nil, ctx.Err()
	}
	defer rows.Close()
	for rows.Next() {
		r := &record{t: w.t, v: make(values, len(w.t.cols))}
		dest := make([]any, len(w.t.cols)+1)
		for i := range r.v {
			dest[i] = &r.v[i]
		}
		dest[len(w.t.cols)] = &r.sum
		if rows.Scan(dest...) != nil {
			continue // a sum that is no number
		}
		n++
		last = r.v[:w.t.keys]
		if err := w.take(ctx, r); err != nil {
			return n, last, err
		}
	}
	if rows.Err() != nil {
		return -1, last, ctx.Err()
	}
	return n, last, nil
}

// take loads a row that is whole and wasn't seen yet.
func (w *wreck) take(ctx context.Context, r *record) error {
	key := w.t.key(r.v)
	if w.seen[key] {
		return nil
	}
	for i, v := range r.v {
		if b, ok := v.([]byte); ok && b == nil { // the driver's way to say that there are no bytes
			r.v[i] = []byte{}
		}
	}
	if err := r.verify(); err != nil {
		if errors.Is(err, ErrCorrupt) {
			return nil
		}
		return err
	}
	if w.t == tChanges {
		seq := r.v[changeSeq].(int64)
		if w.seqs[seq] {
			return nil
		}
		w.seqs[seq] = true
		w.newest = max(w.newest, seq)
	}
	w.seen[key] = true
	return w.tx.load(ctx, r)
}

var changeSeq = tChanges.index("seq")
