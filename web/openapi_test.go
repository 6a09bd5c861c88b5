package web_test

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/google/go-cmp/cmp"

	"musette/feed"
	"musette/web"
)

// description is openapi.yaml, and what finds the operation of a request in it.
var description = sync.OnceValues(func() (*finder, error) {
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	if err != nil {
		return nil, err
	}
	for _, kind := range []string{"text/html", "text/css", "text/javascript", "image/svg+xml", "application/gpx+xml", "application/atom+xml"} {
		openapi3filter.RegisterBodyDecoder(kind, openapi3filter.PlainBodyDecoder)
	}
	openapi3filter.RegisterBodyDecoder("image/png", openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder("application/geo+json", openapi3filter.JSONBodyDecoder)
	f := &finder{doc: doc}
	for path := range doc.Paths.Map() {
		text := regexp.MustCompile(`\\\{(.*?)\\\}`).ReplaceAllString(regexp.QuoteMeta(path), "(?P<$1>[^/]+?)")
		f.paths = append(f.paths, describedPath{path, regexp.MustCompile("^" + text + "$")})
	}
	// Of two that fit, the one that says more: /v1/activities/{id}.gpx rather than /v1/activities/{id}.
	slices.SortFunc(f.paths, func(a, b describedPath) int { return len(b.path) - len(a.path) })
	return f, nil
})

type finder struct {
	doc   *openapi3.T
	paths []describedPath
}

type describedPath struct {
	path string
	like *regexp.Regexp
}

// find returns the operation of a request, nil if there is none.
func (f *finder) find(r *http.Request) (*routers.Route, map[string]string) {
	for _, p := range f.paths {
		m := p.like.FindStringSubmatch(r.URL.Path)
		if m == nil {
			continue
		}
		item := f.doc.Paths.Value(p.path)
		op := item.GetOperation(r.Method)
		if op == nil {
			return nil, nil
		}
		values := map[string]string{}
		for i, name := range p.like.SubexpNames() {
			if name != "" {
				values[name] = m[i]
			}
		}
		return &routers.Route{Spec: f.doc, Path: p.path, PathItem: item, Method: r.Method, Operation: op}, values
	}
	return nil, nil
}

// described checks an answer against openapi.yaml.
func (a *api) described(r *http.Request, res reply) {
	a.Helper()
	f, err := description()
	if err != nil {
		a.Fatal(err)
	}
	if r.Method == http.MethodHead {
		return // a GET without its body
	}
	route, path := f.find(r)
	if route == nil {
		if res.StatusCode < 400 && r.Method != http.MethodOptions {
			a.Errorf("%s %s answers %d but isn't described", r.Method, r.URL.Path, res.StatusCode)
		}
		return
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: path, Route: route},
		Status:                 res.StatusCode, Header: res.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	in.SetBodyBytes(res.body)
	if err := openapi3filter.ValidateResponse(a.Context(), in); err != nil {
		a.Errorf("%s %s isn't as described: %v\n%s", r.Method, r.URL, err, res)
	}
	if describedHeaders := route.Operation.Responses.Status(res.StatusCode); describedHeaders != nil && res.StatusCode == 200 {
		for name := range describedHeaders.Value.Headers {
			if strings.HasPrefix(name, "X-") && res.Header.Get(name) == "" {
				a.Errorf("%s %s lacks %s, which is described", r.Method, r.URL, name)
			}
		}
	}
}

func TestTheDescriptionIsValid(t *testing.T) {
	a := newAPI(t, web.Config{}, feed.Publish{})
	r := a.get("/openapi.json")
	doc, err := openapi3.NewLoader().LoadFromData(r.body)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil { // examples too
		t.Error(err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("it is of version %s", doc.OpenAPI)
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.Summary == "" || len(op.Tags) != 1 {
				t.Errorf("%s %s has no summary, or not one tag", method, path)
			}
			for status, response := range op.Responses.Map() {
				for kind, media := range response.Value.Content {
					if strings.HasSuffix(kind, "json") && status[0] == '2' && media.Example == nil {
						t.Errorf("%s %s: %s has no example", method, path, status)
					}
				}
			}
		}
	}
}

// The examples are checked by more than the library's own look at them.
func TestTheExamplesAreAsDescribed(t *testing.T) {
	f, err := description()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	check := func(where string, content openapi3.Content) {
		for kind, media := range content {
			if media.Example == nil {
				continue
			}
			n++
			if err := media.Schema.Value.VisitJSON(media.Example, openapi3.MultiErrors(), openapi3.EnableJSONSchema2020()); err != nil {
				t.Errorf("%s %s: %v", where, kind, err)
			}
		}
	}
	for path, item := range f.doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.RequestBody != nil {
				check(method+" "+path, op.RequestBody.Value.Content)
			}
			for status, response := range op.Responses.Map() {
				check(fmt.Sprint(method, " ", path, " ", status), response.Value.Content)
			}
		}
	}
	if n < 20 {
		t.Errorf("there are %d examples", n)
	}
}

