package track_test

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"musette/track"
)

var (
	nan           = math.NaN()
	pointsOnEarth = rapid.SliceOf(rapid.Custom(func(t *rapid.T) track.Point {
		return track.Point{Lat: rapid.Float64Range(-90, 90).Draw(t, "lat"), Lng: rapid.Float64Range(-180, 180).Draw(t, "lng")}
	}))
	// Short steps from a start anywhere, also near the antimeridian and the poles.
	routes = rapid.Custom(func(t *rapid.T) []track.Point {
		p := track.Point{Lat: rapid.Float64Range(-85, 85).Draw(t, "lat"), Lng: rapid.Float64Range(-180, 180).Draw(t, "lng")}
		points := []track.Point{p}
		step := rapid.Float64Range(-0.01, 0.01)
		for range rapid.IntRange(0, 120).Draw(t, "steps") {
			p = track.Point{Lat: p.Lat + step.Draw(t, "north"), Lng: wrap(p.Lng + step.Draw(t, "east"))}
			points = append(points, p)
		}
		return points
	})
)

func wrap(lng float64) float64 {
	if lng > 180 {
		return lng - 360
	}
	if lng < -180 {
		return lng + 360
	}
	return lng
}

// wanderingRoute is a long ride with bends of every size, the same each time.
func wanderingRoute(n int) []track.Point {
	points := make([]track.Point, n)
	for i := range points {
		a := float64(i) / float64(n) * 2 * math.Pi
		r := 0.08 + 0.02*math.Sin(5*a) + 0.004*math.Sin(31*a) + 0.0004*math.Sin(211*a)
		points[i] = track.Point{Lat: 51.5 + r*math.Sin(a), Lng: -0.12 + 1.6*r*math.Cos(a)}
	}
	return points
}

func TestBoundsOf(t *testing.T) {
	for _, tt := range []struct {
		name   string
		points []track.Point
		want   track.Bounds
		ok     bool
	}{
		{"none", nil, track.Bounds{}, false},
		{"none on Earth", []track.Point{{nan, 0}, {0, 181}}, track.Bounds{}, false},
		{"one", []track.Point{{51.5, -0.1}}, track.Bounds{51.5, -0.1, 51.5, -0.1}, true},
		{"a broken one between", []track.Point{{-1, 2}, {nan, 90}, {3, -4}}, track.Bounds{-1, -4, 3, 2}, true},
		{"across the antimeridian", []track.Point{{-16.8, 179.9}, {-16.9, -179.9}}, track.Bounds{-16.9, -179.9, -16.8, 179.9}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := track.BoundsOf(tt.points)
			if got != tt.want || ok != tt.ok {
				t.Errorf("BoundsOf = %v, %v, want %v, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestBoundsJSON(t *testing.T) {
	got, err := json.Marshal(track.Bounds{South: 51.5, West: -0.12, North: 51.52, East: -0.1})
	if want := `{"south":51.5,"west":-0.12,"north":51.52,"east":-0.1}`; err != nil || string(got) != want {
		t.Errorf("Marshal = %s, %v, want %s", got, err, want)
	}
}

func TestDistance(t *testing.T) {
	london, paris := track.Point{51.5074, -0.1278}, track.Point{48.8566, 2.3522}
	for _, tt := range []struct {
		name         string
		a, b         track.Point
		want, within float64
	}{
		{"same place", london, london, 0, 0},
		{"London to Paris", london, paris, 343_900, 1_000},
		{"one degree of latitude", track.Point{}, track.Point{1, 0}, 111_195, 1},
		{"one degree of longitude at 60 north", track.Point{60, 10}, track.Point{60, 11}, 55_597, 5},
		{"across the antimeridian", track.Point{0, 179.5}, track.Point{0, -179.5}, 111_195, 1},
		{"antipodes", track.Point{37.3, 12.1}, track.Point{-37.3, -167.9}, math.Pi * 6_371_008.8, 1},
		{"over the pole", track.Point{89.5, 0}, track.Point{89.5, 180}, 111_195, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, back := track.Distance(tt.a, tt.b), track.Distance(tt.b, tt.a)
			if !(math.Abs(got-tt.want) <= tt.within) || got != back {
				t.Errorf("Distance = %.1f there, %.1f back, want %.0f within %.0f", got, back, tt.want, tt.within)
			}
		})
	}
}

func TestLength(t *testing.T) {
	round := []track.Point{{0, 0}, {nan, nan}, {1, 0}, {200, 0}, {0, 0}}
	if got := track.Length(round); math.Abs(got-2*111_195) > 2 {
		t.Errorf("Length = %.1f, want there and back", got)
	}
	if got := track.Length(nil) + track.Length(round[:1]) + track.Length(round[1:2]); got != 0 {
		t.Errorf("Length without two points = %v", got)
	}
}

func TestProject(t *testing.T) {
	fiji := []track.Point{{-16.8, 179.9}, {-16.8, -179.9}, {-16.8, 179.9}}
	flat := track.Project(fiji)
	want := track.Distance(fiji[0], fiji[1])
	if got := flat[1].X - flat[0].X; math.Abs(got-want) > 1 || flat[2] != flat[0] {
		t.Errorf("Project across the antimeridian: %v, want %.0f m to the east and back", flat, want)
	}
	if got := track.Project([]track.Point{{nan, 1}}); len(got) != 0 {
		t.Errorf("Project of nothing on Earth = %v", got)
	}
}

func TestSimplifyKeepsWithinTolerance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := routes.Draw(t, "route")
		tolerance := rapid.Float64Range(0, 2000).Draw(t, "tolerance")
		before := slices.Clone(points)
		got := track.Simplify(points, tolerance)
		if !slices.Equal(before, points) {
			t.Fatal("the argument was changed")
		}
		checkEnds(t, points, got)
		// Measured with both lines on one map: what was left out lies near what remains.
		flat := track.Project(points)
		kept := keptIndexes(t, points, got)
		for k := 1; k < len(kept); k++ {
			for i := kept[k-1] + 1; i < kept[k]; i++ {
				if d := distanceToSegment(flat[i], flat[kept[k-1]], flat[kept[k]]); d > max(tolerance, 0.001)+1e-6 {
					t.Fatalf("point %d left out is %.2f m from the line, tolerance %.2f", i, d, tolerance)
				}
			}
		}
	})
}

