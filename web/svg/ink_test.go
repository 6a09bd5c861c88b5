package svg_test

import (
	"math"
	"regexp"
	"strconv"
	"testing"

	"musette/web/svg"
)

// Every line stands out from its ground by 4.5 to 1 (WCAG 2 contrast), in light and dark,
// and each sport family has colours of its own.
func TestStandaloneContrast(t *testing.T) {
	light := regexp.MustCompile(`<circle class="o" [^>]*fill="#([0-9a-f]{6})" stroke="#([0-9a-f]{6})"`)
	dark := regexp.MustCompile(`\{\.g,\.o\{fill:#([0-9a-f]{6})\}\.r,\.o\{stroke:#([0-9a-f]{6})\}`)
	seen := map[string]string{}
	for _, class := range []string{"", "sport-foot", "card sport-wheel", "sport-water", "sport-winter", "sport-gym"} {
		drawing := svg.Route(places(51, 0, 51.1, 0.1), svg.RouteOptions{Width: 640, Height: 320, Class: class, Standalone: true})
		for scheme, pattern := range map[string]*regexp.Regexp{"light": light, "dark": dark} {
			found := pattern.FindSubmatch(drawing)
			if found == nil {
				t.Fatalf("no %s colours in %s", scheme, drawing)
			}
			ground, line := string(found[1]), string(found[2])
			if c := contrast(t, ground, line); c < 4.5 {
				t.Errorf("%q, %s: #%s on #%s has a contrast of %.1f", class, scheme, line, ground, c)
			}
			if other, ok := seen[line]; ok {
				t.Errorf("%q and %q share #%s", class, other, line)
			}
			seen[line] = class
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	la, lb := luminance(t, a), luminance(t, b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
