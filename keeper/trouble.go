package keeper

import (
	"errors"
	"time"

	"musette"
	"musette/store"
)

// trouble is what keeps this process from leading: a fault of the store as a whole, which reading needn't notice.
type trouble struct {
	state musette.State
	cause string
	since time.Time

	corrupt error // the fault, where it is that the database is damaged
}

// troubled notes why Run has stopped, nil when it goes on.
func (k *Keeper) troubled(err error) {
	fault, ok := errors.AsType[*store.Error](err)
	if !ok {
		k.trouble.Store(nil)
		return
	}
	t := &trouble{state: musette.StateStoreDown, cause: fault.Error(), since: k.Now()}
	if fault.Kind == store.ErrDiskFull {
		t.state = musette.StateDiskFull
	}
	if fault.Kind == store.ErrCorrupt {
		t.corrupt = fault
	}
	if before := k.trouble.Load(); before != nil && before.state == t.state {
		t.since = before.since
	}
	k.trouble.Store(t)
}

// onto adds the trouble to a status, if it is worse.
func (t *trouble) onto(s *musette.Status) {
	if t == nil || s.State == t.state || musette.Worst(s.State, t.state) != t.state {
		return
	}
	s.State, s.Cause, s.Until, s.NextCall, s.ETA = t.state, t.cause, nil, nil, nil
	s.Since, s.Advice = instant(t.since), t.state.Advice()
}
