package season

import (
	"math"
	"math/rand/v2"
	"time"
)

// recipe is all that is needed to draw an activity's track again.
type recipe struct {
	route *route // nil indoors
	seed  uint64
	speed float64 // m/s on the flat
	gait  gait
	every float64 // s between samples
	trim  [2]float64
	stops []stop // in order of place

	// Indoors the track has time and effort, but no place.
	indoorM float64
	indoorS int

	effort        float64 // 0 a stroll, 1 a race
	restHR, maxHR float64 // 0 for no strap
	cadence       float64 // 0 for no sensor
	power         bool
	massKG        float64
	noiseM        float64 // of the GPS
	tempC         int
	tempKnown     bool
	lapEveryM     float64 // 0 for one lap
}

// gait says how slope and bends act on speed.
type gait int

const (
	onFoot gait = iota
	onWheels
	onWater
)

// stop is a break: a gate, a puncture, a café.
type stop struct {
	atM float64
	s   int
}

// Points draws the track: the same at every call, nil where there is no GPS.
func (a *Activity) Points() []Point {
	if a.recipe.route == nil {
		return nil
	}
	return a.recipe.draw(nil)
}

// HasMap says whether there is a track with places.
func (a *Activity) HasMap() bool { return a.recipe.route != nil }

// draw appends the samples, indoor ones included, to an empty slice.
func (c *recipe) draw(into []Point) []Point {
	d := drawing{recipe: c, r: source(c.seed, 't'), out: into}
	d.hr = c.restHR + 18
	switch {
	case c.route != nil:
		d.outdoors()
	case c.indoorS > 0:
		d.indoors()
	}
	return d.out
}

// drawing is the state while a track is drawn.
type drawing struct {
	*recipe
	r      *rand.Rand
	out    []Point
	clock  int     // s since the start
	dist   float64 // m by GPS
	hr     float64
	pulse  float64 // slow change of mood and wind
	wx, wy float64 // GPS drift, m
	vx, vy float64
}

func (d *drawing) outdoors() {
	c := d.recipe
	from, to := c.trim[0], c.route.length-c.trim[1]
	d.wx, d.wy = d.r.NormFloat64()*c.noiseM, d.r.NormFloat64()*c.noiseM
	d.at(from, 0, 0, false)
	stops := c.stops
	for at := from; at < to; {
		slope := c.route.slope(at)
		d.pulse = 0.94*d.pulse + 0.06*between(d.r, -1, 1)*3
		v := c.pace(slope, c.route.bendAt(at)) * (1 + 0.05*d.pulse)
		if d.clock < 40 {
			v *= 0.9
		}
		s := max(1, int(c.every+between(d.r, -0.7, 1.7)))
		next := at + v*float64(s)
		if len(stops) > 0 && next >= stops[0].atM && at < stops[0].atM {
			next = stops[0].atM
			s = max(1, int(math.Ceil((next-at)/v)))
		}
		if next >= to-0.5 {
			next = to
			s = max(1, int(math.Ceil((next-at)/v)))
		}
		d.clock += s
		at = next
		d.beat(s, v, slope)
		d.at(at, v, slope, true)
		if len(stops) > 0 && at >= stops[0].atM {
			d.clock += stops[0].s
			d.beat(stops[0].s, 0, 0)
			d.at(at, 0, 0, false)
			stops = stops[1:]
		}
	}
}

func (d *drawing) indoors() {
	c := d.recipe
	v := c.indoorM / float64(c.indoorS)
	step := max(1, int(math.Ceil(float64(c.indoorS)/1500)), int(c.every))
	d.push(Point{HR: d.heart()})
	for d.clock < c.indoorS {
		s := min(step, c.indoorS-d.clock)
		d.clock += s
		d.pulse = 0.96*d.pulse + 0.04*between(d.r, -1, 1)*4
		d.beat(s, v, 0)
		d.dist = c.indoorM * float64(d.clock) / float64(c.indoorS)
		p := Point{T: time.Duration(d.clock) * time.Second, DistM: round(d.dist, 10), HR: d.heart(), Moving: true}
		p.Cadence, p.Watts = d.legs(v, 0)
		d.push(p)
	}
}

// beat lets the heart follow the effort.
func (d *drawing) beat(s int, v, slope float64) {
	if d.maxHR == 0 {
		return
	}
	work := 0.0
	if v > 0 || d.route == nil {
		work = clamp(0.42+0.46*d.effort+2.1*slope+0.05*d.pulse+float64(d.clock)*4e-6, 0.25, 0.99)
	}
	goal := d.restHR + (d.maxHR-d.restHR)*work
	d.hr += (goal - d.hr) * (1 - 1/(1+float64(s)/32))
}

