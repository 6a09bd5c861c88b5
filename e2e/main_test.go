package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"musette/internal/pgtest"
)

// binary is the program under test. It is built once per test run, in the way in which it is released.
var binary string

func TestMain(m *testing.M) {
	if file := os.Getenv(peerBody); file != "" { // this process is what the program is measured against
		os.Exit(servePeer(file))
	}
	os.Exit(build(func() int { return pgtest.Main(m) }))
}

// build builds the program for the time that f runs.
func build(f func() int) int {
	dir, err := os.MkdirTemp("", "musette-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	if path := os.Getenv(builtBinary); path != "" { // a test that runs itself in a namespace brings it along
		binary = path
		return f()
	}
	binary = filepath.Join(dir, "musette")
	cmd := exec.Command("go", "build", "-trimpath", "-o", binary, "musette/cmd/musette")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "e2e: building the program: %v\n%s", err, out)
		return 1
	}
	// Some tests run the program as another user.
	if err := os.Chmod(dir, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	return f()
}

// builtBinary names the environment variable by which a test that runs itself again passes the program on.
const builtBinary = "MUSETTE_E2E_BINARY"
