package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"

	"musette"
	"musette/feed"
)

// everything is published, with every field.
var everything = feed.Publish{Mode: feed.PublishFull, API: true, Fields: feed.Fields}

// elsewhere is somebody else's site: a page at an origin of its own, and a browser that opens it.
type elsewhere struct {
	*site
	*reader
	away *httptest.Server

	mu    sync.Mutex
	page  string
	asked []*http.Request // by the browser, of the site with the activities
}

func newElsewhere(t *testing.T, width int64, o siteOptions) *elsewhere {
	t.Helper()
	e := &elsewhere{}
	e.away = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path == "/" {
			_, _ = w.Write([]byte(e.page))
		}
	}))
	t.Cleanup(e.away.Close)
	o.closed = true
	if o.origins == nil {
		o.origins = []string{e.away.URL}
	}
	e.site = newSite(t, o)
	served := e.site.http.Config.Handler
	e.site.http.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		e.asked = append(e.asked, r)
		e.mu.Unlock()
		served.ServeHTTP(w, r)
	})
	e.reader = newReader(t, width)
	return e
}

// show opens a page with a body at the other site. SITE in it is the address of ours.
func (e *elsewhere) show(body string) {
	e.reader.t.Helper()
	e.page = `<!doctype html><html lang="en-GB"><meta charset="utf-8"><title>Elsewhere</title><link rel="icon" href="data:,">` +
		strings.ReplaceAll(body, "SITE", e.site.http.URL)
	e.open(e.away.URL)
}

const script = `<script src="SITE/embed.js"></script>`

// inside is an expression for what a selector finds within the first element of a name.
func inside(element, selector string) string {
	return fmt.Sprintf(`document.querySelector(%q)?.shadowRoot?.querySelector(%q)`, element, selector)
}

func (e *elsewhere) waitForText(element, selector, text string) {
	e.reader.t.Helper()
	e.waitFor(fmt.Sprintf(`%s?.textContent.includes(%q)`, inside(element, selector), text))
}

func TestTheWidgetsAreSmall(t *testing.T) {
	body, err := staticFiles.ReadFile("static/embed.js")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(feed.NewResponse(body, "").Encoded(feed.Gzip)); n > 20_000 {
		t.Errorf("the widgets have %d bytes, compressed", n)
	}
	for _, no := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "localStorage", "document.cookie"} {
		if strings.Contains(string(body), no) {
			t.Errorf("the widgets use %s", no)
		}
	}
}

// Every example in docs/embedding.md shows what it is meant to, in a page of another origin.
func TestBrowserShowsTheDocumentedExamples(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../docs/embedding.md")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?ms)^ *```html\n(.*?)^ *```").FindAllStringSubmatch(string(readme)+string(doc), -1)
	if len(examples) < 7 {
		t.Fatalf("%d examples", len(examples))
	}
	e := newElsewhere(t, 800, siteOptions{goalM: 1_000_000, publish: everything})
	e.fill()
	one := e.season.Activities[3].ID
	for i, m := range examples {
		body := strings.NewReplacer("https://runs.example.org", "SITE", "19403555631", strconv.FormatInt(one, 10), `loading="lazy"`, "").Replace(m[1])
		e.show(`<script>heights = new Map(); addEventListener("message", (e) => heights.set(e.source, e.data.height))</script>` + body)
		e.waitFor(`[...document.querySelectorAll(":not(:defined)")].length === 0 &&
			[...document.querySelectorAll("musette-totals, musette-feed, musette-activity, musette-map")].every((w) => w.shadowRoot.querySelector(".card")) &&
			[...document.querySelectorAll("iframe")].every((f) => heights.get(f.contentWindow) > 80) &&
			[...document.images].every((i) => i.naturalWidth > 0)`)
		if n := eval[int](e.reader, `document.querySelectorAll("iframe, img, [part], musette-totals, musette-feed, musette-activity, musette-map").length`); n == 0 {
			t.Errorf("example %d shows nothing", i+1)
		}
		if strings.Contains(body, "frame.style.height") {
			e.waitFor(`document.getElementById("runs").offsetHeight > 300`)
		}
		if over := eval[int](e.reader, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
			t.Errorf("example %d is %d pixels too wide", i+1, over)
		}
	}
}

