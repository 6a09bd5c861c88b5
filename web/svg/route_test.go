package svg_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"musette/track"
	"musette/web/svg"
)

var update = flag.Bool("update", false, "write the golden files anew")

// testRoute decodes a made-up route from testdata.
func testRoute(t testing.TB, name string) []track.Point {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".polyline"))
	if err != nil {
		t.Fatal(err)
	}
	points, err := track.Decode(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return points
}

// places makes points of latitudes and longitudes by turns.
func places(degrees ...float64) []track.Point {
	var points []track.Point
	for i := 0; i < len(degrees); i += 2 {
		points = append(points, track.Point{Lat: degrees[i], Lng: degrees[i+1]})
	}
	return points
}

func TestRouteGolden(t *testing.T) {
	for _, tt := range []struct {
		route string
		o     svg.RouteOptions
	}{
		{"park-loop", svg.RouteOptions{Width: 640, Height: 320, Title: "Park loop", Class: "sport-foot"}},
		{"out-and-back", svg.RouteOptions{Width: 640, Height: 320, Title: "Along the river & back", Class: "sport-foot", Standalone: true}},
		{"city-blocks", svg.RouteOptions{Width: 320, Height: 320, Class: "sport-foot", Standalone: true}},
		{"long-ride", svg.RouteOptions{Width: 640, Height: 320, Title: "Over the passes", Class: "sport-wheel", Standalone: true}},
		{"running-track", svg.RouteOptions{Width: 640, Height: 320, Title: "12 laps", Standalone: true}},
		{"mountain", svg.RouteOptions{Width: 96, Height: 96, Title: "Hut", Class: "sport-winter", Standalone: true}},
		{"antimeridian", svg.RouteOptions{Width: 640, Height: 320, Title: "Taveuni", Class: "sport-water", Standalone: true}},
	} {
		t.Run(tt.route, func(t *testing.T) {
			got := svg.Route(testRoute(t, tt.route), tt.o)
			file := filepath.Join("testdata", tt.route+".svg")
			if *update {
				if err := os.WriteFile(file, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimSpace(string(want)), string(got)); diff != "" {
				t.Errorf("drawing (-want +got), -update accepts it:\n%s", diff)
			}
			parse(t, got)
		})
	}
}

func TestRouteIsSmall(t *testing.T) {
	points := testRoute(t, "long-ride")
	if len(points) < 2000 {
		t.Fatalf("the test route has %d points", len(points))
	}
	for _, standalone := range []bool{false, true} {
		got := svg.Route(points, svg.RouteOptions{Width: 640, Height: 320, Title: "Over the passes", Class: "sport-wheel", Standalone: standalone})
		if len(got) >= 3000 {
			t.Errorf("%d bytes with Standalone %v, want under 3,000", len(got), standalone)
		}
	}
}

// The worst cases for size: as many corners as are ever drawn, all of them far apart, and
// many laps of the same small round.
func TestRouteSizeHasABound(t *testing.T) {
	noise := make([]track.Point, 2000)
	for i := range noise {
		noise[i] = track.Point{Lat: 50 + math.Mod(float64(i)*0.618, 1), Lng: math.Mod(float64(i)*0.414, 2)}
	}
	for name, points := range map[string][]track.Point{"noise": noise, "laps": testRoute(t, "running-track")} {
		got := svg.Route(points, svg.RouteOptions{Width: 640, Height: 320, Title: name})
		if d := parse(t, got); len(d.line) > 600 || len(got) >= 6000 {
			t.Errorf("%s: %d places in %d bytes", name, len(d.line), len(got))
		}
	}
}

func TestRouteShape(t *testing.T) {
	// A square on the ground, in the far north where a degree of longitude is half as wide.
	square := places(60, 10, 60.01, 10, 60.01, 10.02, 60, 10.02, 60, 10)
	d := parse(t, svg.Route(square, svg.RouteOptions{Width: 640, Height: 320}))
	west, east, north, south := extremes(d.line)
	if w, h := east-west, south-north; math.Abs(w-h) > 0.5 || h < 200 {
		t.Errorf("a square came out %.1f by %.1f", w, h)
	}
	if math.Abs((west+east)/2-320) > 0.2 || math.Abs((north+south)/2-160) > 0.2 {
		t.Errorf("not in the middle: %.1f to %.1f, %.1f to %.1f", west, east, north, south)
	}
	if first, second := d.line[0], d.line[1]; second[1] >= first[1] {
		t.Errorf("north is not up: %v to %v", first, second)
	}
}

func TestRouteAcrossTheAntimeridianStaysWhole(t *testing.T) {
	d := parse(t, svg.Route(testRoute(t, "antimeridian"), svg.RouteOptions{Width: 640, Height: 320}))
	longest := 0.0
	for i := 1; i < len(d.line); i++ {
		longest = max(longest, math.Hypot(d.line[i][0]-d.line[i-1][0], d.line[i][1]-d.line[i-1][1]))
	}
	if _, _, north, south := extremes(d.line); longest > 300 || south-north < 200 {
		t.Errorf("longest step %.1f px, height %.1f px", longest, south-north)
	}
}

func TestRouteDegenerate(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	size := svg.RouteOptions{Width: 640, Height: 320, Title: "t"}
	for _, tt := range []struct {
		name          string
		points        []track.Point
		o             svg.RouteOptions
		nothing       bool
		width, height float64 // of the line
	}{
		{"no point", nil, size, true, 0, 0},
		{"none on Earth", places(nan, nan, inf, 0, 0, -inf, 91, 0), size, true, 0, 0},
		{"no area", places(1, 1, 2, 2), svg.RouteOptions{Width: 640}, true, 0, 0},
		{"negative area", places(1, 1, 2, 2), svg.RouteOptions{Width: -1, Height: 5}, true, 0, 0},
		{"one point", places(51, 0), size, false, 0, 0},
		{"all in one place", places(51, 0, 51, 0, 51, 0), size, false, 0, 0},
		{"at the pole", places(90, 0, 90, 120, 90, -120), size, false, 0, 0},
		{"due east", places(51, 0, 51, 0.1, 51, 0.2), size, false, 640 - 2*320.0/9, 0},
		{"due north", places(51, 0, 51.1, 0, 51.2, 0), size, false, 0, 320 - 2*320.0/9},
		{"broken points between", places(nan, 0, 51, 0, inf, 0, 51, 0.1, 0, nan), size, false, 640 - 2*320.0/9, 0},
		{"a receiver lying still", places(51, 0, 51.00003, 0, 51.00003, 0.00003, 51, 0), size, false, 5, 8},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := svg.Route(tt.points, tt.o)
			if tt.nothing {
				if got != nil {
					t.Errorf("Route = %s, want nil", got)
				}
				return
			}
			d := parse(t, got)
			west, east, north, south := extremes(d.line)
			if math.Abs(east-west-tt.width) > 0.5 || math.Abs(south-north-tt.height) > 0.5 {
				t.Errorf("the line is %.1f by %.1f, want %.1f by %.1f: %s", east-west, south-north, tt.width, tt.height, got)
			}
		})
	}
}

