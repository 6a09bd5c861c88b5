package web

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"musette/feed"
)

// The documentation page is openapi.yaml, rendered once at the start: it says what the description says, and needs
// neither scripts nor anybody else's server.

// described is what the page takes from openapi.yaml.
type described struct {
	Info struct{ Title, Summary, Description string }
	Tags []struct{ Name, Description string }
	// Paths is a node, to keep the order.
	Paths      yaml.Node
	Components struct {
		Parameters map[string]describedParam
		Responses  map[string]describedResponse
	}
}

type describedOperation struct {
	Tags                 []string
	Summary, Description string
	Security             []map[string][]string // nil: as everywhere, a key or none
	Parameters           []describedParam
	RequestBody          struct {
		Content map[string]struct{ Example yaml.Node }
	} `yaml:"requestBody"`
	Responses yaml.Node
}

type describedParam struct {
	Ref                   string `yaml:"$ref"`
	Name, In, Description string
	Schema                describedSchema
	Example               string
}

type describedSchema struct {
	Type             any
	Items            *describedSchema
	Enum             []string
	Default          any
	Minimum, Maximum *float64
	Examples         []string
}

type describedResponse struct {
	Ref         string `yaml:"$ref"`
	Description string
	Content     map[string]struct{ Example yaml.Node }
}

// What the template shows.
type (
	docsPage struct {
		Title, Summary, Text string
		Groups               []docsGroup
	}
	docsGroup struct {
		Name, Text string
		Operations []docsOperation
	}
	docsOperation struct {
		Anchor, Method, Path, Summary, Text string
		Params                              []docsParam
		Curl, Example                       string
		Answers                             []docsAnswer
	}
	docsParam  struct{ Name, Type, Text string }
	docsAnswer struct{ Status, Text string }
)

// groupNames are the headings of the tags.
var groupNames = map[string]string{
	"activities": "Activities", "mirror": "The copy", "strava": "Strava’s own paths", "session": "Signing in", "page": "Pages", "embed": "On other pages", "server": "The server",
}

// renderDocs makes the page. base is the address in its examples.
func renderDocs(p *pages, base string) (*feed.Response, error) {
	var d described
	if err := yaml.Unmarshal(openAPI, &d); err != nil {
		return nil, fmt.Errorf("reading the API's description: %w", err)
	}
	page := docsPage{Title: d.Info.Title + ": the API", Summary: d.Info.Summary, Text: d.Info.Description}
	groups := map[string]*docsGroup{}
	for i := range d.Tags {
		t := d.Tags[i]
		groups[t.Name] = &docsGroup{Name: groupNames[t.Name], Text: t.Description}
	}
	for i := 0; i+1 < len(d.Paths.Content); i += 2 {
		path, item := d.Paths.Content[i].Value, d.Paths.Content[i+1]
		for j := 0; j+1 < len(item.Content); j += 2 {
			method := item.Content[j].Value
			if method == "parameters" {
				continue
			}
			var op describedOperation
			if err := item.Content[j+1].Decode(&op); err != nil {
				return nil, fmt.Errorf("reading the description of %s %s: %w", method, path, err)
			}
			group := groups[op.Tags[0]]
			group.Operations = append(group.Operations, d.operation(base, strings.ToUpper(method), path, &op))
		}
	}
	for _, t := range d.Tags {
		page.Groups = append(page.Groups, *groups[t.Name])
	}
	var b bytes.Buffer
	if err := p.templates.ExecuteTemplate(&b, "docs", page); err != nil {
		return nil, fmt.Errorf("writing the API's page: %w", err)
	}
	return feed.NewResponse(b.Bytes(), "docs"), nil
}

func paragraphs(text string) []string { return strings.Split(strings.TrimSpace(text), "\n\n") }

