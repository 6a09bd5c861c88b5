package gallery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/google/renameio/v2"

	"musette/store"
)

// A vault keeps bytes by athlete and SHA-256 (in hex), and gives back what it was given or nothing.
type vault interface {
	put(ctx context.Context, athleteID int64, body []byte) (sha string, err error)
	get(ctx context.Context, athleteID int64, sha string) ([]byte, error) // ErrMissing
	// list says since when what is kept of an athlete is here.
	list(ctx context.Context, athleteID int64) (map[string]time.Time, error)
	drop(ctx context.Context, athleteID int64, sha string) error
}

func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// A folder keeps files: DIR/ATHLETE/ab/abcdef…, each written whole or not at all.
type folder struct{ dir string }

func (f folder) athlete(id int64) string { return filepath.Join(f.dir, strconv.FormatInt(id, 10)) }

func (f folder) path(athleteID int64, sha string) (string, error) {
	if raw, err := hex.DecodeString(sha); err != nil || len(raw) != sha256.Size {
		return "", fmt.Errorf("%q is no SHA-256", sha)
	}
	return filepath.Join(f.athlete(athleteID), sha[:2], sha), nil
}

func (f folder) put(_ context.Context, athleteID int64, body []byte) (string, error) {
	sha := hashOf(body)
	path, err := f.path(athleteID, sha)
	if err != nil {
		return "", err
	}
	if info, err := os.Stat(path); err == nil && info.Size() == int64(len(body)) {
		if there, err := os.ReadFile(path); err == nil && hashOf(there) == sha {
			return sha, nil
		}
	}
	if err := f.makeRoom(path); err != nil {
		return "", err
	}
	err = renameio.WriteFile(path, body, 0o600, renameio.WithTempDir(filepath.Dir(path)))
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return "", f.refused(err)
	}
	return sha, nil
}

// refused is why a file can't be written. It is the same each time: the names of temporary files aren't in it. A full
// disk is a [store.ErrDiskFull].
func (f folder) refused(err error) error {
	why := err
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		why = errno
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("no picture can be kept in %s, those that are there stay; free some space: %w: %w", f.dir, store.ErrDiskFull, why)
	}
	return fmt.Errorf("no picture can be kept in %s, those that are there stay: %w", f.dir, why)
}

// makeRoom makes the directories that a file needs, durably.
func (f folder) makeRoom(path string) error {
	shard := filepath.Dir(path)
	if _, err := os.Stat(shard); err == nil {
		return nil
	}
	if err := os.MkdirAll(shard, 0o700); err != nil {
		return f.refused(err)
	}
	if err := errors.Join(syncDir(filepath.Dir(shard)), syncDir(f.dir)); err != nil {
		return f.refused(err)
	}
	return nil
}

func (f folder) get(_ context.Context, athleteID int64, sha string) ([]byte, error) {
	path, err := f.path(athleteID, sha)
	if err != nil {
		return nil, err
	}
	body, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, ErrMissing
	case err != nil:
		return nil, err
	case hashOf(body) != sha:
		return nil, fmt.Errorf("%w: the file %s isn't what was written", ErrMissing, path)
	}
	return body, nil
}

func (f folder) list(_ context.Context, athleteID int64) (map[string]time.Time, error) {
	files := map[string]time.Time{}
	shards, err := os.ReadDir(f.athlete(athleteID))
	if errors.Is(err, fs.ErrNotExist) {
		return files, nil
	}
	if err != nil {
		return nil, err
	}
	for _, shard := range shards {
		entries, err := os.ReadDir(filepath.Join(f.athlete(athleteID), shard.Name()))
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if info, err := e.Info(); err == nil {
				files[e.Name()] = info.ModTime() // what a killed process has left too; it goes like any other
			}
		}
	}
	return files, nil
}

func (f folder) drop(_ context.Context, athleteID int64, sha string) error {
	if len(sha) < 2 || sha != filepath.Base(sha) {
		return fmt.Errorf("%q is no name of a picture", sha)
	}
	shards := []string{sha[:2]}
	if _, err := hex.DecodeString(sha); err != nil { // a temporary file, in whichever it is
		entries, err := os.ReadDir(f.athlete(athleteID))
		if err != nil {
			return err
		}
		for _, e := range entries {
			shards = append(shards, e.Name())
		}
	}
	for _, shard := range shards {
		if err := os.Remove(filepath.Join(f.athlete(athleteID), shard, sha)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// athletes are those of whom there are files.
func (f folder) athletes() (ids []int64, err error) {
	entries, err := os.ReadDir(f.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if id, err := strconv.ParseInt(e.Name(), 10, 64); err == nil && e.IsDir() {
			ids = append(ids, id)
		}
	}
	return ids, err
}

// rows keeps them in the store, where all instances have them.
type rows struct{ store *store.Store }

func (r rows) put(ctx context.Context, athleteID int64, body []byte) (string, error) {
	sha := hashOf(body)
	return sha, r.store.Update(ctx, nil, func(tx *store.Tx) error {
		if has, err := stays(ctx, tx, athleteID); err != nil || !has {
			return err // who has left leaves nothing behind
		}
		return tx.PutPictureFile(ctx, athleteID, sha, body)
	})
}

func (r rows) get(ctx context.Context, athleteID int64, sha string) (body []byte, err error) {
	err = r.store.View(ctx, func(tx *store.Tx) (err error) {
		body, err = tx.PictureFile(ctx, athleteID, sha)
		return err
	})
	if errors.Is(err, store.ErrNotFound) || store.Damages(err) != nil {
		err = fmt.Errorf("%w: %w", ErrMissing, err)
	}
	return body, err
}

func (r rows) list(ctx context.Context, athleteID int64) (files map[string]time.Time, err error) {
	err = r.store.View(ctx, func(tx *store.Tx) (err error) {
		files, err = tx.PictureFiles(ctx, athleteID)
		return err
	})
	return files, err
}

func (r rows) drop(ctx context.Context, athleteID int64, sha string) error {
	return r.store.Update(ctx, nil, func(tx *store.Tx) error { return tx.DropPictureFile(ctx, athleteID, sha) })
}

// syncDir makes a new name in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
