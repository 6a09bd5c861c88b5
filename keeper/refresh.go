package keeper

import (
	"context"
	"fmt"
	"time"

	"musette"
	"musette/store"
)

// Refresh is what asking for one leads to.
type Refresh struct {
	Calls int        // how many calls it will take
	Until *time.Time // when they will have been made, about
}

// A RefusedError says that a refresh can't be made now, and why.
type RefusedError struct {
	State musette.State
	Cause string
	Until *time.Time // when it can be tried again, nil if that takes a person
}

func (e *RefusedError) Error() string { return fmt.Sprintf("no refresh is possible now: %s", e.Cause) }

// refusal says why nothing can be asked for a person now, and until when; nil if something can.
func (g *gate) refusal(now time.Time) *RefusedError {
	if !g.Host.MayForce(now) {
		return &RefusedError{musette.StateInactive, causeInactive, instant(whole(g.Host.ForceAt()))}
	}
	return g.full(now)
}

// full says that the quota has no call left for a person now, and until when; nil if it has one.
func (g *gate) full(now time.Time) *RefusedError {
	if room := g.Ledger.Room(now, musette.ClassForced); room.Calls == 0 {
		return &RefusedError{musette.StateLimited, causeLimited(g, room.Free, now), instant(whole(room.Free))}
	}
	return nil
}

// AskRefresh asks whoever leads on this store for a refresh of one activity, or with 0 of the list. It only writes a
// row into the inbox. The error is a [RefusedError] if nothing would come of it, and a [store.ErrNotFound] for an
// activity that isn't known.
func AskRefresh(ctx context.Context, st *store.Store, activityID int64, now time.Time) (r Refresh, err error) {
	err = st.Update(ctx, nil, func(tx *store.Tx) error {
		s, g, err := readStatus(ctx, tx, now, here(), nil)
		if err != nil {
			return err
		}
		if s.State == musette.StateReconnect {
			return &RefusedError{s.State, s.Cause, s.Until}
		}
		if no := g.refusal(now); no != nil {
			return no
		}
		r.Calls = max(1, len(s.Athletes))
		if activityID != 0 {
			if r.Calls, err = countParts(ctx, tx, activityID); err != nil {
				return err
			}
		}
		r.Until = instant(g.Ledger.Finish(now, r.Calls, perCall).Add(glance))
		_, err = tx.PutInbox(ctx, store.InboxItem{Kind: kindForced, ActivityID: activityID, ReceivedAt: now})
		return err
	})
	return r, err
}

// Asked says when Strava was last asked for anything, and from when on a person's refresh may ask it again: the zero
// time, but while the app is switched off.
func Asked(ctx context.Context, st *store.Store) (last, again time.Time, err error) {
	err = st.View(ctx, func(tx *store.Tx) error {
		g, err := readGate(ctx, tx)
		last, again = g.Host.LastCall, g.Host.ForceAt()
		return err
	})
	return last, again, err
}

// countParts counts the calls that fetching an activity again takes.
func countParts(ctx context.Context, tx *store.Tx, activityID int64) (int, error) {
	a, err := findActivity(ctx, tx, activityID)
	if err != nil {
		return 0, err
	}
	states, err := partStates(ctx, tx, a.AthleteID, a.ID)
	if err != nil {
		return 0, err
	}
	n := 1
	for _, st := range states {
		if a.Status == store.StatusLive && st.Part != musette.PartSummary && st.Part != musette.PartDetail && st.Wanted != 0 {
			n++
		}
	}
	return n, nil
}
