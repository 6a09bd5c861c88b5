package season_test

import (
	"flag"
	"math"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twpayne/go-polyline"
	"pgregory.net/rapid"

	"musette/strava/stravatest/season"
)

func TestMain(m *testing.M) {
	flag.Parse()
	explicit := false
	flag.Visit(func(f *flag.Flag) { explicit = explicit || f.Name == "rapid.checks" })
	if !explicit { // each check makes a whole season
		_ = flag.Set("rapid.checks", "24")
	}
	os.Exit(m.Run())
}

// anyOptions draws a season of at least n activities that ends at any time of
// a few years.
func anyOptions(t *rapid.T, n int) season.Options {
	return season.Options{
		Seed:       rapid.Uint64().Draw(t, "seed"),
		Activities: rapid.IntRange(n, n+40).Draw(t, "activities"),
		Until:      time.Unix(rapid.Int64Range(1_640_000_000, 1_840_000_000).Draw(t, "until"), 0),
	}
}

func TestActivitiesAgreeWithTheirPoints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := season.Make(anyOptions(t, 1))
		for i := range s.Activities {
			a := &s.Activities[i]
			if a.Elapsed < a.Moving || a.Moving <= 0 {
				t.Fatalf("%s: moving %v of %v", a.Name, a.Moving, a.Elapsed)
			}
			checkStreams(t, a)
			pts := a.Points()
			if pts == nil {
				if a.Polyline() != "" || a.SummaryPolyline() != "" {
					t.Fatalf("%s: polyline without points", a.Name)
				}
				continue
			}
			checkPoints(t, a, pts)
			checkPolylines(t, a, pts)
			checkLaps(t, a, pts)
		}
	})
}

func checkPoints(t *rapid.T, a *season.Activity, pts []season.Point) {
	south, west, north, east, ok := a.Bounds()
	if !ok || len(pts) < 20 || len(pts) > 2000 {
		t.Fatalf("%s: %d points, bounds %v", a.Name, len(pts), ok)
	}
	var walked, climb float64
	var moving time.Duration
	high, low := pts[0].AltM, pts[0].AltM
	for i, p := range pts {
		if p.Lat < south || p.Lat > north || p.Lng < west || p.Lng > east {
			t.Fatalf("%s: %v, %v is out of bounds", a.Name, p.Lat, p.Lng)
		}
		high, low = max(high, p.AltM), min(low, p.AltM)
		if i == 0 {
			continue
		}
		q := pts[i-1]
		if p.T <= q.T || p.DistM < q.DistM {
			t.Fatalf("%s: point %d goes backwards", a.Name, i)
		}
		d := haversine(q, p)
		if p.Moving {
			moving += p.T - q.T
			if v := d / (p.T - q.T).Seconds(); v > 21 {
				t.Fatalf("%s: %.1f m/s at point %d", a.Name, v, i)
			}
		}
		walked += d
		climb += max(0, p.AltM-q.AltM)
	}
	last := pts[len(pts)-1]
	if a.Distance != last.DistM || math.Abs(walked-a.Distance) > 0.01*a.Distance {
		t.Fatalf("%s: distance %.1f, points %.1f, on the globe %.1f", a.Name, a.Distance, last.DistM, walked)
	}
	if a.Elapsed != last.T || a.Moving != moving {
		t.Fatalf("%s: elapsed %v, moving %v, points say %v and %v", a.Name, a.Elapsed, a.Moving, last.T, moving)
	}
	if math.Abs(a.ClimbM-climb) > 0.06 || a.ElevHigh != high || a.ElevLow != low {
		t.Fatalf("%s: climb %.1f (%.1f), heights %.1f to %.1f (%.1f to %.1f)", a.Name, a.ClimbM, climb, a.ElevLow, a.ElevHigh, low, high)
	}
}