// Every path of the router is described, and every one described is there.
func TestTheRouterAndTheDescriptionAgree(t *testing.T) {
	f, err := description()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for path, item := range f.doc.Paths.Map() {
		for method := range maps.Keys(item.Operations()) {
			want = append(want, method+" "+path)
		}
	}
	slices.Sort(want)
	a := newAPI(t, web.Config{Open: true}, feed.Publish{})
	if d := cmp.Diff(want, a.server.Routes()); d != "" {
		t.Errorf("(-described +routed)\n%s", d)
	}
	names := regexp.MustCompile(`\{.*?\}`)
	for _, route := range want {
		method, path, _ := strings.Cut(route, " ")
		if path == "/v1/events" {
			continue // it would go on for ever
		}
		r := a.do(method, names.ReplaceAllString(path, "1"), "", "X-API-Key: any")
		if r.StatusCode == http.StatusMethodNotAllowed {
			t.Errorf("%s isn't there", route)
		}
	}
}

// The page says all that the description says, is whole in itself and runs nothing.
func TestTheDocumentationPage(t *testing.T) {
	a := newAPI(t, web.Config{PublicURL: "https://feed.example"}, feed.Publish{})
	r := a.get("/docs")
	page := string(r.body)
	if r.StatusCode != 200 || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
		t.Fatalf("%s", r)
	}
	for _, route := range a.server.Routes() {
		method, path, _ := strings.Cut(route, " ")
		if !strings.Contains(page, `<span class="method">`+method+`</span> `+path+"<") {
			t.Errorf("%s isn't on the page", route)
		}
	}
	for _, want := range []string{
		`curl -H &#34;Authorization: Bearer $KEY&#34; &#39;https://feed.example/v1/feed?limit=3&#39;`,
		`-X POST -d &#39;{&#34;activity&#34;:&#34;19403555631&#34;}&#39; &#39;https://feed.example/v1/refresh&#39;`,
		`/api/v3/activities/19403555631/streams?key_by_type=true&amp;keys=time,altitude`,
		`curl &#39;https://feed.example/openapi.json&#39;`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "style=") {
		t.Error("the page has scripts or styles within")
	}
	for _, m := range regexp.MustCompile(`(?:href|src)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		anchor, ok := strings.CutPrefix(m[1], "#")
		if ok && !strings.Contains(page, `id="`+anchor+`"`) {
			t.Errorf("%s leads nowhere", m[1])
		}
		if !ok && (!strings.HasPrefix(m[1], "/") || strings.HasPrefix(m[1], "//")) {
			t.Errorf("%s leads elsewhere", m[1])
		}
	}
	a.wantProblem(a.get("/docs?x=1"), 400)
}

// The validator itself sees what is wrong: it would be silent about keywords that it doesn't know.
func TestTheValidatorSeesWhatIsWrong(t *testing.T) {
	f, err := description()
	if err != nil {
		t.Fatal(err)
	}
	feedExample := f.doc.Paths.Value("/v1/feed").Get.Responses.Status(200).Value.Content["application/json"].Example.(map[string]any)
	activityExample := feedExample["activities"].([]any)[0].(map[string]any)
	for name, c := range map[string]struct {
		schema string
		value  map[string]any
		edit   func(map[string]any)
	}{
		"an unknown member":     {"Feed", feedExample, func(m map[string]any) { m["more"] = 1.0 }},
		"a member missing":      {"Feed", feedExample, func(m map[string]any) { delete(m, "next") }},
		"null where it mustn't": {"Feed", feedExample, func(m map[string]any) { m["activities"] = nil }},
		"of neither type":       {"Feed", feedExample, func(m map[string]any) { m["next"] = 1.0 }},
		"another pattern":       {"Feed", feedExample, func(m map[string]any) { m["next"] = "a b" }},
		"unevaluated":           {"Activity", activityExample, func(m map[string]any) { m["laps"] = []any{} }},
		"within anyOf":          {"Activity", activityExample, func(m map[string]any) { m["map"] = map[string]any{"polyline": ""} }},
		"a constant":            {"Feature", map[string]any{"id": "1", "geometry": nil, "properties": map[string]any{}}, func(m map[string]any) { m["type"] = "Line" }},
	} {
		value := maps.Clone(c.value)
		c.edit(value)
		if err := f.doc.Components.Schemas[c.schema].Value.VisitJSON(value, openapi3.MultiErrors(), openapi3.EnableJSONSchema2020()); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}
