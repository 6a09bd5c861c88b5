package keeper

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/store"
	"musette/strava"
)

// listing is where a walk or sweep stands; its JSON is the cursor in the store. The zero value asks for the newest
// page.
//
// It walks from the newest back by time, never by page number, which an activity uploaded meanwhile would shift.
// The next page is asked for "before the oldest start so far, plus one second", so that it overlaps whether Strava
// takes before as inclusive or not. It ends at a page with nothing older.
//
// Strava's order isn't documented. Should pages ever come oldest first, the walk back ends at once though there is
// more; so it then goes forward by after, in the same way, until nothing newer comes.
type listing struct {
	Pages    int   `json:"pages"`
	Oldest   int64 `json:"oldest,omitzero"` // start of the oldest so far, Unix seconds
	Newest   int64 `json:"newest,omitzero"`
	Before   int64 `json:"before,omitzero"`   // of the next page
	After    int64 `json:"after,omitzero"`    // of the next page, when going forward
	Stop     int64 `json:"stop,omitzero"`     // older than this is known already
	Upturned bool  `json:"upturned,omitzero"` // a page came oldest first
	Held     bool  `json:"held,omitzero"`     // a page lacked too much to be believed
}

func readListing(ctx context.Context, tx *store.Tx, athleteID int64, part musette.Part) (l listing, err error) {
	body, err := tx.Cursor(ctx, athleteID, string(part))
	if err != nil || body == nil {
		return listing{}, err
	}
	if err := json.Unmarshal(body, &l); err != nil { // start over: it costs a few calls
		return listing{}, nil
	}
	return l, nil
}

func (l listing) write(ctx context.Context, tx *store.Tx, athleteID int64, part musette.Part) error {
	body, err := json.Marshal(l)
	if err != nil {
		return err
	}
	return tx.PutCursor(ctx, athleteID, string(part), body)
}

func (l listing) options() strava.ListOptions {
	o := strava.ListOptions{PerPage: listPage}
	if l.Before != 0 {
		o.Before = time.Unix(l.Before, 0)
	}
	if l.After != 0 {
		o.After = time.Unix(l.After, 0)
	}
	return o
}

// advance takes a page in and says whether the listing has come to its end.
func (l listing) advance(p page) (next listing, end bool) {
	l.Pages++
	l.Upturned = l.Upturned || p.upturned
	older := len(p.ids) > 0 && (l.Oldest == 0 || p.oldest < l.Oldest)
	newer := len(p.ids) > 0 && p.newest > l.Newest
	if older {
		l.Oldest, l.Before = p.oldest, p.oldest+1
		if p.oldestHidden { // its true start is some time that day: look at the whole day again
			l.Before = p.oldest + 24*60*60
		}
	}
	if newer {
		l.Newest = p.newest
	}
	back := l.After == 0
	switch {
	case back && older && (l.Stop == 0 || l.Oldest > l.Stop):
		return l, false
	case back && l.Upturned && l.Newest > 0, !back && newer:
		l.Before, l.After = 0, l.Newest-1
		return l, false
	}
	return l, true
}

// page is what matters of a page of summaries.
type page struct {
	ids            []int64
	oldest, newest int64 // starts, Unix seconds
	oldestHidden   bool  // the oldest hides its time of day
	upturned       bool  // oldest first
}

func readPage(summaries []strava.Summary) (p page) {
	for _, s := range summaries {
		start := s.Start.Unix()
		p.ids = append(p.ids, s.ID)
		if len(p.ids) == 1 || start < p.oldest {
			p.oldest, p.oldestHidden = start, strings.HasSuffix(s.StartLocal, "T00:00:01Z")
		}
		if len(p.ids) == 1 || start > p.newest {
			p.newest = start
		}
	}
	if n := len(summaries); n > 1 {
		p.upturned = summaries[0].Start.Before(summaries[n-1].Start)
	}
	return p
}

// beginWalk makes the first walk due, from the newest page.
func (k *Keeper) beginWalk(ctx context.Context, tx *store.Tx, athleteID int64, now time.Time) error {
	return tx.PutPartState(ctx, musette.PartState{
		AthleteID: athleteID, Part: musette.ListWalk, Due: now, Class: musette.ClassList, FirstSeen: now,
	})
}

