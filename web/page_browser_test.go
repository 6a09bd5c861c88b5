package web

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"musette"
	"musette/e2e/browser"
)

// A reader is a browser's tab, and all that went on in it that shouldn't.
type reader struct {
	t   *testing.T
	tab context.Context

	forgive []string // parts of the addresses of requests, or of reports, that may fail

	mu       sync.Mutex
	at       string // what is being looked at
	troubles []string
}

// newReader opens a browser as wide as a phone or a desk.
func newReader(t *testing.T, width int64) *reader {
	t.Helper()
	tab := browser.Open(t, 3*time.Minute) // many browsers at once, on few processors
	r := &reader{t: t, tab: tab}
	if err := chromedp.Listen(tab, r.watch); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		call(tab, network.Enable, network.EnableParams{}), call(tab, cdplog.Enable, cdp.Empty{}),
		call(tab, runtime.Enable, cdp.Empty{}), call(tab, page.Enable, page.EnableParams{}),
		browser.Wear(tab, width, 900, "light"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for _, trouble := range r.seen() {
			t.Error(trouble)
		}
	})
	return r
}

func call[P, R any](tab context.Context, command cdp.Command[P, R], params P) error {
	_, err := chromedp.Call(tab, command, params)
	return err
}

// watch notes requests that leave the machine, dialogs, errors, and what the page's policy had to forbid.
func (r *reader) watch(event any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	note := func(trouble string) {
		if r.at != "" {
			trouble = r.at + ": " + trouble
		}
		r.troubles = append(r.troubles, trouble)
	}
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(e.Request.URL)
		if err == nil && u.Scheme != "data" && !net.ParseIP(u.Hostname()).IsLoopback() {
			note("a request went to " + e.Request.URL)
		}
	case *page.EventJavascriptDialogOpening:
		note("a dialog says " + e.Message)
	case *runtime.EventExceptionThrown:
		note(fmt.Sprintf("a script failed: %s at %s", e.ExceptionDetails.Text, e.ExceptionDetails.URL))
	case *cdplog.EventEntryAdded:
		report := e.Entry.Text + " " + e.Entry.URL
		forgiven := slices.ContainsFunc(append(r.forgive, "/p/"), func(part string) bool { return strings.Contains(report, part) })
		if e.Entry.Level == cdplog.EntryLevelError && !forgiven {
			note("the browser reports: " + report)
		}
	}
}

func (r *reader) seen() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.troubles)
}

func (r *reader) open(address string) {
	r.t.Helper()
	if err := chromedp.Do(r.tab, chromedp.Navigate(address)); err != nil {
		r.t.Fatal(err)
	}
}

// waitFor waits until a JavaScript expression is true, in whatever document the tab has come to.
func (r *reader) waitFor(expression string) {
	r.t.Helper()
	for {
		_, err := chromedp.Run(r.tab, chromedp.Poll[bool]("!!("+expression+")", chromedp.WithPollingTimeout(20*time.Second)))
		if err == nil {
			return
		}
		if s := err.Error(); !strings.Contains(s, "Cannot find context") && !strings.Contains(s, "navigated or closed") { // a way to another page
			r.t.Fatalf("waiting for %s: %v", expression, err)
		}
	}
}