// The site's styles don't reach in, and the widgets ask nobody but the server, without cookies, and without saying where
// they stand.
func TestBrowserKeepsWidgetsApart(t *testing.T) {
	t.Parallel()
	e := newElsewhere(t, 390, siteOptions{goalM: 1_000_000, publish: everything})
	e.fill()
	// The two sites differ in their port alone, so a browser would send this to both.
	if err := call(e.tab, network.SetCookie, network.SetCookieParams{Name: sessionCookie, Value: "secret", URL: e.site.http.URL}); err != nil {
		t.Fatal(err)
	}
	e.show(`<style>* { color: rgb(255, 0, 0) !important; font: 50px/3 serif !important; display: block !important; letter-spacing: 9px !important; border: 5px solid red !important; }</style>
		<musette-totals></musette-totals><musette-feed></musette-feed><musette-map></musette-map><musette-activity activity="` +
		strconv.FormatInt(e.season.Activities[3].ID, 10) + `"></musette-activity>` + script)
	for _, element := range []string{"musette-totals", "musette-feed", "musette-map", "musette-activity"} {
		e.waitFor(inside(element, ".card"))
		got := eval[string](e.reader, `(() => { const s = getComputedStyle(`+inside(element, ".card")+`); return [s.color, s.fontSize, s.letterSpacing].join(" "); })()`)
		if got != "rgb(31, 35, 40) 15px normal" {
			t.Errorf("%s looks like %s", element, got)
		}
	}
	if n := eval[int](e.reader, `document.querySelector("musette-feed").shadowRoot.querySelectorAll("img").length`); n == 0 {
		t.Error("photos that the server has aren't shown")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	data := 0
	for _, r := range e.asked {
		if !strings.HasPrefix(r.URL.Path, "/v1/") {
			continue
		}
		data++
		if r.Header.Get("Cookie") != "" || r.Header.Get("Referer") != "" || r.Header.Get("Origin") != e.away.URL {
			t.Errorf("%s was asked with %v", r.URL, r.Header)
		}
	}
	if data != 5 {
		t.Errorf("%d requests for data", data)
	}
}

// quick makes a page's minutes pass in moments.
const quick = `<script>{ const wait = setTimeout; window.setTimeout = (f, ms) => wait(f, ms >= 50e3 ? ms / 300 : ms); }</script>`

func TestBrowserKeepsWidgetsUpToDate(t *testing.T) {
	t.Parallel()
	e := newElsewhere(t, 390, siteOptions{goalM: 1_000_000, publish: everything})
	e.fill()
	e.show(quick + `<musette-feed></musette-feed><musette-totals></musette-totals>` + script)
	e.waitFor(inside("musette-feed", "a"))
	eval[any](e.reader, inside("musette-feed", "a")+`.focus()`)
	e.put(&musette.Activity{
		ID: 42, AthleteID: e.season.Athlete.ID, Name: "Just now", SportType: "Run", Start: musette.At(seasonNow.Add(-1)),
		StartLocal: "2026-10-08T19:00:00", Timezone: "UTC", DistanceM: 500_000, MovingS: 3000, Visibility: "everyone", Source: musette.SourceAPI,
	})
	e.waitForText("musette-feed", "li:first-child h3", "Just now")
	if !eval[bool](e.reader, `document.querySelector("musette-feed").shadowRoot.activeElement?.matches("li:nth-child(2) a")`) {
		t.Error("the keyboard's focus is lost")
	}
	before := eval[string](e.reader, inside("musette-totals", ".far")+`.textContent`)
	eval[any](e.reader, `document.querySelector("musette-totals").setAttribute("type", "Run")`)
	e.waitFor(inside("musette-totals", ".far") + `.textContent !== ` + strconv.Quote(before))
}

func TestBrowserWidgetsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	t.Run("nothing is public", func(t *testing.T) {
		e := newElsewhere(t, 390, siteOptions{})
		e.forgive = append(e.forgive, "/v1/")
		e.fill()
		e.show(`<musette-feed></musette-feed><musette-map lang="de"></musette-map>` + script)
		e.waitForText("musette-feed", ".note", "Nothing is public here")
		e.waitForText("musette-map", ".note", "Hier ist zurzeit nichts öffentlich.")
	})
	t.Run("totals alone are public", func(t *testing.T) {
		e := newElsewhere(t, 390, siteOptions{publish: feed.Publish{Mode: feed.PublishAggregate, API: true}, goalM: 1_000_000})
		e.forgive = append(e.forgive, "/v1/")
		e.fill()
		e.show(`<musette-totals></musette-totals><musette-totals type="Run" id="runs"></musette-totals><musette-feed></musette-feed><musette-map></musette-map>` + script)
		e.waitForText("musette-totals", ".far", "of 1,000")
		e.waitForText("#runs", ".note", "Only the totals of everything")
		e.waitForText("musette-feed", ".card", "Only the totals of everything are public")
		e.waitForText("musette-map", ".card", "Only the totals of everything are public")
	})
	t.Run("the page isn't allowed", func(t *testing.T) {
		e := newElsewhere(t, 390, siteOptions{publish: everything, origins: []string{"https://other.example"}})
		e.forgive = append(e.forgive, "/v1/", "CORS")
		e.fill()
		e.show(`<musette-feed></musette-feed>` + script)
		e.waitForText("musette-feed", ".note", "MUSETTE_ORIGINS")
		e.waitForText("musette-feed", ".note", e.away.URL)
	})
	t.Run("the server goes away", func(t *testing.T) {
		e := newElsewhere(t, 390, siteOptions{publish: everything})
		e.forgive = append(e.forgive, "/v1/", "/embed.js", "/p/")
		e.fill()
		e.show(quick + `<musette-feed></musette-feed><musette-activity></musette-activity><musette-activity id="none" activity="99"></musette-activity>` + script)
		e.waitFor(inside("musette-feed", "article"))
		e.waitForText("musette-activity", ".note", "Which activity?")
		e.waitForText("#none", ".note", "This activity isn’t shown.")
		e.server.Close()
		e.site.http.CloseClientConnections()
		e.site.http.Listener.Close()
		e.waitForText("musette-feed", ".note", "can’t be reached")
		if n := eval[int](e.reader, `document.querySelector("musette-feed").shadowRoot.querySelectorAll("article").length`); n != 6 {
			t.Errorf("of what was shown %d are left", n)
		}
	})
}

