package season

import "math"

const metresPerDegree = 6371008.8 * math.Pi / 180

// elevation is the height of the ground in metres at x metres east and y metres
// north of the town's centre: the town in its bowl, hills around it, mountains
// on one side.
func (p *place) elevation(x, y float64) float64 {
	r2 := (x*x + y*y) / (3300 * 3300)
	outside := r2 / (1 + r2)
	towards := (x*p.rangeX + y*p.rangeY - 1500) / 24000
	mountains := smoothstep(towards)
	hills := 0.42*p.noise(x, y, 8300, 1) + 0.30*p.noise(x, y, 3500, 2) +
		0.17*p.noise(x, y, 1500, 3) + 0.05*p.noise(x, y, 650, 4)
	h := p.baseM + p.bowlM*outside + p.rangeM*mountains +
		p.reliefM*hills*(0.5+0.5*outside)*(1+1.1*mountains)
	return max(h, p.floor())
}

// floor is the level of the nearest sea or valley bottom.
func (p *place) floor() float64 { return max(2, p.baseM-p.reliefM*0.25) }

// noise is smooth value noise in [-1, 1] with the given wavelength in metres.
func (p *place) noise(x, y, wave float64, octave uint64) float64 {
	x, y = x/wave, y/wave
	fx, fy := math.Floor(x), math.Floor(y)
	u, v := smoothstep(x-fx), smoothstep(y-fy)
	ix, iy := int64(fx), int64(fy)
	place := p.key()<<20 ^ octave
	a, b := lattice(place, ix, iy), lattice(place, ix+1, iy)
	c, d := lattice(place, ix, iy+1), lattice(place, ix+1, iy+1)
	top, bottom := a+(b-a)*u, c+(d-c)*u
	return top + (bottom-top)*v
}

func lattice(seed uint64, x, y int64) float64 {
	h := mix(seed ^ mix(uint64(x)*0x8da6b343+mix(uint64(y)*0xd8163841+1)))
	return float64(h>>11)/(1<<52) - 1
}

// latLng is the position of a point of the plane.
func (p *place) latLng(x, y float64) (lat, lng float64) {
	return p.lat + y/metresPerDegree, p.lng + x/(metresPerDegree*cosDeg(p.lat))
}

// plane is the inverse of latLng.
func (p *place) plane(lat, lng float64) (x, y float64) {
	return (lng - p.lng) * metresPerDegree * cosDeg(p.lat), (lat - p.lat) * metresPerDegree
}

func cosDeg(deg float64) float64 { return math.Cos(deg * math.Pi / 180) }
