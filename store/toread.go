package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// OpenToRead opens a store that can't be written, to look into or to serve from: one on a read-only file system or a
// full disk, or a Postgres that takes no changes. It makes and migrates nothing, so what is there must be of this
// program's version. An Update fails with [ErrReadOnly].
func OpenToRead(ctx context.Context, c Config) (*Store, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.URL != "" {
		return connect(ctx, c, true)
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, fileError(c.Dir, err)
	}
	path := filepath.Join(dir, fileName)
	opened, err := os.Stat(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	var first error
	ways := []string{readOnly, unchanging}
	if log, err := os.Stat(path + logSuffix); err == nil && log.Size() > 0 { // it mustn't be passed over
		ways = ways[:1]
		if _, err := os.Stat(path + indexSuffix); errors.Is(err, fs.ErrNotExist) {
			ways = []string{indexless}
		}
	}
	for _, how := range ways {
		s := &Store{dialect: sqliteDialect, where: path, dir: dir, path: path, opened: opened, now: c.Now, toRead: true}
		if err = s.openPools(path, how); err != nil {
			return nil, err
		}
		if s, err = s.start(ctx); err == nil {
			return s, nil
		}
		if first == nil {
			first = err
		}
		if errors.Is(err, ErrCorrupt) || errors.Is(err, ErrNewerSchema) {
			break
		}
	}
	return nil, first
}

// roomNeeded is what FileWritable asks of the disk: some more than an empty log and its index.
const roomNeeded = 256 << 10

// FileWritable returns nil if an SQLite store in the directory can be written, as far as its files and the disk tell:
// also while this process has it open to be read, when SQLite itself wouldn't.
func FileWritable(dir string) error {
	for _, name := range companions {
		f, err := os.OpenFile(filepath.Join(dir, fileName+name), os.O_RDWR, 0)
		if err == nil {
			err = f.Close()
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fileError(dir, err)
		}
	}
	f, err := os.CreateTemp(dir, ".room-")
	if err != nil {
		return fileError(dir, err)
	}
	_, err = f.Write(make([]byte, roomNeeded))
	if err = errors.Join(err, f.Sync(), f.Close(), os.Remove(f.Name())); err != nil {
		return fileError(dir, err)
	}
	return nil
}

// mustBe refuses a store that would have to be changed before it can be read.
func (s *Store) mustBe(current bool) error {
	if current || !s.toRead {
		return nil
	}
	return &Error{
		Kind: ErrReadOnly, Where: s.where,
		Hint: "nothing was changed; it is empty or of an older program, and has to be opened once where it can be written",
	}
}
