package musette_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rooms says which of our packages each package may import, tests aside. docs/architecture.md draws the same picture.
// A package that isn't here fails the test: a new room is a decision.
var rooms = map[string][]string{
	"musette":                          {"musette/track"},
	"musette/track":                    {},
	"musette/strava":                   {},
	"musette/strava/stravatest":        {"musette/strava/stravatest/season"},
	"musette/strava/stravatest/season": {},
	"musette/plan":                     {"musette"},
	"musette/quota":                    {"musette"},
	"musette/store":                    {"musette"},
	"musette/picture":                  {},
	"musette/gallery":                  {"musette", "musette/picture", "musette/store"},
	"musette/store/storetest":          {"musette", "musette/store"},
	"musette/token":                    {"musette", "musette/store", "musette/strava"},
	"musette/snapshot":                 {"musette", "musette/store"},
	"musette/keeper":                   {"musette", "musette/plan", "musette/quota", "musette/snapshot", "musette/store", "musette/strava", "musette/token"},
	"musette/feed":                     {"musette", "musette/picture", "musette/snapshot", "musette/store", "musette/track"},
	"musette/metrics":                  {"musette", "musette/feed", "musette/snapshot", "musette/store"},
	"musette/web":                      {"musette", "musette/feed", "musette/picture", "musette/store", "musette/strava", "musette/track", "musette/web/share", "musette/web/svg"},
	"musette/web/share":                {"musette/track"},
	"musette/web/svg":                  {"musette/track"},
	"musette/internal/pgtest":          {},
	"musette/internal/stravaspec":      {},
	"musette/e2e":                      {anything},
	"musette/e2e/browser":              {},
	"musette/e2e/simulate":             {"musette", "musette/feed", "musette/keeper", "musette/plan", "musette/store", "musette/strava", "musette/strava/stravatest", "musette/strava/stravatest/season", "musette/token"},
	"musette/e2e/simulate/cmd":         {"musette/e2e/simulate"},
	"musette/e2e/torture":              {},
	"musette/cmd/musette":              {anything},
}

// anything is for those that wire the rooms together.
const anything = "*"

// pure are the rooms that are functions of their arguments: these doors to the world outside stay shut.
var (
	pure    = []string{"musette", "musette/track", "musette/plan", "musette/quota", "musette/picture", "musette/web/share", "musette/web/svg"}
	outside = []string{"os", "os/exec", "net", "net/http", "database/sql", "log", "log/slog", "math/rand", "math/rand/v2", "crypto/rand", "syscall"}
)

type listedPackage struct {
	ImportPath string
	Imports    []string
}

// listPackages is `go list` over our own packages.
func listPackages(t *testing.T) []listedPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var list []listedPackage
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listedPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

func TestRoomsImportOnlyWhatTheyMay(t *testing.T) {
	gone := maps.Clone(rooms)
	for _, p := range listPackages(t) {
		delete(gone, p.ImportPath)
		may, known := rooms[p.ImportPath]
		if !known {
			t.Errorf("%s is a new room: draw it into docs/architecture.md, then into rooms here", p.ImportPath)
			continue
		}
		for _, path := range p.Imports {
			if ours(path) && !slices.Contains(may, path) && !slices.Contains(may, anything) {
				t.Errorf("%s imports %s, which it may not", p.ImportPath, path)
			}
			if slices.Contains(pure, p.ImportPath) && slices.Contains(outside, path) {
				t.Errorf("%s imports %s, but is to be a function of its arguments", p.ImportPath, path)
			}
		}
	}
	for path := range gone {
		t.Errorf("%s is no room any more: take it out of docs/architecture.md, and out of rooms here", path)
	}
}

func ours(path string) bool { return path == "musette" || strings.HasPrefix(path, "musette/") }

// TestFilesAreShort keeps files to a length that one can hold in mind.
func TestFilesAreShort(t *testing.T) {
	const most = 500
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir(), !strings.HasSuffix(path, ".go"), strings.HasSuffix(path, "_test.go"):
			return nil
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if n := bytes.Count(body, []byte("\n")); n > most {
			t.Errorf("%s has %d lines, more than %d: which two things is it?", path, n, most)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
