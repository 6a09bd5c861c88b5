package snapshot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"

	"musette/store"
)

// Config says where snapshots go and how many stay.
type Config struct {
	Dir  string           // made, for its owner alone, if missing
	Now  func() time.Time // default time.Now
	Keep Rotation         // default 4, 7, 4
	// Spare is a file that isn't removed whatever Keep says: one that is about to
	// be restored.
	Spare string
	// MaxAge is when a file goes whatever Keep says, but for the newest: for a retention of what is in it. 0: never.
	MaxAge time.Duration
}

const (
	namePrefix = "snapshot-"
	nameSuffix = ".jsonl.zst"
	nameTime   = "20060102T150405Z"
	tempPrefix = ".snapshot-"
	tempSuffix = ".tmp"
	// staleAfter is when a temporary file has no process behind it any more.
	staleAfter = time.Hour
)

// Write puts the whole store, as of one moment, into a new file in the
// directory, and then removes files that [Rotation] doesn't keep. The file gets
// its name when it is proven: synced, read back, and found to have the content
// hash of the rows that the store yielded. Damaged rows in the store
// (store.ErrCorrupt) mean no snapshot: the older ones may hold them whole. On
// any error older files are untouched and nothing half-written is left.
func Write(ctx context.Context, st *store.Store, c Config) (Info, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Keep == (Rotation{}) {
		c.Keep = defaultRotation
	}
	if c.Dir == "" {
		return Info{}, errors.New("snapshot: the directory is missing")
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return Info{}, writeError(c.Dir, err)
	}
	now := c.Now().UTC().Truncate(time.Second)
	if err := removeStale(c.Dir, time.Now()); err != nil {
		return Info{}, writeError(c.Dir, err)
	}
	info, err := writeFile(ctx, st, c.Dir, now)
	if err != nil {
		return Info{}, writeError(c.Dir, err)
	}
	if err := rotate(ctx, c, now, info.Path, c.Spare); err != nil {
		return info, fmt.Errorf("the snapshot %s is written, but older ones could not be removed: %w", info.Path, err)
	}
	return info, nil
}

func writeFile(ctx context.Context, st *store.Store, dir string, now time.Time) (Info, error) {
	f, err := newTemp(dir)
	if err != nil {
		return Info{}, err
	}
	defer f.remove()
	temp := f.Name()
	wrote, err := dump(ctx, st, f, now)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return Info{}, err
	}
	info, err := Verify(ctx, temp)
	if err != nil {
		return Info{}, fmt.Errorf("read back what was written: %w", err)
	}
	if info.Hash != wrote.Content {
		return Info{}, fmt.Errorf("read back what was written: %w", refuse(ErrAltered, "the content isn't the store's"))
	}
	if info.Path, err = name(temp, dir, now); err != nil {
		return Info{}, err
	}
	return info, nil
}

// dump writes a whole snapshot.
func dump(ctx context.Context, st *store.Store, f io.Writer, now time.Time) (trailer, error) {
	w, err := newWriter(f, now)
	if err != nil {
		return trailer{}, err
	}
	if err := st.Dump(ctx, w.row); err != nil {
		return trailer{}, err
	}
	return w.finish()
}

// A writer makes a file of rows. What fails leaves it unusable.
type writer struct {
	now   time.Time
	out   io.Writer // the file, hashed on the way
	whole hash.Hash
	zstd  *zstd.Encoder
	sums  *sums
	head  []byte // once known
	buf   []byte
}

func newWriter(f io.Writer, now time.Time) (*writer, error) {
	w := &writer{now: now, whole: sha256.New(), sums: newSums()}
	w.out = io.MultiWriter(f, w.whole)
	var err error
	w.zstd, err = zstd.NewWriter(w.out, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true))
	return w, err
}

func (w *writer) row(r store.Row) (err error) {
	if w.head == nil {
		if err := w.header(r); err != nil {
			return err
		}
	}
	if w.buf, err = appendRow(w.buf[:0], r); err != nil {
		return err
	}
	w.sums.row(r.Table, w.buf)
	_, err = w.zstd.Write(w.buf)
	return err
}

