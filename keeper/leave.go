package keeper

import (
	"context"
	"errors"
	"regexp"
	"time"

	"musette"
	"musette/store"
)

// Remove removes all rows of an athlete in one transaction, beside whoever leads: what is under way for them is not
// recorded any more. It returns how many rows went, by table. Files beside the store are the caller's, see
// [Config.Forget]; until they are dealt with, every start sees to it.
func Remove(ctx context.Context, st *store.Store, athleteID int64, at time.Time) (rows map[string]int64, err error) {
	err = st.Update(ctx, nil, func(tx *store.Tx) error {
		known, err := tx.HasAthlete(ctx, athleteID)
		if sound(err) != nil {
			return err
		}
		if err == nil && !known {
			return store.ErrNotFound
		}
		g, err := readGate(ctx, tx)
		if err != nil {
			return err
		}
		if rows, err = purge(ctx, tx, &g, athleteID, store.LeftOperator, at); err != nil {
			return err
		}
		return g.write(ctx, tx)
	})
	return rows, err
}

// longNumber is what an activity or athlete is called in an error.
var longNumber = regexp.MustCompile(`\d{5,}`)

// purge removes an athlete's rows, and what names them or their activities in the one row that is everybody's.
func purge(ctx context.Context, tx *store.Tx, g *gate, athleteID int64, by string, at time.Time) (map[string]int64, error) {
	g.Host.Failing = nil
	g.Host.Cause = longNumber.ReplaceAllString(g.Host.Cause, "…")
	return tx.PurgeAthlete(ctx, athleteID, by, at)
}

// hasLeft reports whether the athlete of a result was removed while it was fetched: then it must not come back by it.
func hasLeft(ctx context.Context, tx *store.Tx, r *result) (bool, error) {
	_, err := tx.Grant(ctx, r.grant.ID)
	if !errors.Is(err, store.ErrNotFound) {
		return false, sound(err)
	}
	if r.state.AthleteID == 0 {
		return true, nil
	}
	known, err := tx.HasAthlete(ctx, r.state.AthleteID)
	return err == nil && !known, sound(err)
}

// forgetAgain is how long to wait after files could not be dealt with.
const forgetAgain = 10 * time.Minute

// forget has files beside the store made free of athletes who have left, at the start and whenever somebody has left
// since, here or in another process.
func (k *Keeper) forget(ctx context.Context) {
	if k.Forget == nil || k.Now().Before(k.forgetAt) {
		return
	}
	last, err := k.lastDeparture(ctx)
	if err != nil || last == k.forgot {
		return // a store that can't be read is somebody else's to tell
	}
	if err := k.Forget(ctx); err != nil {
		k.Log.Error("files still hold what an athlete who has left had here; it is tried again in ten minutes", "error", err)
		k.forgetAt = k.Now().Add(forgetAgain)
		return
	}
	k.forgot = last
}

// lastDeparture names the last departure, "" if there was none.
func (k *Keeper) lastDeparture(ctx context.Context) (print string, err error) {
	err = k.Store.View(ctx, func(tx *store.Tx) error {
		all, err := tx.Departures(ctx)
		if len(all) > 0 {
			print = all[len(all)-1].Print
		}
		return sound(err)
	})
	return print, err
}

// What the status says once the last athlete has left.
const (
	leftAthlete  = "the athlete ended the connection at Strava, and all that was here of theirs was deleted; `musette connect` connects an athlete"
	leftOperator = "the athlete was removed here, by `musette athlete remove` or by themselves on their page; `musette connect` connects an athlete"
)

// sayWhoLeft says of a store without an athlete since when and why there is none.
func sayWhoLeft(ctx context.Context, tx *store.Tx, s *musette.Status) error {
	all, err := tx.Departures(ctx)
	if err != nil || len(all) == 0 {
		return sound(err)
	}
	last := all[len(all)-1]
	s.Since, s.Cause = instant(last.At), leftOperator
	if last.By == store.LeftAthlete {
		s.Cause = leftAthlete
	}
	return nil
}
