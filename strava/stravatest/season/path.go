package season

import (
	"container/heap"
	"math"
	"math/rand/v2"
)

// passes counts how often each road is on a path already.
type passes map[[2]int]int

func (u passes) of(a, b int) int { return u[[2]int{min(a, b), max(a, b)}] }

func (u passes) add(path []int) {
	for i := 1; i < len(path); i++ {
		u[[2]int{min(path[i-1], path[i]), max(path[i-1], path[i])}]++
	}
}

// path is the pleasantest way from a to b: short, with few sharp turns, and
// not along roads that were used already. It is nil if there is none.
func (n *roads) path(a, b int, used passes) []int {
	cost := make([]float64, len(n.node))
	from := make([]int, len(n.node))
	for i := range cost {
		cost[i], from[i] = math.Inf(1), -1
	}
	cost[a] = 0
	open := frontier{{a, n.chord(a, b)}}
	for len(open) > 0 {
		top := heap.Pop(&open).(step)
		i := top.at
		if i == b {
			return trace(from, b)
		}
		if top.estimate > cost[i]+n.chord(i, b)+1e-6 {
			continue // a better way here was found since
		}
		for _, r := range n.node[i].road {
			c := cost[i] + r.length*(1+1.8*float64(min(used.of(i, r.to), 3))) + n.turn(from[i], i, r)
			if c < cost[r.to]-1e-6 {
				cost[r.to], from[r.to] = c, i
				heap.Push(&open, step{r.to, c + n.chord(r.to, b)})
			}
		}
	}
	return nil
}

// turn is what it costs to turn from the road that came from prev into r.
func (n *roads) turn(prev, i int, r road) float64 {
	if prev < 0 {
		return 0
	}
	in := n.node[i].end(prev)
	return 0.11 * (1 + in.dx*r.dx + in.dy*r.dy) * r.length
}

func trace(from []int, b int) []int {
	var back []int
	for i := b; i >= 0; i = from[i] {
		back = append(back, i)
	}
	for i, j := 0, len(back)-1; i < j; i, j = i+1, j-1 {
		back[i], back[j] = back[j], back[i]
	}
	return back
}

type step struct {
	at       int
	estimate float64
}

// frontier is a heap; ties go to the crossing with the lower number.
type frontier []step

func (f frontier) Len() int { return len(f) }
func (f frontier) Less(i, j int) bool {
	if f[i].estimate != f[j].estimate {
		return f[i].estimate < f[j].estimate
	}
	return f[i].at < f[j].at
}
func (f frontier) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *frontier) Push(x any)   { *f = append(*f, x.(step)) }
func (f *frontier) Pop() any {
	last := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return last
}

// length is that of a path along its roads, curves included, roughly.
func (n *roads) length(path []int) float64 {
	sum := 0.0
	for i := 1; i < len(path); i++ {
		sum += n.chord(path[i-1], path[i])
	}
	return sum * 1.03
}

// loop is a round tour of about the wanted length that sets out towards the
// given angle: round an ellipse that touches the start.
func (n *roads) loop(r *rand.Rand, start int, lengthM, angle float64) []int {
	var best []int
	bestScore := math.Inf(1)
	for try := range 5 {
		heading := angle + between(r, -0.35, 0.35)
		aspect := between(r, 0.42, 0.85)
		skew := between(r, -0.5, 0.5)
		size := lengthM / (2 * math.Pi * 1.22 * (0.5 + 0.5*aspect))
		for range 5 {
			path := n.round(start, heading, size, aspect, skew)
			if path == nil {
				break
			}
			l := n.length(path)
			if s := n.faults(path, l, lengthM); s < bestScore {
				best, bestScore = path, s
			}
			if math.Abs(l/lengthM-1) < 0.03 {
				break
			}
			size *= 0.4 + 0.6*clamp(lengthM/l, 0.5, 2)
		}
		if bestScore < 0.16 && try > 0 {
			break
		}
	}
	return best
}

