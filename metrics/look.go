package metrics

import (
	"context"
	"sync"
	"time"

	"musette/feed"
	"musette/snapshot"
	"musette/store"
)

// Site is what is shown beside the counters: one server, from its start to its end.
type Site struct {
	View      func() *feed.View
	Followers func() int
	Leads     func() bool  // whether this process syncs
	Store     *store.Store // nil: the database is away, and a snapshot is served
	Shelves   []Shelf
	// Disk says how much room there is where a directory is; an error where that can't be known.
	Disk func(dir string) (free, size uint64, err error)
}

// A Shelf is where snapshots are kept.
type Shelf struct {
	Name      string // in labels
	Snapshots string // the directory that they are in
	Disk      string // a directory of the same disk that is there before the first snapshot
}

// seenDatabase is how the database was when it was last looked at.
type seenDatabase struct {
	up    bool
	took  time.Duration
	inbox map[string]store.Waiting
}

// seenShelf is how a shelf was when it was last looked at.
type seenShelf struct {
	name       string
	files      int // that can be used
	newest     snapshot.Info
	free, size uint64
}

const (
	lookEvery   = 10 * time.Second
	lookTimeout = 5 * time.Second
)

// Run shows a site until the context ends, which is no error. Database and disk are looked at apart from each other: a
// mount that hangs holds up nothing else.
func (m *Metrics) Run(ctx context.Context, s Site) error {
	m.database.Store(nil)
	m.shelves.Store(nil)
	m.site.Store(&s)
	defer m.site.Store(nil)
	var wg sync.WaitGroup
	wg.Go(func() { regularly(ctx, func() { m.lookAtDatabase(ctx, &s) }) })
	wg.Go(func() { regularly(ctx, func() { m.lookAtShelves(ctx, &s) }) })
	wg.Wait()
	return nil
}

func regularly(ctx context.Context, look func()) {
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for {
		look()
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

func (m *Metrics) lookAtDatabase(ctx context.Context, s *Site) {
	var seen seenDatabase
	if s.Store != nil {
		ctx, cancel := context.WithTimeout(ctx, lookTimeout)
		defer cancel()
		began := time.Now()
		err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
			seen.inbox, err = tx.InboxWaiting(ctx)
			return err
		})
		seen.up, seen.took = err == nil, time.Since(began)
	}
	m.database.Store(&seen)
}

func (m *Metrics) lookAtShelves(ctx context.Context, s *Site) {
	list := make([]seenShelf, len(s.Shelves))
	for i, shelf := range s.Shelves {
		now := &list[i]
		now.name = shelf.Name
		found, _ := snapshot.List(ctx, shelf.Snapshots) // of a directory that can't be read none is known
		for _, info := range found {
			if info.Err != nil {
				continue
			}
			if now.files++; now.files == 1 {
				now.newest = info
			}
		}
		now.free, now.size, _ = s.Disk(shelf.Disk)
	}
	m.shelves.Store(&list)
}
