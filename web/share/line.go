package share

import (
	"image"
	"image/color"
	"math"

	"golang.org/x/image/vector"

	"musette/track"
)

const (
	mostPoints = 400
	air        = 76   // pixels around a route
	leastM     = 100. // metres that the shorter edge shows at least, so that standing still stays a speck
	least      = 3.   // pixels below which a bend only makes a line tremble
)

// fit puts lines into the middle of a place, north up and true to shape; none where there is nothing to draw.
func fit(lines [][]track.Point, place image.Rectangle) [][]track.XY {
	var all []track.Point
	var lengths []int
	for _, line := range lines {
		line = track.SimplifyTo(line, mostPoints)
		all, lengths = append(all, line...), append(lengths, len(line))
	}
	flat := track.Project(all)
	if len(flat) == 0 || len(flat) != len(all) {
		return nil
	}
	low, high := flat[0], flat[0]
	for _, p := range flat {
		low.X, high.X = min(low.X, p.X), max(high.X, p.X)
		low.Y, high.Y = min(low.Y, p.Y), max(high.Y, p.Y)
	}
	w, h := float64(place.Dx()-2*air), float64(place.Dy()-2*air)
	scale := min(w/max(high.X-low.X, leastM), h/max(high.Y-low.Y, leastM))
	middle := track.XY{X: float64(place.Min.X+place.Max.X) / 2, Y: float64(place.Min.Y+place.Max.Y) / 2}
	fitted := make([][]track.XY, 0, len(lengths))
	for _, n := range lengths {
		line := make([]track.XY, 0, n)
		for i, p := range flat[:n] {
			q := track.XY{X: middle.X + (p.X-(low.X+high.X)/2)*scale, Y: middle.Y - (p.Y-(low.Y+high.Y)/2)*scale}
			if i == 0 || i == n-1 || math.Hypot(q.X-line[len(line)-1].X, q.Y-line[len(line)-1].Y) >= least {
				line = append(line, q)
			}
		}
		flat = flat[n:]
		if len(line) > 0 {
			fitted = append(fitted, line)
		}
	}
	return fitted
}

// stroke draws a line with round caps and joins.
func (d *drawing) stroke(line []track.XY, width float64, c color.Color) {
	r := vector.NewRasterizer(Width, Height)
	for i, p := range line {
		dot(r, p, width/2)
		if i > 0 {
			bridge(r, line[i-1], p, width/2)
		}
	}
	r.Draw(d.picture, d.picture.Bounds(), image.NewUniform(c), image.Point{})
}

// dot and bridge go around what they add in the same direction, so that where they overlap they add up.
func dot(r *vector.Rasterizer, at track.XY, radius float64) {
	const corners = 24
	for i := range corners {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / corners)
		x, y := float32(at.X+radius*cos), float32(at.Y+radius*sin)
		if i == 0 {
			r.MoveTo(x, y)
			continue
		}
		r.LineTo(x, y)
	}
	r.ClosePath()
}

func bridge(r *vector.Rasterizer, from, to track.XY, radius float64) {
	length := math.Hypot(to.X-from.X, to.Y-from.Y)
	if length == 0 {
		return
	}
	nx, ny := (to.Y-from.Y)/length*radius, -(to.X-from.X)/length*radius
	r.MoveTo(float32(from.X+nx), float32(from.Y+ny))
	r.LineTo(float32(to.X+nx), float32(to.Y+ny))
	r.LineTo(float32(to.X-nx), float32(to.Y-ny))
	r.LineTo(float32(from.X-nx), float32(from.Y-ny))
	r.ClosePath()
}
