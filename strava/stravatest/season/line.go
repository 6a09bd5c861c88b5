package season

import (
	"math"
	"math/rand/v2"
)

func length(line []xy) float64 {
	sum := 0.0
	for i := 1; i < len(line); i++ {
		sum += math.Hypot(line[i].x-line[i-1].x, line[i].y-line[i-1].y)
	}
	return sum
}

// resample returns points at equal steps along a line; less than a step at the
// end is lost.
func resample(line []xy, stepM float64) []xy {
	out := make([]xy, 0, int(length(line)/stepM)+2)
	out = append(out, line[0])
	left := stepM // to the next point
	for i := 1; i < len(line); i++ {
		a, b := line[i-1], line[i]
		d := math.Hypot(b.x-a.x, b.y-a.y)
		for at := left; at <= d; at += stepM {
			t := at / d
			out = append(out, xy{round(a.x+(b.x-a.x)*t, 100), round(a.y+(b.y-a.y)*t, 100)})
			left += stepM
		}
		left -= d
	}
	return out
}

// soften rounds corners: each point becomes the mean of its neighbours, width
// to either side, twice over. The ends stay.
func soften(line []xy, width int) []xy {
	for range 2 {
		out := make([]xy, len(line))
		for i := range line {
			w := min(width, i, len(line)-1-i)
			var x, y float64
			for _, p := range line[i-w : i+w+1] {
				x, y = x+p.x, y+p.y
			}
			k := float64(2*w + 1)
			out[i] = xy{round(x/k, 100), round(y/k, 100)}
		}
		line = out
	}
	return line
}

// truncate ends a line after lengthM metres.
func truncate(line []xy, lengthM float64) []xy {
	sum := 0.0
	for i := 1; i < len(line); i++ {
		sum += math.Hypot(line[i].x-line[i-1].x, line[i].y-line[i-1].y)
		if sum >= lengthM {
			return line[:i+1]
		}
	}
	return line
}

// rounded is the closed curve through the middles of a polygon's sides, with
// its corners as handles: what remains of a path round a park or round buoys.
func rounded(corner []xy, steps int) []xy {
	k := len(corner)
	var line []xy
	for i, c := range corner {
		p, q := corner[(i+k-1)%k], corner[(i+1)%k]
		a := xy{(p.x + c.x) / 2, (p.y + c.y) / 2}
		b := xy{(q.x + c.x) / 2, (q.y + c.y) / 2}
		for s := range steps {
			t := float64(s) / float64(steps)
			u := 1 - t
			line = append(line, xy{u*u*a.x + 2*u*t*c.x + t*t*b.x, u*u*a.y + 2*u*t*c.y + t*t*b.y})
		}
	}
	return append(line, line[0])
}

// parkCorners is an irregular polygon, longer than wide and with a dent, like
// the paths of a park.
func parkCorners(r *rand.Rand, x, y float64) []xy {
	s, c := math.Sincos(between(r, 0, math.Pi))
	const k = 10
	dent := r.IntN(k)
	var out []xy
	for i := range k {
		sin, cos := math.Sincos(2*math.Pi*float64(i)/k + between(r, -0.2, 0.2))
		d := between(r, 240, 520)
		if i == dent || i == (dent+1)%k {
			d *= 0.2
		}
		u, v := d*1.7*cos, d*0.8*sin
		out = append(out, xy{round(x+u*c-v*s, 10), round(y+u*s+v*c, 10)})
	}
	return out
}

// buoys is a triangle with cut corners.
func buoys(r *rand.Rand, x, y float64) []xy {
	turn := between(r, 0, 2*math.Pi)
	var out []xy
	for i := range 3 {
		s, c := math.Sincos(turn + float64(i)*2.1)
		d := between(r, 90, 190)
		// Each buoy is two corners close together, so that the sides are straight.
		out = append(out,
			xy{round(x+d*c-18*s, 10), round(y+d*s+18*c, 10)},
			xy{round(x+d*c+18*s, 10), round(y+d*s-18*c, 10)})
	}
	for i := range 3 { // walk them in one direction
		out[2*i], out[2*i+1] = out[2*i+1], out[2*i]
	}
	return out
}

// reaches goes to and fro across the wind, drifting.
func reaches(r *rand.Rand, x, y float64) []xy {
	s, c := math.Sincos(between(r, 0, 2*math.Pi))
	var out []xy
	for i := range 18 {
		u := between(r, 240, 420)
		if i%2 == 1 {
			u = -u
		}
		v := 22*float64(i) + between(r, -30, 30)
		if i >= 9 {
			v = 22*float64(18-i) + between(r, -30, 30)
		}
		for _, dv := range [...]float64{-11, 11} {
			out = append(out, xy{round(x+u*c-(v+dv)*s, 10), round(y+u*s+(v+dv)*c, 10)})
		}
	}
	return out
}
