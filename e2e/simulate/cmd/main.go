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
	seed := flag.Uint64("seed", 0, "play the random schedule of this seed and no other")
	flag.Parse()

	var log slog.Handler
	if *verbose {
		log = slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo})
	}
	missed := 0
	play := func(sc simulate.Scenario) error {
		res, err := simulate.Run(ctx, sc, log)
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
	for _, sc := range simulate.Scenarios() {
		if *seed != 0 || !strings.Contains(sc.Name, *only) {
			continue
		}
		if err := play(sc); err != nil {
			return err
		}
	}
	switch {
	case *seed != 0:
		if err := play(simulate.Random(*seed)); err != nil {
			return err
		}
	case strings.Contains("chance", *only):
		chance, err := simulate.Chance(ctx, 1, *seeds)
		if err != nil {
			return err
		}
		if len(chance.Failed) > 0 {
			missed++
		}
		if *asJSON {
			return json.NewEncoder(os.Stdout).Encode(chance)
		}
		if err := chance.Write(os.Stdout); err != nil {
			return err
		}
	}
	if missed > 0 {
		return fmt.Errorf("%d scenarios missed a bound or showed something wrong", missed)
	}
	return nil
}
