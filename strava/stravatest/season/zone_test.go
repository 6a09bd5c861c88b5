package season

import (
	"testing"
	"time"
	_ "time/tzdata"
)

func TestZonesAreTheRealOnes(t *testing.T) {
	for _, p := range towns {
		real, err := time.LoadLocation(p.zone.name)
		if err != nil {
			t.Fatal(err)
		}
		for at := time.Date(2012, 1, 1, 0, 30, 0, 0, time.UTC); at.Year() < 2031; at = at.Add(3 * time.Hour) {
			_, seconds := at.In(real).Zone()
			if got := p.zone.offset(at); got != time.Duration(seconds)*time.Second {
				t.Fatalf("%s at %v: %v, is %d s", p.zone.name, at, got, seconds)
			}
			if back := p.zone.utc(p.zone.local(at)); back != at && back != at.Add(time.Hour) {
				t.Fatalf("%s: %v became %v", p.zone.name, at, back)
			}
		}
	}
}

func TestOutAndBackHasTheSameProfileBothWays(t *testing.T) {
	for i, p := range towns {
		r := newLibrary(uint64(i), p).get(p, runBack, 1)
		half := r.length / 2
		for d := 200.0; d < half-200; d += 50 {
			_, _, out := r.place(d)
			_, _, back := r.place(r.length - d)
			if out-back > 6 || back-out > 6 { // a sample apart at the most
				t.Errorf("%s: %.1f m high out at %.0f, %.1f m back", p.city, out, d, back)
			}
		}
	}
}

func TestRoutesLookLikeRoutes(t *testing.T) {
	for i, p := range towns[:5] {
		l := newLibrary(uint64(i+1), p)
		for k, want := range map[routeKind][2]float64{runLoop: {4000, 15000}, rideLoop: {20000, 70000}, longRide: {50000, 130000}, walk: {1500, 8000}} {
			for v := range 5 {
				r := l.get(p, k, v)
				if r.length < want[0] || r.length > want[1] || !r.loop {
					t.Errorf("%s: kind %d/%d is %.0f m, loop %v", p.city, k, v, r.length, r.loop)
				}
			}
		}
	}
}