// header takes the position from the first row, so that both are of one moment.
func (w *writer) header(first store.Row) error {
	if first.Table != metaTable {
		return fmt.Errorf("the first row is of table %q, not %q", first.Table, metaTable)
	}
	var p position
	if err := json.Unmarshal(first.JSON, &p); err != nil {
		return fmt.Errorf("the row of table %q: %w", metaTable, err)
	}
	var err error
	w.head, err = marshalLine(header{formatName, formatVersion, w.now, p.Epoch, p.Seq, program()})
	if err != nil {
		return err
	}
	w.sums.header(w.head)
	_, err = w.zstd.Write(w.head)
	return err
}

func (w *writer) finish() (trailer, error) {
	if w.head == nil {
		return trailer{}, errors.New("the store yielded no row")
	}
	t := w.sums.trailer()
	tail, err := marshalLine(t)
	if err != nil {
		return t, err
	}
	if _, err := w.zstd.Write(tail); err != nil {
		return t, err
	}
	if err := w.zstd.Close(); err != nil {
		return t, err
	}
	_, err = w.out.Write(appendEnd(w.head, tail, w.whole))
	return t, err
}

// program names what writes, for a person who looks into a file.
func program() string {
	version := "(devel)"
	if build, ok := debug.ReadBuildInfo(); ok && build.Main.Version != "" {
		version = build.Main.Version
	}
	return "musette " + version
}

// name gives the proven file its name, which no other has, durably.
func name(temp, dir string, now time.Time) (string, error) {
	for n := 1; ; n++ {
		path := filepath.Join(dir, fileName(now, n))
		err := os.Link(temp, path) // unlike a rename, never replaces a file
		switch {
		case errors.Is(err, fs.ErrExist):
			continue
		case err != nil: // a file system without links
			if _, statErr := os.Lstat(path); statErr == nil {
				continue
			}
			err = os.Rename(temp, path)
		default:
			err = os.Remove(temp)
		}
		return path, errors.Join(err, syncDir(dir))
	}
}

// fileName is that of the n-th file of a second.
func fileName(at time.Time, n int) string {
	stamp := at.UTC().Format(nameTime)
	if n > 1 {
		stamp += fmt.Sprintf("-%d", n)
	}
	return namePrefix + stamp + nameSuffix
}

// parseName returns the second and the number within it.
func parseName(file string) (at time.Time, n int, ok bool) {
	stamp, isOurs := strings.CutPrefix(file, namePrefix)
	stamp, hasSuffix := strings.CutSuffix(stamp, nameSuffix)
	if !isOurs || !hasSuffix {
		return time.Time{}, 0, false
	}
	stamp, number, numbered := strings.Cut(stamp, "-")
	n = 1
	if numbered {
		if _, err := fmt.Sscanf(number, "%d", &n); err != nil || n < 2 {
			return time.Time{}, 0, false
		}
	}
	at, err := time.Parse(nameTime, stamp)
	return at, n, err == nil && file == fileName(at, n)
}

// removeStale removes temporary files whose process was killed. now is the
// file system's idea of it, not the caller's.
func removeStale(dir string, now time.Time) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), tempPrefix) || !strings.HasSuffix(e.Name(), tempSuffix) {
			continue
		}
		info, err := e.Info()
		if err != nil || now.Sub(info.ModTime()) < staleAfter {
			continue // in use, or gone
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// syncDir makes a new name in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// ContentHash is the SHA-256, in hex, of everything in the store that a
// snapshot holds, but for the position: two stores with the same hash hold the
// same, whichever database they are. Tables named in without are left out.
func ContentHash(ctx context.Context, st *store.Store, without ...string) (string, error) {
	s := newSums()
	var buf []byte
	err := st.Dump(ctx, func(r store.Row) (err error) {
		if skipped(without, r.Table) {
			return nil
		}
		buf, err = appendRow(buf[:0], r)
		s.row(r.Table, buf)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("hash the store's content: %w", err)
	}
	return hex.EncodeToString(s.content.Sum(nil)), nil
}