func TestRouteText(t *testing.T) {
	hostile := "</title><script>alert(1)</script>\" onload=\"alert(2)' ]]> &amp; \x00\x0b\xff 🚴\r\n"
	for _, standalone := range []bool{false, true} {
		got := svg.Route(places(1, 1, 2, 2), svg.RouteOptions{
			Width: 64, Height: 64, Title: hostile, Class: `"><script>alert(3)</script><x y="`, Standalone: standalone,
		})
		if bytes.Contains(got, []byte("<script")) || bytes.Contains(got, []byte("<x")) {
			t.Errorf("markup in %s", got)
		}
		want := "</title><script>alert(1)</script>\" onload=\"alert(2)' ]]> &amp; \uFFFD\uFFFD\uFFFD 🚴\r\n"
		if d := parse(t, got); d.title != want || d.role != "img" {
			t.Errorf("title %q, role %q, want %q, img", d.title, d.role, want)
		}
	}
}

func TestRouteWithoutTitleIsDecoration(t *testing.T) {
	got := string(svg.Route(places(1, 1, 2, 2), svg.RouteOptions{Width: 64, Height: 64}))
	if !strings.Contains(got, `aria-hidden="true"`) || strings.Contains(got, "role=") || strings.Contains(got, "<title") {
		t.Errorf("%s", got)
	}
}

// A page that forbids inline styles must not lose the drawing.
func TestRouteInAPageHasNoStyle(t *testing.T) {
	got := string(svg.Route(places(1, 1, 2, 2), svg.RouteOptions{Width: 64, Height: 64, Class: "sport-foot"}))
	if strings.Contains(got, "style") || !strings.Contains(got, "var(--route") || !strings.Contains(got, "var(--ground") {
		t.Errorf("%s", got)
	}
	alone := string(svg.Route(places(1, 1, 2, 2), svg.RouteOptions{Width: 64, Height: 64, Class: "sport-foot", Standalone: true}))
	if strings.Contains(alone, "var(") || !strings.Contains(alone, "prefers-color-scheme:dark") || !strings.Contains(alone, `xmlns="http://www.w3.org/2000/svg"`) {
		t.Errorf("%s", alone)
	}
}

