package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// How one SQLite file takes another's place. The new one is made in a directory of its own beside the data, closed and
// synced; that directory then gets the name below, in one step: from there on the replacement has happened. What is
// left to do is done by whoever comes first, this process or the next one that opens the store: the old file and its
// companions go to the directory of what was set aside, and the new one gets their place. A kill at any moment leaves
// either the old store, or the new one.
const (
	fileName     = "musette.db"
	newDir       = "rebuilt"          // a finished replacement
	makingPrefix = "rebuilding-"      // one in the making; worthless once its process has gone
	asideDir     = "damaged"          // in it a directory for each file that was set aside
	asideTime    = "20060102T150405Z" // names it
	asideName    = "aside"            // in newDir: the name of that directory
)

// companions are the files that belong to an SQLite file.
var companions = []string{"", logSuffix, indexSuffix, "-journal"}

// Present reports whether a data directory has an SQLite store.
func Present(dir string) (bool, error) {
	for _, name := range []string{fileName, newDir} {
		_, err := os.Stat(filepath.Join(dir, name))
		if !errors.Is(err, fs.ErrNotExist) {
			return err == nil, err
		}
	}
	return false, nil
}

// A Replacement is a new store in the making, that is to take the place of an SQLite file that can't be used.
type Replacement struct {
	Store *Store // the new one, empty at first

	dir, making string
	lock        *flock.Flock
	now         time.Time
}

// Replace begins to replace the SQLite file of a data directory, which nobody may be syncing ([HeldError]): it holds the
// lock of [SyncLease]. It ends with Finish or Abandon.
func Replace(ctx context.Context, c Config) (*Replacement, error) {
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("store: data directory %s: %w", c.Dir, err)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	path := filepath.Join(dir, lockName)
	lock := flock.New(path, flock.SetPermissions(0o600))
	got, err := lock.TryLock()
	if err != nil {
		return nil, fileError(path, err)
	}
	if !got {
		return nil, &HeldError{Name: SyncLease, Holder: "another process"}
	}
	r := &Replacement{dir: dir, lock: lock, now: c.Now()}
	if err := r.begin(ctx, c); err != nil {
		r.Abandon()
		return nil, err
	}
	return r, nil
}

func (r *Replacement) begin(ctx context.Context, c Config) error {
	old, err := filepath.Glob(filepath.Join(r.dir, makingPrefix+"*"))
	if err != nil {
		return err
	}
	for _, dir := range old { // of processes that were killed: we have their lock
		if err := os.RemoveAll(dir); err != nil {
			return fileError(dir, err)
		}
	}
	if r.making, err = os.MkdirTemp(r.dir, makingPrefix); err != nil {
		return fileError(r.dir, err)
	}
	r.Store, err = Open(ctx, Config{Dir: r.making, Now: c.Now})
	return err
}

// Abandon gives up: the old file stays as it is. After Finish it does nothing.
func (r *Replacement) Abandon() {
	if r.Store != nil {
		_ = r.Store.Close()
	}
	if r.making != "" {
		_ = os.RemoveAll(r.making)
	}
	if r.lock != nil {
		_ = r.lock.Close()
		r.lock = nil
	}
}

// Finish puts the new store in the place of the old one, and returns the directory that the old one is kept in, "" if
// there was none. Both stores are closed then.
func (r *Replacement) Finish() (aside string, err error) {
	defer r.Abandon()
	if err := r.Store.Close(); err != nil { // takes the log into the file
		return "", fmt.Errorf("store: closing the new file: %w", err)
	}
	if err := syncPath(filepath.Join(r.making, fileName)); err != nil {
		return "", fileError(r.making, err)
	}
	if err := os.MkdirAll(filepath.Join(r.dir, asideDir), 0o700); err != nil {
		return "", fileError(r.dir, err)
	}
	if aside, err = freshDir(filepath.Join(r.dir, asideDir, r.now.UTC().Format(asideTime))); err != nil {
		return "", fileError(r.dir, err)
	}
	for _, name := range []string{lockName, migrateLockName} {
		if err := os.Remove(filepath.Join(r.making, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fileError(r.making, err)
		}
	}
	note := filepath.Join(r.making, asideName)
	if err := os.WriteFile(note, []byte(filepath.Base(aside)), 0o600); err != nil {
		return "", fileError(note, err)
	}
	if err := errors.Join(syncPath(note), syncPath(r.making)); err != nil {
		return "", fileError(r.making, err)
	}
	if err := os.Rename(r.making, filepath.Join(r.dir, newDir)); err != nil {
		return "", fileError(r.making, err)
	}
	r.making = ""
	if err := settleReplacement(r.dir); err != nil {
		return "", err
	}
	if os.Remove(aside) == nil { // there was nothing to keep
		return "", nil
	}
	return aside, nil
}

// freshDir makes a directory of that name, or of the name with a number.
func freshDir(path string) (string, error) {
	for n := 1; ; n++ {
		try := path
		if n > 1 {
			try = fmt.Sprintf("%s-%d", path, n)
		}
		if err := os.Mkdir(try, 0o700); !errors.Is(err, fs.ErrExist) {
			return try, err
		}
	}
}

// settleReplacement does what is left to do of a replacement, if there is one.
func settleReplacement(dir string) error {
	from := filepath.Join(dir, newDir)
	if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	lock := flock.New(filepath.Join(dir, migrateLockName), flock.SetPermissions(0o600))
	if err := lock.Lock(); err != nil {
		return fileError(dir, err)
	}
	defer lock.Close()
	made := filepath.Join(from, fileName)
	_, err := os.Stat(made)
	switch {
	case errors.Is(err, fs.ErrNotExist): // only this directory is left
		return removeSettled(from)
	case err != nil:
		return fileError(from, err)
	}
	name, err := os.ReadFile(filepath.Join(from, asideName))
	if err != nil {
		return fileError(from, err)
	}
	aside := filepath.Join(dir, asideDir, filepath.Base(strings.TrimSpace(string(name))))
	if err := os.MkdirAll(aside, 0o700); err != nil {
		return fileError(aside, err)
	}
	for _, c := range companions {
		err := os.Rename(filepath.Join(dir, fileName+c), filepath.Join(aside, fileName+c))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fileError(aside, err)
		}
	}
	if err := errors.Join(syncPath(aside), syncPath(dir)); err != nil {
		return fileError(dir, err)
	}
	if err := os.Rename(made, filepath.Join(dir, fileName)); err != nil {
		return fileError(made, err)
	}
	if err := errors.Join(syncPath(from), syncPath(dir)); err != nil {
		return fileError(dir, err)
	}
	return removeSettled(from)
}

func removeSettled(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return fileError(dir, err)
	}
	return nil
}

// syncPath makes a file, or the names in a directory, durable.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Missing is the error that says that a data directory has no SQLite file, where there should be one.
func Missing(dir string) error {
	return &Error{
		Kind: ErrCorrupt, Where: filepath.Join(dir, fileName), Hint: hintCorrupt,
		Err: errors.New("the file is gone, though there are snapshots of it"),
	}
}

// Replaced reports whether another file has taken the place of the one that is open, or its log was deleted: the store
// has to be opened anew.
func (s *Store) Replaced() bool {
	if s.path == "" || s.opened == nil {
		return false
	}
	now, err := os.Stat(s.path)
	return err == nil && !os.SameFile(s.opened, now) || s.logLost() != nil
}

// copyFile copies a file that may be damaged, for somebody to work on the copy. A missing one is no error.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
