package musette_test

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/track"
)

// object is a document in the making: what Strava would send, with members changed or taken out (nil).
type object map[string]any

// but returns the object with members changed; a value of absent{} takes one out.
func (o object) but(changes object) object {
	out := object{}
	for name, v := range o {
		out[name] = v
	}
	for name, v := range changes {
		if out[name] = v; v == (absent{}) {
			delete(out, name)
		}
	}
	return out
}

type absent struct{}

func (o object) bytes() []byte { return jsonOf(o) }

func jsonOf(v any) []byte {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic(err)
	}
	return body
}

// line is an invented route of n points, from a corner of a park.
func line(n int, lat float64) string {
	points := make([]track.Point, n)
	for i := range points {
		points[i] = track.Point{Lat: lat + float64(i)/1000, Lng: -0.1 - float64(i%7)/500}
	}
	return track.Encode(points)
}

var (
	whole   = line(50, 51.5)
	short   = line(6, 51.5)
	cropped = line(5, 51.501)
)

// noon is when documents come, unless a test says otherwise.
var noon = time.Date(2026, 5, 22, 12, 0, 0, 0, time.UTC)

// summaryObject and detailObject are one activity as the two calls show it.
func summaryObject() object {
	return object{
		"resource_state": 2, "id": 19403555631, "athlete": object{"id": 4242, "resource_state": 1}, "name": "Park loop",
		"type": "Run", "sport_type": "TrailRun", "distance": 5218.5, "moving_time": 1590, "elapsed_time": 1622,
		"total_elevation_gain": 40.6, "start_date": "2026-05-22T06:49:27Z", "start_date_local": "2026-05-22T07:49:27Z",
		"timezone": "(GMT+00:00) Europe/London", "utc_offset": 3600.0, "visibility": "everyone", "private": false,
		"gear_id": "g77", "kudos_count": 4, "comment_count": 1, "total_photo_count": 1, "photo_count": 0,
		"map": object{"id": "a19403555631", "summary_polyline": short, "resource_state": 2},
	}
}

func detailObject() object {
	return summaryObject().but(object{
		"resource_state": 3, "description": "Cold.", "calories": 310.5,
		"map":    object{"id": "a19403555631", "polyline": whole, "summary_polyline": short, "resource_state": 3},
		"photos": object{"primary": object{"urls": object{"100": "https://pictures.example/s.jpg", "600": "https://pictures.example/m.jpg"}}, "count": 1},
		"laps": []object{
			{"name": "Lap 1", "distance": 2600, "moving_time": 790, "elapsed_time": 800, "total_elevation_gain": 20.5},
			{"name": "Lap 2", "distance": 2618.5, "moving_time": 800, "elapsed_time": 822, "total_elevation_gain": nil},
		},
	})
}

func photoObject() object {
	return object{
		"unique_id": "P1", "activity_id": 19403555631, "caption": "", "type": 1, "placeholder_image": nil,
		"urls": object{"5000": "https://pictures.example/l.jpg"}, "sizes": object{"5000": []int{1536, 2048}},
	}
}

func commentObject() object {
	return object{
		"id": 2401000001, "activity_id": 19403555631, "text": "Nice", "created_at": "2026-05-22T08:00:00Z",
		"athlete": object{"resource_state": 2, "firstname": "Jo", "lastname": "D."},
	}
}

// doc is a document that came from Strava some time after noon.
func doc(part musette.Part, body []byte, after time.Duration, mark int64) musette.Document {
	d := musette.NewDocument(4242, 19403555631, part, musette.SourceAPI, body, noon.Add(after))
	d.Mark = mark
	return d
}

// all are the documents of an activity that lacks nothing.
func all() []musette.Document {
	b, err := musette.ParseBasics(summaryObject().bytes())
	if err != nil {
		panic(err)
	}
	return []musette.Document{
		doc(musette.PartSummary, summaryObject().bytes(), -3*time.Hour, 0),
		doc(musette.PartDetail, detailObject().bytes(), -2*time.Hour, b.Fingerprint()),
		doc(musette.PartPhotos, jsonOf([]object{photoObject()}), -time.Hour, 1),
		doc(musette.PartComments, jsonOf([]object{commentObject()}), -time.Hour, 1),
	}
}

func derive(t *testing.T, docs ...musette.Document) musette.View {
	t.Helper()
	v, err := musette.Derive(docs, false)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