func checkPolylines(t *rapid.T, a *season.Activity, pts []season.Point) {
	full, rest, err := polyline.DecodeCoords([]byte(a.Polyline()))
	if err != nil || len(rest) > 0 || len(full) != len(pts) {
		t.Fatalf("%s: polyline of %d, points %d: %v", a.Name, len(full), len(pts), err)
	}
	for i, c := range full {
		if math.Abs(c[0]-pts[i].Lat) > 1e-5 || math.Abs(c[1]-pts[i].Lng) > 1e-5 {
			t.Fatalf("%s: polyline %v, point %v", a.Name, c, pts[i])
		}
	}
	short, rest, err := polyline.DecodeCoords([]byte(a.SummaryPolyline()))
	if err != nil || len(rest) > 0 || len(short) < 2 || len(short) > len(full) {
		t.Fatalf("%s: summary of %d: %v", a.Name, len(short), err)
	}
	if !near(short[0], full[0]) || !near(short[len(short)-1], full[len(full)-1]) {
		t.Fatalf("%s: summary ends elsewhere", a.Name)
	}
}

// near says whether two decoded points are the same but for summing floats.
func near(a, b []float64) bool {
	return math.Abs(a[0]-b[0]) < 1e-8 && math.Abs(a[1]-b[1]) < 1e-8
}

func checkLaps(t *rapid.T, a *season.Activity, pts []season.Point) {
	laps := a.Laps()
	var dist, climb float64
	var elapsed, moving time.Duration
	next := 0
	for i, l := range laps {
		if l.Index != i+1 || l.StartIndex != next || l.EndIndex <= l.StartIndex {
			t.Fatalf("%s: lap %d is %d to %d after %d", a.Name, l.Index, l.StartIndex, l.EndIndex, next)
		}
		next = l.EndIndex
		dist, climb, elapsed, moving = dist+l.Distance, climb+l.ClimbM, elapsed+l.Elapsed, moving+l.Moving
	}
	if next != len(pts)-1 || math.Abs(dist-a.Distance) > 0.5 || math.Abs(climb-a.ClimbM) > 0.5 || elapsed != a.Elapsed || moving != a.Moving {
		t.Fatalf("%s: %d laps sum to %.1f m, %v", a.Name, len(laps), dist, elapsed)
	}
}

func checkStreams(t *rapid.T, a *season.Activity) {
	s := a.Streams()
	if s == nil {
		if !a.Manual {
			t.Fatalf("%s: recorded without streams", a.Name)
		}
		return
	}
	if a.Manual {
		t.Fatalf("%s: manual with streams", a.Name)
	}
	n := len(s.Time)
	for name, k := range map[string]int{
		"distance": len(s.Distance), "velocity": len(s.VelocitySmooth), "moving": len(s.Moving),
	} {
		if k != n {
			t.Fatalf("%s: %d of %s, %d of time", a.Name, k, name, n)
		}
	}
	for name, k := range map[string]int{
		"latlng": len(s.LatLng), "altitude": len(s.Altitude), "grade": len(s.GradeSmooth), "heartrate": len(s.Heartrate),
		"cadence": len(s.Cadence), "watts": len(s.Watts), "temp": len(s.Temp),
	} {
		if k != n && k != 0 {
			t.Fatalf("%s: %d of %s, %d of time", a.Name, k, name, n)
		}
	}
	if top := slices.Max(s.VelocitySmooth); top != a.MaxSpeed {
		t.Fatalf("%s: fastest %.3f, in the stream %.3f", a.Name, a.MaxSpeed, top)
	}
	if (a.HeartrateAvg != nil) != (s.Heartrate != nil) {
		t.Fatalf("%s: heart rate in only one of average and stream", a.Name)
	}
}

func TestSeasonsAreInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := anyOptions(t, 30)
		s := season.Make(o)
		if len(s.Activities) != o.Activities {
			t.Fatalf("%d activities, asked for %d", len(s.Activities), o.Activities)
		}
		if gap := o.Until.Sub(s.Activities[0].Start); gap < 0 || gap > 60*time.Hour {
			t.Fatalf("the newest starts %v before the end", gap)
		}
		ids, comments, photos := map[int64]bool{}, map[int64]bool{}, map[string]bool{}
		gear := map[string]bool{"": true}
		for _, g := range s.Gear {
			gear[g.ID] = true
		}
		for i, a := range s.Activities {
			if i > 0 && a.Start.Add(a.Elapsed).After(s.Activities[i-1].Start) {
				t.Fatalf("%s at %v runs into the next one at %v", a.Name, a.Start, s.Activities[i-1].Start)
			}
			if a.Uploaded.Before(a.Start.Add(a.Elapsed)) || a.Uploaded.After(o.Until) {
				t.Fatalf("%s uploaded at %v, started %v", a.Name, a.Uploaded, a.Start)
			}
			if a.ID < 19_400_000_000 || ids[a.ID] || !gear[a.GearID] || a.Name == "" {
				t.Fatalf("%q: id %d, gear %q", a.Name, a.ID, a.GearID)
			}
			ids[a.ID] = true
			last := a.Uploaded
			for _, c := range a.Comments {
				if c.At.Before(last) || c.At.After(o.Until) || comments[c.ID] || c.Text == "" {
					t.Fatalf("%s: comment %+v", a.Name, c)
				}
				last, comments[c.ID] = c.At, true
			}
			for _, p := range a.Photos {
				if photos[p.UniqueID] || p.TakenAt.Before(a.Start) || p.TakenAt.After(a.Start.Add(a.Elapsed)) {
					t.Fatalf("%s: photo %+v", a.Name, p)
				}
				photos[p.UniqueID] = true
			}
		}
		if slices.IsSortedFunc(s.Activities, func(a, b season.Activity) int { return int(a.ID/1e6 - b.ID/1e6) }) {
			t.Fatal("ids tell the order")
		}
	})
}

func TestSmallSeasons(t *testing.T) {
	until := time.Date(2026, 7, 21, 18, 0, 0, 0, time.UTC)
	for n := range 8 {
		if got := len(season.Make(season.Options{Seed: 3, Activities: n, Until: until}).Activities); got != n {
			t.Errorf("%d activities, asked for %d", got, n)
		}
	}
}

func TestNextIsUploadedNow(t *testing.T) {
	until := time.Date(2026, 7, 21, 18, 0, 0, 0, time.UTC)
	s := season.Make(season.Options{Seed: 5, Activities: 20, Until: until})
	ids := map[int64]bool{}
	for _, a := range s.Activities {
		ids[a.ID] = true
	}
	var again [40]season.Activity
	var all sync.WaitGroup
	for n := range again {
		all.Go(func() { again[n] = s.Next(until.Add(time.Duration(n)*5*time.Hour), n) })
	}
	all.Wait()
	for n, b := range again {
		at := until.Add(time.Duration(n) * 5 * time.Hour)
		a := s.Next(at, n)
		if diff := cmp.Diff(a.Points(), b.Points()); a.ID != b.ID || a.Name != b.Name || diff != "" {
			t.Fatalf("the same call gave %s and %s: %s", a.Name, b.Name, diff)
		}
		if !a.Uploaded.Equal(at) || a.Start.Add(a.Elapsed).After(at) || ids[a.ID] {
			t.Errorf("%d: %s, id %d, %v to %v, uploaded %v", n, a.Name, a.ID, a.Start, a.Elapsed, a.Uploaded)
		}
		ids[a.ID] = true
	}
}

func haversine(a, b season.Point) float64 {
	const radius, rad = 6371008.8, math.Pi / 180
	s, u := math.Sin((b.Lat-a.Lat)*rad/2), math.Sin((b.Lng-a.Lng)*rad/2)
	return 2 * radius * math.Asin(math.Sqrt(s*s+math.Cos(a.Lat*rad)*math.Cos(b.Lat*rad)*u*u))
}
