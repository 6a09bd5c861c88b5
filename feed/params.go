package feed

import (
	"cmp"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ParamError says what is wrong with one parameter of a query, and what would be right.
type ParamError struct {
	Param   string
	Problem string
}

func (e *ParamError) Error() string { return fmt.Sprintf("parameter %s: %s", e.Param, e.Problem) }

// The names of the parameters that narrow a query, and of those that page through it.
var (
	FilterParams = []string{"type", "from", "to", "min_distance_m", "max_distance_m", "has", "athlete", "q"}
	PageParams   = []string{"limit", "cursor"}
)

const (
	maxText  = 200 // characters
	maxTypes = 50
)

var hasNames = []string{"photos", "map", "description", "comments"}

// ParseQuery reads a query from URL parameters; allowed are the names that may occur. What each
// says stands in web/openapi.yaml. An error is a [*ParamError].
func ParseQuery(values url.Values, allowed ...string) (Query, error) {
	if err := CheckParams(values, allowed...); err != nil {
		return Query{}, err
	}
	var q Query
	p := params{values: values}
	q.Limit = p.limit()
	q.Cursor = p.one("cursor", "")
	q.Types = p.list("type", maxTypes)
	q.From, q.To = p.bound("from"), p.bound("to")
	q.MinDistanceM, q.MaxDistanceM = p.distance("min_distance_m"), p.distance("max_distance_m")
	q.Has = p.list("has", len(hasNames))
	q.AthleteID = p.id("athlete")
	q.Text = values.Get("q")
	p.check(&q)
	if p.err != nil {
		return Query{}, p.err
	}
	return q, nil
}

// CheckParams refuses parameters that aren't allowed, and those given twice that aren't lists. An error is a
// [*ParamError].
func CheckParams(values url.Values, allowed ...string) error {
	var wrong *ParamError // the first by name, so that the same query always gets the same answer
	for name, given := range values {
		if wrong != nil && wrong.Param < name {
			continue
		}
		switch {
		case !slices.Contains(allowed, name) && len(allowed) == 0:
			wrong = &ParamError{name, "there are no parameters here"}
		case !slices.Contains(allowed, name):
			wrong = &ParamError{name, "there is no such parameter; there are " + strings.Join(allowed, ", ")}
		case len(given) > 1 && name != "type" && name != "has":
			wrong = &ParamError{name, "it is given more than once"}
		}
	}
	if wrong != nil {
		return wrong
	}
	return nil
}

// params reads parameters and keeps the first thing that is wrong.
type params struct {
	values url.Values
	err    error
}

func (p *params) fail(name, problem string) {
	if p.err == nil {
		p.err = &ParamError{name, problem}
	}
}

// one is a parameter's value; right says what it should be, for when it is there and empty.
func (p *params) one(name, right string) string {
	v := p.values.Get(name)
	if v == "" && p.values.Has(name) {
		p.fail(name, strings.TrimSpace("it is empty; "+cmp.Or(right, "leave it away to start with the newest")))
	}
	return v
}

var rightLimit = fmt.Sprintf("it is a number from 1 to %d", MaxLimit)

func (p *params) limit() int {
	v := p.one("limit", rightLimit)
	if v == "" {
		return 0
	}
	n, err := strconv.ParseUint(v, 10, 31)
	if err != nil || n < 1 || n > MaxLimit {
		p.fail("limit", rightLimit)
	}
	return int(n)
}

// list takes "a,b" as well as a parameter given twice.
func (p *params) list(name string, most int) []string {
	var list []string
	for _, v := range p.values[name] {
		for item := range strings.SplitSeq(v, ",") {
			if item = strings.TrimSpace(item); item == "" {
				p.fail(name, "it is empty, or has an empty item")
			}
			list = append(list, item)
		}
	}
	if list = sortedSet(list); len(list) > most {
		p.fail(name, fmt.Sprintf("at most %d can be given", most))
	}
	return list
}

func (p *params) bound(name string) Bound {
	const right = "it is an instant like 2026-05-22T06:49:27Z or a date like 2026-05-22"
	v := p.one(name, right)
	if v == "" {
		return Bound{}
	}
	if _, err := time.Parse(time.DateOnly, v); err == nil {
		return Bound{Date: v}
	}
	// A plus sign that wasn't escaped arrives as a space.
	at, err := time.Parse(time.RFC3339, strings.ToUpper(strings.Replace(v, " ", "+", 1)))
	if err != nil || at.IsZero() {
		p.fail(name, right)
	}
	return Bound{At: at.UTC()}
}

func (p *params) distance(name string) *float64 {
	const right = "it is a distance in metres, 0 or more"
	v := p.one(name, right)
	if v == "" {
		return nil
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || !(f >= 0) || math.IsInf(f, 0) {
		p.fail(name, right)
	}
	return &f
}

func (p *params) id(name string) int64 {
	const right = "it is an athlete's id, a whole number"
	v := p.one(name, right)
	if v == "" {
		return 0
	}
	id, ok := ParseID(v)
	if !ok {
		p.fail(name, right)
	}
	return id
}

// ParseID reads an id as it stands in our JSON and URLs: a positive decimal number, written in one way only.
func ParseID(s string) (int64, bool) {
	id, err := strconv.ParseInt(s, 10, 64)
	return id, err == nil && id > 0 && strconv.FormatInt(id, 10) == s
}

// check looks at what no parameter shows alone.
func (p *params) check(q *Query) {
	for _, what := range q.Has {
		if !slices.Contains(hasNames, what) {
			p.fail("has", "it is any of "+strings.Join(hasNames, ", "))
		}
	}
	if q.MinDistanceM != nil && q.MaxDistanceM != nil && *q.MaxDistanceM < *q.MinDistanceM {
		p.fail("max_distance_m", "it is less than min_distance_m")
	}
	dates := q.From.Date != "" && q.To.Date != "" && q.To.Date < q.From.Date
	instants := !q.From.At.IsZero() && !q.To.At.IsZero() && q.To.At.Before(q.From.At)
	if dates || instants {
		p.fail("to", "it is before from")
	}
	if utf8.RuneCountInString(q.Text) > maxText {
		p.fail("q", fmt.Sprintf("it is longer than %d characters", maxText))
	}
}
