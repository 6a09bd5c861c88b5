package season

import (
	"math"
	"sync"
)

// route is a way through the country as samples at equal steps.
type route struct {
	name   string
	stepM  float64
	lat    []float64
	lng    []float64
	alt    []float64
	bend   []float64 // 0 straight, 1 a hairpin
	length float64   // m
	loop   bool      // ends where it starts
	cosLat float64
}

type routeKind uint64

const (
	runLoop routeKind = iota
	runBack
	longRun
	trail
	rideLoop
	longRide
	climb
	toWork
	fromWork
	hike
	walk
	parkLaps
	race10
	raceHalf
	sportive
	lakeSwim
	lakeWind
	fastRun
)

// library holds the athlete's routes, each drawn when it is first needed.
type library struct {
	seed uint64
	home *place

	mu     sync.Mutex
	nets   map[*place]*roads
	routes map[routeKey]*route
}

type routeKey struct {
	where *place
	kind  routeKind
	i     int
}

func newLibrary(seed uint64, home *place) *library {
	return &library{seed: seed, home: home, nets: map[*place]*roads{}, routes: map[routeKey]*route{}}
}

// get draws a route, or finds it. What it returns depends only on the key.
func (l *library) get(where *place, kind routeKind, i int) *route {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := routeKey{where, kind, i}
	if r := l.routes[key]; r != nil {
		return r
	}
	r := l.draw(key)
	l.routes[key] = r
	return r
}

func (l *library) net(p *place) *roads {
	n := l.nets[p]
	if n == nil {
		r := source(l.seed, 'h', p.key())
		s, c := math.Sincos(r.Float64() * 2 * math.Pi)
		d := between(r, 900, 2300)
		n = newRoads(p, d*c, d*s)
		l.nets[p] = n
	}
	return n
}

// golden spreads the bearings of successive routes evenly.
const golden = 2.399963229728653

func (l *library) draw(k routeKey) *route {
	n := l.net(k.where)
	r := source(l.seed, 'k', k.where.key(), uint64(k.kind), uint64(k.i))
	angle := golden*float64(k.i) + float64(hash(l.seed, 'a', uint64(k.kind))%628)/100
	p := k.where
	name := func(from []string) string { return from[k.i%len(from)] }
	away := func(low, high float64) int {
		s, c := math.Sincos(angle)
		d := between(r, low, high)
		return n.nearest(d*c, d*s)
	}
	switch k.kind {
	case runLoop, fastRun:
		lengths := [...]float64{6200, 8400, 10300, 5100, 12200, 7300, 9200, 11000}
		return n.route(n.loop(r, n.home, lengths[k.i%8]*between(r, 0.95, 1.06), angle), 9, name(p.runs))
	case runBack:
		lengths := [...]float64{8000, 10000, 6000, 13000}
		return n.route(n.outAndBack(r, n.home, lengths[k.i%4], angle), 9, name(p.runs[3:]))
	case longRun:
		lengths := [...]float64{16000, 18500, 21500, 14500, 25000}
		return n.route(n.loop(r, n.home, lengths[k.i%5], angle), 10, name(p.runs[2:]))
	case trail:
		return n.route(n.loop(r, away(4000, 9000), between(r, 8000, 17000), angle), 9, name(p.hills))
	case rideLoop:
		lengths := [...]float64{32000, 41000, 27000, 48000, 36000, 54000}
		return n.route(n.loop(r, n.home, lengths[k.i%6], angle), 20, name(p.rides))
	case longRide:
		lengths := [...]float64{72000, 88000, 63000, 104000, 79000}
		return n.route(n.loop(r, n.home, lengths[k.i%5], angle), 24, name(p.rides))
	case climb:
		return n.route(n.summit(n.home, 24000+10000*float64(k.i), k.i), 16, name(p.hills))
	case toWork, fromWork:
		path := n.outAndBack(source(l.seed, 'w'), n.home, 14500, float64(hash(l.seed, 'w')%628)/100)
		path = path[:len(path)/2+1]
		if k.kind == fromWork {
			for i, j := 0, len(path)-1; i < j; i, j = i+1, j-1 {
				path[i], path[j] = path[j], path[i]
			}
		}
		return n.route(path, 12, "work")
	case hike:
		return n.route(n.loop(r, away(7000, 15000), between(r, 9000, 16000), angle), 10, name(p.hills[1:]))
	case walk:
		return n.route(n.loop(r, n.home, between(r, 2800, 5600), angle), 8, name(p.runs[1:]))
	case parkLaps:
		c := n.node[away(600, 1500)]
		return n.shape(rounded(parkCorners(r, c.x, c.y), 40), 2, 5010, p.park)
	case race10:
		return n.cut(n.loop(r, away(200, 900), 10600, angle), 10030, p.race+" 10K")
	case raceHalf:
		return n.cut(n.loop(r, away(200, 900), 22000, angle), 21150, p.race+" Half Marathon")
	case sportive:
		return n.route(n.loop(r, away(300, 1200), 112000, angle), 25, p.sportive)
	case lakeSwim:
		x, y := p.plane(p.swimLat, p.swimLng)
		return n.lake(rounded(buoys(r, x, y), 8), 2+k.i%3, p)
	default: // lakeWind
		x, y := p.plane(p.swimLat, p.swimLng)
		return n.lake(rounded(reaches(r, x, y), 14), 1, p)
	}
}

