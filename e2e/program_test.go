package e2e

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// interrupt is what ctrl-c sends.
var interrupt = os.Interrupt

// patience is how long anything may take on a loaded machine before a test gives up. Nothing waits as long as that
// when all is well; a program on Postgres that is killed while it refreshes a token holds the others up for a minute.
const patience = 2 * time.Minute

// program is how one test runs musette: in a working directory of its own, with nothing of the surroundings but what
// the test sets.
type program struct {
	t    testing.TB
	dir  string // the working directory
	data string // the data directory, ./data in it; set as MUSETTE_DATA
	env  map[string]string
	as   *syscall.SysProcAttr // how to run it; nil: as we run
}

func newProgram(t testing.TB) *program {
	t.Helper()
	dir := t.TempDir()
	p := &program{t: t, dir: dir, data: filepath.Join(dir, "data")}
	temp := filepath.Join(dir, "tmp")
	if err := os.Mkdir(temp, 0o777); err != nil {
		t.Fatal(err)
	}
	p.env = map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": dir, "TMPDIR": temp, "TZ": "UTC", "MUSETTE_DATA": p.data,
		// Whatever asks for another host than the loopback finds nobody.
		"HTTP_PROXY": deadProxy, "HTTPS_PROXY": deadProxy, "NO_PROXY": "127.0.0.1,localhost",
	}
	return p
}

const deadProxy = "http://127.0.0.1:9"

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

func (p *program) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir = p.dir
	cmd.SysProcAttr = p.as
	for _, name := range slices.Sorted(maps.Keys(p.env)) {
		cmd.Env = append(cmd.Env, name+"="+p.env[name])
	}
	return cmd
}

// outcome is what a command that has ended left.
type outcome struct {
	args           []string
	stdout, stderr string
	code           int
	took           time.Duration
}

// run runs one command to its end.
func (p *program) run(args ...string) outcome {
	p.t.Helper()
	return p.runInput("", args...)
}

