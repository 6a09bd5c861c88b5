package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"musette"
	"musette/feed"
	"musette/track"
)

// aTileHost answers as told, and remembers what it was asked.
type aTileHost struct {
	*httptest.Server
	answer func(http.ResponseWriter, *http.Request)

	mu    sync.Mutex
	asked []*http.Request
}

func newATileHost(t *testing.T) *aTileHost {
	h := &aTileHost{answer: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(onePixel) }}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		h.asked = append(h.asked, r)
		h.mu.Unlock()
		h.answer(w, r)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *aTileHost) times() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.asked)
}

// tiled is a site with tiles and one route, and the address of a tile that is under it.
func tiled(t *testing.T, h *aTileHost, o siteOptions) (*site, string) {
	t.Helper()
	o.tiles = Tiles{URL: h.URL + "/{z}/{x}/{y}.png?key=sesame", Attribution: "© Somebody", Dir: t.TempDir()}
	s := newSite(t, o)
	points := []track.Point{{Lat: 51.5, Lng: -0.12}, {Lat: 51.52, Lng: -0.1}}
	b, _ := track.BoundsOf(points)
	s.put(&musette.Activity{
		ID: 1, AthleteID: s.season.Athlete.ID, Name: "A", SportType: "Run", Start: musette.At(seasonNow), Visibility: "everyone",
		Map: &musette.Map{Polyline: track.Encode(points), Bounds: b},
	})
	x, y := tileOf(points[0], 14)
	return s, fmt.Sprintf("/tiles/14/%d/%d", x, y)
}

func TestTilesComeByWayOfTheServer(t *testing.T) {
	t.Parallel()
	h := newATileHost(t)
	s, under := tiled(t, h, siteOptions{})
	resp, body := s.get(under, "Referer", s.url("/a/1"), "Cookie", "musette_session=secret", "X-Forwarded-For", "203.0.113.7", "User-Agent", "A browser")
	if resp.StatusCode != 200 || body != string(onePixel) || resp.Header.Get("Content-Type") != "image/png" || !strings.HasPrefix(resp.Header.Get("Cache-Control"), "private, max-age=") {
		t.Fatalf("got %s, %v", resp.Status, resp.Header)
	}
	asked := h.asked[0]
	if !strings.HasPrefix(asked.UserAgent(), "Musette/") || asked.URL.Query().Get("key") != "sesame" || "/tiles"+strings.TrimSuffix(asked.URL.Path, ".png") != under {
		t.Errorf("the host was asked for %s by %s", asked.URL, asked.UserAgent())
	}
	for name := range asked.Header {
		if name != "User-Agent" && name != "Accept" && name != "Accept-Encoding" {
			t.Errorf("the host is told %s: %s", name, asked.Header.Get(name))
		}
	}
	// The second time it is here, also for a server that starts anew.
	for range 3 {
		if resp, _ := s.get(under); resp.StatusCode != 200 {
			t.Error(resp.Status)
		}
	}
	again, err := New(Config{Feed: s.feed, Store: s.store, Open: true, Now: s.server.config.Now, Tiles: s.server.config.Tiles})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+under, nil)
	if again.ServeHTTP(w, r); w.Code != 200 || h.times() != 1 {
		t.Errorf("a new server answers %d, and the host was asked %d times", w.Code, h.times())
	}
	if _, page := s.get("/a/1"); strings.Contains(page, "sesame") || !strings.Contains(page, "© Somebody") {
		t.Error("the page tells the key, or not whose tiles they are")
	}
}

