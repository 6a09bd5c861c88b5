package track_test

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"musette/track"
)

// moved is a point some metres to the east and north of another, across the antimeridian too.
func moved(p track.Point, east, north float64) track.Point {
	return track.Point{
		Lat: p.Lat + north/111_195,
		Lng: math.Remainder(p.Lng+east/111_195/math.Cos(p.Lat*math.Pi/180), 360),
	}
}

// Whatever the route and wherever on Earth: what is shown is part of it, in order, outside of every disc after rounding,
// and so is every line between neighbours.
func TestCutShowsNothingOfTheDiscs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		origin := track.Point{
			Lat: rapid.Float64Range(-80, 80).Draw(t, "lat"),
			Lng: rapid.SampledFrom([]float64{0, 12.3, -179.999, 180}).Draw(t, "lng"),
		}
		key := track.NewMaskKey([]byte(rapid.String().Draw(t, "secret")), 1)
		step := rapid.Float64Range(5, 900).Draw(t, "step")
		heading, x, y := 0.0, 0.0, 0.0
		var route []track.Point
		for _, turn := range rapid.SliceOfN(rapid.Float64Range(-1, 1), 1, 120).Draw(t, "turns") {
			route = append(route, moved(origin, x, y))
			heading += turn
			x, y = x+step*math.Cos(heading), y+step*math.Sin(heading)
		}
		zone := key.Around(moved(origin, 1500, 0), rapid.Float64Range(50, 2000).Draw(t, "radius"))
		discs := []track.Disc{key.Disc(key.Cell(route[0])), key.Disc(key.Cell(route[len(route)-1])), zone}
		for i, p := range []track.Point{route[0], route[len(route)-1], moved(origin, 1500, 0)} {
			if d := discs[i]; !d.Contains(p) || track.Distance(d.Centre, p) < 200 || d.RadiusM-track.Distance(d.Centre, p) < 49 {
				t.Fatalf("%v is %.0f m from the middle of a disc of %.0f m", p, track.Distance(d.Centre, p), d.RadiusM)
			}
		}
		mask := track.NewMask(discs...)
		slices.Reverse(discs)
		if diff := cmp.Diff(mask.Cut(route), track.NewMask(discs...).Cut(route)); diff != "" {
			t.Fatalf("the order of the discs makes a difference:\n%s", diff)
		}
		next := 0
		for _, piece := range mask.Cut(route) {
			if len(piece) < 2 {
				t.Fatalf("a piece of %d points", len(piece))
			}
			for i, p := range piece {
				for next < len(route) && route[next] != p {
					next++
				}
				if next == len(route) {
					t.Fatalf("%v isn't in the route, or not in this order", p)
				}
				rounded, err := track.Decode(track.Encode([]track.Point{p}))
				if err != nil || mask.Hides(p) || mask.Hides(rounded[0]) {
					t.Fatalf("%v is shown", p)
				}
				for f := 0.05; i > 0 && f < 1; f += 0.05 {
					q := piece[i-1]
					between := track.Point{Lat: q.Lat + f*(p.Lat-q.Lat), Lng: math.Remainder(q.Lng+f*math.Remainder(p.Lng-q.Lng, 360), 360)}
					if mask.Hides(between) {
						t.Fatalf("a line is shown through %v", between)
					}
				}
			}
		}
	})
}

func TestCutWithoutDiscs(t *testing.T) {
	route := []track.Point{{Lat: 1, Lng: 1}, {Lat: math.NaN(), Lng: 1}, {Lat: 1.1, Lng: 1}}
	if pieces := (track.Mask{}).Cut(route); len(pieces) != 1 || len(pieces[0]) != 2 {
		t.Errorf("a mask without discs leaves %v", pieces)
	}
	if pieces := (track.Mask{}).Cut(nil); pieces != nil {
		t.Errorf("of nothing there is %v", pieces)
	}
}

func TestMasksDifferByKey(t *testing.T) {
	home := track.Point{Lat: 51.4779, Lng: -0.0015}
	seen := map[track.Point]bool{}
	for athlete := range int64(20) {
		for _, secret := range []string{"one", "two"} {
			key := track.NewMaskKey([]byte(secret), athlete)
			d := key.Disc(key.Cell(home))
			if again := track.NewMaskKey([]byte(secret), athlete).Disc(key.Cell(home)); again != d || seen[d.Centre] {
				t.Errorf("the disc of %s %d is %v, then %v", secret, athlete, d, again)
			}
			seen[d.Centre] = true
		}
	}
}

func BenchmarkCut(b *testing.B) {
	w := newTown(1)
	routes := w.season("wandering")
	key := track.NewMaskKey([]byte("secret"), 1)
	var discs []track.Disc
	for i := range 200 { // an athlete of many places, most of them far away
		discs = append(discs, key.Disc(key.Cell(moved(routes[0][0], float64(i)*1000, 0))))
	}
	mask := track.NewMask(discs...)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		mask.Cut(routes[i%len(routes)])
	}
}
