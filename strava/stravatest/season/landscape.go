package season

import (
	"bytes"
	"image"
	"image/jpeg"
	"math/rand/v2"
)

// Landscape draws a generated view: hills in the haze, a sky for the hour,
// water or trees. The same seed and size give the same picture. The lowest
// five bits of the seed are the hour and the next four the month (northern
// seasons); see [PhotoSeed].
func Landscape(seed uint64, w, h int) image.Image {
	w, h = max(w, 1), max(h, 1)
	v := newView(seed, w, h)
	v.sky()
	v.hills()
	v.lake()
	return v.img
}

// JPEG is [Landscape] as a JPEG file.
func JPEG(seed uint64, w, h int) []byte {
	var b bytes.Buffer
	// Encoding to memory fails only for pictures beyond 65,535 pixels a side.
	if err := jpeg.Encode(&b, Landscape(seed, w, h), &jpeg.Options{Quality: 82}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// PhotoSeed makes a seed for [Landscape] that shows a month (1 to 12, as in the
// north) and an hour (0 to 23).
func PhotoSeed(random uint64, month, hour int) uint64 {
	return random<<9 | uint64(month%12)<<5 | uint64(hour%24)
}

// view is a picture in the making.
type view struct {
	img     *image.RGBA
	w, h    int
	r       *rand.Rand
	seed    uint64
	light   light
	layers  []layer
	horizon float64 // y where the land meets the sky, in pixels
	shore   int     // y of the water's far shore; h for none
	sunX    float64 // pixels
	sunY    float64 //
	unit    float64 // the size of things: a share of the picture's size
	ground  season  //
	snow    float64 // 0 none, 1 everywhere
	mist    float64 // how fast distance pales
	cloud   float64 // cover
	trees   bool    // a wood on the front hill
	jagged  bool    // mountains at the back
}

type season int

const (
	spring season = iota
	summer
	autumn
	winter
)

// newView decides what the picture shows.
func newView(seed uint64, w, h int) *view {
	r := source(seed, 'v')
	hour, month := int(seed&31)%24, int(seed>>5&15)%12
	v := &view{
		img: image.NewRGBA(image.Rect(0, 0, w, h)), w: w, h: h, r: r, seed: seed, shore: h,
		unit:   float64(min(w, h)),
		ground: [...]season{winter, winter, winter, spring, spring, spring, summer, summer, summer, autumn, autumn, autumn}[month],
		light:  lightAt(hour, r),
		jagged: chance(r, 0.45), trees: chance(r, 0.55),
		mist: between(r, 0.75, 1.15), cloud: between(r, 0.1, 0.75),
	}
	v.horizon = float64(h) * between(r, 0.42, 0.56)
	v.sunX = float64(w) * between(r, 0.15, 0.85)
	v.sunY = v.horizon - float64(h)*v.light.sunHeight
	if v.ground == winter && chance(r, 0.5) {
		v.snow = between(r, 0.6, 1)
	}
	if chance(r, 0.42) {
		v.shore = max(1, int(float64(h)*between(r, 0.66, 0.76)))
		v.trees = v.trees && chance(r, 0.4)
	}
	v.compose()
	return v
}

// compose stacks the hills, farthest first.
func (v *view) compose() {
	n := 4 + v.r.IntN(3)
	bottom := float64(v.h) * 0.9
	if v.shore < v.h {
		bottom = float64(v.shore) - 0.02*float64(v.h)
		n--
	}
	for i := range n {
		near := float64(i) / float64(n-1) // 0 far, 1 near
		l := layer{
			near:   near,
			base:   v.horizon + (bottom-v.horizon)*near*near*between(v.r, 0.85, 1.05),
			height: v.unit * between(v.r, 0.05, 0.11) * (1 + 0.5*near),
			wave:   v.unit * between(v.r, 0.45, 0.9) * (0.8 + 0.7*near),
		}
		if v.jagged && i <= 1 {
			l.jagged = true
			l.height = v.unit * between(v.r, 0.16, 0.28) * (1 - 0.35*float64(i))
			l.wave = v.unit * between(v.r, 0.35, 0.6)
		}
		if v.trees && i >= n-2 && !l.jagged {
			l.treeM = v.unit * (0.028 + 0.05*near*between(v.r, 0.6, 1.3))
		}
		v.layers = append(v.layers, l)
	}
}
