package gallery_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"musette"
	"musette/gallery"
	"musette/picture"
	"musette/store"
)

// each runs a test on both databases.
func each(t *testing.T, f func(*testing.T, *house)) {
	for _, kind := range []string{"files", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			f(t, newHouse(t, kind == "postgres"))
		})
	}
}

func TestPicturesAreKeptOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		original := photoJPEG(t, 1000, 600, 1)
		one := musette.Photo{ID: "P1", URL: h.at("/1.jpg", body(original)), AskedPX: 5000}
		two := musette.Photo{ID: "P2", URL: h.at("/2.jpg", body(photoJPEG(t, 300, 200, 2))), AskedPX: 5000}
		h.shows(1, one, two, one)
		h.sync()
		h.sync()
		got := h.kept("P1")
		want, err := picture.Strip(original)
		if err != nil || !bytes.Equal(got, want) || bytes.Contains(got, []byte(place)) {
			t.Errorf("what is kept isn't what came, without its metadata: %v", err)
		}
		if p := h.row("P1"); p.Made || p.Width != 1000 || p.Height != 600 || p.Type != picture.JPEG || !p.KeptAt.Equal(h.now) {
			t.Errorf("%+v", p)
		}
		// Smaller sizes are made beside, and the small one has none to make.
		ctx, cancel := context.WithCancel(t.Context())
		left := 1
		err = h.gallery.Run(ctx, func() {
			if left--; left == 0 {
				cancel()
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		p := h.row("P1")
		if !p.Made || len(p.Forms) != 2 || p.Forms[0].Size != 960 || !h.row("P2").Made {
			t.Fatalf("%+v", p)
		}
		small, err := h.gallery.Read(t.Context(), athlete, p.Forms[1].SHA256)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := jpeg.DecodeConfig(bytes.NewReader(small)); err != nil || c.Width != 480 || c.Height != 288 {
			t.Errorf("%+v, %v", c, err)
		}
		if h.times("/1.jpg") != 1 || h.times("/2.jpg") != 1 {
			t.Errorf("asked %v", h.asked)
		}
		// The host and the address may go.
		h.host.Close()
		h.gallery = h.another(h.config)
		h.sync()
		h.kept("P1")
		if h.config.Dir != "" {
			nowhere(t, h.config.Dir, place)
		}
	})
}

func TestReasons(t *testing.T) {
	t.Parallel()
	h := newHouse(t, false)
	inside := httptest.NewServer(http.NotFoundHandler())
	defer inside.Close()
	answers := map[string]struct {
		serve http.HandlerFunc
		want  string
	}{
		"gone":       {http.NotFound, "isn't there any more (404)"},
		"refused":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, "isn't given out (403)"},
		"page":       {body([]byte("<!doctype html><p>Sign in")), string(picture.ReasonPage)},
		"drawing":    {body([]byte("<svg onload=alert(1)>")), string(picture.ReasonSVG)},
		"film":       {body([]byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom")), string(picture.ReasonVideo)},
		"nothing":    {body(nil), string(picture.ReasonEmpty)},
		"half":       {body(photoJPEG(t, 100, 100, 1)[:400]), string(picture.ReasonDamaged)},
		"said large": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "52428800") }, string(picture.ReasonLarge)},
		"large": {func(w http.ResponseWriter, _ *http.Request) {
			for range 50 {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
		}, string(picture.ReasonLarge)},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/latest", http.StatusFound)
		}, "isn't given out (302)"},
		"round": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, "isn't given out (302)"},
	}
	var photos []musette.Photo
	for name, a := range answers {
		photos = append(photos, musette.Photo{ID: name, URL: h.at("/"+strings.ReplaceAll(name, " ", "-"), a.serve)})
	}
	for i, address := range []string{"file:///etc/passwd", "http://example.com/1.jpg", "https://10.1.2.3/1.jpg", "https://[::1]/1.jpg", "https://localhost/1.jpg", "https://printer/1.jpg", "https://u:p@example.com/1.jpg", ":"} {
		photos = append(photos, musette.Photo{ID: fmt.Sprint("address ", i), URL: address})
	}
	photos = append(photos, musette.Photo{ID: "good", URL: h.at("/good", body(photoJPEG(t, 50, 50, 3)))})
	h.shows(1, photos...)
	h.sync()
	for name, a := range answers {
		p := h.row(name)
		if p.Kept() || !strings.Contains(p.Reason, a.want) || p.Failures != 1 || p.Outcome != store.PictureDue || !p.Due.Equal(h.now.Add(10*time.Minute)) {
			t.Errorf("%s: %+v, want %q", name, p, a.want)
		}
	}
	for i := range 8 {
		if p := h.row(fmt.Sprint("address ", i)); !strings.Contains(p.Reason, "its address") {
			t.Errorf("%s: %+v", p.URL, p)
		}
	}
	h.kept("good")
}

