package e2e

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"musette/strava/stravatest"
)

var (
	typeLine   = regexp.MustCompile(`(?m)^# TYPE (\w+) (\w+)$`)
	sampleLine = regexp.MustCompile(`(?m)^(\w+)(?:\{(.*)\})? \S+$`)
	labelPair  = regexp.MustCompile(`(\w+)="((?:[^"\\]|\\.)*)"`)
	metricRow  = regexp.MustCompile("(?m)^\\| `(musette_\\w+)` \\| ([^|]*)\\|")
	inQuotes   = regexp.MustCompile("`(\\w+)`")
	// used is a metric in a query, with its selectors.
	used = regexp.MustCompile(`\b((?:musette|process|go)_\w+)(?:\{([^}]*)\})?`)
)

// shown are a program's metrics: the labels of each, and their values.
type shown map[string]map[string][]string

func readMetrics(text string) shown {
	all := shown{}
	for _, m := range typeLine.FindAllStringSubmatch(text, -1) {
		all[m[1]] = map[string][]string{}
	}
	for _, m := range sampleLine.FindAllStringSubmatch(text, -1) {
		labels := all[family(m[1])]
		for _, l := range labelPair.FindAllStringSubmatch(m[2], -1) {
			if l[1] != "le" && labels != nil {
				labels[l[1]] = append(labels[l[1]], l[2])
			}
		}
	}
	return all
}

// family is a metric's name without what a histogram adds.
func family(name string) string {
	for _, ending := range []string{"_bucket", "_sum", "_count"} {
		if base, ok := strings.CutSuffix(name, ending); ok && strings.HasSuffix(base, "_seconds") {
			return base
		}
	}
	return name
}

// The running program, the table in the documentation, the alert rules and the dashboard name the same metrics, with the
// same labels.
func TestMetricsAreAsDocumented(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 5, Activities: 20, Limits: plenty})
	p := w.program()
	p.must("sync") // which leaves a snapshot
	s := p.serve()
	s.until("everything here", s.settled)
	s.key = "" // a program on this machine needs none
	var text string
	s.until("the lease, and a look at database and disk", func() bool {
		text = s.get("/metrics").want(http.StatusOK).body
		return strings.Contains(text, "musette_database_up 1") && strings.Contains(text, "musette_snapshot_age_seconds{") && strings.Contains(text, "musette_leader 1")
	})
	all := readMetrics(text)
	for _, want := range []string{
		"musette_activities 20", `musette_state{state="ok"} 1`, `musette_parts{part="detail",status="have"} 20`,
		`musette_calls_total{class="login",result="ok"} 0`, `musette_snapshots{directory="data"} 1`,
	} {
		if !strings.Contains(text, "\n"+want+"\n") {
			t.Errorf("there is no %s", want)
		}
	}
	if strings.Contains(text, testKey) || strings.Contains(text, w.athlete.FirstName) {
		t.Error("a key or a name is among the metrics")
	}

	page, err := os.ReadFile("../docs/operating.md")
	must(t, err)
	documented := map[string][]string{}
	for _, m := range metricRow.FindAllStringSubmatch(string(page), -1) {
		documented[m[1]] = []string{}
		for _, l := range inQuotes.FindAllStringSubmatch(m[2], -1) {
			documented[m[1]] = append(documented[m[1]], l[1])
		}
		slices.Sort(documented[m[1]])
	}
	for name, labels := range all {
		if !strings.HasPrefix(name, "musette_") {
			continue // Go's own and the process's
		}
		want, ok := documented[name]
		if got := slices.Sorted(maps.Keys(labels)); !ok || !slices.Equal(got, want) {
			t.Errorf("%s has the labels %v; documented: %v, %v", name, got, ok, want)
		}
	}
	for name := range documented {
		if all[name] == nil {
			t.Errorf("%s is documented, but isn't there", name)
		}
	}

	for where, queries := range map[string][]string{"alerts.yml": alertRules(t), "musette.json": dashboard(t)} {
		if len(queries) < 15 {
			t.Errorf("%s has %d queries", where, len(queries))
		}
		for _, q := range queries {
			all.check(t, where, q)
		}
	}
}

