package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"musette"
)

// Findings are what a check of the whole store came to.
type Findings struct {
	Rows    int            // that were read and are whole
	Damaged []*DamageError // rows that aren't what was written, or are missing
	// File is what is wrong with the database as such, which reading rows needn't notice: an index that doesn't fit its
	// table, a page that belongs to nothing. Only a new file mends that.
	File []string
}

// Clean reports whether nothing is wrong.
func (f Findings) Clean() bool { return len(f.Damaged)+len(f.File) == 0 }

// Check reads everything and verifies it: each row by its checksum, each body by its hash, the rows of each athlete by
// their tally, and the SQLite file by SQLite's own full check, which sees what no checksum covers. It runs beside
// readers and writers. What is damaged is no error.
func (s *Store) Check(ctx context.Context) (f Findings, err error) {
	note := func(err error) error {
		if file, ok := errors.AsType[*Error](err); ok && file.Kind == ErrCorrupt {
			f.File = append(f.File, file.Err.Error())
			return nil
		}
		if bad := Damages(err); bad != nil {
			f.Damaged = append(f.Damaged, bad...)
			return nil
		}
		return err
	}
	if err := note(s.Dump(ctx, func(Row) error { f.Rows++; return nil })); err != nil {
		return f, err
	}
	for _, check := range []func(context.Context) error{s.checkInbox, s.checkChanges} {
		if err := note(check(ctx)); err != nil {
			return f, err
		}
	}
	return f, note(s.checkFile(ctx, &f))
}

// CheckFile is that part of Check that SQLite does itself: quicker, and enough to know whether what is asked for is also
// what is found. The error is an [ErrCorrupt] if it isn't.
func (s *Store) CheckFile(ctx context.Context) error {
	var f Findings
	if err := s.checkFile(ctx, &f); err != nil || len(f.File) == 0 {
		return err
	}
	return s.Damaged(strings.Join(f.File, "; "))
}

func (s *Store) checkInbox(ctx context.Context) error {
	return s.View(ctx, func(tx *Tx) error {
		rows, err := tx.records(ctx, tInbox, "")
		if err != nil {
			return err
		}
		var bad []error
		for _, r := range rows {
			if d := r.damage(); d != nil {
				bad = append(bad, d)
			}
		}
		return errors.Join(bad...)
	})
}

// changeless are activities that no change tells of.
const changeless = ` WHERE NOT EXISTS (SELECT 1 FROM {changes} c WHERE c.athlete_id = {activities}.athlete_id AND c.activity_id = {activities}.activity_id)
	ORDER BY athlete_id, activity_id`

func (s *Store) checkChanges(ctx context.Context) error {
	return s.View(ctx, func(tx *Tx) error {
		rows, err := tx.records(ctx, tActivities, changeless)
		if err != nil {
			return err
		}
		var bad []error
		for _, r := range rows {
			bad = append(bad, &DamageError{tChanges.name, tActivities.key(r.v), "the row is missing"})
		}
		return errors.Join(bad...)
	})
}

// fileFaults is how many faults SQLite is to look for; beyond a few they say nothing new.
const fileFaults = 10

func (s *Store) checkFile(ctx context.Context, f *Findings) error {
	if s.dialect != sqliteDialect {
		return nil
	}
	return s.View(ctx, func(tx *Tx) error {
		return tx.query(ctx, "checking the file", fmt.Sprintf("PRAGMA integrity_check(%d)", fileFaults), nil, func(rows *sql.Rows) error {
			var text string
			if err := rows.Scan(&text); err != nil {
				return err
			}
			if text != "ok" {
				f.File = append(f.File, text)
			}
			return nil
		})
	})
}

// Damaged is the error that says that the database as such is damaged, and how.
func (s *Store) Damaged(how string) error {
	return &Error{Kind: ErrCorrupt, Where: s.where, Hint: hintCorrupt, Err: errors.New(how)}
}

// Damages lists the damaged rows that an error tells of, nil if it tells of anything else as well.
func Damages(err error) []*DamageError {
	if err == nil {
		return nil
	}
	if d, ok := err.(*DamageError); ok {
		return []*DamageError{d}
	}
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		if _, whole := err.(*Error); whole {
			return nil
		}
		var all []*DamageError
		for _, one := range e.Unwrap() {
			bad := Damages(one)
			if bad == nil {
				return nil
			}
			all = append(all, bad...)
		}
		return all
	case interface{ Unwrap() error }:
		return Damages(e.Unwrap())
	}
	return nil
}

// Mended is a damaged row that Mend has taken out, and what took its place.
type Mended struct {
	Damage *DamageError
	Key    musette.Key // of what the row was about, as far as it has such columns
	// Instead is what took its place: InsteadSame, InsteadOlder or InsteadNothing.
	Instead string
}

// What takes the place of a damaged row.
const (
	InsteadSame    = "same"    // the very row, from a snapshot
	InsteadOlder   = "older"   // the row as a snapshot has it, from before
	InsteadNothing = "nothing" // it has to be fetched or made again
	InsteadLeft    = "left"    // nothing: it stays, since without it more would be shown than may be
)

// A Mending says how Mend goes about it.
type Mending struct {
	// Known are rows that a snapshot has of those that are damaged, by table and key, see [Row.Key].
	Known map[[2]string]Row
	// Aside keeps what can be read of a row that is taken out; the transaction ends if it fails.
	Aside func(Row, *DamageError) error
}

