package svg

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"

	"musette/track"
)

const (
	maxRoutePoints = 200
	// Bends smaller than this part of the line's width are left out: they only make it tremble.
	smallestBend = 0.3
	// The shorter inside edge never shows less ground than this, in metres, so that the
	// wandering of a receiver lying still remains a speck rather than a picture.
	leastGroundM = 100
)

// RouteOptions says how a route is drawn.
type RouteOptions struct {
	Width, Height int    // of the viewBox, in pixels at normal size
	Title         string // its accessible name, any text; "" marks the drawing as decoration
	Class         string // further CSS classes, such as "sport-foot"
	Standalone    bool   // a file of its own, with its own colours, instead of a part of a page
	Points        int    // at most so many are drawn; 0 is 200
	NoEnds        bool   // without dots, for a line whose true ends aren't told
}

// Route draws points as one line, north up, true to shape, with an open dot at its start, a
// filled one at its end and air all around. Points not on Earth are passed over; a route
// that stays in one place is a dot within a ring. It returns nil if there is no point or no
// area to draw on.
func Route(points []track.Point, o RouteOptions) []byte {
	return Routes([][]track.Point{points}, o)
}

// Routes draws the pieces of one route, between which nothing is known, as [Route] draws a whole one. The dots are at
// the start of the first and the end of the last.
func Routes(pieces [][]track.Point, o RouteOptions) []byte {
	if o.Width <= 0 || o.Height <= 0 {
		return nil
	}
	if o.Points <= 0 {
		o.Points = maxRoutePoints
	}
	g := newGauge(o.Width, o.Height)
	lines := g.layOut(pieces, o.Points)
	if len(lines) == 0 {
		return nil
	}
	var b bytes.Buffer
	ink := openSVG(&b, o)
	fmt.Fprintf(&b, `<rect class="g" width="%d" height="%d" fill="%s"/>`, o.Width, o.Height, ink.ground)
	fmt.Fprintf(&b, `<path class="r" fill="none" stroke="%s" stroke-width="%s" stroke-linecap="round" stroke-linejoin="round" d="`, ink.route, g.stroke)
	for _, line := range lines {
		writePath(&b, line, g.bend)
	}
	b.WriteString(`"/>`)
	if !o.NoEnds {
		last := lines[len(lines)-1]
		writeDots(&b, lines[0][0], last[len(last)-1], g, ink)
	}
	b.WriteString(`</svg>`)
	return b.Bytes()
}

// layOut puts the pieces of a route into the drawing, as simple as its size allows; nil where there is no point.
func (g gauge) layOut(pieces [][]track.Point, most int) [][]spot {
	// Thinned by number first, because the time that takes has a bound; the tolerance in
	// metres is known only once the scale is.
	pieces = thin(pieces, most)
	if len(pieces) == 0 {
		return nil
	}
	scale := g.scale(track.Project(slices.Concat(pieces...)))
	for i := range pieces {
		pieces[i] = track.Simplify(pieces[i], g.tolerance/scale)
	}
	return g.fitAll(pieces)
}

// thin leaves at most max points in all pieces together, but two of each, and leaves out what has no point on Earth.
func thin(pieces [][]track.Point, most int) (thinned [][]track.Point) {
	all := 0
	for _, points := range pieces {
		all += len(points)
	}
	for _, points := range pieces {
		share := most
		if len(pieces) > 1 {
			share = max(2, most*len(points)/max(all, 1))
		}
		if points = track.SimplifyTo(points, share); len(points) > 0 {
			thinned = append(thinned, points)
		}
	}
	return thinned
}

// fitAll puts the pieces of a route in the middle of the drawing, together.
func (g gauge) fitAll(pieces [][]track.Point) (lines [][]spot) {
	all := g.fit(track.Project(slices.Concat(pieces...)))
	for _, points := range pieces {
		lines, all = append(lines, all[:len(points)]), all[len(points):]
	}
	return lines
}

// gauge holds the measures of a drawing, all derived from its size.
type gauge struct {
	width, height float64
	pad           float64
	tolerance     float64 // the largest bend that may be left out
	stroke        tenths
	bend          tenths // how far before a corner the line begins to turn
	open, filled  tenths // radii of the dots
}

