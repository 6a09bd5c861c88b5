package web

import (
	"strconv"
	"testing"

	"musette/feed"
)

// Every widget on a foreign site, as an element, in a frame and as a picture: with what there is to show, and with what
// there is to say when there is nothing.
func TestBrowserLooksAtWidgets(t *testing.T) {
	t.Parallel()
	e := newElsewhere(t, 390, siteOptions{goalM: 1_000_000, publish: everything})
	e.forgive = errorsSeen
	for _, a := range e.season.Activities[:16] {
		e.put(fromSeason(e.season, a))
	}
	rich := e.rich()
	e.put(odd(rich.AthleteID)...)
	one := strconv.FormatInt(rich.ID, 10)
	for _, x := range []struct{ name, body, until string }{
		{"widgets", `<musette-totals></musette-totals><br><musette-feed limit="10"></musette-feed><br><musette-map></musette-map><br><musette-activity activity="` + one + `"></musette-activity>`, widgetsDrawn},
		{"widgetsmiles", `<div class="half"><musette-totals units="imperial"></musette-totals><br><musette-feed units="imperial" lang="de" limit="5"></musette-feed></div>`, widgetsDrawn},
		{"widgetsnone", `<musette-feed type="Kitesurf"></musette-feed><br><musette-map type="Kitesurf"></musette-map><br><musette-totals type="Kitesurf"></musette-totals><br><musette-activity activity="1"></musette-activity><br><musette-activity></musette-activity>`, widgetsDrawn},
		{"frames", `<iframe title="Totals" src="SITE/embed/totals"></iframe><iframe title="Feed" src="SITE/embed/feed?limit=2"></iframe><iframe title="Map" src="SITE/embed/map"></iframe><iframe title="One" src="SITE/embed/activity/` + one + `"></iframe>`, "document.readyState === 'complete'"},
		{"pictures", `<img alt="Totals" src="SITE/embed/totals.svg"><br><img alt="Feed" src="SITE/embed/feed.svg"><br><img alt="Map" src="SITE/embed/map.svg"><br><img alt="One" src="SITE/embed/activity/` + one + `.svg"><br><img alt="Long" src="SITE/embed/activity/81.svg"><br><img alt="Other way" src="SITE/embed/activity/82.svg">`, picturesDrawn},
		{"cards", `<img alt="Totals" src="SITE/embed/totals.png"><br><img alt="One" src="SITE/embed/activity/` + one + `.png"><br><img alt="Without a route" src="SITE/embed/activity/84.png"><br><img alt="Long" src="SITE/embed/activity/81.png"><br><img alt="Other way" src="SITE/embed/activity/82.png"><br><img alt="Pictures" src="SITE/embed/activity/83.png">`, picturesDrawn},
	} {
		e.name(x.name)
		e.show(foreign(x.body))
		e.waitFor(x.until)
		e.lookAt(x.name)
	}
	for _, path := range []string{"totals", "feed?limit=4", "map", "activity/" + one} {
		e.name("frame " + path)
		e.open(e.url("/embed/" + path))
		e.waitFor(widgetsDrawn)
		eval[any](e.reader, `document.documentElement.style.background = "Canvas"; null`) // what is transparent, axe takes for white
		e.lookAt("frame-" + path[:3])
	}
}

const (
	picturesDrawn = `[...document.images].every((i) => i.naturalWidth > 0)`
	widgetsDrawn  = `[...document.querySelectorAll("musette-totals, musette-feed, musette-map, musette-activity")].every((w) =>
		w.shadowRoot?.querySelector(".card, .note:not(:empty)") && !w.shadowRoot.querySelector(".note").textContent.endsWith("…"))`
)

// foreign is a page of somebody else's, who wants both light and dark.
func foreign(body string) string {
	return `<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
		<style>body { margin: 0; padding: 16px; font-family: sans-serif; background: light-dark(#fff, #111); }
		.half { max-width: 320px; } iframe { width: 100%; border: 0; height: 420px; } img { max-width: 100%; height: auto; }</style>
		<main><h1 class="foreign">My runs</h1><h2 class="foreign">So far</h2>` + body + `</main>` + script
}

// The same where totals alone are public, and where nothing is.
func TestBrowserLooksAtWidgetsOfWhatIsPrivate(t *testing.T) {
	t.Parallel()
	for name, publish := range map[string]feed.Publish{"aggregate": {Mode: feed.PublishAggregate, API: true}, "off": {}} {
		e := newElsewhere(t, 390, siteOptions{goalM: 1_000_000, publish: publish})
		e.forgive = errorsSeen
		e.fill()
		e.show(foreign(`<musette-totals></musette-totals><br><musette-feed></musette-feed><br><musette-map></musette-map><br>
			<img alt="Totals" src="SITE/embed/totals.svg"><br><img alt="Feed" src="SITE/embed/feed.svg">`))
		e.waitFor(widgetsDrawn)
		e.waitFor(picturesDrawn)
		e.lookAt("widgets-" + name)
	}
}
