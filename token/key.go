package token

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"musette/strava"
)

// A Key seals the tokens. It prints as *** with every fmt verb and in slog,
// JSON and text marshalling.
type Key [32]byte

const hidden = "***"

// String returns ***.
func (k Key) String() string { return hidden }

// GoString returns ***.
func (k Key) GoString() string { return hidden }

// Format writes *** whatever the verb and flags.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// LogValue returns *** for slog.
func (k Key) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalJSON returns "***".
func (k Key) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// MarshalText returns ***.
func (k Key) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// ErrNoKey is returned by [LoadKey] where no key is configured, the key file
// is missing and none may be made.
var ErrNoKey = errors.New("there is no key to seal tokens with: set MUSETTE_SECRET_KEY to 64 hex digits, or put the key file back")

// LoadKey returns the key in hex (the value of MUSETTE_SECRET_KEY) if it is
// not empty, else the one in file, which must be for its owner's eyes only.
// If the file is missing and mayCreate, a random key is made and written
// there; of several processes doing so at once, all get the same one. Allow it
// only where nothing is sealed yet: a new key opens nothing.
func LoadKey(hex strava.Secret, file string, mayCreate bool) (Key, error) {
	if text := strings.TrimSpace(hex.Reveal()); text != "" {
		return parseKey(text, "MUSETTE_SECRET_KEY")
	}
	key, err := readKey(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if !mayCreate {
		return Key{}, fmt.Errorf("%w (%s)", ErrNoKey, file)
	}
	if err := createKey(file); err != nil {
		return Key{}, fmt.Errorf("make the key file %s: %w", file, err)
	}
	return readKey(file) // perhaps another process's
}

// parseKey reads 64 hex digits. Its errors name where they came from, never
// what they were.
func parseKey(text, where string) (Key, error) {
	var key Key
	if len(text) != hex.EncodedLen(len(key)) {
		return Key{}, fmt.Errorf("%s must be 64 hex digits, but is %d characters long; `openssl rand -hex 32` makes one", where, len(text))
	}
	if _, err := hex.Decode(key[:], []byte(text)); err != nil {
		return Key{}, fmt.Errorf("%s must be 64 hex digits, but has another character among them; `openssl rand -hex 32` makes one", where)
	}
	if key == (Key{}) {
		return Key{}, fmt.Errorf("%s is all zeros, which is no secret; `openssl rand -hex 32` makes one", where)
	}
	return key, nil
}

func readKey(file string) (Key, error) {
	info, err := os.Stat(file)
	if err != nil {
		return Key{}, fmt.Errorf("look at the key file: %w", err)
	}
	if mode := info.Mode(); !mode.IsRegular() || mode.Perm()&0o077 != 0 {
		return Key{}, fmt.Errorf("the key file %s must be readable by its owner only, but its mode is %v: run chmod 600 on it", file, mode)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return Key{}, fmt.Errorf("read the key file: %w", err)
	}
	return parseKey(strings.TrimSpace(string(text)), "the key file "+file)
}

// createKey puts a whole, synced key file in place, or leaves the one that
// another process has put there meanwhile.
func createKey(file string) error {
	var key Key
	_, _ = rand.Read(key[:]) // never fails
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(dir, ".secret-key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.WriteString(hex.EncodeToString(key[:]) + "\n")
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	// A link, unlike a rename, never replaces the key of another process.
	if err := os.Link(temp.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		if err := os.Rename(temp.Name(), file); err != nil { // a file system without links
			return err
		}
	}
	return syncDir(dir)
}
