package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"musette/keeper"
	"musette/snapshot"
	"musette/store"
)

// fileDamaged reports whether the database as a whole is damaged, rather than single rows: then a new one has to be made.
func fileDamaged(err error) bool {
	whole, ok := errors.AsType[*store.Error](err)
	return ok && whole.Kind == store.ErrCorrupt
}

// rowDamaged reports whether a row was in the way that nothing goes on without: others are passed over, and mended later.
func rowDamaged(err error) bool {
	_, ok := errors.AsType[*store.DamageError](err)
	return ok
}

// aside is the directory for damaged things that were set aside; nothing in it is ever deleted by the program.
func (c *config) aside() string { return filepath.Join(c.DataDir, "damaged") }

// repairing says how damaged rows are mended.
func (a *app) repairing() keeper.Repairing {
	return keeper.Repairing{Snapshots: a.cfg.everySnapshots(), Aside: a.cfg.aside()}
}

// reopen closes every room, so that they are opened anew when next asked for.
func (a *app) reopen() error {
	if err := a.Close(); err != nil {
		return err
	}
	*a = app{console: a.console, now: a.now, cfg: a.cfg, notifier: a.notifier, metrics: a.metrics, demo: a.demo}
	return a.configure(a.cfg)
}

// lostMoments is the error of an SQLite file that is older than the newest snapshot of the very same store: its log was
// lost, or somebody put an old copy in its place.
func (a *app) lostMoments(ctx context.Context, st *store.Store) error {
	if st.Kind() != "sqlite" {
		return nil
	}
	position := func() (at store.Position, err error) {
		err = st.View(ctx, func(tx *store.Tx) error {
			at, err = tx.Position(ctx)
			return err
		})
		return at, err
	}
	at, err := position()
	if err != nil {
		return notDamage(err) // a damaged row is mended later
	}
	var newest snapshot.Info
	for _, dir := range a.cfg.everySnapshots() {
		list, err := snapshot.List(ctx, dir)
		if err != nil {
			continue // a further directory may be gone
		}
		for _, s := range list {
			if s.Err == nil && s.Epoch == at.Epoch && s.Seq > newest.Seq {
				newest = s
			}
		}
	}
	// Read again after the list: what was written meanwhile makes the store the newer one.
	if at, err = position(); err != nil || newest.Seq <= at.Seq || newest.Epoch != at.Epoch {
		return notDamage(err)
	}
	if _, err := snapshot.Verify(ctx, newest.Path); err != nil {
		return ctx.Err()
	}
	return st.Damaged(fmt.Sprintf("it ends at change %d, but the snapshot of %s has change %d of it",
		at.Seq, newest.At.Local().Format("2 January 15:04:05"), newest.Seq))
}

// missing is the error of a data directory without its SQLite file, though there are snapshots of it: it was deleted, or
// the program was moved to an empty disk and finds the copies in the further directory.
func (a *app) missing(ctx context.Context) error {
	if a.cfg.DatabaseURL != "" {
		return nil
	}
	if there, err := store.Present(a.cfg.DataDir); err != nil || there {
		return nil // opening it says what is wrong
	}
	_, err := snapshot.NewestIn(ctx, a.cfg.everySnapshots()...)
	if errors.Is(err, snapshot.ErrNone) {
		return nil
	}
	return cmp.Or(err, store.Missing(a.cfg.DataDir))
}

// replacement is what became of an SQLite file that couldn't be used.
type replacement struct {
	aside    string         // where it is kept
	from     *snapshot.Info // what the new one was made from; nil: from what could be read of the old one
	salvaged store.Salvaged // rows that could be read, if from is nil
}

// rescue makes a new SQLite file in place of one that can't be used, and says so. Nothing may be open. The error is a
// [store.HeldError] if another process syncs: it has the file too, and is to see to it.
func (a *app) rescue(ctx context.Context, why error) error {
	a.say("%s", plain(why.Error()))
	r, err := a.replaceFile(ctx, nil)
	if err != nil {
		return err
	}
	for _, line := range r.inWords() {
		a.say("%s", line)
	}
	a.log.Warn("a damaged database was replaced", "aside", r.aside, "cause", why)
	return nil
}

// rescueRoom is how much of the disk a rescue takes, about: the old file is copied, and a new one is made.
func (a *app) rescueRoom() uint64 {
	room := uint64(1 << 20)
	for _, name := range []string{"musette.db", "musette.db-wal"} {
		if info, err := os.Stat(filepath.Join(a.cfg.DataDir, name)); err == nil {
			room += 3 * uint64(info.Size())
		}
	}
	return room
}

func (r replacement) inWords() []string {
	what := "no snapshot is whole: what could be read was taken over, row by row; the rest is fetched again"
	if r.from != nil {
		what = "a new database was made from the snapshot of " + r.from.At.Local().Format("2 January 2006 15:04:05") +
			"; what is newer is fetched again"
	}
	if r.aside == "" {
		return []string{what}
	}
	return []string{what, "the damaged file is kept in " + r.aside}
}