// Mend takes damaged rows out, puts in their place what is known of them, and makes tallies, counts and the numbers of
// changes fit what is there then. The epoch becomes another one, so that all followers read anew.
func (tx *Tx) Mend(ctx context.Context, m Mending) (done []Mended, err error) {
	for _, t := range tables {
		if !t.summed() || t == tTallies || t == tPartCounts {
			continue
		}
		if err := tx.mendTable(ctx, t, m, &done); err != nil {
			return nil, err
		}
	}
	if err := tx.mendMeta(ctx); err != nil {
		return nil, err
	}
	if err := tx.tallyAnew(ctx); err != nil {
		return nil, err
	}
	return done, tx.RenewEpoch(ctx)
}

func (tx *Tx) mendTable(ctx context.Context, t *table, m Mending, done *[]Mended) error {
	for r, err := range tx.all(ctx, t) {
		if err != nil {
			return err
		}
		bad := r.verify()
		if bad == nil {
			continue
		}
		d, ok := errors.AsType[*DamageError](bad)
		if !ok {
			return bad
		}
		one, err := tx.mendRow(ctx, r, d, m)
		if err != nil {
			return err
		}
		*done = append(*done, one)
	}
	return nil
}

func (tx *Tx) mendRow(ctx context.Context, r *record, d *DamageError, m Mending) (Mended, error) {
	one := Mended{Damage: d, Key: r.about(), Instead: InsteadNothing}
	known, err := r.t.wholeRow(m.Known[[2]string{r.t.name, d.Key}])
	if err != nil {
		return one, err
	}
	if known == nil && (r.t == tZones || r.t == tHides) {
		one.Instead = InsteadLeft
		return one, nil
	}
	if err := m.Aside(Row{Table: r.t.name, JSON: r.json()}, d); err != nil {
		return one, err
	}
	if _, err := tx.exec(ctx, "taking out a damaged row", "DELETE FROM {"+r.t.name+"}"+r.t.stmts.byKey, r.v[:r.t.keys]...); err != nil {
		return one, err
	}
	// An older number of a change may be another's by now; renumber gives a new one.
	if known == nil || r.t == tChanges {
		return one, nil
	}
	one.Instead = InsteadOlder
	if known.sum == r.sum {
		one.Instead = InsteadSame
	}
	_, err = tx.exec(ctx, "mending a row", r.t.stmts.insert, append(known.v[:len(known.v):len(known.v)], known.sum)...)
	return one, err
}

// wholeRow reads a row of a snapshot, nil for none.
func (t *table) wholeRow(row Row) (*record, error) {
	if row.Table == "" {
		return nil, nil
	}
	r, err := parseRow(row)
	if err != nil {
		return nil, fmt.Errorf("store: mending a row of %s: %w", row.Table, err)
	}
	return r, r.verify()
}

// about is the key of what a row tells of, as far as it has one.
func (r *record) about() (k musette.Key) {
	for i, c := range r.t.cols {
		switch x := r.v[i].(type) {
		case int64:
			switch c.name {
			case "athlete_id":
				k.AthleteID = x
			case "activity_id":
				k.ActivityID = x
			}
		case string:
			if c.name == "part" {
				k.Part = musette.Part(x)
			}
		}
	}
	return k
}

// mendMeta makes the row of meta anew where it is lost.
func (tx *Tx) mendMeta(ctx context.Context) error {
	_, err := tx.readMeta(ctx)
	if !errors.Is(err, ErrCorrupt) {
		return err
	}
	var seq int64
	if err := tx.scalar(ctx, "looking for the newest change", "SELECT coalesce(max(seq), 0) FROM {changes}", nil, &seq); err != nil {
		return err
	}
	tx.meta = &meta{epoch: newEpoch(), seq: seq, oldest: seq}
	tx.renewed = true
	return nil
}

// tallyAnew makes what is derived from the rows anew: tallies, counts and lanes.
func (tx *Tx) tallyAnew(ctx context.Context) error {
	clear(tx.tallies)
	clear(tx.counts)
	clear(tx.recount)
	for _, t := range []*table{tTallies, tPartCounts} {
		if _, err := tx.exec(ctx, "counting anew", "DELETE FROM {"+t.name+"}"); err != nil {
			return err
		}
	}
	for _, t := range tables {
		if !t.tallied {
			continue
		}
		for r, err := range tx.all(ctx, t) {
			if err != nil {
				return err
			}
			tx.tally(r, +1)
		}
	}
	clear(tx.lanes)
	clear(tx.doubted)
	_, err := tx.MendLanes(ctx)
	return err
}

// renumber gives each activity that has lost its change a new one.
func (tx *Tx) renumber(ctx context.Context) error {
	rows, err := tx.records(ctx, tActivities, changeless)
	if err != nil {
		return err
	}
	for _, r := range rows {
		a := activityFrom(r)
		if a.Seq, err = tx.number(ctx); err != nil {
			return err
		}
		if err := tx.put(ctx, tChanges, values{a.AthleteID, a.ID, a.Seq, a.change()}); err != nil {
			return err
		}
		if err := tx.put(ctx, tActivities, a.values()); err != nil {
			return err
		}
	}
	return nil
}
