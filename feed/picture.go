package feed

import (
	"context"
	"fmt"
	"strconv"

	"musette"
	"musette/picture"
	"musette/store"
)

// shownPX is the size of the pictures that replies name. Their smaller ones have the same address but for it.
const shownPX = 1600

// keyHex is how much of a picture's hash its key has: enough that nobody meets two alike.
const keyHex = 32

// readPictures reads what is kept of an athlete's photos, by activity; of one activity, unless that is 0.
func (r *reading) readPictures(ctx context.Context, athlete, activity int64) (map[int64][]store.Picture, error) {
	list, err := r.tx.Pictures(ctx, athlete, activity)
	if err != nil && !r.isDamage(err) {
		return nil, fmt.Errorf("reading the pictures of athlete %d: %w", athlete, err)
	}
	pictures := map[int64][]store.Picture{}
	for _, p := range list {
		if p.Kept() {
			pictures[p.ActivityID] = append(pictures[p.ActivityID], p)
		}
	}
	return pictures, nil
}

// showPictures puts what is kept here in the place of where it comes from. Photos that aren't kept yet stay as they are.
func (f *Feed) showPictures(a *musette.Activity, pictures []store.Picture) {
	for i := range a.Photos {
		photo := &a.Photos[i]
		for _, p := range pictures {
			if p.PhotoID != photo.ID || len(p.SHA256) < keyHex {
				continue
			}
			k := &musette.Kept{Key: strconv.FormatInt(a.ID, 10) + "-" + p.SHA256[:keyHex], SHA256: p.SHA256, Type: p.Type, Made: p.Made, Forms: map[int]string{}}
			for _, form := range p.Forms {
				k.Forms[form.Size] = form.SHA256
			}
			photo.Kept = k
			photo.URL = fmt.Sprintf("%s/p/%s/%d", f.config.URL, k.Key, shownPX)
			photo.Width, photo.Height = picture.Fit(p.Width, p.Height, shownPX)
		}
		*photo = photo.Shown()
	}
}

// onlyKept takes away the addresses of pictures that aren't kept here: a stranger's browser is to ask nobody else. What
// is left of such a photo is a place on the page.
func onlyKept(photos []musette.Photo) []musette.Photo {
	out := make([]musette.Photo, len(photos))
	for i, p := range photos {
		if p.Kept == nil {
			p.URL = ""
		}
		out[i] = p
	}
	return out
}

// named are the photos that have an address, which are those that replies list.
func named(photos []musette.Photo) []musette.Photo {
	out := make([]musette.Photo, 0, len(photos))
	for _, p := range photos {
		if p.URL != "" {
			out = append(out, p)
		}
	}
	return out
}

// Picture returns the photo that has a picture of a key, as the reader sees it; false if there is none, or it is hidden
// from the reader.
func (v *View) Picture(key string, r Reader) (athleteID int64, photo musette.Photo, ok bool) {
	for i := range key {
		if key[i] != '-' {
			continue
		}
		id, ok := ParseID(key[:i])
		if !ok {
			break
		}
		e, ok := v.Activity(id, r)
		if !ok {
			break
		}
		for _, p := range e.For(r).Photos {
			if p.Kept != nil && p.Kept.Key == key {
				return e.activity.AthleteID, p, true
			}
		}
		break
	}
	return 0, musette.Photo{}, false
}