// This is no way to other tiles, nor for whom the routes aren't.
func TestTilesAreOnlyThoseNearRoutes(t *testing.T) {
	t.Parallel()
	h := newATileHost(t)
	s, under := tiled(t, h, siteOptions{closed: true, publish: feed.Publish{Mode: feed.PublishFull, API: true, Fields: []string{feed.FieldName}}})
	if resp, _ := s.get(under); resp.StatusCode != 404 {
		t.Errorf("a stranger who sees no route gets a tile: %s", resp.Status)
	}
	private, under := tiled(t, h, siteOptions{closed: true})
	if resp, _ := private.get(under); resp.StatusCode != 401 {
		t.Errorf("where nothing is public: %s", resp.Status)
	}
	open, _ := tiled(t, h, siteOptions{})
	for _, path := range []string{
		"/tiles/14/0/0", "/tiles/19/0/0", "/tiles/-1/0/0", "/tiles/3/8/0", "/tiles/3/0/8", "/tiles/03/1/1", "/tiles/a/b/c",
		"/tiles/14/8186.5/5448", "/tiles/99999999999999999999/0/0", "/tiles/14/8186/%2e%2e%2f5448", "/tiles/14/8186/5448?key=x",
	} {
		if resp, _ := open.get(path); resp.StatusCode != 404 && resp.StatusCode != 400 {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	if h.times() != 0 {
		t.Errorf("the host was asked for %s", h.asked[0].URL)
	}
	without := newSite(t, siteOptions{})
	if resp, _ := without.get("/tiles/0/0/0"); resp.StatusCode != 404 {
		t.Errorf("without a host: %s", resp.Status)
	}
}

// What isn't a picture is no tile, and the host isn't asked for it again at once.
func TestTileHostsThatHaveNone(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		elsewhere.Add(1)
		_, _ = w.Write(onePixel)
	}))
	t.Cleanup(other.Close)
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request){
		"HTML": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write([]byte("<html>Please pay</html>"))
		},
		"nothing": func(http.ResponseWriter, *http.Request) {},
		"an error": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write(onePixel)
		},
		"far too much": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(append(onePixel, make([]byte, tileBytes)...))
		},
		"another place": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) },
		"half of it": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5000")
			_, _ = w.Write(onePixel)
		},
		"SVG": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`))
		},
	} {
		h := newATileHost(t)
		h.answer = answer
		s, under := tiled(t, h, siteOptions{})
		for range 3 {
			resp, body := s.get(under)
			if resp.StatusCode != 404 || strings.Contains(body, "sesame") || resp.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %s, %s", name, resp.Status, resp.Header.Get("Cache-Control"))
			}
		}
		if n := h.times(); n != 1 {
			t.Errorf("%s: the host was asked %d times", name, n)
		}
		if resp, _ := s.get("/a/1"); resp.StatusCode != 200 {
			t.Errorf("%s: the page: %s", name, resp.Status)
		}
	}
	if elsewhere.Load() > 0 {
		t.Error("a redirect was followed")
	}
}

func TestTilesAreFetchedOnceAndWithinLimits(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	h := newATileHost(t)
	h.answer = func(w http.ResponseWriter, _ *http.Request) {
		<-release
		_, _ = w.Write(onePixel)
	}
	now := seasonNow
	host, err := newTileHost(Tiles{URL: h.URL + "/{z}/{x}/{y}", Dir: t.TempDir()}, "Musette/test", func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if body, kind, err := host.get(t.Context(), tileAddress{1, 1, 1}); err != nil || kind != "image/png" || len(body) == 0 {
				t.Error(err)
			}
		})
	}
	close(release)
	all.Wait()
	if n := h.times(); n != 1 {
		t.Errorf("the same tile was asked for %d times", n)
	}
	host.mu.Lock()
	host.minute, host.fetches = now, tilesPerMinute
	host.mu.Unlock()
	if _, _, err := host.get(t.Context(), tileAddress{1, 0, 0}); err != errTileBusy {
		t.Errorf("beyond the limit: %v", err)
	}
	now = now.Add(time.Minute)
	if _, _, err := host.get(t.Context(), tileAddress{1, 0, 0}); err != nil {
		t.Errorf("a minute later: %v", err)
	}
	// An old tile is fetched anew, and stays where the host has none.
	now = now.Add(tileLasts + time.Hour)
	h.answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }
	before := h.times()
	if body, _, err := host.get(t.Context(), tileAddress{1, 1, 1}); err != nil || len(body) == 0 || h.times() != before+1 {
		t.Errorf("an old tile: %v, asked %d times", err, h.times()-before)
	}
}

func TestTilesOnDiskAreBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := openTileStore(dir, "https://tiles.example/{z}/{x}/{y}")
	if err != nil {
		t.Fatal(err)
	}
	s.room = int64(10 * len(onePixel))
	for x := range 50 {
		s.put(tileAddress{9, x, 0}, onePixel, seasonNow.Add(time.Duration(x)*time.Second))
		if body, _ := s.get(tileAddress{9, 0, 0}); x < 40 && body == nil {
			t.Fatalf("the tile that is wanted most is gone after %d", x)
		}
	}
	files, err := os.ReadDir(s.dir)
	if err != nil || len(files) != 10 {
		t.Errorf("%d files, %v", len(files), err)
	}
	// What is on disk is found again; what somebody spoilt isn't shown.
	if err := os.WriteFile(filepath.Join(s.dir, "9-49-0"), []byte("<html>"), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := openTileStore(dir, "https://tiles.example/{z}/{x}/{y}")
	if err != nil {
		t.Fatal(err)
	}
	good, _ := again.get(tileAddress{9, 48, 0})
	bad, _ := again.get(tileAddress{9, 49, 0})
	if good == nil || bad != nil {
		t.Errorf("got %d and %d bytes", len(good), len(bad))
	}
	// Another host's aren't mixed with them.
	if _, err := openTileStore(dir, "https://other.example/{z}/{x}/{y}"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
		t.Errorf("the other host's tiles are still here: %v", err)
	}
}

func TestTilesURL(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{
		"https://tiles.example/{z}/{x}/{y}.png": true, "http://127.0.0.1:8080/{z}/{y}/{x}?key=1": true,
		"https://tiles.example/{z}/{x}.png": false, "https://{z}.example/{x}/{y}/{y}": false, "ftp://tiles.example/{z}/{x}/{y}": false,
		"https://{z}{x}{y}/": false, "": false, "/{z}/{x}/{y}": false, "https://user:pass@tiles.example/{z}/{x}/{y}": false,
	} {
		if err := CheckTilesURL(text); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
}
