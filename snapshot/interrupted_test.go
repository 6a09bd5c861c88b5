package snapshot

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"musette/store"
)

func TestFailedWriteLeavesNothing(t *testing.T) {
	st := openSQLite(t)
	fill(t, st, 1, 3, 10)
	dir := filepath.Join(t.TempDir(), "snapshots")
	old := write(t, st, Config{Dir: dir, Now: at(noon)})

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Write(ctx, st, Config{Dir: dir}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	// A damaged row must not push good backups out.
	sqlBeside(t, st.Path(), "UPDATE settings SET value = 'x'")
	if _, err := Write(t.Context(), st, Config{Dir: dir}); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("with a damaged row: %v", err)
	}
	st.Close()
	if _, err := Write(t.Context(), st, Config{Dir: dir}); !errors.Is(err, store.ErrUnreachable) {
		t.Errorf("with the store closed: %v", err)
	}
	if got := files(t, dir); len(got) != 1 || got[0] != filepath.Base(old.Path) {
		t.Errorf("files: %v", got)
	}
	if _, err := Verify(t.Context(), old.Path); err != nil {
		t.Error(err)
	}
	if _, err := Write(t.Context(), openMemory(t), Config{Dir: filepath.Join(old.Path, "below a file")}); err == nil {
		t.Error("wrote below a file")
	}
}

func TestStaleTemporaryFiles(t *testing.T) {
	st := openMemory(t)
	dir := t.TempDir()
	stale, live, foreign := filepath.Join(dir, ".snapshot-A.tmp"), filepath.Join(dir, ".snapshot-B.tmp"), filepath.Join(dir, "notes.tmp")
	for _, path := range []string{stale, live, foreign} {
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{stale, foreign} {
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-2*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	info := write(t, st, Config{Dir: dir})
	want := []string{".snapshot-B.tmp", "notes.tmp", filepath.Base(info.Path)}
	if got := files(t, dir); !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
}

// child writes a snapshot in a process of its own, to be killed or refused.
func child(dir, data string) {
	ctx := context.Background()
	limitFileSize()
	st, err := store.Open(ctx, store.Config{Dir: data})
	if err == nil {
		_, err = Write(ctx, st, Config{Dir: dir, Now: at(noon.Add(time.Hour))})
	}
	switch {
	case errors.Is(err, store.ErrDiskFull) && strings.Contains(err.Error(), "free some space"):
		os.Exit(7)
	case err != nil:
		println(err.Error())
		os.Exit(1)
	}
}

func startChild(t *testing.T, dir string, st *store.Store, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "SNAPSHOT_TEST_DIR="+dir, "SNAPSHOT_TEST_DATA="+filepath.Dir(st.Path()))
	cmd.Env = append(cmd.Env, env...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// A process killed at any moment of writing leaves no file that is taken for a
// snapshot, and the older one as it was.
func TestKilledWhileWriting(t *testing.T) {
	st := openSQLite(t)
	fill(t, st, 1, 400, 2000)
	dir := t.TempDir()
	old := write(t, st, Config{Dir: dir, Now: at(noon)})
	for round := range 6 {
		cmd := startChild(t, dir, st)
		minimum := int64(round) * 300_000
		tick := time.NewTicker(time.Millisecond)
		for size := int64(-1); size < minimum; size = tempSize(t, dir) {
			if size < 0 && len(files(t, dir)) > 1 {
				break // done already
			}
			<-tick.C
		}
		tick.Stop()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		list, err := List(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range list {
			if _, err := Verify(t.Context(), info.Path); err != nil {
				t.Errorf("round %d: %v", round, err)
			}
		}
		if tempSize(t, dir) < 0 {
			t.Logf("round %d: nothing half-written was there", round)
		}
		for _, name := range files(t, dir) {
			path := filepath.Join(dir, name)
			if path != old.Path {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// tempSize returns the size of the temporary file, -1 if there is none.
func tempSize(t *testing.T, dir string) int64 {
	t.Helper()
	for _, name := range files(t, dir) {
		if strings.HasPrefix(name, tempPrefix) {
			if info, err := os.Stat(filepath.Join(dir, name)); err == nil {
				return info.Size()
			}
		}
	}
	return -1
}

// A file that may not grow further is what a full disk looks like.
func TestDiskFull(t *testing.T) {
	st := openSQLite(t)
	fill(t, st, 1, 100, 2000)
	dir := t.TempDir()
	old := write(t, st, Config{Dir: dir, Now: at(noon)})
	cmd := startChild(t, dir, st, "SNAPSHOT_TEST_LIMIT=100000")
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 7 {
		t.Errorf("the child: %v", err)
	}
	if got := files(t, dir); len(got) != 1 || got[0] != filepath.Base(old.Path) {
		t.Errorf("files: %v", got)
	}
	if _, err := Verify(t.Context(), old.Path); err != nil {
		t.Error(err)
	}
}

// limitFileSize is the child's, where the test asks for it. It begins after
// the store is opened elsewhere: the database is only read.
func limitFileSize() {
	n, err := strconv.ParseUint(os.Getenv("SNAPSHOT_TEST_LIMIT"), 10, 64)
	if err != nil {
		return
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
		panic(err)
	}
}
