package stravatest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"musette/strava/stravatest"
)

// deviation is something that recorded answers of Strava have and that its
// specification lacks or has wrong.
type deviation struct {
	models  string // names of definitions
	members string // names of members
	problem string // unlisted, null, empty (a pair without numbers), point (1.0 for a whole number), range, enum
	why     string
}

var deviations = []deviation{
	{"summaryActivity detailedActivity", "utc_offset location_city location_state location_country visibility heartrate_opt_out display_hide_heartrate_option from_accepted_tag pr_count average_cadence average_temp suffer_score", "unlisted", "recorded 2025"},
	{"detailedActivity", "has_heartrate average_heartrate max_heartrate", "unlisted", "recorded; the model knows them for summaries only"},
	{"detailedActivity", "perceived_exertion prefer_perceived_exertion stats_visibility available_zones", "unlisted", "recorded 2025"},
	{"detailedActivity", "description", "null", "none was written"},
	{"summaryActivity detailedActivity", "workout_type", "null", "sports other than runs and rides"},
	{"summaryActivity detailedActivity", "gear_id", "null", "no gear chosen"},
	{"summaryActivity detailedActivity", "upload_id external_id", "null", "manual activities"},
	{"summaryActivity detailedActivity", "upload_id", "range", "the official example holds one beyond int64"},
	{"summaryActivity detailedActivity", "start_latlng end_latlng", "empty", "no map"},
	{"summaryActivity detailedActivity", "sport_type", "enum", "the list grows without notice"},
	{"summaryActivity detailedActivity", "resource_state", "unlisted", "in every answer"},
	{"metaAthlete metaActivity polylineMap lap", "resource_state", "unlisted", "in every answer"},
	{"metaActivity", "visibility", "unlisted", "recorded 2025, in laps"},
	{"photosSummary", "use_primary_photo", "unlisted", "recorded"},
	{"photosSummary", "primary", "null", "no photos"},
	{"photosSummary.primary", "media_type", "unlisted", "recorded"},
	{"split", "average_grade_adjusted_speed average_heartrate", "unlisted", "recorded"},
	{"detailedActivity.laps", "resource_state", "unlisted", "in every answer"},
	{"activityTotal", "moving_time elapsed_time", "point", "recorded: 474287.0"},
	{"lap detailedActivity.laps", "device_watts average_watts average_heartrate max_heartrate", "unlisted", "recorded"},
	{"summaryGear detailedGear", "nickname retired converted_distance", "unlisted", "recorded"},
	{"detailedGear", "weight notification_distance", "unlisted", "recorded"},
	{"detailedGear", "description", "null", "none was written"},
	{"comment", "post_id resource_state mentions_metadata cursor reaction_count has_reacted", "unlisted", "recorded, and in the official example"},
	{"detailedAthlete", "username bio badge_type_id friend follower blocked can_follow mutual_friend_count athlete_type date_preference postable_clubs_count", "unlisted", "recorded 2025"},
}

