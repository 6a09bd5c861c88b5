package track

import (
	"container/heap"
	"math"
)

// flatM is the deviation, in metres, that counts as none: on a straight line rounding alone
// puts points nanometres beside it.
const flatM = 0.001

// XY is a place on a flat map, in metres: X to the east, Y to the north.
type XY struct{ X, Y float64 }

// Project lays points on a flat map (equirectangular, true to scale at the route's middle
// latitude), with the first point's meridian and the equator as axes. A route across the
// antimeridian stays in one piece. Where a route reaches 100 km north to south, the scale is
// off by 1 or 2% at its far ends; a shape as wide as a continent is only roughly right.
func Project(points []Point) []XY { return project(onEarth(points)) }

// project is Project for points that are all valid.
func project(points []Point) []XY {
	b, ok := BoundsOf(points)
	if !ok {
		return nil
	}
	metresNorth := radians(1) * earthRadiusM
	metresEast := metresNorth * math.Cos(radians((b.South+b.North)/2))
	flat := make([]XY, len(points))
	last, east := points[0].Lng, 0.0
	for i, p := range points {
		// The shorter way round: a step over half the world is one across the antimeridian.
		step := p.Lng - last
		if step > 180 {
			step -= 360
		} else if step < -180 {
			step += 360
		}
		last, east = p.Lng, east+step
		flat[i] = XY{X: east * metresEast, Y: p.Lat * metresNorth}
	}
	return flat
}

// Simplify leaves out points so that none of those left out is further than toleranceM
// metres from the line that remains (Douglas-Peucker). The first and last point stay.
// A tolerance under a millimetre counts as one. Usually n log n steps; on contrived lines n².
func Simplify(points []Point, toleranceM float64) []Point {
	return thin(onEarth(points), len(points), toleranceM)
}

// SimplifyTo returns at most max points: all of them if they fit, else the first, the last
// and those that give the line its shape, the most telling first. With max 1 it is the
// first point, below that none. At most about n·max steps, whatever the line.
func SimplifyTo(points []Point, max int) []Point {
	points = onEarth(points)
	switch {
	case len(points) <= max:
		return points
	case max < 1:
		return nil
	case max == 1:
		return points[:1:1]
	}
	return thin(points, max, 0)
}

// thin splits the line at the point furthest from it, the worst stretch first, until every
// stretch is within the tolerance or max points are kept.
func thin(points []Point, max int, toleranceM float64) []Point {
	if len(points) <= 2 {
		return points
	}
	if !(toleranceM > flatM) { // NaN too
		toleranceM = flatM
	}
	flat := project(points)
	keep := make([]bool, len(points))
	keep[0], keep[len(points)-1] = true, true
	kept := 2
	todo := stretches{measure(flat, 0, len(points)-1)}
	for kept < max && len(todo) > 0 {
		s := heap.Pop(&todo).(stretch)
		if s.deviationM <= toleranceM {
			break
		}
		keep[s.furthest] = true
		kept++
		for _, half := range [2]stretch{measure(flat, s.from, s.furthest), measure(flat, s.furthest, s.to)} {
			if half.deviationM > toleranceM {
				heap.Push(&todo, half)
			}
		}
	}
	out := make([]Point, 0, kept)
	for i, k := range keep {
		if k {
			out = append(out, points[i])
		}
	}
	return out
}

// stretch is a piece of a line between two kept points, with the point between them that
// is furthest from the straight connection.
type stretch struct {
	from, to, furthest int
	deviationM         float64
}

func measure(flat []XY, from, to int) stretch {
	a := flat[from]
	dx, dy := flat[to].X-a.X, flat[to].Y-a.Y
	squared := dx*dx + dy*dy
	s := stretch{from: from, to: to}
	worst := 0.0
	for i := from + 1; i < to; i++ {
		x, y := flat[i].X-a.X, flat[i].Y-a.Y
		// The nearest place on the connection, which may be one of its ends; a loop's two
		// ends are the same place.
		if squared > 0 {
			along := max(0, min(1, (x*dx+y*dy)/squared))
			x, y = x-along*dx, y-along*dy
		}
		if d := x*x + y*y; d > worst {
			worst, s.furthest = d, i
		}
	}
	s.deviationM = math.Sqrt(worst)
	return s
}

// stretches is a heap, the largest deviation on top.
type stretches []stretch

func (s stretches) Len() int           { return len(s) }
func (s stretches) Less(i, j int) bool { return s[i].deviationM > s[j].deviationM }
func (s stretches) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *stretches) Push(x any)        { *s = append(*s, x.(stretch)) }
func (s *stretches) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}
