package svg

import (
	"bytes"
	"fmt"
	"math"
)

// A Bar is one bar of a chart.
type Bar struct {
	Value float64
	Label string // below it, "" for none
	Note  string // above it, "" for none
	Now   bool   // it isn't over yet
}

// ChartOptions says how a chart is drawn. Its text is 13 pixels high at normal size.
type ChartOptions struct {
	Width, Height int
	Title         string // its accessible name; "" marks the drawing as decoration
	Class         string
	Headroom      float64 // of a profile: how much above its highest value the top is
}

const (
	chartText  = 13.0
	chartAbove = 20.0 // room for what is said above
	lineAbove  = 36.0 // the same where a dot and two labels may be there
	chartBelow = 22.0 // and below
	leastBar   = 2.0  // so that little is seen
)

// Bars draws bars side by side from 0 up. Negative values and what isn't a number are 0; nil if there is no bar.
func Bars(bars []Bar, o ChartOptions) []byte {
	if len(bars) == 0 || o.Width <= 0 || o.Height <= 0 {
		return nil
	}
	most := 0.0
	for _, bar := range bars {
		most = max(most, positive(bar.Value))
	}
	var b bytes.Buffer
	openChart(&b, "bars", o)
	room := float64(o.Height) - chartAbove - chartBelow
	step := float64(o.Width) / float64(len(bars))
	width := step * 0.72
	floor := chartAbove + room
	for i, bar := range bars {
		height := 0.0
		if most > 0 {
			height = positive(bar.Value) / most * room
		}
		if bar.Value > 0 {
			height = max(height, leastBar)
		}
		x, class := float64(i)*step+(step-width)/2, ""
		if bar.Now {
			class = ` class="now"`
		}
		if height > 0 {
			fmt.Fprintf(&b, `<rect%s x="%s" y="%s" width="%s" height="%s" rx="2"/>`, class, toTenths(x), toTenths(floor-height), toTenths(width), toTenths(height))
		}
		middle := x + width/2
		label(&b, middle, floor+chartBelow-5, float64(o.Width), "", bar.Label)
		label(&b, middle, floor-height-6, float64(o.Width), "note", bar.Note)
	}
	fmt.Fprintf(&b, `<path class="floor" d="M0 %[1]sH%[2]d"/></svg>`, toTenths(floor), o.Width)
	return b.Bytes()
}

// A Line is one line of a chart.
type Line struct {
	Values []float64 // evenly spaced from the left
	Label  string    // at its end
	Now    bool      // it is the one that the chart is about, and ends with a dot
}

// Lines draws lines from 0 up over slots places, each labelled at its end; below are labels, evenly spaced. nil if there
// is nothing to draw.
func Lines(lines []Line, slots int, below []string, o ChartOptions) []byte {
	most := 0.0
	for _, line := range lines {
		for _, v := range line.Values {
			most = max(most, positive(v))
		}
	}
	if most == 0 || slots < 2 || o.Width <= 0 || o.Height <= 0 {
		return nil
	}
	var b bytes.Buffer
	openChart(&b, "lines", o)
	room, floor := float64(o.Height)-lineAbove-chartBelow, float64(o.Height)-chartBelow
	fmt.Fprintf(&b, `<path class="floor" d="M0 %[1]sH%[2]d"/>`, toTenths(floor), o.Width)
	at := func(i int, v float64) spot {
		return spot{toTenths(4 + float64(i)*(float64(o.Width)-8)/float64(slots-1)), toTenths(floor - positive(v)/most*room)}
	}
	ends := make([]spot, len(lines))
	for n, line := range lines {
		if len(line.Values) == 0 {
			continue
		}
		class := "then"
		if line.Now {
			class = "now"
		}
		spots := make([]spot, len(line.Values))
		for i, v := range line.Values {
			spots[i] = at(i, v)
		}
		fmt.Fprintf(&b, `<path class="%s" d="`, class)
		writeStraight(&b, spots)
		b.WriteString(`"/>`)
		ends[n] = spots[len(spots)-1]
		if line.Now {
			fmt.Fprintf(&b, `<circle class="now" cx="%s" cy="%s" r="5"/>`, ends[n].x, ends[n].y)
		}
	}
	for n, line := range lines {
		if len(line.Values) == 0 {
			continue
		}
		y := float64(ends[n].y)/10 - 12
		for _, other := range ends[:n] { // not one over the other
			if math.Abs(float64(other.x-ends[n].x)) < 1500 && math.Abs(float64(other.y)/10-10-y) < chartText+3 {
				y = float64(other.y)/10 + chartText + 8
			}
		}
		class := "then"
		if line.Now {
			class = "now"
		}
		label(&b, float64(ends[n].x)/10, max(chartText, y), float64(o.Width), class, line.Label)
	}
	for i, text := range below {
		label(&b, (float64(i)+0.5)*float64(o.Width)/float64(len(below)), floor+chartBelow-5, float64(o.Width), "", text)
	}
	b.WriteString(`</svg>`)
	return b.Bytes()
}

