package strava_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"musette/strava"
)

func number(f float64) *float64 { return &f }

func read(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestActivities(t *testing.T) {
	body := read(t, "activities.json")
	c := setup(t, says(200, body))
	list, answer, err := c.Activities(t.Context(), token, strava.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if string(answer.Body) != body {
		t.Error("the body is not what came")
	}
	want := strava.Summary{
		ID: 9_007_199_254_740_993, AthleteID: 5150, ResourceState: 2,
		Name: "Dawn \"patrol\" 🚣 \\ <b>", Type: "Workout", SportType: "MoonRowing",
		Start: time.Date(2026, 3, 29, 4, 58, 7, 0, time.UTC), StartLocal: "2026-03-29T06:58:07Z",
		Timezone: "(GMT+01:00) Europe/Vienna", UTCOffset: number(7200),
		DistanceM: number(0), MovingS: number(3021), ElapsedS: number(3100), ClimbM: number(12.5),
		ElevHigh: number(160.2), ElevLow: number(-3),
		Visibility: "only_me", Private: true, Trainer: true, Flagged: true,
		CommentCount: 2, PhotoCount: 3, KudosCount: 4,
		SummaryPolyline: `_p~iF~ps|U\_ulL`, StartLatLng: []float64{48.21, 16.37}, EndLatLng: []float64{48.22, 16.38},
		GearID: "b77", DeviceName: "Wrist 3", ExternalID: "w3-1.fit", UploadID: "987654321234567891234",
	}
	if len(list) != 3 {
		t.Fatalf("%d activities", len(list))
	}
	want.Raw = list[0].Raw
	if diff := cmp.Diff(want, list[0]); diff != "" {
		t.Error(diff)
	}
	// Nearly nothing in it, and everything null.
	for i, id := range []int64{9_223_372_036_854_775_807, 1} {
		want := strava.Summary{ID: id, Raw: list[i+1].Raw}
		if diff := cmp.Diff(want, list[i+1]); diff != "" {
			t.Error(diff)
		}
	}
	// Each Raw stands in the body as it is, blanks and escapes included.
	rest := body
	for _, s := range list {
		_, after, found := strings.Cut(rest, string(s.Raw))
		if !found {
			t.Fatalf("not in the body: %s", s.Raw)
		}
		rest = after
	}
}

func TestActivitiesQuery(t *testing.T) {
	at := time.Date(2026, 5, 22, 8, 49, 27, 900, time.FixedZone("", 3600))
	for query, opts := range map[string]strava.ListOptions{
		"": {},
		"after=1779436167&before=1779436168&page=3&per_page=200": {Before: at.Add(time.Second), After: at, Page: 3, PerPage: 200},
		"before=0": {Before: time.Unix(0, 0)},
	} {
		c := setup(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != apiPath+"/athlete/activities" || r.URL.RawQuery != query {
				t.Errorf("%s, want query %q", r.URL, query)
			}
			says(200, "[]\n")(w, r)
		})
		list, _, err := c.Activities(t.Context(), token, opts)
		if err != nil || list == nil || len(list) != 0 {
			t.Errorf("%v, %v", list, err)
		}
	}
}

func TestListsThatAreNotAcceptable(t *testing.T) {
	for body, want := range map[string]strava.Kind{
		`{}`:                                 strava.KindBody,
		`null`:                               strava.KindBody,
		`[null]`:                             strava.KindBody,
		`[7]`:                                strava.KindBody,
		`[[{"id":1}]]`:                       strava.KindBody,
		`[{"id":1},]`:                        strava.KindBody,
		`[{"id":1}`:                          strava.KindBody,
		`[{"id":1}]]`:                        strava.KindBody,
		`[{"id":1}] []`:                      strava.KindBody,
		`[{"id":1,"name":{}}]`:               strava.KindBody,
		`[{"id":1,"map":"none"}]`:            strava.KindBody,
		`[{"id":1,"distance":[]}]`:           strava.KindBody,
		`[{}]`:                               strava.KindMismatch,
		`[{"id":0}]`:                         strava.KindMismatch,
		`[{"id":-5}]`:                        strava.KindMismatch,
		`[{"id":null}]`:                      strava.KindMismatch,
		`[{"id":"1"}]`:                       strava.KindMismatch,
		`[{"id":1.5}]`:                       strava.KindMismatch,
		`[{"id":1e3}]`:                       strava.KindMismatch,
		`[{"id":9223372036854775808}]`:       strava.KindMismatch,
		`[{"id":1},{"id":7},{"name":"new"}]`: strava.KindMismatch,
	} {
		c := setup(t, says(200, body))
		list, answer, err := c.Activities(t.Context(), token, strava.ListOptions{})
		if got := strava.KindOf(err); got != want || list != nil || string(answer.Body) != body {
			t.Errorf("%s: %q %v", body, got, err)
		}
	}
}

func TestTolerance(t *testing.T) {
	for member, check := range map[string]func(strava.Summary) bool{
		`"distance":0`:                          func(s strava.Summary) bool { return s.DistanceM != nil && *s.DistanceM == 0 },
		`"distance":0.0`:                        func(s strava.Summary) bool { return s.DistanceM != nil && *s.DistanceM == 0 },
		`"distance":null`:                       func(s strava.Summary) bool { return s.DistanceM == nil },
		`"distance":"absent"`:                   func(s strava.Summary) bool { return s.DistanceM == nil },
		`"distance":"12.5"`:                     func(s strava.Summary) bool { return *s.DistanceM == 12.5 },
		`"distance":"Infinity"`:                 func(s strava.Summary) bool { return s.DistanceM == nil },
		`"distance":1e999`:                      func(s strava.Summary) bool { return s.DistanceM == nil },
		`"kudos_count":7.0`:                     func(s strava.Summary) bool { return s.KudosCount == 7 },
		`"kudos_count":"absent"`:                func(s strava.Summary) bool { return s.KudosCount == 0 },
		`"kudos_count":1e300`:                   func(s strava.Summary) bool { return s.KudosCount == 0 },
		`"start_date":"soon"`:                   func(s strava.Summary) bool { return s.Start.IsZero() },
		`"start_date":null`:                     func(s strava.Summary) bool { return s.Start.IsZero() },
		`"start_latlng":[]`:                     func(s strava.Summary) bool { return s.StartLatLng == nil },
		`"start_latlng":null`:                   func(s strava.Summary) bool { return s.StartLatLng == nil },
		`"start_latlng":[1]`:                    func(s strava.Summary) bool { return s.StartLatLng == nil },
		`"start_latlng":[1,2]`:                  func(s strava.Summary) bool { return len(s.StartLatLng) == 2 },
		`"map":null`:                            func(s strava.Summary) bool { return s.SummaryPolyline == "" },
		`"map":{"summary_polyline":null}`:       func(s strava.Summary) bool { return s.SummaryPolyline == "" },
		`"upload_id":null,"upload_id_str":"5"`:  func(s strava.Summary) bool { return s.UploadID == "" },
		`"external_id":123456789012345678901`:   func(s strava.Summary) bool { return s.ExternalID == "123456789012345678901" },
		`"name":"a","name":"b"`:                 func(s strava.Summary) bool { return s.Name == "b" },
		"\"name\":\"\xff\"":                     func(s strava.Summary) bool { return s.Name == "�" },
		`"Name":"a"`:                            func(s strava.Summary) bool { return s.Name == "" },
		`"unheard_of":{"a":[1,{"b":null}]}`:     func(strava.Summary) bool { return true },
		`"name":"\ud83d\udeb4 \u003cscript\/>"`: func(s strava.Summary) bool { return s.Name == "🚴 <script/>" },
	} {
		body := `[ {"id":5, ` + member + ` } ]`
		c := setup(t, says(200, body))
		list, _, err := c.Activities(t.Context(), token, strava.ListOptions{})
		if err != nil {
			t.Errorf("%s: %v", member, err)
		} else if !check(list[0]) || "[ "+string(list[0].Raw)+" ]" != body {
			t.Errorf("%s: %+v", member, list[0])
		}
	}
}

func TestActivity(t *testing.T) {
	body := read(t, "activity.json")
	c := setup(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.String() != apiPath+"/activities/19500000007?include_all_efforts=true" {
			t.Errorf("%s", r.URL)
		}
		says(200, body)(w, r)
	})
	d, answer, err := c.Activity(t.Context(), token, 19500000007, strava.ActivityOptions{AllEfforts: true})
	if err != nil {
		t.Fatal(err)
	}
	description := "One flat tyre.\r\n\tTwo \"coffees\"; back\\slash <i>é</i> ☕"
	want := &strava.Detail{
		Summary: strava.Summary{
			ID: 19500000007, AthleteID: 5150, ResourceState: 3, Name: "Hill day", Type: "Run", SportType: "TrailRun",
			Start: time.Date(2026, 6, 1, 6, 0, 0, 0, time.UTC), StartLocal: "2026-06-01T08:00:00Z",
			Timezone: "(GMT+01:00) Europe/Vienna", UTCOffset: number(7200), DistanceM: number(10000), MovingS: number(3600),
			Visibility: "everyone", PhotoCount: 2, SummaryPolyline: "short", GearID: "g9", UploadID: "20600000001",
			Raw: []byte(body),
		},
		Description: &description, Polyline: "long", Calories: number(640), PhotosCount: 2,
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Error(diff)
	}
	if string(answer.Body) != body {
		t.Error("the body is not what came")
	}
	answer.Body[0] = 'x'
	if string(d.Raw) != body {
		t.Error("Raw shares its bytes with the answer")
	}
}

