package main

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"musette"
	"musette/snapshot"
	"musette/store"
)

const (
	// storePatience is how long a start waits for the database before it serves a snapshot.
	storePatience = 5 * time.Second
	// storeProbe is how often a process that serves a snapshot looks whether the database is back.
	storeProbe = 5 * time.Second
)

// errBack says that the database can be opened again.
var errBack = errors.New("the database is back")

// away says why what is served can't be kept up to date: it is a snapshot of the store, or the store can't be written.
// The zero value is that it can.
type away struct {
	state         musette.State
	cause, advice string
}

// onto makes a status say so.
func (w away) onto(s *musette.Status, since *time.Time) {
	s.State, s.Cause, s.Advice, s.Since = w.state, w.cause, w.advice, since
	s.Until, s.NextCall, s.ETA = nil, nil, nil
}

// awayFor is what an error of the store means for whoever goes on without writing; served says what is shown meanwhile.
func awayFor(err error, served ...string) away {
	why := away{state: musette.StateStoreDown, cause: plain(err.Error()), advice: musette.StateStoreDown.Advice()}
	if e, ok := errors.AsType[*store.Error](err); ok {
		bare := *e
		bare.Hint = ""
		why.cause, why.advice = plain(bare.Error()), e.Hint
		if e.Kind == store.ErrDiskFull {
			why.state = musette.StateDiskFull
		}
	}
	why.cause = strings.Join(append([]string{why.cause}, served...), "; ")
	return why
}

// storeToRead opens the store for a command that only looks: where it can't be written, that is no matter.
func (a *app) storeToRead(ctx context.Context) (*store.Store, error) {
	st, err := a.existingStore(ctx)
	if a.unwritable(err) {
		if st, e := a.openToRead(ctx); e == nil {
			return st, nil
		}
	}
	return st, err
}

func (a *app) openToRead(ctx context.Context) (*store.Store, error) {
	st, err := store.OpenToRead(ctx, store.Config{URL: a.cfg.DatabaseURL.Reveal(), Dir: a.cfg.DataDir, Now: a.now})
	if err == nil {
		a.onClose(st.Close)
	}
	return st, err
}

// unwritable reports whether an error may mean no more than that nothing can be written. SQLite can't be reached either
// where it may write the file but make none beside it.
func (a *app) unwritable(err error) bool {
	return errors.Is(err, store.ErrReadOnly) || errors.Is(err, store.ErrDiskFull) ||
		a.cfg.DatabaseURL == "" && errors.Is(err, store.ErrUnreachable)
}

// storeOrSnapshot opens the store or, where it can't be written, opens it to be read or, where it can't be reached or
// read either, the newest good snapshot in its place: in memory, to serve from. Then openStore stays nil, nothing is
// synced, and instead says why. A damaged SQLite file is an error: it can be replaced, unless another process has it.
func (a *app) storeOrSnapshot(ctx context.Context) (st *store.Store, instead away, err error) {
	waiting, done := context.WithTimeout(ctx, storePatience)
	defer done()
	if err = cmp.Or(a.standIn, a.missing(ctx)); err == nil {
		st, err = a.store(waiting)
	}
	if err == nil {
		err = a.lostMoments(ctx, st)
	}
	if err == nil {
		if e := st.Writable(waiting); errors.Is(e, store.ErrReadOnly) || errors.Is(e, store.ErrDiskFull) {
			a.openStore, err = nil, e
		}
	}
	mendable := fileDamaged(err) && a.cfg.DatabaseURL == "" && a.standIn == nil
	locked := errors.Is(err, store.ErrBusy)
	if err == nil || mendable || !locked && !a.unwritable(err) && !errors.Is(err, store.ErrUnreachable) && !errors.Is(err, store.ErrCorrupt) {
		return st, away{}, err
	}
	if a.unwritable(err) && a.standIn == nil {
		if st, instead, e := a.unwritten(waiting, err); e == nil {
			return st, instead, nil
		}
	}
	info, none := snapshot.NewestIn(ctx, a.cfg.everySnapshots()...)
	if none != nil {
		return nil, away{}, err
	}
	memory, e := store.OpenMemory(ctx)
	if e != nil {
		return nil, away{}, errors.Join(err, e)
	}
	a.onClose(memory.Close)
	if e := snapshot.Load(ctx, info.Path, memory, "document_history"); e != nil {
		return nil, away{}, errors.Join(err, e)
	}
	at := info.At.Local().Format("2 January 15:04")
	a.say("%s", plain(err.Error()))
	a.say("serving the snapshot of %s until the database is back", at)
	return memory, awayFor(err, "this is the snapshot of "+at), nil
}

// unwritten opens a store to be read, because it can't be written.
func (a *app) unwritten(ctx context.Context, why error) (*store.Store, away, error) {
	st, err := a.openToRead(ctx)
	if err == nil {
		err = a.lostMoments(ctx, st)
	}
	if err != nil {
		return nil, away{}, err
	}
	a.say("%s", plain(why.Error()))
	a.say("serving what is there, until it can be written")
	return st, awayFor(why, "what is there is served"), nil
}

// awaitStore returns [errBack] once the store can be opened, and written.
func (s *site) awaitStore(ctx context.Context) error {
	t := time.NewTicker(storeProbe)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		if s.back(ctx) {
			return errBack
		}
	}
}

func (s *site) back(ctx context.Context) bool {
	c := store.Config{URL: s.app.cfg.DatabaseURL.Reveal(), Dir: s.app.cfg.DataDir, Now: s.app.now}
	if s.store.Path() != "" { // a file that is open to be read can't be opened otherwise beside that
		return store.FileWritable(c.Dir) == nil
	}
	st, err := store.Open(ctx, c)
	if fileDamaged(err) && s.app.roomFor > 0 {
		free, _, err := diskOf(c.Dir)
		return err != nil || free >= s.app.roomFor
	}
	if err != nil {
		return false
	}
	defer st.Close()
	return st.Writable(ctx) == nil
}
