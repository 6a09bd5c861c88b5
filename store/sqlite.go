package store

import (
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"syscall"
)

// SQLite's settings.
const (
	busyTimeoutMS   = "10000"    // how long to wait for another process's transaction
	readConnections = 4          // beside the one writer
	journalLimit    = "67108864" // bytes the log keeps on disk after a large transaction
	cacheKiB        = "-8000"    // per connection
)

// The ways to open what isn't a file that can be written. SQLite has the first two as a virtual file system and as a
// mode; the third passes over locks and log, which nobody needs who finds no log; the fourth makes the log's index in
// memory, for each connection, where there is none that could tell of anybody who writes. (The driver runs pragmas in the
// order of their texts, and this one counts only before anything is read: hence its quotes.)
const (
	inMemory   = "vfs=memdb"
	readOnly   = "mode=ro"
	unchanging = "mode=ro&immutable=1"
	indexless  = "mode=ro&vfs=unix-none&_pragma=%22locking_mode%22(EXCLUSIVE)"
)

// openPools opens one connection that writes and a few that read. how is "" for a file, or one of the ways above.
//
// The log is synced at each commit (synchronous=FULL): a token that Strava has rotated must survive a power cut. The
// cost is one fsync per transaction; see the benchmarks. What is deleted is overwritten (secure_delete): of an athlete
// who has left nothing may stay in the file.
func (s *Store) openPools(path, how string) error {
	common := []string{"busy_timeout(" + busyTimeoutMS + ")", "cache_size(" + cacheKiB + ")"}
	write := append([]string{"synchronous(FULL)", "journal_size_limit(" + journalLimit + ")", "secure_delete(1)"}, common...)
	read := append([]string{"query_only(1)"}, common...)
	var err error
	if s.writer, err = openPool(path, how, write, "immediate", 1); err != nil {
		return s.fail("opening", err)
	}
	if s.reader, err = openPool(path, how, read, "", readConnections); err != nil {
		s.Close()
		return s.fail("opening", err)
	}
	return nil
}

func openPool(path, how string, pragmas []string, lock string, connections int) (*sql.DB, error) {
	q := url.Values{"_pragma": pragmas}
	if lock != "" {
		q.Set("_txlock", lock)
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode()+"&"+how)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// fileError types what the file system says about the data directory.
func fileError(path string, err error) error {
	kind, hint := ErrUnreachable, "nothing was changed; check MUSETTE_DATA"
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		kind, hint = ErrReadOnly, hintReadOnly
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		kind, hint = ErrDiskFull, hintFull
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist), errors.Is(err, syscall.EISDIR):
		hint = "nothing was changed; the data directory must be a directory, check MUSETTE_DATA"
	}
	return &Error{Kind: kind, Where: path, Hint: hint, Err: err}
}
