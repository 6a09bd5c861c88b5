package track_test

import (
	"math"
	"slices"

	"musette/track"
)

// attacks are the places that somebody who has all that is shown would look for home at.
func attacks(w *town, shown [][][]track.XY) map[string]track.XY {
	var outer, ends []track.XY // of routes, and of all pieces
	var leads [][]track.XY     // the first stretch of each piece, from its end inwards
	var all []track.XY
	for _, pieces := range shown {
		for i, p := range pieces {
			back := slices.Clone(p)
			slices.Reverse(back)
			leads = append(leads, p, back)
			ends = append(ends, p[0], back[0])
			if i == 0 {
				outer = append(outer, p[0])
			}
			if i == len(pieces)-1 {
				outer = append(outer, back[0])
			}
			all = append(all, p...)
		}
	}
	out := map[string]track.XY{
		"mean of outer ends": mean(outer), "mean of all ends": mean(ends),
		"median of all ends": median(ends), "geometric median of ends": geometric(ends),
	}
	// From here on, only what is within 1500 m of where the ends are thickest.
	about := geometric(ends)
	close := within(ends, about, 1500)
	out["mean of close ends"] = mean(close)
	out["nearest ends to their middle"] = mean(nearest(close, about, len(close)/4))
	out["nearest points to their middle"] = mean(nearest(all, about, len(all)/100))
	out["circle through ends"] = circle(within(ends, about, 1000))
	out["circle through ends, RANSAC"] = ransac(w, within(ends, about, 1000), 25)
	hole, radius := emptiest(all, about)
	out["emptiest place"] = hole
	out["edge of the emptiest place"] = circle(within(all, hole, radius*1.25+60))
	out["RANSAC of its edge"] = ransac(w, within(all, hole, radius*1.4+80), 10)
	out["smallest circle of ends"] = smallest(within(ends, about, 1000))
	for _, m := range []float64{60, 150, 400} {
		var lines []line
		for _, lead := range leads {
			if math.Hypot(lead[0].X-about.X, lead[0].Y-about.Y) < 1500 {
				if l, ok := lineOf(lead, m); ok {
					lines = append(lines, l)
				}
			}
		}
		name := map[float64]string{60: "60 m", 150: "150 m", 400: "400 m"}[m]
		out["lines back, least squares, "+name] = meeting(lines)
		out["lines back, most crossings, "+name] = busiest(lines, about)
	}
	return out
}

func length(line []track.XY) (m float64) {
	for i := 1; i < len(line); i++ {
		m += math.Hypot(line[i].X-line[i-1].X, line[i].Y-line[i-1].Y)
	}
	return m
}

func mean(list []track.XY) (m track.XY) {
	for _, p := range list {
		m.X, m.Y = m.X+p.X/float64(len(list)), m.Y+p.Y/float64(len(list))
	}
	return m
}

func median(list []track.XY) track.XY {
	var xs, ys []float64
	for _, p := range list {
		xs, ys = append(xs, p.X), append(ys, p.Y)
	}
	slices.Sort(xs)
	slices.Sort(ys)
	return track.XY{X: xs[len(xs)/2], Y: ys[len(ys)/2]}
}

func geometric(list []track.XY) track.XY {
	m := mean(list)
	for range 60 {
		var sum track.XY
		var weights float64
		for _, p := range list {
			weight := 1 / max(math.Hypot(p.X-m.X, p.Y-m.Y), 1)
			sum.X, sum.Y, weights = sum.X+p.X*weight, sum.Y+p.Y*weight, weights+weight
		}
		m = track.XY{X: sum.X / weights, Y: sum.Y / weights}
	}
	return m
}

func within(list []track.XY, c track.XY, m float64) (out []track.XY) {
	for _, p := range list {
		if math.Hypot(p.X-c.X, p.Y-c.Y) <= m {
			out = append(out, p)
		}
	}
	return out
}

func nearest(list []track.XY, c track.XY, n int) []track.XY {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b track.XY) int {
		if math.Hypot(a.X-c.X, a.Y-c.Y) < math.Hypot(b.X-c.X, b.Y-c.Y) {
			return -1
		}
		return 1
	})
	return list[:min(max(n, 1), len(list))]
}

// circle is the middle of the circle that fits best (Kåsa's least squares).
func circle(list []track.XY) track.XY {
	m := mean(list)
	var sxx, sxy, syy, sxz, syz float64
	for _, p := range list {
		x, y := p.X-m.X, p.Y-m.Y
		z := x*x + y*y
		sxx, sxy, syy, sxz, syz = sxx+x*x, sxy+x*y, syy+y*y, sxz+x*z, syz+y*z
	}
	det := 2 * (sxx*syy - sxy*sxy)
	if math.Abs(det) < 1e-6 {
		return m
	}
	return track.XY{X: m.X + (sxz*syy-syz*sxy)/det, Y: m.Y + (syz*sxx-sxz*sxy)/det}
}

// ransac is the middle of the circle that most points lie on.
func ransac(w *town, list []track.XY, tolerance float64) track.XY {
	if len(list) < 3 {
		return mean(list)
	}
	best, most := geometric(list), len(list)/4 // fewer lie on some circle anyhow
	for range 400 {
		three := []track.XY{list[w.IntN(len(list))], list[w.IntN(len(list))], list[w.IntN(len(list))]}
		c := circle(three)
		r := math.Hypot(three[0].X-c.X, three[0].Y-c.Y)
		if r < 200 || r > 1000 {
			continue
		}
		n := 0
		for _, p := range list {
			if math.Abs(math.Hypot(p.X-c.X, p.Y-c.Y)-r) < tolerance {
				n++
			}
		}
		if n > most {
			best, most = c, n
		}
	}
	return best
}

