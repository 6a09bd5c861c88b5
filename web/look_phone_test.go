package web

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/emulation"
)

// tap taps what an expression gives.
func (r *reader) tap(expression string) {
	r.t.Helper()
	r.waitFor(expression)
	eval[any](r, expression+`.click(); null`)
}

// swipe moves a finger over the photo, some pixels to the right or left.
func (r *reader) swipe(moved int) {
	r.t.Helper()
	eval[any](r, fmt.Sprintf(`for (const [type, x] of [["touchstart", 200], ["touchend", %d]]) {
		const target = document.querySelector("dialog img"), finger = new Touch({ identifier: 1, target, clientX: x, clientY: 400 });
		target.dispatchEvent(new TouchEvent(type, { bubbles: true, touches: type === "touchend" ? [] : [finger], changedTouches: [finger] }));
	} null`, 200+moved))
}

// One who reads on a phone finds what they look for, looks at photos and leaves them by the way back, and meets a thin line.
func TestBrowserIsReadOnAPhone(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	for _, a := range s.season.Activities[:16] {
		s.put(fromSeason(s.season, a))
	}
	rich := s.rich()
	r := newReader(t, 390)
	if err := call(r.tab, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true}); err != nil {
		t.Fatal(err)
	}
	if err := call(r.tab, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 390, Height: 800, DeviceScaleFactor: 1, Mobile: true}); err != nil {
		t.Fatal(err)
	}
	photo := func(state string) string {
		return fmt.Sprintf(`location.pathname === "/a/%d" && !!document.querySelector("dialog[open]") === %s`, rich.ID, state)
	}

	r.open(s.url("/"))
	r.tap(`document.querySelector(".find summary")`)
	r.tap(`[...document.querySelectorAll(".fields .chip")].find((c) => c.textContent.trim() === "Run")`)
	r.tap(`document.querySelector(".fields button")`)
	r.waitFor(`location.search === "?type=Run" && document.querySelector(".found")`)
	r.tap(fmt.Sprintf(`document.querySelector("a[href='/a/%d']")`, rich.ID))
	r.waitFor(photo("false"))

	r.tap(`document.querySelector(".gallery a")`)
	r.waitFor(photo("true") + ` && document.querySelector("dialog img").naturalWidth`)
	first := eval[string](r, `document.querySelector("dialog img").src`)
	r.swipe(-160) // to the next one
	r.waitFor(fmt.Sprintf(`document.querySelector("dialog img").src !== %q`, first))
	r.swipe(160) // and back
	r.waitFor(fmt.Sprintf(`document.querySelector("dialog img").src === %q`, first))
	eval[any](r, `history.back(); null`)
	r.waitFor(photo("false"))
	r.tap(`document.querySelector(".gallery a")`)
	r.waitFor(photo("true"))
	r.tap(`document.querySelector("dialog[open] img")`)
	r.waitFor(photo("false") + ` && history.state === null`)

	r.open(s.url("/map"))
	eval[any](r, `(() => { const map = document.querySelector(".routes"), p = [...map.querySelectorAll("path")].pop(); map.scrollIntoView();
		const { x, y } = p.getPointAtLength(0).matrixTransform(p.getScreenCTM());
		map.dispatchEvent(new MouseEvent("click", { bubbles: true, clientX: x, clientY: y - 12 })); })(); null`)
	r.waitFor(`location.pathname.startsWith("/a/")`)
}
