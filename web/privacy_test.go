package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"musette"
	"musette/feed"
	"musette/store"
	"musette/track"
	"musette/web"
)

var door = track.Point{Lat: 51.4779, Lng: -0.0015}

// loop is a winding loop of some kilometres from a door and back to it.
func loop(seed uint64) []track.Point {
	r := rand.New(rand.NewPCG(seed, 3))
	const n = 500
	heading, x, y := 2*math.Pi*r.Float64(), 0.0, 0.0
	var way [n][2]float64
	for i := range way {
		way[i] = [2]float64{x, y}
		heading += 0.2 * r.NormFloat64()
		x, y = x+15*math.Cos(heading), y+15*math.Sin(heading)
	}
	points := make([]track.Point, n)
	for i, p := range way {
		f := float64(i) / (n - 1)
		points[i] = track.Point{
			Lat: door.Lat + (p[1]-f*way[n-1][1])/111_195,
			Lng: door.Lng + (p[0]-f*way[n-1][0])/111_195/math.Cos(door.Lat*math.Pi/180),
		}
	}
	return points
}

// Nothing that strangers can ask for has a coordinate near the door that all routes leave by.
func TestNoPublicReplyTellsWhereHomeIs(t *testing.T) {
	p := feed.Publish{Mode: feed.PublishFull, API: true, Fields: feed.Fields}
	a := newAPI(t, web.Config{Streams: true}, p)
	a.update(func(ctx context.Context, tx *store.Tx) error { // a fixed secret shows the same in every run
		return errors.Join(tx.PutSetting(ctx, "mask_secret", strings.Repeat("5e", 32)), tx.RenewEpoch(ctx))
	})
	var routes [][]track.Point
	for id := int64(1); id <= 20; id++ {
		points := loop(uint64(id))
		b, _ := track.BoundsOf(points)
		routes = append(routes, points)
		a.put("", activity(id, func(x *musette.Activity) { x.Map = &musette.Map{Polyline: track.Encode(points), Bounds: b} }))
	}
	streams := fmt.Appendf(nil, `{"latlng":{"data":[[%v,%v]]}}`, door.Lat, door.Lng)
	a.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.PutDocument(ctx, musette.NewDocument(athlete, 1, musette.PartStreams, musette.SourceAPI, streams, noon), false)
	})
	targets := []string{"/", "/top", "/map", "/totals", "/v1/feed?limit=500", "/v1/feed?has=map", "/v1/totals", "/v1/totals?from=2026-05-22&to=2026-05-22", "/v1/changes?since=20", "/v1/status", "/openapi.json", "/embed/feed", "/embed/map", "/embed/totals", "/embed/feed.svg", "/embed/map.svg", "/embed/totals.svg", "/embed/totals.png", "/feed.atom"}
	for id := 1; id <= 20; id++ {
		for _, form := range []string{"/v1/activities/%d", "/v1/activities/%d.geojson", "/v1/activities/%d.gpx", "/v1/activities/%d/map.svg", "/embed/activity/%d", "/embed/activity/%d.svg", "/card/%d", "/a/%d", "/api/v3/activities/%d", "/api/v3/activities/%d/streams"} {
			targets = append(targets, fmt.Sprintf(form, id))
		}
	}
	lines, answered := 0, 0
	for _, target := range targets {
		r := a.get(target)
		if r.StatusCode >= 400 {
			continue
		}
		answered++
		text := string(r.body)
		for _, points := range routes {
			if strings.Contains(text, track.Encode(points)) {
				t.Errorf("%s has a whole route in it", target)
			}
		}
		for _, m := range pairs.FindAllStringSubmatch(text, -1) {
			x, _ := strconv.ParseFloat(m[1], 64)
			y, _ := strconv.ParseFloat(m[2], 64)
			if near(track.Point{Lat: x, Lng: y}) || near(track.Point{Lat: y, Lng: x}) {
				t.Errorf("%s shows %s", target, m[0])
			}
		}
		var value any
		if json.Unmarshal(r.body, &value) != nil {
			continue
		}
		lines += checkPlaces(t, target, value)
	}
	if lines < 20 || answered < 40 {
		t.Errorf("%d lines in %d answers: nothing was tested", lines, answered)
	}
}

// pairs are two numbers, each as precise as about a hundred metres, with little between them.
var pairs = regexp.MustCompile(`(-?\d+\.\d{3,})[^\d-]{1,12}(-?\d+\.\d{3,})`)

func near(p track.Point) bool { return track.Distance(p, door) < 200 }

// checkPlaces looks at every line in a JSON value, and counts them.
func checkPlaces(t *testing.T, target string, value any) (lines int) {
	switch v := value.(type) {
	case map[string]any:
		for _, x := range v {
			lines += checkPlaces(t, target, x)
		}
	case []any:
		for _, x := range v {
			lines += checkPlaces(t, target, x)
		}
	case string:
		points, err := track.Decode(v)
		if err == nil && len(points) > 10 {
			lines++
			if slices.ContainsFunc(points, near) {
				t.Errorf("%s shows a line near the door", target)
			}
		}
	}
	return lines
}

func TestHidingAnActivity(t *testing.T) {
	a := newAPI(t, web.Config{}, feed.Publish{Mode: feed.PublishFull, API: true, Fields: feed.Fields})
	a.put("", activity(1), activity(2), activity(3, of(7)))
	admin, reader, own := "X-API-Key: "+a.key(0, web.ScopeAdmin), "X-API-Key: "+a.key(0, web.ScopeRead), "X-API-Key: "+a.key(athlete, web.ScopeAdmin)
	hide := func(method, target string, status int, headers ...string) {
		t.Helper()
		if r := a.do(method, target, "", headers...); r.StatusCode != status {
			t.Errorf("%s %s: %s", method, target, r)
		}
		a.look()
	}
	hide("PUT", "/v1/activities/1/hide", 401)
	hide("PUT", "/v1/activities/1/hide", 403, reader)
	hide("PUT", "/v1/activities/9/hide", 404, admin)
	hide("PUT", "/v1/activities/x/hide", 404, admin)
	hide("PUT", "/v1/activities/3/hide", 404, own)
	hide("PUT", "/v1/activities/1/hide?what=pace", 400, admin)
	hide("PUT", "/v1/activities/1/hide?that=map", 400, admin)
	if got := as[feedReply](t, a.get("/v1/feed")).ids(); got != "3 2 1" {
		t.Fatalf("before, strangers see %s", got)
	}
	hide("PUT", "/v1/activities/1/hide", 204, own)
	hide("PUT", "/v1/activities/1/hide", 204, own)
	hide("PUT", "/v1/activities/2/hide?what=photos", 204, admin)
	if got := as[feedReply](t, a.get("/v1/feed")).ids(); got != "3 2" {
		t.Errorf("strangers see %s", got)
	}
	a.wantProblem(a.get("/v1/activities/1"), 404)
	if r := a.get("/v1/activities/2"); strings.Contains(string(r.body), "pictures.example") {
		t.Errorf("hidden photos are shown: %s", r)
	}
	if r := a.get("/v1/activities/1", reader); r.StatusCode != 200 {
		t.Errorf("its owner doesn't see it: %s", r)
	}
	hide("DELETE", "/v1/activities/1/hide", 204, admin)
	hide("DELETE", "/v1/activities/1/hide", 204, admin)
	if got := as[feedReply](t, a.get("/v1/feed")).ids(); got != "3 2 1" {
		t.Errorf("shown again, strangers see %s", got)
	}
}
