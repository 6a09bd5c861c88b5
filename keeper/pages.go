package keeper

import (
	"context"
	"fmt"
	"time"

	"musette"
	"musette/plan"
	"musette/store"
)

// lists is what to list of an athlete whose grant has just proved to work: everything, or what is new if the first
// walk is done. A walk under way goes on.
func (k *Keeper) lists(old plan.States, athleteID int64, now time.Time) []musette.PartState {
	walk, ok := old[musette.ListWalk]
	if !ok {
		return []musette.PartState{{AthleteID: athleteID, Part: musette.ListWalk, Due: now, Class: musette.ClassList, FirstSeen: now}}
	}
	if !walk.Due.IsZero() {
		return []musette.PartState{k.Policy.Asked(walk, musette.ClassList, now)}
	}
	poll, ok := old[musette.ListPoll]
	if !ok {
		poll = musette.PartState{AthleteID: athleteID, Part: musette.ListPoll, FirstSeen: now}
	}
	return []musette.PartState{k.Policy.Asked(poll, musette.ClassList, now)}
}

// recordPage writes a page of summaries, marks what it lacks, and says what to list next.
func (k *Keeper) recordPage(ctx context.Context, tx *store.Tx, g *gate, states plan.States, st musette.PartState, r *result) error {
	p, l := readPage(r.page), r.list
	if l.Since == 0 {
		l.Since = r.at.UnixMilli()
	}
	known, err := knownActivities(ctx, tx, st.AthleteID)
	if err != nil {
		return err
	}
	if err := doubtful(p, l, len(known.ids)); err != nil {
		if _, believe := k.contradicted(st, r, err, 0); !believe {
			k.Log.Warn("a list is not believed", "athlete", st.AthleteID, "calls", r.calls(), "error", err)
			r.doubt = err
			return nil
		}
	}
	m, err := readMarks(ctx, tx, st.AthleteID)
	if err != nil {
		return err
	}
	poll := st.Part == musette.ListPoll
	in := intake{athleteID: st.AthleteID, known: known, marks: &m, first: l.First || poll && len(known.ids) == 0, at: r.at, even: r.even}
	if err := k.recordSummaries(ctx, tx, r.page, in); err != nil {
		return err
	}
	if err := relisted(ctx, tx, st.AthleteID, p.ids, &m, r.at); err != nil {
		return err
	}
	if poll && !in.first {
		if err := k.polledNew(ctx, tx, st.AthleteID, known.lacks(p.ids), r.at); err != nil {
			return err
		}
	}
	var end, bottom bool
	next := l
	if l.adrift(p) && !l.Wide {
		next = l.widen()
	} else {
		next, end, bottom = l.advance(p)
		if err := k.missing(ctx, tx, st.AthleteID, p, l, bottom, &next); err != nil {
			return err
		}
	}
	if poll || end {
		if err := k.judgeMissing(ctx, tx, st, next, &m, r.at); err != nil {
			return err
		}
	}
	if err := m.write(ctx, tx, st.AthleteID); err != nil {
		return err
	}
	switch {
	case poll:
		return k.polled(ctx, tx, g, states, st, p, known, r.at)
	case end:
		return k.walked(ctx, tx, g, states, st, next, len(known.ids), m.Held == st.Part, r.at)
	}
	st = k.Policy.Succeeded(st, st.LastSuccess) // of the page; the listing's own success is its end
	st.Due, st.LastTry, st.Class = r.at, r.at, min(st.Class, k.listClass(st.Part))
	if err := next.write(ctx, tx, st.AthleteID, st.Part); err != nil {
		return err
	}
	return tx.PutPartState(ctx, st)
}

func (k *Keeper) listClass(part musette.Part) musette.Class {
	if part == musette.ListSweep {
		return k.Policy.SweepClass()
	}
	return musette.ClassList
}

