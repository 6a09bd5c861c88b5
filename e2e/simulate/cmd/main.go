// Command cmd plays all scenarios of the simulation and prints what came of them. It exits with 1 if a bound is
// missed or anything wrong was shown.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"

	"musette/e2e/simulate"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "simulate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	only := flag.String("only", "", "play the scenarios whose name holds this")
	asJSON := flag.Bool("json", false, "print one JSON object per scenario")
	verbose := flag.Bool("v", false, "print what the keeper logs, in virtual time")
	seeds := flag.Int("seeds", 1000, "how many random schedules to play")
	first := flag.Uint64("first", 1, "the seed of the first of them")
	seed := flag.Uint64("seed", 0, "play the random schedule of this seed and no other")
	flag.Parse()

	var log slog.Handler
	if *verbose {
		log = slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo})
	}
	missed := 0
	play := func(sc simulate.Scenario, place string) error {
		p := newProgress(os.Stderr, "%s%s", place, sc.Name)
		res, err := simulate.Run(ctx, sc, simulate.Listeners{Log: log, Progress: func(share float64) { p.at(share, "") }})
		if err != nil {
			return err
		}
		if !res.OK() {
			missed++
		}
		if *asJSON {
			return json.NewEncoder(os.Stdout).Encode(res)
		}
		return res.Write(os.Stdout)
	}
	if *seed != 0 {
		if err := play(simulate.Random(*seed), ""); err != nil {
			return err
		}
		return verdict(missed)
	}
	chosen := slices.DeleteFunc(simulate.Scenarios(), func(sc simulate.Scenario) bool { return !strings.Contains(sc.Name, *only) })
	for i, sc := range chosen {
		if err := play(sc, fmt.Sprintf("%d of %d, ", i+1, len(chosen))); err != nil {
			return err
		}
	}
	if strings.Contains("chance", *only) {
		p := newProgress(os.Stderr, "chance, %d schedules", *seeds)
		chance, err := simulate.Chance(ctx, *first, *seeds, func(n int, failed []*simulate.Result) {
			note := fmt.Sprintf(", %d failed", len(failed))
			for _, r := range failed {
				note += fmt.Sprintf(" [seed %d]", r.Seed)
			}
			p.at(float64(n)/float64(*seeds), note)
		})
		if err != nil {
			return err
		}
		if len(chance.Failed) > 0 {
			missed++
		}
		if *asJSON {
			err = json.NewEncoder(os.Stdout).Encode(chance)
		} else {
			err = chance.Write(os.Stdout)
		}
		if err != nil {
			return err
		}
	} else if len(chosen) == 0 {
		return fmt.Errorf("no scenario's name holds %q", *only)
	}
	return verdict(missed)
}

func verdict(missed int) error {
	if missed > 0 {
		return fmt.Errorf("%d scenarios missed a bound or showed something wrong", missed)
	}
	return nil
}
