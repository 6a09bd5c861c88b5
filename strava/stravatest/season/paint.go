package season

import (
	"math"
	"slices"
	"sync"
)

// layer is one range of hills.
type layer struct {
	near         float64 // 0 at the horizon, 1 in front
	base         float64 // y of its foot
	height, wave float64 // pixels
	treeM        float64 // height of the trees on it; 0 for none
	jagged       bool
}

const skyCell = 4 // pixels per sample of the sky

// sky paints gradient, glow, sun, clouds and stars down to below the horizon.
func (v *view) sky() {
	rows := int(min(float64(v.h), v.horizon+v.unit*0.25))/skyCell + 2
	cols := v.w/skyCell + 2
	cells := make([][3]int32, rows*cols)
	ox, oy := float64(v.r.IntN(4096)), float64(v.r.IntN(4096))
	for j := range rows {
		y := float64(j * skyCell)
		base := v.skyColour(y)
		stretch := 1 / (0.25 + clamp(y/v.horizon, 0, 1)) // clouds lie flatter near the horizon
		for i := range cols {
			x := float64(i * skyCell)
			c := base
			dx, dy := (x-v.sunX)/v.unit, (y-v.sunY)/v.unit
			d2 := (dx*dx + dy*dy*1.5) / (v.light.glowSize * v.light.glowSize)
			glow := 1 / (1 + 9*d2)
			c = c.mix(v.light.glow, clamp(glow-0.08, 0, 1)*0.85)
			if v.cloud > 0.12 {
				n := softNoise(x/v.unit*2.1+ox, y/v.unit*7.5/stretch*1.6+oy, v.seed)
				cover := smoothstep((n - 1.02 + 0.75*v.cloud) * 1.9)
				c = c.mix(v.light.cloud.mix(v.light.glow, glow*0.6), cover*0.72*(1-0.35*y/v.horizon))
			}
			cells[j*cols+i] = [3]int32{int32(c.r * 256), int32(c.g * 256), int32(c.b * 256)}
		}
	}
	v.spread(cells, rows, cols)
	if v.light.night {
		v.stars()
	}
	v.disc()
}

func (v *view) skyColour(y float64) rgb {
	t := clamp(y/v.horizon, 0, 1)
	if t < 0.55 {
		return v.light.zenith.mix(v.light.middle, t/0.55)
	}
	return v.light.middle.mix(v.light.horizon, (t-0.55)/0.45)
}

// spread interpolates the samples of the sky to pixels, with a dither against
// bands.
func (v *view) spread(cells [][3]int32, rows, cols int) {
	dither := [4][4]int32{{0, 128, 32, 160}, {192, 64, 224, 96}, {48, 176, 16, 144}, {240, 112, 208, 80}}
	line := make([][3]int32, cols)
	for y := range min(v.h, (rows-1)*skyCell) {
		j, f := y/skyCell, int32(y%skyCell)
		a, b := cells[j*cols:(j+1)*cols], cells[(j+1)*cols:(j+2)*cols]
		for i := range line {
			for k := range 3 {
				line[i][k] = (a[i][k]*(skyCell-f) + b[i][k]*f) / skyCell
			}
		}
		row := v.img.Pix[y*v.img.Stride : y*v.img.Stride+4*v.w]
		for i := 0; i*skyCell < v.w; i++ {
			c := line[i]
			dr, dg, db := (line[i+1][0]-c[0])/skyCell, (line[i+1][1]-c[1])/skyCell, (line[i+1][2]-c[2])/skyCell
			for k := range min(skyCell, v.w-i*skyCell) {
				d := dither[y&3][k&3]
				p := row[4*(i*skyCell+k):][:4:4]
				p[0], p[1], p[2], p[3] = uint8(min((c[0]+d)>>8, 255)), uint8(min((c[1]+d)>>8, 255)), uint8(min((c[2]+d)>>8, 255)), 255
				c[0], c[1], c[2] = c[0]+dr, c[1]+dg, c[2]+db
			}
		}
	}
}

