package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// commands is the command line: one field, and one file, for each command.
type commands struct {
	Demo    demoCmd    `cmd:"" help:"a simulated Strava, a sample athlete, a real sync, the page"`
	Serve   serveCmd   `cmd:"" help:"keep the copy up to date and serve it"`
	Connect connectCmd `cmd:"" help:"connect an athlete's Strava account, in the browser"`

	Login      loginCmd      `cmd:"" help:"print a one-time link that opens the page as its owner"`
	Sync       syncCmd       `cmd:"" help:"fetch what is new now, with progress"`
	Status     statusCmd     `cmd:"" help:"how fresh and how complete the copy is"`
	Activities activitiesCmd `cmd:"" help:"list the activities"`
	Athlete    athleteCmd    `cmd:"" help:"who is connected, and removing somebody"`
	Zone       zoneCmd       `cmd:"" help:"areas that strangers don't see"`
	Key        keyCmd        `cmd:"" help:"keys for programs and other readers"`
	History    historyCmd    `cmd:"" help:"what changed of an activity, and when"`
	Deletions  deletionsCmd  `cmd:"" help:"deletions that wait for you"`
	Rebuild    rebuildCmd    `cmd:"" help:"derive everything anew from what came from Strava"`
	Backup     backupCmd     `cmd:"" help:"snapshots of the whole copy"`
	Verify     verifyCmd     `cmd:"" help:"see that everything stored is whole; --repair mends it"`
	Webhook    webhookCmd    `cmd:"" help:"let Strava tell of changes as they happen"`

	FakeStrava fakeStravaCmd `cmd:"" name:"fake-strava" help:"a simulated Strava to develop against"`
	Version    versionCmd    `cmd:"" help:"print the version"`
}

// settings are the flags of every command that reads the configuration.
type settings struct {
	Data        string `placeholder:"DIR" help:"the data directory (MUSETTE_DATA)"`
	Config      string `placeholder:"FILE" help:"read this file instead of musette.yaml"`
	PrintConfig bool   `help:"print each setting and where it came from, and stop"`
}

// configured is a command that reads the configuration. given are the settings that its flags set.
type configured interface {
	flags() *settings
	given() map[string]string
}

func (s *settings) flags() *settings         { return s }
func (s *settings) given() map[string]string { return map[string]string{"MUSETTE_DATA": s.Data} }

func main() {
	ctx, stop := interruptible()
	code := run(ctx, &console{in: os.Stdin, out: os.Stdout, err: os.Stderr}, os.Args[1:])
	stop()
	os.Exit(code)
}

// interruptible returns a context that ends at the first SIGINT or SIGTERM. The second one ends the program at once:
// by then the signals have their usual effect again.
func interruptible() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// console is where a command reads and writes.
type console struct {
	in       io.Reader
	out, err io.Writer
}

// run carries one command line out and returns the exit code.
func run(ctx context.Context, tty *console, args []string) int {
	var cli commands
	parser, err := kong.New(&cli,
		kong.Name("musette"),
		kong.Description("a complete, durable copy of your Strava activities, served at once"),
		kong.Writers(tty.out, tty.err),
		kong.NoDefaultHelp(),
	)
	if err != nil {
		return report(tty.err, err)
	}
	if rest, asked := withoutHelp(args); asked {
		return help(tty.out, parser, rest)
	}
	if len(args) == 0 {
		help(tty.err, parser, nil)
		return exitUsage
	}
	parsed, err := parser.Parse(joinDegrees(args))
	if err != nil {
		return report(tty.err, usageProblem(err, parser.Model.Children))
	}
	a := &app{console: tty, now: time.Now}
	err = runCommand(ctx, a, parsed)
	return report(tty.err, together(err, a.Close()))
}

// runCommand loads the configuration if the command wants one, and runs the command.
func runCommand(ctx context.Context, a *app, parsed *kong.Context) error {
	command := parsed.Selected().Target.Addr().Interface()
	if c, ok := command.(configured); ok {
		cfg, err := loadConfig(configSources{
			flags: c.given(), environ: os.Environ(), dir: ".", file: c.flags().Config,
		})
		if err != nil {
			return err
		}
		if c.flags().PrintConfig {
			return cfg.print(a.out)
		}
		if err := a.configure(cfg); err != nil {
			return err
		}
	}
	return command.(interface {
		Run(ctx context.Context, a *app) error
	}).Run(ctx, a)
}

// usageProblem turns what kong says about a command line into our words.
func usageProblem(err error, commands []*kong.Node) error {
	where, root := "musette", true
	if p, ok := errors.AsType[*kong.ParseError](err); ok {
		if node := p.Context.Selected(); node != nil {
			where, root = node.FullPath(), false
		}
	}
	text := err.Error()
	if rest, ok := strings.CutPrefix(text, "unexpected argument "); ok && root {
		word, _, _ := strings.Cut(rest, ",")
		names := make([]string, len(commands))
		for i, c := range commands {
			names[i] = c.Name
		}
		hint := "`musette help` lists the commands"
		if near := nearest(word, names); near != "" {
			hint = "did you mean `musette " + near + "`? " + hint
		}
		return misused(hint, "there is no command `%s`", word)
	}
	if arg, ok := strings.CutPrefix(text, `expected "<`); ok {
		arg, _, _ = strings.Cut(arg, ">")
		text = strings.ToUpper(arg) + " is missing"
	}
	return misused("`"+where+" --help` shows how it is used", "%s", strings.ReplaceAll(text, `"`, "`"))
}
