package svg

import (
	"bytes"
	"fmt"
	"slices"

	"musette/track"
)

// A Thread is one of many routes that are drawn together.
type Thread struct {
	Pieces [][]track.Point
	Href   string // where pressing it leads
	Title  string // any text
	Class  string // such as "sport-foot"
	Bold   bool   // it stands out, and is drawn last
}

// ManyOptions says how routes are drawn together.
type ManyOptions struct {
	Width, Height int
	Points        int // at most so many of each route are drawn; at least two of each piece are
}

// Many draws routes as thin lines on one ground, north up, each a link. It says nothing to a screen reader, nor to the
// keyboard: what it shows stands beside it as a list. nil if there is nothing to draw.
func Many(threads []Thread, o ManyOptions) []byte {
	if o.Width <= 0 || o.Height <= 0 {
		return nil
	}
	drawn := make([]Thread, 0, len(threads))
	for _, t := range threads {
		if t.Pieces = thin(t.Pieces, max(2, o.Points)); len(t.Pieces) > 0 {
			drawn = append(drawn, t)
		}
	}
	if len(drawn) == 0 {
		return nil
	}
	slices.SortStableFunc(drawn, func(a, b Thread) int { return boolOrder(a.Bold) - boolOrder(b.Bold) })
	g := newGauge(o.Width, o.Height)
	g.pad = min(g.pad, mostAir)
	scale := g.scale(track.Project(concat(drawn)))
	for _, t := range drawn {
		for i := range t.Pieces {
			t.Pieces[i] = track.Simplify(t.Pieces[i], finest/scale)
		}
	}
	spots := g.fit(track.Project(concat(drawn)))

	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" class="routes" aria-hidden="true">`, o.Width, o.Height)
	for _, t := range drawn {
		b.WriteString(`<a tabindex="-1" class="`)
		if t.Bold {
			b.WriteString("bold ")
		}
		writeText(&b, t.Class)
		b.WriteString(`" href="`)
		writeText(&b, t.Href)
		b.WriteString(`"><title>`)
		writeText(&b, t.Title)
		b.WriteString(`</title><path d="`)
		for _, piece := range t.Pieces {
			writeStraight(&b, spots[:len(piece)])
			spots = spots[len(piece):]
		}
		b.WriteString(`"/></a>`)
	}
	b.WriteString(`</svg>`)
	return b.Bytes()
}

const (
	mostAir = 24  // around all routes, in pixels
	finest  = 0.6 // bends smaller than so many pixels are left out
)

func boolOrder(b bool) int {
	if b {
		return 1
	}
	return 0
}

// concat are all points of all threads.
func concat(threads []Thread) (all []track.Point) {
	for _, t := range threads {
		all = append(all, slices.Concat(t.Pieces...)...)
	}
	return all
}

// writeStraight writes path data for line, corners and all.
func writeStraight(b *bytes.Buffer, line []spot) {
	fmt.Fprintf(b, "M%s %s", line[0].x, line[0].y)
	pen := path{b: b, at: line[0], control: line[0]}
	for _, to := range line[1:] {
		pen.line(to)
	}
}
