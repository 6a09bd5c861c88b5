package e2e

import (
	"image/jpeg"
	"net/http"
	"strings"
	"testing"

	"musette/strava/stravatest"
)

// After a sync every picture is here: Strava, and where it keeps photos, may go.
func TestPicturesAreServedWithoutStrava(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 3, Activities: 30, Limits: plenty, PicturePX: 500})
	p := w.program()
	o := p.run("sync", "--json")
	o.wantCode(t, 0)
	n := 0
	for _, a := range w.activities() {
		n += len(a.Photos)
	}
	if s := o.status(t); n == 0 || s.Pictures.Kept != n || s.Pictures.Due+s.Pictures.Failed != 0 {
		t.Fatalf("%d photos, pictures %+v", n, s.Pictures)
	}
	_ = w.at.Close()
	s := p.serve()
	for _, a := range p.activities() {
		for _, photo := range a.Photos {
			if !strings.HasPrefix(photo.URL, "/p/") {
				t.Fatalf("a photo is at %s", photo.URL)
			}
			for _, address := range []string{photo.URL, strings.TrimSuffix(photo.URL, "1600") + "480"} {
				req, err := http.NewRequest("GET", s.url+address, nil)
				must(t, err)
				req.Header.Set("X-API-Key", testKey)
				resp, err := s.client.Do(req)
				must(t, err)
				img, err := jpeg.DecodeConfig(resp.Body)
				_ = resp.Body.Close()
				if err != nil || resp.StatusCode != 200 || img.Width > 500 || img.Height > 500 || img.Width < 200 {
					t.Errorf("%s: %s, %+v, %v", address, resp.Status, img, err)
				}
			}
		}
	}
}
