package main

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// spoken finds `musette x y` and "musette x y" where the program speaks.
var spoken = regexp.MustCompile("`musette ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")

// Whatever the program tells people to run exists.
func TestNamedCommandsExist(t *testing.T) {
	t.Parallel()
	var cli commands
	parser, err := kong.New(&cli, kong.Name("musette"), kong.Writers(io.Discard, io.Discard), kong.NoDefaultHelp())
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	err = filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".git")) {
			return filepath.SkipDir
		}
		if !slices.Contains([]string{".go", ".html", ".tmpl", ".js", ".md", ".yaml", ".env", ".service"}, filepath.Ext(path)) || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range spoken.FindAllStringSubmatch(string(text), -1) {
			seen++
			if !commandExists(parser.Model.Node, m[1], m[2]) {
				t.Errorf("%s names %s`, which is no command", path, m[0])
			}
		}
		return nil
	})
	if err != nil || seen < 50 {
		t.Errorf("%d commands were found, %v", seen, err)
	}
}

func commandExists(root *kong.Node, word, next string) bool {
	if word == "help" {
		return true
	}
	i := slices.IndexFunc(root.Children, func(n *kong.Node) bool { return n.Name == word })
	if i < 0 {
		return false
	}
	node := root.Children[i]
	return next == "" || node.Leaf() || slices.ContainsFunc(node.Children, func(n *kong.Node) bool { return n.Name == next })
}
