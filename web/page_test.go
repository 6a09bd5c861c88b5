package web

import (
	"fmt"
	"html"
	"io"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"musette"
	"musette/feed"
)

// get asks as a browser does and returns what it gets.
func (s *site) get(path string, header ...string) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url(path), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp, string(body)
}

func TestPageOfASeason(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{goalM: 3_000_000}).fill()
	resp, body := s.get("/")
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("got %s, %s", resp.Status, resp.Header.Get("Content-Type"))
	}
	if n := strings.Count(body, "<h1"); n != 1 {
		t.Errorf("%d first headings", n)
	}
	if n := strings.Count(body, `<article class="card`); n != 50 {
		t.Errorf("%d cards", n)
	}
	for _, want := range []string{
		"Nell’s season</h1>", "of 3,000 km", "<progress", "View on Strava</a>", `rel="next">Older</a>`, "<svg viewBox=",
		"Up to date <time datetime=", `class="skip"`, `<html lang="en-GB">`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("there is no %s", want)
		}
	}
	for _, never := range []string{" style=", "<style", " onclick", " onerror=\"", "ZgotmplZ", "!</p>"} {
		if strings.Contains(body, never) {
			t.Errorf("there is a %s", never)
		}
	}
}

// The first view of fifty activities stays below 150 kB with its style and script, as sent.
func TestPageIsLight(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{}).fill()
	_, plain := s.get("/")
	total := 0
	for _, path := range append([]string{"/"}, regexp.MustCompile(`/static/[^"]+`).FindAllString(plain, -1)...) {
		resp, body := s.get(path, "Accept-Encoding", "gzip")
		if resp.StatusCode != 200 || resp.Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s: %s, %q", path, resp.Status, resp.Header.Get("Content-Encoding"))
		}
		t.Logf("%s: %d bytes", path, len(body))
		total += len(body)
	}
	if total > 150_000 {
		t.Errorf("%d bytes", total)
	}
}

func TestPagesFollowEachOtherToTheEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{}).fill()
	seen := map[string]bool{}
	next := regexp.MustCompile(`href="(/\?cursor=[^"]+)" rel="next"`)
	path, pages := "/", 0
	for path != "" {
		resp, body := s.get(path)
		if resp.StatusCode != 200 {
			t.Fatalf("%s: %s", path, resp.Status)
		}
		for _, m := range regexp.MustCompile(`<article [^>]*id="a(\d+)"`).FindAllStringSubmatch(body, -1) {
			if seen[m[1]] {
				t.Errorf("activity %s comes twice", m[1])
			}
			seen[m[1]] = true
		}
		path = ""
		if m := next.FindStringSubmatch(body); m != nil {
			path = html.UnescapeString(m[1])
		}
		pages++
	}
	if len(seen) != len(s.season.Activities) || pages != 3 {
		t.Errorf("%d of %d activities on %d pages", len(seen), len(s.season.Activities), pages)
	}
	if resp, body := s.get("/?fbclid=x&utm_source=y"); resp.StatusCode != 200 || !strings.Contains(body, "data-live") {
		t.Errorf("a shared link with others' marks: %s", resp.Status)
	}
	if resp, body := s.get("/?cursor=nonsense"); resp.StatusCode != 400 || !strings.Contains(body, "<h1>This address") {
		t.Errorf("a bad cursor: %s", resp.Status)
	}
}

func TestPageIsNotSentAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{}).fill()
	for _, path := range []string{"/", "/top", "/card/" + strconv.FormatInt(s.season.Activities[0].ID, 10)} {
		first, _ := s.get(path)
		if first.StatusCode != 200 || first.Header.Get("Cache-Control") != cachePrivate {
			t.Errorf("%s: %s, %s", path, first.Status, first.Header.Get("Cache-Control"))
		}
		again, body := s.get(path, "If-None-Match", first.Header.Get("ETag"))
		if again.StatusCode != http.StatusNotModified || body != "" {
			t.Errorf("%s again: %s, %d bytes", path, again.Status, len(body))
		}
	}
	s.put(&musette.Activity{ID: 7, AthleteID: s.season.Athlete.ID, Name: "New", SportType: "Run", Start: musette.At(seasonNow)})
	if _, body := s.get("/"); !strings.Contains(body, ">New</a></h2>") {
		t.Error("a new activity doesn't show")
	}
}

