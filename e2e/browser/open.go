package browser

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"
)

// Open starts a browser for a test, with one empty tab, for so long at most. Without a Chromium the test is skipped, but
// not in CI.
func Open(t testing.TB, within time.Duration) (tab context.Context) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	t.Cleanup(cancel)
	tab, stop, err := start(ctx)
	if errors.Is(err, errMissing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return tab
}
