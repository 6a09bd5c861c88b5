package token_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"musette/strava"
	"musette/token"
)

func TestLoadKey(t *testing.T) {
	good := strings.Repeat("0123456789abcDEF", 4)
	for _, c := range []struct {
		name, hex string
		want      string // in the error
	}{
		{"good", good, ""},
		{"with a line feed", " " + good + "\n", ""},
		{"short", good[:62], "62 characters"},
		{"long", good + "00", "66 characters"},
		{"not hex", good[:63] + "g", "another character"},
		{"a phrase", "correct horse battery staple", "64 hex digits"},
		{"zeros", strings.Repeat("0", 64), "zeros"},
	} {
		key, err := token.LoadKey(strava.Secret(c.hex), filepath.Join(t.TempDir(), "secret.key"), true)
		switch {
		case c.want == "" && (err != nil || key == token.Key{}):
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "MUSETTE_SECRET_KEY")):
			t.Errorf("%s: %v, want %q and the variable's name", c.name, err, c.want)
		case err != nil && strings.Contains(err.Error(), c.hex):
			t.Errorf("%s: the error repeats the value", c.name)
		}
	}
}

func TestKeyFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	file := filepath.Join(dir, "secret.key")
	if _, err := token.LoadKey("", file, false); !errors.Is(err, token.ErrNoKey) {
		t.Errorf("without a file: %v", err)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a key was made though it may not: %v", err)
	}

	// Eight processes start at once: one key.
	keys := make([]token.Key, 8)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			var err error
			if keys[i], err = token.LoadKey("", file, true); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, k := range keys {
		if k != keys[0] || k == (token.Key{}) {
			t.Fatal("the keys differ")
		}
	}
	if again, err := token.LoadKey("", file, false); err != nil || again != keys[0] {
		t.Errorf("the second start: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("left over: %v, %v", entries, err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}

	// A file that others can read is not used, nor one that is half there.
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := token.LoadKey("", file, true); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a file for all to read: %v", err)
	}
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("0123"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := token.LoadKey("", file, true); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("half a file: %v", err)
	}
}

func TestKeyPrintsAsStars(t *testing.T) {
	key := token.Key{0xde, 0xad, 0xbe, 0xef}
	box := struct{ Key token.Key }{key}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&out, verb+" "+verb+"\n", key, box)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("key", "key", key, "box", box)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("key", "key", key, "box", box)
	text, err := json.Marshal(map[string]any{"key": key, "box": box})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)
	for _, leak := range []string{"dead", "DEAD", "222", "de ad", "3q2+"} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("%q stands in %s", leak, out.String())
		}
	}
}
