package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

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

// storeOrSnapshot opens the store or, where it can't be reached or read, the newest good snapshot in its place: in
// memory, to serve from. Then openStore stays nil, nothing is synced, and instead says why. A damaged SQLite file is an
// error: it can be replaced, unless another process has it.
func (a *app) storeOrSnapshot(ctx context.Context) (st *store.Store, instead string, err error) {
	waiting, done := context.WithTimeout(ctx, storePatience)
	defer done()
	if err = cmp.Or(a.standIn, a.missing(ctx)); err == nil {
		st, err = a.store(waiting)
	}
	if err == nil {
		err = a.lostMoments(ctx, st)
	}
	mendable := fileDamaged(err) && a.cfg.DatabaseURL == "" && a.standIn == nil
	if err == nil || mendable || !errors.Is(err, store.ErrUnreachable) && !errors.Is(err, store.ErrCorrupt) {
		return st, "", err
	}
	info, none := snapshot.NewestIn(ctx, a.cfg.everySnapshots()...)
	if none != nil {
		return nil, "", err
	}
	memory, e := store.OpenMemory(ctx)
	if e != nil {
		return nil, "", errors.Join(err, e)
	}
	a.onClose(memory.Close)
	if e := snapshot.Load(ctx, info.Path, memory, "document_history"); e != nil {
		return nil, "", errors.Join(err, e)
	}
	at := info.At.Local().Format("2 January 15:04")
	a.say("%s", plain(err.Error()))
	a.say("serving the snapshot of %s until the database is back", at)
	return memory, fmt.Sprintf("the database can't be used; this is the snapshot of %s", at), nil
}

// awaitStore returns [errBack] once the store can be opened.
func (a *app) awaitStore(ctx context.Context) error {
	t := time.NewTicker(storeProbe)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		st, err := store.Open(ctx, store.Config{URL: a.cfg.DatabaseURL.Reveal(), Dir: a.cfg.DataDir, Now: a.now})
		if err == nil {
			return errors.Join(errBack, st.Close())
		}
	}
}
