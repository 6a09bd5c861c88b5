package torture

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"musette/internal/pgtest"
)

// binary is the program under test, built as it is released.
var binary string

func TestMain(m *testing.M) { os.Exit(build(m)) }

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "musette-torture-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "musette")
	cmd := exec.Command("go", "build", "-trimpath", "-o", binary, "musette/cmd/musette")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "torture: building the program: %v\n%s", err, out)
		return 1
	}
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil { // whatever the machine: they wait most of the time
		fmt.Fprintln(os.Stderr, "torture:", err)
		return 1
	}
	return pgtest.Main(m)
}

// length is how much of something a test does: short in `go test`, full in `make torture`.
func length[T any](short, full T) T {
	if os.Getenv("MUSETTE_TORTURE") == "full" {
		return full
	}
	return short
}

// random is where a test's chance comes from. The shortened tests are the same each time, the full ones differ.
func random(t *testing.T) (*rand.Rand, uint64) {
	t.Helper()
	seed := length(1, uint64(time.Now().UnixNano()))
	if given := os.Getenv("MUSETTE_TORTURE_SEED"); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatalf("MUSETTE_TORTURE_SEED: %v", err)
		}
	}
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0)), seed
}

// report logs the line of figures that docs/reliability.md keeps of a full run.
func report(t *testing.T, format string, args ...any) {
	t.Helper()
	t.Logf("report: %s: "+format, append([]any{t.Name()}, args...)...)
}
