package web

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"musette"
	"musette/feed"
	"musette/store"
)

var cardIDs = regexp.MustCompile(`<article [^>]*id="a(\d+)"`)

// The page finds what the API finds, on every page of both.
func TestThePageFindsWhatTheAPIFinds(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{}).fill()
	for _, filter := range []string{
		"type=Run", "type=Run&type=Ride", "type=Run,Hike", "has=photos", "has=photos&has=comments", "q=the", "from=2026-07-01&to=2026-07-31",
		"min_distance_m=10000", "max_distance_m=5000&type=Run", "from=2026-08-01T00:00:00Z", fmt.Sprint("athlete=", s.season.Athlete.ID), "q=%20the%20",
	} {
		values, err := url.ParseQuery(strings.ReplaceAll(filter, "%20", ""))
		if err != nil {
			t.Fatal(err)
		}
		q, err := feed.ParseQuery(values, feed.FilterParams...)
		if err != nil {
			t.Fatal(err)
		}
		q.Reader = feed.Reader{Owner: true}
		var want, got []string
		for a := range s.feed.View().Each(q) {
			want = append(want, strconv.FormatInt(a.ID, 10))
		}
		// Empty fields and others' marks change nothing.
		for path := "/?" + filter + "&utm_source=x&to=&q="; path != ""; {
			if strings.Contains(filter, "to=") || strings.Contains(filter, "q=") {
				path = strings.TrimSuffix(path, "&to=&q=")
			}
			resp, body := s.get(path)
			if resp.StatusCode != 200 {
				t.Fatalf("%s: %s", path, resp.Status)
			}
			if strings.Contains(body, "data-live") {
				t.Errorf("%s: what comes in would be added, whether or not it was asked for", path)
			}
			for _, m := range cardIDs.FindAllStringSubmatch(body, -1) {
				got = append(got, m[1])
			}
			path = ""
			if m := regexp.MustCompile(`href="([^"]+)" rel="next"`).FindStringSubmatch(body); m != nil {
				path = html.UnescapeString(m[1])
			}
		}
		if d := cmp.Diff(want, got); d != "" || len(want) == 0 {
			t.Errorf("%s: (-API +page)\n%s", filter, d)
		}
	}
}

func TestWhatCantBeLookedForIsSaidKindly(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{}).fill()
	for query, want := range map[string]string{
		"from=yesterday":                             "The first day is a date such as 2026-05-22.",
		"from=2026-05-22&to=2026-05-21":              "not before the first.",
		"min_distance_m=far":                         "The least distance is a number of metres",
		"min_distance_m=9&max_distance_m=3":          "not below the least.",
		"has=luck":                                   "photos, a map, a description or comments.",
		"athlete=me":                                 "the number that Strava has",
		"q=" + strings.Repeat("x", 201):              "200 characters",
		"from=%22%3E%3Cscript%3E":                    `value="&#34;&gt;&lt;script&gt;"`,
		"type=" + strings.Repeat("a%2C", 60) + "Run": "",
	} {
		for _, path := range []string{"/", "/map"} {
			resp, body := s.get(path + "?" + query)
			if want == "" {
				if resp.StatusCode != 200 {
					t.Errorf("%s?%s: %s", path, query, resp.Status)
				}
				continue
			}
			if resp.StatusCode != http.StatusBadRequest || !strings.Contains(body, want) || !strings.Contains(body, `role="alert"`) || !strings.Contains(body, `<form class="find"`) {
				t.Errorf("%s?%s: %s, or nothing said", path, query, resp.Status)
			}
		}
	}
	for _, path := range []string{"/?q=zzzz", "/map?q=zzzz"} {
		if resp, body := s.get(path); resp.StatusCode != 200 || !strings.Contains(body, "Nothing is like that") {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	// A page that belongs to other words, and a broken one.
	_, body := s.get("/?type=Run")
	next := regexp.MustCompile(`cursor=([^"&]+)`).FindStringSubmatch(body)
	if next == nil {
		t.Fatal("there is no second page")
	}
	if resp, body := s.get("/?type=Ride&cursor=" + next[1]); resp.StatusCode != 400 || !strings.Contains(body, "This address isn’t quite right") {
		t.Errorf("a cursor of other words: %s", resp.Status)
	}
}

func TestUnitsAreTheVisitorsChoice(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{goalM: 1_000_000}).fill()
	for _, c := range []struct {
		header []string
		want   string
	}{
		{nil, "of 1,000 km"},
		{[]string{"Accept-Language", "en-GB,en-US;q=0.8"}, "of 1,000 km"},
		{[]string{"Accept-Language", "en-US,en;q=0.9"}, "of 621 mi"},
		{[]string{"Accept-Language", "en-US", "Cookie", "musette_units=metric"}, "of 1,000 km"},
		{[]string{"Cookie", "musette_units=imperial"}, "of 621 mi"},
		{[]string{"Cookie", "musette_units=furlongs"}, "of 1,000 km"},
	} {
		for _, path := range []string{"/", "/totals", "/top"} {
			resp, body := s.get(path, c.header...)
			if !strings.Contains(body, c.want) || !strings.Contains(resp.Header.Get("Vary"), "Accept-Language") || !strings.Contains(resp.Header.Get("Vary"), "Cookie") {
				t.Errorf("%s %q: there is no %q, or Vary is %s", path, c.header, c.want, resp.Header.Get("Vary"))
			}
		}
	}
	choose := func(form string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url("/units"), strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp
	}
	for form, back := range map[string]string{
		"units=imperial&back=%2Fa%2F7%3Fx%3D1": "/a/7?x=1", "units=metric": "/", "units=metric&back=https%3A%2F%2Fevil.example%2F": "/",
		"units=metric&back=%2F%2Fevil.example": "/", "units=metric&back=%2F%5Cevil.example": "/",
	} {
		if resp := choose(form); resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != back || !strings.Contains(resp.Header.Get("Set-Cookie"), "musette_units=") {
			t.Errorf("%s: %s to %q", form, resp.Status, resp.Header.Get("Location"))
		}
	}
	if resp := choose("units=cubits"); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("cubits: %s", resp.Status)
	}
}

func TestMilesAsPeopleSayThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a    musette.Activity
		want string
	}{
		{musette.Activity{SportType: "Run", DistanceM: 5000, MovingS: 1500}, "Distance 3.1 mi, Time 25 min, Pace 8:03 min/mi"},
		{musette.Activity{SportType: "Ride", DistanceM: 40_000, MovingS: 5400}, "Distance 24.9 mi, Time 1 h 30 min, Speed 16.6 mph"},
		{musette.Activity{SportType: "Swim", DistanceM: 1500, MovingS: 1800}, "Distance 1,640 yd, Time 30 min, Pace 1:50 min/100 yd"},
		{musette.Activity{SportType: "Hike", DistanceM: 10_000, MovingS: 10_000, ClimbM: 800}, "Distance 6.2 mi, Time 2 h 47 min, Climb 2,625 ft"},
		{musette.Activity{SportType: "Run", DistanceM: 100_000}, "Distance 62.1 mi"},
		{musette.Activity{SportType: "Run", DistanceM: 50}, "Distance 164 ft"},
	} {
		var got []string
		for _, n := range numbers(&c.a, imperial) {
			got = append(got, n.Label+" "+inWords(n.Figures))
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("got %s, want %s", text, c.want)
		}
	}
}

// From the newest activity each page leads to the next older one, and back.
func TestActivitiesLeadToTheirNeighbours(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{}).fill()
	older, newer := regexp.MustCompile(`href="(/a/\d+)" rel="next"`), regexp.MustCompile(`href="(/a/\d+)" rel="prev"`)
	path, before := "/a/"+strconv.FormatInt(s.season.Activities[0].ID, 10), ""
	seen := 0
	for ; path != ""; seen++ {
		resp, body := s.get(path)
		if resp.StatusCode != 200 {
			t.Fatalf("%s: %s", path, resp.Status)
		}
		back := ""
		if m := newer.FindStringSubmatch(body); m != nil {
			back = m[1]
		}
		if back != before {
			t.Errorf("%s leads back to %q, not %q", path, back, before)
		}
		before, path = path, ""
		if m := older.FindStringSubmatch(body); m != nil {
			path = m[1]
		}
	}
	if seen != len(s.season.Activities) {
		t.Errorf("%d of %d activities", seen, len(s.season.Activities))
	}
}

