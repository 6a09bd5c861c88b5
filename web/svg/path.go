package svg

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// tenths is a length in tenths of a pixel; whole numbers add up without drift.
type tenths int

func toTenths(px float64) tenths { return tenths(math.Round(px * 10)) }

// String writes t in pixels, without the zero before a point.
func (t tenths) String() string {
	text := strconv.FormatFloat(float64(t)/10, 'f', -1, 64)
	if -10 < t && t < 10 && t != 0 {
		return strings.Replace(text, "0", "", 1)
	}
	return text
}

// spot is a place in the drawing, from its top left corner.
type spot struct{ x, y tenths }

// writePath writes path data for line, with its corners rounded: the line leaves a corner's
// sides up to bend before and after it, and never further than half way to the next corner.
// All steps are from the place before, which is shorter than places.
func writePath(b *bytes.Buffer, line []spot, bend tenths) {
	fmt.Fprintf(b, "M%s %s", line[0].x, line[0].y)
	pen := path{b: b, at: line[0], control: line[0]}
	for i := 1; i < len(line)-1; i++ {
		corner := line[i]
		before, after := corner.towards(line[i-1], bend), corner.towards(line[i+1], bend)
		if staysSharp(before, corner, after) {
			pen.line(corner)
			continue
		}
		// Two curves that meet half way differ by a rounding at most.
		if pen.at.apart(before) >= 2 {
			pen.line(before)
		}
		pen.curve(corner, after)
	}
	pen.line(line[len(line)-1])
}

// towards returns the spot on the way from s to t, at most limit and half the way along.
func (s spot) towards(t spot, limit tenths) spot {
	way := s.apart(t)
	if way == 0 {
		return s
	}
	part := min(float64(limit)/way, 0.5)
	return spot{
		s.x + tenths(math.Round(float64(t.x-s.x)*part)),
		s.y + tenths(math.Round(float64(t.y-s.y)*part)),
	}
}

// apart is the distance from s to t, in tenths.
func (s spot) apart(t spot) float64 { return math.Hypot(float64(t.x-s.x), float64(t.y-s.y)) }

// staysSharp reports whether a corner is not worth a curve, or must not have one: so slight
// that the curve would pass within a third of a pixel, or a turning point, which a curve
// would not reach.
func staysSharp(before, corner, after spot) bool {
	middle := spot{(before.x + after.x) / 2, (before.y + after.y) / 2}
	return middle.apart(corner) < 6 || before.apart(after) < before.apart(corner)/2
}

// path writes steps, without repeating the letter of the step before.
type path struct {
	b       *bytes.Buffer
	at      spot
	control spot // of the curve that ended at at; at itself after a line
	letter  byte
}

func (p *path) line(to spot) {
	if to != p.at {
		p.step('l', to)
		p.control = to
	}
}

// curve writes the short form, whose control is the mirror image of the one before, where
// that is within a third of a pixel of the one wanted. It is wherever two curves meet half
// way between their corners.
func (p *path) curve(control, to spot) {
	mirrored := spot{2*p.at.x - p.control.x, 2*p.at.y - p.control.y}
	if p.control != p.at && mirrored.apart(control) <= 3 {
		p.step('t', to)
		p.control = mirrored
		return
	}
	p.step('q', control, to)
	p.control = control
}

func (p *path) step(letter byte, spots ...spot) {
	separate := letter == p.letter
	if !separate {
		p.b.WriteByte(letter)
		p.letter = letter
	}
	for _, s := range spots {
		for _, d := range [2]tenths{s.x - p.at.x, s.y - p.at.y} {
			if separate && d >= 0 {
				p.b.WriteByte(' ')
			}
			p.b.WriteString(d.String())
			separate = true
		}
	}
	p.at = spots[len(spots)-1]
}
