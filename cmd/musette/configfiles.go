package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/joho/godotenv"
	"go.yaml.in/yaml/v3"
)

const (
	dotenvFile = ".env"
	yamlFile   = "musette.yaml"
)

// fromDotenv takes the settings out of .env; what it has for other programs is left alone.
func fromDotenv(dir string) (map[string]value, error) {
	if dir == "" {
		return nil, nil
	}
	body, err := os.ReadFile(filepath.Join(dir, dotenvFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, unreadable(dotenvFile, err)
	}
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	vars, err := godotenv.UnmarshalBytes(body)
	if err != nil { // its text quotes the file, secrets and all
		return nil, misused("write one NAME=value a line, with quotes around values that have spaces",
			"%s line %d can't be read", dotenvFile, brokenLine(body))
	}
	found := map[string]value{}
	var errs []error
	for name, text := range vars {
		at := origin{name: name, source: dotenvFile, line: dotenvLine(body, name)}
		if err := known(at); err != nil {
			errs = append(errs, err)
		}
		if settingNamed(name) != nil {
			found[name] = value{text, at}
		}
	}
	return found, together(errs...)
}

// dotenvLine finds the line that sets a variable: the last one, as it is the last that counts.
func dotenvLine(body []byte, name string) int {
	found, n := 0, 0
	for line := range bytes.Lines(body) {
		n++
		text := bytes.TrimSpace(line)
		if rest, ok := bytes.CutPrefix(text, []byte("export")); ok {
			text = bytes.TrimSpace(rest)
		}
		rest, ok := bytes.CutPrefix(text, []byte(name))
		if rest = bytes.TrimSpace(rest); ok && len(rest) > 0 && (rest[0] == '=' || rest[0] == ':') {
			found = n
		}
	}
	return found
}

// brokenLine finds the line at which a .env stops making sense: the one after the longest beginning that does.
func brokenLine(body []byte) int {
	good, n, end := 0, 0, 0
	for line := range bytes.Lines(body) {
		n++
		end += len(line)
		if _, err := godotenv.UnmarshalBytes(body[:end]); err == nil {
			good = n
		}
	}
	return good + 1
}

// fromYAML takes the settings out of musette.yaml, or the file that was named. It is strict: a mapping of known
// names, each at most once, to a word or (for lists) a list of words. Names with dots may be nested as well.
func fromYAML(dir, file string) (map[string]value, error) {
	asked := file != ""
	if !asked {
		if dir == "" {
			return nil, nil
		}
		file = filepath.Join(dir, yamlFile)
	}
	shown := filepath.Base(file)
	if asked {
		shown = file
	}
	body, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) && !asked {
		return nil, nil
	}
	if err != nil {
		return nil, unreadable(shown, err)
	}
	return parseYAML(shown, body)
}

func parseYAML(file string, body []byte) (map[string]value, error) {
	const form = "write one `name: value` a line, such as `addr: 127.0.0.1:8080`"
	decoder := yaml.NewDecoder(bytes.NewReader(body))
	var doc yaml.Node
	if err := decoder.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, misused(form, "%s%s is not valid YAML", file, lineOf(err))
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, misused(form, "%s has more than one document", file)
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, misused(form, "%s line %d is not a setting", file, root.Line)
	}
	y := yamlReader{file: file, names: yamlNames(), found: map[string]value{}}
	y.read("", root)
	return y.found, together(y.errs...)
}

// yamlReader takes the settings out of mappings.
type yamlReader struct {
	file  string
	names map[string]string // of the variables, by their names in YAML
	found map[string]value
	errs  []error
}

// read takes a mapping in whose names all begin with a prefix: "", or one with a dot at its end.
func (y *yamlReader) read(prefix string, mapping *yaml.Node) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, node := mapping.Content[i], mapping.Content[i+1]
		at := origin{name: prefix + key.Value, source: y.file, line: key.Line}
		if name, ok := y.names[at.name]; ok {
			if err := y.take(name, at, node); err != nil {
				y.errs = append(y.errs, err)
			}
			continue
		}
		if y.isGroup(at.name) && node.Kind == yaml.MappingNode {
			y.read(at.name+".", node)
			continue
		}
		y.errs = append(y.errs, unknownYAML(at, y.names))
	}
}

// isGroup reports whether there are settings whose names begin with this one and a dot.
func (y *yamlReader) isGroup(name string) bool {
	for known := range y.names {
		if strings.HasPrefix(known, name+".") {
			return true
		}
	}
	return false
}

func (y *yamlReader) take(name string, at origin, node *yaml.Node) error {
	if first, twice := y.found[name]; twice {
		return misused("leave one of the two out", "%s stands in %s on line %d and again on line %d",
			at.name, y.file, first.line, at.line)
	}
	text, err := yamlText(node)
	if err != nil {
		return misused(settingNamed(name).right, "%s: %w", at.named(), err)
	}
	if isPolicy(name) && node.Kind == yaml.SequenceNode && text == "" {
		text = none
	}
	y.found[name] = value{text, at}
	return nil
}

func unknownYAML(at origin, names map[string]string) error {
	near := nearestYAML(at.name, names)
	for short, long := range names { // the variable's own name is the likeliest slip
		if strings.EqualFold(at.name, long) {
			near = short
		}
	}
	return misused(didYouMean(near), "%s is not a setting (%s)", at.name, at)
}

// yamlText returns a scalar as it was written, or the items of a list with commas between.
func yamlText(node *yaml.Node) (string, error) {
	switch node.Kind {
	case yaml.AliasNode:
		return yamlText(node.Alias)
	case yaml.ScalarNode:
		if node.Tag == "!!null" {
			return "", nil
		}
		return node.Value, nil
	case yaml.SequenceNode:
		var items []string
		for _, item := range node.Content {
			if item.Kind != yaml.ScalarNode {
				return "", errors.New("is a list of something other than words")
			}
			items = append(items, item.Value)
		}
		return strings.Join(items, ","), nil
	}
	return "", errors.New("is neither a value nor a list")
}

// lineOf takes the line out of a YAML error; the rest of its text may quote the file.
func lineOf(err error) string {
	m := regexp.MustCompile(`line (\d+)`).FindStringSubmatch(err.Error())
	if m == nil {
		return ""
	}
	n, _ := strconv.Atoi(m[1])
	return fmt.Sprintf(" line %d", n)
}

func unreadable(file string, err error) error {
	if cause, ok := errors.AsType[*fs.PathError](err); ok {
		err = cause.Err
	}
	return misused("check the path and who may read it", "%s can't be read: %w", file, err)
}