// route draws a path through the net.
func (n *roads) route(path []int, stepM float64, name string) *route {
	if len(path) < 2 { // the net has no such tour: go to the next crossing and back
		path = []int{n.home, n.node[n.home].road[0].to, n.home}
	}
	line := soften(resample(n.line(path), stepM), 2)
	return n.survey(resample(line, stepM), stepM, name)
}

// cut is route, ended after exactly the given distance.
func (n *roads) cut(path []int, lengthM float64, name string) *route {
	if len(path) < 2 {
		return n.route(path, 9, name)
	}
	line := soften(resample(n.line(path), 9), 2)
	for len(line) > 1 && length(line) < lengthM { // too short: once more round
		line = append(line, line[1:]...)
	}
	return n.survey(truncate(resample(line, 9), lengthM), 9, name)
}

// shape is a closed line gone round several times, to the given total.
func (n *roads) shape(closed []xy, laps int, lengthM float64, name string) *route {
	scale := lengthM / float64(laps) / length(closed)
	centre := closed[0]
	var line []xy
	for range laps {
		for _, p := range closed[:len(closed)-1] {
			line = append(line, xy{centre.x + (p.x-centre.x)*scale, centre.y + (p.y-centre.y)*scale})
		}
	}
	return n.survey(resample(append(line, line[0]), 8), 8, name)
}

// lake is a shape on the water.
func (n *roads) lake(line []xy, laps int, p *place) *route {
	var all []xy
	for range laps {
		all = append(all, line[:len(line)-1]...)
	}
	r := n.survey(resample(append(all, line[len(line)-1]), 5), 5, p.swim)
	for i := range r.alt {
		r.alt[i] = p.swimM
	}
	return r
}

// survey turns a line of the plane into a route, with heights and bends.
func (n *roads) survey(line []xy, stepM float64, name string) *route {
	r := &route{name: name, stepM: stepM, cosLat: round(cosDeg(n.town.lat), 1e9)}
	for i, p := range line {
		lat, lng := n.town.latLng(p.x, p.y)
		r.lat = append(r.lat, round(lat, 1e8))
		r.lng = append(r.lng, round(lng, 1e8))
		r.alt = append(r.alt, round(n.town.elevation(p.x, p.y), 100))
		bend := 0.0
		if i >= 2 && i < len(line)-2 {
			a, b := line[i-2], line[i+2]
			chord := math.Hypot(b.x-a.x, b.y-a.y)
			bend = round(clamp((1-chord/(4*stepM))*2.2, 0, 1), 1000)
		}
		r.bend = append(r.bend, bend)
	}
	r.length = float64(len(line)-1) * stepM
	first, last := line[0], line[len(line)-1]
	r.loop = math.Hypot(first.x-last.x, first.y-last.y) < 3*stepM
	return r
}
