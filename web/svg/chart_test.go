package svg_test

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"musette/track"
	"musette/web/svg"
)

// wellFormed reads a drawing to its end as XML, and fails where it has what a page must not take in.
func wellFormed(t fataler, text []byte) {
	for dec := xml.NewDecoder(strings.NewReader(string(text))); ; {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("not XML: %v: %s", err, text)
		}
		if e, ok := token.(xml.StartElement); ok {
			if e.Name.Local == "script" || e.Name.Local == "style" {
				t.Fatalf("there is a %s in %s", e.Name.Local, text)
			}
			for _, a := range e.Attr {
				if a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") || strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
					t.Fatalf("%s=%q in %s", a.Name.Local, a.Value, text)
				}
			}
		}
	}
}

func TestChartsOfAnything(t *testing.T) {
	value := rapid.OneOf(rapid.Float64Range(-1e6, 1e6), rapid.SampledFrom([]float64{0, math.NaN(), math.Inf(1), math.Inf(-1), 1e300}))
	rapid.Check(t, func(t *rapid.T) {
		o := svg.ChartOptions{
			Width: rapid.IntRange(-1, 2000).Draw(t, "width"), Height: rapid.IntRange(-1, 600).Draw(t, "height"),
			Title: rapid.String().Draw(t, "title"), Class: rapid.String().Draw(t, "class"),
		}
		values := rapid.SliceOf(value).Draw(t, "values")
		text := rapid.String().Draw(t, "text")
		var bars []svg.Bar
		for i, v := range values {
			bars = append(bars, svg.Bar{Value: v, Label: text, Note: text, Now: i == len(values)-1})
		}
		wellFormed(t, svg.Bars(bars, o))
		wellFormed(t, svg.Profile(values, o))
		lines := []svg.Line{{Values: values, Label: text}, {Values: values[:len(values)/2], Label: text, Now: true}}
		wellFormed(t, svg.Lines(lines, max(2, len(values)), []string{text, ""}, o))
	})
}

func TestBarsAreAsHighAsTheirValues(t *testing.T) {
	got := string(svg.Bars([]svg.Bar{{Value: 10}, {Value: 5}, {Value: 0}, {Value: 0.001}, {Value: math.NaN()}}, svg.ChartOptions{Width: 100, Height: 142}))
	for _, want := range []string{`height="100"`, `height="50"`, `height="2"`} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %s in %s", want, got)
		}
	}
	if n := strings.Count(got, "<rect"); n != 3 {
		t.Errorf("%d bars: %s", n, got)
	}
}

func TestManyRoutes(t *testing.T) {
	hostile := `"><script>alert(1)</script>`
	got := string(svg.Many([]svg.Thread{
		{Pieces: [][]track.Point{places(51, 0, 51.1, 0.1)}, Href: "/a/2", Title: hostile, Class: hostile, Bold: true},
		{Pieces: [][]track.Point{places(51, 0, 51.05, 0), places(51.06, 0, 51.1, 0)}, Href: "/a/1", Title: "One"},
		{Pieces: [][]track.Point{places(math.NaN(), 0)}, Href: "/a/3"},
		{},
	}, svg.ManyOptions{Width: 400, Height: 300, Points: 50}))
	wellFormed(t, []byte(got))
	if strings.Count(got, "<a ") != 2 || strings.Count(got, "M") != 3 || strings.Index(got, "/a/1") > strings.Index(got, "/a/2") {
		t.Errorf("got %s", got)
	}
	if svg.Many(nil, svg.ManyOptions{Width: 4, Height: 3}) != nil {
		t.Error("something is drawn of nothing")
	}
}

// The pieces of a route are drawn to one scale, and without dots where its ends aren't told.
func TestPiecesOfARoute(t *testing.T) {
	pieces := [][]track.Point{places(51, 0, 51.02, 0), places(51.05, 0, 51.1, 0)}
	got := svg.Routes(pieces, svg.RouteOptions{Width: 200, Height: 200, NoEnds: true})
	wellFormed(t, got)
	if strings.Count(string(got), "M") != 2 || strings.Contains(string(got), "<circle") {
		t.Errorf("got %s", got)
	}
	if svg.Routes([][]track.Point{nil, places(math.NaN(), 1)}, svg.RouteOptions{Width: 200, Height: 200}) != nil {
		t.Error("something is drawn of nothing")
	}
}
