package musette_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// pages returns the README and all of docs/, by path.
func pages(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, path := range append(paths, "README.md") {
		texts[path] = read(t, path)
	}
	return texts
}

func read(t *testing.T, path string) string {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

var (
	fenced   = regexp.MustCompile("(?ms)^ *```.*?^ *```")
	comment  = regexp.MustCompile("(?s)<!--.*?-->")
	inCode   = regexp.MustCompile("`[^`\n]*`")
	heading  = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *$`)
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)|\b(?:src|srcset|href)="([^"]+)"`)
	external = regexp.MustCompile(`^[a-z]+:`)
)

// TestLinksLeadSomewhere holds that every relative link and picture is there, its anchor too.
func TestLinksLeadSomewhere(t *testing.T) {
	texts := pages(t)
	for page, text := range texts {
		for _, m := range link.FindAllStringSubmatch(prose(text), -1) {
			target := m[1] + m[2]
			if external.MatchString(target) {
				continue
			}
			file, anchor, _ := strings.Cut(target, "#")
			path := page
			if file != "" {
				path = filepath.Join(filepath.Dir(page), filepath.FromSlash(file))
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s links to %s, which isn't there", page, target)
				continue
			}
			if anchor != "" && !slices.Contains(anchors(read(t, path)), anchor) {
				t.Errorf("%s links to %s, but %s has no such heading", page, target, path)
			}
		}
	}
}

// prose is a page without code and comments.
func prose(text string) string {
	return inCode.ReplaceAllString(comment.ReplaceAllString(fenced.ReplaceAllString(text, ""), ""), "")
}

// anchors are the names that GitHub gives to a page's headings: lower case, letters, digits, hyphens and underscores
// only, blanks as hyphens.
func anchors(text string) []string {
	var names []string
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		names = append(names, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, m[1]))
	}
	return names
}

// TestSettingsAreExplained holds the README's table and the program's together: the same names in the same order, and
// the defaults that stand there as text. The policy's settings are listed by `musette help settings` alone.
func TestSettingsAreExplained(t *testing.T) {
	entry := regexp.MustCompile(`name: "([A-Z_]+)"(?:, byDefault: "([^"]*)")?`)
	row := regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\| ([^|]*)\\|")
	var inProgram, inReadme []string
	defaults := map[string]string{}
	for _, m := range row.FindAllStringSubmatch(read(t, "README.md"), -1) {
		inReadme = append(inReadme, m[1])
		defaults[m[1]] = strings.Trim(m[2], "` ")
	}
	for _, m := range entry.FindAllStringSubmatch(read(t, "cmd/musette/settings.go")+read(t, "cmd/musette/notify.go"), -1) {
		inProgram = append(inProgram, m[1])
		if m[2] != "" && defaults[m[1]] != m[2] {
			t.Errorf("the default of %s is %q, the README says %q", m[1], m[2], defaults[m[1]])
		}
	}
	if len(inProgram) == 0 || !slices.Equal(inProgram, inReadme) {
		t.Errorf("the program's settings: %v\nthe README's: %v", inProgram, inReadme)
	}
}

// TestPicturesOfTheLayoutAgree holds the table of packages in docs/architecture.md and the packages there are together.
func TestPicturesOfTheLayoutAgree(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| `([a-z0-9/]+)`[^|]* \\| ([^|]*)\\|")
	drawn := map[string]string{}
	_, text, _ := strings.Cut(read(t, "docs/architecture.md"), "\n## Packages and arrows\n")
	text, _, _ = strings.Cut(text, "\n## ")
	for _, m := range row.FindAllStringSubmatch(text, -1) {
		drawn["musette/"+m[1]] = " " + strings.NewReplacer("`", "", ",", "").Replace(m[2]) + " "
	}
	drawn["musette"] = drawn["musette/musette"]
	delete(drawn, "musette/musette")
	for _, p := range listPackages(t) {
		arrows, ok := drawn[p.ImportPath]
		delete(drawn, p.ImportPath)
		if !ok {
			t.Errorf("docs/architecture.md doesn't draw %s", p.ImportPath)
		}
		for _, path := range p.Imports {
			name := strings.TrimPrefix(path, "musette/")
			if path == "musette" {
				name = "root"
			}
			last := name[strings.LastIndexByte(name, '/')+1:]
			if ours(path) && !strings.Contains(arrows, " all ") && !strings.Contains(arrows, " "+last+" ") {
				t.Errorf("docs/architecture.md doesn't draw that %s imports %s", p.ImportPath, path)
			}
		}
	}
	for name := range drawn {
		t.Errorf("docs/architecture.md draws %s, which isn't there", name)
	}
}

// TestNamesInTheDocsExist holds that what stands in backquotes as package.Name is exported by that package, and that
// what stands there as a path of a Go file is there.
func TestNamesInTheDocsExist(t *testing.T) {
	exported := map[string][]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir(), !strings.HasSuffix(path, ".go"), strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err == nil {
			exported[file.Name.Name] = append(exported[file.Name.Name], declared(file)...)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	goFile := regexp.MustCompile("`([a-z0-9_/]+\\.go)`")
	name := regexp.MustCompile("`([a-z]+)\\.([A-Z][A-Za-z]*(?:\\.[A-Z][A-Za-z]*)?)`")
	for page, text := range pages(t) {
		for _, m := range name.FindAllStringSubmatch(text, -1) {
			if names, ok := exported[m[1]]; ok && !slices.Contains(names, m[2]) {
				t.Errorf("%s names %s.%s, which isn't there", page, m[1], m[2])
			}
		}
		for _, m := range goFile.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(m[1]); err != nil {
				t.Errorf("%s names %s, which isn't there", page, m[1])
			}
		}
	}
}

// declared are the names that a file declares at its top, methods as Type.Method.
func declared(file *ast.File) (names []string) {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv != nil {
				of := d.Recv.List[0].Type
				if star, ok := of.(*ast.StarExpr); ok {
					of = star.X
				}
				if id, ok := of.(*ast.Ident); ok {
					name = id.Name + "." + name
				}
			}
			names = append(names, name)
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					names = append(names, s.Name.Name)
				case *ast.ValueSpec:
					for _, id := range s.Names {
						names = append(names, id.Name)
					}
				}
			}
		}
	}
	return names
}
