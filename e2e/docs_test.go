package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"musette/strava/stravatest"
)

// TestDocumentedCommands runs the commands that README.md and docs/*.md show. A block fenced as `sh` is run as it
// stands, in a directory where `musette` and `make` are on the PATH, an athlete of a simulated Strava is connected and
// synced, and the blocks of the same file have run before. A comment before the block keeps it from being run, and
// says why:
//
//	<!-- not run: needs systemd -->
//
// Then its commands are still looked up: each command, flag and target of make must exist. Blocks fenced as anything
// else (`text`, `console`) are for reading alone.
func TestDocumentedCommands(t *testing.T) {
	files, err := filepath.Glob("../docs/*.md")
	must(t, err)
	for _, file := range append([]string{"../README.md"}, files...) {
		body, err := os.ReadFile(file)
		must(t, err)
		blocks := shellBlocks(string(body))
		if len(blocks) == 0 {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			d := newDocumented(t)
			for _, b := range blocks {
				d.lookUp(b)
				if !b.skipped {
					d.run(b)
				}
			}
		})
	}
}

// block is a fenced block of commands.
type block struct {
	line    int // of the fence
	text    string
	skipped bool
	why     string // it is skipped
}

var (
	fence  = regexp.MustCompile("^( *)```(\\S*) *$")
	notRun = regexp.MustCompile(`^<!-- not run: *(.*?) *-->$`)
)

// shellBlocks finds the blocks fenced as sh, also those within lists.
func shellBlocks(body string) (out []block) {
	var open *block
	var before, indent, language string // before: the last line that isn't empty
	inside := false
	for n, line := range strings.Split(body, "\n") {
		m := fence.FindStringSubmatch(line)
		switch {
		case m != nil && !inside:
			inside, indent, language = true, m[1], m[2]
			open = &block{line: n + 1}
			if r := notRun.FindStringSubmatch(strings.TrimSpace(before)); r != nil {
				open.skipped, open.why = true, r[1]
			}
		case m != nil && m[2] == "":
			if inside = false; language == "sh" {
				out = append(out, *open)
			}
		case inside:
			open.text += strings.TrimPrefix(line, indent) + "\n"
		}
		if strings.TrimSpace(line) != "" {
			before = line
		}
	}
	return out
}

// documented is where the commands of one file are run.
type documented struct {
	*program
	t       *testing.T
	targets map[string]bool // of make
}

func newDocumented(t *testing.T) *documented {
	w := newWorld(t, stravatest.Config{Seed: 1, Limits: plenty})
	p := w.program()
	p.must("sync")
	bin := filepath.Join(p.dir, "bin")
	must(t, os.Mkdir(bin, 0o755))
	must(t, os.Symlink(binary, filepath.Join(bin, "musette")))
	d := &documented{program: p.with("PATH=" + bin + ":" + os.Getenv("PATH")), t: t, targets: map[string]bool{}}
	makefile, err := os.ReadFile("../Makefile")
	must(t, err)
	for _, m := range regexp.MustCompile(`(?m)^([a-z]+):`).FindAllSubmatch(makefile, -1) {
		d.targets[string(m[1])] = true
	}
	// `make demo` would go on for ever, and other targets take long: the demo is shown to start, the rest to exist.
	d.tool(bin, "make", `case "$*" in
demo) timeout -s INT 5 musette demo --port 0 ;;
*) echo "make $*" ;;
esac`)
	d.tool(bin, "git", `test "$1" = clone`)
	return d
}

func (d *documented) tool(bin, name, script string) {
	must(d.t, os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
}

// run runs a block; every line must succeed.
func (d *documented) run(b block) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	cmd := d.command(ctx)
	sh, err := exec.LookPath("sh")
	must(d.t, err)
	cmd.Path, cmd.Args = sh, []string{"sh", "-eux", "-c", b.text}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		d.t.Errorf("the block in line %d: %v\n%s\nsays\n%s", b.line, err, b.text, shorten(out.String()))
	}
}

var (
	musetteCall = regexp.MustCompile(`(?m)(?:^|[|;&(]|\bsudo|\bssh \S+) *(?:[A-Z_]+=\S* +)*(?:\./)?musette +([a-z-]+)([^|;&)\n#]*)`)
	makeCall    = regexp.MustCompile(`(?m)^make +([a-z]+)`)
	flag        = regexp.MustCompile(`(?:^|\s)(--[a-z-]+)`)
)

// lookUp checks that what a block calls exists, whether it is run or not.
func (d *documented) lookUp(b block) {
	d.t.Helper()
	wrong := func(format string, args ...any) {
		d.t.Errorf("the block in line %d: %s", b.line, fmt.Sprintf(format, args...))
	}
	if b.skipped && b.why == "" {
		wrong("it isn't run, but not said why")
	}
	for _, m := range makeCall.FindAllStringSubmatch(b.text, -1) {
		if !d.targets[m[1]] {
			wrong("there is no make %s", m[1])
		}
	}
	for _, m := range musetteCall.FindAllStringSubmatch(b.text, -1) {
		command := []string{m[1]}
		if words := strings.Fields(m[2]); len(words) > 0 && hasCommands[m[1]] {
			command = append(command, words[0])
		}
		help := d.program.run(append(command, "--help")...)
		if help.code != 0 {
			wrong("there is no musette %s", strings.Join(command, " "))
			continue
		}
		for _, f := range flag.FindAllStringSubmatch(m[2], -1) {
			if !strings.Contains(help.stdout, f[1]) {
				wrong("musette %s has no %s", strings.Join(command, " "), f[1])
			}
		}
	}
}

// hasCommands are the commands whose next word is a command too.
var hasCommands = map[string]bool{
	"key": true, "backup": true, "webhook": true, "deletions": true, "zone": true, "athlete": true, "help": true,
}

func TestShellBlocks(t *testing.T) {
	const page = "Text.\n\n```sh\nmusette sync\n\nmusette status\n```\n\n```text\nmusette eat\n```\n" +
		"1. List:\n\n   <!-- not run: needs a person -->\n   ```sh\n   musette connect\n   ```\n\n   ```\n   ```sh\n   ```\n"
	want := []block{
		{line: 3, text: "musette sync\n\nmusette status\n"},
		{line: 15, text: "musette connect\n", skipped: true, why: "needs a person"},
	}
	if diff := cmp.Diff(want, shellBlocks(page), cmp.AllowUnexported(block{})); diff != "" {
		t.Error(diff)
	}
}