// disc is the sun or moon.
func (v *view) disc() {
	radius := v.light.sunSize * v.unit
	for y := int(v.sunY - radius - 1); y <= int(v.sunY+radius+1); y++ {
		for x := int(v.sunX - radius - 1); x <= int(v.sunX+radius+1); x++ {
			d := math.Hypot(float64(x)-v.sunX, float64(y)-v.sunY)
			v.blend(x, y, v.light.sun, clamp(radius-d+0.5, 0, 1))
		}
	}
}

func (v *view) stars() {
	for range 130 {
		x, y := v.r.IntN(v.w), int(v.horizon*v.r.Float64()*v.r.Float64())
		v.blend(x, y, rgb{235, 238, 250}, between(v.r, 0.25, 0.95))
		if v.r.IntN(5) == 0 {
			v.blend(x+1, y, rgb{235, 238, 250}, 0.4)
			v.blend(x, y+1, rgb{235, 238, 250}, 0.4)
		}
	}
}

func (v *view) blend(x, y int, c rgb, t float64) {
	if x < 0 || y < 0 || x >= v.w || y >= v.h || t <= 0 {
		return
	}
	p := v.img.Pix[y*v.img.Stride+4*x:][:4:4]
	m := rgb{float64(p[0]), float64(p[1]), float64(p[2])}.mix(c, t).rgba()
	p[0], p[1], p[2], p[3] = m.R, m.G, m.B, 255
}

// hills paints the layers, nearest first, each only where nothing hides it.
func (v *view) hills() {
	top := make([]int32, v.w) // y of what is painted already, per column
	for x := range top {
		top[x] = int32(v.shore)
	}
	for i := len(v.layers) - 1; i >= 0; i-- {
		v.hill(v.layers[i], uint64(i), top)
	}
}

// shades are the colours of a layer from dark to light.
type shades [256][4]uint8

func (v *view) shades(l layer) *shades {
	lit, shade := soil(v.ground, l.near, v.r)
	if l.jagged {
		lit, shade = rgb{150, 150, 152}, rgb{84, 92, 106}
	}
	if l.treeM > 0 {
		lit, shade = lit.mix(rgb{70, 104, 62}, 0.6), shade.mix(rgb{22, 48, 34}, 0.6)
		if v.ground == autumn {
			lit, shade = rgb{176, 112, 52}, rgb{70, 46, 34}
		}
	}
	if snow := v.snow; snow > 0 && l.treeM == 0 {
		lit, shade = lit.mix(rgb{246, 248, 252}, snow), shade.mix(rgb{150, 168, 196}, snow*0.9)
	}
	air := v.light.horizon.mix(v.light.middle, 0.35)
	pale := clamp((1-l.near)*0.78*v.mist, 0, 0.86)
	var s shades
	for k := range s {
		c := shade.mix(lit, float64(k)/255).times(v.light.land).mix(air, pale).rgba()
		s[k] = [4]uint8{c.R, c.G, c.B, 255}
	}
	return &s
}

