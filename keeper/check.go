package keeper

import (
	"context"
	"fmt"
	"strings"
	"time"

	"musette/store"
)

// checkDaily checks everything that is stored, at once and then once a day, or when a reader has met a damaged row, until
// ctx ends; what it finds is for seeTo. It only reads.
func (k *Keeper) checkDaily(ctx context.Context) {
	for ctx.Err() == nil {
		began := k.Now()
		found, err := k.Store.Check(ctx)
		select {
		case <-k.damages.check: // by the check itself
		default:
		}
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			k.Log.Warn("the daily check could not read everything", "error", err)
		default:
			k.Log.Info("everything was checked", "rows", found.Rows, "damaged", len(found.Damaged), "file", strings.Join(found.File, "; "),
				"took", k.Now().Sub(began).Round(time.Millisecond))
			k.found.Store(&found)
			k.Wake()
		}
		t := time.NewTimer(day)
		select {
		case <-ctx.Done():
		case <-t.C:
		case <-k.damages.check:
		}
		t.Stop()
	}
}

// seeTo mends what a check has found. What is wrong with the file as a whole is an error: the store has to be made anew,
// which takes more than a keeper.
func (k *Keeper) seeTo(ctx context.Context) error {
	found := k.found.Swap(nil)
	switch {
	case found == nil:
		return nil
	case len(found.File) > 0:
		return k.Store.Damaged(strings.Join(found.File, "; "))
	case len(found.Damaged) == 0:
		return Note(ctx, k.Store, WorryDamage, nil, k.Now())
	}
	done, err := k.repair(ctx, *found, k.Repairing)
	if err != nil {
		return err
	}
	return Note(ctx, k.Store, WorryDamage, done.worry(), k.Now())
}

// worry is what is left after a repair; nil for nothing.
func (r *Repaired) worry() (worry error) {
	for _, m := range r.Mended {
		if m.Instead == store.InsteadLeft {
			worry = fmt.Errorf("row %s of %s is damaged and can't be mended: %s; what strangers see is held back until it is removed and made again",
				m.Damage.Key, m.Damage.Table, m.Damage.Reason)
		}
	}
	return worry
}

// Corrupt returns why the store has to be made anew, nil while it needn't.
func (k *Keeper) Corrupt() error {
	if t := k.trouble.Load(); t != nil {
		return t.corrupt
	}
	return nil
}
