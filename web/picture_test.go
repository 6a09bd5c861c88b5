package web_test

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"testing"

	"musette"
	"musette/feed"
	"musette/store"
	"musette/web"
)

// hash is one that says what it is of, to the eye.
func hash(text string) string {
	b := make([]byte, 32)
	copy(b, text)
	return hex.EncodeToString(b)
}

// album is a server with one activity that has a photo, of which sizes are kept.
func album(t *testing.T, made bool, publish feed.Publish) (a *api, path string, files map[string]string) {
	files = map[string]string{hash("original"): "ORIGINAL", hash("960"): "MIDDLE", hash("480"): "SMALL"}
	a = newAPI(t, web.Config{Picture: func(_ context.Context, who int64, sha string) ([]byte, error) {
		switch body, ok := files[sha]; {
		case who != athlete:
			t.Errorf("asked for the pictures of %d", who)
		case body == "AWAY":
			return nil, &store.Error{Kind: store.ErrUnreachable, Err: errors.New("refused")}
		case ok:
			return []byte(body), nil
		}
		return nil, errors.New("missing")
	}}, publish)
	a.put("", activity(1, func(x *musette.Activity) { x.Photos[0].ID = "P" }))
	p := store.Picture{
		AthleteID: athlete, ActivityID: 1, PhotoID: "P", Outcome: store.PictureKept, Made: made, SHA256: hash("original"), Type: "image/png", Width: 1200, Height: 900,
	}
	if made {
		p.Forms = []store.PictureForm{{Size: 960, SHA256: hash("960")}, {Size: 480, SHA256: hash("480")}}
	}
	a.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutPictureShown(ctx, p) })
	a.look()
	return a, "/p/1-" + hash("original")[:32] + "/", files
}

func TestPictures(t *testing.T) {
	everything := feed.Publish{Mode: feed.PublishFull, API: true, Fields: feed.Fields}
	a, path, files := album(t, true, everything)
	for size, want := range map[string]struct{ body, kind string }{
		"480": {"SMALL", "image/jpeg"}, "960": {"MIDDLE", "image/jpeg"}, "1600": {"ORIGINAL", "image/png"}, "original": {"ORIGINAL", "image/png"},
	} {
		r := a.get(path + size)
		if r.StatusCode != 200 || string(r.body) != want.body || r.Header.Get("Content-Type") != want.kind ||
			r.Header.Get("Cache-Control") != "public, max-age=31536000, immutable, s-maxage=3600" || r.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %s %v", size, r, r.Header)
		}
		tag := r.Header.Get("ETag")
		if again := a.get(path+size, "If-None-Match: "+tag); again.StatusCode != http.StatusNotModified || strings.HasPrefix(tag, "W/") {
			t.Errorf("%s: %s after %s", size, again, tag)
		}
	}
	if r := a.get(path+"480", "Range: bytes=1-2"); r.StatusCode != http.StatusPartialContent || string(r.body) != "MA" {
		t.Errorf("a range: %s", r)
	}
	for _, odd := range []string{path, path + "77", path + "480/", path + "0480", path + "Original", "/p/2-" + hash("original")[:32] + "/480", "/p/1-" + hash("480")[:32] + "/480", "/p/x/480", "/p/..%2f/480"} {
		if r := a.get(odd); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", odd, r)
		}
	}
	if r := a.get(path + "480?x=1"); r.StatusCode != http.StatusBadRequest {
		t.Errorf("%s", r)
	}
	// A size that is missing is answered by the picture, for a while; a missing picture by 404; a database that is away by 503.
	delete(files, hash("480"))
	if r := a.get(path + "480"); string(r.body) != "ORIGINAL" || r.Header.Get("Cache-Control") != "public, max-age=60" {
		t.Errorf("%s %v", r, r.Header)
	}
	files[hash("original")] = "AWAY"
	if r := a.get(path + "original"); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%s", r)
	}
	delete(files, hash("original"))
	if r := a.get(path + "original"); r.StatusCode != http.StatusNotFound || strings.Contains(r.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("%s %v", r, r.Header)
	}
}

func TestPicturesThatAreNotMadeYet(t *testing.T) {
	a, path, _ := album(t, false, feed.Publish{Mode: feed.PublishFull, API: true, Fields: feed.Fields})
	if r := a.get(path + "480"); string(r.body) != "ORIGINAL" || r.Header.Get("Cache-Control") != "public, max-age=60" {
		t.Errorf("%s %v", r, r.Header)
	}
	if r := a.get(path + "original"); r.Header.Get("Cache-Control") != "public, max-age=31536000, immutable, s-maxage=3600" {
		t.Errorf("%s %v", r, r.Header)
	}
}

