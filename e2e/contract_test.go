package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"musette/strava/stravatest"
)

// shape describes JSON: what members an object has (all of them, and no others), or what a value is.
type shape any

type (
	object  map[string]shape // exactly these members
	mapOf   struct{ shape }  // an object with any members of that shape
	listOf  struct{ shape }
	orNull  struct{ shape }
	maybe   struct{ shape } // in an object: may be missing
	pattern string          // text that matches
	number  struct{}        // whole, 0 or more
	word    struct{}        // any text
)

const (
	moment  = pattern(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`) // no fraction, UTC
	idText  = pattern(`^[1-9]\d*$`)
	anyName = pattern(`^(store_down|disk_full|inactive|reconnect|offline|held|limited|syncing|ok)$`)
)

var (
	windowShape = object{"used": number{}, "limit": number{}, "resets": moment}
	limitShape  = object{"quarter": windowShape, "day": windowShape}
	partShape   = object{"have": number{}, "due": number{}, "failed": number{}, "quarantined": number{}}

	// statusShape is the contract for /v1/status, `musette status --json` and the last line of `musette sync --json`.
	// since, advice, pictures and warnings came later than the rest.
	statusShape = object{
		"state": anyName, "until": orNull{moment}, "cause": word{}, "since": orNull{moment}, "advice": word{},
		"as_of": orNull{moment}, "next_call": orNull{moment},
		"quota": object{"read": limitShape, "overall": limitShape},
		"calls": number{},
		"athletes": listOf{object{
			"id": idText, "name": word{}, "state": anyName, "cause": maybe{word{}}, "activities": number{},
			"since": orNull{moment}, "advice": maybe{word{}},
			"parts": object{
				"summary": partShape, "detail": partShape, "photos": partShape, "comments": partShape, "streams": partShape,
			},
		}},
		"eta": orNull{moment}, "pictures": object{"kept": number{}, "due": number{}, "failed": number{}},
		"last_errors": listOf{object{
			"at": pattern(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$`), "athlete_id": maybe{idText}, "activity_id": maybe{idText},
			"part": maybe{word{}}, "kind": word{}, "message": word{},
		}},
		"warnings": listOf{object{"name": word{}, "cause": word{}, "since": orNull{moment}, "advice": word{}, "off_s": maybe{number{}}}},
	}
)

// check returns in what a value is other than the shape.
func check(where string, want shape, got any) (out []string) {
	wrong := func(format string, args ...any) { out = append(out, where+" "+fmt.Sprintf(format, args...)) }
	switch want := want.(type) {
	case orNull:
		if got != nil {
			return check(where, want.shape, got)
		}
	case object:
		members, ok := got.(map[string]any)
		if !ok {
			wrong("is %T, not an object", got)
			return out
		}
		for _, name := range slices.Sorted(maps.Keys(want)) {
			value, there := members[name]
			inner, optional := want[name].(maybe)
			switch {
			case !there && !optional:
				wrong("has no %s", name)
			case there && optional:
				out = append(out, check(where+"."+name, inner.shape, value)...)
			case there:
				out = append(out, check(where+"."+name, want[name], value)...)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if _, known := want[name]; !known {
				wrong("has %s, which the contract doesn't name", name)
			}
		}
	case mapOf:
		members, ok := got.(map[string]any)
		if !ok {
			wrong("is %T, not an object", got)
		}
		for name, value := range members {
			out = append(out, check(where+"."+name, want.shape, value)...)
		}
	case listOf:
		items, ok := got.([]any)
		if !ok {
			wrong("is %T, not a list", got)
		}
		for i, item := range items {
			out = append(out, check(fmt.Sprintf("%s[%d]", where, i), want.shape, item)...)
		}
	case pattern:
		if s, ok := got.(string); !ok || !regexp.MustCompile(string(want)).MatchString(s) {
			wrong("is %v, which doesn't match %s", got, want)
		}
	case word:
		if _, ok := got.(string); !ok {
			wrong("is %T, not text", got)
		}
	case number:
		if n, ok := got.(float64); !ok || n != float64(int64(n)) || n < 0 {
			wrong("is %v, not a count", got)
		}
	default:
		wrong("has an unknown shape %T", want)
	}
	return out
}

// wantShape fails the test unless the text is one JSON value of the shape.
func wantShape(t *testing.T, where, text string, want shape) {
	t.Helper()
	var got any
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%s: %v in %s", where, err, shorten(text))
	}
	for _, what := range check(where, want, got) {
		t.Error(what)
	}
}

