package season

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// body is what the athlete's legs can do.
type body struct {
	run, ride     float64 // m/s, easy and on the flat
	restHR, maxHR float64
	massKG        float64
	ftp           int
}

// perform carries out a slot: where it went, how fast, and what was measured.
// Texts and friends come later.
func (m *maker) perform(s slot) Activity {
	sp := sports[s.kind]
	seed := hash(m.seed, 'p', uint64(s.start.Unix()), uint64(s.kind))
	r := source(seed)
	a := Activity{
		Type: sp.legacy, SportType: sp.name, Start: s.start, Timezone: s.where.zone.name,
		Visibility: "everyone", Race: s.kind.isRace(),
		Commute: s.kind == commuteIn || s.kind == commuteOut, Trainer: s.kind == indoorRide,
		Manual: s.kind == gym,
	}
	if sp.workout >= 0 && (sp.workout > 0 || chance(r, 0.6)) {
		a.WorkoutType = new(sp.workout)
	}
	a.recipe = m.cook(s, sp, seed, r)
	if a.Manual {
		minutes := 35 + 5*r.IntN(9)
		a.Moving = time.Duration(minutes) * time.Minute
		a.Elapsed = a.Moving
		a.Start = a.Start.Truncate(5 * time.Minute)
		a.Calories = new(float64(minutes * 6))
	} else {
		m.buf = a.recipe.draw(m.buf[:0])
		a.measure(m.buf)
		a.Calories = new(calories(&a, m.body.massKG))
		m.equip(&a, s, r)
	}
	a.Uploaded = a.Start.Add(a.Elapsed + time.Duration(40+r.IntN(1100))*time.Second)
	m.apply(&a, s, r)
	return a
}

// cook chooses the route, the pace and the instruments.
func (m *maker) cook(s slot, sp sport, seed uint64, r *rand.Rand) recipe {
	c := recipe{seed: seed, gait: sp.gait, every: sp.every, lapEveryM: sp.lapM, massKG: m.body.massKG}
	if s.kind == gym {
		return recipe{}
	}
	form := 1 + 0.02*float64(int(hash(m.seed, 'f', uint64(s.start.Unix()/(28*86400)))%5)-2)/2 + 0.025*r.NormFloat64()
	base := 1.0
	switch sp.gait {
	case onFoot:
		base = 3 // walkers are alike
		if s.kind.isRun() {
			base = m.body.run
		}
	case onWheels:
		base = m.body.ride
		c.massKG += 9
	}
	c.speed = round(base*sp.speed*clamp(form, 0.9, 1.1), 1000)
	c.effort = round(clamp(sp.effort+0.06*r.NormFloat64(), -0.4, 1), 1000)
	m.wire(&c, s.kind, r)
	c.tempC = temperature(s, r)
	c.tempKnown = sp.gait != onWater && s.kind != yoga && chance(r, 0.7)
	switch s.kind {
	case indoorRide:
		c.indoorS = 2400 + 60*r.IntN(50)
		c.indoorM = round(float64(c.indoorS)*c.speed*1.12, 10)
		c.tempKnown = false
	case pool:
		c.indoorM = float64(1000 + 100*r.IntN(15))
		c.indoorS = int(c.indoorM / c.speed * between(r, 1.05, 1.25))
	case yoga:
		c.indoorS = 1200 + 300*r.IntN(9)
	default:
		i := int(float64(sp.variants) * r.Float64() * between(r, 0.35, 1))
		c.route = m.routes.get(s.where, sp.routes, i)
		if s.kind != parkrun && !s.kind.isRace() {
			c.trim = [2]float64{float64(r.IntN(34)), float64(r.IntN(40))}
		}
		c.stops = breaks(s.kind, c.route.length, r)
		c.noiseM = round(between(r, 0.6, 1.25), 100)
		seconds := c.route.length / c.speed * 1.25
		c.every = max(c.every, seconds/1750)
	}
	return c
}

// wire says which instruments recorded.
func (m *maker) wire(c *recipe, k kind, r *rand.Rand) {
	worn := map[bool]float64{true: 0.9, false: 0.55}[k.isRun() || k.isRide() || k == indoorRide || k == yoga]
	if sports[k].gait != onWater && chance(r, worn) {
		c.restHR, c.maxHR = m.body.restHR, m.body.maxHR
	}
	switch {
	case k.isRun():
		c.cadence = round(between(r, 83, 88), 10) // one leg
	case k == hiking, k == walking:
		c.cadence = round(between(r, 50, 57), 10)
	case k == indoorRide, k.isRide() && k != commuteIn && k != commuteOut:
		c.cadence = round(between(r, 80, 90), 10)
		c.power = k == indoorRide || chance(r, 0.8)
	}
}

