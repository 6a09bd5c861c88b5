package snapshot

import (
	"context"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"

	"musette/store"
)

// Load puts a snapshot's rows into an empty store, but for those of the tables
// named in without. The file is verified first, so that a bad one costs no
// write at all; then everything is loaded in one transaction, in which the file
// is read and hashed again: whatever goes wrong, the store is as it was. One
// transaction, rather than a new database swapped in, because it is the same on
// both databases and leaves open connections alone.
//
// The store gets a new epoch, which tells followers to start anew, unless it is
// one in memory: what stands in for a database that is away goes on with its
// numbers. Besides the errors of [Verify] there is store.ErrNotEmpty.
func Load(ctx context.Context, path string, into *store.Store, without ...string) error {
	l := loading{path: path, into: into, without: without}
	l.renew = into.Kind() != "sqlite" || into.Path() != ""
	verified, err := Verify(ctx, path)
	if err != nil {
		return err
	}
	return l.load(ctx, verified)
}

// A Restoring says how [Restore] goes about it; the zero value is enough.
type Restoring struct {
	Fence    *store.Lease                           // held meanwhile; nil: none is needed
	Progress func(done, total int)                  // rows; may be nil
	Then     func(context.Context, *store.Tx) error // ends the transaction; may be nil
}

// Restore makes the store what a snapshot says that [Inspect] or [Verify] has
// described, in one transaction as [Load] does: whatever goes wrong, the store is
// as it was. What is live stays, see store.Tx.MakeRoom. The store gets a new
// epoch.
func Restore(ctx context.Context, info Info, into *store.Store, r Restoring) error {
	l := loading{path: info.Path, into: into, renew: true, replace: true, Restoring: r}
	return l.load(ctx, info)
}

// loading is one file's way into a store.
type loading struct {
	Restoring
	path    string
	into    *store.Store
	without []string
	replace bool // what is there
	renew   bool // the epoch
}

func (l *loading) load(ctx context.Context, verified Info) error {
	err := l.into.Update(ctx, l.Fence, func(tx *store.Tx) error {
		put := func(r store.Row) error { return tx.Load(ctx, r) }
		if l.replace {
			f, err := l.forgetter(ctx, tx)
			if err != nil {
				return err
			}
			if f != nil {
				put = func(r store.Row) error {
					return f.Row(r, func(r store.Row) error { return tx.Load(ctx, r) })
				}
			}
			if err := tx.MakeRoom(ctx); err != nil {
				return err
			}
		}
		if err := l.rows(ctx, put, verified); err != nil {
			return err
		}
		if err := tx.Loaded(ctx); err != nil {
			return err
		}
		if l.Then != nil {
			if err := l.Then(ctx, tx); err != nil {
				return err
			}
		}
		if l.renew {
			return tx.RenewEpoch(ctx)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("load the snapshot, of which nothing was kept: %w", err)
	}
	return nil
}

// forgetter leaves out who has left the store since the snapshot was written; nil if nobody has.
func (l *loading) forgetter(ctx context.Context, tx *store.Tx) (*store.Forgetter, error) {
	left, err := tx.Departures(ctx)
	if err != nil || len(left) == 0 {
		return nil, err
	}
	noted, err := departuresOf(ctx, l.path)
	if err != nil {
		return nil, err
	}
	return store.NewForgetter(left, noted)
}

// progressEvery is after how many rows progress is told.
const progressEvery = 500

func (l *loading) rows(ctx context.Context, put func(store.Row) error, verified Info) error {
	done, total := 0, 0
	for _, n := range verified.Rows {
		total += n
	}
	loaded, err := scanFile(ctx, l.path, func(r store.Row) error {
		if done++; l.Progress != nil && done%progressEvery == 0 {
			l.Progress(done, total)
		}
		if skipped(l.without, r.Table) {
			return nil
		}
		return put(r)
	})
	if err != nil {
		return err
	}
	if loaded.Hash != verified.Hash {
		return refuse(ErrAltered, "it was replaced while it was read")
	}
	return nil
}

// skipped reports whether a table is left out. The position never is: a store
// can't be without it.
func skipped(without []string, table string) bool {
	return table != metaTable && slices.Contains(without, table)
}

// Contents are what a snapshot holds.
type Contents struct {
	Info
	Athletes []int64 // whose activities, by id
}

// Inspect is [Verify] with a look at what is in the file. It yields each row,
// before it is known whether the file is whole, to look, which may be nil.
func Inspect(ctx context.Context, path string, look func(store.Row) error) (Contents, error) {
	var c Contents
	info, err := scanFile(ctx, path, func(r store.Row) error {
		if r.Table == "athletes" {
			var row struct {
				ID int64 `json:"athlete_id"`
			}
			if err := json.Unmarshal(r.JSON, &row); err != nil {
				return refuse(ErrAltered, "an athlete's row makes no sense")
			}
			c.Athletes = append(c.Athletes, row.ID)
		}
		if look == nil {
			return nil
		}
		return look(r)
	})
	c.Info = info
	return c, err
}
