package keeper

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"musette/store"
)

// damages are the damaged rows that readers of this store have met. They are passed over where they are met (see
// sound), which stops nothing; here they are noticed: in the log once each, among the last errors, and by a check, which
// mends them.
type damages struct {
	mu    sync.Mutex
	known map[[2]string]bool
	first *store.DamageError
	fresh bool          // since they were noted last
	check chan struct{} // asks for a check now
}

// damagesSaid is how many the log has one by one.
const damagesSaid = 10

// damaged takes a row that a reader has met.
func (k *Keeper) damaged(d *store.DamageError) {
	ds := &k.damages
	ds.mu.Lock()
	defer ds.mu.Unlock()
	row := [2]string{d.Table, d.Key}
	if len(ds.known) > damagesSaid || ds.known[row] {
		return
	}
	if ds.known == nil {
		ds.known, ds.first = map[[2]string]bool{}, d
	}
	ds.known[row], ds.fresh = true, true
	if len(ds.known) > damagesSaid {
		k.Log.Warn("more rows are damaged, which are passed over; `musette verify` names them all")
	} else {
		k.Log.Warn("a damaged row is passed over", "table", d.Table, "row", d.Key, "reason", d.Reason)
	}
	select {
	case ds.check <- struct{}{}:
	default:
	}
}

// noteDamage writes down for the status what was met since the last time. What is mended by a check is taken back there.
func (k *Keeper) noteDamage(ctx context.Context) error {
	ds := &k.damages
	ds.mu.Lock()
	n, first, fresh := len(ds.known), ds.first, ds.fresh
	ds.fresh = false
	ds.mu.Unlock()
	if !fresh {
		return nil
	}
	message := fmt.Sprintf("row %s of %s is damaged and passed over: %s", first.Key, first.Table, first.Reason)
	if n > 1 {
		others := fmt.Sprint(n - 1)
		if n > damagesSaid {
			others = fmt.Sprintf("%d or more", n-1)
		}
		message = fmt.Sprintf("row %s of %s and %s others are damaged and passed over: %s", first.Key, first.Table, others, first.Reason)
	}
	return Note(ctx, k.Store, WorryDamage, errors.New(message+"; `musette serve` mends it by itself, and `musette verify --repair` does"), k.Now())
}
