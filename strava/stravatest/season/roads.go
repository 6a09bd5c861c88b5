package season

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// roads is the net around a town: crossings, dense in the centre and wide
// apart in the country, joined by curved roads. Two opposite roads at a
// crossing share a tangent, so that a main road runs through it smoothly.
type roads struct {
	town *place
	node []crossing
	home int
}

type crossing struct {
	x, y, h float64
	road    []road
}

// road is one end of a road, seen from its crossing.
type road struct {
	to       int
	length   float64 // m, of the chord
	dx, dy   float64 // unit tangent, leaving the crossing
	climbing bool    // too steep for anybody but walkers and hill climbers
}

const (
	reachM   = 34000 // how far the net extends from the centre
	maxGrade = 0.085
)

// spacing is how far apart crossings are at r metres from the centre.
func spacing(r float64) float64 { return min(200+0.06*r, 1350) }

// newRoads lays the net of a town, with a crossing exactly at (homeX, homeY).
func newRoads(p *place, homeX, homeY float64) *roads {
	n := &roads{town: p}
	n.scatter(source(p.key(), 'r'), homeX, homeY)
	n.connect()
	n.keepReachable()
	n.joinTangents()
	return n
}

// grid finds crossings near a point.
type grid map[[2]int][]int

const cellM = 1800

func cell(x, y float64) [2]int {
	return [2]int{int(math.Floor(x / cellM)), int(math.Floor(y / cellM))}
}

func (g grid) near(x, y float64, visit func(i int)) {
	c := cell(x, y)
	for i := c[0] - 1; i <= c[0]+1; i++ {
		for j := c[1] - 1; j <= c[1]+1; j++ {
			for _, k := range g[[2]int{i, j}] {
				visit(k)
			}
		}
	}
}

// scatter places crossings, none closer to another than the spacing there.
func (n *roads) scatter(r *rand.Rand, homeX, homeY float64) {
	g := grid{}
	add := func(x, y float64) {
		x, y = round(x, 10), round(y, 10)
		g[cell(x, y)] = append(g[cell(x, y)], len(n.node))
		n.node = append(n.node, crossing{x: x, y: y, h: round(n.town.elevation(x, y), 10)})
	}
	add(homeX, homeY)
	for range 15000 {
		u := r.Float64()
		dist := reachM * u * (0.25 + 0.75*u)
		angle := r.Float64() * 2 * math.Pi
		x, y := dist*math.Cos(angle), dist*math.Sin(angle)
		gap := spacing(dist)
		free := true
		g.near(x, y, func(i int) {
			free = free && math.Hypot(n.node[i].x-x, n.node[i].y-y) >= gap
		})
		if free {
			add(x, y)
		}
	}
}

// connect joins crossings between which no third one lies (a beta skeleton
// between the Gabriel and the relative neighbourhood graph).
func (n *roads) connect() {
	g := grid{}
	for i, c := range n.node {
		g[cell(c.x, c.y)] = append(g[cell(c.x, c.y)], i)
	}
	var near []int
	for i := range n.node {
		a := &n.node[i]
		reach := 2.3 * spacing(math.Hypot(a.x, a.y))
		near = near[:0]
		g.near(a.x, a.y, func(j int) {
			if j != i && n.chord(i, j) < reach {
				near = append(near, j)
			}
		})
		slices.Sort(near)
		for _, j := range near {
			if j < i || !n.clear(i, j, near) {
				continue
			}
			b := &n.node[j]
			d := n.chord(i, j)
			steep := math.Abs(a.h-b.h) > maxGrade*d
			ux, uy := (b.x-a.x)/d, (b.y-a.y)/d
			a.road = append(a.road, road{to: j, length: d, dx: ux, dy: uy, climbing: steep})
			b.road = append(b.road, road{to: i, length: d, dx: -ux, dy: -uy, climbing: steep})
		}
	}
}

func (n *roads) chord(i, j int) float64 {
	return math.Hypot(n.node[i].x-n.node[j].x, n.node[i].y-n.node[j].y)
}

