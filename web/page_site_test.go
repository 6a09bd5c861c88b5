package web

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/feed"
	"musette/store"
	"musette/strava/stravatest/season"
)

// site is a whole server over a store in memory, with an athlete and their pictures.
type site struct {
	t        testing.TB
	pictures *pictures
	store    *store.Store
	feed     *feed.Feed
	server   *Server
	http     *httptest.Server
	status   musette.Status
	season   *season.Season
}

type siteOptions struct {
	closed  bool // strangers aren't the owner
	publish feed.Publish
	goalM   float64
	origins []string // whose pages may read the APIs
	streams bool
	tiles   Tiles
	connect *Connect
	leave   LeaveFunc
}

func newSite(t testing.TB, o siteOptions) *site {
	t.Helper()
	ctx := t.Context()
	s := &site{t: t, pictures: newPictures(), season: season.Make(season.Options{Seed: 1, Activities: 120, Until: seasonNow})}
	asOf := seasonNow.Add(-4 * time.Minute)
	s.status = musette.Status{State: musette.StateOK, AsOf: &asOf, Athletes: []musette.Athlete{
		{ID: s.season.Athlete.ID, Name: s.season.Athlete.FirstName + " " + s.season.Athlete.LastName, State: musette.StateOK},
	}}
	var err error
	if s.store, err = store.OpenMemory(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.store.Close() })
	err = s.store.Update(ctx, nil, func(tx *store.Tx) error {
		return tx.PutAthlete(ctx, store.Athlete{ID: s.season.Athlete.ID, Name: s.season.Athlete.FirstName, FirstSeen: seasonNow, State: musette.StateOK})
	})
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return seasonNow }
	s.feed = feed.New(feed.Config{Store: s.store, GoalM: o.goalM, Publish: o.publish, Now: now, Status: func(context.Context) (musette.Status, error) { return s.status, nil }})
	s.server, err = New(Config{Feed: s.feed, Store: s.store, Open: !o.closed, Now: now, Origins: o.origins, Streams: o.streams, Tiles: o.tiles, Picture: s.pictures.read, Connect: o.connect, Leave: o.leave})
	if err != nil {
		t.Fatal(err)
	}
	s.http = httptest.NewServer(s.server)
	t.Cleanup(func() {
		s.server.Close()
		s.http.Close()
	})
	s.look()
	return s
}

// put stores activities as they are, and shows them.
func (s *site) put(list ...*musette.Activity) {
	s.t.Helper()
	ctx := s.t.Context()
	err := s.store.Update(ctx, nil, func(tx *store.Tx) error {
		for _, a := range list {
			view, err := json.Marshal(a)
			if err != nil {
				return err
			}
			row := store.Activity{
				AthleteID: a.AthleteID, ID: a.ID, Status: store.StatusLive, Start: a.Start.Time, SportType: a.SportType, Type: a.Type,
				DistanceM: a.DistanceM, MovingS: a.MovingS, ElapsedS: a.ElapsedS, ClimbM: a.ClimbM, Visibility: a.Visibility,
				View: view, ViewVersion: musette.ViewVersion,
			}
			if _, err := tx.PutActivity(ctx, row); err != nil {
				return err
			}
			for _, p := range a.Photos {
				if p.ID == "" {
					continue // not kept yet
				}
				k := keptOf(a, p)
				s.pictures.add(k)
				if err := tx.PutPicture(ctx, k); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.look()
}

// look lets the feed take in what is stored.
func (s *site) look() {
	s.t.Helper()
	if err := s.feed.Look(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// fill stores the whole season.
func (s *site) fill() *site {
	s.t.Helper()
	var list []*musette.Activity
	for _, a := range s.season.Activities {
		list = append(list, fromSeason(s.season, a))
	}
	s.put(list...)
	return s
}

func (s *site) url(path string) string { return s.http.URL + path }