func newGauge(width, height int) gauge {
	short := float64(min(width, height))
	stroke := max(1.5, min(short/80, 5))
	return gauge{
		width: float64(width), height: float64(height),
		// A ninth of the short side, and at least room for a dot and as much again.
		pad:       min(max(short/9, 4*stroke), short/3),
		tolerance: smallestBend * stroke,
		stroke:    toTenths(stroke),
		bend:      toTenths(2 * stroke),
		open:      toTenths(1.6 * stroke),
		filled:    toTenths(1.9 * stroke),
	}
}

// scale is the number of pixels for a metre with which line fills the inside.
func (g gauge) scale(line []track.XY) float64 {
	low, high := extent(line)
	w, h := g.width-2*g.pad, g.height-2*g.pad
	scale := min(w, h) / leastGroundM
	if dx := high.X - low.X; dx > 0 {
		scale = min(scale, w/dx)
	}
	if dy := high.Y - low.Y; dy > 0 {
		scale = min(scale, h/dy)
	}
	return scale
}

// fit puts line in the middle of the drawing.
func (g gauge) fit(line []track.XY) []spot {
	scale := g.scale(line)
	low, high := extent(line)
	middle := track.XY{X: (low.X + high.X) / 2, Y: (low.Y + high.Y) / 2}
	spots := make([]spot, len(line))
	for i, p := range line {
		spots[i] = spot{
			x: toTenths(g.width/2 + (p.X-middle.X)*scale),
			y: toTenths(g.height/2 - (p.Y-middle.Y)*scale),
		}
	}
	return spots
}

func extent(line []track.XY) (low, high track.XY) {
	low, high = line[0], line[0]
	for _, p := range line[1:] {
		low.X, high.X = min(low.X, p.X), max(high.X, p.X)
		low.Y, high.Y = min(low.Y, p.Y), max(high.Y, p.Y)
	}
	return low, high
}

// writeDots draws where the route starts and ends. A loop's end is a dot within the ring of
// its start. Where the two only come near each other, a rim of ground parts them.
func writeDots(b *bytes.Buffer, start, end spot, g gauge, ink ink) {
	radius, rim := g.filled, tenths(0)
	switch apart := tenths(start.apart(end)); {
	case apart < g.open+g.stroke:
		end, radius = start, g.stroke*3/4
	case apart < g.open+g.filled+g.stroke:
		rim = g.stroke / 2
	}
	fmt.Fprintf(b, `<circle class="o" cx="%s" cy="%s" r="%s" fill="%s" stroke="%s" stroke-width="%s"/>`,
		start.x, start.y, g.open, ink.ground, ink.route, g.stroke*3/4)
	fmt.Fprintf(b, `<circle class="e" cx="%s" cy="%s" r="%s" fill="%s" stroke="%s" stroke-width="%s"/>`,
		end.x, end.y, radius, ink.route, ink.ground, rim)
}

// openSVG writes everything up to the drawing itself and returns the colours to draw with.
func openSVG(b *bytes.Buffer, o RouteOptions) ink {
	colours := ink{route: "var(--route,currentColor)", ground: "var(--ground,Canvas)"}
	b.WriteString(`<svg`)
	if o.Standalone {
		fmt.Fprintf(b, ` xmlns="http://www.w3.org/2000/svg" width="%d" height="%d"`, o.Width, o.Height)
	}
	fmt.Fprintf(b, ` viewBox="0 0 %d %d" class="route`, o.Width, o.Height)
	if o.Class != "" {
		b.WriteByte(' ')
		writeText(b, o.Class)
	}
	if o.Title != "" {
		b.WriteString(`" role="img"><title>`)
		writeText(b, o.Title)
		b.WriteString(`</title>`)
	} else {
		b.WriteString(`" aria-hidden="true">`)
	}
	if o.Standalone {
		var dark ink
		colours, dark = inksFor(o.Class)
		fmt.Fprintf(b, `<style>@media(prefers-color-scheme:dark){.g,.o{fill:%[2]s}.r,.o{stroke:%[1]s}.e{fill:%[1]s;stroke:%[2]s}}</style>`,
			dark.route, dark.ground)
	}
	return colours
}

// writeText writes s so that it is text, in an element or a quoted attribute, in HTML and
// XML alike; what XML can't hold becomes U+FFFD.
func writeText(b *bytes.Buffer, s string) {
	_ = xml.EscapeText(b, []byte(s)) // a Buffer never fails
}
