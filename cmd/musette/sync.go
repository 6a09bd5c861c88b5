package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"time"

	"musette"
	"musette/keeper"
	"musette/store"
	"musette/strava"
)

type syncCmd struct {
	settings
	IDs  []string `arg:"" optional:"" name:"id" help:"only these activities"`
	JSON bool     `help:"one line of JSON at the end, as of musette status --json"`
}

func (syncCmd) Help() string {
	return `musette sync                  everything that is due, as far as Strava's limits allow
musette sync 19403555631      only this activity
musette sync --json`
}

func (c *syncCmd) Run(ctx context.Context, a *app) error {
	ids, err := activityIDs(c.IDs)
	if err != nil {
		return err
	}
	if a.cfg.LogFile == "" {
		a.log = slog.New(demoted{a.log.Handler()})
	}
	return a.surviving(ctx, func() error { return c.sync(ctx, a, ids) })
}

func (c *syncCmd) sync(ctx context.Context, a *app, ids []int64) error {
	if err := a.missing(ctx); err != nil {
		return err
	}
	k, err := a.keeper(ctx)
	if err != nil {
		return err
	}
	if err := a.lostMoments(ctx, a.openStore); err != nil {
		return err
	}
	if err := a.openStore.CheckFile(ctx); err != nil {
		return err
	}
	if err := c.known(ctx, a.openStore, ids); err != nil {
		return err
	}
	bar := newProgress(a.err, a.log, a.now)
	status, err := k.Sync(ctx, keeper.SyncOptions{IDs: ids, Progress: func(s musette.Status) { bar.show(tallyOf(s, a.now())) }})
	if err != nil {
		bar.abandon()
		if ctx.Err() != nil {
			return failed("nothing is lost; `musette sync` goes on where this stopped", "stopped")
		}
		return err
	}
	if stuck(status.State) {
		bar.abandon()
	} else {
		bar.finish(tallyOf(status, time.Time{}))
	}
	if c.JSON {
		if err := writeStatus(a, status); err != nil {
			return err
		}
	} else if status.State == musette.StateOK || status.Calls > 0 {
		a.say("%s", synced(status))
	}
	if err := a.warnOfTypes(ctx, a.openStore); err != nil {
		return err
	}
	if len(ids) > 0 && status.State == musette.StateSyncing { // others wait to be fetched; these have been
		return nil
	}
	if status.State == musette.StateInactive && status.Calls == 0 {
		return a.notAsked(ctx, status)
	}
	return ended(status)
}

// activityIDs are the ids as numbers.
func activityIDs(words []string) ([]int64, error) {
	var ids []int64
	for _, w := range words {
		id, err := strconv.ParseInt(w, 10, 64)
		if err != nil || id <= 0 {
			return nil, misused("`musette activities` shows the ids, such as 19403555631", "`%s` is no activity's id", plain(w))
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// notAsked is the end of a sync that made no call, since an app that is switched off is asked but now and then.
func (a *app) notAsked(ctx context.Context, s musette.Status) error {
	last, again, err := keeper.Asked(ctx, a.openStore)
	if err != nil {
		return err
	}
	now := a.now()
	if !again.After(now) {
		return ended(s)
	}
	s.Until = nil
	s.Cause += fmt.Sprintf("; it wasn't asked again: that was last at %s, and `musette sync` may from %s on", moment(last, now), moment(again, now))
	return ended(s)
}

// demoted is a log whose warnings are for those who debug: what a person who waits for a sync has to know of single
// calls, its progress and its end say.
type demoted struct{ slog.Handler }

func (d demoted) Enabled(ctx context.Context, l slog.Level) bool {
	return d.Handler.Enabled(ctx, demote(l))
}

func (d demoted) Handle(ctx context.Context, r slog.Record) error {
	r.Level = demote(r.Level)
	return d.Handler.Handle(ctx, r)
}

func (d demoted) WithAttrs(attrs []slog.Attr) slog.Handler {
	return demoted{d.Handler.WithAttrs(attrs)}
}
func (d demoted) WithGroup(name string) slog.Handler { return demoted{d.Handler.WithGroup(name)} }

func demote(l slog.Level) slog.Level {
	if l == slog.LevelWarn {
		return slog.LevelDebug
	}
	return l
}

// known refuses ids that no list has shown: nothing could be fetched for them.
func (c *syncCmd) known(ctx context.Context, st *store.Store, ids []int64) error {
	for _, id := range ids {
		if err := keeper.Known(ctx, st, id); errors.Is(err, store.ErrNotFound) {
			return failed("`musette sync` without ids lists what is new first", "activity %d is not here", id)
		} else if err != nil {
			return err
		}
	}
	return nil
}

func writeStatus(a *app, s musette.Status) error {
	return writeJSON(a, &s)
}

// stuck reports whether nothing more comes until a person acts or Strava is well again.
func stuck(s musette.State) bool {
	switch s {
	case musette.StateStoreDown, musette.StateDiskFull, musette.StateInactive, musette.StateReconnect, musette.StateOffline:
		return true
	}
	return false
}

// retryIn is how long a sync waits before it asks again what wasn't answered; 0 if it waits for nothing of that kind.
func retryIn(s musette.Status, now time.Time) time.Duration {
	if s.NextCall == nil || len(s.LastErrors) == 0 || now.Sub(s.LastErrors[0].At) > 2*time.Second {
		return 0
	}
	switch strava.Kind(s.LastErrors[0].Kind) {
	case strava.KindTransport, strava.KindTimeout, strava.KindServer, strava.KindBody:
		return max(0, s.NextCall.Sub(now))
	}
	return 0
}

// tallyOf is the progress of a sync: the lists first, then all that belongs to the activities. Without the time it is
// where the sync has ended, and waits for nothing.
func tallyOf(s musette.Status, now time.Time) tally {
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
	if wait := retryIn(s, now); !now.IsZero() && wait > 0 {
		t.Waits = fmt.Sprintf("Strava doesn't answer; trying again in %d s", int(math.Ceil(wait.Seconds())))
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
	if stuck(s.State) || s.State == musette.StateHeld && missing == 0 { // what is left to do comes with the state
		return line
	}
	return line + " · `musette status` says what is still to come"
}
