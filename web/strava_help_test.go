package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"musette"
	"musette/feed"
	"musette/internal/stravaspec"
	"musette/store"
	"musette/strava/stravatest"
	"musette/web"
)

// allStreams are the keys that the copy has streams of.
const allStreams = "time,distance,latlng,altitude,velocity_smooth,heartrate,cadence,watts,temp,moving,grade_smooth"

// copied is a server with a copy of a simulated Strava's season, to be asked beside the original.
type copied struct {
	*api
	strava *stravatest.Server
	token  string // for the original
	key    string // for the copy
	me     int64
	ids    []int64 // newest first
}

// summer is when the season that is copied ends.
var summer = time.Date(2026, 7, 22, 12, 0, 7, 0, time.UTC)

// copyOf copies a season: of the oldest three activities there are summaries only, of every other the summary has been
// confirmed since the detail came.
func copyOf(t *testing.T, activities int) *copied {
	t.Helper()
	s := stravatest.New(stravatest.Config{
		Seed: 1, Activities: activities, Now: func() time.Time { return summer },
		Limits: stravatest.Limits{OverallQuarter: 1e6, OverallDay: 1e6, ReadQuarter: 1e6, ReadDay: 1e6},
	})
	c := &copied{api: newAPI(t, web.Config{}, feed.Publish{}), strava: s, me: s.Athletes()[0].ID}
	c.now = summer
	c.token = s.AccessToken(c.me, "read", "profile:read_all", "activity:read_all")
	var list []json.RawMessage
	for page := 1; ; page++ {
		var part []json.RawMessage
		unmarshal(t, c.original(fmt.Sprintf("/athlete/activities?per_page=200&page=%d", page)).body, &part)
		if len(part) == 0 {
			break
		}
		list = append(list, part...)
	}
	c.update(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.PutAthlete(ctx, store.Athlete{ID: c.me, Name: "Ada", FirstSeen: summer}); err != nil {
			return err
		}
		me := musette.NewDocument(c.me, 0, musette.PartAthlete, musette.SourceAPI, c.original("/athlete").body, summer)
		if err := tx.PutDocument(ctx, me, false); err != nil {
			return err
		}
		for i, summary := range list {
			if err := c.take(ctx, tx, summary, i < len(list)-3, i%2 == 1); err != nil {
				return err
			}
		}
		return nil
	})
	c.look()
	c.key = c.api.key(c.me, web.ScopeRead)
	return c
}

// take stores an activity as a sync would.
func (c *copied) take(ctx context.Context, tx *store.Tx, summary []byte, detailed, confirmed bool) error {
	b, err := musette.ParseBasics(summary)
	if err != nil {
		return err
	}
	c.ids = append(c.ids, b.ID)
	doc := func(part musette.Part, body []byte, mark int64) musette.Document {
		d := musette.NewDocument(c.me, b.ID, part, musette.SourceAPI, body, summer)
		d.Mark = mark
		return d
	}
	docs := []musette.Document{doc(musette.PartSummary, summary, 0)}
	if confirmed {
		docs[0].ConfirmedAt = summer.Add(time.Hour)
	}
	path := fmt.Sprint("/activities/", b.ID)
	if detailed {
		docs = append(docs, doc(musette.PartDetail, c.original(path).body, 0))
	}
	if b.PhotoCount > 0 {
		docs = append(docs, doc(musette.PartPhotos, c.original(path+"/photos?size=5000").body, int64(b.PhotoCount)))
	}
	if b.CommentCount > 0 {
		docs = append(docs, doc(musette.PartComments, c.original(path+"/comments?page_size=200").body, int64(b.CommentCount)))
	}
	if streams := c.original(path + "/streams?key_by_type=true&keys=" + allStreams); streams.StatusCode == 200 {
		docs = append(docs, doc(musette.PartStreams, streams.body, 0))
	}
	v, err := musette.Derive(docs, false)
	if err != nil {
		return err
	}
	view, err := json.Marshal(v.Activity)
	if err != nil {
		return err
	}
	for _, d := range docs {
		if err := tx.PutDocument(ctx, d, false); err != nil {
			return err
		}
	}
	_, err = tx.PutActivity(ctx, store.Activity{
		AthleteID: c.me, ID: b.ID, Status: store.StatusLive, Start: b.Start, SportType: b.SportType, Type: b.Type, DistanceM: b.DistanceM,
		MovingS: v.MovingS, ElapsedS: v.ElapsedS, ClimbM: v.ClimbM, Visibility: v.Visibility, View: view, ViewVersion: musette.ViewVersion,
	})
	return err
}

// original asks the simulated Strava.
func (c *copied) original(path string) reply {
	c.Helper()
	r := httptest.NewRequest("GET", "/api/v3"+path, nil)
	r.Header.Set("Authorization", "Bearer "+c.token)
	rec := httptest.NewRecorder()
	c.strava.ServeHTTP(rec, r)
	return reply{Response: rec.Result(), body: rec.Body.Bytes()}
}

// ask asks the copy, and holds the answer against Strava's specification.
func (c *copied) ask(path string, headers ...string) reply {
	c.Helper()
	r := c.get("/api/v3"+path, append([]string{"Authorization: Bearer " + c.key}, headers...)...)
	c.likeStrava(path, r)
	return r
}

func (c *copied) likeStrava(path string, r reply) {
	c.Helper()
	if r.StatusCode == http.StatusNotModified {
		return
	}
	found, err := stravaspec.Check(path, r.StatusCode, r.body)
	if err != nil {
		c.Fatal(err)
	}
	for p := range found {
		if !stravaspec.Known()[p] {
			c.Errorf("%s: %d: %s", path, r.StatusCode, p)
		}
	}
	for _, name := range []string{"X-Ratelimit-Limit", "X-Ratelimit-Usage", "X-Readratelimit-Limit", "X-Readratelimit-Usage"} {
		if first, second, ok := strings.Cut(r.Header.Get(name), ","); !ok || first == "" || second == "" {
			c.Errorf("%s: %s is %q", path, name, r.Header.Get(name))
		}
	}
}

// wantFault checks an error in Strava's shape: "resource/field/code", and words that must be in its message.
func (c *copied) wantFault(r reply, status int, where string, words ...string) {
	c.Helper()
	var f struct {
		Message string
		Errors  []struct{ Resource, Field, Code string }
	}
	if r.StatusCode != status || json.Unmarshal(r.body, &f) != nil || f.Message == "" || f.Errors == nil {
		c.Errorf("want a fault of %d, got %s", status, r)
		return
	}
	if got := fmt.Sprint(f.Errors); where != "" && got != "[{"+strings.ReplaceAll(where, "/", " ")+"}]" {
		c.Errorf("the fault is about %s, want %s", got, where)
	}
	for _, w := range words {
		if !strings.Contains(f.Message, w) {
			c.Errorf("the fault says %q, without %q", f.Message, w)
		}
	}
	wantHeader(c.T, r, "Cache-Control", "no-store")
}

func unmarshal(t *testing.T, body []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(body, v); err != nil {
		t.Fatalf("%v: %.200s", err, body)
	}
}
