package main

import (
	"context"
	"errors"
	"time"

	"musette"
	"musette/keeper"
	"musette/snapshot"
	"musette/store"
	"musette/web"
)

// keeper returns the keeper of the configured store, with the configured refresh token taken in.
func (a *app) keeper(ctx context.Context) (*keeper.Keeper, error) {
	tokens, err := a.tokens(ctx)
	if err != nil {
		return nil, err
	}
	if a.cfg.RefreshToken != "" {
		if _, err := tokens.TakeIn(ctx, a.cfg.RefreshToken); err != nil {
			return nil, err
		}
	}
	if err := tokens.Check(ctx); err != nil {
		return nil, err
	}
	copies, err := snapshot.List(ctx, a.cfg.snapshots())
	if err != nil {
		return nil, err
	}
	g, err := a.gallery(a.openStore)
	if err != nil {
		return nil, err
	}
	return keeper.New(keeper.Config{
		Pictures: keepPictures(g),
		Store:    a.openStore, Strava: a.openStrava, Tokens: tokens, Policy: a.cfg.Policy, Rules: &a.cfg.Rules, Filter: a.cfg.Filter,
		Snapshot: a.keepSnapshot, SnapshotSoon: len(copies) == 0, Repairing: a.repairing(),
		Forget: func(ctx context.Context) error { return a.forgetAll(ctx, a.openStore) },
		Missed: a.missed, Called: a.called(),
		Now: a.now, Elapsed: sinceStart(), Log: a.log,
	}), nil
}

// sinceStart is a clock that nobody sets.
func sinceStart() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}

// refresher passes the web's wishes on to whichever process makes the calls.
func (a *app) refresher(st *store.Store, wake func()) web.RefreshFunc {
	return func(ctx context.Context, activityID int64) (web.Refresh, error) {
		r, err := keeper.AskRefresh(ctx, st, activityID, a.now())
		if no, ok := errors.AsType[*keeper.RefusedError](err); ok {
			c := &web.Conflict{State: no.State, Cause: no.Cause}
			if no.Until != nil {
				c.Until = *no.Until
			}
			return web.Refresh{}, c
		}
		if err != nil {
			return web.Refresh{}, err
		}
		wake()
		done := web.Refresh{Calls: r.Calls}
		if r.Until != nil {
			done.Until = *r.Until
		}
		return done, nil
	}
}

// ended is the error of a command that ended in a state: none if all is well, with what to do otherwise.
func ended(s musette.Status) error {
	if s.State == musette.StateOK {
		return nil
	}
	cause := s.Cause
	if s.Until != nil {
		cause += ", until " + s.Until.Local().Format("15:04")
	}
	hint := s.Advice
	switch s.State {
	case musette.StateLimited:
		hint = "what is here stays; `musette sync` goes on after that, `musette serve` does by itself"
	case musette.StateReconnect:
		hint = "" // the cause says it
	}
	return endedIn(s.State, cause, hint)
}