func (d *described) operation(base, method, path string, op *describedOperation) docsOperation {
	o := docsOperation{
		Anchor: strings.ToLower(method) + strings.NewReplacer("/", "-", "{", "", "}", "", ".", "-").Replace(path),
		Method: method, Path: path, Summary: op.Summary, Text: op.Description,
	}
	var list []describedParam
	for _, p := range op.Parameters {
		if name, ok := strings.CutPrefix(p.Ref, "#/components/parameters/"); ok {
			p = d.Components.Parameters[name]
		}
		list = append(list, p)
		if p.In != "header" {
			o.Params = append(o.Params, docsParam{p.Name, p.Schema.words(), p.Description})
		}
	}
	o.Curl = curl(base, method, path, op, list)
	for i := 0; i+1 < len(op.Responses.Content); i += 2 {
		status := op.Responses.Content[i].Value
		var r describedResponse
		if op.Responses.Content[i+1].Decode(&r) != nil || status == "default" {
			continue
		}
		if name, ok := strings.CutPrefix(r.Ref, "#/components/responses/"); ok {
			r = d.Components.Responses[name]
		}
		o.Answers = append(o.Answers, docsAnswer{status, r.Description})
		if status[0] == '2' && o.Example == "" {
			o.Example = r.example()
		}
	}
	return o
}

func (r *describedResponse) example() string {
	for _, c := range r.Content {
		if !c.Example.IsZero() {
			return asJSON(&c.Example, "")
		}
	}
	return ""
}

// words says what values there are.
func (s *describedSchema) words() string {
	if s.Items != nil {
		return s.Items.words() + ", several"
	}
	kind, _ := s.Type.(string)
	switch {
	case len(s.Enum) > 0:
		return strings.Join(s.Enum, ", ")
	case s.Minimum != nil && s.Maximum != nil:
		kind = fmt.Sprintf("%v to %v", *s.Minimum, *s.Maximum)
	case s.Minimum != nil:
		kind = fmt.Sprintf("%v or more", *s.Minimum)
	case kind == "integer":
		kind = "whole number"
	case kind == "string", kind == "":
		kind = "text"
	case kind == "boolean":
		kind = "true or false"
	}
	if s.Default != nil {
		kind += fmt.Sprintf("; %v if left out", s.Default)
	}
	return kind
}

// curl is a request that a person can try; "" for what a browser or another machine asks.
func curl(base, method, path string, op *describedOperation, list []describedParam) string {
	if !slices.Contains([]string{"activities", "mirror", "strava", "server"}, op.Tags[0]) || strings.HasPrefix(path, "/webhook") {
		return ""
	}
	query := url.Values{}
	for _, p := range list {
		switch {
		case p.Example == "":
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", p.Example)
		case p.In == "query":
			query.Set(p.Name, p.Example)
		}
	}
	line := "curl"
	if open := len(op.Security) == 1 && len(op.Security[0]) == 0; !open {
		line += ` -H "Authorization: Bearer $KEY"`
	}
	if method != http.MethodGet {
		line += " -X " + method
	}
	for _, c := range op.RequestBody.Content {
		if !c.Example.IsZero() {
			line += " -d '" + strings.Join(strings.Fields(asJSON(&c.Example, "")), "") + "'"
		}
	}
	if strings.HasSuffix(path, "/events") {
		line += " -N"
	}
	if q := query.Encode(); q != "" {
		path += "?" + strings.ReplaceAll(q, "%2C", ",")
	}
	return line + " '" + base + path + "'"
}

// asJSON writes an example in the order in which it is described.
func asJSON(n *yaml.Node, indent string) string {
	deeper := indent + "  "
	var items []string
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			items = append(items, strconv.Quote(n.Content[i].Value)+": "+asJSON(n.Content[i+1], deeper))
		}
		return between("{", items, "}", indent)
	case yaml.SequenceNode:
		for _, c := range n.Content {
			items = append(items, asJSON(c, deeper))
		}
		return between("[", items, "]", indent)
	}
	if n.Tag == "!!str" || n.Tag == "!!timestamp" {
		return strconv.Quote(n.Value)
	}
	return n.Value
}

// between puts what is short on one line.
func between(open string, items []string, shut, indent string) string {
	line := open + strings.Join(items, ", ") + shut
	if len(line)+len(indent) <= 72 && !strings.Contains(line, "\n") {
		return line
	}
	deeper := indent + "  "
	return open + "\n" + deeper + strings.Join(items, ",\n"+deeper) + "\n" + indent + shut
}

func (s *Server) getDocs(w http.ResponseWriter, r *http.Request) error {
	if _, err := params(r); err != nil {
		return err
	}
	sendHTML(w, r, feed.Reader{}, s.docs)
	return nil
}