// The status has every member that the contract names, and no other, wherever it is shown and whatever the state.
func TestStatusHasTheShapeOfTheContract(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 15, Limits: plenty})
	p := w.program()
	oneLine := func(where, text string) {
		t.Helper()
		if strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") {
			t.Errorf("%s is not one line: %q", where, shorten(text))
		}
		wantShape(t, where, text, statusShape)
	}
	broken := w.activities()[3].ID
	_, err := w.AddFault(stravatest.Fault{Kind: stravatest.FaultEmptyObject, Path: "/activities/" + id(broken)})
	must(t, err)
	w.SetLimits(stravatest.Limits{}) // so that it ends in limited, with an error to show
	w.Spend(40)
	oneLine("musette sync --json", p.run("sync", "--json").stdout)
	oneLine("musette status --json", p.must("status", "--json"))
	if n := p.run("status", "--json").status(t).Calls; n != 0 {
		t.Errorf("musette status made %d calls", n)
	}

	w.ClearFaults()
	w.SetLimits(plenty)
	s := p.serve()
	wantShape(t, "GET /v1/status", s.get("/v1/status").want(200).body, statusShape)
	s.stop(interrupt)

	w.Revoke(w.athlete.ID)
	o := p.run("sync", "--json")
	oneLine("musette sync --json, revoked", o.stdout)
	oneLine("musette status --json, revoked", p.must("status", "--json"))
}

// Scripts branch on exit codes.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 15, Limits: plenty})
	connected := w.program()
	empty := newProgram(t)
	for _, c := range []struct {
		p    *program
		args []string
		want int
	}{
		{empty, []string{"version"}, 0},
		{empty, []string{"help"}, 0},
		{empty, []string{"sync", "--help"}, 0},
		{empty, []string{"serve", "--print-config"}, 0},
		{empty, nil, 2},
		{empty, []string{"nonsense"}, 2},
		{empty, []string{"status", "--nonsense"}, 2},
		{empty, []string{"sync"}, 2},                  // no credentials
		{empty, []string{"connect"}, 2},               // no credentials
		{empty, []string{"status"}, 1},                // nothing there to read
		{empty, []string{"activities"}, 1},            // nothing there to read
		{empty, []string{"backup", "create"}, 1},      // nothing there to keep
		{empty, []string{"backup", "verify"}, 1},      // nothing there to read
		{empty, []string{"demo", "--port", "-1"}, 2},  // no such port
		{empty.with(w.app()...), []string{"sync"}, 3}, // nobody is connected
		{connected, []string{"sync"}, 0},
		{connected, []string{"sync", "--json"}, 0},
		{connected, []string{"status"}, 0},
		{connected, []string{"status", "--json"}, 0},
		{connected, []string{"activities"}, 0},
		{connected, []string{"backup", "create"}, 0},
		{connected, []string{"backup", "list"}, 0},
		{connected, []string{"backup", "verify"}, 0},
		{connected, []string{"key", "create", "x"}, 0},
		{connected, []string{"key", "list"}, 0},
		{connected, []string{"key", "revoke", "x"}, 0},
		{connected, []string{"key", "revoke", "y"}, 1},
		{connected, []string{"login"}, 0},
		{connected, []string{"sync", "42"}, 1},
	} {
		if o := c.p.run(c.args...); o.code != c.want {
			t.Errorf("musette %s ended with %d, want %d\n%s", strings.Join(c.args, " "), o.code, c.want, o)
		}
	}
	// A status that can be read is a success, whatever it says; a sync that ends in it is not.
	w.Revoke(w.athlete.ID)
	if o := connected.run("sync"); o.code != 3 {
		t.Errorf("a sync that ended in reconnect ended with %d, want 3\n%s", o.code, o)
	}
	if o := connected.run("status"); o.code != 0 || !strings.Contains(o.stdout, "reconnect") {
		t.Errorf("status ended with %d, want 0 and the state\n%s", o.code, o)
	}
}
