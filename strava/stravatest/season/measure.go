package season

import (
	"math"
	"time"
)

// measure computes the figures of an activity from its samples.
func (a *Activity) measure(pts []Point) {
	if len(pts) == 0 {
		return
	}
	last := pts[len(pts)-1]
	a.Distance, a.Elapsed = last.DistM, last.T
	whole := summarise(pts, 0, len(pts)-1)
	a.Moving, a.MaxSpeed = whole.Moving, whole.MaxSpeed
	if a.HasMap() {
		a.ClimbM = whole.ClimbM
		a.ElevHigh, a.ElevLow = pts[0].AltM, pts[0].AltM
		for _, p := range pts {
			a.ElevHigh, a.ElevLow = max(a.ElevHigh, p.AltM), min(a.ElevLow, p.AltM)
		}
	}
	if whole.HeartrateAvg > 0 {
		a.HeartrateAvg, a.HeartrateMax = new(whole.HeartrateAvg), new(whole.HeartrateMax)
	}
	if whole.CadenceAvg > 0 {
		a.CadenceAvg = new(whole.CadenceAvg)
	}
	if whole.WattsAvg > 0 {
		a.WattsAvg = new(whole.WattsAvg)
	}
	if a.recipe.tempKnown {
		a.TempC = new(float64(a.recipe.tempC))
	}
}

// summarise makes a lap of the samples from i to j, both inclusive.
func summarise(pts []Point, i, j int) Lap {
	l := Lap{StartIndex: i, EndIndex: j}
	l.Elapsed = pts[j].T - pts[i].T
	l.Distance = round(pts[j].DistM-pts[i].DistM, 10)
	l.ElevationDifference = round(pts[j].AltM-pts[i].AltM, 10)
	var hr, cadence, watts weighted
	speed := velocities(pts[i : j+1])
	for k := i; k <= j; k++ {
		l.HeartrateMax = max(l.HeartrateMax, float64(pts[k].HR))
		l.MaxSpeed = max(l.MaxSpeed, speed[k-i])
		if k == i {
			continue
		}
		l.ClimbM += max(0, pts[k].AltM-pts[k-1].AltM)
		dt := pts[k].T - pts[k-1].T
		hr.add(pts[k].HR, dt)
		if pts[k].Moving {
			l.Moving += dt
			watts.add(pts[k].Watts, dt)
			if pts[k].Cadence > 0 {
				cadence.add(pts[k].Cadence, dt)
			}
		}
	}
	l.ClimbM = round(l.ClimbM, 10)
	l.HeartrateAvg, l.CadenceAvg, l.WattsAvg = hr.mean(), cadence.mean(), watts.mean()
	return l
}

// weighted is a mean over time.
type weighted struct {
	sum  float64
	time time.Duration
}

func (w *weighted) add(x int, dt time.Duration) {
	w.sum += float64(x) * dt.Seconds()
	w.time += dt
}

func (w *weighted) mean() float64 {
	if w.time == 0 {
		return 0
	}
	return round(w.sum/w.time.Seconds(), 10)
}

// velocities are smoothed over two samples to either side, standing time left
// out; 0 where the athlete stands.
func velocities(pts []Point) []float64 {
	moved := make([]time.Duration, len(pts))
	for i := 1; i < len(pts); i++ {
		moved[i] = moved[i-1]
		if pts[i].Moving {
			moved[i] += pts[i].T - pts[i-1].T
		}
	}
	v := make([]float64, len(pts))
	for i := range pts {
		lo, hi := max(0, i-2), min(len(pts)-1, i+2)
		if t := moved[hi] - moved[lo]; pts[i].Moving && t > 0 {
			v[i] = round((pts[hi].DistM-pts[lo].DistM)/t.Seconds(), 1000)
		}
	}
	return v
}

// Laps are the laps that the watch took: one for the whole of a short or free
// activity, else equal ones. Nil for manual activities.
func (a *Activity) Laps() []Lap {
	if a.recipe.lapEveryM > 0 {
		return a.Splits(a.recipe.lapEveryM)
	}
	return a.Splits(math.Inf(1))
}

// Splits cuts the activity every unitM metres of distance; the last one is
// what is left over. Nil where there are no samples.
func (a *Activity) Splits(unitM float64) []Lap {
	pts := a.recipe.draw(nil)
	if len(pts) < 2 {
		return nil
	}
	var laps []Lap
	from := 0
	add := func(to int) {
		l := summarise(pts, from, to)
		l.Index = len(laps) + 1
		l.Start = a.Start.Add(pts[from].T)
		laps = append(laps, l)
		from = to
	}
	for i, p := range pts {
		if i > from && p.DistM >= unitM*float64(len(laps)+1) && i < len(pts)-1 {
			add(i)
		}
	}
	add(len(pts) - 1)
	return laps
}

// Streams are the samples by measure. Nil for manual activities; indoors there
// are time, distance and effort only.
func (a *Activity) Streams() *Streams {
	pts := a.recipe.draw(nil)
	if len(pts) == 0 {
		return nil
	}
	s := &Streams{VelocitySmooth: velocities(pts)}
	c := &a.recipe
	for i, p := range pts {
		s.Time = append(s.Time, int(p.T/time.Second))
		s.Distance = append(s.Distance, p.DistM)
		s.Moving = append(s.Moving, p.Moving)
		if c.route != nil {
			s.LatLng = append(s.LatLng, [2]float64{p.Lat, p.Lng})
			s.Altitude = append(s.Altitude, p.AltM)
			s.GradeSmooth = append(s.GradeSmooth, grade(pts, i))
		}
		if c.maxHR > 0 {
			s.Heartrate = append(s.Heartrate, p.HR)
		}
		if c.cadence > 0 {
			s.Cadence = append(s.Cadence, p.Cadence)
		}
		if c.power {
			s.Watts = append(s.Watts, p.Watts)
		}
		if c.tempKnown {
			s.Temp = append(s.Temp, c.tempC+int(hash(c.seed, 'c', uint64(i/120))%3)-1)
		}
	}
	return s
}

// grade is the slope around a sample in percent.
func grade(pts []Point, i int) float64 {
	lo, hi := max(0, i-3), min(len(pts)-1, i+3)
	run := pts[hi].DistM - pts[lo].DistM
	if run < 1 {
		return 0
	}
	return round(clamp(100*(pts[hi].AltM-pts[lo].AltM)/run, -45, 45), 10)
}
