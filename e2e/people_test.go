package e2e

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"musette"
	"musette/e2e/browser"
	"musette/strava/stravatest"
	"musette/strava/stravatest/season"
)

// tab is a browser's tab, as a person uses it.
type tab struct {
	t   *testing.T
	ctx context.Context
}

func openTab(t *testing.T) *tab {
	t.Helper()
	tabbed := browser.Open(t, 2*time.Minute)
	must(t, browser.Wear(tabbed, 390, 900, "light"))
	return &tab{t, tabbed}
}

func (b *tab) open(address string) {
	b.t.Helper()
	must(b.t, chromedp.Do(b.ctx, chromedp.Navigate(address)))
}

// says waits until the page's heading is as said.
func (b *tab) says(heading string) {
	b.t.Helper()
	b.until(`document.readyState === "complete" && document.querySelector("h1")?.textContent.includes(` + quoted(heading) + `)`)
}

func quoted(s string) string {
	q, _ := json.Marshal(s)
	return string(q)
}

// until waits for an expression to become true, on whatever page the browser is by then.
func (b *tab) until(expression string) {
	b.t.Helper()
	held := false
	defer func() {
		if !held {
			b.t.Logf("the page:\n%s", b.text())
		}
	}()
	eventually(b.t, expression, func() bool {
		good, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		held = err == nil && good // an error is a page that gives way to the next
		return held
	})
}

func (b *tab) text() string {
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
	if err != nil {
		return err.Error()
	}
	return text
}

func (b *tab) run(script string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](script+"; true")); err != nil {
		b.t.Fatalf("%s: %v", script, err)
	}
}

// press presses the button or link with this text, as a person does, and waits for the page it leads to.
func (b *tab) press(label string) {
	b.t.Helper()
	b.run(`window.before = true; [...document.querySelectorAll("button, a")].find((e) => e.textContent.trim().startsWith(` + quoted(label) + `)).click()`)
	b.until(`!window.before && document.readyState === "complete"`)
}

// sound looks for what keeps people from using the page: what axe-core finds serious, what is wider than a phone, and
// what is too small for a finger. In light and dark.
func (b *tab) sound() {
	b.t.Helper()
	axe, err := os.ReadFile("../web/testdata/axe/axe.min.js")
	must(b.t, err)
	b.run("(() => {" + string(axe) + "})()")
	for _, scheme := range []string{"dark", "light"} {
		must(b.t, browser.Wear(b.ctx, 390, 900, scheme))
		found, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](`axe.run({ resultTypes: ["violations"] }).then((r) => r.violations
			.filter((v) => v.impact === "serious" || v.impact === "critical")
			.map((v) => v.id + ": " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + " " + (n.any[0] || {}).message).join(" | "))
			.concat(document.documentElement.scrollWidth > innerWidth ? ["it is wider than the phone"] : [])
			.concat([...document.querySelectorAll("button, .button, input:not([type=hidden]), summary")]
				.filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 44).map((e) => e.outerHTML.slice(0, 120) + " is too small")))`,
			chromedp.EvalAwaitPromise))
		must(b.t, err)
		for _, f := range found {
			b.t.Errorf("%s: %s", scheme, f)
		}
	}
}

// answer answers the simulated Strava's question as an athlete.
func (b *tab) answer(athlete int64, yes bool, untick ...string) {
	b.t.Helper()
	b.says("Allow")
	b.run(`{ const who = document.querySelector("select[name=athlete]"); if (who) who.value = ` + quoted(id(athlete)) + ` }`)
	for _, scope := range untick {
		b.run(`document.querySelector('input[value=` + quoted(scope) + `]').checked = false`)
	}
	if yes {
		b.press("Authorise")
	} else {
		b.press("Cancel")
	}
}

// team is a Strava with a second athlete, and a server that shows strangers what it may.
func newTeam(t *testing.T) (w *world, other season.Athlete, p *program, s *site) {
	t.Helper()
	w = newWorld(t, stravatest.Config{Seed: 12, Activities: 8, Limits: plenty})
	w.AddAthlete(season.Options{Seed: 77, Activities: 6})
	other = w.Athletes()[1]
	p = newProgram(t).with(w.app()...).with("MUSETTE_PUBLISH=full", "MUSETTE_PUBLISH_API=yes")
	return w, other, p, p.serve()
}

