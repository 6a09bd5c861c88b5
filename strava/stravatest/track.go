package stravatest

import (
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"musette/strava/stravatest/season"
)

// streams returns the samples of the activity as it is now, or nil. They are
// drawn anew each time.
func (a *activity) streams() *season.Streams {
	st := a.Streams()
	if st == nil || a.to == 0 {
		return st
	}
	cut := *st
	cut.Time = slices.Clone(part(st.Time, a.from, a.to))
	cut.Distance = slices.Clone(part(st.Distance, a.from, a.to))
	for i := len(cut.Time) - 1; i >= 0; i-- {
		cut.Time[i] -= cut.Time[0]
	}
	for i := len(cut.Distance) - 1; i >= 0; i-- {
		cut.Distance[i] = math.Round(10*(cut.Distance[i]-cut.Distance[0])) / 10
	}
	cut.LatLng = part(st.LatLng, a.from, a.to)
	cut.Altitude = part(st.Altitude, a.from, a.to)
	cut.VelocitySmooth = part(st.VelocitySmooth, a.from, a.to)
	cut.Heartrate = part(st.Heartrate, a.from, a.to)
	cut.Cadence = part(st.Cadence, a.from, a.to)
	cut.Watts = part(st.Watts, a.from, a.to)
	cut.Temp = part(st.Temp, a.from, a.to)
	cut.Moving = part(st.Moving, a.from, a.to)
	cut.GradeSmooth = part(st.GradeSmooth, a.from, a.to)
	return &cut
}

func part[T any](list []T, from, to int) []T {
	if list == nil {
		return nil
	}
	return list[from:to]
}

// crop cuts the activity; see Server.Crop. Averages that a crop would change
// a little stay as they are.
func (a *activity) crop(from, to time.Duration) error {
	st := a.streams()
	if a.Manual || st == nil || len(st.Time) == 0 || len(st.Distance) == 0 {
		return errors.New("there is no track to crop")
	}
	begin, _ := slices.BinarySearch(st.Time, int(from.Seconds()))
	end, _ := slices.BinarySearch(st.Time, int(to.Seconds()))
	if begin < 0 || end-begin < 2 {
		return errors.New("the crop leaves nothing of the track")
	}
	a.Start = a.Start.Add(time.Duration(st.Time[begin]) * time.Second)
	a.from, a.to = a.from+begin, a.from+end
	a.track = new(outline)

	cut := a.streams()
	last := len(cut.Time) - 1
	moving := a.Moving
	a.Elapsed = time.Duration(cut.Time[last]) * time.Second
	a.Moving = a.Elapsed
	if cut.Moving != nil {
		a.Moving = 0
		for i := 1; i <= last; i++ {
			if cut.Moving[i] {
				a.Moving += time.Duration(cut.Time[i]-cut.Time[i-1]) * time.Second
			}
		}
	}
	a.Distance = cut.Distance[last]
	if cut.Altitude != nil {
		a.ElevHigh, a.ElevLow = slices.Max(cut.Altitude), slices.Min(cut.Altitude)
	}
	if share := a.Moving.Seconds() / max(1, moving.Seconds()); share < 1 {
		a.ClimbM = math.Round(10*a.ClimbM*share) / 10
		if a.Calories != nil {
			less := math.Round(*a.Calories * share)
			a.Calories = &less
		}
	}
	return nil
}

// laps returns the laps, or the splits every unitM metres where unitM is not
// 0, as far as a crop has left them whole.
func (a *activity) laps(unitM float64) []season.Lap {
	var all []season.Lap
	if unitM > 0 {
		all = a.Splits(unitM)
	} else {
		all = a.Laps()
	}
	if a.to == 0 {
		return all
	}
	var left []season.Lap
	for _, l := range all {
		if l.StartIndex < a.from || l.EndIndex >= a.to {
			continue
		}
		l.StartIndex -= a.from
		l.EndIndex -= a.from
		l.Index = len(left) + 1
		left = append(left, l)
	}
	return left
}

// line returns the whole track as a polyline, "" where there is none.
func (a *activity) line() string {
	if a.Manual {
		return ""
	}
	if a.to == 0 {
		return a.Polyline()
	}
	return polyline(a.streams().LatLng)
}

// polyline encodes points by Google's algorithm with five decimals.
func polyline(points [][2]float64) string {
	var b []byte
	var before [2]int64
	for _, p := range points {
		for k := range p {
			v := int64(math.Round(p[k] * 1e5))
			d := (v - before[k]) << 1
			before[k] = v
			if d < 0 {
				d = ^d
			}
			for ; d >= 0x20; d >>= 5 {
				b = append(b, byte(0x20|d&0x1f)+63)
			}
			b = append(b, byte(d)+63)
		}
	}
	return string(b)
}

// thin keeps about a hundred of the points, the first and the last among
// them: enough for the summary of a cropped track.
func thin(points [][2]float64) [][2]float64 {
	step := max(1, len(points)/100)
	var kept [][2]float64
	for i := 0; i < len(points)-1; i += step {
		kept = append(kept, points[i])
	}
	return append(kept, points[len(points)-1])
}

// drawn is what a detail needs of a track.
type drawn struct {
	line            string
	laps, km, miles []season.Lap
}

// detailCache keeps the tracks of the details asked for last. A state of an
// activity is its own key, so nothing in it ever goes stale.
type detailCache struct {
	mu     sync.Mutex
	recent []*activity // oldest use first
	tracks map[*activity]*drawn
}

const detailsKept = 32

func (c *detailCache) get(a *activity) *drawn {
	c.mu.Lock()
	d := c.tracks[a]
	c.mu.Unlock()
	if d == nil {
		d = &drawn{line: a.line()}
		if !a.Manual {
			d.laps = a.laps(0)
			d.km, d.miles = a.laps(1000), a.laps(1609.344)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tracks == nil {
		c.tracks = map[*activity]*drawn{}
	}
	if i := slices.Index(c.recent, a); i >= 0 {
		c.recent = slices.Delete(c.recent, i, i+1)
	} else if len(c.recent) == detailsKept {
		delete(c.tracks, c.recent[0])
		c.recent = c.recent[1:]
	}
	c.recent = append(c.recent, a)
	c.tracks[a] = d
	return d
}
