package main

import (
	"context"
	"errors"
	"fmt"

	"musette/keeper"
	"musette/store"
)

type rebuildCmd struct {
	settings
	JSON bool `help:"one line of JSON at the end"`
}

func (rebuildCmd) Help() string {
	return `musette rebuild             no call to Strava; it can be stopped and repeated
musette rebuild --json`
}

func (c *rebuildCmd) Run(ctx context.Context, a *app) error {
	st, err := a.existingStore(ctx)
	if err != nil {
		return err
	}
	k := keeper.New(keeper.Config{Store: st, Policy: a.cfg.Policy, Filter: a.cfg.Filter, Now: a.now, Log: a.log})
	bar := newProgress(a.err, a.log, a.now)
	far := func(r keeper.Rebuilt) tally {
		return tally{Verb: "rebuilding", What: "activities", Done: r.Activities, Total: r.Total}
	}
	sum, err := k.Rebuild(ctx, func(r keeper.Rebuilt) { bar.show(far(r)) })
	if err != nil {
		bar.abandon()
		if held, ok := errors.AsType[*store.HeldError](err); ok {
			return failed("nothing was changed; it derives what needs it at its own start: stop it and run `musette rebuild`, or start it again",
				"%s is keeping this copy up to date", plain(held.Holder))
		}
		if ctx.Err() != nil {
			return failed("what was derived stays; `musette rebuild` begins again, and nothing is lost", "stopped after %d of %d activities", sum.Activities, sum.Total)
		}
		return err
	}
	bar.finish(far(sum))
	if c.JSON {
		return writeJSON(a, &sum)
	}
	line := fmt.Sprintf("%s derived anew · %d changed", activitiesInWords(sum.Activities), sum.Changed)
	if sum.Unusable > 0 {
		line += fmt.Sprintf(" · %d without a readable summary or detail, left as they were", sum.Unusable)
	}
	a.say("%s", line)
	return nil
}
