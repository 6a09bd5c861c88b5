package snapshot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"musette/store"
)

// Forgotten is what became of a directory of snapshots when athletes had left.
type Forgotten struct {
	Rewritten []string // written again without them, and proven like any other
	Rows      int      // that were left out
	Removed   []string // not to be read, so that nobody can tell what is in them
	Strange   []string // not snapshots by name, and not to be read as such: left alone
}

// before is how much later than a departure a file may be named, and still be of the time before: it takes a while from
// its name to its first row.
const before = time.Minute

// Forget rewrites each snapshot in the directory that is older than one of the departures, without those who left: into
// a temporary file, which is proven and then takes the old one's place and name. A snapshot that can't be read is removed
// if it is of the time before a departure, since what is in it can't be told apart, and it could never be loaded. Files
// that are as they should be are left alone, so it costs little to ask again, and it can be stopped anywhere.
//
// The error joins what could not be dealt with, file by file; the rest is done.
func Forget(ctx context.Context, dir string, departures []store.Departure) (Forgotten, error) {
	var done Forgotten
	if len(departures) == 0 {
		return done, nil
	}
	files, err := everyFile(dir)
	if err != nil {
		return done, fmt.Errorf("leaving an athlete out of snapshots: %w", err)
	}
	var errs []error
	for _, info := range files {
		_, _, named := parseName(filepath.Base(info.Path))
		rows, rewritten, err := forgetIn(ctx, info, departures)
		switch {
		case err == nil && rewritten:
			done.Rewritten = append(done.Rewritten, info.Path)
			done.Rows += rows
		case err == nil || errors.Is(err, fs.ErrNotExist): // rotated away meanwhile
		case ctx.Err() != nil:
			return done, ctx.Err()
		case unusable(err) && !named:
			done.Strange = append(done.Strange, info.Path)
		case unusable(err) && older(info.At, departures):
			if err := os.Remove(info.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
				continue
			}
			done.Removed = append(done.Removed, info.Path)
		case unusable(err): // nobody who left can be in it
		default:
			errs = append(errs, fmt.Errorf("leaving an athlete out of a snapshot: %w", err))
		}
	}
	if err := removeDead(dir); err != nil {
		errs = append(errs, err)
	}
	return done, errors.Join(errs...)
}

// everyFile lists all files in the directory that may be snapshots, whatever their names, with the times that they have
// by name, or else by what their ends say.
func everyFile(dir string) (files []Info, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || strings.HasPrefix(e.Name(), tempPrefix) {
			continue
		}
		path := filepath.Join(dir, e.Name())
		at, _, named := parseName(e.Name())
		if !named {
			info, _ := glance(path) // one that says nothing is found not to be a snapshot
			at = info.At
		}
		files = append(files, Info{Path: path, At: at})
	}
	return files, nil
}

// unusable reports whether the file itself is bad, rather than the disk or the moment.
func unusable(err error) bool {
	_, damaged := errors.AsType[*store.DamageError](err)
	return damaged || errors.Is(err, ErrNotSnapshot) || errors.Is(err, ErrNewer) || errors.Is(err, ErrCutShort) || errors.Is(err, ErrAltered)
}

// older reports whether a file of a time can hold somebody who left.
func older(at time.Time, departures []store.Departure) bool {
	for _, d := range departures {
		if !at.After(d.At.Add(before)) {
			return true
		}
	}
	return false
}

// forgetIn rewrites one file if need be, and returns how many rows it has no more.
func forgetIn(ctx context.Context, info Info, departures []store.Departure) (rows int, rewritten bool, err error) {
	noted, err := departuresOf(ctx, info.Path)
	if err != nil {
		return 0, false, err
	}
	f, err := store.NewForgetter(departures, noted)
	if err != nil || f == nil {
		return 0, false, err
	}
	if err := rewrite(ctx, info, f); err != nil {
		return 0, false, err
	}
	return f.Dropped, true, nil
}

var errEnough = errors.New("the rest of the file doesn't matter")

// departuresOf reads which departures a snapshot notes. They are among its first rows.
func departuresOf(ctx context.Context, path string) (noted []store.Departure, err error) {
	settings := false
	_, err = scanFile(ctx, path, func(r store.Row) error {
		d, ok, err := store.DeparturesIn(r)
		switch {
		case err != nil:
			return refuse(ErrAltered, "%v", err)
		case ok:
			noted = d
			return errEnough
		case r.Table == "settings":
			settings = true
		case settings || r.Table != metaTable:
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return noted, err
}

// rewrite puts a file with the rows that f lets through in a snapshot's place.
func rewrite(ctx context.Context, info Info, f *store.Forgetter) error {
	dir := filepath.Dir(info.Path)
	temp, err := newTemp(dir)
	if err != nil {
		return writeError(dir, err)
	}
	defer temp.remove()
	w, err := newWriter(temp.File, info.At)
	if err != nil {
		return err
	}
	var wrote trailer
	var readErr error
	if _, readErr = scanFile(ctx, info.Path, func(r store.Row) error { return f.Row(r, w.row) }); readErr != nil {
		return readErr
	}
	if wrote, err = w.finish(); err == nil {
		err = temp.Sync()
	}
	if err != nil {
		return writeError(dir, err)
	}
	proven, err := Verify(ctx, temp.Name())
	if err == nil && proven.Hash != wrote.Content {
		err = refuse(ErrAltered, "the content isn't what was to be written")
	}
	if err != nil {
		return fmt.Errorf("read back what was written in place of %s, which is as it was: %v", info.Path, err)
	}
	if err := os.Rename(temp.Name(), info.Path); err != nil {
		return writeError(dir, err)
	}
	return syncDir(dir)
}

// A temporary file is locked while its process lives.
type temporary struct {
	*os.File
	lock *flock.Flock
}

// newTemp makes a file that has no name yet to be known by.
func newTemp(dir string) (*temporary, error) {
	f, err := os.OpenFile(filepath.Join(dir, tempPrefix+rand.Text()+tempSuffix), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	t := &temporary{f, flock.New(f.Name(), flock.SetFlag(os.O_RDWR))}
	_, _ = t.lock.TryLock() // where there are no locks, only a file's age tells, see removeStale
	return t, nil
}

// remove closes the file and takes it away, unless it got another name.
func (t *temporary) remove() {
	_ = t.Close() // it may be closed; what was written is judged by reading it back
	_ = t.lock.Close()
	_ = os.Remove(t.Name())
}

// removeDead removes temporary files whose process has died: anybody may be in them.
func removeDead(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	var errs []error
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), tempPrefix) || !strings.HasSuffix(e.Name(), tempSuffix) {
			continue
		}
		path := filepath.Join(dir, e.Name())
		lock := flock.New(path, flock.SetFlag(os.O_RDWR))
		if dead, _ := lock.TryLock(); dead {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
		_ = lock.Close()
	}
	return errors.Join(errs...)
}
