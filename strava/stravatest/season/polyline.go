package season

import (
	"math"

	"github.com/twpayne/go-polyline"
)

// Polyline is the whole track in Google's encoding with five decimals, "" where
// there is none.
func (a *Activity) Polyline() string { return encode(a.Points()) }

// SummaryPolyline is the track with fewer points: what stays within a few
// metres (more for long tracks) of it. It starts and ends where the track does.
func (a *Activity) SummaryPolyline() string {
	pts := a.Points()
	if len(pts) == 0 {
		return ""
	}
	return encode(simplify(pts, clamp(a.Distance/2400, 5, 40)))
}

func encode(pts []Point) string {
	coords := make([][]float64, len(pts))
	for i, p := range pts {
		coords[i] = []float64{p.Lat, p.Lng}
	}
	return string(polyline.EncodeCoords(coords))
}

// Bounds is the smallest box around the points; ok is false where there are none.
func (a *Activity) Bounds() (south, west, north, east float64, ok bool) {
	pts := a.Points()
	if len(pts) == 0 {
		return 0, 0, 0, 0, false
	}
	south, west, north, east = pts[0].Lat, pts[0].Lng, pts[0].Lat, pts[0].Lng
	for _, p := range pts {
		south, north = min(south, p.Lat), max(north, p.Lat)
		west, east = min(west, p.Lng), max(east, p.Lng)
	}
	return south, west, north, east, true
}

// simplify keeps the ends and every point that lies more than toleranceM off
// the line without it (Douglas and Peucker).
func simplify(pts []Point, toleranceM float64) []Point {
	keep := make([]bool, len(pts))
	keep[0], keep[len(pts)-1] = true, true
	cosLat := cosDeg(pts[0].Lat)
	type span struct{ from, to int }
	for todo := []span{{0, len(pts) - 1}}; len(todo) > 0; {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		far, farM := 0, toleranceM
		for i := s.from + 1; i < s.to; i++ {
			if d := off(pts[s.from], pts[s.to], pts[i], cosLat); d > farM {
				far, farM = i, d
			}
		}
		if far > 0 {
			keep[far] = true
			todo = append(todo, span{s.from, far}, span{far, s.to})
		}
	}
	var out []Point
	for i, p := range pts {
		if keep[i] {
			out = append(out, p)
		}
	}
	return out
}

// off is how far p is from the piece of line between a and b, in metres.
func off(a, b, p Point, cosLat float64) float64 {
	k := metresPerDegree * cosLat
	bx, by := (b.Lng-a.Lng)*k, (b.Lat-a.Lat)*metresPerDegree
	px, py := (p.Lng-a.Lng)*k, (p.Lat-a.Lat)*metresPerDegree
	t := 0.0
	if d := bx*bx + by*by; d > 0 {
		t = clamp((px*bx+py*by)/d, 0, 1)
	}
	return math.Hypot(px-t*bx, py-t*by)
}