func eval[T any](r *reader, expression string) T {
	r.t.Helper()
	v, err := chromedp.Run(r.tab, chromedp.Evaluate[T](expression))
	if err != nil {
		r.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

const listening = `document.getElementById("activities").dataset.state === "live"`

func TestBrowserShowsThePageWithoutScripts(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{goalM: 1_000_000}).fill()
	r := newReader(t, 390)
	if err := call(r.tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	r.open(s.url("/"))
	if n := eval[int](r, `document.querySelectorAll("article.card").length`); n != 50 {
		t.Errorf("%d cards", n)
	}
	if n := eval[int](r, `[...document.querySelectorAll("svg.route")].filter((e) => e.getBoundingClientRect().height > 100).length`); n < 20 {
		t.Errorf("%d routes are to be seen", n)
	}
	if err := chromedp.Do(r.tab, chromedp.Click(chromedp.CSS(`a[rel="next"]`))); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(r.tab, chromedp.WaitVisible(chromedp.CSS(`a[rel="first"]`))); err != nil {
		t.Fatal(err)
	}
	if n := eval[int](r, `document.querySelectorAll("article.card").length`); n != 50 {
		t.Errorf("%d cards on the second page", n)
	}
}

func TestBrowserFitsEveryWidth(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{goalM: 1_000_000}).fill()
	endless := strings.Repeat("Donaudampfschifffahrt", 12)
	s.put(&musette.Activity{
		ID: 5, AthleteID: s.season.Athlete.ID, Name: endless, SportType: "Run" + endless, Start: musette.At(seasonNow),
		StartLocal: "2026-10-08T19:30:00", DistanceM: 123456789, MovingS: 123456789, ClimbM: 12345678, Description: &endless,
		Comments: []musette.Comment{{Author: endless, Text: endless}},
	})
	r := newReader(t, 390)
	for _, width := range []int64{320, 390, 699, 700, 900, 1280, 1920} {
		for _, scheme := range []string{"light", "dark"} {
			if err := browser.Wear(r.tab, width, 900, scheme); err != nil {
				t.Fatal(err)
			}
			r.open(s.url("/"))
			if over := eval[int](r, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
				t.Errorf("%d pixels wide, %s: the page is %d wider", width, scheme, over)
			}
			columns := eval[int](r, `new Set([...document.querySelectorAll(".card")].map((c) => c.getBoundingClientRect().left)).size`)
			if want := map[bool]int{true: 2, false: 1}[width >= 700]; columns != want {
				t.Errorf("%d pixels wide: %d columns", width, columns)
			}
			dark := eval[bool](r, `getComputedStyle(document.body).backgroundColor.match(/\d+/)[0] < 128`)
			if dark != (scheme == "dark") {
				t.Errorf("%s looks wrong", scheme)
			}
		}
	}
	small := eval[[]string](r, `[...document.querySelectorAll("a, button, summary")]
		.filter((e) => !e.closest(".skip, .photo") && e.getBoundingClientRect().height < 43.5).map((e) => e.outerHTML.slice(0, 80))`)
	if len(small) > 0 {
		t.Errorf("too small for a finger: %q", small)
	}
}

func TestBrowserFollowsChanges(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{goalM: 10_000_000}).fill()
	r := newReader(t, 390)
	r.open(s.url("/"))
	r.waitFor(listening)
	eval[any](r, `window.sameDocument = 1`)
	before := eval[string](r, `document.querySelector(".far").textContent`)

	long := strings.Repeat("A long story. ", 60)
	fresh := &musette.Activity{
		ID: 42, AthleteID: s.season.Athlete.ID, Name: "Just now", SportType: "Run", Start: musette.At(seasonNow),
		DistanceM: 10_000, MovingS: 3000, Description: &long,
	}
	s.put(fresh)
	r.waitFor(`document.querySelector(".card").id === "a42" && document.querySelector(".far").textContent !== ` + strconv.Quote(before))

	eval[any](r, `document.querySelector("#a42 details").open = true`)
	changed := *fresh
	changed.Name = "Just now, corrected"
	s.put(&changed)
	r.waitFor(`document.querySelector("#a42 h2").textContent === "Just now, corrected"`)
	if !eval[bool](r, `document.querySelector("#a42 details").open`) {
		t.Error("a text that was opened is closed again")
	}

	// A late upload takes its place by its start.
	third := s.season.Activities[2]
	late := *fresh
	late.ID, late.Name, late.Start = 43, "Late", musette.At(third.Start.Add(-time.Second))
	s.put(&late)
	r.waitFor(fmt.Sprintf(`document.getElementById("a43")?.previousElementSibling?.id === "a%d"`, third.ID))

	if n := eval[int](r, `window.sameDocument`); n != 1 {
		t.Error("the page was loaded again")
	}

	// Many at once, with one of them gone.
	var many []*musette.Activity
	for i := range 30 {
		a := *fresh
		a.ID, a.Name, a.Start = int64(100+i), "One of many", musette.At(seasonNow.Add(time.Duration(i+1)*time.Minute))
		many = append(many, &a)
	}
	s.put(many...)
	r.waitFor(`document.querySelectorAll("#a129, #a100").length === 2 && document.querySelectorAll(".card").length === 50`)
	if n := eval[int](r, `window.sameDocument`); n != 1 {
		t.Error("the page was loaded again")
	}
}