// doubtful reports a page that is empty though it can't be.
func doubtful(p page, l listing, known int) error {
	switch {
	case len(p.ids) > 0:
		return nil
	case l.Pages == 0 && known > 0:
		return fmt.Errorf("an empty list came for an account with %d activities: %w", known, musette.ErrContradiction)
	case l.Pages > 0 && l.Wide:
		return fmt.Errorf("an empty page came where activity %d was listed before: %w", l.Anchor, musette.ErrContradiction)
	}
	return nil
}

// walked ends a walk or sweep: all that it was to list has been.
func (k *Keeper) walked(ctx context.Context, tx *store.Tx, g *gate, states plan.States, st musette.PartState, l listing, activities int, held bool, at time.Time) error {
	id := st.AthleteID
	if err := tx.PutCursor(ctx, id, string(st.Part), nil); err != nil {
		return err
	}
	done := k.Policy.Succeeded(st, at)
	done.Class = k.listClass(st.Part)
	if l.Gap {
		return orErr(tx.PutPartState(ctx, done), func() error { return listed(ctx, tx, id, at) })
	}
	often, err := k.intervals(ctx, tx, g, id, activities)
	if err != nil {
		return err
	}
	sweep := states[musette.ListSweep]
	if st.Part == musette.ListSweep {
		sweep = done
	} else if err := tx.PutPartState(ctx, done); err != nil {
		return err
	}
	if sweep.Part == "" {
		sweep = musette.PartState{AthleteID: id, Part: musette.ListSweep, FirstSeen: at}
	}
	sweep.Due, sweep.Class = at.Add(often.sweep), k.Policy.SweepClass()
	if often.crowded && sweep.LastSuccess.IsZero() {
		sweep.Due = at.Add(k.somewhere(often.sweep))
	}
	if held { // whatever is wrong may be over tomorrow
		sweep.Due = at.Add(min(often.sweep, day))
	}
	poll, ok := states[musette.ListPoll]
	if !ok {
		poll = musette.PartState{AthleteID: id, Part: musette.ListPoll, FirstSeen: at}
		if often.crowded {
			often.poll = k.somewhere(often.poll)
		}
	}
	if poll.Due.IsZero() || poll.Class != musette.ClassForced { // the first page was as good as a poll
		began := time.UnixMilli(l.Since).UTC()
		poll = k.Policy.Succeeded(poll, began)
		poll.Due, poll.Class = began.Add(often.poll), musette.ClassList
	}
	return orErr(tx.PutPartState(ctx, sweep, poll), func() error { return listed(ctx, tx, id, at) })
}

const day = 24 * time.Hour

// orErr returns err, or what then returns.
func orErr(err error, then func() error) error {
	if err != nil {
		return err
	}
	return then()
}

// polled ends a poll. If nothing on the page was known before, there may be more new activities than a page holds:
// a walk back to what is known closes the gap.
func (k *Keeper) polled(ctx context.Context, tx *store.Tx, g *gate, states plan.States, st musette.PartState, p page, known knowledge, at time.Time) error {
	often, err := k.intervals(ctx, tx, g, st.AthleteID, len(known.ids))
	if err != nil {
		return err
	}
	st = k.Policy.Succeeded(st, at)
	st.Due, st.Class = at.Add(often.poll), musette.ClassList
	if err := tx.PutPartState(ctx, st); err != nil {
		return err
	}
	walk, ok := states[musette.ListWalk]
	if !ok {
		walk = musette.PartState{AthleteID: st.AthleteID, Part: musette.ListWalk, FirstSeen: at}
	}
	gap := known.gap(p)
	if gap.Pages == 0 {
		if !walk.Due.IsZero() { // the list isn't complete before the walk is done
			return nil
		}
		return listed(ctx, tx, st.AthleteID, at)
	}
	if !walk.Due.IsZero() { // one gap is still open: close both
		under, err := readListing(ctx, tx, st.AthleteID, musette.ListWalk)
		if err != nil {
			return err
		}
		gap.Gap, gap.First, gap.Stop = gap.Gap && under.Gap, under.First, min(gap.Stop, under.Stop)
	}
	gap.Since = at.UnixMilli()
	if err := gap.write(ctx, tx, st.AthleteID, musette.ListWalk); err != nil {
		return err
	}
	return tx.PutPartState(ctx, k.Policy.Asked(walk, musette.ClassList, at))
}

