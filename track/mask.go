package track

import (
	"cmp"
	"math"
	"slices"
)

const (
	// behind is the cosine of the widest angle to a disc's lean under which a visible end may lie: an angle of 110 degrees.
	behind = -0.342
	// Of so many metres after the first point that may be an end, the one furthest along the lean is taken.
	leastLeanM, mostLeanM = 250, 500
	// leastPieceM is the length under which a piece isn't worth showing.
	leastPieceM = 200
	// roundingM is more than what rounding to a polyline's precision, and a flat map instead of the globe, move a point.
	roundingM = 3
)

// sightsM are the lengths over which the direction of a route's end may be told.
var sightsM = [...]float64{60, 150, 400}

// Disc is a round area in which nothing is shown. [MaskKey] makes them.
type Disc struct {
	Centre  Point
	RadiusM float64

	// lean is a secret direction, in radians from east to north: routes are cut so that their visible ends lie on that side.
	lean float64
	// coreM is the radius of the inner part that no visible end may point at.
	coreM float64
	scale float64 // of a degree of longitude at the middle, in metres
	key   MaskKey
}

// Compare orders discs, by their middle and radius.
func (d Disc) Compare(o Disc) int {
	return cmp.Or(cmp.Compare(d.Centre.Lat, o.Centre.Lat), cmp.Compare(d.Centre.Lng, o.Centre.Lng), cmp.Compare(d.RadiusM, o.RadiusM))
}

// Contains reports whether a point is inside, the edge included.
func (d Disc) Contains(p Point) bool { return Distance(d.Centre, p) <= d.RadiusM }

// A Mask is what is hidden from strangers. The zero value hides nothing. It isn't changed by its methods.
type Mask struct {
	discs []Disc
}

// NewMask returns the mask of some discs. Their order would decide which of several discs shortens a route, so it is always
// the same: what is shown must not differ from one load to the next.
func NewMask(discs ...Disc) Mask { return Mask{slices.SortedFunc(slices.Values(discs), Disc.Compare)} }

// Hides reports whether a point is inside any disc.
func (m Mask) Hides(p Point) bool {
	for _, d := range m.discs {
		if d.Contains(p) {
			return true
		}
	}
	return false
}

// near returns the mask of those discs that touch a box.
func (m Mask) near(b Bounds) Mask {
	var out Mask
	for _, d := range m.discs {
		if d.Meets(b) {
			out.discs = append(out.discs, d)
		}
	}
	return out
}

// Meets reports whether the disc may touch a box; it errs on the side of yes.
func (d Disc) Meets(b Bounds) bool {
	lat := d.RadiusM / metresPerDegree * 1.01
	if d.Centre.Lat < b.South-lat || d.Centre.Lat > b.North+lat {
		return false
	}
	lng := d.RadiusM / scale(math.Abs(d.Centre.Lat)+lat) * 1.01
	for _, turn := range []float64{-360, 0, 360} {
		if x := d.Centre.Lng + turn; x >= b.West-lng && x <= b.East+lng {
			return true
		}
	}
	return false
}

// Cut returns the pieces of a route that may be shown, in order. No point of them is inside a disc, and no line between
// two neighbours crosses one, also after [Encode] has rounded them.
//
// A piece doesn't begin where the route leaves a disc. If it did, then of many routes from one door the ends would lie
// evenly around the door, however large the disc and wherever its middle: their mean or median would be the door. And
// straight streets, drawn back, would meet there. So a piece begins where the route next is on the disc's secret side,
// with a direction that passes the middle of the disc far off. A route that stays on the other side isn't shown.
func (m Mask) Cut(points []Point) [][]Point {
	points = onEarth(points)
	b, ok := BoundsOf(points)
	if !ok {
		return nil
	}
	if m = m.near(b); len(m.discs) == 0 {
		return [][]Point{points}
	}
	hidden, severed := m.hidden(points)
	var pieces [][]Point
	for from := 0; from < len(points); {
		if hidden[from] != nil {
			from++
			continue
		}
		to := from
		for to+1 < len(points) && hidden[to+1] == nil && severed[to] == nil {
			to++
		}
		began, ended := (*Disc)(nil), severed[to]
		if from > 0 {
			began = cmp.Or(severed[from-1], hidden[from-1])
		}
		if to+1 < len(points) {
			ended = cmp.Or(ended, hidden[to+1])
		}
		if piece := trimmed(points[from:to+1], began, ended); Length(piece) >= leastPieceM {
			pieces = append(pieces, piece)
		}
		from = to + 1
	}
	return pieces
}

