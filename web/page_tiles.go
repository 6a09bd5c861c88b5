package web

import (
	"errors"
	"math"
	"net/http"
	"strconv"

	"musette/feed"
	"musette/track"
)

// tilePath is where browsers get map tiles. They come through here, so that neither the tile host's key nor a visitor's
// address goes to the other.
const tilePath = "/tiles/{z}/{x}/{y}"

// mapTiles is what a page says about tiles; nil where there are none.
type mapTiles struct {
	Attribution string
	MostZoom    int
}

func (s *Server) mapTiles() *mapTiles {
	if s.tiles == nil {
		return nil
	}
	return &mapTiles{s.tiles.config.Attribution, mostZoom}
}

// A tileAddress is one tile in the usual scheme: 2^zoom columns and rows over the square of the Mercator projection.
type tileAddress struct{ zoom, x, y int }

// mostZoom is as close as tiles are had; beyond it a route needs none.
const mostZoom = 18

// tile answers with a map tile. Only those are had that somebody who looks at a route can come by: this isn't a way to
// other tiles.
func (s *Server) tile(w http.ResponseWriter, r *http.Request) error {
	reader, err := s.read(r)
	if err != nil {
		return err
	}
	if _, err := params(r); err != nil {
		return err
	}
	if s.tiles == nil {
		return notFound("There are no map tiles here: maps are drawn.")
	}
	at, ok := parseTile(r.PathValue("z"), r.PathValue("x"), r.PathValue("y"))
	if !ok {
		return notFound("There is no such tile.")
	}
	view, err := s.view()
	if err != nil {
		return err
	}
	if !nearRoutes(view, reader, at) {
		return notFound("There is no route near this tile.")
	}
	body, kind, err := s.tiles.get(r.Context(), at)
	switch {
	case r.Context().Err() != nil:
		return err
	case errors.Is(err, errTileBusy):
		w.Header().Set("Retry-After", "60")
		return unavailable("No more tiles can be fetched for now. The drawn map needs none.")
	case err != nil:
		s.config.Log.Debug("a map tile could not be had", "error", err, "request", requestID(r))
		return notFound("The tile host has no tile to give.")
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "public, max-age=604800")
	if reader.Owner { // which tiles there are tells where the routes are
		h.Set("Cache-Control", "private, max-age=604800")
	}
	_, _ = w.Write(body)
	return nil
}

// parseTile reads a tile's address; false if there is none such.
func parseTile(z, x, y string) (tileAddress, bool) {
	var n [3]int
	for i, text := range []string{z, x, y} {
		v, err := strconv.Atoi(text)
		if err != nil || v < 0 || strconv.Itoa(v) != text {
			return tileAddress{}, false
		}
		n[i] = v
	}
	at := tileAddress{n[0], n[1], n[2]}
	return at, at.zoom <= mostZoom && at.x < 1<<at.zoom && at.y < 1<<at.zoom
}

// tilesAround is how many tiles beyond a route can be looked at.
const tilesAround = 8

// nearRoutes reports whether a tile is near a route that the reader sees.
func nearRoutes(view *feed.View, reader feed.Reader, at tileAddress) bool {
	for a := range view.Each(feed.Query{Reader: reader}) {
		if a.Map == nil || a.Map.Polyline == "" {
			continue
		}
		b := a.Map.Bounds
		west, north := tileOf(track.Point{Lat: b.North, Lng: b.West}, at.zoom)
		east, south := tileOf(track.Point{Lat: b.South, Lng: b.East}, at.zoom)
		if at.x >= west-tilesAround && at.x <= east+tilesAround && at.y >= north-tilesAround && at.y <= south+tilesAround {
			return true
		}
	}
	return false
}

// tileOf is the column and row that a place is in.
func tileOf(p track.Point, zoom int) (x, y int) {
	n := math.Exp2(float64(zoom))
	lat := min(max(p.Lat, -85), 85) * math.Pi / 180
	return int(math.Floor((p.Lng + 180) / 360 * n)), int(math.Floor((1 - math.Asinh(math.Tan(lat))/math.Pi) / 2 * n))
}
