package web

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"musette"
	"musette/feed"
)

// fetch asks a site for a path, as a stranger.
func (s *site) fetch(path string, headers ...string) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url(path), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	res, err := s.http.Client().Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res, string(body)
}

// xmlParts are the names of the elements in XML that must be well-formed, and its texts.
func xmlParts(t *testing.T, body string) (names map[string]int, texts []string) {
	t.Helper()
	names = map[string]int{}
	for d := xml.NewDecoder(strings.NewReader(body)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return names, texts
		}
		if err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		switch token := token.(type) {
		case xml.StartElement:
			names[token.Name.Local]++
			for _, a := range token.Attr {
				if strings.HasPrefix(strings.ToLower(a.Name.Local), "on") || a.Name.Local == "href" && !strings.HasPrefix(a.Value, "http") {
					t.Errorf("<%s> has %s=%q", token.Name.Local, a.Name.Local, a.Value)
				}
			}
		case xml.CharData:
			texts = append(texts, string(token))
		}
	}
}

var pictureParts = map[string]bool{
	"svg": true, "title": true, "style": true, "clipPath": true, "rect": true, "g": true, "path": true, "text": true, "tspan": true,
}

func TestPicturesForPlacesWithoutScripts(t *testing.T) {
	s := newSite(t, siteOptions{closed: true, goalM: 2_000_000, publish: everything}).fill()
	one := strconv.FormatInt(s.season.Activities[3].ID, 10)
	for path, want := range map[string]string{
		"/embed/feed.svg":                            "Morning Hike",
		"/embed/feed.svg?limit=1&type=Run":           "Progression run",
		"/embed/feed.svg?type=Surfing":               "<title>Nothing here yet.</title>",
		"/embed/totals.svg":                          "of 2,000 km",
		"/embed/map.svg":                             "routes, the latest: ",
		"/embed/map.svg?type=Surfing":                "Nothing here yet.",
		"/embed/totals.svg?units=imperial":           "of 1,243 mi",
		"/embed/activity/" + one + ".svg":            "13.7 km",
		"/embed/activity/" + one + ".svg?theme=dark": "#24272b",
	} {
		r, body := s.fetch(path)
		names, _ := xmlParts(t, body)
		if r.StatusCode != 200 || r.Header.Get("Content-Type") != "image/svg+xml" || !strings.Contains(body, want) || names["svg"] != 1 {
			t.Errorf("%s: %s %s", path, r.Status, body)
		}
		for name := range names {
			if !pictureParts[name] {
				t.Errorf("%s has <%s>", path, name)
			}
		}
		if c := r.Header.Get("Cross-Origin-Resource-Policy"); c != "cross-origin" || !strings.HasPrefix(r.Header.Get("Cache-Control"), "public") {
			t.Errorf("%s may not be used elsewhere: %v", path, r.Header)
		}
		if again, _ := s.fetch(path, "If-None-Match: "+r.Header.Get("ETag")); again.StatusCode != 304 {
			t.Errorf("%s, asked again: %s", path, again.Status)
		}
	}
	for path, status := range map[string]int{
		"/embed/feed.svg?limit=21": 400, "/embed/feed.svg?units=miles": 400, "/embed/feed.svg?x=1": 400, "/embed/totals.svg?limit=1": 400,
		"/embed/activity/7.svg": 404, "/embed/activity/x.svg": 404, "/embed/activity/7.png": 404, "/embed/activity/x": 404,
		"/embed/totals.png?x=1": 400, "/embed/feed?theme=pink": 400, "/embed/feed?lang=%3Cb%3E": 400, "/embed/activity/7?limit=1": 400, "/feed.atom?limit=1": 400,
	} {
		if r, body := s.fetch(path); r.StatusCode != status {
			t.Errorf("%s: %s %s", path, r.Status, body)
		}
	}
}