func TestSimplifyToKeepsMax(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := routes.Draw(t, "route")
		limit := rapid.IntRange(-1, 150).Draw(t, "max")
		got := track.SimplifyTo(points, limit)
		if len(got) > max(limit, 0) {
			t.Fatalf("%d points, max %d", len(got), limit)
		}
		if len(points) <= limit && !slices.Equal(points, got) {
			t.Fatal("points that fit were left out")
		}
		keptIndexes(t, points, got)
		if limit >= 2 {
			checkEnds(t, points, got)
		}
	})
}

func TestSimplifyToKeepsTheShape(t *testing.T) {
	// A square with many points on each side: five points say it all.
	var points []track.Point
	for i := range 400 {
		along := float64(i%100) / 100 * 0.01
		points = append(points, [4]track.Point{{0, along}, {along, 0.01}, {0.01, 0.01 - along}, {0.01 - along, 0}}[i/100])
	}
	points = append(points, track.Point{})
	want := []track.Point{{0, 0}, {0, 0.01}, {0.01, 0.01}, {0.01, 0}, {0, 0}}
	if diff := cmp.Diff(want, track.SimplifyTo(points, 5)); diff != "" {
		t.Errorf("SimplifyTo(square, 5) (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, track.Simplify(points, 1)); diff != "" {
		t.Errorf("Simplify(square, 1 m) (-want +got):\n%s", diff)
	}
	if got := track.SimplifyTo(points, 3); len(got) != 3 {
		t.Errorf("SimplifyTo(square, 3) = %v", got)
	}
}

func TestSimplifyDegenerate(t *testing.T) {
	same := slices.Repeat([]track.Point{{51, 0}}, 50)
	for _, tt := range []struct {
		name   string
		points []track.Point
		want   int
	}{
		{"none", nil, 0},
		{"none on Earth", []track.Point{{nan, 0}, {0, nan}}, 0},
		{"one", same[:1], 1},
		{"all in one place", same, 2},
		{"broken ends", []track.Point{{nan, 0}, {51, 0}, {51, 0.1}, {52, 0}, {0, 999}}, 3},
		{"at the pole", []track.Point{{90, 0}, {90, 90}, {90, 180}, {90, -90}}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, tolerance := range []float64{0, 1, nan, -1} {
				if got := track.Simplify(tt.points, tolerance); len(got) != tt.want {
					t.Errorf("Simplify(%v) = %v, want %d points", tolerance, got, tt.want)
				}
			}
		})
	}
	if got := track.Simplify(wanderingRoute(500), math.Inf(1)); len(got) != 2 {
		t.Errorf("Simplify(+Inf) left %d points", len(got))
	}
}

// A line whose splits are as uneven as they can be would overflow a recursive version's
// stack at this length; a million points must also not take quadratic time here.
func TestSimplifyToOfAHugeLine(t *testing.T) {
	points := make([]track.Point, 1_000_000)
	for i := range points {
		points[i] = track.Point{Lat: 0.01 * float64(i%2), Lng: float64(i) * 1e-4}
		points[i].Lat *= float64(i) * 1e-6
	}
	if got := track.SimplifyTo(points, 200); len(got) != 200 {
		t.Errorf("%d points, want 200", len(got))
	}
}

func checkEnds(t *rapid.T, points, got []track.Point) {
	t.Helper()
	if len(got) == 0 || got[0] != points[0] || got[len(got)-1] != points[len(points)-1] {
		t.Fatalf("the ends of %v were not kept: %v", points, got)
	}
}

// keptIndexes finds got in points, in order, the ends at the ends.
func keptIndexes(t *rapid.T, points, got []track.Point) []int {
	t.Helper()
	var indexes []int
	from := 0
	for _, p := range got {
		i := slices.Index(points[from:], p)
		if i < 0 {
			t.Fatalf("%v is not from the route, or out of order", p)
		}
		indexes = append(indexes, from+i)
		from += i + 1
	}
	return indexes
}

func distanceToSegment(p, a, b track.XY) float64 {
	dx, dy := b.X-a.X, b.Y-a.Y
	along := 0.0
	if dx != 0 || dy != 0 {
		along = min(1, max(0, ((p.X-a.X)*dx+(p.Y-a.Y)*dy)/(dx*dx+dy*dy)))
	}
	return math.Hypot(p.X-a.X-along*dx, p.Y-a.Y-along*dy)
}

func BenchmarkSimplify(b *testing.B) {
	points := wanderingRoute(3600)
	b.Run("5 m", func(b *testing.B) {
		for b.Loop() {
			track.Simplify(points, 5)
		}
	})
	b.Run("to 200", func(b *testing.B) {
		for b.Loop() {
			track.SimplifyTo(points, 200)
		}
	})
}