func TestRouteStaysInside(t *testing.T) {
	coordinate := func(limit float64) *rapid.Generator[float64] {
		return rapid.OneOf(rapid.Float64Range(-limit, limit), rapid.Float64(), rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), limit, -limit}))
	}
	point := rapid.Custom(func(t *rapid.T) track.Point {
		return track.Point{Lat: coordinate(90).Draw(t, "lat"), Lng: coordinate(180).Draw(t, "lng")}
	})
	rapid.Check(t, func(t *rapid.T) {
		points := rapid.SliceOf(point).Draw(t, "points")
		o := svg.RouteOptions{
			Width:      rapid.IntRange(1, 2000).Draw(t, "width"),
			Height:     rapid.IntRange(1, 2000).Draw(t, "height"),
			Title:      rapid.String().Draw(t, "title"),
			Standalone: rapid.Bool().Draw(t, "standalone"),
		}
		got := svg.Route(points, o)
		if got == nil {
			for _, p := range points {
				if p.Valid() {
					t.Fatalf("nothing drawn of %v", points)
				}
			}
			return
		}
		d := parse(t, got)
		for _, s := range d.line {
			if s[0] < 0 || s[0] > float64(o.Width) || s[1] < 0 || s[1] > float64(o.Height) {
				t.Fatalf("%v is outside %d by %d: %s", s, o.Width, o.Height, got)
			}
		}
		for _, c := range d.dots {
			edge := c.r + c.stroke/2
			if min(o.Width, o.Height) >= 24 && (c.x < edge || c.x > float64(o.Width)-edge || c.y < edge || c.y > float64(o.Height)-edge) {
				t.Fatalf("a dot touches the edge: %+v in %s", c, got)
			}
		}
	})
}

type fataler interface{ Fatalf(string, ...any) }

type drawing struct {
	title, role string
	line        [][2]float64
	dots        []dot
}

type dot struct{ x, y, r, stroke float64 }

var (
	number   = regexp.MustCompile(`-?([0-9]+(\.[0-9])?|\.[0-9])`)
	commands = regexp.MustCompile(`[Mlqt][^Mlqt]*`)
)

// parse reads a drawing as strictly as XML is read, and follows its path.
func parse(t fataler, text []byte) drawing {
	var d drawing
	dec := xml.NewDecoder(bytes.NewReader(text))
	for element := ""; ; {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not XML: %v: %s", err, text)
		}
		switch token := token.(type) {
		case xml.StartElement:
			element = token.Name.Local
			at := map[string]string{}
			for _, a := range token.Attr {
				at[a.Name.Local] = a.Value
			}
			switch element {
			case "svg":
				d.role = at["role"]
			case "path":
				d.line = follow(t, at["d"])
			case "circle":
				d.dots = append(d.dots, dot{num(t, at["cx"]), num(t, at["cy"]), num(t, at["r"]), num(t, at["stroke-width"])})
			case "rect", "title", "style":
			default:
				t.Fatalf("unexpected <%s> in %s", element, text)
			}
		case xml.EndElement:
			element = ""
		case xml.CharData:
			if element == "title" {
				d.title += string(token)
			}
		}
	}
	if len(d.line) == 0 || len(d.dots) != 2 {
		t.Fatalf("no line or not two dots: %s", text)
	}
	return d
}

// follow returns the places that a path goes through and those that its curves bend to.
func follow(t fataler, path string) [][2]float64 {
	if left := strings.NewReplacer("M", "", "l", "", "q", "", "t", "", " ", "").Replace(number.ReplaceAllString(path, "")); left != "" {
		t.Fatalf("path %q has %q in it", path, left)
	}
	var line [][2]float64
	var at, control [2]float64
	to := func(dx, dy string) [2]float64 {
		return [2]float64{math.Round((at[0]+num(t, dx))*10) / 10, math.Round((at[1]+num(t, dy))*10) / 10}
	}
	for _, command := range commands.FindAllString(path, -1) {
		n := number.FindAllString(command, -1)
		size := map[byte]int{'M': 2, 'l': 2, 'q': 4, 't': 2}[command[0]]
		if len(n) == 0 || len(n)%size != 0 || (command[0] == 'M') != (len(line) == 0) {
			t.Fatalf("path %q: %q is not whole or not in place", path, command)
		}
		for ; len(n) > 0; n = n[size:] {
			switch command[0] {
			case 'M', 'l':
				at = to(n[0], n[1])
				control = at
			case 'q':
				control = to(n[0], n[1])
				line = append(line, control)
				at = to(n[2], n[3])
			case 't':
				control = [2]float64{2*at[0] - control[0], 2*at[1] - control[1]}
				line = append(line, control)
				at = to(n[0], n[1])
			}
			line = append(line, at)
		}
	}
	return line
}

func num(t fataler, s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		t.Fatalf("not a number: %q", s)
	}
	return f
}

func extremes(line [][2]float64) (west, east, north, south float64) {
	west, east, north, south = line[0][0], line[0][0], line[0][1], line[0][1]
	for _, s := range line {
		west, east = min(west, s[0]), max(east, s[0])
		north, south = min(north, s[1]), max(south, s[1])
	}
	return west, east, north, south
}

func BenchmarkRoute(b *testing.B) {
	points := testRoute(b, "long-ride")
	for b.Loop() {
		svg.Route(points, svg.RouteOptions{Width: 640, Height: 320, Title: "Over the passes"})
	}
}