// recordPage writes a page of summaries, marks what it lacks, and says what to list next.
func (k *Keeper) recordPage(ctx context.Context, tx *store.Tx, st musette.PartState, r *result, v verdict) error {
	if v != fine {
		return tx.PutPartState(ctx, k.Policy.Failed(st, failure(r.err), jitter(), r.at))
	}
	p := readPage(r.page)
	known, newest, err := knownActivities(ctx, tx, st.AthleteID)
	if err != nil {
		return err
	}
	if len(p.ids) == 0 && len(known) > 0 && r.list.Pages == 0 {
		err := fmt.Errorf("an empty list came for an account with %d activities: %w", len(known), musette.ErrContradiction)
		after, believe := k.Policy.Contradicted(st, failure(err), jitter(), r.at)
		if !believe {
			return tx.PutPartState(ctx, after)
		}
	}
	if err := k.recordSummaries(ctx, tx, st.AthleteID, r.page, known, r.at); err != nil {
		return err
	}
	k.changed = true
	next, end := r.list.advance(p)
	if !p.upturned && !next.Upturned {
		held, err := k.markAbsent(ctx, tx, st.AthleteID, p, r.list, end && st.Part != musette.ListPoll, r.at)
		if err != nil {
			return err
		}
		next.Held = next.Held || held
	}
	if st.Part == musette.ListPoll {
		return k.polled(ctx, tx, st, p, known, newest, next.Held, r.at)
	}
	if !end {
		st.Due, st.Tries, st.LastTry, st.LastSuccess = r.at, 0, r.at, r.at
		st.ErrorKind, st.Error = "", ""
		if err := next.write(ctx, tx, st.AthleteID, st.Part); err != nil {
			return err
		}
		return tx.PutPartState(ctx, st)
	}
	return k.walked(ctx, tx, st, next.Held, r.at)
}

// walked ends a walk or sweep: everything has been listed.
func (k *Keeper) walked(ctx context.Context, tx *store.Tx, st musette.PartState, held bool, at time.Time) error {
	id := st.AthleteID
	if err := tx.PutCursor(ctx, id, string(st.Part), nil); err != nil {
		return err
	}
	done := k.Policy.Succeeded(st, at)
	sweep := musette.PartState{AthleteID: id, Part: musette.ListSweep, FirstSeen: at}
	states, err := tx.PartStates(ctx, id, 0)
	if err != nil {
		return err
	}
	old := byPart(states)
	if s, ok := old[musette.ListSweep]; ok {
		sweep = s
	}
	if st.Part == musette.ListSweep {
		sweep = done
	} else if err := tx.PutPartState(ctx, done); err != nil {
		return err
	}
	sweep.Due, sweep.Class = at.Add(k.Policy.Sweep), musette.ClassRecheck
	poll, ok := old[musette.ListPoll]
	if !ok {
		poll = musette.PartState{AthleteID: id, Part: musette.ListPoll, FirstSeen: at}
	}
	if poll.Due.IsZero() || poll.Class != musette.ClassForced {
		poll = k.Policy.Succeeded(poll, at)
		poll.Due, poll.Class = at.Add(k.Policy.Poll), musette.ClassList
	}
	if err := tx.PutPartState(ctx, sweep, poll); err != nil {
		return err
	}
	return listed(ctx, tx, id, held, at)
}

// polled ends a poll. If nothing on the page was known before, there may be more new activities than a page holds:
// a walk back to what is known closes the gap.
func (k *Keeper) polled(ctx context.Context, tx *store.Tx, st musette.PartState, p page, known map[int64]bool, newest int64, held bool, at time.Time) error {
	st = k.Policy.Succeeded(st, at)
	st.Due, st.Class = at.Add(k.Policy.Poll), musette.ClassList
	if err := tx.PutPartState(ctx, st); err != nil {
		return err
	}
	gap := listing{}
	switch {
	case len(known) == 0 || len(p.ids) == 0:
	case p.upturned && p.newest < newest: // the list came from the wrong end
		gap = listing{Pages: 1, Newest: newest, Oldest: p.oldest, After: newest - 1, Upturned: true}
	case !overlaps(p.ids, known):
		gap = listing{Pages: 1, Newest: p.newest, Oldest: p.oldest, Before: p.oldest + 1, Stop: newest}
	}
	if gap.Pages == 0 {
		return listed(ctx, tx, st.AthleteID, held, at)
	}
	if err := gap.write(ctx, tx, st.AthleteID, musette.ListWalk); err != nil {
		return err
	}
	return k.beginWalk(ctx, tx, st.AthleteID, at)
}

func overlaps(ids []int64, known map[int64]bool) bool {
	for _, id := range ids {
		if known[id] {
			return true
		}
	}
	return false
}

// listed notes when the list of activities was last known to be complete, and ends a hold if nothing is held now.
func listed(ctx context.Context, tx *store.Tx, athleteID int64, held bool, at time.Time) error {
	return setAthlete(ctx, tx, athleteID, func(a *store.Athlete) {
		a.ListedAt = at
		if !held && a.State == musette.StateHeld {
			a.State, a.Cause = musette.StateOK, ""
		}
	})
}

// knownActivities returns the ids of the athlete's live activities, and the newest start, as they were before a page.
func knownActivities(ctx context.Context, tx *store.Tx, athleteID int64) (known map[int64]bool, newest int64, err error) {
	ids, err := tx.ActivityIDs(ctx, athleteID, time.Time{}, time.Time{})
	if err != nil || len(ids) == 0 {
		return nil, 0, err
	}
	known = make(map[int64]bool, len(ids))
	for _, id := range ids {
		known[id] = true
	}
	a, err := tx.Activity(ctx, athleteID, ids[len(ids)-1]) // by start
	return known, a.Start.Unix(), err
}