func TestFailuresAreTriedLessOften(t *testing.T) {
	t.Parallel()
	h := newHouse(t, false)
	h.shows(1, musette.Photo{ID: "P", URL: h.at("/p", http.NotFound)})
	for n, wait := range []time.Duration{10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour, 30 * 24 * time.Hour, 30 * 24 * time.Hour} {
		h.sync()
		p := h.row("P")
		if p.Failures != n+1 || !p.Due.Equal(h.now.Add(wait)) || (p.Outcome == store.PictureFailed) != (n >= 4) {
			t.Fatalf("after %d: %+v", n+1, p)
		}
		h.pass(wait - time.Second)
		h.sync()
		h.pass(time.Second)
	}
	if n := h.times("/p"); n != 6 {
		t.Errorf("asked %d times", n)
	}
	h.at("/p", body(photoJPEG(t, 50, 50, 1)))
	h.sync()
	h.kept("P")
	if p := h.row("P"); p.Failures != 0 || p.Reason != "" || !p.Due.IsZero() || p.Outcome != store.PictureKept {
		t.Errorf("%+v", p)
	}
}

// A host in trouble is left in peace, and none of its pictures is the worse for it.
func TestHostsAreLeftInPeace(t *testing.T) {
	t.Parallel()
	h := newHouse(t, false)
	asked, after := 0, ""
	down := func(w http.ResponseWriter, _ *http.Request) {
		h.mu.Lock()
		asked++
		h.mu.Unlock()
		w.Header().Set("Retry-After", after)
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	var photos []musette.Photo
	for i := range 40 {
		photos = append(photos, musette.Photo{ID: fmt.Sprint(i), URL: h.at(fmt.Sprint("/", i), down)})
	}
	h.shows(1, photos...)
	h.sync()
	if asked > 6 {
		t.Errorf("it was asked %d times at once", asked)
	}
	for i := range 40 {
		if p := h.row(fmt.Sprint(i)); p.Failures != 0 || !p.Due.Equal(h.now.Add(time.Minute)) {
			t.Fatalf("%+v", p)
		}
	}
	asked, after = 0, "600"
	h.pass(time.Minute)
	h.sync()
	if p := h.row("7"); asked == 0 || asked > 6 || !p.Due.Equal(h.now.Add(10*time.Minute)) {
		t.Errorf("asked %d times, then %+v", asked, p)
	}
	for i := range 40 {
		h.at(fmt.Sprint("/", i), body(photoJPEG(t, 50, 50, i)))
	}
	h.pass(10 * time.Minute)
	h.sync()
	for i := range 40 {
		h.kept(fmt.Sprint(i))
	}
}

func TestNothingIsAskedWhileStravaIsOffline(t *testing.T) {
	t.Parallel()
	h := newHouse(t, false)
	c := h.config
	c.Offline = func(context.Context) bool { return true }
	h.gallery = h.another(c)
	h.shows(1, musette.Photo{ID: "P", URL: h.at("/p", body(photoJPEG(t, 50, 50, 1)))})
	h.sync()
	if h.times("/p") != 0 || h.row("P") == nil {
		t.Errorf("asked %v, known %+v", h.asked, h.row("P"))
	}
}

// The photo is what its identity says; its address comes and goes.
func TestAddressesChange(t *testing.T) {
	t.Parallel()
	h := newHouse(t, false)
	small, large := photoJPEG(t, 60, 40, 1), photoJPEG(t, 120, 80, 1)
	h.shows(1, musette.Photo{ID: "P", URL: h.at("/600", body(small)), AskedPX: 600, StandIn: true})
	h.sync()
	if h.row("P").Kept() {
		t.Error("a stand-in is fetched at once, though the photo itself may come")
	}
	h.pass(time.Hour)
	h.sync()
	h.kept("P")
	h.shows(1, musette.Photo{ID: "P", URL: h.at("/5000", body(large)), AskedPX: 5000})
	h.sync()
	if p := h.row("P"); p.Width != 120 {
		t.Errorf("the larger picture isn't taken: %+v", p)
	}
	h.shows(1, musette.Photo{ID: "P", URL: h.at("/signed-anew", body(large)), AskedPX: 5000})
	h.sync()
	h.shows(1, musette.Photo{ID: "P", URL: h.at("/600", body(small)), AskedPX: 600, StandIn: true})
	h.sync()
	h.pass(2 * time.Hour)
	h.sync()
	if h.times("/signed-anew") != 0 || h.times("/600") != 1 || h.row("P").Width != 120 {
		t.Errorf("asked %v", h.asked)
	}
	// One that couldn't be had is tried at once where it is now.
	h.shows(2, musette.Photo{ID: "Q", URL: h.at("/old", http.NotFound), AskedPX: 5000})
	h.sync()
	h.shows(2, musette.Photo{ID: "Q", URL: h.at("/new", body(large)), AskedPX: 5000})
	h.sync()
	h.kept("Q")
}

// A picture stays while a document names its photo, an older one too, and a while longer.
func TestRemovedPhotos(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *house) {
		const id = "0B6F2E54-7C1D"
		document := func(text string) {
			h.update(func(ctx context.Context, tx *store.Tx) error {
				return tx.PutDocument(ctx, musette.NewDocument(athlete, 1, musette.PartPhotos, musette.SourceAPI, []byte(text), h.now), true)
			})
		}
		document(`[{"unique_id":"` + id + `"}]`)
		h.shows(1, musette.Photo{ID: id, URL: h.at("/p", body(photoJPEG(t, 50, 50, 1)))}, musette.Photo{ID: "other", URL: h.at("/q", body(photoJPEG(t, 50, 50, 2)))})
		h.sync()
		sha := h.row(id).SHA256
		h.shows(1, musette.Photo{ID: "other", URL: h.host.URL + "/q"})
		h.sync()
		if p := h.row(id); !p.DroppedAt.Equal(h.now) {
			t.Fatalf("%+v", p)
		}
		day := 24 * time.Hour
		h.pass(31 * day) // its document still names it
		h.sync()
		h.kept(id)
		document(`[{"unique_id":"other"}]`) // now an older one does
		h.pass(31 * day)
		h.sync()
		h.kept(id)
		h.update(func(ctx context.Context, tx *store.Tx) error { return tx.PruneHistory(ctx, h.now.Add(time.Hour)) })
		h.pass(31 * day)
		h.sync()
		if p := h.row(id); p != nil {
			t.Errorf("it is still known: %+v", p)
		}
		// The file is as old as the machine says, which the test's clock doesn't change.
		if h.config.Dir != "" {
			for _, path := range files(t, h.config.Dir) {
				if err := os.Chtimes(path, h.now.Add(-40*day), h.now.Add(-40*day)); err != nil {
					t.Fatal(err)
				}
			}
		}
		h.pass(2 * day)
		h.sync()
		if _, err := h.gallery.Read(t.Context(), athlete, sha); !errors.Is(err, gallery.ErrMissing) {
			t.Errorf("its bytes are still here: %v", err)
		}
		h.kept("other")
	})
}

