package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"musette"
)

// A Tx is one transaction: it lives as long as the function it was given to, and is used by one goroutine at a time.
type Tx struct {
	s     *Store
	tx    *sql.Tx
	write bool
	stmts map[string]*sql.Stmt // closed with the transaction
	err   error                // the first statement that failed

	tallies map[tallyKey]tally
	counts  map[countKey]musette.PartCount
	recount map[countKey]bool // those to count from the rows
	lanes   map[laneKey]laneChange
	doubted map[int64]bool // athletes whose lanes are to be counted from the rows

	meta    *meta    // once read
	renewed bool     // meta must be written
	loading *loading // nil: no dump is taken in
}

// Update runs fn in one write transaction: all of it is kept, or nothing. Updates follow one another, in all
// processes. With a fence it fails with [ErrFenced] unless that lease is still held.
//
// The transaction is kept only if fn returns nil and no statement failed. fn must not use the store other than
// through its Tx: a nested Update, Acquire or Renew would wait for this one for ever.
func (s *Store) Update(ctx context.Context, fence *Lease, fn func(*Tx) error) error {
	if s.toRead {
		return &Error{Kind: ErrReadOnly, Where: s.where, Hint: "nothing was changed; it was opened only to be read"}
	}
	t, err := s.writer.BeginTx(ctx, nil)
	if err == nil {
		defer t.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	}
	if lost := s.logLost(); lost != nil { // asked while nobody else can write
		return lost
	}
	if err != nil {
		return s.fail("beginning a change", err)
	}
	tx := s.newTx(t, true)
	if s.dialect.begin != "" {
		if _, err := t.ExecContext(ctx, s.dialect.begin); err != nil {
			return s.fail("beginning a change", err)
		}
	}
	if fence != nil {
		if err := fence.check(ctx, tx); err != nil {
			return err
		}
	}
	began := time.Now()
	if err := fn(tx); err != nil {
		return err
	}
	if tx.err != nil {
		return tx.err
	}
	if err := tx.Loaded(ctx); err != nil {
		return err
	}
	if err := tx.flush(ctx); err != nil {
		return err
	}
	if fence != nil {
		if err := fence.outlast(ctx, tx, began); err != nil {
			return err
		}
	}
	if err := t.Commit(); err != nil {
		return s.fail("committing a change", err)
	}
	return nil
}

// View runs fn in one read transaction: it sees one moment, whatever is written meanwhile, and holds up no writer.
func (s *Store) View(ctx context.Context, fn func(*Tx) error) error {
	t, err := s.reader.BeginTx(ctx, s.viewOptions)
	if err != nil {
		return s.fail("beginning to read", err)
	}
	defer t.Rollback() //nolint:errcheck // nothing was written
	err = fn(s.newTx(t, false))
	if s.anothersLog() { // whatever was read, or wasn't
		return s.logLost()
	}
	return err
}

func (s *Store) newTx(t *sql.Tx, write bool) *Tx {
	return &Tx{
		s: s, tx: t, write: write, stmts: map[string]*sql.Stmt{},
		tallies: map[tallyKey]tally{}, counts: map[countKey]musette.PartCount{}, recount: map[countKey]bool{},
		lanes: map[laneKey]laneChange{}, doubted: map[int64]bool{},
	}
}

// meta is the one row that says which history of changes this is, and how far it goes.
type meta struct {
	epoch       string
	seq, oldest int64
}

func (tx *Tx) readMeta(ctx context.Context) (*meta, error) {
	if tx.meta != nil {
		return tx.meta, nil
	}
	r, err := tx.one(ctx, tMeta, int64(1))
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, &DamageError{"meta", "1", "the row is missing"}
	}
	if bad := r.damage(); bad != nil {
		return nil, bad
	}
	r.int()
	m := &meta{epoch: r.text(), seq: r.int(), oldest: r.int()}
	if tx.write {
		tx.meta = m
	}
	return m, nil
}

// number returns the next change's number. Updates follow one another, so what is counted here is what the commit
// makes known: numbers have no gap, and their order is the order of the commits.
func (tx *Tx) number(ctx context.Context) (int64, error) {
	m, err := tx.readMeta(ctx)
	if err != nil {
		return 0, err
	}
	m.seq++
	tx.renewed = true
	return m.seq, nil
}

func (tx *Tx) flushSeq(ctx context.Context) error {
	if !tx.renewed {
		return nil
	}
	return tx.put(ctx, tMeta, values{int64(1), tx.meta.epoch, tx.meta.seq, tx.meta.oldest})
}

// RenewEpoch makes the history of changes another one, so that every follower starts anew, and numbers what it has lost:
// a snapshot of a damaged file may lack the changes that a bent index didn't lead to. For restores and mends.
func (tx *Tx) RenewEpoch(ctx context.Context) error {
	m, err := tx.readMeta(ctx)
	if err != nil && !errors.Is(err, ErrCorrupt) {
		return err
	}
	if m == nil {
		return fmt.Errorf("store: renewing the epoch: %w", err)
	}
	m.epoch = newEpoch()
	tx.renewed = tx.write
	return tx.renumber(ctx)
}

// Writable returns nil if a change can be written now: it writes what is there once more, which nobody sees.
func (s *Store) Writable(ctx context.Context) error {
	return s.Update(ctx, nil, func(tx *Tx) error {
		_, err := tx.readMeta(ctx)
		tx.renewed = true
		return err
	})
}
