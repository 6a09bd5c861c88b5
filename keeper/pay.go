package keeper

import (
	"context"
	"time"

	"musette"
	"musette/quota"
	"musette/store"
	"musette/strava"
)

// Pay makes a call to the API that is no part of any mirror, such as one about a webhook's subscription, and takes it
// off the ledger that all processes share: for a person who waits, so of class forced. Where there is no room for it, it
// makes none and returns a [RefusedError]; else call's own error. While Strava is down, or has switched the app off, the
// call is a probe of its own, since the person may know better: if it works, whoever leads probes at once.
func Pay(ctx context.Context, st *store.Store, now func() time.Time, call func(context.Context) (*strava.Answer, error)) error {
	var ticket quota.Ticket
	err := changeGate(ctx, st, func(_ *store.Tx, g *gate) error {
		at := now()
		if no := g.full(at); no != nil {
			return no
		}
		var ok bool
		if g.Ledger, ticket, ok = g.Ledger.Reserve(at, musette.ClassForced); !ok {
			return errNoRoom // there was some a moment ago
		}
		return nil
	})
	if err != nil {
		return err
	}
	answer, failed := call(ctx)
	written, cancel := lasting(ctx)
	defer cancel()
	// A store that can't take this any more leaves the call counted, which is all that matters.
	_ = changeGate(written, st, func(tx *store.Tx, g *gate) error {
		at := now()
		g.Ledger = g.Ledger.Settle(ticket, at, news(answer, failed))
		g.Host.Calls++
		switch {
		case strava.KindOf(failed) == strava.KindInactive:
			g.Host = g.Host.Inactive(failed.Error(), at)
		case failed == nil && g.Host.State() != musette.StateOK:
			g.Host = g.Host.Revived(at)
			_, err := tx.PutInbox(written, store.InboxItem{Kind: kindLook, ReceivedAt: at})
			return err
		}
		return nil
	})
	return failed
}

// changeGate changes what all processes share about calling; nothing, if change returns an error.
func changeGate(ctx context.Context, st *store.Store, change func(*store.Tx, *gate) error) error {
	return st.Update(ctx, nil, func(tx *store.Tx) error {
		g, err := readGate(ctx, tx)
		if err != nil {
			return err
		}
		if err := change(tx, &g); err != nil {
			return err
		}
		return g.write(ctx, tx)
	})
}
