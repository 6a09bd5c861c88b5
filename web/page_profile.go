package web

import (
	"html/template"
	"math"
	"strconv"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/web/svg"
)

// profile is a measure along the way, drawn.
type profile struct {
	Name    string
	Class   string
	Drawing template.HTML
	Said    string // what the drawing shows, in words
	End     string // how far the way is
}

const (
	profileSteps                = 200
	profileWidth, profileHeight = 600, 120
	smoothSteps                 = 3 // how many neighbours on each side a pace is the mean of
)

// readProfiles draws what Strava's streams have along the way: heights, and pace or speed. None where the streams have no
// distance to go by.
func readProfiles(body []byte, a *musette.Activity, u units) []profile {
	type numbers struct {
		Data []*float64 `json:"data"`
	}
	var streams struct {
		Distance numbers `json:"distance"`
		Altitude numbers `json:"altitude"`
		Velocity numbers `json:"velocity_smooth"`
	}
	if json.Unmarshal(body, &streams, anyJSON) != nil {
		return nil
	}
	along := values(streams.Distance.Data)
	if len(along) < 2 || !(along[len(along)-1] >= 100) {
		return nil
	}
	end := inWords([]figure{u.distance(along[len(along)-1])})
	var list []profile
	if heights := spread(along, values(streams.Altitude.Data)); heights != nil {
		low, high := extremes(heights)
		p := profile{
			Name: "Elevation", Class: "elevation", End: end,
			Said: "from " + inWords([]figure{u.height(low)}) + " to " + inWords([]figure{u.height(high)}),
		}
		// Flat ground is drawn flat: less than 20 m don't fill the height.
		list = append(list, drawProfile(p, heights, max(0, 20-(high-low))))
	}
	if speeds := smooth(spread(along, values(streams.Velocity.Data))); speeds != nil {
		for i, v := range speeds {
			if !(v > 0.3) { // standing still
				speeds[i] = math.NaN()
			}
		}
		list = append(list, paceProfile(speeds, a, u, end)...)
	}
	return list
}

// paceProfile draws how fast it went along the way; none where it was always the same.
func paceProfile(speeds []float64, a *musette.Activity, u units, end string) []profile {
	low, high := extremes(speeds)
	if !(low > 0) || !(high > low) {
		return nil
	}
	slow, fast := u.speed(a.SportType, 1/low), u.speed(a.SportType, 1/high)
	p := profile{Name: slow.Label, Class: "pace", End: end, Said: "from " + inWords(slow.Figures) + " to " + inWords(fast.Figures)}
	return []profile{drawProfile(p, speeds, 0)}
}

// splitsForProfile is from how many splits their speeds make a line worth looking at.
const splitsForProfile = 5

// profile draws the splits' speeds, where nothing finer is known.
func (s *splits) profile(a *musette.Activity, u units) []profile {
	if s == nil || len(s.speeds) < splitsForProfile {
		return nil
	}
	return paceProfile(s.speeds, a, u, inWords([]figure{u.distance(a.DistanceM)}))
}

// drawProfile draws values over their own range and some more above.
func drawProfile(p profile, v []float64, above float64) profile {
	o := svg.ChartOptions{Width: profileWidth, Height: profileHeight, Title: p.Name + " along the way, " + p.Said + " in " + p.End, Headroom: above}
	p.Drawing = template.HTML(svg.Profile(v, o)) //nolint:gosec // svg writes every text escaped
	return p
}

// values are a stream's, NaN where there is none.
func values(data []*float64) []float64 {
	v := make([]float64, len(data))
	for i, p := range data {
		if v[i] = math.NaN(); p != nil {
			v[i] = *p
		}
	}
	return v
}

// spread takes means of v over even steps of the way; nil where v doesn't belong to the way, or has no number in it.
func spread(along, v []float64) []float64 {
	if len(v) != len(along) || len(v) == 0 {
		return nil
	}
	length := along[len(along)-1]
	sums, counts := make([]float64, profileSteps), make([]float64, profileSteps)
	for i, m := range along {
		if step := int(m / length * profileSteps); !math.IsNaN(v[i]) && !math.IsNaN(m) && step >= 0 {
			step = min(step, profileSteps-1)
			sums[step] += v[i]
			counts[step]++
		}
	}
	means, last, any := make([]float64, profileSteps), math.NaN(), false
	for i := range means {
		if counts[i] > 0 {
			last, any = sums[i]/counts[i], true
		}
		means[i] = last // few samples: the last goes on
	}
	if !any {
		return nil
	}
	return means
}

