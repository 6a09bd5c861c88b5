package web

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"musette/e2e/browser"
)

// lookAt looks at what is open, on a phone and on a desk, in light and dark: nothing is wider than the screen, what can
// be pressed is large enough for a finger, no text is cut off, and axe-core finds nothing serious. That nobody else is
// asked and that nothing fails, the reader watches all the time. With MUSETTE_LOOK set to a folder, pictures are kept
// there, for who changes how the pages look.
func (r *reader) lookAt(name string) {
	r.t.Helper()
	r.name(name)
	axe := axeCore(r.t)
	for i, wear := range []struct {
		width  int64
		scheme string
	}{{390, "light"}, {390, "dark"}, {1280, "dark"}, {1280, "light"}} {
		if err := browser.Wear(r.tab, wear.width, 1000, wear.scheme); err != nil {
			r.t.Fatal(err)
		}
		where := fmt.Sprint(name, " ", wear.width, " ", wear.scheme)
		if _, err := chromedp.Run(r.tab, chromedp.Evaluate[bool](settled, chromedp.EvalAwaitPromise)); err != nil {
			r.t.Fatal(err)
		}
		if over := eval[int](r, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
			r.t.Errorf("%s: %d pixels too wide", where, over)
		}
		if folder := os.Getenv("MUSETTE_LOOK"); folder != "" {
			look(r.t, r, fmt.Sprintf("%s/%s-%d-%s.png", folder, name, wear.width, wear.scheme))
		}
		rules := "" // all
		if i%2 == 1 {
			rules = `, runOnly: ["color-contrast", "link-in-text-block"]` // the same page in other colours
		}
		for _, finding := range r.findings(axe, rules) {
			r.t.Errorf("%s: %s", where, finding)
		}
		if i%2 == 1 {
			if small := eval[[]string](r, tooSmall); len(small) > 0 {
				r.t.Errorf("%s: too small for a finger: %q", where, small)
			}
			if cut := eval[[]string](r, cutOff); len(cut) > 0 {
				r.t.Errorf("%s: cut off: %q", where, cut)
			}
		}
	}
}

const (
	settled = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`
	// everything is all elements that are to be seen, those within widgets too.
	everythingSeen = `[document, ...[...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean)]
		.flatMap((r) => [...r.querySelectorAll("*")]).filter((e) => e.getClientRects().length && !e.closest(".hidden, .skip"))`
	// tooSmall are what can be pressed below 44 px. A photo is as large as its place, a route's line is in a list, too, and
	// a link in a running text is as high as its line.
	tooSmall = everythingSeen + `.filter((e) => e.matches("a, button, summary, select, input, textarea") && !e.matches("[type=hidden], p a:not(.button):not(:only-child)"))
		.filter((e) => !e.closest(".photo, svg, .docs, .foreign"))
		.filter((e) => e.getBoundingClientRect().height < 43.5).map((e) => e.outerHTML.slice(0, 120))`
	// cutOff are texts of which something is hidden by the edge of their box.
	cutOff = everythingSeen + `.filter((e) => !e.closest("svg, .most") && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
		.filter((e) => getComputedStyle(e).overflowX !== "visible" && getComputedStyle(e).overflowX !== "auto" && e.scrollWidth > e.clientWidth + 1)
		.map((e) => e.outerHTML.slice(0, 120))`
)

// name says what is being looked at, for the reader's reports.
func (r *reader) name(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at = what
}

// look keeps a picture, to be looked at.
func look(t *testing.T, r *reader, name string) {
	t.Helper()
	shot, err := browser.Screenshot(r.tab, !eval[bool](r, `!!document.querySelector("dialog[open]")`))
	if err == nil {
		err = os.WriteFile(name, shot, 0o600)
	}
	if err != nil {
		t.Error(err)
	}
}

// findings are what axe-core finds on the page that is open, as far as it is serious; rules narrow what it looks for.
func (r *reader) findings(axe, rules string) []string {
	r.t.Helper()
	if !eval[bool](r, `"axe" in window`) {
		eval[any](r, axe+"; null")
	}
	found, err := chromedp.Run(r.tab, chromedp.Evaluate[[]string](`axe.run({ exclude: [".foreign"] }, { resultTypes: ["violations"]`+rules+` }).then((r) => !r.passes.length && !`+strconv.FormatBool(rules != "")+` ? ["it looked at nothing"] : r.violations
		.filter((v) => v.impact === "serious" || v.impact === "critical")
		.map((v) => v.id + " (" + v.impact + "): " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + " " + (n.any[0] || {}).message).join(" | ")))`,
		chromedp.EvalAwaitPromise))
	if err != nil {
		r.t.Fatalf("axe-core can't be run: %v", err)
	}
	return found
}

// axeCore is the text of axe-core; testdata/axe has its licence.
func axeCore(t *testing.T) string {
	t.Helper()
	body, err := os.ReadFile("testdata/axe/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// longest is a name that breaks nowhere, rightToLeft one that is read the other way, and colourful one of pictures.
var (
	longest     = strings.Repeat("Donaudampfschifffahrt", 12)
	rightToLeft = "ריצת בוקר סביב 5 ק״מ (Tel Aviv)"
	colourful   = "🏃🏽‍♀️🌧️ Rain 🇬🇧 👨‍👩‍👧‍👦"
)
