package token

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// copies are the sealed files beside the data: the newest pair of each grant
// that this machine has seen. They matter when the store lost its last moments
// or came back from an older snapshot.
type copies struct{ dir string }

func (c copies) path(grantID string) (string, error) {
	// Ids are made by newID; one from a restored file could be anything.
	if !validID(grantID) {
		return "", fmt.Errorf("%q is no grant id", grantID)
	}
	return filepath.Join(c.dir, grantID+".sealed"), nil
}

// write puts the sealed pair in place, whole and synced, mode 0600.
func (c copies) write(grantID string, sealed []byte) error {
	path, err := c.path(grantID)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return err
	}
	file, err := renameio.TempFile(c.dir, path) // mode 0600
	if err != nil {
		return err
	}
	defer file.Cleanup()
	if _, err := file.Write(sealed); err != nil {
		return err
	}
	if err := file.CloseAtomicallyReplace(); err != nil {
		return err
	}
	return syncDir(c.dir)
}

// read returns nil if there is no copy.
func (c copies) read(grantID string) ([]byte, error) {
	path, err := c.path(grantID)
	if err != nil {
		return nil, err
	}
	sealed, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return sealed, err
}

func (c copies) remove(grantID string) error {
	path, err := c.path(grantID)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncDir makes a rename or link within dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