// A tombstone hides an activity and keeps its pictures; when it is purged they aren't known any more.
func TestTombstones(t *testing.T) {
	t.Parallel()
	h := newHouse(t, false)
	h.shows(1, musette.Photo{ID: "P", URL: h.at("/p", body(photoJPEG(t, 50, 50, 1)))})
	h.sync()
	h.update(func(ctx context.Context, tx *store.Tx) error {
		a, err := tx.Activity(ctx, athlete, 1)
		a.Status, a.GoneAt = store.StatusGone, h.now
		_, err2 := tx.PutActivity(ctx, a)
		return errors.Join(err, err2)
	})
	h.pass(20 * 24 * time.Hour)
	h.sync()
	h.kept("P")
	h.update(func(ctx context.Context, tx *store.Tx) error { return tx.Purge(ctx, athlete, 1) })
	if p := h.row("P"); p != nil {
		t.Errorf("%+v", p)
	}
}

// Why pictures can't be kept is told, in the same words each time, and that they can again.
func TestFailedIsTold(t *testing.T) {
	t.Parallel()
	h := newHouse(t, false)
	var told []error
	c := h.config
	c.Failed = func(_ context.Context, err error) { told = append(told, err) }
	h.gallery = h.another(c)
	h.sync() // looks through the directory
	inTheWay := filepath.Join(c.Dir, fmt.Sprint(athlete))
	if err := errors.Join(os.MkdirAll(c.Dir, 0o700), os.WriteFile(inTheWay, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	h.shows(1, musette.Photo{ID: "P1", URL: h.at("/1.jpg", body(photoJPEG(t, 300, 200, 1))), AskedPX: 5000})
	for range 2 {
		if err := h.gallery.Sync(t.Context(), func() {}); err == nil {
			t.Fatal("it was kept where it can't be")
		}
	}
	if err := os.Remove(inTheWay); err != nil {
		t.Fatal(err)
	}
	h.sync()
	h.kept("P1")
	if len(told) != 4 || told[0] != nil || told[1] == nil || told[2] == nil || told[1].Error() != told[2].Error() || told[3] != nil {
		t.Errorf("told: %v", told)
	} else if want := "no picture can be kept in " + c.Dir; !strings.Contains(told[1].Error(), want) {
		t.Errorf("%q doesn't say %q", told[1], want)
	}
}