func (p *program) runInput(input string, args ...string) outcome {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	cmd := p.command(ctx, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &stdout, &stderr
	began := time.Now()
	err := cmd.Run()
	o := outcome{args: args, stdout: stdout.String(), stderr: stderr.String(), took: time.Since(began)}
	if err != nil && cmd.ProcessState == nil {
		p.t.Fatalf("musette %s didn't start: %v", strings.Join(args, " "), err)
	}
	if ctx.Err() != nil {
		p.t.Fatalf("musette %s didn't end within %v\n%s", strings.Join(args, " "), patience, o)
	}
	o.code = cmd.ProcessState.ExitCode()
	return o
}

// must runs a command that is to succeed, and returns what it printed on stdout.
func (p *program) must(args ...string) string {
	p.t.Helper()
	o := p.run(args...)
	o.wantCode(p.t, 0)
	return o.stdout
}

func (o outcome) String() string {
	return "stdout:\n" + shorten(o.stdout) + "\nstderr:\n" + shorten(o.stderr)
}

func shorten(s string) string {
	const most = 4000
	if len(s) > most {
		return s[:most/2] + "\n[…]\n" + s[len(s)-most/2:]
	}
	return s
}

// wantCode stops the test if the command ended with another exit code.
func (o outcome) wantCode(t testing.TB, code int) {
	t.Helper()
	if o.code != code {
		t.Fatalf("musette %s ended with %d, want %d\n%s", strings.Join(o.args, " "), o.code, code, o)
	}
}

// complaint is what the command said to a person on stderr: the lines of the log apart.
func (o outcome) complaint() string {
	var lines []string
	for line := range strings.Lines(o.stderr) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "{") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// wantProblem checks that the command failed as it should: with the code, with one message that has all the words in
// it (what to do among them), in two lines at most, and with no trace of a stack or of a secret.
func (o outcome) wantProblem(t testing.TB, code int, words ...string) {
	t.Helper()
	o.wantCode(t, code)
	said := o.complaint()
	if n := strings.Count("\n"+said, "\nmusette: "); n != 1 || !strings.HasPrefix(said, "musette: ") {
		t.Errorf("musette %s gave %d messages, want one that begins with its name:\n%s", strings.Join(o.args, " "), n, said)
	}
	if n := strings.Count(said, "\n") + 1; n > 2 {
		t.Errorf("musette %s wrote %d lines, want what happened and what to do:\n%s", strings.Join(o.args, " "), n, said)
	}
	for _, w := range words {
		if !strings.Contains(said, w) {
			t.Errorf("musette %s didn't say %q:\n%s", strings.Join(o.args, " "), w, said)
		}
	}
	for _, bad := range []string{"goroutine ", "panic", ".go:", "%!"} {
		if strings.Contains(o.stderr, bad) {
			t.Errorf("musette %s wrote %q on stderr:\n%s", strings.Join(o.args, " "), bad, o.stderr)
		}
	}
}

// process is a command that goes on running.
type process struct {
	t      testing.TB
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout output
	stderr output
	began  time.Time
	ended  chan struct{}
	// Valid once ended is closed:
	code int
	took time.Duration
}

// output collects what a process writes, and lets tests wait for it.
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
	// Not the test's context: that one ends before the cleanups, in which processes are still stopped in order.
	cmd := p.command(context.Background(), args...)
	q := &process{t: p.t, cmd: cmd, began: time.Now(), ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &q.stdout, &q.stderr
	var err error
	if q.stdin, err = cmd.StdinPipe(); err != nil {
		p.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait()
		q.code, q.took = cmd.ProcessState.ExitCode(), time.Since(q.began)
		close(q.ended)
	}()
	p.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-q.ended
		if p.t.Failed() {
			p.t.Logf("musette %s\n%s", strings.Join(args, " "), outcome{stdout: q.stdout.String(), stderr: q.stderr.String()})
		}
	})
	return q
}

// says waits until the process has written something that the pattern matches, on stdout or stderr, and returns the
// pattern's first group.
func (q *process) says(pattern string) string {
	q.t.Helper()
	re := regexp.MustCompile(pattern)
	var m []string
	q.until("saying "+pattern, func() bool {
		m = re.FindStringSubmatch(q.stderr.String())
		if m == nil {
			m = re.FindStringSubmatch(q.stdout.String())
		}
		return m != nil
	})
	return m[len(m)-1]
}

// until waits for a condition that the process is to bring about.
func (q *process) until(what string, done func() bool) {
	q.t.Helper()
	eventually(q.t, what, func() bool {
		if done() {
			return true
		}
		select {
		case <-q.ended:
			if !done() {
				q.t.Fatalf("the process ended with %d before %s\n%s", q.code, what, q.stderr.String())
			}
			return true
		default:
			return false
		}
	})
}

// eventually polls a condition until it holds.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for wait := time.Millisecond; !done(); wait = min(2*wait, 50*time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after %v", what, patience)
		}
		time.Sleep(wait)
	}
}

// stop sends a signal and waits for the end.
func (q *process) stop(signal os.Signal) (code int, took time.Duration) {
	q.t.Helper()
	began := time.Now()
	if err := q.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		q.t.Fatal(err)
	}
	return q.wait(), time.Since(began)
}

// outcome is what the process left; it must have ended.
func (q *process) outcome() outcome {
	return outcome{args: q.cmd.Args[1:], stdout: q.stdout.String(), stderr: q.stderr.String(), code: q.wait(), took: q.took}
}

// wait waits for the end and returns the exit code, -1 after a signal.
func (q *process) wait() int {
	q.t.Helper()
	select {
	case <-q.ended:
	case <-time.After(patience):
		q.t.Fatalf("the process didn't end within %v\n%s", patience, q.stderr.String())
	}
	return q.code
}