func (v *view) hill(l layer, i uint64, top []int32) {
	s := v.shades(l)
	ridge := v.ridge(l, i)
	// Fixed point with 8 bits: where the hill begins and how light its flank is.
	edge, tone := make([]int32, v.w), make([]int32, v.w)
	side := 1.0
	if v.sunX > float64(v.w)/2 {
		side = -1
	}
	first := v.h
	reach, steep := max(2, v.w/14), 150.0 // a soft hill has no gullies
	if l.jagged {
		reach, steep = max(2, v.w/60), 105
	}
	for x := range edge {
		edge[x] = int32(ridge[x] * 256)
		slope := (ridge[max(0, x-reach)] - ridge[min(v.w-1, x+reach)]) / float64(2*reach) // up to the right
		if l.treeM > 0 {
			slope = 0
		}
		tone[x] = int32(clamp(118-side*slope*steep, 40, 215)) << 8
		first = min(first, int(ridge[x]))
	}
	fade := int32(256 * 60 / (v.unit * 0.22)) // darker towards the foot, per pixel
	if l.near < 0.95 {
		fade = -int32(256 * 75 / (v.unit * 0.3)) // or into the mist, where another hill stands in front
	}
	lean := int32(170 * side)
	rough := int32(26 + 44*l.near)
	tile := texture()
	size := max(1, int32(v.unit/1000*(1+2.2*l.near)))
	shift := int32(hash(v.seed, i) & 255)
	for y := max(0, first); y < v.shore; y++ {
		row := v.img.Pix[y*v.img.Stride : y*v.img.Stride+4*v.w]
		fy := int32(y) << 8
		trow := &tile[(int32(y)*3/2/size+shift)&255]
		for x := range v.w {
			below := fy - edge[x]
			if below <= -256 || int32(y) >= top[x] {
				continue
			}
			mottle := int32(trow[(int32(x)/size+shift)&255]) * rough
			at := int32(x)
			if l.jagged { // flanks fall away to the side
				at = min(max(at+(below>>8)*lean/256+mottle>>9, 0), int32(v.w-1))
			}
			k := (tone[at] - below>>8*fade + mottle*2) >> 8
			c := &s[min(max(k, 0), 255)]
			p := row[4*x:][:4:4]
			if below < 0 { // the ridge cuts this pixel
				a := below + 256
				p[0] = uint8((int32(p[0])*(256-a) + int32(c[0])*a) >> 8)
				p[1] = uint8((int32(p[1])*(256-a) + int32(c[1])*a) >> 8)
				p[2] = uint8((int32(p[2])*(256-a) + int32(c[2])*a) >> 8)
				continue
			}
			p[0], p[1], p[2], p[3] = c[0], c[1], c[2], 255
		}
	}
	for x := range top {
		top[x] = min(top[x], edge[x]>>8+1)
	}
}

// ridge is the upper edge of a layer, in pixels from the top, per column.
func (v *view) ridge(l layer, i uint64) []float64 {
	off := float64(hash(v.seed, 'o', i) % 100000)
	out := make([]float64, v.w)
	for x := range out {
		u := float64(x)/l.wave + off
		n := lineNoise(u, v.seed) + 0.4*lineNoise(2.3*u+7, v.seed)
		if l.jagged {
			n = 0.7 - 1.35*math.Abs(lineNoise(u, v.seed)) + 0.42*lineNoise(2.7*u, v.seed) +
				0.2*lineNoise(7.1*u, v.seed) + 0.08*lineNoise(19*u, v.seed) + 0.03*lineNoise(61*u, v.seed)
		} else {
			n += 0.06*lineNoise(9*u, v.seed) + 0.02*lineNoise(41*u, v.seed)
		}
		out[x] = l.base - l.height*(0.35+n)
	}
	if high := l.base - slices.Min(out); l.jagged && high > 0.85*l.base {
		for x := range out { // keep the summits in the picture
			out[x] = l.base - (l.base-out[x])*0.85*l.base/high
		}
	}
	if l.treeM > 0 {
		v.plant(out, l, i)
	}
	return out
}

// plant puts a wood on a ridge: conifers or round crowns, in clumps.
func (v *view) plant(ridge []float64, l layer, i uint64) {
	r := source(v.seed, 'T', i)
	conifers := hash(v.seed, 'C')%2 == 0
	ground := append([]float64(nil), ridge...)
	for at := -l.treeM; at < float64(v.w)+l.treeM; {
		tall := l.treeM * between(r, 0.55, 1.15)
		wide := tall * 0.24
		if !conifers {
			wide = tall * 0.46
		}
		if lineNoise(at/(l.treeM*9), v.seed+i) > -0.45 {
			for x := max(0, int(at-wide)); x <= min(v.w-1, int(at+wide)); x++ {
				t := math.Abs(float64(x)-at) / wide
				up := tall * (0.35 + 0.65*math.Sqrt(max(0, 1-t*t))) * (1 + 0.05*lattice(v.seed, int64(x/3), 5))
				if conifers { // with boughs
					up = tall * clamp(1-t+0.1*(1-t)*lattice(v.seed, int64(x/2), int64(i)), 0, 1)
				}
				ridge[x] = min(ridge[x], ground[x]+tall*0.1-up)
			}
		}
		at += wide * between(r, 0.5, 1.5)
	}
}

