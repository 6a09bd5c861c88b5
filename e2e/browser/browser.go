// Package browser starts a real Chromium, for looking at pages and for testing them: headless, with an empty profile
// of its own, and with everything off that would use the network by itself.
package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// errMissing says that there is no Chromium here.
var errMissing = errors.New("there is no Chromium on this machine; on Debian: apt-get install chromium")

// findPath is where the browser is; errMissing if nowhere.
func findPath() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errMissing
}

// start starts a browser with one empty tab, for use with chromedp. It ends with stop, or with ctx.
func start(ctx context.Context) (tab context.Context, stop func(), err error) {
	path, err := findPath()
	if err != nil {
		return nil, nil, err
	}
	profile, err := os.MkdirTemp("", "musette-browser-")
	if err != nil {
		return nil, nil, fmt.Errorf("making the browser's profile: %w", err)
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(profile),
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless, chromedp.DisableGPU,
	}
	for _, off := range []string{
		"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync",
		"disable-default-apps", "disable-extensions", "disable-dev-shm-usage", "hide-scrollbars", "mute-audio",
	} {
		options = append(options, chromedp.Flag(off, true))
	}
	options = append(options, chromedp.Flag("accept-lang", "en-GB"), chromedp.Flag("lang", "en-GB")) // a reader of kilometres
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, end := chromedp.NewExecAllocator(ctx, options...)
	tab, closeTab := chromedp.NewContext(allocator)
	stop = func() {
		closeTab()
		end()
		_ = os.RemoveAll(profile)
	}
	if err := chromedp.Do(tab); err != nil {
		stop()
		return nil, nil, fmt.Errorf("starting the browser %s: %w", path, err)
	}
	return tab, stop, nil
}

// Wear sets how the tab shows pages: its size in pixels and the scheme of colours, "light" or "dark". Motion is
// reduced, so that a picture taken at once is final.
func Wear(tab context.Context, width, height int64, scheme string) error {
	if err := chromedp.Do(tab, chromedp.EmulateViewport(width, height)); err != nil {
		return fmt.Errorf("sizing the browser: %w", err)
	}
	_, err := chromedp.Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme},
		{Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	if err != nil {
		return fmt.Errorf("setting the browser's colours: %w", err)
	}
	return nil
}

// picturesAreHere waits until every picture can be seen, the lazy ones too; one that never comes is no hindrance.
const picturesAreHere = `(async () => {
	const roots = [document, ...[...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean)];
	await Promise.all(roots.flatMap((r) => [...r.querySelectorAll("img")]).map((i) => { i.loading = "eager"; return i.decode().catch(() => {}); }));
	await document.fonts.ready;
	await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
	return true;
})()`

// Screenshot waits for the page's pictures and returns what the tab shows as PNG, or with whole all of the page.
func Screenshot(tab context.Context, whole bool) ([]byte, error) {
	if _, err := chromedp.Run(tab, chromedp.Evaluate[bool](picturesAreHere, chromedp.EvalAwaitPromise)); err != nil {
		return nil, fmt.Errorf("waiting for the page's pictures: %w", err)
	}
	shot := page.CaptureScreenshotParams{}
	if whole {
		size, err := chromedp.Call(tab, page.GetLayoutMetrics, cdp.Empty{})
		if err != nil {
			return nil, fmt.Errorf("measuring the page: %w", err)
		}
		beyond := true
		shot.CaptureBeyondViewport = &beyond
		shot.Clip = &page.Viewport{Width: size.CSSContentSize.Width, Height: size.CSSContentSize.Height, Scale: 1}
	}
	png, err := chromedp.Call(tab, page.CaptureScreenshot, shot)
	if err != nil {
		return nil, fmt.Errorf("taking a picture of the page: %w", err)
	}
	return png.Data, nil
}
