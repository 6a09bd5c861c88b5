package snapshot

import (
	"context"
	"fmt"
	"slices"

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
	verified, err := Verify(ctx, path)
	if err != nil {
		return err
	}
	err = into.Update(ctx, nil, func(tx *store.Tx) error {
		loaded, err := scanFile(ctx, path, func(r store.Row) error {
			if skipped(without, r.Table) {
				return nil
			}
			return tx.Load(ctx, r)
		})
		if err != nil {
			return err
		}
		if loaded.Hash != verified.Hash {
			return refuse(ErrAltered, "it was replaced while it was read")
		}
		if durable := into.Kind() != "sqlite" || into.Path() != ""; durable {
			return tx.RenewEpoch(ctx)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("load the snapshot, of which nothing was kept: %w", err)
	}
	return nil
}

// skipped reports whether a table is left out. The position never is: a store
// can't be without it.
func skipped(without []string, table string) bool {
	return table != metaTable && slices.Contains(without, table)
}