func TestPicturesSayWhereNothingIsPublic(t *testing.T) {
	s := newSite(t, siteOptions{closed: true}).fill()
	one := strconv.FormatInt(s.season.Activities[3].ID, 10)
	for _, path := range []string{"/embed/feed.svg", "/embed/totals.svg", "/embed/activity/" + one + ".svg"} {
		if r, body := s.fetch(path); r.StatusCode != 401 || !strings.Contains(body, ">Nothing is public here at the moment.</text>") || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s %s", path, r.Status, body)
		}
	}
	for _, path := range []string{"/embed/totals.png", "/embed/activity/" + one + ".png", "/feed.atom"} {
		if r, _ := s.fetch(path); r.StatusCode != 401 {
			t.Errorf("%s: %s", path, r.Status)
		}
	}
	sums := newSite(t, siteOptions{closed: true, publish: feed.Publish{Mode: feed.PublishAggregate, API: true}}).fill()
	for path, status := range map[string]int{
		"/embed/totals.svg": 200, "/embed/totals.png": 200, "/embed/feed.svg": 200, "/feed.atom": 200, "/embed/totals.svg?type=Run": 401,
		"/embed/activity/" + one + ".svg": 404, "/embed/activity/" + one + ".png": 404,
	} {
		r, body := sums.fetch(path)
		if r.StatusCode != status || strings.Contains(body, "Morning Hike") {
			t.Errorf("where totals alone are public, %s: %s %s", path, r.Status, body)
		}
	}
}

// A signed-in owner's pictures are everybody's: a shared cache must never get another.
func TestEmbedsAreTheSameWhoeverAsks(t *testing.T) {
	s := newSite(t, siteOptions{closed: true, publish: everything})
	s.put(&musette.Activity{ID: 1, AthleteID: s.season.Athlete.ID, Name: "Secret", SportType: "Run", Start: musette.At(seasonNow), Visibility: "only_me", Source: musette.SourceAPI})
	key, err := NewKey(t.Context(), s.store, "test", []string{ScopeAdmin}, 0, seasonNow, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if _, body := s.fetch("/v1/feed", "X-API-Key: "+key); !strings.Contains(body, "Secret") {
		t.Fatal("the key opens nothing")
	}
	for _, path := range []string{"/embed/feed.svg", "/feed.atom", "/embed/totals.svg"} {
		r, body := s.fetch(path, "X-API-Key: "+key)
		if strings.Contains(body, "Secret") || strings.Contains(body, "1 activity") || r.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: %v %s", path, r.Header, body)
		}
	}
	for _, path := range []string{"/embed/activity/1.svg", "/embed/activity/1.png"} {
		if r, _ := s.fetch(path, "X-API-Key: "+key); r.StatusCode != 404 {
			t.Errorf("%s: %s", path, r.Status)
		}
	}
}

func TestFramesStandWhereTheyMay(t *testing.T) {
	public := newSite(t, siteOptions{closed: true, publish: everything})
	open := newSite(t, siteOptions{origins: []string{"https://example.org"}})
	for _, path := range []string{"/embed/feed", "/embed/map?limit=3", "/embed/totals?type=Run&type=Ride", "/embed/activity/7?lang=de&theme=dark&units=imperial"} {
		r, body := public.fetch(path)
		policy := r.Header.Get("Content-Security-Policy")
		if !strings.HasSuffix(policy, "frame-ancestors *") || !strings.Contains(policy, "script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'") || !strings.Contains(body, "<musette-") {
			t.Errorf("%s: %s\n%s", path, policy, body)
		}
		if r, _ := open.fetch(path); !strings.HasSuffix(r.Header.Get("Content-Security-Policy"), "frame-ancestors 'self' https://example.org") {
			t.Errorf("%s may be framed by all: %v", path, r.Header)
		}
	}
	if r, _ := public.fetch("/"); !strings.Contains(r.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Error("the page itself may be framed")
	}
}

