package simulate

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// ChanceResult is what came of many random schedules.
type ChanceResult struct {
	First   uint64  `json:"first_seed"`
	Seeds   int     `json:"seeds"`
	Took    float64 `json:"took_s"`
	Days    float64 `json:"days"`
	Calls   int     `json:"calls"`
	Kills   int     `json:"kills"`
	Faults  int     `json:"faults"`
	Jumps   int     `json:"jumps"`
	Limits  int     `json:"limits"` // times that the limits changed
	Changes int     `json:"changes"`

	Failed []*Result `json:"failed"`
}

// Chance plays the random schedules of seeds one after another from first on, as many at a time as there are
// processors. played, unless nil, hears after each how many have been, and which of
// them failed.
func Chance(ctx context.Context, first uint64, seeds int, played func(n int, failed []*Result)) (*ChanceResult, error) {
	sum := &ChanceResult{First: first, Seeds: seeds}
	began := time.Now()
	var mu sync.Mutex
	n := 0
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range seeds {
		g.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			sc := Random(first + uint64(i))
			res, err := Run(ctx, sc, Listeners{})
			if err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				res = &Result{Name: sc.Name, Seed: sc.Seed, Wrong: []string{err.Error()}}
			}
			mu.Lock()
			defer mu.Unlock()
			sum.add(sc, res)
			if n++; played != nil {
				played(n, sum.Failed)
			}
			return nil
		})
	}
	err := g.Wait()
	slices.SortFunc(sum.Failed, func(a, b *Result) int { return cmp.Compare(a.Seed, b.Seed) })
	sum.Took = time.Since(began).Seconds()
	return sum, err
}

func (s *ChanceResult) add(sc Scenario, r *Result) {
	s.Days += r.Days
	s.Calls += r.Total
	s.Kills += len(sc.Chaos.Kills)
	s.Jumps += len(sc.Chaos.Jumps)
	s.Limits += len(sc.Chaos.Limits)
	for _, a := range sc.Script {
		if a.Do == Break {
			s.Faults++
		}
	}
	for _, d := range r.Delays {
		if !strings.HasSuffix(d.Kind, ", shown") {
			s.Changes += d.Count + d.Unseen
		}
	}
	if !r.OK() {
		s.Failed = append(s.Failed, r)
	}
}

// Write writes the sum for people, and each failure with how to play it again.
func (s *ChanceResult) Write(w io.Writer) error {
	_, err := fmt.Fprintf(w, "## chance\nseeds %d to %d: %.0f days of small worlds with %d faults, %d kills, %d clock jumps, %d changes of limits, %d changes on Strava and %d calls, in %.0f s; %d failed\n\n",
		s.First, s.First+uint64(s.Seeds)-1, s.Days, s.Faults, s.Kills, s.Jumps, s.Limits, s.Changes, s.Calls, s.Took, len(s.Failed))
	for _, r := range s.Failed {
		if err == nil {
			_, err = fmt.Fprintf(w, "seed %d failed; again by: go run ./e2e/simulate/cmd -seed %d -v\n", r.Seed, r.Seed)
		}
		if err == nil {
			err = r.Write(w)
		}
	}
	return err
}