func TestActivityThatWasNotAskedFor(t *testing.T) {
	for body, want := range map[string]strava.Kind{
		`{"id":7,"start_date":"2026-06-01T06:00:00Z"}`:                                           strava.KindNone,
		`{"id":7,"start_date":"2026-06-01T06:00:00Z","description":null,"map":null,"photos":{}}`: strava.KindNone,
		`{}`: strava.KindMismatch,
		`{"id":8,"start_date":"2026-06-01T06:00:00Z"}`: strava.KindMismatch,
		`{"id":7}`:                   strava.KindMismatch,
		`{"id":7,"start_date":null}`: strava.KindMismatch,
		`[]`:                         strava.KindBody,
		`[{"id":7,"start_date":"2026-06-01T06:00:00Z"}]`:                   strava.KindBody,
		`{"id":7,"start_date":"2026-06-01T06:00:00Z","description":["a"]}`: strava.KindBody,
	} {
		c := setup(t, says(200, body))
		d, _, err := c.Activity(t.Context(), token, 7, strava.ActivityOptions{})
		if got := strava.KindOf(err); got != want || (d == nil) != (want != "") {
			t.Errorf("%s: %q %v", body, got, err)
		}
		if d != nil && d.Description != nil {
			t.Errorf("%s: description %q", body, *d.Description)
		}
	}
}