// breaks are the stops on the way.
func breaks(k kind, lengthM float64, r *rand.Rand) []stop {
	var out []stop
	often, longest := 5200.0, 45 // m between short breaks, s
	switch k {
	case parkrun, tenK, half, openWater, wing:
		return nil
	case ride, bigRide, gravel, hillClimb, granFondo:
		often, longest = 11000, 80
	case commuteIn, commuteOut:
		often, longest = 1900, 50
	case hiking, walking:
		often, longest = 2600, 160
	case tempoRun:
		often, longest = 1400, 75
	}
	rest := lengthM * between(r, 0.42, 0.66)
	restS := 0
	switch {
	case k == bigRide, k == granFondo:
		restS = 60 * (12 + r.IntN(34)) // the café
	case k == ride && chance(r, 0.3), k == gravel && chance(r, 0.4):
		restS = 60 * (6 + r.IntN(18))
	case k == hiking:
		restS = 60 * (15 + r.IntN(30))
	case k == hillClimb:
		restS = 60 * (2 + r.IntN(5)) // the view
	}
	rested := restS == 0
	for at := often * between(r, 0.3, 1.4); at < lengthM-150; at += often * between(r, 0.5, 1.6) {
		if !rested && at > rest {
			rested = true
			out = append(out, stop{round(rest, 1), restS})
		}
		if len(out) == 0 || at-out[len(out)-1].atM > 100 {
			out = append(out, stop{round(at, 1), 9 + r.IntN(longest)})
		}
	}
	if !rested {
		out = append(out, stop{round(min(rest, lengthM-200), 1), restS})
	}
	return out
}

func temperature(s slot, r *rand.Rand) int {
	wall := s.where.zone.local(s.start)
	mean := s.where.winterC + (s.where.summerC-s.where.winterC)*s.where.summerness(s.start)
	hour := float64(wall.Hour())
	daily := 3 - 0.09*(hour-15)*(hour-15)*0.5
	return int(mean + max(daily, -4) + 2.5*r.NormFloat64())
}

func calories(a *Activity, massKG float64) float64 {
	hours := a.Moving.Hours()
	km := a.Distance / 1000
	switch a.Type {
	case "Run":
		return round(massKG*km*1.02+a.ClimbM*0.5, 1)
	case "Walk", "Hike":
		return round(massKG*km*0.72+a.ClimbM*0.6, 1)
	case "Ride", "VirtualRide":
		if a.WattsAvg != nil {
			return round(*a.WattsAvg*hours*3.6*1.05, 1)
		}
		return round(hours*480, 1)
	case "Swim":
		return round(hours*510, 1)
	default:
		return round(hours*210, 1)
	}
}

// equip names the device, the file and the gear.
func (m *maker) equip(a *Activity, s slot, r *rand.Rand) {
	n := 100_000_000_000 + r.Int64N(800_000_000_000)
	a.ExternalID = fmt.Sprintf("garmin_ping_%d", n)
	a.UploadID = fmt.Sprint(20_500_000_000 + r.Int64N(2_900_000_000))
	switch {
	case s.kind == indoorRide:
		a.DeviceName, a.ExternalID = "Zwift", fmt.Sprintf("zwift-activity-%d.fit", n)
	case s.kind.isRide():
		a.DeviceName = "Garmin Edge 840"
		if a.Commute {
			a.DeviceName, a.ExternalID = "Wahoo ELEMNT BOLT", a.Start.Format("2006-01-02-150405")+"-ELEMNT BOLT.fit"
		}
	case s.kind == walking && chance(r, 0.5):
		a.DeviceName, a.ExternalID = "Strava App", fmt.Sprintf("%d.fit", n)
	default:
		a.DeviceName = "Garmin Forerunner 265"
	}
	a.GearID = m.gearFor(s)
}

// apply carries out the twist. Those about texts come with the texts.
func (m *maker) apply(a *Activity, s slot, r *rand.Rand) {
	if a.Manual {
		a.Uploaded = a.Uploaded.Add(time.Duration(r.IntN(180)) * time.Minute)
		if a.Uploaded.After(m.until) {
			a.Uploaded = a.Start.Add(a.Elapsed)
		}
	}
	switch s.twist {
	case private:
		a.Visibility = "only_me"
	case followers:
		a.Visibility = "followers_only"
	case hiddenStart:
		a.HideStart = true
	case hugeUpload:
		a.UploadID = fmt.Sprint(1<<53 + 1 + 2*r.Int64N(1_000_000_000))
		if s.start.Unix()%2 == 0 {
			a.UploadID = fmt.Sprintf("98765%016d", r.Int64N(10_000_000_000_000_000)) // beyond int64
		}
	case lateUpload:
		a.Uploaded = a.Uploaded.Add(time.Duration(3*24*60+r.IntN(6*24*60)) * time.Minute)
	case plain:
		switch k := r.IntN(200); {
		case k < 3:
			a.Visibility = "only_me"
		case k < 9:
			a.Visibility = "followers_only"
		case k < 12:
			a.HideStart = true
		case k < 16 && m.until.Sub(a.Start) > 12*24*time.Hour:
			a.Uploaded = a.Uploaded.Add(time.Duration(2*24*60+r.IntN(5*24*60)) * time.Minute)
		}
	}
}
