package keeper

import (
	"context"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/plan"
	"musette/quota"
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

// Status is ReadStatus with this keeper's count of calls, and what keeps it from going on.
func (k *Keeper) Status(ctx context.Context) (musette.Status, error) {
	s, err := viewStatus(ctx, k.Store, k.Now(), k.Calls(), k.Machine, nil)
	if err == nil {
		k.trouble.Load().onto(&s)
	}
	return s, err
}

// ReadStatus says how the mirror stands, from the store alone: any process may ask. calls is the count to show. see, if
// not nil, has a look at each grant first, and may change what is shown of it; see token.Judge.
func ReadStatus(ctx context.Context, st *store.Store, now time.Time, calls int, see func(*store.Grant)) (s musette.Status, err error) {
	return viewStatus(ctx, st, now, calls, here(), see)
}

func viewStatus(ctx context.Context, st *store.Store, now time.Time, calls int, m quota.Machine, see func(*store.Grant)) (s musette.Status, err error) {
	err = st.View(ctx, func(tx *store.Tx) error {
		s, _, err = readStatus(ctx, tx, now, m, see)
		return err
	})
	s.Calls = calls
	return s, err
}

func readStatus(ctx context.Context, tx *store.Tx, now time.Time, m quota.Machine, see func(*store.Grant)) (s musette.Status, g gate, err error) {
	if g, err = readGate(ctx, tx); err != nil {
		return s, g, err
	}
	g.from(m)
	grants, err := tx.Grants(ctx)
	if sound(err) != nil {
		return s, g, err
	}
	if see != nil {
		for i := range grants {
			see(&grants[i])
		}
	}
	athletes, err := tx.Athletes(ctx)
	if sound(err) != nil {
		return s, g, err
	}
	works := grantsFor(grants, func(g store.Grant) bool { return g.State != musette.StateReconnect })
	situation, err := situationIn(ctx, tx, now, &g, works)
	if err != nil {
		return s, g, err
	}
	worries, err := noted(ctx, tx)
	if err != nil {
		return s, g, err
	}
	s = musette.Status{Quota: g.Ledger.Quota(now), Warnings: append(g.warnings(now, m), fullWarnings(worries)...)}
	if s.Athletes, s.AsOf, err = readAthletes(ctx, tx, athletes, grants); err != nil {
		return s, g, err
	}
	if s.LastErrors, err = readErrors(ctx, tx, asErrors(worries)); err != nil {
		return s, g, err
	}
	if s.Pictures, err = readPictures(ctx, tx, s.Athletes); err != nil {
		return s, g, err
	}
	d := plan.Next(situation)
	setState(&s, d, g, grants, len(works) > 0, now)
	if s.State == musette.StateReconnect && len(grants)+len(athletes) == 0 {
		if err := sayWhoLeft(ctx, tx, &s); err != nil {
			return s, g, err
		}
	}
	if !d.Wake.IsZero() && s.State != musette.StateReconnect {
		s.NextCall = instant(d.Wake)
	}
	if answers(s.State) {
		s.ETA, err = eta(ctx, tx, &g, now)
	}
	return s, g, err
}

// answers reports whether calls come back in a state, so that it can be said when all will be here.
func answers(s musette.State) bool {
	switch s {
	case musette.StateReconnect, musette.StateInactive, musette.StateOffline:
		return false
	}
	return true
}

// eta is when everything due will be here, nil if nothing is: what is due now, and every part that waits for another
// try, however long. It goes by the limits as the ledger knows them, one call for each; and it isn't before the last of
// those tries is due. So it is true if those succeed, nothing new comes meanwhile, and no comments take several pages.
// Rechecks come on top, whenever there is room. What was given up or set aside, and what belongs to an athlete who has
// to connect again, is not waited for.
func eta(ctx context.Context, tx *store.Tx, g *gate, now time.Time) (*time.Time, error) {
	b, err := tx.Backlog(ctx, now)
	if err != nil {
		return nil, err
	}
	calls := b.Waiting
	for class, n := range b.Ready {
		if musette.Class(class) != musette.ClassRecheck {
			calls += n
		}
	}
	if calls == 0 {
		return nil, nil
	}
	at := g.Ledger.Finish(now, calls, perCall)
	if last := b.Last.Add(perCall); b.Waiting > 0 && last.After(at) {
		at = last
	}
	return instant(at), nil
}

func instant(t time.Time) *time.Time {
	t = t.UTC().Truncate(time.Second)
	return &t
}

// since is instant, for times that may not be known.
func since(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return instant(t)
}

func sinceUnix(s int64) *time.Time {
	if s == 0 {
		return nil
	}
	return instant(time.Unix(s, 0))
}

// readAthletes returns the athletes with their counts, and when all lists were last known to be complete.
func readAthletes(ctx context.Context, tx *store.Tx, athletes []store.Athlete, grants []store.Grant) (out []musette.Athlete, asOf *time.Time, err error) {
	byID := grantsFor(grants, func(store.Grant) bool { return true })
	counts, err := tx.AllPartCounts(ctx)
	if sound(err) != nil {
		return nil, nil, err
	}
	held, err := readHeld(ctx, tx, athletes)
	if err != nil {
		return nil, nil, err
	}
	out = make([]musette.Athlete, 0, len(athletes))
	var oldest time.Time
	for i, a := range athletes {
		parts := counts[a.ID]
		m := musette.Athlete{ID: a.ID, Name: a.Name, State: musette.StateOK, Cause: a.Cause, Parts: make(map[musette.Part]musette.PartCount, len(musette.ActivityParts))}
		for _, part := range musette.ActivityParts {
			m.Parts[part] = parts[part]
		}
		m.Activities = parts[musette.PartSummary].Have
		if a.State != "" {
			m.State = a.State
		}
		if m.State == musette.StateHeld {
			m.Since = sinceUnix(held[a.ID])
		}
		if g, ok := byID[a.ID]; !ok {
			m.State, m.Cause, m.Since = musette.StateReconnect, noGrant, nil
		} else if g.State == musette.StateReconnect {
			m.State, m.Cause, m.Since = musette.StateReconnect, g.Cause, since(g.UpdatedAt)
		}
		m.Advice = m.State.Advice()
		out = append(out, m)
		if i == 0 || a.ListedAt.Before(oldest) {
			oldest = a.ListedAt
		}
	}
	if !oldest.IsZero() {
		asOf = instant(oldest)
	}
	return out, asOf, nil
}

// readHeld returns since when athletes' deletions are held, by athlete, Unix seconds.
func readHeld(ctx context.Context, tx *store.Tx, athletes []store.Athlete) (map[int64]int64, error) {
	if !slices.ContainsFunc(athletes, func(a store.Athlete) bool { return a.State == musette.StateHeld }) {
		return nil, nil
	}
	bodies, err := tx.Cursors(ctx, marksName)
	if sound(err) != nil {
		return nil, err
	}
	held := make(map[int64]int64, len(bodies))
	for id, body := range bodies {
		var m marks
		if json.Unmarshal(body, &m) == nil {
			held[id] = m.HeldSince
		}
	}
	return held, nil
}

const noGrant = "no athlete is connected yet: run `musette connect`, or set STRAVA_REFRESH_TOKEN"

const causeInactive = "Strava has switched this app off; its owner's subscription may have lapsed"

// causeLimited says why calls wait: there are none left, or those that are left are kept for what matters more.
func causeLimited(g *gate, opens, now time.Time) string {
	cause := "Strava's quota for now is used up"
	if g.Ledger.Room(now, musette.ClassLogin).Calls > 0 {
		cause = "what is left of Strava's quota for now is kept for newer activities and for people who wait"
	}
	if opens.After(now) {
		cause += "; the next call can be made at " + whole(opens).UTC().Format("15:04:05") + " UTC"
	}
	return cause
}

// whole is the next whole second: what is told of a time leaves out the rest, and it is not before.
func whole(t time.Time) time.Time { return t.Truncate(time.Second).Add(time.Second) }

// setState finds the worst state, with its cause, its end, when it began, and what to do about it.
func setState(s *musette.Status, d plan.Decision, g gate, grants []store.Grant, works bool, now time.Time) {
	s.State = d.State
	s.Until = since(d.Until)
	switch d.State {
	case musette.StateSyncing:
		if now.Sub(g.Host.LastCall) > busy { // due, but nobody is at it
			s.State = musette.StateOK
		}
	case musette.StateLimited:
		s.Cause = causeLimited(&g, d.Opens, now)
	case musette.StateOffline:
		s.Cause = "Strava doesn't answer as it should: " + g.Host.Cause
	case musette.StateInactive:
		s.Cause = causeInactive
	}
	if s.State == musette.StateOK && s.AsOf == nil { // the list has never been whole: that is not well yet
		s.State = musette.StateSyncing
	}
	s.Since = g.began(s.State)
	for _, a := range s.Athletes {
		if a.State == musette.StateHeld && (s.State != a.State || earlier(a.Since, s.Since)) && musette.Worst(s.State, a.State) == a.State {
			s.State, s.Until, s.Cause, s.Since = a.State, nil, a.Cause, a.Since
		}
	}
	if !works && s.State != musette.StateInactive {
		s.State, s.Until, s.Cause, s.Since = musette.StateReconnect, nil, noGrant, nil
		if len(grants) > 0 {
			s.Cause = grants[0].Cause
		}
		for _, grant := range grants { // it is everybody's since the last one's
			if s.Since == nil || grant.UpdatedAt.After(*s.Since) {
				s.Since = since(grant.UpdatedAt)
			}
		}
	}
	s.Advice = s.State.Advice()
}

// began is when a state of the host or of the last decision began, nil if that isn't known.
func (g *gate) began(s musette.State) *time.Time {
	switch {
	case s == musette.StateOffline:
		return since(g.Host.OfflineSince)
	case s == musette.StateInactive:
		return since(g.Host.InactiveSince)
	case s == g.State:
		return since(g.Since)
	}
	return nil
}

func earlier(a, b *time.Time) bool { return a != nil && b != nil && a.Before(*b) }