// What is hidden, and what never was, are answered alike; what a stranger sees has nothing that only the owner may know.
func TestAnActivitysPageForStrangers(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{closed: true, streams: true, publish: feed.Publish{Mode: feed.PublishFull, API: true}})
	a := s.rich()
	secret := *a
	secret.ID, secret.Name, secret.Visibility = 5, "Marsh Lane", "only_me"
	s.put(&secret)
	_, hidden := s.get("/a/5")
	resp, never := s.get("/a/6")
	if hidden != never || resp.StatusCode != 404 || strings.Contains(hidden, "Marsh Lane") {
		t.Errorf("a hidden activity and none differ, or are %s", resp.Status)
	}
	for _, path := range []string{"/a/x", "/a/0", "/a/-5", "/a/007", "/a/99999999999999999999"} {
		if resp, body := s.get(path); resp.StatusCode != 404 || body != never {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	resp, body := s.get("/a/" + strconv.FormatInt(a.ID, 10))
	if resp.StatusCode != 200 || resp.Header.Get("Cache-Control") != cachePublic || !strings.Contains(body, "View on Strava</a>") {
		t.Errorf("got %s, %s", resp.Status, resp.Header.Get("Cache-Control"))
	}
	for _, never := range []string{"Splits", "Elevation", "Laps", "Comments", "Kudos", "Marsh Lane", "/p/", "noindex"} {
		if strings.Contains(body, never) {
			t.Errorf("a stranger sees %q", never)
		}
	}
	totals := newSite(t, siteOptions{closed: true, publish: feed.Publish{Mode: feed.PublishAggregate, API: true}}).fill()
	if resp, body := totals.get("/totals"); resp.StatusCode != 200 || strings.Contains(body, "/map") || strings.Contains(body, "Nell") {
		t.Errorf("where only totals are public: %s", resp.Status)
	}
	for _, path := range []string{"/map", "/a/" + strconv.FormatInt(totals.season.Activities[0].ID, 10)} {
		if resp, _ := totals.get(path); resp.StatusCode != 404 {
			t.Errorf("where only totals are public, %s is %s", path, resp.Status)
		}
	}
	off := newSite(t, siteOptions{closed: true}).fill()
	for _, path := range []string{"/map", "/totals", "/a/5"} {
		if resp, body := off.get(path); resp.StatusCode != 401 || !strings.Contains(body, "This page is private") {
			t.Errorf("where nothing is public, %s is %s", path, resp.Status)
		}
	}
}

// Splits and profiles come from other people's JSON: whatever is in it, the page is there.
func TestPagesOfOddDocuments(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{streams: true})
	a := s.rich()
	for _, odd := range []string{
		``, `{}`, `null`, `[]`, `{"splits_metric":null,"distance":null}`, `{"splits_metric":{},"distance":[]}`, `{"splits_metric":[null,{},{"distance":0,"moving_time":0}]}`,
		`{"splits_metric":[{"distance":-5,"moving_time":-5},{"distance":1e308,"moving_time":1e-308},{"distance":1000,"moving_time":1}]}`,
		`{"distance":{"data":[0,null,500]},"altitude":{"data":[1]},"velocity_smooth":{"data":[0,0,0]}}`,
		`{"distance":{"data":[0,100,500]},"altitude":{"data":[null,null,null]},"velocity_smooth":{"data":[-1,1e308,1]}}`,
		`{"distance":{"data":[500,100,200]},"altitude":{"data":[5,5,5]}}`, "{\"splits_metric\":\"\xff\"}",
	} {
		for _, part := range []musette.Part{musette.PartDetail, musette.PartStreams} {
			err := s.store.Update(t.Context(), nil, func(tx *store.Tx) error {
				return tx.PutDocument(t.Context(), musette.NewDocument(a.AthleteID, a.ID, part, musette.SourceAPI, []byte(odd), seasonNow), false)
			})
			if err != nil {
				t.Fatal(err)
			}
			resp, body := s.get("/a/" + strconv.FormatInt(a.ID, 10))
			if resp.StatusCode != 200 || strings.Contains(body, "NaN") || strings.Contains(body, "Inf") {
				t.Errorf("%s as %s: %s", odd, part, resp.Status)
			}
		}
	}
}

func TestTheYearAgainstTheLast(t *testing.T) {
	t.Parallel()
	week := func(name string, km float64) musette.WeekSum {
		return musette.WeekSum{Week: name, Sum: musette.Sum{Count: 1, DistanceM: km * 1000}}
	}
	now := seasonNow // in 2026-W41
	y := newYear([]musette.WeekSum{week("2024-W50", 999), week("2025-W10", 100), week("2025-W50", 50), week("2026-W02", 80), week("2026-W41", 60)}, metric, now)
	if y.Said != "140 km so far this year, 40 km more than by this week of 2025." || !strings.Contains(string(y.Narrow), "2025: 150 km") || !strings.Contains(string(y.Wide), "2026: 140 km") {
		t.Errorf("%s: %s", y.Said, y.Narrow)
	}
	if y := newYear([]musette.WeekSum{week("2026-W02", 80)}, imperial, now); y.Said != "49 mi so far this year." || y.Two {
		t.Errorf("got %+v", y.Said)
	}
	if y := newYear(nil, metric, now); y != nil {
		t.Errorf("something is drawn of nothing: %+v", y)
	}
}