// What an activity says arrives letter for letter, as text.
func TestTextsAreExact(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	name := "“It's” \"5 \\ 10\" <b>bold</b> & &amp; 🏃🏽‍♀️ \u202eabc"
	text := "One\nTwo\n\n  Three\t4 <script>alert(1)</script> {{.}} ]]> --> https://example.com/?a=1&b=2"
	s.put(&musette.Activity{
		ID: 1, AthleteID: s.season.Athlete.ID, Name: name, SportType: "Run", Start: musette.At(seasonNow), Description: &text,
		Comments: []musette.Comment{{Author: "<i>Jo</i> D.", Text: "a\\b \"c\" 'd'"}},
	})
	_, body := s.get("/card/1")
	for want, pattern := range map[string]string{
		name:             `(?s)<h2[^>]*><a[^>]*>(.*?)</a></h2>`,
		text:             `(?s)<div class="words"><p class="text">(.*?)</p>`,
		"<i>Jo</i> D.":   `(?s)<b>(.*?)</b>`,
		"a\\b \"c\" 'd'": `(?s)<span class="text">(.*?)</span>`,
	} {
		m := regexp.MustCompile(pattern).FindStringSubmatch(body)
		if m == nil || html.UnescapeString(m[1]) != want || strings.Contains(m[1], "<") {
			t.Errorf("got %q, want %q", m, want)
		}
	}
	if strings.Contains(body, `href="https://example.com`) {
		t.Error("an address in a text became a link")
	}
}

func TestCardsByWhatThereIs(t *testing.T) {
	t.Parallel()
	route := &musette.Map{Polyline: "_p~iF~ps|U_ulLnnqC_mqNvxq`@"}
	photo := func(n int) []musette.Photo {
		var p []musette.Photo
		for i := range n {
			p = append(p, musette.Photo{URL: fmt.Sprintf("https://p.example/%d.jpg", i), Width: 1536, Height: 2048})
		}
		return p
	}
	for _, c := range []struct {
		a           musette.Activity
		layout      string
		side, strip int
	}{
		{musette.Activity{}, "plain", 0, 0},
		{musette.Activity{Map: route}, "route", 0, 0},
		{musette.Activity{Photos: photo(1)}, "photo", 0, 0},
		{musette.Activity{Map: route, Photos: photo(1)}, "both", 0, 0},
		{musette.Activity{Map: route, Photos: photo(3)}, "both", 2, 0},
		{musette.Activity{Map: route, Photos: photo(4)}, "both", 0, 3},
		{musette.Activity{Map: &musette.Map{}}, "plain", 0, 0},
		{musette.Activity{Map: &musette.Map{Polyline: "_"}}, "plain", 0, 0},
		{musette.Activity{Map: &musette.Map{Polyline: "_"}, Photos: photo(2)}, "photo", 1, 0},
		{musette.Activity{Map: route, Photos: []musette.Photo{{URL: "javascript:alert(1)"}}}, "both", 0, 0},
	} {
		got := newCard(&c.a, "", true, metric, seasonNow, newDrawings())
		if got.Layout != c.layout || len(got.Side) != c.side || len(got.Strip) != c.strip {
			t.Errorf("%+v: got %s, %d, %d; want %s, %d, %d", c.a, got.Layout, len(got.Side), len(got.Strip), c.layout, c.side, c.strip)
		}
	}
}

func TestStrangersSeeWhatIsPublished(t *testing.T) {
	t.Parallel()
	secret := "Marsh Lane"
	for _, c := range []struct {
		publish feed.Publish
		status  int
		want    string
		never   []string
	}{
		{feed.Publish{}, 401, "This page is private", []string{secret, "Nell", "Strava asks"}},
		{feed.Publish{Mode: feed.PublishAggregate, API: true}, 200, "Only the totals are shown here", []string{secret, "Nell", "<article", "Routes and photos"}},
		{feed.Publish{Mode: feed.PublishFull}, 200, "Nothing here yet", []string{secret, "Nell", "<article", "musette connect"}},
		{feed.Publish{Mode: feed.PublishFull, API: true, Fields: []string{feed.FieldName}}, 200, "Routes and photos are for the owner, who signs in.", []string{"Sign out", "noindex", "Only you"}},
	} {
		s := newSite(t, siteOptions{closed: true, publish: c.publish}).fill()
		resp, body := s.get("/")
		if resp.StatusCode != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%+v: %s, and there is no %q", c.publish, resp.Status, c.want)
		}
		if _, door := s.get("/login"); strings.Contains(door, "private") != (c.status == 401) || !strings.Contains(door, "musette login") {
			t.Errorf("%+v: who signs in is told %s", c.publish, door)
		}
		for _, never := range c.never {
			if strings.Contains(body, never) {
				t.Errorf("%+v: a stranger sees %q", c.publish, never)
			}
		}
	}
}

