package torture

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long anything may take on a loaded machine before a test gives up.
const patience = 2 * time.Minute

// A program is how a test runs musette: in a directory of its own, with nothing of the surroundings but these settings.
type program struct {
	t    testing.TB
	dir  string // the working directory
	data string // MUSETTE_DATA, below it
	env  map[string]string
}

func newProgram(t testing.TB) *program {
	t.Helper()
	dir := t.TempDir()
	p := &program{t: t, dir: dir, data: filepath.Join(dir, "data")}
	const nobody = "http://127.0.0.1:9" // whoever asks for another host than the loopback finds nobody
	p.env = map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": dir, "TMPDIR": dir, "TZ": "UTC", "MUSETTE_DATA": p.data,
		"HTTP_PROXY": nobody, "HTTPS_PROXY": nobody, "NO_PROXY": "127.0.0.1,localhost",
	}
	return p
}

// with returns the same program with other settings: NAME=value, or NAME= to leave it out.
func (p *program) with(settings ...string) *program {
	q := *p
	q.env = maps.Clone(p.env)
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		if delete(q.env, name); value != "" {
			q.env[name] = value
		}
	}
	return &q
}

func (p *program) command(args ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	cmd.Dir = p.dir
	for _, name := range slices.Sorted(maps.Keys(p.env)) {
		cmd.Env = append(cmd.Env, name+"="+p.env[name])
	}
	return cmd
}

// run runs a command to its end.
func (p *program) run(args ...string) (stdout string, code int) {
	p.t.Helper()
	q := p.start(args...)
	code = q.wait()
	return q.stdout.String(), code
}

// must runs a command that is to succeed.
func (p *program) must(args ...string) string {
	p.t.Helper()
	q := p.start(args...)
	if code := q.wait(); code != 0 {
		p.t.Fatalf("musette %s ended with %d\n%s", strings.Join(args, " "), code, q.said())
	}
	return q.stdout.String()
}

// A process is a command under way.
type process struct {
	t              testing.TB
	cmd            *exec.Cmd
	stdout, stderr output
	ended          chan struct{}
	code           int // once ended is closed; -1 after a signal
}

// An output collects what a process writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start starts a command. It is killed at the end of the test if it still runs then.
func (p *program) start(args ...string) *process {
	p.t.Helper()
	q := &process{t: p.t, cmd: p.command(args...), ended: make(chan struct{})}
	q.cmd.Stdout, q.cmd.Stderr = &q.stdout, &q.stderr
	must(p.t, q.cmd.Start())
	go func() {
		_ = q.cmd.Wait()
		q.code = q.cmd.ProcessState.ExitCode()
		close(q.ended)
	}()
	p.t.Cleanup(func() {
		q.kill()
		if p.t.Failed() {
			p.t.Logf("musette %s\n%s", strings.Join(args, " "), q.said())
		}
	})
	return q
}

// kill kills it, as by -9, and waits for its end.
func (q *process) kill() { q.stop(os.Kill) }

// stop sends a signal and waits for the end.
func (q *process) stop(signal os.Signal) (code int) {
	q.t.Helper()
	if err := q.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		q.t.Fatal(err)
	}
	return q.wait()
}

// wait waits for the end, and returns the exit code.
func (q *process) wait() int {
	q.t.Helper()
	select {
	case <-q.ended:
	case <-time.After(patience):
		q.t.Fatalf("musette %s didn't end\n%s", strings.Join(q.cmd.Args[1:], " "), q.said())
	}
	return q.code
}

// running reports whether it hasn't ended.
func (q *process) running() bool {
	select {
	case <-q.ended:
		return false
	default:
		return true
	}
}

// said is the end of what it wrote.
func (q *process) said() string {
	text := "stdout:\n" + q.stdout.String() + "\nstderr:\n" + q.stderr.String()
	const most = 8000
	return text[max(0, len(text)-most):]
}

// says waits until it has written what the pattern matches, and returns the pattern's group.
func (q *process) says(pattern string) string {
	q.t.Helper()
	re := regexp.MustCompile(pattern)
	var m []string
	eventually(q.t, "saying "+pattern, func() bool {
		m = re.FindStringSubmatch(q.stdout.String() + q.stderr.String())
		if m == nil && !q.running() {
			q.t.Fatalf("it ended with %d before saying %s\n%s", q.code, pattern, q.said())
		}
		return m != nil
	})
	return m[1]
}

// eventually waits until a condition holds.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not after %v", what, patience)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// freeAddress is one on which nothing listens.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
