package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"musette"
	"musette/store"
)

// putParts stores an activity's detail with splits, and its streams, as Strava gives them.
func (s *site) putParts(a *musette.Activity) {
	s.t.Helper()
	type splits []map[string]any
	var metric, standard splits
	for i := range 20 {
		metric = append(metric, map[string]any{"distance": 1000, "moving_time": 280 + 7*(i%5), "elevation_difference": i%7 - 3})
		standard = append(standard, map[string]any{"distance": metresInMile, "moving_time": 450 + 7*(i%5), "elevation_difference": i%7 - 3})
	}
	var along, heights, speeds []float64
	for i := range 500 {
		along, heights, speeds = append(along, float64(i)*20), append(heights, 100+float64(i%60)), append(speeds, 2.5+float64(i%40)/40)
	}
	data := func(v []float64) map[string]any { return map[string]any{"data": v} }
	detail, err := json.Marshal(map[string]any{"id": a.ID, "splits_metric": metric, "splits_standard": standard})
	if err != nil {
		s.t.Fatal(err)
	}
	streams, err := json.Marshal(map[string]any{"distance": data(along), "altitude": data(heights), "velocity_smooth": data(speeds)})
	if err != nil {
		s.t.Fatal(err)
	}
	err = s.store.Update(s.t.Context(), nil, func(tx *store.Tx) error {
		for part, body := range map[musette.Part][]byte{musette.PartDetail: detail, musette.PartStreams: streams} {
			if err := tx.PutDocument(s.t.Context(), musette.NewDocument(a.AthleteID, a.ID, part, musette.SourceAPI, body, seasonNow), false); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// rich is an activity of the season that has photos, comments and a route; it gets everything else, too.
func (s *site) rich() *musette.Activity {
	s.t.Helper()
	for _, a := range s.season.Activities {
		m := fromSeason(s.season, a)
		if len(m.Photos) < 3 || m.Map == nil || len(m.Comments) == 0 {
			continue
		}
		text := "It rained.\nThen it didn't."
		m.Description, m.Kudos = &text, 12
		m.Laps = []musette.Lap{{Name: "Warm up", DistanceM: 2000, MovingS: 700}, {Name: "", DistanceM: 5200, MovingS: 1500}, {DistanceM: 10, MovingS: 3}}
		s.put(m)
		s.putParts(m)
		return m
	}
	s.t.Fatal("no activity of the season has it all")
	return nil
}

func TestBrowserShowsPhotosByKeys(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	a := s.rich()
	r := newReader(t, 1280)
	r.open(s.url("/a/" + strconv.FormatInt(a.ID, 10)))
	eval[any](r, `document.querySelectorAll(".gallery a")[1].focus(); document.activeElement.click(); null`)
	key := func(name string) {
		t.Helper()
		eval[any](r, fmt.Sprintf(`document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: %q, bubbles: true, cancelable: true})); null`, name))
	}
	at := func(want int) {
		t.Helper()
		r.waitFor(fmt.Sprintf(`document.querySelector("dialog[open] img")?.getAttribute("src") === document.querySelectorAll(".gallery a")[%d].href`, want))
	}
	at(1)
	key("ArrowRight")
	at(2)
	key("ArrowLeft")
	key("ArrowLeft")
	at(0)
	key("ArrowLeft")
	at(len(a.Photos) - 1)
	if !eval[bool](r, `document.querySelector("dialog").contains(document.activeElement)`) {
		t.Error("the keyboard is outside of the viewer")
	}
	eval[any](r, `document.querySelector("dialog .shut").click(); null`)
	r.waitFor(`!document.querySelector("dialog[open]") && document.activeElement === [...document.querySelectorAll(".gallery a")].pop()`)
}

func TestBrowserReadsAnActivityWithoutScripts(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{streams: true}).fill()
	a := s.rich()
	r := newReader(t, 390)
	if err := call(r.tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	r.open(s.url("/"))
	if err := chromedp.Do(r.tab, chromedp.Click(chromedp.CSS(fmt.Sprintf(`a[href="/a/%d"]`, a.ID)))); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(r.tab, chromedp.WaitVisible(chromedp.CSS(`.hero svg.route`))); err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{".gallery img", ".along svg", ".splits", ".said li", `a[rel="next"]`, ".story"} {
		if n := eval[int](r, fmt.Sprintf("document.querySelectorAll(%q).length", what)); n == 0 {
			t.Errorf("there is no %s", what)
		}
	}
	// What was chosen stays chosen.
	if err := chromedp.Do(r.tab, chromedp.Click(chromedp.CSS(`button[value="imperial"]`))); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(r.tab, chromedp.WaitVisible(chromedp.CSS(`button[value="metric"]`))); err != nil {
		t.Fatal(err)
	}
	if text := eval[string](r, `document.querySelector("main").textContent`); !strings.Contains(text, "mi") || strings.Contains(text, " km") {
		t.Errorf("it isn't in miles: %s", text)
	}
	if at := eval[string](r, `location.pathname`); at != fmt.Sprintf("/a/%d", a.ID) {
		t.Errorf("it leads to %s", at)
	}
}

func TestBrowserSaysDaysInTheVisitorsLanguage(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	s.put(&musette.Activity{
		ID: 3, AthleteID: s.season.Athlete.ID, Name: "A", SportType: "Run", Start: musette.At(seasonNow), StartLocal: "2024-03-05T21:30:00",
		Timezone: "Asia/Tokyo", DistanceM: 5000, MovingS: 1500,
	})
	r := newReader(t, 390)
	language := "de-DE"
	if err := call(r.tab, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: "test", AcceptLanguage: language}); err != nil {
		t.Fatal(err)
	}
	r.open(s.url("/a/3"))
	if got := eval[string](r, `document.querySelector(".meta time").lang + " " + document.querySelector(".meta time").textContent`); got != "de-DE 5. März 2024, 21:30" {
		t.Errorf("got %q", got)
	}
}

// onePixel is a tile of one pixel.
var onePixel = func() []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		panic(err)
	}
	return b.Bytes()
}()

func TestBrowserPutsTilesUnderTheRoute(t *testing.T) {
	t.Parallel()
	for _, good := range []bool{true, false} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if good {
				_, _ = w.Write(onePixel)
				return
			}
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write([]byte("<html>Please pay</html>"))
		}))
		t.Cleanup(server.Close)
		host := server.URL
		s := newSite(t, siteOptions{tiles: Tiles{URL: host + "/{z}/{x}/{y}?key=sesame", Attribution: "© <b>Somebody</b>", Dir: t.TempDir()}})
		a := s.rich()
		r := newReader(t, 390)
		r.forgive = []string{"status of 404"}
		r.open(s.url("/a/" + strconv.FormatInt(a.ID, 10)))
		if !good {
			r.waitFor(`!document.querySelector(".tiled")`)
			if eval[string](r, `getComputedStyle(document.querySelector(".hero > svg.route")).visibility`) != "visible" {
				t.Error("the drawing is gone, and there is no map")
			}
			continue
		}
		r.waitFor(`document.querySelector(".hero.mapped") && document.querySelectorAll(".ground .here").length >= 4`)
		if got := eval[string](r, `document.querySelector(".attribution").textContent`); got != "© <b>Somebody</b>" {
			t.Errorf("the map says %q", got)
		}
		before := eval[string](r, `document.querySelector(".over .rim").getAttribute("d")`)
		eval[any](r, `document.querySelector(".tools button").click(); null`)
		if eval[string](r, `document.querySelector(".over .rim").getAttribute("d")`) == before {
			t.Error("it doesn't zoom")
		}
		if f := r.findings(axeCore(t), ""); len(f) > 0 {
			t.Error(f)
		}
		if html := eval[string](r, `document.documentElement.outerHTML`); strings.Contains(html, "sesame") || strings.Contains(html, host) {
			t.Error("the page tells the tile host's key or name")
		}
	}
}