// TestErrorsDoNotRepeatTheDocument: what people wrote is not for logs.
func TestErrorsDoNotRepeatTheDocument(t *testing.T) {
	c := setup(t, says(200, `[{"id":1,"manual":"my diary"}]`))
	_, _, err := c.Activities(t.Context(), token, strava.ListOptions{})
	if strings.Contains(err.Error(), "diary") || !strings.Contains(err.Error(), "manual") {
		t.Error(err)
	}
}

func FuzzActivities(f *testing.F) {
	f.Add(read(f, "activities.json"))
	f.Add(`[{"id":1,"upload_id":1e999,"start_latlng":[1e999,0]}]`)
	f.Add(`[ {"id":1} , {"id" : 2} ]`)
	f.Add("[{\"id\":1,\"name\":\"\xff\\ud800\"}]")
	f.Add(`[{"id":1}]x`)
	f.Add(`<html>`)
	var body string
	c, err := strava.New(strava.WithTransport(roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
	})))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		body = text
		list, answer, err := c.Activities(t.Context(), token, strava.ListOptions{})
		if string(answer.Body) != text {
			t.Fatal("the body is not what came")
		}
		if err != nil {
			if kind := strava.KindOf(err); list != nil || kind != strava.KindBody && kind != strava.KindMismatch {
				t.Fatalf("%d activities beside %v", len(list), err)
			}
			return
		}
		rest := []byte(text)
		for _, s := range list {
			i := bytes.Index(rest, s.Raw)
			if s.ID <= 0 || i < 0 || s.Raw[0] != '{' || s.Raw[len(s.Raw)-1] != '}' {
				t.Fatalf("%+v", s)
			}
			rest = rest[i+len(s.Raw):]
			var other struct{ ID json.Number } // by another decoder
			if json.Unmarshal(s.Raw, &other) == nil && strings.Count(strings.ToLower(string(s.Raw)), `"id"`) == 1 &&
				!bytes.Contains(s.Raw, []byte(`\`)) && other.ID.String() != strconv.FormatInt(s.ID, 10) {
				t.Fatalf("id %s, not %d", other.ID, s.ID)
			}
		}
		if !json.Valid([]byte(text)) {
			t.Fatal("accepted, though it is no JSON")
		}
		_ = fmt.Sprint(list)
	})
}