func smooth(v []float64) []float64 {
	out := make([]float64, len(v))
	for i := range v {
		sum, n := 0.0, 0.0
		for j := max(0, i-smoothSteps); j <= min(len(v)-1, i+smoothSteps); j++ {
			if !math.IsNaN(v[j]) {
				sum += v[j]
				n++
			}
		}
		out[i] = sum / n
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func extremes(v []float64) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, x := range v {
		if !math.IsNaN(x) {
			low, high = min(low, x), max(high, x)
		}
	}
	return low, high
}

// splits are the kilometres or miles of an activity.
type splits struct {
	Unit string // "km"
	How  string // "Pace" or "Speed"
	In   string // its unit
	Rows []splitRow

	speeds []float64 // metres a second
}

// Many reports whether there are so many that they are folded away at first.
func (s *splits) Many() bool { return len(s.Rows) > 14 }

type splitRow struct {
	Name, Speed, Climb string
	Share              int // of the fastest's speed, in hundredths
}

// readSplits takes the splits out of a detail; nil if it has fewer than two.
func readSplits(body []byte, a *musette.Activity, u units) *splits {
	type split struct {
		DistanceM *float64 `json:"distance"`
		MovingS   *float64 `json:"moving_time"`
		RiseM     *float64 `json:"elevation_difference"`
	}
	var detail struct {
		Metric   []split `json:"splits_metric"`
		Standard []split `json:"splits_standard"`
	}
	if json.Unmarshal(body, &detail, anyJSON) != nil {
		return nil
	}
	list := detail.Metric
	if u == imperial {
		list = detail.Standard
	}
	metres, name := u.long()
	s := &splits{Unit: name}
	fastest := 0.0
	for i, x := range list {
		if x.DistanceM == nil || x.MovingS == nil || *x.DistanceM < metres/10 || *x.MovingS <= 0 {
			continue // a few metres at the end say nothing
		}
		row := splitRow{Name: strconv.Itoa(i + 1)}
		if *x.DistanceM < metres*0.95 {
			row.Name = strconv.FormatFloat(*x.DistanceM/metres, 'f', 1, 64)
		}
		n := u.speed(a.SportType, *x.MovingS / *x.DistanceM)
		s.How, s.In, row.Speed = n.Label, n.Figures[0].Unit, n.Figures[0].Value
		if x.RiseM != nil {
			row.Climb = signed(u.height(*x.RiseM))
		}
		speed := *x.DistanceM / *x.MovingS
		fastest, s.speeds = max(fastest, speed), append(s.speeds, speed)
		s.Rows = append(s.Rows, row)
	}
	if len(s.Rows) < 2 {
		return nil
	}
	for i := range s.Rows {
		s.Rows[i].Share = int(s.speeds[i]/fastest*100 + 0.5)
	}
	return s
}

func signed(f figure) string {
	if f.Value != "0" && f.Value != "−0" && f.Value[0] >= '0' && f.Value[0] <= '9' {
		f.Value = "+" + f.Value
	}
	return inWords([]figure{f})
}

// lapRow is one lap.
type lapRow struct{ Name, Distance, Time, Speed string }

// lapRows are an activity's laps, where there is more than the one that is all of it.
func lapRows(a *musette.Activity, u units) (rows []lapRow) {
	if len(a.Laps) < 2 {
		return nil
	}
	for i, l := range a.Laps {
		row := lapRow{Name: l.Name, Distance: inWords([]figure{u.distance(l.DistanceM)}), Time: inWords(duration(l.MovingS))}
		if row.Name == "" {
			row.Name = "Lap " + strconv.Itoa(i+1)
		}
		if l.DistanceM >= 100 && l.MovingS >= 10 {
			row.Speed = inWords(u.speed(a.SportType, float64(l.MovingS)/l.DistanceM).Figures)
		}
		rows = append(rows, row)
	}
	return rows
}

// even reports whether laps are all a kilometre or a mile long, but for the last.
func even(laps []musette.Lap) bool {
	for _, unit := range []float64{1000, metresInMile} {
		same := true
		for i, l := range laps {
			same = same && (i == len(laps)-1 || math.Abs(l.DistanceM-unit) < unit/50)
		}
		if same {
			return true
		}
	}
	return false
}
