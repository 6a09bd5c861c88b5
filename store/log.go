package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// SQLite's log is a file beside the database (-wal), and what is where in it is in another (-shm). Deleting the log while
// it is in use goes unnoticed by SQLite: those who have it open go on with a file that has no name, and lose with their
// process what they wrote, while whoever comes next makes a new one, and both follow the one index. What they then take
// for the newest pages may be anything. So nothing is written once the log isn't the one that was opened, nothing is
// believed once there is another, and nobody opens the file beside those who have lost their log. These take what they
// have into the database when they close it, so that nothing is lost.

const (
	logSuffix   = "-wal"
	indexSuffix = "-shm"
	logName     = fileName + logSuffix
)

// rememberLog notes which file the log is. There may be none: where the file system can't have its index.
func (s *Store) rememberLog() {
	if info, err := os.Stat(s.path + logSuffix); err == nil {
		s.log = info
	}
}

// anothersLog reports whether somebody has made a new log in the place of ours.
func (s *Store) anothersLog() bool {
	if s.log == nil {
		return false
	}
	now, err := os.Stat(s.path + logSuffix)
	return err == nil && !os.SameFile(s.log, now)
}

// logLost returns nil as long as the log is the one that was opened.
func (s *Store) logLost() error {
	if s.log == nil {
		return nil
	}
	now, err := os.Stat(s.path + logSuffix)
	if err == nil && os.SameFile(s.log, now) {
		return nil
	}
	return &Error{
		Kind: ErrUnreachable, Where: s.where,
		Hint: "nothing is lost as long as this process ends by itself; `musette serve` opens it anew",
		Err:  errors.New(logName + " was deleted while it is in use"),
	}
}

// takeLostLogIn takes what is in a log that was deleted into the database. SQLite does so when the last connection is closed, but
// not while somebody else has the file open, who would see to it: here that is who only tries whether it can be had, and
// has no way to our log.
func (s *Store) takeLostLogIn() error {
	if s.logLost() == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastWait)
	defer cancel()
	_, err := s.writer.ExecContext(ctx, "PRAGMA wal_checkpoint(FULL)")
	return err
}

// lastWait bounds what is done about a lost log at the end.
const lastWait = 10 * time.Second

// logInUse returns an [ErrBusy] if the log was deleted and somebody is still using it. An index without a log says that
// it was deleted; the file can be had alone only when nobody uses it.
func logInUse(ctx context.Context, path string) error {
	_, err := os.Stat(path + indexSuffix)
	_, gone := os.Stat(path + logSuffix)
	if err != nil || !errors.Is(gone, fs.ErrNotExist) {
		return nil
	}
	alone, err := openPool(path, "", []string{"locking_mode(EXCLUSIVE)"}, "", 1)
	if err != nil {
		return nil // opening it says why
	}
	defer alone.Close()
	var n int
	err = alone.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&n)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, kind := classifySQLite(err); kind != ErrBusy {
		return nil
	}
	// Between the two looks somebody who has ended may have taken the log away, and somebody else opened the file since.
	if _, err := os.Stat(path + logSuffix); err == nil {
		return nil
	}
	return &Error{
		Kind: ErrBusy, Where: filepath.Dir(path),
		Hint: "nothing was changed; the other process takes what it has into the database when it ends: stop it",
		Err:  errors.New(logName + " was deleted while another process has the database open"),
	}
}