// knowledge is what was known of an athlete's live activities before a page came.
type knowledge struct {
	ids      map[int64]bool
	newest   int64 // start, Unix seconds
	newestID int64
}

func knownActivities(ctx context.Context, tx *store.Tx, athleteID int64) (n knowledge, err error) {
	ids, err := tx.ActivityIDs(ctx, athleteID, time.Time{}, time.Time{}) // by start
	if err != nil || len(ids) == 0 {
		return n, err
	}
	n.ids = make(map[int64]bool, len(ids))
	for _, id := range ids {
		n.ids[id] = true
	}
	n.newestID = ids[len(ids)-1]
	a, err := tx.Activity(ctx, athleteID, n.newestID)
	n.newest = a.Start.Unix()
	return n, sound(err)
}

// lacks returns those of the ids that were not known.
func (n knowledge) lacks(ids []int64) (fresh []int64) {
	for _, id := range ids {
		if !n.ids[id] {
			fresh = append(fresh, id)
		}
	}
	return fresh
}

// gap returns the walk that closes the gap between a poll's page and what is known; the zero listing if there is none.
func (n knowledge) gap(p page) listing {
	l := listing{Pages: 1, Newest: p.newest, Latest: p.newestID, Oldest: p.oldest, Before: p.oldest + 1, Anchor: p.oldestID}
	switch {
	case !p.bounded:
		return listing{}
	case len(n.ids) == 0: // the first page of all
		l.First = true
		return l
	case p.upturned && p.newest < n.newest: // the list came from the wrong end
		return listing{
			Pages: 1, Newest: n.newest, Latest: n.newestID, Oldest: p.oldest,
			After: n.newest - 1, Anchor: n.newestID, Upturned: true, Gap: true,
		}
	}
	for _, id := range p.ids {
		if n.ids[id] {
			return listing{}
		}
	}
	l.Gap, l.Stop, l.Upturned = true, n.newest, p.upturned
	return l
}

// listed notes when the list of activities was last known to be complete.
func listed(ctx context.Context, tx *store.Tx, athleteID int64, at time.Time) error {
	return setAthlete(ctx, tx, athleteID, func(a *store.Athlete) { a.ListedAt = at })
}

// rhythm is how often an athlete's activities are listed.
type rhythm struct {
	poll, sweep time.Duration
	crowded     bool // less often than the policy says: so many athletes share a day's quota
}

// somewhere is a time within an interval: athletes who are walked on one day are not to be listed on one day ever
// after.
func (k *Keeper) somewhere(interval time.Duration) time.Duration {
	return time.Duration(k.Jitter() * float64(interval))
}

// intervals returns the policy's intervals, stretched where there are so many athletes that the lists would take too
// much of a day's quota. The others are taken to have as many activities as this one.
func (k *Keeper) intervals(ctx context.Context, tx *store.Tx, g *gate, athleteID int64, activities int) (rhythm, error) {
	athletes, err := tx.Athletes(ctx)
	if sound(err) != nil {
		return rhythm{}, err
	}
	n := max(1, len(athletes))
	h, err := readHearsay(ctx, tx, athleteID)
	if err != nil {
		return rhythm{}, err
	}
	m := plan.Mirrored{Athletes: n, Activities: n * activities, ReadDay: g.Ledger.Day.Read.Limit, Webhooks: h.works()}
	poll, sweep := k.Policy.Lists(m)
	m.Athletes, m.Activities = 1, 0
	alone, _ := k.Policy.Lists(m)
	return rhythm{poll, sweep, poll > alone}, nil
}