// emptiest is the middle and radius of the largest circle without a point, near where the ends are.
func emptiest(all []track.XY, about track.XY) (track.XY, float64) {
	const cell, half = 25, 50
	const side = 2*half + 1
	far := [side][side]float64{}
	for y := range far {
		for x := range far[y] {
			far[y][x] = 1e9
		}
	}
	for _, p := range all {
		x, y := int(math.Round((p.X-about.X)/cell))+half, int(math.Round((p.Y-about.Y)/cell))+half
		if x >= 0 && x < side && y >= 0 && y < side {
			far[y][x] = 0
		}
	}
	step := func(x, y, dx, dy int) {
		if nx, ny := x+dx, y+dy; nx >= 0 && nx < side && ny >= 0 && ny < side {
			far[y][x] = min(far[y][x], far[ny][nx]+cell*math.Hypot(float64(dx), float64(dy)))
		}
	}
	near := [][2]int{{-1, 0}, {0, -1}, {-1, -1}, {1, -1}, {-2, -1}, {2, -1}, {-1, -2}, {1, -2}}
	for y := range side {
		for x := range side {
			for _, n := range near {
				step(x, y, n[0], n[1])
			}
		}
	}
	for y := side - 1; y >= 0; y-- {
		for x := side - 1; x >= 0; x-- {
			for _, n := range near {
				step(x, y, -n[0], -n[1])
			}
		}
	}
	var at track.XY
	most := 0.0
	for y := range side {
		for x := range side {
			// only around the middle: further out it is empty because nobody goes there
			p := track.XY{X: about.X + float64(x-half)*cell, Y: about.Y + float64(y-half)*cell}
			if f := far[y][x]; f > most && f < 1e8 && math.Hypot(p.X-about.X, p.Y-about.Y) < 700 {
				at, most = p, f
			}
		}
	}
	return at, most
}

// smallest is the middle of the smallest circle around the points, nearly.
func smallest(list []track.XY) track.XY {
	c := mean(list)
	for i := range 2000 {
		var far track.XY
		most := -1.0
		for _, p := range list {
			if d := math.Hypot(p.X-c.X, p.Y-c.Y); d > most {
				far, most = p, d
			}
		}
		f := 1 / float64(i+2)
		c = track.XY{X: c.X + (far.X-c.X)*f, Y: c.Y + (far.Y-c.Y)*f}
	}
	return c
}

// line goes through a point in a direction of length 1.
type line struct{ at, dir track.XY }

// lineOf fits a line to the first metres of a lead.
func lineOf(lead []track.XY, metres float64) (line, bool) {
	n, gone := 1, 0.0
	for n < len(lead) && gone < metres {
		gone += math.Hypot(lead[n].X-lead[n-1].X, lead[n].Y-lead[n-1].Y)
		n++
	}
	if n < 3 {
		return line{}, false
	}
	m := mean(lead[:n])
	var xx, xy, yy float64
	for _, p := range lead[:n] {
		xx, xy, yy = xx+(p.X-m.X)*(p.X-m.X), xy+(p.X-m.X)*(p.Y-m.Y), yy+(p.Y-m.Y)*(p.Y-m.Y)
	}
	sin, cos := math.Sincos(math.Atan2(2*xy, xx-yy) / 2)
	return line{m, track.XY{X: cos, Y: sin}}, true
}

// meeting is the point with the least squared distance to all lines.
func meeting(lines []line) track.XY {
	var a, b, c, u, v float64
	for _, l := range lines {
		nx, ny := -l.dir.Y, l.dir.X
		k := nx*l.at.X + ny*l.at.Y
		a, b, c, u, v = a+nx*nx, b+nx*ny, c+ny*ny, u+nx*k, v+ny*k
	}
	det := a*c - b*b
	return track.XY{X: (u*c - v*b) / det, Y: (v*a - u*b) / det}
}

// busiest is where most lines pass, within 1000 m.
func busiest(lines []line, about track.XY) track.XY {
	const cell, half = 25, 40
	var count [2*half + 1][2*half + 1]int
	for _, l := range lines {
		seen := map[[2]int]bool{}
		for s := -3000.0; s <= 3000; s += cell / 2 {
			x := int(math.Round((l.at.X + s*l.dir.X - about.X) / cell))
			y := int(math.Round((l.at.Y + s*l.dir.Y - about.Y) / cell))
			if x >= -half && x <= half && y >= -half && y <= half && !seen[[2]int{x, y}] {
				seen[[2]int{x, y}] = true
				for dy := -1; dy <= 1; dy++ {
					for dx := -1; dx <= 1; dx++ {
						if u, v := x+half+dx, y+half+dy; u >= 0 && u <= 2*half && v >= 0 && v <= 2*half {
							count[v][u]++
						}
					}
				}
			}
		}
	}
	var at track.XY
	most := -1
	for y := range count {
		for x := range count[y] {
			if count[y][x] > most {
				most = count[y][x]
				at = track.XY{X: about.X + float64(x-half)*cell, Y: about.Y + float64(y-half)*cell}
			}
		}
	}
	return at
}