func TestCardsOfLinks(t *testing.T) {
	s := newSite(t, siteOptions{closed: true, goalM: 2_000_000, publish: everything}).fill()
	one := strconv.FormatInt(s.season.Activities[3].ID, 10)
	image := regexp.MustCompile(`<meta property="og:image" content="([^"]*)">`)
	for path, want := range map[string][]string{
		"/":         {`property="og:title" content="Jo’s season"`, `name="twitter:card" content="summary_large_image"`, `href="/feed.atom"`, "of 2,000 km"},
		"/a/" + one: {`property="og:title" content="Morning Hike"`, `property="og:url" content="` + s.url("/a/"+one) + `"`, `13.7 km`},
	} {
		_, body := s.fetch(path)
		for _, w := range want {
			if w = strings.Replace(w, "Jo’s season", title(map[int64]string{1: s.status.Athletes[0].Name}), 1); !strings.Contains(body, w) {
				t.Errorf("%s lacks %s", path, w)
			}
		}
		m := image.FindStringSubmatch(body)
		if m == nil || !strings.HasPrefix(m[1], s.http.URL) {
			t.Fatalf("%s names the picture %q", path, m)
		}
		r, card := s.fetch(strings.TrimPrefix(m[1], s.http.URL))
		p, err := png.DecodeConfig(strings.NewReader(card))
		if err != nil || p.Width != 1200 || p.Height != 630 || r.Header.Get("Content-Type") != "image/png" || r.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: %v %v %v", m[1], r.Header, p, err)
		}
		if again, _ := s.fetch(strings.TrimPrefix(m[1], s.http.URL), "If-None-Match: "+r.Header.Get("ETag")); again.StatusCode != 304 {
			t.Errorf("asked again: %s", again.Status)
		}
	}
	// What isn't public isn't told, and hasn't a card.
	own := newSite(t, siteOptions{}).fill()
	if _, body := own.fetch("/"); strings.Contains(body, "og:image") {
		t.Error("the owner's page tells others what is on it")
	}
}

func TestAtom(t *testing.T) {
	s := newSite(t, siteOptions{closed: true, publish: everything}).fill()
	type link struct {
		Rel  string `xml:"rel,attr"`
		Href string `xml:"href,attr"`
	}
	type entry struct {
		ID, Title, Updated, Published []string
		Links                         []link `xml:"link"`
		Content                       []struct {
			Type string `xml:"type,attr"`
			Text string `xml:",chardata"`
		} `xml:"content"`
	}
	type feedOf struct {
		XMLName            xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
		ID, Title, Updated []string
		Author             []struct{ Name []string }
		Links              []link  `xml:"link"`
		Entries            []entry `xml:"entry"`
	}
	read := func() (f feedOf, r *http.Response) {
		r, body := s.fetch("/feed.atom")
		// encoding/xml takes names in any case only if told so.
		for _, name := range []string{"ID", "Title", "Updated", "Published", "Author", "Name"} {
			body = strings.NewReplacer("<"+strings.ToLower(name)+">", "<"+name+">", "</"+strings.ToLower(name)+">", "</"+name+">").Replace(body)
		}
		d := xml.NewDecoder(strings.NewReader(body))
		if err := d.Decode(&f); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		return f, r
	}
	f, r := read()
	if r.Header.Get("Content-Type") != "application/atom+xml; charset=utf-8" || len(f.Entries) != 30 {
		t.Fatalf("%v, %d entries", r.Header, len(f.Entries))
	}
	one := func(what string, list []string) string {
		if len(list) != 1 || strings.TrimSpace(list[0]) == "" {
			t.Errorf("%s is %q", what, list)
			return ""
		}
		return list[0]
	}
	instant := func(text string) time.Time {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Error(err)
		}
		return at
	}
	one("the feed's id", f.ID)
	one("the feed's title", f.Title)
	newest := instant(one("the feed's update", f.Updated))
	if len(f.Author) != 1 || len(f.Author[0].Name) != 1 {
		t.Errorf("the author is %v", f.Author)
	}
	if f.Links[0] != (link{"self", s.url("/feed.atom")}) || f.Links[1] != (link{"alternate", s.url("/")}) {
		t.Errorf("the links are %v", f.Links)
	}
	ids := map[string]bool{}
	for _, e := range f.Entries {
		id := one("an id", e.ID)
		one("a title", e.Title)
		if ids[id] || !regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) {
			t.Errorf("the id %s", id)
		}
		ids[id] = true
		if at := instant(one("an update", e.Updated)); at.After(newest) || at.Before(instant(one("a time", e.Published))) {
			t.Errorf("updated %v", at)
		}
		if len(e.Content) != 1 || e.Content[0].Type != "text" || e.Links[0].Rel != "alternate" {
			t.Errorf("%+v", e)
		}
	}
	if again, _ := s.fetch("/feed.atom", "If-None-Match: "+r.Header.Get("ETag")); again.StatusCode != 304 {
		t.Errorf("asked again: %s", again.Status)
	}
	// An activity keeps its id under another name.
	first := s.season.Activities[3]
	changed := fromSeason(s.season, first)
	changed.Name = "Another name"
	s.put(changed)
	g, r2 := read()
	named := 0
	for _, e := range g.Entries {
		if e.Title[0] == "Another name" && ids[e.ID[0]] {
			named++
		}
	}
	if named != 1 || r2.Header.Get("ETag") == r.Header.Get("ETag") {
		t.Errorf("%d entries have the other name", named)
	}
}