// An athlete is invited, says no first, then leaves boxes unticked, connects in the end, chooses what is shown, takes
// everything along and leaves: all in a browser, with the real program.
func TestAnAthleteInTheBrowser(t *testing.T) {
	t.Parallel()
	w, other, p, s := newTeam(t)
	b := openTab(t)
	link := strings.TrimSpace(p.must("athlete", "invite", "--name", "Jo"))
	if !strings.HasPrefix(link, s.url+"/connect?invite=") {
		t.Fatalf("the link is %s", link)
	}
	b.open(link)
	b.says("Connect your Strava activities")
	b.sound()
	b.press("Continue to Strava")
	b.answer(other.ID, false)
	b.says("You said no at Strava")
	b.sound()
	b.press("Try again")
	_, err := w.AddFault(stravatest.Fault{Kind: stravatest.FaultBadGateway, Path: "/oauth/token", Count: 1})
	must(t, err)
	b.answer(other.ID, true)
	b.says("Strava isn’t answering at the moment")
	b.press("Try again")
	b.answer(other.ID, true, "activity:read_all")
	b.says("The boxes about activities were unticked")
	b.press("Try again")
	b.answer(other.ID, true)
	b.says("Welcome, " + other.FirstName)
	if log := s.stderr.String(); strings.Contains(log, strings.SplitN(link, "=", 2)[1]) {
		t.Error("the log has the invite")
	}

	// Who looks at the link now is told that it was used; the athlete is signed in.
	stranger := newClient(t)
	fetch(t, stranger, request(t, link)).want(404)
	eventually(t, "the keeper having fetched everything", func() bool {
		list := s.status().Athletes
		return len(list) == 1 && list[0].Activities == 6 && list[0].Parts[musette.PartDetail].Have == 6
	})
	b.press("What is shown of me")
	b.says("What is shown of me")

	// Hiding takes an activity from strangers at once, and showing gives it back.
	b.until(`[...document.querySelectorAll(".shown")].some((e) => e.textContent.startsWith("Strangers see it"))`)
	shown := len((&site{process: s.process, url: s.url, client: stranger}).feed())
	b.run(`document.querySelector(".mine li:has(.yes)").dataset.first = "yes"`)
	b.run(`window.before = true; document.querySelector("[data-first] .whole button").click()`)
	b.until(`!window.before && document.readyState === "complete" && [...document.querySelectorAll(".shown")].some((e) => e.textContent === "Hidden by you")`)
	eventually(t, "one less for strangers", func() bool {
		return len((&site{process: s.process, url: s.url, client: stranger}).feed()) == shown-1
	})
	b.press("Show")
	b.until(`![...document.querySelectorAll(".shown")].some((e) => e.textContent === "Hidden by you")`)

	// A zone.
	b.run(`document.querySelector("#zone-name").value = "School"; document.querySelector("#zone-place").value = "51.4779, -0.0015"`)
	b.press("Hide this place")
	b.until(`document.querySelector(".zones").textContent.includes("School")`)
	b.run(`for (const d of document.querySelectorAll("details")) d.open = true`)
	b.sound()
	b.open(s.url + "/status")
	b.says("How things stand")
	b.sound()
	b.open(s.url + "/me")
	b.says("What is shown of me")
	if list := p.must("zone", "list"); !strings.Contains(list, "School") || !strings.Contains(list, id(other.ID)) {
		t.Errorf("the zones are %s", list)
	}

	// All that is here, as a file.
	taken, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`fetch("/me/export").then((r) => r.arrayBuffer()).then((a) => btoa(String.fromCharCode(...new Uint8Array(a))))`, chromedp.EvalAwaitPromise))
	must(t, err)
	body, err := base64.StdEncoding.DecodeString(taken)
	must(t, err)
	files := unzip(t, body)
	for _, a := range w.Activities(other.ID) {
		for _, name := range []string{"summary.json", "detail.json", "activity.json", "documents.json"} {
			if files["activities/"+id(a.ID)+"/"+name] == nil {
				t.Errorf("activity %d has no %s", a.ID, name)
			}
		}
	}
	for name := range files {
		for _, a := range w.Activities(w.athlete.ID) {
			if strings.Contains(name, id(a.ID)) {
				t.Errorf("%s is of another athlete", name)
			}
		}
	}

	// And away.
	b.run(`document.querySelector("#confirm").value = "no"`)
	b.press("Delete everything")
	b.until(`document.querySelector("[role=alert]").textContent.includes("Nothing was deleted")`)
	b.run(`document.querySelector("#confirm").value = "leave"`)
	b.press("Delete everything")
	b.says("Goodbye, " + other.FirstName)
	b.sound()
	if text := b.text(); !strings.Contains(text, "6 activities") || !strings.Contains(text, "Told:") {
		t.Errorf("the receipt is %s", text)
	}
	if traces := p.traces(other.FirstName+" "+other.LastName, id(other.ID)); len(traces) > 0 {
		t.Errorf("%d traces, such as %v", len(traces), traces[:min(5, len(traces))])
	}
	b.open(s.url + "/me")
	b.until(`document.querySelector("form[action='/login']")`)
}

func request(t testing.TB, address string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	must(t, err)
	return r
}

func unzip(t testing.TB, body []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	must(t, err)
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		must(t, err)
		files[f.Name], err = io.ReadAll(r)
		must(t, err)
		must(t, r.Close())
	}
	return files
}
