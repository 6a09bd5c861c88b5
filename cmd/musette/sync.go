package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/keeper"
	"musette/store"
)

type syncCmd struct {
	settings
	IDs  []int64 `arg:"" optional:"" name:"id" help:"only these activities"`
	JSON bool    `help:"one line of JSON at the end, as of musette status --json"`
}

func (syncCmd) Help() string {
	return `musette sync                  everything that is due, as far as Strava's limits allow
musette sync 19403555631      only this activity
musette sync --json`
}

func (c *syncCmd) Run(ctx context.Context, a *app) error {
	k, err := a.keeper(ctx)
	if err != nil {
		return err
	}
	if err := c.known(ctx, a.openStore); err != nil {
		return err
	}
	bar := newProgress(a.err, a.log, a.now)
	status, err := k.Sync(ctx, keeper.SyncOptions{IDs: c.IDs, Progress: func(s musette.Status) { bar.show(tallyOf(s)) }})
	if err != nil {
		bar.abandon()
		if ctx.Err() != nil {
			return failed("nothing is lost; `musette sync` goes on where this stopped", "stopped")
		}
		return err
	}
	bar.finish(tallyOf(status))
	if c.JSON {
		if err := writeStatus(a, status); err != nil {
			return err
		}
	} else if status.State == musette.StateOK || status.Calls > 0 {
		a.say("%s", synced(status))
	}
	if len(c.IDs) > 0 && status.State == musette.StateSyncing { // others wait to be fetched; these have been
		return nil
	}
	return ended(status)
}

// known refuses ids that no list has shown: nothing could be fetched for them.
func (c *syncCmd) known(ctx context.Context, st *store.Store) error {
	for _, id := range c.IDs {
		if err := keeper.Known(ctx, st, id); errors.Is(err, store.ErrNotFound) {
			return failed("`musette sync` without ids lists what is new first", "activity %d is not here", id)
		} else if err != nil {
			return err
		}
	}
	return nil
}

func writeStatus(a *app, s musette.Status) error {
	line, err := json.Marshal(&s, json.Deterministic(true))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, "%s\n", line)
	return err
}

// tallyOf is the progress of a sync: the lists first, then all that belongs to the activities.
func tallyOf(s musette.Status) tally {
	t := tally{Verb: "mirroring", What: "details", Until: s.Quota.Read.Quarter.Resets}
	listed := 0
	for _, a := range s.Athletes {
		listed += a.Activities
		for part, n := range a.Parts {
			if part == musette.PartDetail {
				t.Done += n.Have
				t.Total += n.Have + n.Due
			}
		}
	}
	if s.AsOf == nil {
		t.Done, t.Total, t.What = listed, 0, "activities listed"
	}
	read, overall := s.Quota.Read, s.Quota.Overall
	t.CallsLeft = max(0, min(read.Quarter.Limit-read.Quarter.Used, overall.Quarter.Limit-overall.Quarter.Used,
		read.Day.Limit-read.Day.Used, overall.Day.Limit-overall.Day.Used))
	if s.ETA != nil {
		t.ETA = *s.ETA
	}
	return t
}

// synced is the last line of a sync: how many are here, how many are complete, what it cost.
func synced(s musette.Status) string {
	activities, missing := 0, 0
	for _, a := range s.Athletes {
		activities += a.Activities
		for _, n := range a.Parts {
			missing += n.Due
		}
	}
	line := fmt.Sprintf("%d activities here · %d %s made", activities, s.Calls, plural(s.Calls, "call"))
	if s.State == musette.StateOK && missing == 0 {
		return line + " · next: `musette serve` shows them"
	}
	return line + " · `musette status` says what is still to come"
}
