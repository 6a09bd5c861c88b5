package keeper

import (
	"context"
	"time"

	"musette"
	"musette/plan"
	"musette/store"
)

const (
	// busy is how recent the last call must be for calls that are due to count as being made.
	busy = time.Minute
	// perCall is what one call takes, about, for estimates.
	perCall = 150 * time.Millisecond
	// lastErrors is how many failures the status lists.
	lastErrors = 10
)

// Status is ReadStatus with this keeper's count of calls.
func (k *Keeper) Status(ctx context.Context) (musette.Status, error) {
	return ReadStatus(ctx, k.Store, k.Now(), k.Calls())
}

// ReadStatus says how the mirror stands, from the store alone: any process may ask. calls is the count to show.
func ReadStatus(ctx context.Context, st *store.Store, now time.Time, calls int) (s musette.Status, err error) {
	err = st.View(ctx, func(tx *store.Tx) error {
		s, err = readStatus(ctx, tx, now)
		return err
	})
	s.Calls = calls
	return s, err
}

func readStatus(ctx context.Context, tx *store.Tx, now time.Time) (s musette.Status, err error) {
	g, err := readGate(ctx, tx)
	if err != nil {
		return s, err
	}
	grants, err := tx.Grants(ctx)
	if err != nil {
		return s, err
	}
	situation, err := situationIn(ctx, tx, now, working(grants))
	if err != nil {
		return s, err
	}
	s = musette.Status{Quota: g.Ledger.Quota(now)}
	if s.Athletes, s.AsOf, err = readAthletes(ctx, tx, grants); err != nil {
		return s, err
	}
	if s.LastErrors, err = tx.LastErrors(ctx, lastErrors); err != nil {
		return s, err
	}
	d := plan.Next(situation)
	setState(&s, d, g, grants, now)
	if !d.Wake.IsZero() {
		s.NextCall = instant(d.Wake)
	}
	due, err := tx.DueByClass(ctx, now.Add(patience))
	if err != nil {
		return s, err
	}
	if n := waiting(due); n > 0 && s.State != musette.StateReconnect && s.State != musette.StateInactive {
		s.ETA = instant(g.Ledger.Finish(now, n, perCall))
	}
	return s, nil
}

// waiting counts what belongs to a complete mirror: rechecks come on top of that.
func waiting(due [musette.NumClasses]int) (n int) {
	for class, count := range due {
		if musette.Class(class) != musette.ClassRecheck {
			n += count
		}
	}
	return n
}

func instant(t time.Time) *time.Time {
	t = t.UTC().Truncate(time.Second)
	return &t
}

func working(grants []store.Grant) grantMap {
	m := grantMap{}
	for _, g := range grants {
		if g.State != musette.StateReconnect {
			m[g.AthleteID] = g
		}
	}
	return m
}

// readAthletes returns the athletes with their counts, and when all lists were last known to be complete.
func readAthletes(ctx context.Context, tx *store.Tx, grants []store.Grant) (out []musette.Athlete, asOf *time.Time, err error) {
	athletes, err := tx.Athletes(ctx)
	if err != nil {
		return nil, nil, err
	}
	byID := map[int64]store.Grant{}
	for _, g := range grants {
		byID[g.AthleteID] = g
	}
	out = []musette.Athlete{}
	whole := len(athletes) > 0
	for _, a := range athletes {
		parts, err := tx.PartCounts(ctx, a.ID)
		if err != nil {
			return nil, nil, err
		}
		m := musette.Athlete{ID: a.ID, Name: a.Name, State: musette.StateOK, Cause: a.Cause, Parts: map[musette.Part]musette.PartCount{}}
		for _, part := range musette.ActivityParts {
			m.Parts[part] = parts[part]
		}
		m.Activities = parts[musette.PartSummary].Have
		if a.State != "" {
			m.State = a.State
		}
		if g, ok := byID[a.ID]; ok && g.State == musette.StateReconnect {
			m.State, m.Cause = musette.StateReconnect, g.Cause
		} else if !ok {
			m.State, m.Cause = musette.StateReconnect, noGrant
		}
		out = append(out, m)
		whole = whole && !a.ListedAt.IsZero()
		if whole && (asOf == nil || a.ListedAt.Before(*asOf)) {
			asOf = instant(a.ListedAt)
		}
	}
	if !whole {
		asOf = nil
	}
	return out, asOf, nil
}

const noGrant = "no athlete is connected yet: run `musette connect`, or set STRAVA_REFRESH_TOKEN"

// setState finds the worst state, with its cause and its end.
func setState(s *musette.Status, d plan.Decision, g gate, grants []store.Grant, now time.Time) {
	s.State = d.State
	if !d.Until.IsZero() {
		s.Until = instant(d.Until)
	}
	switch d.State {
	case musette.StateSyncing:
		if now.Sub(g.Host.LastCall) > busy { // due, but nobody is at it
			s.State = musette.StateOK
		}
	case musette.StateLimited:
		s.Cause = "Strava's quota for now is used up"
	case musette.StateOffline:
		s.Cause = "Strava doesn't answer as it should: " + g.Host.Cause
	case musette.StateInactive:
		s.Cause = "Strava has switched this app off; its owner's subscription may have lapsed"
	}
	for _, a := range s.Athletes {
		if a.State == musette.StateHeld && musette.Worst(s.State, a.State) == a.State {
			s.State, s.Until, s.Cause = a.State, nil, a.Cause
		}
	}
	if len(working(grants)) > 0 || s.State == musette.StateInactive {
		return
	}
	s.State, s.Until, s.NextCall, s.Cause = musette.StateReconnect, nil, nil, noGrant
	if len(grants) > 0 {
		s.Cause = grants[0].Cause
	}
}
