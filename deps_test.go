package musette_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"testing"
)

// TestDependenciesAreExplained holds go.mod and docs/dependencies.md together: every module that we import ourselves
// has its line with a reason, and no line is left of one that went.
func TestDependenciesAreExplained(t *testing.T) {
	out, err := exec.Command("go", "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatalf("go mod edit: %v", err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	var explained []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllSubmatch(doc, -1) {
		explained = append(explained, string(m[1]))
	}
	var direct []string
	for _, r := range mod.Require {
		if !r.Indirect {
			direct = append(direct, r.Path)
		}
	}
	for _, path := range direct {
		if !slices.Contains(explained, path) {
			t.Errorf("%s is in go.mod, but docs/dependencies.md doesn't say what for", path)
		}
	}
	for _, path := range explained {
		if !slices.Contains(direct, path) {
			t.Errorf("docs/dependencies.md explains %s, which go.mod doesn't require directly", path)
		}
	}
	if !slices.IsSorted(explained) {
		t.Error("the table in docs/dependencies.md is not in order")
	}
}