// Pictures and the feed take payloads as texts, whatever they hold.
func TestEmbedsAreNotHurtByTexts(t *testing.T) {
	s := newSite(t, siteOptions{closed: true, publish: everything})
	list := hostile(s.season.Athlete.ID)
	for i, name := range []string{"🏃🏽‍♀️🎉", "\u202egnihtemos\u2066", strings.Repeat("long ", 100), "שלום", "\x00\x1b[31m\x7f", "\xff\xfe", strings.Repeat("Z\u0335\u0489", 300)} {
		list = append(list, &musette.Activity{
			ID: int64(1000 + i), AthleteID: s.season.Athlete.ID, Name: strings.ToValidUTF8(name, "\ufffd"), SportType: "Run", Start: musette.At(seasonNow),
			DistanceM: 5000, MovingS: 1500, Visibility: "everyone", Source: musette.SourceAPI, Map: &musette.Map{Polyline: "_p~iF~ps|U_ulLnnqC_mqNvxq`@"},
		})
	}
	s.put(list...)
	paths := []string{"/embed/feed.svg?limit=20", "/embed/map.svg", "/embed/totals.svg", "/feed.atom"}
	for _, a := range list {
		paths = append(paths, "/embed/activity/"+strconv.FormatInt(a.ID, 10)+".svg")
	}
	for _, path := range paths {
		r, body := s.fetch(path)
		names, texts := xmlParts(t, body)
		for name := range names {
			if r.Header.Get("Content-Type") == "image/svg+xml" && !pictureParts[name] {
				t.Errorf("%s has <%s>", path, name)
			}
		}
		if r.StatusCode != 200 || strings.ContainsAny(strings.Join(texts, ""), "\x00\x1b") || strings.Contains(r.Header.Get("Content-Type"), "svg") && strings.Contains(body, "\u202e") {
			t.Errorf("%s: %s", path, r.Status)
		}
	}
	for _, a := range list[len(list)-9:] {
		_, card := s.fetch("/embed/activity/" + strconv.FormatInt(a.ID, 10) + ".png")
		if _, err := png.Decode(bytes.NewReader([]byte(card))); err != nil {
			t.Errorf("%q: %v", a.Name, err)
		}
		_, body := s.fetch("/a/" + strconv.FormatInt(a.ID, 10))
		head, _, _ := strings.Cut(body, "</head>")
		if strings.Count(head, "<script") != 1 || strings.Count(head, `property="og:title"`) != 1 {
			t.Errorf("the head of the page is %s", head)
		}
	}
}

// Many who ask for the same picture at once get the same.
func TestCardsAreDrawnForManyAtOnce(t *testing.T) {
	s := newSite(t, siteOptions{closed: true, publish: everything}).fill()
	tags := make(chan string)
	for range 8 {
		go func() {
			r, err := s.http.Client().Get(s.url("/embed/totals.png"))
			if err != nil {
				tags <- err.Error()
				return
			}
			r.Body.Close()
			tags <- r.Header.Get("ETag")
		}()
	}
	first := <-tags
	for range 7 {
		if tag := <-tags; tag != first || first == "" {
			t.Errorf("got %s and %s", first, tag)
		}
	}
}
