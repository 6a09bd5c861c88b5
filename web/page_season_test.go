package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"musette"
	"musette/store"
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
			ID: p.UniqueID, URL: fmt.Sprintf("/pictures/%d/%d/%d", p.Seed, p.Width, p.Height),
			Width: p.Width, Height: p.Height, Caption: p.Caption,
		})
	}
	for _, c := range a.Comments {
		m.Comments = append(m.Comments, musette.Comment{Author: strings.TrimSpace(c.By.First + " " + c.By.Last), Text: c.Text, At: musette.At(c.At)})
	}
	return m
}

// keptOf says of a photo below /pictures/ that it is kept, with what a person would see of it under that hash.
func keptOf(a *musette.Activity, p musette.Photo) store.Picture {
	sum := sha256.Sum256([]byte(p.URL))
	return store.Picture{
		AthleteID: a.AthleteID, ActivityID: a.ID, PhotoID: p.ID, URL: p.URL, Outcome: store.PictureKept, Made: true,
		SHA256: hex.EncodeToString(sum[:]), Type: "image/jpeg", Width: p.Width, Height: p.Height,
	}
}

// pictures draws the season's photos, half as large as they were taken, by the hashes of keptOf.
type pictures struct {
	mu    sync.Mutex
	urls  map[string]string // by hash
	drawn keep[string, []byte]
}

func newPictures() *pictures {
	return &pictures{urls: map[string]string{}, drawn: keep[string, []byte]{limit: 100}}
}

func (p *pictures) add(k store.Picture) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.urls[k.SHA256] = k.URL
}

func (p *pictures) read(_ context.Context, _ int64, sha string) ([]byte, error) {
	p.mu.Lock()
	url := p.urls[sha]
	p.mu.Unlock()
	var seed uint64
	var width, height int
	if _, err := fmt.Sscanf(url, "/pictures/%d/%d/%d", &seed, &width, &height); err != nil {
		return nil, errors.New("missing")
	}
	return p.drawn.get(url, func() []byte { return season.JPEG(seed, width/2, height/2) }), nil
}
