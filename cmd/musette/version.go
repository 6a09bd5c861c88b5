package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/go-json-experiment/json"
)

// version is set by the linker in a release (`make build`); else the build knows its commit.
var version string

type versionCmd struct {
	JSON bool `help:"as one line of JSON"`
}

func (versionCmd) Help() string {
	return "musette version\nmusette version --json"
}

// buildFacts are what `musette version --json` prints.
type buildFacts struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"`   // "" if the build doesn't know it
	Modified bool   `json:"modified"` // built from files that weren't committed
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (c *versionCmd) Run(_ context.Context, a *app) error {
	b := readBuild()
	if c.JSON {
		if err := json.MarshalWrite(a.out, b); err != nil {
			return err
		}
		_, err := fmt.Fprintln(a.out)
		return err
	}
	line := "musette " + b.Version
	if b.Commit != "" && !strings.Contains(b.Version, b.Commit[:min(7, len(b.Commit))]) {
		line += " (" + b.Commit[:min(12, len(b.Commit))] + ")"
	}
	_, err := fmt.Fprintf(a.out, "%s, %s, %s\n", line, b.Go, b.Platform)
	return err
}

func readBuild() buildFacts {
	b := buildFacts{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Commit = s.Value
			case "vcs.modified":
				b.Modified = s.Value == "true"
			}
		}
		if b.Version == "" && info.Main.Version != "(devel)" {
			b.Version = info.Main.Version
		}
	}
	if b.Version == "" {
		b.Version = "devel"
	}
	return b
}
