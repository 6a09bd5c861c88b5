package share_test

import (
	"bytes"
	"image/color"
	"image/png"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"musette/track"
	"musette/web/share"
)

func ring(n int) (points []track.Point) {
	for i := range n {
		a := 5 * float64(i) / float64(n)
		points = append(points, track.Point{Lat: 51.5 + 0.02*math.Sin(a), Lng: -0.1 + 0.04*math.Cos(a)*math.Cos(a/3)})
	}
	return points
}

var three = []share.Figure{{"Distance", "13.7 km"}, {"Time", "3 h 14 min"}, {"Pace", "14:10 min/km"}}

// inked counts the pixels of a colour within a part of the picture.
func inked(t *testing.T, body []byte, want color.RGBA, x0, x1 int) (n int) {
	t.Helper()
	p, err := png.Decode(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if b := p.Bounds(); b.Dx() != 1200 || b.Dy() != 630 {
		t.Fatalf("the picture is %v", b)
	}
	for y := range 630 {
		for x := x0; x < x1; x++ {
			if r, g, b, _ := p.At(x, y).RGBA(); uint8(r>>8) == want.R && uint8(g>>8) == want.G && uint8(b>>8) == want.B {
				n++
			}
		}
	}
	return n
}

var (
	green = color.RGBA{0x1e, 0x7a, 0x3c, 0xff}
	black = color.RGBA{0x1f, 0x23, 0x28, 0xff}
)

func TestACardHasRouteNameAndNumbers(t *testing.T) {
	c := share.Card{Above: "Run · 4 October", Name: "Morning Hike", Share: -1, Figures: three, Family: "foot", Lines: [][]track.Point{ring(900)}}
	body := share.PNG(c)
	if n := inked(t, body, green, 720, 1200); n < 3000 {
		t.Errorf("the route has %d pixels", n)
	}
	if n := inked(t, body, black, 0, 560); n < 1000 {
		t.Errorf("the name has %d pixels", n)
	}
	if !bytes.Equal(body, share.PNG(c)) {
		t.Error("the same card is drawn in two ways")
	}
	if len(body) > 200_000 {
		t.Errorf("it has %d bytes", len(body))
	}
	if dir := os.Getenv("SHOTS"); dir != "" {
		_ = os.WriteFile(dir+"/card.png", body, 0o644)
		c.Lines, c.Name = nil, "1,887 of 2,000 km"
		c.Share = 0.94
		_ = os.WriteFile(dir+"/card2.png", share.PNG(c), 0o644)
		c.Lines, c.Name, c.Share = [][]track.Point{ring(900)[:300], ring(900)[350:500]}, "Donaudampfschifffahrtsgesellschaft and a very long tale of rain, wind and more of it", -1
		_ = os.WriteFile(dir+"/card3.png", share.PNG(c), 0o644)
	}
}

// A name that can't be written gives way to another; none breaks the picture, or takes long.
func TestNamesOfAllKinds(t *testing.T) {
	plain := share.PNG(share.Card{Name: "Run", Share: -1})
	for _, name := range []string{
		"", " ", "🏃🏽‍♀️🎉", "שלום עולם", "مرحبا", "走る", "\u202e\u2066", "\x00\x01\x02", "\xff\xfe", "\u0301\u0302",
	} {
		if got := share.PNG(share.Card{Name: name, Instead: "Run", Share: -1}); !bytes.Equal(got, plain) {
			t.Errorf("%q isn't replaced", name)
		}
	}
	for name, like := range map[string]string{
		"🎉 Run 🎉": "Run", "🏃🏽‍♀️🌧️ Rain 👩‍❤️‍👩": "Rain", "R\x00u\u202en": "Run", "Run\r\n\tfast": "Run fast", "  Run  ": "Run", "<script>": "<script>",
	} {
		a, b := share.PNG(share.Card{Name: name, Share: -1}), share.PNG(share.Card{Name: like, Share: -1})
		if !bytes.Equal(a, b) {
			t.Errorf("%q doesn't look like %q", name, like)
		}
	}
	began := time.Now()
	for _, name := range []string{strings.Repeat("W", 500), strings.Repeat("long words ", 5000), strings.Repeat("é ", 500), "a " + strings.Repeat("ж", 100_000)} {
		body := share.PNG(share.Card{Name: name, Above: name, Figures: []share.Figure{{name, name}}, Lines: [][]track.Point{ring(20_000)}, Share: math.Inf(1)})
		if n := inked(t, body, black, 0, 560); n < 1000 {
			t.Errorf("of a long name there are %d pixels", n)
		}
		if n := inked(t, body, black, 0, 72) + inked(t, body, black, 600, 640); n > 0 {
			t.Errorf("a long name runs over the edge by %d pixels", n)
		}
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("four cards took %v", took)
	}
}

func TestRoutesOfAllKinds(t *testing.T) {
	here := track.Point{Lat: 51.5, Lng: -0.1}
	for name, lines := range map[string][][]track.Point{
		"nothing": nil, "an empty line": {{}}, "one point": {{here}}, "the same point twice": {{here, here}},
		"around the world": {{{Lat: 89, Lng: 179}, {Lat: -89, Lng: -179}}}, "not on earth": {{{Lat: math.NaN(), Lng: 500}, here}},
		"across the date line": {{{Lat: 1, Lng: 179.99}, {Lat: 1.01, Lng: -179.99}}}, "pieces": {{here}, {}, ring(5)},
	} {
		t.Run(name, func(t *testing.T) {
			inked(t, share.PNG(share.Card{Name: "Run", Share: math.NaN(), Lines: lines}), green, 0, 1)
		})
	}
}

func BenchmarkPNG(b *testing.B) {
	c := share.Card{Above: "Run · 4 October", Name: "Morning Hike", Share: -1, Figures: three, Family: "foot", Lines: [][]track.Point{ring(1000)}}
	for b.Loop() {
		share.PNG(c)
	}
}