// Whoever may not see the photo doesn't see the picture, though they know its address.
func TestPicturesAreAsPrivateAsTheirPhotos(t *testing.T) {
	everything := feed.Publish{Mode: feed.PublishFull, API: true, Fields: feed.Fields}
	for name, c := range map[string]struct {
		publish feed.Publish
		status  int
	}{
		"nothing is public":     {feed.Publish{}, http.StatusUnauthorized},
		"totals are":            {feed.Publish{Mode: feed.PublishAggregate, API: true}, http.StatusNotFound},
		"photos aren't":         {feed.Publish{Mode: feed.PublishFull, API: true}, http.StatusNotFound},
		"data of the API isn't": {feed.Publish{Mode: feed.PublishFull, Fields: feed.Fields}, http.StatusNotFound},
	} {
		a, path, _ := album(t, true, c.publish)
		if r := a.get(path + "480"); r.StatusCode != c.status {
			t.Errorf("%s: %s", name, r)
		}
		key := a.key(0, web.ScopeRead)
		if r := a.get(path+"480", "X-API-Key: "+key); r.StatusCode != 200 || r.Header.Get("Cache-Control") != "private, max-age=31536000, immutable" {
			t.Errorf("%s: the owner gets %s %v", name, r, r.Header)
		}
		other := a.key(7, web.ScopeRead)
		if r := a.get(path+"480", "X-API-Key: "+other); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: somebody else gets %s", name, r)
		}
	}
	a, path, _ := album(t, true, everything)
	for _, what := range []string{store.HidePhotos, store.HideAll} {
		h := store.Hide{AthleteID: athlete, ActivityID: 1, What: what, CreatedAt: noon}
		a.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutHide(ctx, h) })
		a.look()
		if r := a.get(path + "480"); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s hidden: %s", what, r)
		}
		a.update(func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.DropHide(ctx, h)
			return err
		})
		a.look()
	}
	if r := a.get(path + "480"); r.StatusCode != 200 {
		t.Errorf("shown again: %s", r)
	}
	a.put("", activity(1, func(x *musette.Activity) { x.Photos[0].ID, x.Visibility = "P", "followers_only" }))
	if r := a.get(path + "480"); r.StatusCode != http.StatusNotFound {
		t.Errorf("for followers only: %s", r)
	}
}

// Who takes along what is theirs has the photos whole, not only what Strava says about them. One that is missing just now
// doesn't keep the rest away; without the database that holds them there is no export that only looks whole.
func TestAnExportHasThePictures(t *testing.T) {
	a, _, files := album(t, true, feed.Publish{})
	body := `{"id":1,"athlete":{"id":4242}}`
	a.update(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.PutAthlete(ctx, store.Athlete{ID: athlete, Name: "Ada Lovelace", FirstSeen: noon}); err != nil {
			return err
		}
		odd := store.Picture{
			AthleteID: athlete, ActivityID: 1, PhotoID: "../../odd", Outcome: store.PictureKept, SHA256: hash("original"), Type: "image/jpeg",
		}
		gone := store.Picture{
			AthleteID: athlete, ActivityID: 1, PhotoID: "gone", Outcome: store.PictureKept, SHA256: hash("gone"), Type: "image/jpeg",
		}
		return errors.Join(tx.PutPictureShown(ctx, odd), tx.PutPictureShown(ctx, gone),
			tx.PutDocument(ctx, musette.NewDocument(athlete, 1, musette.PartDetail, musette.SourceAPI, []byte(body), noon), false))
	})
	a.setStatus(func(s *musette.Status) {
		s.Athletes = []musette.Athlete{{ID: athlete, Name: "Ada Lovelace", State: "ok"}}
	})
	key := "X-API-Key: " + a.key(athlete, web.ScopeAdmin)
	all := string(unzipped(t, a.get("/me/export", key).body))
	for _, want := range []string{"activities/1/pictures/P.png\nORIGINAL", "activities/1/pictures/" + hash("original") + ".jpg\nORIGINAL", "activities/1/detail.json\n" + body} {
		if !strings.Contains(all, want) {
			t.Errorf("the export lacks %q", want)
		}
	}
	for _, never := range []string{"odd", "gone", "MIDDLE"} {
		if strings.Contains(all, never) {
			t.Errorf("the export has %q", never)
		}
	}
	files[hash("original")] = "AWAY"
	defer func() {
		if cause := recover(); cause != http.ErrAbortHandler {
			t.Errorf("without the database the export ends with %v", cause)
		}
	}()
	_, r := a.send("GET", "/me/export", "", key)
	t.Errorf("without the database the export is %s", r)
}
