package strava_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"musette/strava"
)

func TestPhotos(t *testing.T) {
	const (
		picture = `{"unique_id":"U-1","activity_id":7,"caption":"top","type":1,"status":3,"created_at":"2026-07-21T16:02:40Z",` +
			`"urls":{"2048":"https://img.example/1.jpg"},"sizes":{"2048":[2048,1536.0]},"placeholder_image":null,"location":[40.79,-73.9]}`
		video = `{"unique_id":"U-2","activity_id":7,"caption":null,"type":2,"status":3,"urls":{"2048":"https://img.example/2.jpg"},` +
			`"sizes":{"2048":[1080,1920]},"duration":4.0,"video_url":"https://img.example/2.m3u8"}`
		odd = `{ "urls":[], "sizes":{"0":null,"1":[1],"2":[1,2,3],"3":{"w":1},"4":["a",null]}, "caption":7, "location":[] }`
	)
	c := setup(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.String() != apiPath+"/activities/7/photos?photo_sources=true&size=2048" {
			t.Errorf("%s", r.URL)
		}
		says(200, "["+picture+","+video+","+odd+"]")(w, r)
	})
	list, _, err := c.Photos(t.Context(), token, 7, 2048)
	if err != nil {
		t.Fatal(err)
	}
	want := []strava.Photo{
		{
			UniqueID: "U-1", ActivityID: 7, Caption: "top", Type: strava.PhotoImage, Status: 3,
			URLs: map[string]string{"2048": "https://img.example/1.jpg"}, Sizes: map[string][2]int{"2048": {2048, 1536}},
			CreatedAt: time.Date(2026, 7, 21, 16, 2, 40, 0, time.UTC), Location: []float64{40.79, -73.9}, Raw: []byte(picture),
		},
		{
			UniqueID: "U-2", ActivityID: 7, Type: strava.PhotoVideo, Status: 3,
			URLs: map[string]string{"2048": "https://img.example/2.jpg"}, Sizes: map[string][2]int{"2048": {1080, 1920}},
			VideoURL: "https://img.example/2.m3u8", DurationS: number(4), Raw: []byte(video),
		},
		{URLs: map[string]string{}, Sizes: map[string][2]int{"4": {}}, Raw: []byte(odd)},
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Error(diff)
	}
}

func TestPlaceholders(t *testing.T) {
	for member, want := range map[string]bool{
		`"placeholder_image":null`:                                                    false,
		`"placeholder_image":false`:                                                   false,
		`"placeholder_image":{"light_url":"https://img.example/l.png"}`:               true,
		`"placeholder_image":"https://img.example/l.png"`:                             true,
		`"urls":{"600":"https://img.example/media/placeholder-photo.png"}`:            true,
		`"urls":{"600":"https://img.example/a.jpg","100":null},"placeholder_image":0`: false,
	} {
		c := setup(t, says(200, "[{"+member+"}]"))
		list, _, err := c.Photos(t.Context(), token, 7, 600)
		if err != nil || list[0].Placeholder != want {
			t.Errorf("%s: %+v, %v", member, list, err)
		}
	}
}

func TestPhotosNotAcceptable(t *testing.T) {
	for body, want := range map[string]strava.Kind{
		`{}`:                  strava.KindBody,
		`["x"]`:               strava.KindBody,
		`[{"activity_id":8}]`: strava.KindMismatch,
	} {
		c := setup(t, says(200, body))
		_, _, err := c.Photos(t.Context(), token, 7, 0)
		wantKind(t, err, want)
	}
}
