package season

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

func TestZZMake(t *testing.T) {
	until := time.Date(2026, 7, 21, 18, 0, 0, 0, time.UTC)
	for _, n := range []int{60, 450, 10000} {
		t0 := time.Now()
		var m0, m1 runtime.MemStats
		runtime.ReadMemStats(&m0)
		s := Make(Options{Seed: 1, Activities: n, Until: until})
		runtime.GC()
		runtime.ReadMemStats(&m1)
		fmt.Println(n, len(s.Activities), time.Since(t0), (m1.HeapAlloc-m0.HeapAlloc)/1e6, "MB", s.Activities[0].Start, s.Activities[n-1].Start)
		if n == 60 {
			for i, a := range s.Activities {
				p := a.Points()
				hr := 0.0
				if a.HeartrateAvg != nil {
					hr = *a.HeartrateAvg
				}
				w := 0.0
				if a.WattsAvg != nil {
					w = *a.WattsAvg
				}
				fmt.Printf("%2d %s %-14s %7.1fm mov %8v el %8v up %5.0f max %4.1f hr %.0f w %.0f pts %d tw %d %s | %s\n", i, a.Start.Format("Mon 2006-01-02 15:04"), a.SportType, a.Distance, a.Moving, a.Elapsed, a.ClimbM, a.MaxSpeed, hr, w, len(p), s.maker.plans[i].twist, a.Timezone, a.Name)
			}
		}
	}
}
