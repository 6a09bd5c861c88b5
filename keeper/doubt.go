package keeper

import (
	"context"
	"maps"
	"slices"
	"time"

	"musette"
	"musette/plan"
	"musette/store"
)

// Due times go by our clock. One that was ahead for a while, by a year say, and was then set right, has left times in
// the store for which everything would wait. So whenever the clock shows less than it has shown, those are brought back
// to where they can have been: in this process by the last step, and over a restart by the gate's last call. Strava's
// clock needs no look: the ledger follows it by the difference to ours. What can't be known then, such as how old a
// document is by Strava's clock, matters to nobody.

// setBack reports whether the clock shows a time before one that it has shown already.
func (k *Keeper) setBack(now time.Time) bool { return now.Before(k.stepped.Add(-plan.Ahead)) }

// rightTimes brings back every time that lies further ahead than it can have been set. Where the clock is known to have
// been ahead, all states are looked at, else only what is due later, which an index finds.
func (k *Keeper) rightTimes(ctx context.Context, now time.Time) error {
	var wrong []musette.PartState
	var far []int64 // athletes whose lists are due later than without any stretching
	var jumped bool
	err := k.Store.View(ctx, func(tx *store.Tx) error {
		g, err := readGate(ctx, tx)
		if err != nil {
			return err
		}
		ahead := now.Add(plan.Ahead)
		jumped = k.setBack(now) || g.Host.LastCall.After(ahead)
		look := tx.DueFrom
		if jumped {
			look = tx.DatedFrom
		}
		states, err := look(ctx, ahead)
		if sound(err) != nil {
			return err
		}
		for _, st := range states {
			after := k.Policy.Righted(st, now)
			if after != st {
				wrong = append(wrong, st)
			}
			if jumped && after.Due.After(now.Add(k.usual(st.Part))) {
				far = append(far, st.AthleteID)
			}
		}
		return nil
	})
	if err != nil || !jumped && len(wrong) == 0 {
		return err
	}
	k.Log.Warn("the clock was ahead and has been set back; what it had dated is put right", "states", len(wrong))
	for some := range slices.Chunk(wrong, rebuildBatch) {
		if err := k.Store.Update(ctx, k.lease, func(tx *store.Tx) error { return k.rightStates(ctx, tx, some, now) }); err != nil {
			return err
		}
	}
	slices.Sort(far)
	for some := range slices.Chunk(slices.Compact(far), rebuildBatch) {
		err := k.Store.Update(ctx, k.lease, func(tx *store.Tx) error {
			for _, id := range some {
				if err := k.refitLists(ctx, tx, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	// The gate last: it is what tells whoever comes after a kill.
	if err := k.Store.Update(ctx, k.lease, func(tx *store.Tx) error { return k.rightShared(ctx, tx, now) }); err != nil {
		return err
	}
	if k.setBack(now) {
		k.stepped = now
	}
	return nil
}

// usual is the longest time between two of an athlete's lists of a kind, where nothing stretches it.
func (k *Keeper) usual(part musette.Part) time.Duration {
	switch part {
	case musette.ListPoll:
		return max(k.Policy.Poll, k.Policy.PollWebhooks)
	case musette.ListSweep:
		return max(k.Policy.Sweep, k.Policy.SweepPublished)
	}
	return 1<<63 - 1
}

// rightStates writes states as they are to be, and schedules their activities anew: what a fetch in the future made
// needless isn't.
func (k *Keeper) rightStates(ctx context.Context, tx *store.Tx, wrong []musette.PartState, now time.Time) error {
	righted := make([]musette.PartState, len(wrong))
	again := map[int64][]int64{}
	for i, st := range wrong {
		righted[i] = k.Policy.Righted(st, now)
		if st.ActivityID != 0 && !slices.Contains(again[st.AthleteID], st.ActivityID) {
			again[st.AthleteID] = append(again[st.AthleteID], st.ActivityID)
		}
	}
	if err := tx.PutPartState(ctx, righted...); err != nil {
		return err
	}
	for athleteID, ids := range again {
		if err := k.rebuildSome(ctx, tx, athleteID, ids, &Rebuilt{}); err != nil {
			return err
		}
	}
	return nil
}

// rightShared puts right what is dated besides states: the host's probes, and doubts.
func (k *Keeper) rightShared(ctx context.Context, tx *store.Tx, now time.Time) error {
	athletes, err := tx.Athletes(ctx)
	if sound(err) != nil {
		return err
	}
	for _, a := range athletes {
		m, err := readMarks(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		for _, dated := range []map[int64]int64{m.Absent, m.Buried} {
			for id, at := range dated {
				dated[id] = min(at, now.Unix())
			}
		}
		// What is believed when it has stood for a day begins anew: this clock may be the wrong one.
		maps.DeleteFunc(m.Routeless, func(_, at int64) bool { return at > now.Unix() })
		m.HeldSince = min(m.HeldSince, now.Unix())
		if err := m.write(ctx, tx, a.ID); err != nil {
			return err
		}
	}
	g, err := k.gate(ctx, tx)
	if err != nil {
		return err
	}
	g.Host = g.Host.Righted(now)
	if g.Since.After(now) {
		g.Since = now.UTC()
	}
	return g.write(ctx, tx)
}