// A hostile activity has payloads wherever text can come from.
func hostile(athlete int64) (list []*musette.Activity) {
	for i, p := range payloads {
		list = append(list, &musette.Activity{
			ID: int64(i + 1), AthleteID: athlete, Name: p, SportType: p, Start: musette.At(seasonNow),
			StartLocal: p, Timezone: p, Description: &p, DistanceM: 5000, MovingS: 1500, Visibility: "everyone", Source: musette.SourceAPI,
			Comments: []musette.Comment{{Author: p, Text: p}}, Links: musette.Links{Strava: p},
			Photos: []musette.Photo{{URL: p, Caption: p}, {URL: "javascript:window.pwned=1"}, {URL: "https://evil.example/x.png"}, {URL: "/pictures/missing/" + p, Caption: p}},
		})
	}
	return list
}

func TestBrowserWidgetsRunNothingHostile(t *testing.T) {
	t.Parallel()
	e := newElsewhere(t, 390, siteOptions{publish: everything})
	e.forgive = append(e.forgive, "/p/")
	e.put(hostile(e.season.Athlete.ID)...)
	e.show(`<musette-feed limit="100"></musette-feed><musette-map></musette-map><musette-totals></musette-totals><div id="all"></div>` + script)
	e.waitFor(`document.querySelector("musette-feed").shadowRoot.querySelectorAll("article").length === ` + strconv.Itoa(len(payloads)))
	eval[any](e.reader, `for (let i = 1; i <= `+strconv.Itoa(len(payloads))+`; i++) {
		const w = document.createElement("musette-activity"); w.setAttribute("activity", i); document.getElementById("all").append(w); }`)
	e.waitFor(`[...document.querySelectorAll("musette-activity")].every((w) => w.shadowRoot.querySelector("article"))`)
	names := eval[[]string](e.reader, `[...document.querySelectorAll("musette-activity")].map((w) => w.shadowRoot.querySelector("h3").textContent)`)
	comments := eval[[]string](e.reader, `[...document.querySelectorAll("musette-activity")].map((w) => w.shadowRoot.querySelector(".comments span").textContent)`)
	for i, p := range payloads {
		if strings.TrimSpace(names[i]) != strings.TrimSpace(p) || comments[i] != p {
			t.Errorf("got %q and %q, want %q", names[i], comments[i], p)
		}
	}
	const all = `[document, ...[...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean)].flatMap((r) => [...r.querySelectorAll("*")])`
	eval[any](e.reader, all+`.forEach((e) => { e.dispatchEvent(new MouseEvent("mouseover", { bubbles: true })); e.focus?.(); })`)
	if eval[bool](e.reader, `"pwned" in window`) {
		t.Error("something hostile ran")
	}
	if n := eval[int](e.reader, all+`.filter((e) => e.getRootNode() !== document && e.matches("script, iframe, object, form, style, base, link, meta, :not(h3, b) > a, video, details, math")).length`); n > 0 {
		t.Errorf("%d elements came in by text", n)
	}
	if bad := eval[[]string](e.reader, all+`.map((e) => e.src || "").filter((u) => u && !u.startsWith(`+strconv.Quote(e.site.http.URL)+`))`); len(bad) > 0 {
		t.Errorf("pictures from elsewhere: %q", bad)
	}
}

