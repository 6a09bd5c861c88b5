package web_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// An unmodified public client of Strava's API, pointed at the copy and given a key, finds everything. (No such client in Go
// can be had from the module proxy, so it is one in JavaScript: strava-v3, MIT licence, pinned by its lock file.)
func TestAnUnmodifiedClientWalksTheCopy(t *testing.T) {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "walk.js"} {
		body, err := os.ReadFile(filepath.Join("testdata/client", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	run := func(env []string, name string, args ...string) []byte {
		t.Helper()
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, stderr.String())
		}
		return out
	}
	run(nil, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=5")

	c := copyOf(t, 40)
	server := httptest.NewServer(c.server)
	defer server.Close()
	var got struct {
		Athlete      struct{ ID int64 }
		Pages        [][]int64
		Comments     map[string][]string
		Streams      map[string]map[string]int
		Names        map[string]string
		Laps         map[string]int
		Stats, Limit int
		Missing      []any
	}
	unmarshal(t, run([]string{"TOKEN=" + c.key}, "node", "walk.js", server.URL+"/api/v3"), &got)

	want := slices.Clone(c.ids)
	for i, id := range want {
		want[i] = int64(float64(id)) // as exactly as JavaScript has numbers: one id lies beyond 2^53
	}
	if d := cmp.Diff(slices.Collect(slices.Chunk(want, 25)), got.Pages); d != "" || got.Athlete.ID != c.me {
		t.Errorf("it found the athlete %d and the pages\n%s", got.Athlete.ID, d)
	}
	commented := 0
	for id, texts := range got.Comments {
		var want []struct{ Text string }
		unmarshal(t, c.original("/activities/"+id+"/comments?page_size=200").body, &want)
		for i, w := range want {
			if commented++; len(texts) != len(want) || texts[i] != w.Text {
				t.Errorf("activity %s has the comments %q", id, texts)
				break
			}
		}
	}
	if commented == 0 {
		t.Error("it found no comments")
	}
	if len(got.Names) != 3 || len(got.Streams) != 3 {
		t.Errorf("it found %d names and %d streams", len(got.Names), len(got.Streams))
	}
	for id, streams := range got.Streams {
		var want map[string]struct{ Data []any }
		unmarshal(t, c.original("/activities/"+id+"/streams?key_by_type=true&keys=time,distance,latlng").body, &want)
		for kind, s := range want {
			if streams[kind] != len(s.Data) {
				t.Errorf("activity %s has %d values of %s, not %d", id, streams[kind], kind, len(s.Data))
			}
		}
	}
	if got.Limit != 18000 || got.Stats == 0 || fmt.Sprint(got.Missing) != "[404 Resource Not Found]" {
		t.Errorf("limit %d, runs %d, what is missing: %v", got.Limit, got.Stats, got.Missing)
	}
}
