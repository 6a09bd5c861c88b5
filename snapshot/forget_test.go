package snapshot

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"musette/store"
)

// leave lets an athlete leave a store, and returns all departures.
func leave(t *testing.T, st *store.Store, athleteID int64, when time.Time) (all []store.Departure) {
	t.Helper()
	ctx := t.Context()
	err := st.Update(ctx, nil, func(tx *store.Tx) error {
		_, err := tx.PurgeAthlete(ctx, athleteID, store.LeftOperator, when)
		if err == nil {
			all, err = tx.Departures(ctx)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// lines are all that a snapshot holds, unpacked.
func lines(t *testing.T, path string) string {
	t.Helper()
	var text strings.Builder
	if _, err := scanFile(t.Context(), path, func(r store.Row) error {
		text.Write(r.JSON)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestForget(t *testing.T) {
	t.Parallel()
	st, dir := openSQLite(t), t.TempDir()
	const leaver, stays = 4242001, 5353001
	fill(t, st, leaver, 5, 50)
	fill(t, st, stays, 5, 50)
	old := write(t, st, Config{Dir: dir, Now: at(noon)})
	fill(t, st, stays, 7, 50)
	other := write(t, st, Config{Dir: dir, Now: at(noon.Add(time.Hour))})
	renamed := filepath.Join(dir, "before-the-holidays")
	body, err := os.ReadFile(old.Path)
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string][]byte{
		renamed:                     body,
		filepath.Join(dir, "notes"): []byte("not ours"),
		filepath.Join(dir, fileName(noon.Add(time.Minute), 1)):  body[:len(body)/2], // cut short, of the time before
		filepath.Join(dir, fileName(noon.Add(48*time.Hour), 1)): body[:len(body)/2], // and of the time after
		filepath.Join(dir, tempPrefix+"dead"+tempSuffix):        body[:len(body)/3], // of a process that was killed
	} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	working, err := newTemp(dir) // of one that is at it
	if err != nil {
		t.Fatal(err)
	}
	defer working.remove()

	departures := leave(t, st, leaver, noon.Add(2*time.Hour))
	done, err := Forget(t.Context(), dir, departures)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{renamed, old.Path, other.Path}; !slices.Equal(done.Rewritten, want) || done.Rows == 0 {
		t.Errorf("rewritten %v without %d rows, want %v", done.Rewritten, done.Rows, want)
	}
	if len(done.Removed) != 1 || !strings.Contains(done.Removed[0], "T1201") || len(done.Strange) != 1 {
		t.Errorf("removed %v, strange %v", done.Removed, done.Strange)
	}
	for _, path := range done.Rewritten {
		info, err := Verify(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Rows["activities"] < 5 || info.Rows["athletes"] != 1 || !info.At.Equal(noon) && !info.At.Equal(noon.Add(time.Hour)) {
			t.Errorf("%s holds %v of %s", path, info.Rows, info.At)
		}
		if text := lines(t, path); strings.Contains(text, `"athlete_id":4242001`) || !strings.Contains(text, `"athlete_id":5353001`) {
			t.Errorf("%s holds the wrong athletes", path)
		}
		into := openMemory(t)
		if err := Load(t.Context(), path, into); err != nil {
			t.Errorf("%s can't be loaded: %v", path, err)
		}
	}
	// What is left is the store's own content, byte for byte.
	if _, err := os.Stat(working.Name()); err != nil {
		t.Errorf("a file that is being written was removed: %v", err)
	}
	if got, want := mustVerify(t, other.Path).Hash, contentHash(t, st); got != want {
		t.Errorf("the newest snapshot has content %s, the store %s", got, want)
	}
	again, err := Forget(t.Context(), dir, departures)
	if err != nil || len(again.Rewritten)+len(again.Removed) != 0 {
		t.Errorf("it did %+v once more (%v)", again, err)
	}

	// Who comes back stays; who leaves later goes as well.
	fill(t, st, leaver, 2, 10)
	back := write(t, st, Config{Dir: dir, Now: at(noon.Add(72 * time.Hour)), Keep: Rotation{Last: 10}})
	if done, err := Forget(t.Context(), dir, departures); err != nil || len(done.Rewritten) != 0 || !strings.Contains(lines(t, back.Path), `"athlete_id":4242001`) {
		t.Errorf("who came back was forgotten: %+v %v", done, err)
	}
}

func mustVerify(t *testing.T, path string) Info {
	t.Helper()
	info, err := Verify(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// A file that can't be put in place leaves the old one, and says so; the rest is done.
func TestForgetStopsAnywhere(t *testing.T) {
	t.Parallel()
	st, dir := openSQLite(t), t.TempDir()
	fill(t, st, 1, 3, 20)
	write(t, st, Config{Dir: dir, Now: at(noon)})
	departures := leave(t, st, 1, noon.Add(time.Hour))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Forget(ctx, dir, departures); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped, and %v", err)
	}
	if n := len(mustList(t, dir)); n != 1 {
		t.Errorf("%d files", n)
	}
	if done, err := Forget(t.Context(), dir, departures); err != nil || len(done.Rewritten) != 1 {
		t.Errorf("%+v, %v", done, err)
	}
	if done, err := Forget(t.Context(), filepath.Join(dir, "nowhere"), departures); err != nil || len(done.Rewritten) != 0 {
		t.Errorf("of a directory that isn't there: %+v, %v", done, err)
	}
}

func mustList(t *testing.T, dir string) []Info {
	t.Helper()
	list, err := List(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return list
}