// The pages besides the feed, with everything that somebody hostile may have written.
func TestBrowserRunsNothingHostileOnOtherPages(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	var list []*musette.Activity
	for i, p := range payloads {
		list = append(list, &musette.Activity{
			ID: int64(i + 1), AthleteID: s.season.Athlete.ID, Name: p, SportType: p, Start: musette.At(seasonNow.Add(time.Duration(-i) * time.Minute)),
			StartLocal: "2026-10-08T18:30:00", Timezone: p, Description: &p, Map: &musette.Map{Polyline: "_p~iF~ps|U_ulLnnqC_mqNvxq`@"},
			DistanceM: 5000, MovingS: 1500, Comments: []musette.Comment{{Author: p, Text: p}}, Links: musette.Links{Strava: p},
			Laps: []musette.Lap{{Name: p, DistanceM: 2500, MovingS: 700}, {Name: p, DistanceM: 2500, MovingS: 800}},
		})
	}
	s.status.Athletes[0].Name = payloads[0]
	s.put(list...)
	r := newReader(t, 1280)
	paths := []string{"/map", "/totals"}
	for i := range list {
		if i%3 == 0 {
			paths = append(paths, fmt.Sprintf("/a/%d", i+1))
		}
	}
	for _, path := range paths {
		r.open(s.url(path))
		eval[any](r, `document.querySelectorAll("details").forEach((d) => { d.open = true; });
			document.querySelectorAll("*").forEach((e) => { e.dispatchEvent(new MouseEvent("mouseover", {bubbles: true})); e.focus && e.focus(); }); null`)
		if eval[bool](r, `"pwned" in window`) {
			t.Errorf("%s: something hostile ran", path)
		}
		if n := eval[int](r, `document.querySelectorAll("main script, main iframe, main object, main style, main base, main link, main meta, main img").length`); n > 0 {
			t.Errorf("%s: %d elements came in by text", path, n)
		}
	}
	r.forgive = []string{"status of 400"}
	for i := 0; i < len(payloads); i += 3 {
		p := payloads[i]
		r.open(s.url("/?from=" + url.QueryEscape(p) + "&q=" + url.QueryEscape(p) + "&type=" + url.QueryEscape(p)))
		if eval[bool](r, `"pwned" in window`) || eval[int](r, `document.querySelectorAll("form script, form img, form iframe, form svg").length`) > 0 {
			t.Errorf("the search ran %q", p)
		}
	}
}
