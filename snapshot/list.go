package snapshot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Rotation says how many snapshots stay: the last ones, the newest of each of
// so many days, and the newest of each of so many ISO weeks, both in UTC and
// counted over days and weeks that have any.
type Rotation struct{ Last, Daily, Weekly int }

var defaultRotation = Rotation{Last: 4, Daily: 7, Weekly: 4}

// List returns what the files in the directory say of themselves, newest
// first, from their ends alone: see [Verify] for whether it is so. Files that
// can't be used stand in it with their Err. A missing directory is an empty
// list.
func List(ctx context.Context, dir string) ([]Info, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list snapshots: %w", err)
	}
	type numbered struct {
		Info
		n int
	}
	var found []numbered
	for _, e := range entries {
		at, n, ok := parseName(e.Name())
		if !ok || !e.Type().IsRegular() {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		path := filepath.Join(dir, e.Name())
		info, err := glance(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // rotated away meanwhile
		}
		info.Path, info.At, info.Err = path, at, err
		found = append(found, numbered{info, n})
	}
	slices.SortFunc(found, func(a, b numbered) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.n, a.n)) })
	list := make([]Info, len(found))
	for i, f := range found {
		list[i] = f.Info
	}
	return list, nil
}

// glance reads a file's end.
func glance(path string) (Info, error) {
	f, err := os.Open(path)
	if err != nil {
		return Info{}, fmt.Errorf("open the snapshot: %w", err)
	}
	defer f.Close()
	stat, err := f.Stat()
	if err != nil {
		return Info{}, fmt.Errorf("open the snapshot: %w", err)
	}
	info := Info{Bytes: stat.Size()}
	end, err := readEnd(f, stat.Size())
	if err != nil {
		return info, fmt.Errorf("snapshot %s: %w", path, err)
	}
	h, err := decodeHeader(end.head)
	if err != nil {
		return info, fmt.Errorf("snapshot %s: %w", path, err)
	}
	row, t, err := decodeLine(end.tail)
	if err == nil && row.Table != "" {
		err = refuse(ErrAltered, "the trailer is missing")
	}
	if err != nil {
		return info, fmt.Errorf("snapshot %s: %w", path, err)
	}
	return infoOf(h, t, stat.Size()), nil
}

// Newest is [NewestIn] one directory.
func Newest(ctx context.Context, dir string) (Info, error) { return NewestIn(ctx, dir) }

// rotate removes what isn't kept. What is named to be spared always is: the
// file that has just been verified among them, so that the newest good file stays whatever the clock and the other
// files are like. Files that can't be used are left for a person, and take no
// other's place.
func rotate(ctx context.Context, c Config, now time.Time, spare ...string) error {
	list, err := List(ctx, c.Dir)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(i Info) bool { return i.Err != nil })
	times := make([]time.Time, len(list))
	for i := range list {
		times[i] = list[i].At
	}
	kept := c.Keep.choose(times)
	for i, at := range times {
		kept[i] = kept[i] && (c.MaxAge == 0 || now.Sub(at) <= c.MaxAge)
	}
	var errs []error
	for i, info := range list {
		if kept[i] || slices.ContainsFunc(spare, func(s string) bool { return sameFile(s, info.Path) }) {
			continue
		}
		if err := os.Remove(info.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// sameFile reports whether two paths lead to one file.
func sameFile(a, b string) bool {
	if a == b {
		return true
	}
	x, err := os.Stat(a)
	y, other := os.Stat(b)
	return err == nil && other == nil && os.SameFile(x, y)
}

// choose reports, for times that are newest first, which are kept.
func (r Rotation) choose(times []time.Time) []bool {
	kept := make([]bool, len(times))
	days, weeks := map[string]bool{}, map[string]bool{}
	for i, t := range times {
		t = t.UTC()
		year, week := t.ISOWeek()
		day, isoWeek := t.Format(time.DateOnly), fmt.Sprintf("%d-W%02d", year, week)
		newDay := !days[day] && len(days) < r.Daily
		newWeek := !weeks[isoWeek] && len(weeks) < r.Weekly
		if newDay {
			days[day] = true
		}
		if newWeek {
			weeks[isoWeek] = true
		}
		kept[i] = i < max(1, r.Last) || newDay || newWeek
	}
	return kept
}
