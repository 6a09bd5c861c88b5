// Package stravaspec holds answers against Strava's own specification, in tests: those of the simulated Strava, and those
// that are made from the copy for Strava's clients.
//
// Where recorded answers of Strava have something that the specification lacks or has wrong, it is listed with the
// reason, in deviations.go.
package stravaspec

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed testdata/strava-swagger-models.json
var modelsJSON []byte

// models is the specification, read once.
var models = sync.OnceValue(func() *specification {
	var s specification
	if err := json.Unmarshal(modelsJSON, &s); err != nil {
		panic(err) // it is part of the program
	}
	return &s
})

type specification struct {
	Paths map[string]map[string]struct {
		Responses map[string]struct{ Schema *schema }
	}
	Definitions map[string]*schema
}

type schema struct {
	Ref        string `json:"$ref"`
	Type       string
	Format     string
	Enum       []any
	AllOf      []*schema
	Properties map[string]*schema
	Additional *schema `json:"additionalProperties"`
	Items      *schema
	MinItems   *int
	MaxItems   *int
	Minimum    *float64
	Maximum    *float64
}

// timestamp is how the API writes an instant.
var timestamp = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`)

// A Problem is where an answer and the specification differ.
type Problem struct{ Model, Member, What string }

func (p Problem) String() string { return fmt.Sprintf("%s %q: %s", p.Model, p.Member, p.What) }

// Check compares the answer to a GET with the specification, and counts each kind of difference. path is what follows
// the API's base, with its query. What the specification says nothing of has no problems.
func Check(path string, status int, body []byte) (map[Problem]int, error) {
	sc := models().schemaOf(path, status)
	if sc == nil {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("%s: %w in %.200s", path, err, body)
	}
	found := map[Problem]int{}
	models().validate(sc, "", "", v, func(p Problem) { found[p]++ })
	return found, nil
}

// validate reports the differences between a value and a schema. model and
// member say where the value stands.
func (s *specification) validate(sc *schema, model, member string, v any, report func(Problem)) {
	for sc.Ref != "" {
		name := strings.TrimPrefix(sc.Ref, "#/definitions/")
		sc = s.Definitions[name]
		if sc.Type != "" && sc.Type != "object" {
			continue // latLng, sportType: what is wrong with them is wrong with the member
		}
		if v != nil {
			model, member = name, ""
		}
	}
	bad := func(what string) { report(Problem{model, member, what}) }
	if v == nil {
		bad("null")
		return
	}
	if len(sc.Enum) > 0 && !slices.Contains(sc.Enum, v) {
		bad("enum")
	}
	switch t := v.(type) {
	case map[string]any:
		members := map[string]*schema{}
		s.collect(sc, members)
		if sc.Type != "" && sc.Type != "object" || len(members) == 0 && sc.Additional == nil {
			bad("type")
			return
		}
		if member != "" {
			model += "." + member
		}
		for name, value := range t {
			switch {
			case members[name] != nil:
				s.validate(members[name], model, name, value, report)
			case sc.Additional != nil:
				s.validate(sc.Additional, model, name, value, report)
			default:
				report(Problem{model, name, "unlisted"})
			}
		}
	case []any:
		switch {
		case sc.Type != "array":
			bad("type")
			return
		case sc.MinItems != nil && len(t) == 0:
			bad("empty")
		case sc.MinItems != nil && len(t) < *sc.MinItems, sc.MaxItems != nil && len(t) > *sc.MaxItems:
			bad("length")
		}
		for _, one := range t {
			s.validate(sc.Items, model, member, one, report)
		}
	case json.Number:
		s.number(sc, t, bad)
	case string:
		if sc.Type != "string" {
			bad("type")
		}
		if sc.Format == "date-time" && !timestamp.MatchString(t) {
			bad("format")
		}
	case bool:
		if sc.Type != "boolean" {
			bad("type")
		}
	}
}

func (s *specification) number(sc *schema, n json.Number, bad func(string)) {
	f, err := n.Float64()
	switch {
	case err != nil || sc.Type != "number" && sc.Type != "integer":
		bad("type")
	case sc.Type == "integer" && f != math.Trunc(f):
		bad("fraction")
	case sc.Type == "integer" && strings.Contains(n.String(), "."):
		bad("point")
	case sc.Minimum != nil && f < *sc.Minimum, sc.Maximum != nil && f > *sc.Maximum:
		bad("range")
	}
	if _, err := n.Int64(); sc.Format == "int64" && err != nil {
		bad("range")
	}
}

// collect gathers the members that an object may have.
func (s *specification) collect(sc *schema, into map[string]*schema) {
	if sc.Ref != "" {
		sc = s.Definitions[strings.TrimPrefix(sc.Ref, "#/definitions/")]
	}
	for _, one := range sc.AllOf {
		s.collect(one, into)
	}
	maps.Copy(into, sc.Properties)
}

// schemaOf finds what the specification says of a path; nil where it says
// nothing.
func (s *specification) schemaOf(path string, status int) *schema {
	path, query, _ := strings.Cut(path, "?")
	if strings.HasSuffix(path, "/streams") && !strings.Contains(query, "key_by_type=true") {
		return nil // the array form stands in the example only
	}
	parts := strings.Split(path, "/")
	for pattern, methods := range s.Paths {
		like := strings.Split(pattern, "/")
		if len(like) != len(parts) {
			continue
		}
		fits := true
		for i := range like {
			fits = fits && (like[i] == parts[i] || strings.HasPrefix(like[i], "{"))
		}
		if fits && status == 200 {
			return methods["get"].Responses["200"].Schema
		}
	}
	if status >= 400 {
		return s.Definitions["fault"]
	}
	return nil
}