// check holds that all that a query names is there.
func (all shown) check(t *testing.T, where, query string) {
	t.Helper()
	found := used.FindAllStringSubmatch(query, -1)
	if len(found) == 0 && !strings.Contains(query, `up{job="musette"}`) {
		t.Errorf("%s: %s asks for nothing of ours", where, query)
	}
	for _, m := range found {
		labels, ok := all[family(m[1])]
		if !ok {
			t.Errorf("%s asks for %s, which isn't there", where, m[1])
			continue
		}
		for _, l := range regexp.MustCompile(`(\w+)(=~|!=|!~|=)"([^"]*)"`).FindAllStringSubmatch(m[2], -1) {
			if l[1] == "instance" || l[1] == "job" { // Prometheus's own
				continue
			}
			values, ok := labels[l[1]]
			if !ok {
				t.Errorf("%s: %s has no label %s", where, m[1], l[1])
			}
			// What a result or a code can be isn't all there at once.
			if l[2] == "=" && l[1] != "code" && l[1] != "result" && !slices.Contains(values, l[3]) {
				t.Errorf("%s: %s has no %s %q", where, m[1], l[1], l[3])
			}
		}
	}
}

// alertRules are the expressions of the rules; each has what to do.
func alertRules(t *testing.T) (queries []string) {
	t.Helper()
	body, err := os.ReadFile("../deploy/prometheus/alerts.yml")
	must(t, err)
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	d := yaml.NewDecoder(strings.NewReader(string(body)))
	d.KnownFields(true)
	must(t, d.Decode(&file))
	seen := map[string]bool{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if r.Alert == "" || r.For == "" || seen[r.Alert] || !slices.Contains([]string{"info", "warning", "critical"}, r.Labels["severity"]) ||
				r.Annotations["summary"] == "" || len(r.Annotations["description"]) < 40 || g.Name == "" {
				t.Errorf("the rule %s lacks something, or is there twice", cmp.Or(r.Alert, r.Expr))
			}
			seen[r.Alert] = true
			queries = append(queries, r.Expr)
		}
	}
	return queries
}

// dashboard are the queries of the dashboard's panels.
func dashboard(t *testing.T) (queries []string) {
	t.Helper()
	body, err := os.ReadFile("../deploy/grafana/musette.json")
	must(t, err)
	var file struct {
		Title, UID    string
		SchemaVersion int
		ID            *int // must not be there: Grafana gives it
		Templating    struct {
			List []struct{ Name, Type string }
		}
		Panels []struct {
			ID          int
			Type, Title string
			GridPos     struct{ X, Y, W, H int }
			Datasource  struct{ UID string }
			Targets     []struct{ RefID, Expr string }
		}
	}
	must(t, json.Unmarshal(body, &file))
	if file.Title == "" || file.UID == "" || file.SchemaVersion == 0 || file.ID != nil || len(file.Templating.List) != 2 {
		t.Errorf("the dashboard's frame is %+v", file)
	}
	ids, places := map[int]bool{}, map[[2]int]string{}
	for _, p := range file.Panels {
		if ids[p.ID] || p.Title == "" || p.GridPos.X+p.GridPos.W > 24 || p.Type != "row" && (len(p.Targets) == 0 || p.Datasource.UID != "${datasource}") {
			t.Errorf("panel %d, %q, isn't right", p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if other, taken := places[at]; taken {
					t.Fatalf("panel %q covers %q", p.Title, other)
				}
				places[at] = p.Title
			}
		}
		for _, q := range p.Targets {
			queries = append(queries, strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*").Replace(q.Expr))
		}
	}
	return queries
}