func TestErrorsArePages(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	for _, path := range []string{"/nothing", "/card/1", "/card/x", "/static/musette.css"} {
		resp, body := s.get(path)
		if resp.StatusCode != 404 || !strings.Contains(body, "<h1>There is nothing here</h1>") || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s, %s", path, resp.Status, resp.Header.Get("Cache-Control"))
		}
	}
	if _, body := s.get("/"); !strings.Contains(body, "Nothing here yet") {
		t.Error("an empty page says nothing")
	}
}

func TestWeeksAreThisAthletesLastTwelve(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 4, 23, 0, 0, 0, time.UTC) // the Sunday of 2026-W01
	h := newTop(musette.Totals{
		Sum: musette.Sum{Count: 2, DistanceM: 999_999}, GoalM: 1_000_000,
		ByWeek: []musette.WeekSum{
			{Week: "2025-W41", Sum: musette.Sum{DistanceM: 80_000}}, // too long ago
			{Week: "2025-W42", Sum: musette.Sum{DistanceM: 20_000}},
			{Week: "2026-W01", Sum: musette.Sum{DistanceM: 10_400}},
		},
	}, &musette.Status{}, nil, true, metric, now)
	if len(h.Weeks) != 12 || h.Weeks[0].Height != chartHeight || !h.Weeks[11].Now || h.Weeks[11].Height != 23 || h.Weeks[5].Height != emptyBar || !h.Weeks[5].Empty || h.Weeks[0].Most != "20.0 km" || h.FirstWeek != "13 October" {
		t.Errorf("got %s, %+v", h.FirstWeek, h.Weeks)
	}
	if h.WeeksAlt != "Kilometres a week, the last twelve weeks: 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10" {
		t.Error(h.WeeksAlt)
	}
	if h.InFull != "999 of 1,000 km" {
		t.Errorf("a goal that isn't reached: %s", h.InFull)
	}
}

// Every colour of text has a contrast of 4.5 to what is behind it, in light and in dark.
func TestContrast(t *testing.T) {
	t.Parallel()
	css, err := staticFiles.ReadFile("static/musette.css")
	if err != nil {
		t.Fatal(err)
	}
	roots := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(string(css), 2)
	if len(roots) != 2 {
		t.Fatal("there are no two sets of colours")
	}
	for i, root := range roots {
		colours := map[string]float64{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{3,6});`).FindAllStringSubmatch(root[1], -1) {
			colours[m[1]] = luminance(t, m[2])
		}
		pairs := [][2]string{{"on-accent", "accent"}, {"soft", "page"}, {"ink", "page"}, {"accent", "page"}}
		for _, front := range []string{"ink", "soft", "accent", "foot", "wheel", "water", "winter", "gym", "none"} {
			pairs = append(pairs, [2]string{front, "card"}, [2]string{front, "ground"})
		}
		for _, p := range pairs {
			a, b := colours[p[0]], colours[p[1]]
			if c := (max(a, b) + 0.05) / (min(a, b) + 0.05); c < 4.5 {
				t.Errorf("scheme %d: %s on %s has %.2f", i, p[0], p[1], c)
			}
		}
	}
}

// luminance is a colour's relative luminance, WCAG 2.2.
func luminance(t *testing.T, hex string) float64 {
	if len(hex) == 3 {
		hex = strings.Join([]string{hex[:1], hex[:1], hex[1:2], hex[1:2], hex[2:], hex[2:]}, "")
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	linear := func(c uint64) float64 {
		if v := float64(c&255) / 255; v > 0.04045 {
			return math.Pow((v+0.055)/1.055, 2.4)
		}
		return float64(c&255) / 255 / 12.92
	}
	return 0.2126*linear(n>>16) + 0.7152*linear(n>>8) + 0.0722*linear(n)
}
