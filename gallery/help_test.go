package gallery_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"musette"
	"musette/gallery"
	"musette/internal/pgtest"
	"musette/store"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

const (
	athlete = int64(4242)
	place   = "GPSLatitude 51.5007"
)

// photoJPEG is a photo with a place in its Exif; n makes each another one.
func photoJPEG(t testing.TB, w, h, n int) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, w, h))
	img.SetGray(n%w, 0, color.Gray{255})
	img.SetGray(n/w%w, h-1, color.Gray{255})
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	exif := "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00" + place
	head := []byte{0xff, 0xd8, 0xff, 0xe1, 0, byte(len(exif) + 2)}
	return append(append(head, exif...), b.Bytes()[2:]...)
}

// house is a gallery over a store, with a host of pictures and a clock that a test sets.
type house struct {
	*testing.T
	store   *store.Store
	gallery *gallery.Gallery
	config  gallery.Config
	host    *httptest.Server

	mu    sync.Mutex
	now   time.Time
	serve map[string]http.HandlerFunc // by path
	asked map[string]int
}

func newHouse(t *testing.T, postgres bool) *house {
	t.Helper()
	h := &house{T: t, now: time.Date(2026, 5, 22, 12, 0, 0, 0, time.UTC), serve: map[string]http.HandlerFunc{}, asked: map[string]int{}}
	dir := t.TempDir()
	c := store.Config{Dir: dir, Now: h.clock}
	if postgres {
		c.URL = pgtest.New(t)
	}
	var err error
	if h.store, err = store.Open(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.store.Close() })
	h.host = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		h.asked[r.URL.Path]++
		f := h.serve[r.URL.Path]
		h.mu.Unlock()
		if f == nil {
			http.NotFound(w, r)
			return
		}
		f(w, r)
	}))
	t.Cleanup(h.host.Close)
	h.config = gallery.Config{Store: h.store, Strava: h.host.URL + "/api/v3", Copies: []string{filepath.Join(dir, "snapshots", "pictures")}, Now: h.clock}
	if !postgres {
		h.config.Dir = filepath.Join(dir, "pictures")
	}
	if err := os.MkdirAll(filepath.Join(dir, "snapshots"), 0o700); err != nil {
		t.Fatal(err)
	}
	h.gallery = h.another(h.config)
	h.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.PutAthlete(ctx, store.Athlete{ID: athlete, Name: "Jo"})
	})
	return h
}

func (h *house) another(c gallery.Config) *gallery.Gallery {
	h.Helper()
	g, err := gallery.New(c)
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { _ = g.Close() })
	return g
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func (h *house) update(fn func(context.Context, *store.Tx) error) {
	h.Helper()
	if err := h.store.Update(h.Context(), nil, func(tx *store.Tx) error { return fn(h.Context(), tx) }); err != nil {
		h.Fatal(err)
	}
}

// at serves a path from now on.
func (h *house) at(path string, f http.HandlerFunc) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.serve[path] = f
	return h.host.URL + path
}

func body(b []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(b) }
}

func (h *house) times(path string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked[path]
}

// shows makes an activity's view have these photos.
func (h *house) shows(activity int64, photos ...musette.Photo) {
	h.Helper()
	view, err := json.Marshal(map[string]any{"photos": photos})
	if err != nil {
		h.Fatal(err)
	}
	h.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.PutActivity(ctx, store.Activity{AthleteID: athlete, ID: activity, Status: store.StatusLive, View: view, ViewVersion: musette.ViewVersion})
		return err
	})
}

func (h *house) sync() {
	h.Helper()
	if err := h.gallery.Sync(h.Context(), func() {}); err != nil {
		h.Fatal(err)
	}
}

// row is what is known of a photo's picture; nil if nothing.
func (h *house) row(photo string) *store.Picture {
	h.Helper()
	var found *store.Picture
	err := h.store.View(h.Context(), func(tx *store.Tx) error {
		list, err := tx.Pictures(h.Context(), athlete, 0)
		for i := range list {
			if list[i].PhotoID == photo {
				found = &list[i]
			}
		}
		return err
	})
	if err != nil {
		h.Fatal(err)
	}
	return found
}

// kept is what is kept of a photo.
func (h *house) kept(photo string) []byte {
	h.Helper()
	p := h.row(photo)
	if p == nil || !p.Kept() {
		h.Fatalf("%s isn't kept: %+v", photo, p)
	}
	b, err := h.gallery.Read(h.Context(), athlete, p.SHA256)
	if err != nil {
		h.Fatal(err)
	}
	return b
}

// files are the files below a directory.
func files(t testing.TB, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// nowhere fails if a text stands in a file.
func nowhere(t testing.TB, dir, text string) {
	t.Helper()
	for _, path := range files(t, dir) {
		if b, err := os.ReadFile(path); err == nil && strings.Contains(string(b), text) {
			t.Errorf("%s has %q in it", path, text)
		}
	}
}