func TestBrowserLosesBrokenPictures(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	route := &musette.Map{Polyline: "_p~iF~ps|U_ulLnnqC_mqNvxq`@"}
	gone := []musette.Photo{{ID: "1", URL: "/pictures/missing/1", Width: 3, Height: 4}, {ID: "2", URL: "/pictures/missing/2", Width: 3, Height: 4}}
	one := musette.Activity{ID: 1, AthleteID: s.season.Athlete.ID, Name: "A", SportType: "Run", Start: musette.At(seasonNow), Map: route, Photos: gone}
	two := one
	two.ID, two.Map = 2, nil
	s.put(&one, &two)
	r := newReader(t, 390)
	r.open(s.url("/"))
	r.waitFor(`document.images.length === 0`)
	if c := eval[string](r, `document.getElementById("a1").className + " " + document.getElementById("a2").className`); c != "card family-foot route card family-foot plain" {
		t.Errorf("got %s", c)
	}
}

// Where the large picture doesn't come, another takes its place, and no cell stays empty.
func TestBrowserFillsThePlaceOfBrokenPictures(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	route := &musette.Map{Polyline: "_p~iF~ps|U_ulLnnqC_mqNvxq`@"}
	gone := musette.Photo{ID: "gone", URL: "/pictures/missing/1", Width: 4, Height: 3}
	here := musette.Photo{ID: "here", URL: "/pictures/7/300/400", Width: 300, Height: 400}
	for i, a := range []musette.Activity{
		{Map: route, Photos: []musette.Photo{gone, here}},
		{Map: route, Photos: []musette.Photo{here, gone}},
		{Photos: []musette.Photo{gone, here}},
		{Photos: []musette.Photo{here, gone, gone}},
		{Map: route, Photos: []musette.Photo{gone, here, gone, gone}},
	} {
		a.ID, a.AthleteID, a.Name, a.SportType, a.Start = int64(i+1), s.season.Athlete.ID, "A", "Run", musette.At(seasonNow)
		s.put(&a)
	}
	r := newReader(t, 390)
	if err := browser.Wear(r.tab, 390, 4000, "light"); err != nil { // tall, so that each is asked for
		t.Fatal(err)
	}
	r.open(s.url("/"))
	r.waitFor(`document.images.length === 5 && [...document.images].every((i) => i.naturalWidth)`)
	got := eval[[]string](r, `[...document.querySelectorAll(".card")].map((c) =>
		c.id + " " + c.querySelector(".media").className + ": " + [...c.querySelectorAll(".media > *")].map((e) => e.classList[0]).join(" ") +
		", strips " + c.querySelectorAll(".strip, .more, .side").length).sort()`)
	want := []string{
		"a1 media portrait: photo route, strips 0", "a2 media portrait: photo route, strips 0", "a3 media portrait: photo, strips 0",
		"a4 media portrait: photo, strips 0", "a5 media portrait: photo route, strips 0",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// payloads are texts that try to become something else than text.
var payloads = []string{
	`<script>window.pwned=1</script>`, `</script><script>window.pwned=1</script>`, `<img src=x onerror=window.pwned=1>`,
	`"><svg onload=window.pwned=1>`, `' onmouseover='window.pwned=1`, `" autofocus onfocus="window.pwned=1`,
	`javascript:window.pwned=1`, `</title><script>window.pwned=1</script>`, `</textarea><iframe srcdoc="<script>parent.pwned=1</script>">`,
	`<a href="javascript:window.pwned=1">x</a>`, `{{.}}`, `${window.pwned=1}`, `<!--`, `]]>`, `<math><mi xlink:href="data:x,<script>window.pwned=1</script>">`,
	`<style>@import "https://evil.example/"</style>`, `<base href="https://evil.example/">`, `<form action="https://evil.example/"><button>`,
	`<link rel=stylesheet href=https://evil.example/>`, `<meta http-equiv=refresh content="0;url=https://evil.example/">`,
	`<object data="javascript:window.pwned=1">`, `<video><source onerror="window.pwned=1">`, `<details open ontoggle=window.pwned=1>`,
	"\u0000<b>\u2028\u2029", `\"-window.pwned=1-\"`, `&lt;script&gt;window.pwned=1&lt;/script&gt;`, "line\r\nbreak",
}

func TestBrowserRunsNothingHostile(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	var list []*musette.Activity
	for i, p := range payloads {
		list = append(list, &musette.Activity{
			ID: int64(i + 1), AthleteID: s.season.Athlete.ID, Name: p, SportType: p, Start: musette.At(seasonNow.Add(time.Duration(-i) * time.Minute)),
			StartLocal: p, Timezone: p, Description: &p, Map: &musette.Map{Polyline: "_p~iF~ps|U_ulLnnqC_mqNvxq`@"},
			Comments: []musette.Comment{{Author: p, Text: p}}, Links: musette.Links{Strava: p},
			Photos: []musette.Photo{
				{URL: p, Caption: p},
				{URL: "javascript:window.pwned=1"},
				{URL: "data:text/html,<script>parent.pwned=1</script>"},
				{URL: "/pictures/missing/" + p, Caption: p, Width: 4, Height: 3},
			},
		})
	}
	s.status.Athletes[0].Name = `<script>window.pwned=1</script>`
	s.put(list...)
	r := newReader(t, 390)
	r.open(s.url("/"))
	r.waitFor(listening)
	r.waitFor(`document.readyState === "complete"`)

	names := eval[[]string](r, `[...document.querySelectorAll("h2")].map((e) => e.textContent)`)
	if len(names) != len(payloads) {
		t.Fatalf("%d cards of %d", len(names), len(payloads))
	}
	comments := eval[[]string](r, `[...document.querySelectorAll(".comments .text")].map((e) => e.textContent)`)
	for i, p := range payloads {
		p = strings.NewReplacer("\x00", "\ufffd", "\r\n", "\n").Replace(p) // what every HTML parser makes of them
		if got := strings.NewReplacer("\r\n", "\n").Replace(names[i]); got != p {
			t.Errorf("name: got %q, want %q", got, p)
		}
		if got := strings.NewReplacer("\r\n", "\n").Replace(comments[i]); got != p {
			t.Errorf("comment: got %q, want %q", got, p)
		}
	}
	// The same by the live way, and with everything opened and touched.
	again := *list[0]
	again.Name = `<img src=x onerror=window.pwned=1> again`
	s.put(&again)
	r.waitFor(`document.querySelector("h2").textContent.endsWith("again")`)
	eval[any](r, `document.querySelectorAll("details").forEach((d) => { d.open = true; });
		document.querySelectorAll("*").forEach((e) => { e.dispatchEvent(new MouseEvent("mouseover", {bubbles: true})); e.focus && e.focus(); });`)
	if eval[bool](r, `"pwned" in window`) {
		t.Error("something hostile ran")
	}
	if n := eval[int](r, `document.querySelectorAll("main script, main iframe, main object, main form, main style, main base, main link, main meta").length`); n > 0 {
		t.Errorf("%d elements came in by text", n)
	}
	bad := eval[[]string](r, `[...document.querySelectorAll("main a, main img")].map((e) => e.href || e.src).filter((u) => u && !u.startsWith(location.origin))`)
	if len(bad) > 0 {
		t.Errorf("addresses that shouldn't be: %q", bad)
	}
}