// clear says whether the lune between i and j is empty.
func (n *roads) clear(i, j int, near []int) bool {
	const beta = 1.35
	a, b := n.node[i], n.node[j]
	radius := beta / 2 * n.chord(i, j)
	ax, ay := a.x+(b.x-a.x)*beta/2, a.y+(b.y-a.y)*beta/2
	bx, by := b.x+(a.x-b.x)*beta/2, b.y+(a.y-b.y)*beta/2
	for _, k := range near {
		c := n.node[k]
		if k != j && math.Hypot(c.x-ax, c.y-ay) < radius && math.Hypot(c.x-bx, c.y-by) < radius {
			return false
		}
	}
	return true
}

// keepReachable cuts off what can't be reached from home without a steep road.
func (n *roads) keepReachable() {
	reached := make([]bool, len(n.node))
	reached[0] = true
	for queue := []int{0}; len(queue) > 0; queue = queue[1:] {
		for _, r := range n.node[queue[0]].road {
			if !r.climbing && !reached[r.to] {
				reached[r.to] = true
				queue = append(queue, r.to)
			}
		}
	}
	for i := range n.node {
		n.node[i].road = slices.DeleteFunc(n.node[i].road, func(r road) bool {
			return r.climbing || !reached[i] || !reached[r.to]
		})
	}
}

// joinTangents pairs the roads at each crossing that are closest to opposite.
func (n *roads) joinTangents() {
	type pair struct {
		a, b int
		cos  float64
	}
	for i := range n.node {
		rs := n.node[i].road
		var pairs []pair
		for a := range rs {
			for b := a + 1; b < len(rs); b++ {
				cos := rs[a].dx*rs[b].dx + rs[a].dy*rs[b].dy
				if cos < -0.35 {
					pairs = append(pairs, pair{a, b, cos})
				}
			}
		}
		slices.SortFunc(pairs, func(p, q pair) int {
			return cmp.Or(cmp.Compare(p.cos, q.cos), cmp.Compare(p.a, q.a), cmp.Compare(p.b, q.b))
		})
		done := make([]bool, len(rs))
		for _, p := range pairs {
			if done[p.a] || done[p.b] {
				continue
			}
			done[p.a], done[p.b] = true, true
			dx, dy := rs[p.a].dx-rs[p.b].dx, rs[p.a].dy-rs[p.b].dy
			d := math.Hypot(dx, dy)
			rs[p.a].dx, rs[p.a].dy = dx/d, dy/d
			rs[p.b].dx, rs[p.b].dy = -dx/d, -dy/d
		}
	}
}

// nearest is the reachable crossing closest to a point.
func (n *roads) nearest(x, y float64) int {
	best, bestD := n.home, math.Inf(1)
	for i := range n.node {
		if d := math.Hypot(n.node[i].x-x, n.node[i].y-y); d < bestD && len(n.node[i].road) > 0 {
			best, bestD = i, d
		}
	}
	return best
}

// xy is a point of the plane, in metres.
type xy struct{ x, y float64 }

// curve appends the points of the road from a to b, without b itself.
func (n *roads) curve(into []xy, a, b int) []xy {
	if a > b { // always drawn the same way round
		from := len(into)
		into = append(n.curve(into, b, a), xy{n.node[a].x, n.node[a].y})
		slices.Reverse(into[from:])
		return into[:len(into)-1]
	}
	p, q := n.node[a], n.node[b]
	out, in := p.end(b), q.end(a)
	d := out.length
	bend := d * 0.95
	wiggle := source(hash(n.town.key(), uint64(a), uint64(b)))
	amp := d * between(wiggle, -0.075, 0.075)
	amp2 := d * between(wiggle, -0.03, 0.03)
	nx, ny := (p.y-q.y)/d, (q.x-p.x)/d
	steps := max(6, int(d/16))
	for k := range steps {
		t := float64(k) / float64(steps)
		t2, t3 := t*t, t*t*t
		h0, h1, h2, h3 := 2*t3-3*t2+1, t3-2*t2+t, 3*t2-2*t3, t3-t2
		x := h0*p.x + h1*bend*out.dx + h2*q.x - h3*bend*in.dx
		y := h0*p.y + h1*bend*out.dy + h2*q.y - h3*bend*in.dy
		env := 16 * t2 * (1 - t) * (1 - t)
		w := env * (amp*math.Sin(2*math.Pi*t) + amp2*math.Sin(5*math.Pi*t))
		into = append(into, xy{x + nx*w, y + ny*w})
	}
	return into
}

// end is the road from this crossing to the crossing to.
func (c crossing) end(to int) road {
	for _, r := range c.road {
		if r.to == to {
			return r
		}
	}
	return road{}
}