// label writes a text in the middle of x, but never over the edge.
func label(b *bytes.Buffer, x, y, width float64, class, text string) {
	if text == "" {
		return
	}
	half := float64(len([]rune(text))) * chartText * 0.3
	anchor := "middle"
	switch {
	case x-half < 0:
		x, anchor = 0, "start"
	case x+half > width:
		x, anchor = width, "end"
	}
	fmt.Fprintf(b, `<text x="%s" y="%s" text-anchor="%s" font-size="13"`, toTenths(x), toTenths(y), anchor)
	if class != "" {
		fmt.Fprintf(b, ` class="%s"`, class)
	}
	b.WriteByte('>')
	writeText(b, text)
	b.WriteString(`</text>`)
}

// Profile draws a line of evenly spaced values, filled below, stretched over all of its area: the highest at the top, or below its
// headroom, the lowest a tenth above the bottom. What isn't a number is passed over; nil if fewer than two values are left.
func Profile(values []float64, o ChartOptions) []byte {
	var kept []float64
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			kept = append(kept, v)
			low, high = min(low, v), max(high, v)
		}
	}
	if len(kept) < 2 || o.Width <= 0 || o.Height <= 0 {
		return nil
	}
	high += max(0, o.Headroom)
	const edge = 3.0
	room := float64(o.Height)*0.9 - edge
	at := func(i int) spot {
		y := edge + room/2
		if high > low {
			y = edge + (high-kept[i])/(high-low)*room
		}
		return spot{toTenths(float64(i) * float64(o.Width) / float64(len(kept)-1)), toTenths(y)}
	}
	spots := make([]spot, len(kept))
	for i := range kept {
		spots[i] = at(i)
	}
	var line bytes.Buffer
	writeStraight(&line, spots)
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" preserveAspectRatio="none" class="profile`, o.Width, o.Height)
	nameChart(&b, o)
	fmt.Fprintf(&b, `<path class="area" d="%sV%dH0z"/><path class="r" fill="none" vector-effect="non-scaling-stroke" d="%s"/></svg>`, line.Bytes(), o.Height, line.Bytes())
	return b.Bytes()
}

func openChart(b *bytes.Buffer, kind string, o ChartOptions) {
	fmt.Fprintf(b, `<svg viewBox="0 0 %d %d" class="chart %s`, o.Width, o.Height, kind)
	nameChart(b, o)
}

// nameChart ends the opening tag, which stands within its class, and says what the drawing is.
func nameChart(b *bytes.Buffer, o ChartOptions) {
	if o.Class != "" {
		b.WriteByte(' ')
		writeText(b, o.Class)
	}
	if o.Title == "" {
		b.WriteString(`" aria-hidden="true">`)
		return
	}
	b.WriteString(`" role="img"><title>`)
	writeText(b, o.Title)
	b.WriteString(`</title>`)
}

func positive(v float64) float64 {
	if v > 0 && !math.IsInf(v, 0) {
		return v
	}
	return 0
}
