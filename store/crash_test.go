package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"musette/internal/pgtest"
	"musette/store"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("STORE_TEST_VICTIM"); dir != "" {
		victim(dir)
	}
	os.Exit(pgtest.Main(m))
}

// victimLeases are those that it holds, the one that fences last.
var victimLeases = []string{"token:7", store.SyncLease}

// victim holds leases and writes until it is killed. It prints each number once it is written for good.
func victim(dir string) {
	ctx := context.Background()
	s, err := store.Open(ctx, store.Config{Dir: dir})
	var lease *store.Lease
	for _, name := range victimLeases {
		if err == nil {
			lease, err = s.Acquire(ctx, name, "victim", time.Hour)
		}
	}
	for n := int64(1); err == nil; n++ {
		err = s.Update(ctx, lease, func(tx *store.Tx) error {
			return errors.Join(putAll(ctx, tx, 7, 2*n), putAll(ctx, tx, 7, 2*n+1), tx.PutSetting(ctx, "n", fmt.Sprint(n)))
		})
		fmt.Println(n)
	}
	fmt.Println(err)
	os.Exit(1)
}

// TestKilled kills a process in the middle of its writing, again and again: what it said was written is there, what is
// there is whole, and its leases are free at once.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	for round := range 4 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "STORE_TEST_VICTIM="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said := 0
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if _, err := fmt.Sscan(lines.Text(), &said); err != nil {
				t.Error(lines.Text())
			}
			if said == 20+7*round {
				_ = cmd.Process.Kill()
			}
		}
		_ = cmd.Wait()
		afterCrash(t, dir, said, round)
	}
}

func afterCrash(t *testing.T, dir string, said, round int) {
	t.Helper()
	ctx := t.Context()
	s, err := store.Open(ctx, store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Verify(ctx); err != nil {
		t.Error(err)
	}
	for _, name := range victimLeases {
		lease, err := s.Acquire(ctx, name, "heir", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if lease.Number != int64(2*round+2) {
			t.Errorf("lease %s has number %d", name, lease.Number)
		}
		if err := lease.Release(ctx); err != nil {
			t.Error(err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "lease-*")); err != nil || len(left) > 0 {
		t.Errorf("released leases leave %v, %v", left, err)
	}
	err = s.View(ctx, func(tx *store.Tx) error {
		text, err := tx.Setting(ctx, "n")
		if err != nil {
			return err
		}
		n := 0
		_, _ = fmt.Sscan(text, &n)
		_, here := tx.Activity(ctx, 7, int64(2*n+1))
		_, beyond := tx.Activity(ctx, 7, int64(2*n+2))
		if n < said || here != nil || round == 0 && !errors.Is(beyond, store.ErrNotFound) {
			t.Errorf("%d is written, %d was said to be; its last activity: %v, the next one: %v", n, said, here, beyond)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
