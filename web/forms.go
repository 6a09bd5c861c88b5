package web

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"musette"
	"musette/feed"
	"musette/track"
	"musette/web/svg"
)

// A form is a way in which one activity is written.
type form struct {
	contentType string
	params      []string
	// write returns what is sent of an activity as the reader sees it. An error may be a [*problem] or a
	// [*feed.ParamError].
	write  func(*Server, context.Context, *shown) (*feed.Response, error)
	policy string // a Content-Security-Policy of its own
	file   string // the ending of the file's name, where the answer is to be saved rather than looked at
}

// shown is an activity as its reader sees it.
type shown struct {
	*musette.Activity
	view   *feed.View
	reader feed.Reader
	values url.Values
}

// activityForms are those that the end of the address names.
var activityForms = map[string]form{
	".geojson": {contentType: "application/geo+json", write: (*Server).activityGeoJSON},
	".gpx":     {contentType: "application/gpx+xml", write: (*Server).activityGPX, file: ".gpx"},
}

func (s *Server) getActivityMap(w http.ResponseWriter, r *http.Request) error {
	return s.inForm(w, r, r.PathValue("id"), form{
		contentType: "image/svg+xml", params: []string{"width", "height"}, write: (*Server).activitySVG,
		policy: "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'", // its colours stand within it
	})
}

// inForm answers with one activity.
func (s *Server) inForm(w http.ResponseWriter, r *http.Request, idText string, f form) error {
	reader, err := s.read(r)
	if err != nil {
		return err
	}
	values, err := params(r, f.params...)
	if err != nil {
		return err
	}
	view, err := s.view()
	if err != nil {
		return err
	}
	id, ok := feed.ParseID(idText)
	if !ok {
		return notFound("There is no such activity: its id is a whole number.")
	}
	entry, ok := view.Activity(id, reader)
	if !ok {
		return notFound("There is no such activity here, or it isn't yours to see.")
	}
	response, err := f.write(s, r.Context(), &shown{entry.For(reader), view, reader, values})
	if err != nil {
		return err
	}
	if f.file != "" {
		w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%d%s"`, id, f.file))
	}
	if f.policy != "" {
		w.Header().Set("Content-Security-Policy", f.policy)
	}
	s.sayFromMemory(w.Header(), view)
	sendAs(f.contentType, w, r, reader, response)
	return nil
}

func (s *Server) activityJSON(ctx context.Context, a *shown) (*feed.Response, error) {
	response, err := a.view.ActivityResponse(a.ID, a.reader)
	if err == nil && a.reader.Owner {
		response = s.withStreams(ctx, response, a.Activity)
	}
	return response, err
}

// line is the route as the reader sees it; none where there is no GPS, or none is shown.
func (a *shown) line() []track.Point {
	if a.Map == nil {
		return nil
	}
	points, _ := track.Decode(a.Map.Polyline) // it was decoded before, for its bounds
	return points
}

// pieces are the route as the reader sees it, in several where something between is hidden.
func (a *shown) pieces() (pieces [][]track.Point) {
	if a.Map == nil {
		return nil
	}
	for _, line := range a.Map.Lines() {
		if points, _ := track.Decode(line); len(points) > 0 {
			pieces = append(pieces, points)
		}
	}
	return pieces
}

func (a *shown) variant(form string) string { return fmt.Sprint(form, " ", a.reader) }

