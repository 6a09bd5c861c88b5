package feed_test

import (
	"context"
	"strings"
	"testing"

	"musette"
	"musette/feed"
	"musette/store"
)

// Where a picture comes from is for its owner alone, and only until it is kept: a stranger's browser asks nobody else.
func TestPicturesTakeThePlaceOfTheirAddresses(t *testing.T) {
	st := memory(t)
	photos := func(a *musette.Activity) {
		a.Photos = []musette.Photo{
			{ID: "P1", URL: "https://pictures.example/1.jpg", Width: 2048, Height: 1536, Caption: "One", AskedPX: 5000},
			{ID: "P2", URL: "https://pictures.example/2.jpg", Width: 1, Height: 1},
		}
	}
	put(t, st, "", activity(1, photos))
	p := full
	p.Fields = feed.Fields
	f := loaded(t, feed.Config{Store: st, Publish: p, URL: "https://feed.example"})
	withPhotos := feed.Query{Has: []string{"photos"}}
	if b := body(t, f.View(), withPhotos); strings.Contains(b, "pictures.example") || !strings.Contains(b, `"activities":[]`) {
		t.Errorf("a stranger sees %s", b)
	}
	withPhotos.Reader.Owner = true
	if b := body(t, f.View(), withPhotos); !strings.Contains(b, `{"url":"https://pictures.example/1.jpg","width":2048,"height":1536,"caption":"One"}`) {
		t.Errorf("the owner sees %s", b)
	}
	sha := strings.Repeat("0123456789abcdef", 4)
	update(t, st, func(ctx context.Context, tx *store.Tx) error {
		return tx.PutPictureShown(ctx, store.Picture{
			AthleteID: athlete, ActivityID: 1, PhotoID: "P1", Outcome: store.PictureKept, SHA256: sha, Type: "image/jpeg", Width: 2048, Height: 1536,
		})
	})
	const want = `{"url":"https://feed.example/p/1-0123456789abcdef0123456789abcdef/1600","width":1600,"height":1200,"caption":"One"}`
	v := look(t, f)
	if b := body(t, v, feed.Query{}); !strings.Contains(b, `"photos":[`+want+`]`) {
		t.Errorf("a stranger sees %s", b)
	}
	if b := body(t, v, withPhotos); !strings.Contains(b, `"photos":[`+want+`,{"url":"https://pictures.example/2.jpg"`) {
		t.Errorf("the owner sees %s", b)
	}
	const key = "1-0123456789abcdef0123456789abcdef"
	for _, r := range []feed.Reader{{}, {Owner: true}, {Owner: true, AthleteID: athlete}} {
		if who, photo, ok := v.Picture(key, r); !ok || who != athlete || photo.Kept.SHA256 != sha {
			t.Errorf("%+v: %v", r, photo)
		}
	}
	if _, _, ok := v.Picture(key, feed.Reader{Owner: true, AthleteID: 7}); ok {
		t.Error("another athlete's key opens it")
	}
	for _, odd := range []string{"", "-", "1-", "1", "x-0123", key + "0", "2" + key[1:], "1-" + key, "1-0123456789ABCDEF0123456789ABCDEF"} {
		if _, _, ok := v.Picture(odd, feed.Reader{Owner: true}); ok {
			t.Errorf("%q opens something", odd)
		}
	}
	update(t, st, func(ctx context.Context, tx *store.Tx) error {
		return tx.PutHide(ctx, store.Hide{AthleteID: athlete, ActivityID: 1, What: store.HidePhotos, CreatedAt: noon})
	})
	if _, _, ok := look(t, f).Picture(key, feed.Reader{}); ok {
		t.Error("a hidden picture opens")
	}
}
