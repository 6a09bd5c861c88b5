package track

import (
	"math"
	"slices"
)

// earthRadiusM is the mean radius of the Earth (IUGG), in metres.
const earthRadiusM = 6_371_008.8

// Point is a place in degrees.
type Point struct{ Lat, Lng float64 }

// Valid reports whether p is on Earth: latitude within ±90, longitude within ±180, neither NaN.
func (p Point) Valid() bool {
	return math.Abs(p.Lat) <= 90 && math.Abs(p.Lng) <= 180
}

// Bounds is the box around a route, in degrees.
type Bounds struct {
	South float64 `json:"south"`
	West  float64 `json:"west"`
	North float64 `json:"north"`
	East  float64 `json:"east"`
}

// BoundsOf returns the least and greatest latitude and longitude of points; false if there
// are none. South <= North and West <= East always hold, and every point is inside. A route
// across the antimeridian therefore gets a box that goes the long way round the world:
// too wide, but still true.
func BoundsOf(points []Point) (Bounds, bool) {
	b := Bounds{South: math.Inf(1), West: math.Inf(1), North: math.Inf(-1), East: math.Inf(-1)}
	found := false
	for _, p := range points {
		if !p.Valid() {
			continue
		}
		found = true
		b.South, b.North = min(b.South, p.Lat), max(b.North, p.Lat)
		b.West, b.East = min(b.West, p.Lng), max(b.East, p.Lng)
	}
	if !found {
		return Bounds{}, false
	}
	return b, true
}

// Distance is the great-circle distance from a to b in metres (haversine, within 0.6% of
// the ellipsoid). It is NaN if either is NaN.
func Distance(a, b Point) float64 {
	latA, latB := radians(a.Lat), radians(b.Lat)
	sinLat := math.Sin((latB - latA) / 2)
	sinLng := math.Sin(radians(b.Lng-a.Lng) / 2)
	h := sinLat*sinLat + math.Cos(latA)*math.Cos(latB)*sinLng*sinLng
	// Rounding may carry h past 1 for antipodes, where Asin has no answer.
	return 2 * earthRadiusM * math.Asin(math.Sqrt(min(h, 1)))
}

// Length is the sum of the distances along points, in metres.
func Length(points []Point) float64 {
	var sum float64
	var last *Point
	for i := range points {
		p := &points[i]
		if !p.Valid() {
			continue
		}
		if last != nil {
			sum += Distance(*last, *p)
		}
		last = p
	}
	return sum
}

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }

// onEarth returns a copy of points without those that are not valid.
func onEarth(points []Point) []Point {
	return slices.DeleteFunc(slices.Clone(points), func(p Point) bool { return !p.Valid() })
}