// hidden returns for each point a disc that it is in, and for each line from a point to the next one that it crosses;
// nil is none.
func (m Mask) hidden(points []Point) (at, after []*Disc) {
	at, after = make([]*Disc, len(points)), make([]*Disc, len(points))
	flat := make([]XY, len(points))
	for i := range m.discs {
		d := &m.discs[i]
		for j, p := range points {
			if flat[j] = d.flat(p); d.reaches(flat[j], flat[j]) {
				at[j] = d
			}
			if j > 0 && d.reaches(flat[j-1], flat[j]) {
				after[j-1] = d
			}
		}
	}
	return at, after
}

// flat is where a point is from the disc's middle, in metres.
func (d *Disc) flat(p Point) XY {
	return XY{
		X: math.Remainder(p.Lng-d.Centre.Lng, 360) * d.scale,
		Y: (p.Lat - d.Centre.Lat) * metresPerDegree,
	}
}

// reaches reports whether the line from a to b touches the disc.
func (d *Disc) reaches(a, b XY) bool {
	radius := d.RadiusM + roundingM
	if a.Y > radius && b.Y > radius || a.Y < -radius && b.Y < -radius {
		return false
	}
	dx, dy := b.X-a.X, b.Y-a.Y
	along := 0.0
	if l := dx*dx + dy*dy; l > 0 {
		along = min(max(-(a.X*dx+a.Y*dy)/l, 0), 1)
	}
	return math.Hypot(a.X+along*dx, a.Y+along*dy) <= radius
}

// trimmed shortens a piece at those of its ends at which a disc begins.
func trimmed(piece []Point, began, ended *Disc) []Point {
	first, last := 0, len(piece)-1
	if began != nil {
		first = began.end(piece)
	}
	if ended != nil {
		back := slices.Clone(piece)
		slices.Reverse(back)
		last -= ended.end(back)
	}
	if first >= last {
		return nil
	}
	return piece[first : last+1 : last+1]
}

// end returns which point of a piece that begins at the disc may be its visible end; len(piece) if none may.
func (d *Disc) end(piece []Point) int {
	flat, along := make([]XY, len(piece)), make([]float64, len(piece))
	for i, p := range piece {
		flat[i] = d.flat(p)
		if i > 0 {
			along[i] = along[i-1] + math.Hypot(flat[i].X-flat[i-1].X, flat[i].Y-flat[i-1].Y)
		}
	}
	// The length that is looked at follows from where the piece begins: always the same could be told.
	n, _ := d.key.random(forEnd, int64(math.Round(piece[0].Lat*unitsPerDegree)), int64(math.Round(piece[0].Lng*unitsPerDegree)))
	sin, cos := math.Sincos(d.lean)
	best, most, untilM := len(piece), math.Inf(-1), math.Inf(1)
	for i, q := range flat {
		if along[i] > untilM {
			break
		}
		ahead := q.X*cos + q.Y*sin
		if ahead <= most || ahead < behind*math.Hypot(q.X, q.Y) || !d.missed(flat, along, i) {
			continue
		}
		if best == len(piece) {
			untilM = along[i] + leastLeanM + n*(mostLeanM-leastLeanM)
		}
		best, most = i, ahead
	}
	return best
}

// missed reports whether a piece from its point i on, drawn back as a straight line, stays out of the disc's core.
func (d *Disc) missed(flat []XY, along []float64, i int) bool {
	j := i
	for _, aheadM := range sightsM {
		for j < len(flat) && along[j]-along[i] < aheadM {
			j++
		}
		if j == len(flat) {
			return false
		}
		dx, dy := flat[j].X-flat[i].X, flat[j].Y-flat[i].Y
		if off := math.Abs(flat[i].X*dy-flat[i].Y*dx) / math.Hypot(dx, dy); !(off > d.coreM) {
			return false
		}
	}
	return true
}
