package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"musette/snapshot"
	"musette/store"
	"musette/token"
)

// forgotten is what became of the files beside the store.
type forgotten struct {
	snapshot.Forgotten
	Tokens   int  // sealed files that were removed
	Pictures int  // files that were removed, copies included
	Traces   bool // of rows, still in the database's log
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
	for _, dir := range a.cfg.everySnapshots() {
		there, err := snapshot.Forget(ctx, dir, departures)
		done.Rewritten, done.Removed = append(done.Rewritten, there.Rewritten...), append(done.Removed, there.Removed...)
		done.Strange, done.Rows = append(done.Strange, there.Strange...), done.Rows+there.Rows
		errs = append(errs, err)
	}
	g, err := a.gallery(st)
	if err == nil {
		done.Pictures, err = g.Forget(ctx, departures)
	}
	errs = append(errs, err)
	removed, err := a.forgetAside(departures)
	done.Removed = append(done.Removed, removed...)
	errs = append(errs, err)
	scrubbed, err := st.Scrub(ctx)
	done.Traces = !scrubbed
	return done, errors.Join(append(errs, err)...)
}

// forgetAside removes what was set aside as damaged before somebody left: who is in it can't be told, nor be taken out.
func (a *app) forgetAside(departures []store.Departure) (removed []string, err error) {
	entries, err := os.ReadDir(a.cfg.aside())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	last := departures[len(departures)-1].At
	var errs []error
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || info.ModTime().After(last.Add(time.Minute)) {
			continue // gone meanwhile, or of later
		}
		path := filepath.Join(a.cfg.aside(), e.Name())
		if err := os.RemoveAll(path); err != nil {
			errs = append(errs, err)
			continue
		}
		removed = append(removed, path)
	}
	return removed, errors.Join(errs...)
}

// forgetAll is forget for the keeper, which tells nobody but the log.
func (a *app) forgetAll(ctx context.Context, st *store.Store) error {
	done, err := a.forget(ctx, st)
	if n := len(done.Rewritten); n+len(done.Removed)+done.Tokens+done.Pictures > 0 {
		a.log.Info("files were made free of athletes who have left", "snapshots", n, "rows", done.Rows,
			"unreadable_removed", done.Removed, "sealed_tokens", done.Tokens, "pictures", done.Pictures)
	}
	if err == nil && done.Traces {
		err = fmt.Errorf("the log of %s is in use", st.Path())
	}
	return err
}
