package main

import (
	"context"
	"errors"
	"fmt"

	"musette/snapshot"
	"musette/store"
	"musette/token"
)

// forgotten is what became of the files beside the store.
type forgotten struct {
	snapshot.Forgotten
	Tokens int  // sealed files that were removed
	Traces bool // of rows, still in the database's log
}

// forget makes the data directory free of athletes who have left: sealed tokens, snapshots, and what deleted rows leave
// in the database's own files. Done is done: it may be repeated, by several processes at once too.
func (a *app) forget(ctx context.Context, st *store.Store) (done forgotten, err error) {
	var departures []store.Departure
	err = st.View(ctx, func(tx *store.Tx) (err error) {
		departures, err = tx.Departures(ctx)
		return err
	})
	if err != nil || len(departures) == 0 {
		return done, notDamage(err)
	}
	var errs []error
	for _, d := range departures {
		n, err := token.RemoveCopies(a.cfg.DataDir, d.Grants)
		done.Tokens += n
		errs = append(errs, err)
	}
	done.Forgotten, err = snapshot.Forget(ctx, a.cfg.snapshots(), departures)
	errs = append(errs, err)
	scrubbed, err := st.Scrub(ctx)
	done.Traces = !scrubbed
	return done, errors.Join(append(errs, err)...)
}

// forgetAll is forget for the keeper, which tells nobody but the log.
func (a *app) forgetAll(ctx context.Context, st *store.Store) error {
	done, err := a.forget(ctx, st)
	if n := len(done.Rewritten); n+len(done.Removed)+done.Tokens > 0 {
		a.log.Info("files were made free of athletes who have left", "snapshots", n, "rows", done.Rows,
			"unreadable_removed", done.Removed, "sealed_tokens", done.Tokens)
	}
	if err == nil && done.Traces {
		err = fmt.Errorf("the log of %s is in use", st.Path())
	}
	return err
}