// replaceFile sets the SQLite file aside and makes a new one: from the snapshot given; from the old file itself if its
// rows turn out to be whole; from the newest snapshot that verifies; or else from what rows can be read. Grants, quota,
// keys, zones, hides and the inbox come from the old file as far as they are whole.
func (a *app) replaceFile(ctx context.Context, given *snapshot.Info) (done replacement, err error) {
	c := store.Config{Dir: a.cfg.DataDir, Now: a.now}
	r, err := store.Replace(ctx, c)
	if err != nil {
		return done, err
	}
	defer r.Abandon()
	if done.from = given; given == nil {
		if done.from, err = a.bestSnapshot(ctx, c); err != nil {
			return done, err
		}
	}
	if done.from == nil {
		if done.salvaged, err = r.Salvage(ctx); err != nil {
			return done, err
		}
		err = r.Store.Update(ctx, nil, func(tx *store.Tx) error { return keeper.Salvaged(ctx, tx, a.now()) })
	} else {
		if _, err = r.Salvage(ctx, store.LiveTables...); err != nil {
			return done, err
		}
		bar, far := a.restoring()
		err = snapshot.Restore(ctx, *done.from, r.Store, snapshot.Restoring{
			Progress: far,
			Then: func(ctx context.Context, tx *store.Tx) error {
				_, err := keeper.Restored(ctx, tx, nil, a.now())
				return err
			},
		})
		bar.abandon()
	}
	if err != nil {
		return done, err
	}
	done.aside, err = r.Finish()
	return done, err
}

// bestSnapshot is the one to make a new database from, nil if none is whole: a fresh one of the old file where that is
// possible, which loses nothing, or the newest there is.
func (a *app) bestSnapshot(ctx context.Context, c store.Config) (*snapshot.Info, error) {
	if there, err := store.Present(c.Dir); err != nil || !there {
		// There is nothing to look into.
	} else if st, err := store.Open(ctx, c); err == nil {
		fresh, err := a.wholeSnapshot(ctx, st)
		_ = st.Close()
		if err == nil {
			return &fresh, nil
		}
	}
	newest, err := snapshot.NewestIn(ctx, a.cfg.everySnapshots()...)
	if errors.Is(err, snapshot.ErrNone) {
		return nil, nil
	}
	return &newest, err
}

func (a *app) wholeSnapshot(ctx context.Context, st *store.Store) (snapshot.Info, error) {
	if err := a.lostMoments(ctx, st); err != nil {
		return snapshot.Info{}, err
	}
	if have, err := holdingsOf(ctx, st); err != nil || have.empty() {
		return snapshot.Info{}, errors.Join(err, errors.New("there is nothing in it"))
	}
	return snapshot.Write(ctx, st, a.snapshotting())
}

// mendable reports whether an error is of damage that this program can mend.
func (a *app) mendable(err error) bool {
	return rowDamaged(err) || fileDamaged(err) && a.cfg.DatabaseURL == ""
}

// mend does what has to be done about damage before everything is opened again: single rows are mended as by `musette
// verify --repair`, a file is replaced. Nothing may be open, nor is anything afterwards. The error is a
// [store.HeldError] if another process syncs.
func (a *app) mend(ctx context.Context, why error) error {
	if fileDamaged(why) {
		return a.rescue(ctx, why)
	}
	a.say("%s", plain(why.Error()))
	c, v := verifyCmd{Repair: true}, verdict{}
	if err := c.check(ctx, a, &v); err != nil {
		return errors.Join(err, a.reopen())
	}
	if v.Clean {
		return a.reopen()
	}
	if err := c.repair(ctx, a, &v); err != nil {
		return errors.Join(err, a.reopen())
	}
	for _, line := range v.Repaired {
		a.say("%s", line)
	}
	a.log.Warn("damaged rows were mended", "aside", v.Aside, "cause", why)
	return a.reopen()
}

// surviving runs f again, once, if the database turns out to be damaged and could be mended.
func (a *app) surviving(ctx context.Context, f func() error) error {
	err := f()
	if !a.mendable(err) {
		return err
	}
	if e := a.reopen(); e != nil {
		return e
	}
	if e := a.mend(ctx, err); e != nil {
		if held, ok := errors.AsType[*store.HeldError](e); ok {
			return failed("it mends the database by itself; stop it if it doesn't, and try again", "%w, and %s has it open", err, plain(held.Holder))
		}
		return errors.Join(err, e)
	}
	return f()
}

// wardenEvery is how often a server looks whether its database has to be opened anew.
const wardenEvery = 2 * time.Second

// warden ends the serving when the database has to be made anew, or another file has taken its place.
func (s *site) warden(ctx context.Context) error {
	t := time.NewTicker(wardenEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		if s.store.Replaced() {
			return errBack
		}
		if s.keeper != nil {
			if err := s.keeper.Corrupt(); err != nil {
				return err
			}
		}
	}
}

// rowsInWords names how many rows of what were found.
func rowsInWords(found store.Salvaged) string {
	var words []string
	for _, name := range []string{"activities", "documents", "grants"} {
		words = append(words, fmt.Sprintf("%d %s", found[name], name))
	}
	return strings.Join(words, ", ")
}
