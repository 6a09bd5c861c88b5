package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// SyncLease is the lease of the one process that syncs.
const SyncLease = "sync"

// lockName is the file of SyncLease on SQLite.
const lockName = "sync.lock"

// A Lease is held until it is released or runs out, which it does by the database's clock unless it is renewed. On an
// SQLite file, whose processes share a machine, it is a lock on a file, which the kernel frees when the holder ends,
// however it ends, and not before. Its number is higher than that of everyone who held it before: an Update fenced by an old
// one fails.
type Lease struct {
	Name, Holder string
	Number       int64

	s    *Store
	ttl  time.Duration
	file *flock.Flock // on an SQLite file
}

const (
	// acquireSQL has the clock read in the SET, not in VALUES: that one is read before the wait for the row's lock.
	acquireSQL = `INSERT INTO {leases} (name, holder, number, until_ms) VALUES ($1, $2, 1, {now} + $3)
		ON CONFLICT (name) DO UPDATE SET holder = $2, number = {leases}.number + 1, until_ms = {now} + $3
		WHERE {leases}.until_ms <= {now} OR $4 = 1 RETURNING number`
	heldSQL    = "SELECT holder, until_ms FROM {leases} WHERE name = $1"
	renewSQL   = "UPDATE {leases} SET until_ms = {now} + $1 WHERE name = $2 AND number = $3 AND (until_ms > {now} OR $4 = 1) AND until_ms > 0"
	outlastSQL = "UPDATE {leases} SET until_ms = {now} + $1 WHERE name = $2 AND number = $3 AND until_ms > 0"
	releaseSQL = "UPDATE {leases} SET until_ms = 0 WHERE name = $1 AND number = $2"
	fenceSQL   = "SELECT number FROM {leases} WHERE name = $1 AND number = $2 AND (until_ms > {now} OR $3 = 1) AND until_ms > 0{lock}"
)

// Acquire takes the lease of a name, for ttl where the clock ends it. [HeldError] if it is held, be it by the same
// holder.
func (s *Store) Acquire(ctx context.Context, name, holder string, ttl time.Duration) (*Lease, error) {
	if err := s.logLost(); err != nil {
		return nil, err
	}
	l := &Lease{Name: name, Holder: holder, s: s, ttl: ttl}
	if s.dir != "" {
		got, err := l.lock(filepath.Join(s.dir, lockFile(name)))
		if err != nil {
			return nil, err
		}
		if !got {
			return nil, s.held(ctx, name, true)
		}
	}
	err := s.writer.QueryRowContext(ctx, s.text(acquireSQL), escapeText(name), escapeText(holder), ttl.Milliseconds(), l.byFile()).Scan(&l.Number)
	if err == nil {
		return l, nil
	}
	l.unlock()
	if errors.Is(err, sql.ErrNoRows) {
		return nil, s.held(ctx, name, false)
	}
	return nil, s.fail("acquiring the lease "+name, err)
}

func (s *Store) held(ctx context.Context, name string, byFile bool) error {
	h := &HeldError{Name: name}
	var until int64
	err := s.reader.QueryRowContext(ctx, s.text(heldSQL), escapeText(name)).Scan(&h.Holder, &until)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return s.fail("looking at the lease "+name, err)
	}
	h.Holder = unescapeText(h.Holder)
	if !byFile {
		h.Until = fromMS(until)
	}
	return h
}

// byFile is 1 where a file's lock, and not the clock, says how long the lease lasts.
func (l *Lease) byFile() int64 { return flag(l.file != nil) }

// Renew makes the lease last for its ttl from now. [ErrFenced] if it was lost.
func (l *Lease) Renew(ctx context.Context) error {
	if l.file != nil && !l.file.Locked() { // given up, whether or not that could be written
		return l.lost(nil)
	}
	if err := l.s.logLost(); err != nil {
		return err
	}
	res, err := l.s.writer.ExecContext(ctx, l.s.text(renewSQL), l.ttl.Milliseconds(), escapeText(l.Name), l.Number, l.byFile())
	if err != nil {
		return l.s.fail("renewing the lease "+l.Name, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return l.lost(err)
	}
	return nil
}

// Release gives the lease up. Releasing one that was lost is no error.
func (l *Lease) Release(ctx context.Context) error {
	defer l.unlock()
	if err := l.s.logLost(); err != nil {
		return err
	}
	_, err := l.s.writer.ExecContext(ctx, l.s.text(releaseSQL), escapeText(l.Name), l.Number)
	return l.s.fail("releasing the lease "+l.Name, err)
}

// check is the fence: the lease must be held now, and its row stays as it is until the transaction ends.
func (l *Lease) check(ctx context.Context, tx *Tx) error {
	var number int64
	err := tx.scalar(ctx, "checking the lease "+l.Name, fenceSQL, []any{escapeText(l.Name), l.Number, l.byFile()}, &number)
	if errors.Is(err, sql.ErrNoRows) {
		return l.lost(nil)
	}
	return err
}

// outlast renews the lease at the end of a transaction that it fences, if that took long: meanwhile nobody else could
// take the lease, its row being locked, but nobody could renew it either.
func (l *Lease) outlast(ctx context.Context, tx *Tx, began time.Time) error {
	if l.file != nil || time.Since(began) < l.ttl/4 {
		return nil
	}
	_, err := tx.exec(ctx, "renewing the lease "+l.Name, outlastSQL, l.ttl.Milliseconds(), escapeText(l.Name), l.Number)
	return err
}

func (l *Lease) lost(err error) error {
	return errors.Join(fmt.Errorf("store: lease %q, number %d of %q: %w", l.Name, l.Number, l.Holder, ErrFenced), err)
}

// lockFile is the file of a lease on SQLite. Any name does for a lease, not for a file.
func lockFile(name string) string {
	if name == SyncLease {
		return lockName
	}
	sum := sha256.Sum256([]byte(name))
	return "lease-" + hex.EncodeToString(sum[:8]) + ".lock"
}

// lock locks the lease's file, and reports false if somebody else has it.
func (l *Lease) lock(path string) (bool, error) {
	for {
		l.file = flock.New(path, flock.SetPermissions(0o600))
		got, err := l.file.TryLock()
		if err != nil {
			return false, fileError(path, err)
		}
		if !got {
			return false, nil
		}
		mine, err := l.file.Stat()
		there, e := os.Stat(path)
		if err == nil && e == nil && os.SameFile(mine, there) {
			return true, nil
		}
		_ = l.file.Close() // its last holder removed it after it was opened here: this lock keeps nobody out
		if err != nil || e != nil && !errors.Is(e, fs.ErrNotExist) {
			return false, fileError(path, errors.Join(err, e))
		}
	}
}

// unlock frees the file, and removes it: there are as many leases as grants. Not SyncLease's, which [Replace] locks too.
func (l *Lease) unlock() {
	if l.file == nil || !l.file.Locked() {
		return
	}
	if l.Name != SyncLease {
		_ = os.Remove(l.file.Path())
	}
	_ = l.file.Close()
}
