package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/go-json-experiment/json"

	"musette"
	"musette/e2e/browser"
)

// TestScreenshots looks at the demo from its first moment on, until the season is complete, and takes the pictures in
// docs/screenshots: on a phone and on a desk, in light and dark; of one activity, the map and the totals too. They are kept
// in $MUSETTE_SCREENSHOTS/screenshots if that is set.
func TestScreenshots(t *testing.T) {
	tab := browser.Open(t, 3*time.Minute)
	folder := t.TempDir()
	if docs := os.Getenv("MUSETTE_SCREENSHOTS"); docs != "" {
		folder = filepath.Join(docs, "screenshots")
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}

	address := demo(t)
	if err := chromedp.Do(tab, chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
	const whole = `document.querySelectorAll(".card").length >= 50 && document.querySelector(".state").textContent.startsWith("Up to date")`
	if _, err := chromedp.Run(tab, chromedp.Poll[bool](whole, chromedp.WithPollingTimeout(time.Minute))); err != nil {
		t.Fatalf("the page didn't become whole by itself: %v", err)
	}
	if os.Getenv("MUSETTE_SCREENSHOTS") != "" { // drawing and shrinking them takes a busy machine a while
		eventually(t, "every photo is kept", func() bool { return photosKept(t, address) })
	}
	for _, width := range []int64{390, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			name := filepath.Join(folder, fmt.Sprintf("page-%d-%s.png", width, scheme))
			if err := picture(tab, address, width, scheme, name); err != nil {
				t.Error(err)
			}
		}
	}
	one, err := chromedp.Run(tab, chromedp.Evaluate[string](anActivity))
	if err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"activity": one, "map": "/map", "totals": "/totals"} {
		if err := picture(tab, address+path, 1280, "light", filepath.Join(folder, name+"-1280-light.png")); err != nil {
			t.Error(err)
		}
	}
}

// anActivity is the path of the newest one with a route and no photo: pictures of photos are large.
const anActivity = `new URL(document.querySelector(".card.route h2 a").href).pathname`

// picture loads the page anew and writes what it looks like.
func picture(tab context.Context, address string, width int64, scheme, name string) error {
	if err := browser.Wear(tab, width, 1600, scheme); err != nil {
		return err
	}
	if err := chromedp.Do(tab, chromedp.Navigate(address)); err != nil {
		return fmt.Errorf("opening %s: %w", address, err)
	}
	const seen = `[...document.images].every((i) => i.getBoundingClientRect().top > innerHeight || i.complete && i.naturalWidth)`
	if _, err := chromedp.Run(tab, chromedp.Poll[bool](seen, chromedp.WithPollingTimeout(20*time.Second))); err != nil {
		return fmt.Errorf("waiting for the photos: %w", err)
	}
	png, err := browser.Screenshot(tab, false)
	if err != nil {
		return err
	}
	if len(png) < 20_000 || len(png) > 600_000 { // how many photos are in view depends on the day: the season ends today
		return fmt.Errorf("%s has %d bytes, which is no picture of a page, or too large for docs", name, len(png))
	}
	return os.WriteFile(name, png, 0o644)
}

// photosKept reports whether all pictures of photos are here: until then a page has a place for each, with nothing in it.
func photosKept(t *testing.T, address string) bool {
	t.Helper()
	resp, err := http.Get(address + "/v1/status")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var status musette.Status
	if err := json.UnmarshalRead(resp.Body, &status); err != nil {
		t.Fatal(err)
	}
	return status.Pictures.Kept > 0 && status.Pictures.Due == 0
}

// demo builds and starts the demo, and returns the address of its page.
func demo(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "musette")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "musette/cmd/musette")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the program: %v\n%s", err, out)
	}
	run := exec.CommandContext(t.Context(), program, "demo", "--port", "0")
	run.Cancel = func() error { return run.Process.Signal(os.Interrupt) } // it tidies its folder away
	run.WaitDelay = 10 * time.Second
	said, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	run.Stderr = run.Stdout
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = run.Cancel()
		_ = run.Wait()
	})
	where := regexp.MustCompile(`the page: (http://\S+)`)
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if m := where.FindStringSubmatch(lines.Text()); m != nil {
			go func() { _, _ = io.Copy(io.Discard, said) }()
			return m[1]
		}
	}
	t.Fatal("the demo ended without saying where its page is")
	return ""
}
