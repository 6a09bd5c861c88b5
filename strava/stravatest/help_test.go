package stravatest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"musette/strava/stravatest"
	"musette/strava/stravatest/season"
)

// noon is a Wednesday in summer, seven seconds into a clock quarter.
var noon = time.Date(2026, 7, 22, 12, 0, 7, 0, time.UTC)

// world is a server that can be reached, with its clock and a token that
// sees everything.
type world struct {
	*testing.T
	*stravatest.Server
	clock *stravatest.Clock
	url   string
	token string
	me    int64
}

func start(t *testing.T, cfg stravatest.Config) *world {
	t.Helper()
	clock := stravatest.NewClock(noon)
	cfg.Now, cfg.Sleep = clock.Now, clock.Sleep
	if cfg.Seed == 0 {
		cfg.Seed = 1
	}
	s := stravatest.New(cfg)
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	me := s.Athletes()[0].ID
	return &world{t, s, clock, h.URL, s.AccessToken(me, "read", "profile:read_all", "activity:read_all"), me}
}

// generous are limits that no test of something else runs into.
var generous = stravatest.Limits{OverallQuarter: 1e6, OverallDay: 1e6, ReadQuarter: 1e6, ReadDay: 1e6}

// answer is what came back.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

// into decodes the body.
func (a answer) into(v any) {
	a.t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		a.t.Fatalf("decoding %.200s: %v", a.body, err)
	}
}

// fault returns "message resource/field/code" of an error.
func (a answer) fault() string {
	a.t.Helper()
	var f struct {
		Message string
		Errors  []struct{ Resource, Field, Code string }
	}
	a.into(&f)
	for _, e := range f.Errors {
		f.Message += " " + e.Resource + "/" + e.Field + "/" + e.Code
	}
	return f.Message
}

func (w *world) request(method, path, token string, form url.Values) (*http.Response, error) {
	w.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(w.Context(), method, w.url+path, body)
	if err != nil {
		w.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return client.Do(r)
}

// client follows no redirect: where one leads is what the tests look at.
var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func (w *world) do(method, path, token string, form url.Values) answer {
	w.Helper()
	res, err := w.request(method, path, token, form)
	if err != nil {
		w.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.Fatalf("%s %s: %v", method, path, err)
	}
	return answer{w.T, res.StatusCode, res.Header, b}
}

// get asks the API with the token that sees everything, and holds what comes
// against the specification.
func (w *world) get(path string) answer {
	w.Helper()
	a := w.do("GET", "/api/v3"+path, w.token, nil)
	checkSpec(w.T, path, a)
	return a
}

// must is get for answers that have to be 200.
func (w *world) must(path string, v any) {
	w.Helper()
	a := w.get(path)
	if a.status != http.StatusOK {
		w.Fatalf("GET %s: %d %s", path, a.status, a.body)
	}
	a.into(v)
}

// listed are the members of a list item that tests look at.
type listed struct {
	ID          int64     `json:"id"`
	Name        string    `json:"name"`
	Visibility  string    `json:"visibility"`
	Start       time.Time `json:"start_date"`
	Local       time.Time `json:"start_date_local"`
	Photos      int       `json:"total_photo_count"`
	Comments    int       `json:"comment_count"`
	Kudos       int       `json:"kudos_count"`
	Distance    float64   `json:"distance"`
	Manual      bool      `json:"manual"`
	Type        string    `json:"type"`
	SportType   string    `json:"sport_type"`
	GearID      *string   `json:"gear_id"`
	Timezone    string    `json:"timezone"`
	Offset      float64   `json:"utc_offset"`
	Description *string   `json:"description"`
	MovingTime  int       `json:"moving_time"`
	ElapsedTime int       `json:"elapsed_time"`
	StartLatLng []float64 `json:"start_latlng"`
	Map         struct {
		Polyline string `json:"polyline"`
		Summary  string `json:"summary_polyline"`
	} `json:"map"`
}

// all walks the list by page until an empty one.
func (w *world) all(query string) []listed {
	w.Helper()
	var list []listed
	for page := 1; ; page++ {
		var some []listed
		w.must("/athlete/activities?per_page=200&page="+strconv.Itoa(page)+query, &some)
		if len(some) == 0 {
			return list
		}
		list = append(list, some...)
	}
}

func id(n int64) string { return strconv.FormatInt(n, 10) }

func compact(b []byte) string {
	var out bytes.Buffer
	if json.Compact(&out, b) != nil {
		return string(b)
	}
	return out.String()
}

var personOne = season.Person{First: "Mira", Last: "K."}

type activityT = season.Activity

func seasonOf(seed uint64, n int) season.Options { return season.Options{Seed: seed, Activities: n} }
