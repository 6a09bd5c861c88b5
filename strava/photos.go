package strava

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Types of a [Photo], as recorded.
const (
	PhotoImage = 1
	PhotoVideo = 2
)

// A Photo is a picture or video of an activity. Strava documents none of
// this: every member may be missing.
type Photo struct {
	UniqueID   string
	ActivityID int64 // 0 if absent
	Caption    string
	Type       int // PhotoImage or PhotoVideo
	Status     int // 3 in every recording; its meaning is not known

	// URLs holds addresses by the size that was asked for ("2048"), Sizes the
	// true width and height in pixels by the same names. A video's are of a
	// still picture.
	URLs  map[string]string
	Sizes map[string][2]int

	// Placeholder says that the picture is not ready: Strava shows one of its
	// own instead.
	Placeholder bool

	CreatedAt time.Time // UTC, zero if absent or malformed
	VideoURL  string    // of a playlist (.m3u8); "" for pictures
	DurationS *float64  // of a video
	Location  []float64 // latitude, longitude; may lie in a privacy zone
	Raw       []byte    // the element, byte for byte
}

// Photos lists the pictures of an activity, in the largest form up to sizePX
// pixels that there is. With 0 the size is left to Strava, which gives a tiny
// one or a placeholder. A photo of another activity makes the answer
// KindMismatch.
//
// GET /activities/{id}/photos is in no documentation and may vanish: an error
// here says nothing about the activity.
func (c *Client) Photos(ctx context.Context, token Secret, id int64, sizePX int) ([]Photo, *Answer, error) {
	query := url.Values{"photo_sources": {"true"}}
	if sizePX != 0 {
		query.Set("size", strconv.Itoa(sizePX))
	}
	return fetch(ctx, c, c.get(token, activityPath(id, "/photos"), query), func(body []byte) ([]Photo, error) {
		return decodePhotos(body, id)
	})
}

func decodePhotos(body []byte, asked int64) ([]Photo, error) {
	type wire struct {
		UniqueID    literal        `json:"unique_id"`
		ActivityID  id             `json:"activity_id"`
		Caption     label          `json:"caption"`
		Type        number         `json:"type"`
		Status      number         `json:"status"`
		URLs        jsontext.Value `json:"urls"`
		Sizes       jsontext.Value `json:"sizes"`
		Placeholder jsontext.Value `json:"placeholder_image"`
		CreatedAt   instant        `json:"created_at"`
		VideoURL    label          `json:"video_url"`
		DurationS   number         `json:"duration"`
		Location    place          `json:"location"`
	}
	return decodeList(body, func(w *wire, raw []byte) (Photo, error) {
		if w.ActivityID != 0 && int64(w.ActivityID) != asked {
			return Photo{}, mismatchError(fmt.Sprintf("it is a photo of activity %d", w.ActivityID))
		}
		p := Photo{
			UniqueID: string(w.UniqueID), ActivityID: int64(w.ActivityID), Caption: string(w.Caption),
			Type: w.Type.whole(), Status: w.Status.whole(),
			URLs: photoURLs(w.URLs), Sizes: photoSizes(w.Sizes),
			CreatedAt: w.CreatedAt.Time, VideoURL: string(w.VideoURL), DurationS: w.DurationS.pointer(),
			Location: w.Location, Raw: raw,
		}
		kind := w.Placeholder.Kind()
		p.Placeholder = kind == '{' || kind == '"' || kind == 't'
		for _, address := range p.URLs {
			p.Placeholder = p.Placeholder || strings.Contains(address, "placeholder")
		}
		return p, nil
	})
}

func photoURLs(v jsontext.Value) map[string]string {
	urls := map[string]string{}
	for size, value := range members(v) {
		if value.Kind() == '"' {
			urls[size] = unquote(value)
		}
	}
	return urls
}

func photoSizes(v jsontext.Value) map[string][2]int {
	sizes := map[string][2]int{}
	for size, value := range members(v) {
		var pixels []number
		if value.Kind() == '[' && json.Unmarshal(value, &pixels, reading) == nil && len(pixels) == 2 {
			sizes[size] = [2]int{pixels[0].whole(), pixels[1].whole()}
		}
	}
	return sizes
}

// members returns an object's members, none for any other value.
func members(v jsontext.Value) map[string]jsontext.Value {
	var m map[string]jsontext.Value
	if v.Kind() == '{' {
		_ = json.Unmarshal(v, &m, reading) // the value comes from a decoder: it is sound
	}
	return m
}
