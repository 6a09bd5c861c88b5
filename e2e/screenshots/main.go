// Screenshots looks at a running page with a browser, on a phone and on a desk, in light and dark, and writes what it
// sees as PNG files.
//
//	go run ./e2e/screenshots -url http://127.0.0.1:8080/ -out docs/screenshots
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/chromedp/chromedp"

	"musette/e2e/browser"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("screenshots: ")
	address := flag.String("url", "http://127.0.0.1:8080/", "the page to look at")
	out := flag.String("out", "docs/screenshots", "the folder for the pictures")
	name := flag.String("name", "page", "what the pictures are called")
	height := flag.Int64("height", 1600, "how much of the page to show, in pixels")
	whole := flag.Bool("whole", false, "show all of the page")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *address, filepath.Join(*out, *name), *height, *whole); err != nil {
		log.Fatal(err)
	}
}

// run writes the pictures to out-WIDTH-SCHEME.png.
func run(ctx context.Context, address, out string, height int64, whole bool) error {
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return fmt.Errorf("making the folder for the pictures: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	tab, stop, err := browser.Start(ctx)
	if err != nil {
		return err
	}
	defer stop()
	for _, width := range []int64{390, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			if err := browser.Wear(tab, width, height, scheme); err != nil {
				return err
			}
			answer, err := chromedp.Run(tab, chromedp.NavigateResponse(address))
			if err != nil {
				return fmt.Errorf("opening %s: %w", address, err)
			}
			if answer.Status >= 400 {
				return fmt.Errorf("opening %s: it answers %d", address, answer.Status)
			}
			png, err := browser.Screenshot(tab, whole)
			if err != nil {
				return err
			}
			path := fmt.Sprintf("%s-%d-%s.png", out, width, scheme)
			if err := os.WriteFile(path, png, 0o644); err != nil {
				return fmt.Errorf("writing a picture: %w", err)
			}
			log.Printf("%s  %d kB", path, len(png)/1000)
		}
	}
	return nil
}
