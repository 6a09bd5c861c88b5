package web_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"

	"musette"
	"musette/feed"
	"musette/store"
	"musette/web"
)

type gpxFile struct {
	Name   string `xml:"trk>name"`
	Points []struct {
		Lat  float64  `xml:"lat,attr"`
		Lon  float64  `xml:"lon,attr"`
		Ele  *float64 `xml:"ele"`
		Time string   `xml:"time"`
	} `xml:"trk>trkseg>trkpt"`
}

func readGPX(t *testing.T, body []byte) (f gpxFile) {
	t.Helper()
	if err := xml.Unmarshal(body, &f); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return f
}

func TestOneActivityInItsForms(t *testing.T) {
	a := newAPI(t, web.Config{Open: true, Streams: true}, feed.Publish{})
	const line = "_p~iF~ps|U_ulLnnqC_mqNvxq`@" // Google's own example
	const name = `A </name> "walk" & <script>alert(1)</script>`
	a.put("", activity(1, func(x *musette.Activity) { x.Name, x.Map = name, &musette.Map{Polyline: line} }),
		activity(2, func(x *musette.Activity) { x.Map = nil }))

	r := a.get("/v1/activities/1.geojson")
	var f struct {
		BBox     []float64
		Geometry struct {
			Type        string
			Coordinates [][]float64
		}
		Properties struct{ Name string }
	}
	if err := json.Unmarshal(r.body, &f); err != nil || f.Geometry.Type != "LineString" || f.Properties.Name != name {
		t.Errorf("%v: %s", err, r)
	}
	if len(f.Geometry.Coordinates) != 3 || f.Geometry.Coordinates[0][0] != -120.2 || f.Geometry.Coordinates[0][1] != 38.5 ||
		len(f.BBox) != 4 || f.BBox[0] != -126.453 || f.BBox[3] != 43.252 {
		t.Errorf("longitude comes first, west before south: %+v", f)
	}
	if r := a.get("/v1/activities/2.geojson"); !strings.Contains(string(r.body), `"geometry":null`) {
		t.Errorf("without a route: %s", r)
	}

	r = a.get("/v1/activities/1.gpx")
	wantHeader(t, r, "Content-Disposition", `attachment; filename="1.gpx"`)
	if g := readGPX(t, r.body); g.Name != name || len(g.Points) != 3 || g.Points[2].Lat != 43.252 || g.Points[0].Ele != nil {
		t.Errorf("the file has %+v", g)
	}
	streams := `{"latlng":{"data":[[38.5,-120.2],[38.6,-120.3]]},"altitude":{"data":[12.34,13]},"time":{"data":[0,61]}}`
	a.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.PutDocument(ctx, musette.NewDocument(athlete, 1, musette.PartStreams, musette.SourceAPI, []byte(streams), noon), false)
	})
	g := readGPX(t, a.get("/v1/activities/1.gpx").body)
	if len(g.Points) != 2 || g.Points[1].Time != "2026-05-22T12:02:01Z" || g.Points[0].Ele == nil || *g.Points[0].Ele != 12.3 {
		t.Errorf("with streams the file has %+v", g)
	}

	r = a.get("/v1/activities/1/map.svg?width=300")
	if !strings.HasPrefix(string(r.body), "<svg") || !strings.Contains(string(r.body), "300") || strings.Contains(string(r.body), "<script") {
		t.Errorf("the picture is %s", r.body)
	}
	wantHeader(t, r, "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	for _, target := range []string{"/v1/activities/2.gpx", "/v1/activities/2/map.svg"} {
		p := a.wantProblem(a.get(target), 404)
		if !strings.Contains(p.Detail, "no route") {
			t.Errorf("%s: %q", target, p.Detail)
		}
	}
	for _, target := range []string{"/v1/activities/1.geojson", "/v1/activities/1.gpx", "/v1/activities/1/map.svg"} {
		first := a.get(target, "Accept-Encoding: zstd")
		if again := a.get(target, "Accept-Encoding: zstd", "If-None-Match: "+first.Header.Get("ETag")); again.StatusCode != 304 {
			t.Errorf("%s with its own tag: %s", target, again)
		}
	}
}

// No form tells a stranger more than the activity itself does: nothing of the streams, and the route only as it is shown.
func TestStrangersGetNoOtherRouteInAnyForm(t *testing.T) {
	a := newAPI(t, web.Config{Streams: true}, full)
	a.put("", activity(1), activity(2, func(x *musette.Activity) { x.Visibility = "followers_only" }))
	a.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.PutDocument(ctx, musette.NewDocument(athlete, 1, musette.PartStreams, musette.SourceAPI,
			[]byte(`{"latlng":{"data":[[12.3456,7.6543],[12.3457,7.6544]]}}`), noon), false)
	})
	var shown struct{ Map *struct{ Polyline string } }
	unmarshal(t, a.get("/v1/activities/1").body, &shown)
	for _, target := range []string{"/v1/activities/1.geojson", "/v1/activities/1.gpx", "/v1/activities/1/map.svg"} {
		r := a.get(target)
		if strings.Contains(string(r.body), "7.654") {
			t.Errorf("%s tells strangers of the streams: %s", target, r.body)
		}
		if shown.Map == nil && r.StatusCode == 200 && !strings.Contains(string(r.body), `"geometry":null`) {
			t.Errorf("%s draws a route that isn't shown: %s", target, r.body)
		}
		a.wantProblem(a.get(strings.Replace(target, "/1", "/2", 1)), 404)
		a.wantProblem(a.get(strings.Replace(target, "/1", "/9", 1)), 404)
	}
}