// lake mirrors what is above the shore, darker and rippled.
func (v *view) lake() {
	if v.shore >= v.h {
		return
	}
	deep := v.light.zenith.scale(0.62)
	for y := v.shore; y < v.h; y++ {
		d := y - v.shore
		depth := float64(d) / float64(v.h-v.shore)
		from := v.shore - 1 - int(float64(d)*1.15)
		ripple := 1.5 + 9*depth
		from += int(ripple * lineNoise(float64(d*d)*0.0021+float64(d)*0.35, v.seed+3))
		from = min(max(from, 0), v.shore-1)
		t := int32(clamp(0.16+0.34*depth, 0, 1) * 256)
		cr, cg, cb := int32(deep.r)*t, int32(deep.g)*t, int32(deep.b)*t
		src := v.img.Pix[from*v.img.Stride : from*v.img.Stride+4*v.w]
		dst := v.img.Pix[y*v.img.Stride : y*v.img.Stride+4*v.w]
		sway := int(ripple * 1.2 * lineNoise(float64(d)*0.8, v.seed+4))
		for x := range v.w {
			p := src[4*min(max(x+sway, 0), v.w-1):][:4:4]
			q := dst[4*x:][:4:4]
			q[0] = uint8((int32(p[0])*(256-t) + cr) >> 8)
			q[1] = uint8((int32(p[1])*(256-t) + cg) >> 8)
			q[2] = uint8((int32(p[2])*(256-t) + cb) >> 8)
			q[3] = 255
		}
	}
	v.glitter()
}

// glitter is the path of light below the sun or moon.
func (v *view) glitter() {
	for range 260 {
		t := v.r.Float64()
		y := v.shore + int(t*float64(v.h-v.shore))
		wide := v.unit * (0.008 + 0.05*t)
		x := v.sunX + v.r.NormFloat64()*wide*1.4
		half := wide * between(v.r, 0.1, 0.5)
		for i := int(x - half); i <= int(x+half); i++ {
			v.blend(i, y, v.light.sun, 0.34*(1-math.Abs(float64(i)-x)/(half+1)))
		}
	}
}

// texture is a tile of soft noise in [-128, 127], for grass, scree and leaves.
var texture = sync.OnceValue(func() *[256][256]int8 {
	var t [256][256]int8
	for y := range t {
		for x := range t[y] {
			n := 0.0
			for _, o := range [...]struct{ size, weight float64 }{{32, 0.34}, {8, 0.33}, {3.2, 0.33}} {
				n += o.weight * wrapNoise(float64(x)/o.size, float64(y)/o.size, int64(256/o.size))
			}
			t[y][x] = int8(clamp(n*150, -128, 127))
		}
	}
	return &t
})

// wrapNoise is value noise that repeats after period cells.
func wrapNoise(x, y float64, period int64) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	u, w := smoothstep(x-fx), smoothstep(y-fy)
	i, j := int64(fx), int64(fy)
	at := func(i, j int64) float64 { return lattice(99, i%period, j%period) }
	a, b := at(i, j)+(at(i+1, j)-at(i, j))*u, at(i, j+1)+(at(i+1, j+1)-at(i, j+1))*u
	return a + (b-a)*w
}

// lineNoise is smooth noise over a line, in [-1, 1].
func lineNoise(u float64, seed uint64) float64 {
	f := math.Floor(u)
	a, b := lattice(seed, int64(f), 0), lattice(seed, int64(f)+1, 0)
	return a + (b-a)*smoothstep(u-f)
}

// softNoise is cloudy noise over the plane, about in [0, 2].
func softNoise(x, y float64, seed uint64) float64 {
	sum, weight := 1.0, 0.5
	for o := range uint64(4) {
		fx, fy := math.Floor(x), math.Floor(y)
		u, w := smoothstep(x-fx), smoothstep(y-fy)
		i, j := int64(fx), int64(fy)
		s := seed + o
		a := lattice(s, i, j) + (lattice(s, i+1, j)-lattice(s, i, j))*u
		b := lattice(s, i, j+1) + (lattice(s, i+1, j+1)-lattice(s, i, j+1))*u
		sum += weight * (a + (b-a)*w)
		x, y, weight = x*2.1, y*2.1, weight*0.5
	}
	return sum
}
