package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"musette"
	"musette/strava/stravatest/season"
	"musette/track"
)

// seasonNow is the moment at which the tests look at the season: its newest activity is of this morning.
var seasonNow = time.Date(2026, 10, 8, 19, 30, 0, 0, time.UTC)

// fromSeason is an activity as Musette would show the season's to its owner, with pictures below /pictures/.
func fromSeason(s *season.Season, a season.Activity) *musette.Activity {
	zone, err := time.LoadLocation(a.Timezone)
	if err != nil {
		panic(err)
	}
	m := &musette.Activity{
		ID: a.ID, AthleteID: s.Athlete.ID, Name: a.Name, SportType: a.SportType, Type: a.Type,
		Start: musette.At(a.Start), StartLocal: a.Start.In(zone).Format(localWall), Timezone: a.Timezone,
		DistanceM: a.Distance, MovingS: int(a.Moving.Seconds()), ElapsedS: int(a.Elapsed.Seconds()), ClimbM: int(a.ClimbM),
		Description: a.Description, Photos: []musette.Photo{}, Comments: []musette.Comment{},
		Links:      musette.Links{Strava: fmt.Sprintf("https://www.strava.com/activities/%d", a.ID)},
		Visibility: a.Visibility, Source: musette.SourceAPI, Missing: []musette.Part{},
	}
	if a.HasMap() {
		var points []track.Point
		for _, p := range a.Points() {
			points = append(points, track.Point{Lat: p.Lat, Lng: p.Lng})
		}
		points = track.SimplifyTo(points, 1000)
		bounds, _ := track.BoundsOf(points)
		m.Map = &musette.Map{Polyline: track.Encode(points), Bounds: bounds}
	}
	for _, p := range a.Photos {
		m.Photos = append(m.Photos, musette.Photo{
			URL:   fmt.Sprintf("/pictures/%d/%d/%d", p.Seed, p.Width, p.Height),
			Width: p.Width, Height: p.Height, Caption: p.Caption,
		})
	}
	for _, c := range a.Comments {
		m.Comments = append(m.Comments, musette.Comment{Author: strings.TrimSpace(c.By.First + " " + c.By.Last), Text: c.Text, At: musette.At(c.At)})
	}
	return m
}

// pictures serves the season's photos, half as large as they were taken.
func pictures() http.Handler {
	mux := http.NewServeMux()
	var drawn keep[string, []byte]
	drawn.limit = 100
	mux.HandleFunc("GET /pictures/{seed}/{w}/{h}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = w.Write(drawn.get(r.URL.Path, func() []byte {
			var seed uint64
			var width, height int
			_, _ = fmt.Sscan(r.PathValue("seed")+" "+r.PathValue("w")+" "+r.PathValue("h"), &seed, &width, &height)
			return season.JPEG(seed, width/2, height/2)
		}))
	})
	return mux
}