// round visits four places on an ellipse and comes home.
func (n *roads) round(start int, heading, size, aspect, skew float64) []int {
	s, c := math.Sincos(heading)
	used := passes{}
	path := []int{start}
	for _, at := range [...]float64{0.24, 0.5, 0.76, 1} {
		goal := start
		if at < 1 {
			sin, cos := math.Sincos(math.Pi - 2*math.Pi*at)
			u := size * (1 + cos)                // away from home
			v := size*aspect*sin + skew*size*0.3 // across
			goal = n.nearest(n.node[start].x+u*c-v*s, n.node[start].y+u*s+v*c)
		}
		if goal == path[len(path)-1] {
			continue
		}
		leg := n.path(path[len(path)-1], goal, used)
		if leg == nil {
			return nil
		}
		used.add(leg)
		path = append(path, leg[1:]...)
	}
	return withoutSpurs(path)
}

// withoutSpurs removes places where a path turns round and comes back, except
// at its ends.
func withoutSpurs(path []int) []int {
	var out []int
	for _, at := range path {
		if k := len(out); k >= 2 && out[k-2] == at {
			out = out[:k-1]
			continue
		}
		out = append(out, at)
	}
	if len(out) < 4 {
		return nil
	}
	return out
}

// faults is 0 for a perfect loop and grows with the wrong length, roads gone
// twice, and crossings of itself.
func (n *roads) faults(path []int, l, want float64) float64 {
	used := passes{}
	used.add(path)
	twice := 0.0
	for i := 1; i < len(path); i++ {
		if used.of(path[i-1], path[i]) > 1 {
			twice += n.chord(path[i-1], path[i])
		}
	}
	seen := map[int]int{}
	again := 0
	for i, at := range path {
		if j, ok := seen[at]; ok && i-j > 2 && i < len(path)-1 {
			again++
		}
		seen[at] = i
	}
	return 3*math.Abs(l/want-1) + max(0, twice/l-0.06) + 0.12*float64(min(again, 4))
}

// outAndBack goes to a place half the wanted length away and returns.
func (n *roads) outAndBack(r *rand.Rand, start int, lengthM, angle float64) []int {
	var best []int
	bestScore := math.Inf(1)
	far := lengthM / 2 / 1.25
	for range 6 {
		s, c := math.Sincos(angle + between(r, -0.5, 0.5))
		goal := n.nearest(n.node[start].x+far*c, n.node[start].y+far*s)
		path := n.path(start, goal, nil)
		if len(path) < 2 {
			continue
		}
		l := 2 * n.length(path)
		if score := math.Abs(l/lengthM - 1); score < bestScore {
			best, bestScore = path, score
		}
		far *= clamp(lengthM/l, 0.6, 1.6)
	}
	return thereAndBack(best)
}

// summit goes up to the highest place around that is far enough away, and back.
func (n *roads) summit(start int, lengthM float64, rank int) []int {
	type top struct {
		at int
		h  float64
	}
	var tops []top
	for i, c := range n.node {
		d := n.chord(start, i)
		if len(c.road) == 0 || d < lengthM*0.27 || d > lengthM*0.46 {
			continue
		}
		apart := true
		for k, t := range tops {
			if n.chord(t.at, i) < lengthM*0.12 {
				apart = false
				if c.h > t.h {
					tops[k] = top{i, c.h}
				}
				break
			}
		}
		if apart {
			tops = append(tops, top{i, c.h})
		}
	}
	for i := range tops { // selection sort, highest first; the list is short
		for j := i + 1; j < len(tops); j++ {
			if tops[j].h > tops[i].h {
				tops[i], tops[j] = tops[j], tops[i]
			}
		}
	}
	if len(tops) == 0 {
		return nil
	}
	return thereAndBack(n.path(start, tops[rank%len(tops)].at, nil))
}

func thereAndBack(path []int) []int {
	out := append([]int(nil), path...)
	for i := len(path) - 2; i >= 0; i-- {
		out = append(out, path[i])
	}
	return out
}

// line draws a path as points of the plane.
func (n *roads) line(path []int) []xy {
	var pts []xy
	for i := 1; i < len(path); i++ {
		pts = n.curve(pts, path[i-1], path[i])
	}
	last := n.node[path[len(path)-1]]
	return append(pts, xy{last.x, last.y})
}
