package share

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"

	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"

	"musette/track"
)

// The size of a card in pixels, which is what sites that show links ask for.
const (
	Width  = 1200
	Height = 630
)

// Card says what is drawn. Texts may be any; empty ones are left out.
type Card struct {
	Above   string // small, above the name
	Name    string
	Instead string   // of the name, where the font lacks its letters
	Share   float64  // of a goal, 0 to 1, as a bar below the name; below 0 there is no bar
	Figures []Figure // at most three are drawn
	Lines   [][]track.Point
	Family  string // of sports, which gives the colour: foot, wheel, water, winter, gym
}

// Figure is a number with its unit, and what it is of.
type Figure struct{ Label, Value string }

var (
	paper  = color.RGBA{0xff, 0xfe, 0xfc, 0xff}
	ground = color.RGBA{0xf6, 0xf5, 0xf1, 0xff}
	rule   = color.RGBA{0xe0, 0xdc, 0xd3, 0xff}
	ink    = color.RGBA{0x1f, 0x23, 0x28, 0xff}
	soft   = color.RGBA{0x5b, 0x62, 0x6b, 0xff}
	inks   = map[string]color.RGBA{
		"foot": {0x1e, 0x7a, 0x3c, 0xff}, "wheel": {0x24, 0x56, 0xc4, 0xff}, "water": {0x0a, 0x70, 0x80, 0xff},
		"winter": {0x6b, 0x4b, 0xc4, 0xff}, "gym": {0x9b, 0x2f, 0x77, 0xff},
	}
)

const (
	margin    = 72
	beside    = 640 // where the route's ground begins
	nameLines = 3
)

// PNG draws the card.
func PNG(c Card) []byte {
	hue, ok := inks[c.Family]
	if !ok {
		hue = ink
	}
	d := drawing{image.NewRGBA(image.Rect(0, 0, Width, Height)), hue}
	d.box(d.picture.Bounds(), paper)
	width := Width - 2*margin
	if lines := fit(c.Lines, image.Rect(beside, 0, Width, Height)); len(lines) > 0 {
		d.box(image.Rect(beside, 0, Width, Height), ground)
		for _, line := range lines {
			d.stroke(line, 9, hue)
		}
		width = beside - margin - 40
	}
	d.words(c, width)
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, d.picture); err != nil {
		panic(err) // a buffer takes everything
	}
	return b.Bytes()
}

type drawing struct {
	picture *image.RGBA
	hue     color.RGBA
}

func (d *drawing) box(r image.Rectangle, c color.Color) {
	draw.Draw(d.picture, r, image.NewUniform(c), image.Point{}, draw.Src)
}

// words draws what is above the name, the name, the bar, and the figures at the foot.
func (d *drawing) words(c Card, width int) {
	alone := width > beside
	y := 112
	if text, _ := drawable(c.Above, regular()); text != "" {
		face := newFace(regular(), 30)
		d.text(wrap(text, face, width, 1)[0], face, margin, y, soft)
		y += 24
	}
	size, step := 52.0, 62
	if alone {
		size, step = 76, 90
	}
	name, enough := drawable(c.Name, bold())
	if !enough {
		name, _ = drawable(c.Instead, bold())
	}
	face := newFace(bold(), size)
	for _, line := range wrap(name, face, width, nameLines) {
		y += step
		d.text(line, face, margin, y, ink)
	}
	if c.Share >= 0 {
		y += 48
		d.bar(margin, y, width, c.Share)
	}
	d.figures(c.Figures, width, alone)
}

const barHeight = 28

// bar draws how much of a goal is reached.
func (d *drawing) bar(x, y, width int, share float64) {
	const r = barHeight / 2
	pill := func(w int, c color.Color) {
		d.stroke([]track.XY{{X: float64(x + r), Y: float64(y + r)}, {X: float64(x + w - r), Y: float64(y + r)}}, barHeight, c)
	}
	pill(width, rule)
	if share > 0 {
		pill(max(barHeight, int(min(share, 1)*float64(width))), d.hue)
	}
}

// figures are in columns at the foot, as wide as each needs, in the largest size in which all of them fit; those that
// don't fit in any are left out.
func (d *drawing) figures(list []Figure, width int, alone bool) {
	sizes := []float64{38, 34, 30}
	if alone {
		sizes = []float64{60, 52, 44}
	}
	list = list[:min(len(list), 3)]
	label := newFace(regular(), 24)
	for i, size := range sizes {
		value, gap := newFace(bold(), size), int(size*0.9)
		x, end := margin, margin+width
		var places []int
		for _, f := range list {
			text, _ := drawable(f.Value, bold())
			name, _ := drawable(f.Label, regular())
			w := max(font.MeasureString(value, text).Ceil(), font.MeasureString(label, name).Ceil())
			if x+w > end {
				break
			}
			places, x = append(places, x), x+w+gap
		}
		if len(places) < len(list) && i < len(sizes)-1 {
			continue
		}
		for j, x := range places {
			text, _ := drawable(list[j].Value, bold())
			name, _ := drawable(list[j].Label, regular())
			d.text(name, label, x, Height-margin-int(size)-20, soft)
			d.text(text, value, x, Height-margin, d.hue)
		}
		return
	}
}

func (d *drawing) text(s string, face font.Face, x, y int, c color.Color) {
	(&font.Drawer{Dst: d.picture, Src: image.NewUniform(c), Face: face, Dot: fixed.P(x, y)}).DrawString(s)
}
