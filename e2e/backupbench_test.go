package e2e

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"musette/strava/stravatest"
)

// benchBackup is how long a backup and a restore take, and how much memory the process has at most, at so many
// activities and at ten times as many.
func benchBackup(b *testing.B, t *table, activities int) {
	w := newWorld(b, stravatest.Config{Seed: 1, Activities: 200, Limits: plenty})
	p := w.program()
	p.must("sync")
	for _, n := range []int{activities, 10 * activities} {
		p.multiply(n)
		file, took, peak := measured(b, p, "backup", "create")
		t.add("backup", fmt.Sprintf("of %d activities with details, and proven", n), seconds(took))
		t.add("", "most memory of the process", mebibytes(peak))
		t.add("", "size of the file", mebibytes(size(b, strings.TrimSpace(file))))
		empty := newProgram(b)
		_, took, peak = measured(b, empty, "backup", "restore", strings.TrimSpace(file))
		t.add("restore", fmt.Sprintf("of %d activities, into SQLite", n), seconds(took))
		t.add("", "most memory of the process", mebibytes(peak))
	}
}

// measured runs a command, and returns what it printed, how long it took and the most memory that it had.
func measured(b *testing.B, p *program, args ...string) (stdout string, took time.Duration, peak int64) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 20*time.Minute)
	defer cancel()
	cmd := p.command(ctx, args...)
	var said strings.Builder
	cmd.Stdout = &said
	began := time.Now()
	must(b, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	// What the kernel tells of an ended process includes the memory of the one that started it, so it is asked while it runs.
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		select {
		case err := <-ended:
			tick.Stop()
			if err != nil {
				b.Fatalf("%v: %v\n%s", args, err, said.String())
			}
			return said.String(), time.Since(began), peak
		case <-tick.C:
			peak = max(peak, highWater(cmd.Process.Pid))
		}
	}
}

// highWater is the most memory that a process has had so far, 0 where that isn't known.
func highWater(pid int) int64 {
	body, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(body)) {
		if text, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(text), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}

func mebibytes(n int64) string { return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20)) }