// Widgets follow the page's colours, or what they are told; and they fit a narrow column.
func TestBrowserWidgetsLookRight(t *testing.T) {
	t.Parallel()
	e := newElsewhere(t, 1280, siteOptions{goalM: 1_000_000, publish: everything})
	e.fill()
	long := strings.Repeat("Donaudampfschifffahrt", 12)
	e.put(&musette.Activity{
		ID: 5, AthleteID: e.season.Athlete.ID, Name: long, SportType: "Run" + long, Start: musette.At(seasonNow), StartLocal: "2026-10-08T19:30:00",
		DistanceM: 123456789, MovingS: 123456789, ClimbM: 12345678, Description: &long, Visibility: "everyone", Source: musette.SourceAPI,
	})
	e.show(`<meta name="color-scheme" content="dark"><div style="width: 240px"><musette-feed></musette-feed><musette-totals></musette-totals><musette-map></musette-map></div>
		<musette-feed id="wide" theme="light" units="imperial" lang="de"></musette-feed>` + script)
	e.waitFor(inside("#wide", "article") + " && " + inside("musette-feed", "article") + " && " + inside("musette-totals", ".card") + " && " + inside("musette-map", "svg"))
	dark := func(element string) bool {
		return eval[bool](e.reader, `getComputedStyle(`+inside(element, ".card")+`).backgroundColor.match(/\d+/)[0] < 128`)
	}
	if !dark("musette-feed") || dark("#wide") {
		t.Error("the colours are wrong")
	}
	columns := func(element string) int {
		return eval[int](e.reader, fmt.Sprintf(`new Set([...document.querySelector(%q).shadowRoot.querySelectorAll("article")].map((c) => c.getBoundingClientRect().left)).size`, element))
	}
	if n, w := columns("musette-feed"), columns("#wide"); n != 1 || w != 2 {
		t.Errorf("%d columns in a narrow place, %d in a wide one", n, w)
	}
	wide := eval[[]string](e.reader, `[...document.querySelectorAll("musette-feed, musette-totals, musette-map")].flatMap((w) => {
		const right = w.getBoundingClientRect().right + 1;
		return [...w.shadowRoot.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > right).map((e) => w.localName + " " + e.outerHTML.slice(0, 80));
	})`)
	if len(wide) > 0 {
		t.Errorf("%d reach out: %q", len(wide), wide[:min(len(wide), 4)])
	}
	text := eval[string](e.reader, `document.querySelector("#wide").shadowRoot.querySelector("li:nth-child(2)").textContent`)
	for _, want := range []string{"Strecke", "mi", "Auf Strava ansehen"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q lacks %q", text, want)
		}
	}
}

func TestBrowserShowsFramesWithoutScripts(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{closed: true, goalM: 1_000_000, publish: everything}).fill()
	r := newReader(t, 390)
	if err := call(r.tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/embed/feed?limit=300&lang=de", "/embed/map?type=Run", "/embed/totals?units=imperial", "/embed/activity/" + strconv.FormatInt(s.season.Activities[3].ID, 10)} {
		r.open(s.url(path))
		if seen := eval[bool](r, `document.images.length === 1 && document.images[0].naturalWidth === 640 && document.documentElement.scrollWidth <= innerWidth`); !seen {
			t.Errorf("%s shows nothing", path)
		}
	}
	// Where nothing is public the picture says so, and is shown although its status is 401.
	off := newSite(t, siteOptions{closed: true}).fill()
	r.forgive = append(r.forgive, "/embed/feed.svg")
	r.open(off.url("/embed/feed"))
	if !eval[bool](r, `document.images[0].naturalWidth === 640`) {
		t.Error("the picture that says that nothing is public isn't shown")
	}
}
