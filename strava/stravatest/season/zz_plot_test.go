package season

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"os"
	"testing"
	"time"
)

type canvas struct{ *image.RGBA }

func (c canvas) line(x0, y0, x1, y1 float64, w float64, col color.Color) {
	n := int(math.Hypot(x1-x0, y1-y0)*2) + 1
	for i := 0; i <= n; i++ {
		t := float64(i) / float64(n)
		x, y := x0+(x1-x0)*t, y0+(y1-y0)*t
		for dx := -w; dx <= w; dx += .5 {
			for dy := -w; dy <= w; dy += .5 {
				c.Set(int(x+dx), int(y+dy), col)
			}
		}
	}
}

func plotRoutes(file string, rs []*route, cols int) {
	const S = 300
	rows := (len(rs) + cols - 1) / cols
	im := canvas{image.NewRGBA(image.Rect(0, 0, S*cols, S*rows))}
	draw.Draw(im, im.Bounds(), image.White, image.Point{}, draw.Src)
	for i, r := range rs {
		ox, oy := float64(i%cols*S), float64(i/cols*S)
		s, n, w, e := 90.0, -90.0, 180.0, -180.0
		for j := range r.lat {
			s, n = min(s, r.lat[j]), max(n, r.lat[j])
			w, e = min(w, r.lng[j]), max(e, r.lng[j])
		}
		k := cosDeg(s)
		sc := (S - 60) / max(n-s, (e-w)*k)
		X := func(j int) float64 { return ox + 30 + (r.lng[j]-w)*k*sc }
		Y := func(j int) float64 { return oy + 30 + (n-r.lat[j])*sc }
		for j := 1; j < len(r.lat); j++ {
			im.line(X(j-1), Y(j-1), X(j), Y(j), 1, color.RGBA{220, 60, 30, 255})
		}
		lo, hi := r.alt[0], r.alt[0]
		for _, a := range r.alt {
			lo, hi = min(lo, a), max(hi, a)
		}
		for j := 1; j < len(r.alt); j++ {
			f := func(j int) (float64, float64) {
				return ox + 5 + float64(j)/float64(len(r.alt))*(S-10), oy + S - 2 - (r.alt[j]-lo)/max(hi-lo, 60)*40
			}
			a, b := f(j - 1)
			c, d := f(j)
			im.line(a, b, c, d, 0, color.RGBA{80, 120, 160, 255})
		}
		im.line(ox, oy, ox+S, oy, 0, color.Gray{200})
		im.line(ox, oy, ox, oy+S, 0, color.Gray{200})
	}
	f, _ := os.Create(file)
	png.Encode(f, im)
	f.Close()
}

func TestZZRoutes(t *testing.T) {
	for ti := range towns {
		t0 := time.Now()
		l := newLibrary(uint64(ti+1), towns[ti])
		n := l.net(towns[ti])
		deg, live := 0, 0
		for _, c := range n.node {
			deg += len(c.road)
			if len(c.road) > 0 {
				live++
			}
		}
		fmt.Println(towns[ti].city, "nodes", len(n.node), live, float64(deg)/float64(live), time.Since(t0))
		var rs []*route
		for k := runLoop; k <= fastRun; k++ {
			num := 1
			if k <= longRide {
				num = 4
			}
			if k == climb || k == hike || k == walk || k == runLoop {
				num = 6
			}
			for i := range num {
				t1 := time.Now()
				r := l.get(towns[ti], k, i)
				up := 0.0
				for j := 1; j < len(r.alt); j++ {
					up += max(0, r.alt[j]-r.alt[j-1])
				}
				mg := 0.0
				for j := 5; j < len(r.alt); j++ {
					mg = max(mg, (r.alt[j]-r.alt[j-5])/(5*r.stepM))
				}
				fmt.Printf("%2d/%d %6.0f m  climb %4.0f  %4.1f m/km maxgrade %.1f%% %v %s\n", k, i, r.length, up, up/r.length*1000, mg*100, time.Since(t1).Round(time.Microsecond*100), r.name)
				rs = append(rs, r)
			}
		}
		plotRoutes(fmt.Sprintf("/tmp/routes%d.png", ti), rs, 8)
		fmt.Println(time.Since(t0))
	}
}