func (d *drawing) heart() int {
	if d.maxHR == 0 {
		return 0
	}
	return int(math.Round(round(d.hr, 1000)))
}

// legs are cadence and power at a speed.
func (d *drawing) legs(v, slope float64) (cadence, watts int) {
	if d.cadence > 0 {
		k := d.cadence * (1 + 0.03*d.pulse - 0.8*max(slope, 0))
		if d.gait == onWheels && slope < -0.045 {
			k = 0 // freewheeling
		}
		cadence = int(math.Round(round(k, 100)))
	}
	if d.power {
		const gravity, rolling, drag = 9.81, 0.006, 0.19
		w := v * (d.massKG*gravity*(rolling+slope) + drag*v*v)
		if d.route == nil {
			w = 60 + 190*d.effort
		}
		watts = int(clamp(math.Round(round(w*(1+0.09*d.r.NormFloat64()), 10)), 0, 900))
		if cadence == 0 {
			watts = 0
		}
	}
	return cadence, watts
}

// at adds the sample at a place on the route, as the receiver saw it.
func (d *drawing) at(atM, v, slope float64, moving bool) {
	lat, lng, alt := d.route.place(atM)
	if moving {
		// A drift that changes direction slowly, and is drawn back to the truth.
		d.vx = 0.8*d.vx + 0.16*d.noiseM*d.r.NormFloat64()
		d.vy = 0.8*d.vy + 0.16*d.noiseM*d.r.NormFloat64()
		d.wx, d.wy = 0.96*d.wx+d.vx, 0.96*d.wy+d.vy
	}
	p := Point{
		Lat:    round(lat+d.wy/metresPerDegree, 1e6),
		Lng:    round(lng+d.wx/(metresPerDegree*d.route.cosLat), 1e6),
		AltM:   round(alt, 10),
		T:      time.Duration(d.clock) * time.Second,
		HR:     d.heart(),
		Moving: moving,
	}
	if moving {
		p.Cadence, p.Watts = d.legs(v, slope)
	}
	if k := len(d.out); k > 0 {
		d.dist += d.out[k-1].to(p, d.route.cosLat)
	}
	p.DistM = round(d.dist, 10)
	d.push(p)
}

func (d *drawing) push(p Point) { d.out = append(d.out, p) }

// to is the distance in metres between two near points.
func (p Point) to(q Point, cosLat float64) float64 {
	dy := (q.Lat - p.Lat) * metresPerDegree
	dx := (q.Lng - p.Lng) * metresPerDegree * cosLat
	return math.Sqrt(dx*dx + dy*dy)
}

// pace is the speed for a slope (rise over run) and a bend.
func (c *recipe) pace(slope, bend float64) float64 {
	s := slope * 100
	switch c.gait {
	case onFoot:
		if s > 0 {
			return c.speed / (1 + 0.032*s + 0.0012*s*s)
		}
		return c.speed * clamp(1-0.014*s-0.0016*s*s, 0.55, 1.06)
	case onWheels:
		if s > 0 {
			return c.speed / (1 + 0.2*s) * (1 - 0.25*bend)
		}
		return min(c.speed*(1-0.105*s), 15.8) * (1 - 0.55*bend)
	default:
		return c.speed
	}
}

// place is the position and height at a distance along the route.
func (r *route) place(atM float64) (lat, lng, alt float64) {
	i, t := r.index(atM)
	return r.lat[i] + (r.lat[i+1]-r.lat[i])*t, r.lng[i] + (r.lng[i+1]-r.lng[i])*t, r.alt[i] + (r.alt[i+1]-r.alt[i])*t
}

func (r *route) index(atM float64) (i int, t float64) {
	x := clamp(atM/r.stepM, 0, float64(len(r.lat)-1))
	i = min(int(x), len(r.lat)-2)
	return i, x - float64(i)
}

// slope is rise over run around a place.
func (r *route) slope(atM float64) float64 {
	i, _ := r.index(atM)
	w := max(1, int(36/r.stepM))
	lo, hi := max(0, i-w), min(len(r.alt)-1, i+w)
	return (r.alt[hi] - r.alt[lo]) / (float64(hi-lo) * r.stepM)
}

func (r *route) bendAt(atM float64) float64 {
	i, _ := r.index(atM)
	return r.bend[i]
}