// activityGeoJSON is one feature (RFC 7946), whose geometry is null where there is no route.
func (s *Server) activityGeoJSON(_ context.Context, a *shown) (*feed.Response, error) {
	type geometry struct {
		Type        string `json:"type"`
		Coordinates any    `json:"coordinates"`
	}
	type properties struct {
		Name       string  `json:"name"`
		SportType  string  `json:"sport_type"`
		Start      string  `json:"start"`
		StartLocal string  `json:"start_local"`
		Timezone   string  `json:"timezone"`
		DistanceM  float64 `json:"distance_m"`
		MovingS    int     `json:"moving_s"`
		ElapsedS   int     `json:"elapsed_s"`
		ClimbM     int     `json:"climb_m"`
	}
	feature := struct {
		Type       string     `json:"type"`
		ID         string     `json:"id"`
		BBox       []float64  `json:"bbox,omitempty"`
		Geometry   *geometry  `json:"geometry"`
		Properties properties `json:"properties"`
	}{Type: "Feature", ID: strconv.FormatInt(a.ID, 10), Properties: properties{
		a.Name, a.SportType, a.Start.UTC().Format(time.RFC3339), a.StartLocal, a.Timezone, a.DistanceM, a.MovingS, a.ElapsedS, a.ClimbM,
	}}
	var lines [][][2]float64
	for _, piece := range a.pieces() {
		var line [][2]float64
		for _, p := range piece {
			line = append(line, [2]float64{p.Lng, p.Lat})
		}
		if len(line) == 1 { // a line has two points at least
			line = append(line, line[0])
		}
		lines = append(lines, line)
	}
	if b, ok := track.BoundsOf(slices.Concat(a.pieces()...)); ok {
		feature.BBox = []float64{b.West, b.South, b.East, b.North}
		if feature.Geometry = (&geometry{"MultiLineString", lines}); len(lines) == 1 {
			feature.Geometry = &geometry{"LineString", lines[0]}
		}
	}
	b, err := json.Marshal(feature, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, fmt.Errorf("writing %s as GeoJSON: %w", a, err)
	}
	return feed.NewResponse(b, a.variant("geojson")), nil
}

// activityGPX is a file for other programs: for the owner with heights and times where the streams are here.
func (s *Server) activityGPX(ctx context.Context, a *shown) (*feed.Response, error) {
	t := track.GPXTrack{Name: a.Name, Type: a.SportType, Link: a.Links.Strava, Start: a.Start.Time}
	if a.reader.Owner {
		if points := streamPoints(s.streamsBody(ctx, a.Activity), a.Start.Time); len(points) > 0 {
			t.Segments = [][]track.GPXPoint{points}
		}
	}
	if t.Segments == nil {
		for _, piece := range a.pieces() {
			t.Segments = append(t.Segments, track.GPXLine(piece))
		}
	}
	if t.Segments == nil {
		return nil, noRoute
	}
	return feed.NewResponse(t.GPX(), a.variant("gpx")), nil
}

var noRoute = notFound("This activity has no route, or none that is shown.")

// streamPoints puts Strava's streams together: places, and heights and times where there is one for each place.
func streamPoints(body []byte, start time.Time) []track.GPXPoint {
	type numbers struct {
		Data []float64 `json:"data"`
	}
	var streams struct {
		LatLng struct {
			Data [][]float64 `json:"data"`
		} `json:"latlng"`
		Altitude numbers `json:"altitude"`
		Time     numbers `json:"time"`
	}
	if len(body) == 0 || json.Unmarshal(body, &streams, anyJSON) != nil {
		return nil
	}
	places := streams.LatLng.Data
	points := make([]track.GPXPoint, 0, len(places))
	for i, at := range places {
		if len(at) != 2 {
			return nil
		}
		p := track.GPXPoint{Point: track.Point{Lat: at[0], Lng: at[1]}, ElevationM: math.NaN()}
		if len(streams.Altitude.Data) == len(places) {
			p.ElevationM = streams.Altitude.Data[i]
		}
		if len(streams.Time.Data) == len(places) {
			p.At = start.Add(time.Duration(streams.Time.Data[i] * float64(time.Second)))
		}
		points = append(points, p)
	}
	return points
}

// The size of a drawn route, in pixels.
const (
	mapWidth, mapHeight     = 640, 400
	leastPixels, mostPixels = 32, 2000
)

// activitySVG is the route as a picture of its own.
func (s *Server) activitySVG(_ context.Context, a *shown) (*feed.Response, error) {
	width, err := pixelsParam(a.values, "width", mapWidth)
	if err != nil {
		return nil, err
	}
	height, err := pixelsParam(a.values, "height", mapHeight)
	if err != nil {
		return nil, err
	}
	picture := svg.Route(a.line(), svg.RouteOptions{Width: width, Height: height, Title: "The route of " + a.Name, Standalone: true})
	if picture == nil {
		return nil, noRoute
	}
	return feed.NewResponse(picture, a.variant("svg")), nil
}

func pixelsParam(values url.Values, name string, absent int) (int, error) {
	if !values.Has(name) {
		return absent, nil
	}
	n, err := strconv.Atoi(values.Get(name))
	if err != nil || n < leastPixels || n > mostPixels {
		return 0, &feed.ParamError{Param: name, Problem: fmt.Sprintf("it is a number of pixels from %d to %d", leastPixels, mostPixels)}
	}
	return n, nil
}
