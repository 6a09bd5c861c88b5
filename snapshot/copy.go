package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Copy puts a snapshot into a further directory too, a mount on another machine
// say, under the same name, and then removes files there that [Rotation] doesn't
// keep. The copy gets its name when it is proven: synced, read back, and found
// to be the same. The directory is not made: where a mount is gone, nothing may
// be written beneath it. One that is there already is no error.
func Copy(ctx context.Context, info Info, c Config) error {
	fail := func(err error) error {
		return fmt.Errorf("copy %s to %s: %w", filepath.Base(info.Path), c.Dir, err)
	}
	if stat, err := os.Stat(c.Dir); err != nil {
		return fail(err)
	} else if !stat.IsDir() {
		return fail(errors.New("it is no directory"))
	}
	if err := removeStale(c.Dir, time.Now()); err != nil {
		return fail(err)
	}
	path := filepath.Join(c.Dir, filepath.Base(info.Path))
	if there, err := Verify(ctx, path); err == nil && there.Hash == info.Hash && there.At.Equal(info.At) {
		return nil
	}
	if err := copyTo(ctx, info, c.Dir, path); err != nil {
		return fail(err)
	}
	if c.Keep == (Rotation{}) {
		c.Keep = defaultRotation
	}
	if err := rotate(ctx, c, info.At, path, c.Spare); err != nil {
		return fmt.Errorf("%s has the copy, but older ones could not be removed: %w", c.Dir, err)
	}
	return nil
}

func copyTo(ctx context.Context, info Info, dir, path string) error {
	in, err := os.Open(info.Path)
	if err != nil {
		return err
	}
	defer in.Close()
	temp, err := newTemp(dir)
	if err != nil {
		return err
	}
	defer temp.remove()
	if _, err := io.Copy(temp.File, &counter{ctx: ctx, r: in}); err != nil {
		return err
	}
	if err := temp.Sync(); err != nil {
		return err
	}
	copied, err := Verify(ctx, temp.Name())
	if err != nil {
		return err
	}
	if copied.Hash != info.Hash {
		return refuse(ErrAltered, "the copy isn't what was copied")
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// NewestIn returns the newest snapshot that verifies in any of the directories;
// of two alike, that of the directory named first. A directory that is missing
// has none. [ErrNone] says what was wrong with those there are.
func NewestIn(ctx context.Context, dirs ...string) (Info, error) {
	var all []Info
	var bad []error
	for _, dir := range dirs {
		list, err := List(ctx, dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			bad = append(bad, err)
		}
		all = append(all, list...)
	}
	slices.SortStableFunc(all, func(a, b Info) int { return b.At.Compare(a.At) })
	for _, info := range all {
		found, err := Verify(ctx, info.Path)
		if err == nil {
			return found, nil
		}
		if ctx.Err() != nil {
			return Info{}, ctx.Err()
		}
		bad = append(bad, err)
	}
	return Info{}, errors.Join(append([]error{fmt.Errorf("%w in %q", ErrNone, dirs)}, bad...)...)
}