// models is the specification, read once.
var models = sync.OnceValue(func() *specification {
	b, err := os.ReadFile("testdata/strava-swagger-models.json")
	if err != nil {
		panic(err)
	}
	var s specification
	if err := json.Unmarshal(b, &s); err != nil {
		panic(err)
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

var timestamp = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`)

// problem is where an answer and the specification differ.
type problem struct{ model, member, what string }

// validate reports the differences between a value and a schema. model and
// member say where the value stands.
func (s *specification) validate(sc *schema, model, member string, v any, report func(problem)) {
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
	bad := func(what string) { report(problem{model, member, what}) }
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
				report(problem{model, name, "unlisted"})
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

// problemsOf compares an answer with the specification.
func problemsOf(t *testing.T, path string, a answer) map[problem]int {
	t.Helper()
	sc := models().schemaOf(path, a.status)
	if sc == nil {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("GET %s: %v in %.200s", path, err, a.body)
	}
	found := map[problem]int{}
	models().validate(sc, "", "", v, func(p problem) { found[p]++ })
	return found
}

// allowed are the deviations, taken apart.
var allowed = sync.OnceValue(func() map[problem]bool {
	m := map[problem]bool{}
	for _, d := range deviations {
		for _, model := range strings.Fields(d.models) {
			for _, member := range strings.Fields(d.members) {
				p := problem{model, member, d.problem}
				if m[p] {
					panic(fmt.Sprint("listed twice: ", p))
				}
				m[p] = true
			}
		}
	}
	return m
})

// checkSpec fails for what is neither in the specification nor among the
// deviations. Every answer that the tests get goes through it.
func checkSpec(t *testing.T, path string, a answer) {
	t.Helper()
	for p, n := range problemsOf(t, path, a) {
		if !allowed()[p] {
			t.Errorf("GET %s: %d: %s %q: %s (%d times)", path, a.status, p.model, p.member, p.what, n)
		}
	}
}

// TestSpecification asks for everything there is of a long season, and finds
// each deviation at least once: one that Strava has mended, or that we never
// had, may not stay on the list.
func TestSpecification(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 1000, Limits: generous})
	used := map[problem]bool{}
	check := func(path string) answer {
		a := w.get(path)
		for p := range problemsOf(t, path, a) {
			used[p] = true
		}
		return a
	}
	gear := map[string]bool{}
	huge := map[int64]bool{} // those that hold an upload id beyond int64: one in hundreds
	for _, a := range w.Activities(w.me) {
		huge[a.ID] = len(a.UploadID) > 18
	}
	for i, a := range w.all("") {
		if a.GearID != nil {
			gear[*a.GearID] = true
		}
		if i > 150 && !huge[a.ID] {
			continue
		}
		check("/activities/" + id(a.ID))
		check("/activities/" + id(a.ID) + "/comments?page_size=200")
		check("/activities/" + id(a.ID) + "/kudos?per_page=200")
		if i%10 == 0 || a.Manual {
			check("/activities/" + id(a.ID) + "/laps")
			check("/activities/" + id(a.ID) + "/zones")
			check("/activities/" + id(a.ID) + "/streams?key_by_type=true&keys=" + allStreams)
		}
	}
	for page := 1; page <= 5; page++ {
		check("/athlete/activities?per_page=200&page=" + strconv.Itoa(page))
	}
	check("/athlete")
	check("/athletes/" + id(w.me) + "/stats")
	for name := range gear {
		check("/gear/" + name)
	}
	for p := range allowed() {
		if !used[p] {
			t.Errorf("the deviation %s %q %s is not used: take it off the list", p.model, p.member, p.what)
		}
	}
}

const allStreams = "time,distance,latlng,altitude,velocity_smooth,heartrate,cadence,watts,temp,moving,grade_smooth"

// TestModelsAreOfTheSpecification compares the paths of the two copies: the
// one with the models inlined must not be of another version.
func TestModelsAreOfTheSpecification(t *testing.T) {
	b, err := os.ReadFile("testdata/strava-swagger.json")
	if err != nil {
		t.Fatal(err)
	}
	var official specification
	if err := json.Unmarshal(b, &official); err != nil {
		t.Fatal(err)
	}
	got, want := slices.Sorted(maps.Keys(models().Paths)), slices.Sorted(maps.Keys(official.Paths))
	if !slices.Equal(got, want) {
		t.Errorf("paths %v, want %v", got, want)
	}
	for _, path := range want {
		if got, want := slices.Sorted(maps.Keys(models().Paths[path])), slices.Sorted(maps.Keys(official.Paths[path])); !slices.Equal(got, want) {
			t.Errorf("%s: methods %v, want %v", path, got, want)
		}
	}
}

// TestValidator holds the validator itself against answers that are wrong.
func TestValidator(t *testing.T) {
	for body, want := range map[string]problem{
		`[{"id":"1"}]`:                              {"summaryActivity", "id", "type"},
		`[{"distance":"far"}]`:                      {"summaryActivity", "distance", "type"},
		`[{"moving_time":1.5}]`:                     {"summaryActivity", "moving_time", "fraction"},
		`[{"moving_time":1.0}]`:                     {"summaryActivity", "moving_time", "point"},
		`[{"id":9223372036854775808}]`:              {"summaryActivity", "id", "range"},
		`[{"colour":1}]`:                            {"summaryActivity", "colour", "unlisted"},
		`[{"map":{"line":""}}]`:                     {"polylineMap", "line", "unlisted"},
		`[{"map":null}]`:                            {"summaryActivity", "map", "null"},
		`[{"map":[]}]`:                              {"polylineMap", "", "type"},
		`[{"start_latlng":[1.0]}]`:                  {"summaryActivity", "start_latlng", "length"},
		`[{"start_date":"2026-01-01 10:00:00"}]`:    {"summaryActivity", "start_date", "format"},
		`[{"type":"Musette"}]`:                      {"summaryActivity", "type", "enum"},
		`[{"athlete_count":0}]`:                     {"summaryActivity", "athlete_count", "range"},
		`[{"athlete":{"id":1,"resource_state":1}}]`: {"metaAthlete", "resource_state", "unlisted"},
		`{}`: {"", "", "type"},
	} {
		found := problemsOf(t, "/athlete/activities", answer{t, 200, nil, []byte(body)})
		if len(found) != 1 || found[want] != 1 {
			t.Errorf("%s: %v, want %v", body, found, want)
		}
	}
}
