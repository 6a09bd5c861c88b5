package keeper

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"musette"
	"musette/plan"
	"musette/store"
)

// A listing that lacks more than a tenth of what it should have, and more than a few, is not believed, nor are so many
// deletions that come otherwise within a day: each activity becomes a deletion that waits for a person, and the
// athlete's state is held. Everything else goes on.
//
//   - One that is listed again is no deletion any more; when none waits, the state ends by itself.
//   - One that a person accepts goes the normal way: its detail is asked for, and only a 404 on top makes it gone.
//   - One that a person rejects is kept: for its owner only, until a person accepts after all, or Strava lists it.
//
// What a sweep has found isn't judged by a poll, which sees the newest page only; what events have claimed isn't judged
// by any listing that lacks it too (guard.go).
const heldShare, heldCount = 10, 5

// kindLook is an inbox row that only wakes whoever leads: something else in the store has become due.
const kindLook = "look"

// judgeMissing ends a listing: what it lacked is asked for, unless that is too much to be believed. Only a 404 on
// top makes an activity gone.
func (k *Keeper) judgeMissing(ctx context.Context, tx *store.Tx, st musette.PartState, l listing, m *marks, at time.Time) error {
	lacked, err := lackedBy(ctx, tx, st.AthleteID, l, at)
	if err != nil || len(lacked) == 0 {
		return err
	}
	known, err := deletions(ctx, tx, st.AthleteID)
	if err != nil {
		return err
	}
	var doubted, believed []int64
	for _, id := range lacked {
		switch d, ok := known[id]; {
		case ok && d.Decision == store.DeletionAccepted:
			believed = append(believed, id)
		case ok && d.Decision == store.DeletionWaits && (d.Listing == "" || d.Listing == musette.ListSweep && st.Part != musette.ListSweep):
		default:
			doubted = append(doubted, id)
		}
	}
	if tooMany(len(doubted), l.Should) {
		m.Held = st.Part
		k.Log.Warn("a listing lacks many activities; none is deleted", "athlete", st.AthleteID, "missing", len(doubted), "of", l.Should)
		if err := hold(ctx, tx, st, l, doubted, known, m, at); err != nil {
			return err
		}
	} else {
		if err := tx.DropDeletions(ctx, st.AthleteID, doubted...); err != nil {
			return err
		}
		believed = append(believed, doubted...)
	}
	believed = slices.DeleteFunc(believed, func(id int64) bool {
		_, asked := m.Absent[id]
		return asked && st.Part == musette.ListPoll // the next sweep asks again
	})
	for _, id := range believed {
		m.Absent[id] = at.Unix()
	}
	if err := askAbsent(ctx, tx, st.AthleteID, at, believed...); err != nil {
		return err
	}
	return followHold(ctx, tx, st.AthleteID, m, at)
}

// lackedBy returns what a listing lacked. If that was too much for its cursor, it is all that should have been listed
// and hasn't been since it began.
func lackedBy(ctx context.Context, tx *store.Tx, athleteID int64, l listing, at time.Time) ([]int64, error) {
	if l.Lost == 0 {
		return l.Missing, nil
	}
	from, to := l.span()
	should, err := tx.ActivityIDs(ctx, athleteID, from, to)
	if err != nil {
		return nil, err
	}
	metas, err := tx.DocumentMetas(ctx, athleteID, musette.PartSummary, should)
	if sound(err) != nil {
		return nil, err
	}
	return slices.DeleteFunc(should, func(id int64) bool { return l.confirmed(metas[id], at) }), nil
}

// span is within which starts a whole listing listed everything; zero is no end.
func (l listing) span() (from, to time.Time) {
	if l.Upturned || l.Gap {
		return time.Unix(l.Oldest+1, 0), time.Unix(l.Newest-1, 0)
	}
	return time.Time{}, time.Time{}
}

// deletions returns an athlete's, by activity.
func deletions(ctx context.Context, tx *store.Tx, athleteID int64) (map[int64]store.Deletion, error) {
	list, err := tx.Deletions(ctx, athleteID)
	byID := make(map[int64]store.Deletion, len(list))
	for _, d := range list {
		byID[d.ActivityID] = d
	}
	return byID, sound(err)
}

// hold writes down what waits. Doubts of before are taken back: nothing is deleted.
func hold(ctx context.Context, tx *store.Tx, st musette.PartState, l listing, ids []int64, known map[int64]store.Deletion, m *marks, at time.Time) error {
	from, to := l.span()
	if st.Part == musette.ListPoll {
		from = time.Unix(l.Oldest, 0)
	}
	var list []store.Deletion
	for _, id := range ids {
		d, ok := known[id]
		if !ok || d.Decision != store.DeletionWaits {
			d = store.Deletion{AthleteID: st.AthleteID, ActivityID: id, FoundAt: at}
		}
		d.Listing, d.From, d.To = st.Part, from, to
		list = append(list, d)
		delete(m.Absent, id)
	}
	return tx.PutDeletions(ctx, list...)
}

// relisted takes back the deletions of what is listed again.
func relisted(ctx context.Context, tx *store.Tx, athleteID int64, ids []int64, m *marks, at time.Time) error {
	for _, id := range ids {
		delete(m.Buried, id)
	}
	known, err := deletions(ctx, tx, athleteID)
	if err != nil || len(known) == 0 {
		return err
	}
	ids = slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { _, ok := known[id]; return !ok })
	if len(ids) == 0 {
		return nil
	}
	if err := tx.DropDeletions(ctx, athleteID, ids...); err != nil {
		return err
	}
	return followHold(ctx, tx, athleteID, m, at)
}

// followHold lets the athlete's state be held while a deletion waits, and no longer.
func followHold(ctx context.Context, tx *store.Tx, athleteID int64, m *marks, at time.Time) error {
	known, err := deletions(ctx, tx, athleteID)
	if err != nil {
		return err
	}
	waiting := 0
	for _, d := range known {
		if d.Decision == store.DeletionWaits {
			waiting++
		}
	}
	if waiting == 0 {
		m.HeldSince = 0
	} else if m.HeldSince == 0 {
		m.HeldSince = at.Unix()
	}
	return setAthlete(ctx, tx, athleteID, func(a *store.Athlete) {
		switch {
		case waiting > 0:
			a.State = musette.StateHeld
			a.Cause = fmt.Sprintf("%s deleted on Strava, too many at once to be believed; deletions wait for you, everything else goes on", seem(waiting))
		case a.State == musette.StateHeld:
			a.State, a.Cause = musette.StateOK, ""
		}
	})
}

func seem(n int) string {
	if n == 1 {
		return "1 activity seems"
	}
	return fmt.Sprintf("%d activities seem", n)
}

// askAbsent makes a detail call due for each of some activities that a listing lacks.
func askAbsent(ctx context.Context, tx *store.Tx, athleteID int64, at time.Time, ids ...int64) error {
	states, err := tx.PartStatesOf(ctx, athleteID, ids)
	if sound(err) != nil {
		return err
	}
	var p plan.Policy // what is asked for is due by no rule
	asked := make([]musette.PartState, len(ids))
	for i, id := range ids {
		asked[i] = p.Asked(detailState(byPart(states[id])), musette.ClassList, at)
	}
	return tx.PutPartState(ctx, asked...)
}

// A NoDeletionError says that there is no deletion of an activity to decide about.
type NoDeletionError struct{ ActivityID int64 }

func (e *NoDeletionError) Error() string {
	return fmt.Sprintf("no deletion of activity %d waits", e.ActivityID)
}

// AcceptDeletions lets the normal way go on for activities that a held listing lacked, or that were kept: whoever
// leads asks for each, and only a 404 makes it gone. Without ids it is for all that wait. It returns how many they are.
// An id without a deletion is a [NoDeletionError], and nothing is changed.
func AcceptDeletions(ctx context.Context, st *store.Store, ids []int64, now time.Time) (int, error) {
	return decideDeletions(ctx, st, ids, store.DeletionAccepted, now)
}

// RejectDeletions keeps activities that a held listing lacked: for their owner only, until a person accepts their
// deletion after all, or Strava lists them again. Otherwise it is as AcceptDeletions.
func RejectDeletions(ctx context.Context, st *store.Store, ids []int64, now time.Time) (int, error) {
	return decideDeletions(ctx, st, ids, store.DeletionRejected, now)
}

func decideDeletions(ctx context.Context, st *store.Store, ids []int64, decision string, now time.Time) (n int, err error) {
	err = st.Update(ctx, nil, func(tx *store.Tx) error {
		chosen, err := chooseDeletions(ctx, tx, ids)
		if err != nil {
			return err
		}
		n = len(chosen)
		byAthlete := map[int64][]store.Deletion{}
		for _, d := range chosen {
			byAthlete[d.AthleteID] = append(byAthlete[d.AthleteID], d)
		}
		for _, athleteID := range slices.Sorted(maps.Keys(byAthlete)) {
			m, err := readMarks(ctx, tx, athleteID)
			if err != nil {
				return err
			}
			for _, d := range byAthlete[athleteID] {
				if err := decideDeletion(ctx, tx, d, decision, &m, now); err != nil {
					return err
				}
			}
			if err := followHold(ctx, tx, athleteID, &m, now); err != nil {
				return err
			}
			if err := m.write(ctx, tx, athleteID); err != nil {
				return err
			}
		}
		if n == 0 {
			return nil
		}
		_, err = tx.PutInbox(ctx, store.InboxItem{Kind: kindLook, ReceivedAt: now})
		return err
	})
	return n, err
}

// chooseDeletions returns those of the ids, or all that wait.
func chooseDeletions(ctx context.Context, tx *store.Tx, ids []int64) (chosen []store.Deletion, err error) {
	all, err := tx.Deletions(ctx, 0)
	if sound(err) != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return slices.DeleteFunc(all, func(d store.Deletion) bool { return d.Decision != store.DeletionWaits }), nil
	}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		i := slices.IndexFunc(all, func(d store.Deletion) bool { return d.ActivityID == id })
		if i < 0 {
			return nil, &NoDeletionError{id}
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

func decideDeletion(ctx context.Context, tx *store.Tx, d store.Deletion, decision string, m *marks, now time.Time) error {
	if d.Decision == decision {
		return nil
	}
	d.Decision, d.DecidedAt = decision, now
	delete(m.Buried, d.ActivityID)
	if decision == store.DeletionAccepted {
		m.Absent[d.ActivityID] = now.Unix()
		if err := askAbsent(ctx, tx, d.AthleteID, now, d.ActivityID); err != nil {
			return err
		}
	} else {
		delete(m.Absent, d.ActivityID)
		if err := keep(ctx, tx, d); err != nil {
			return err
		}
	}
	return tx.PutDeletions(ctx, d)
}

// keep makes an activity one that is kept: nothing of it is fetched any more.
func keep(ctx context.Context, tx *store.Tx, d store.Deletion) error {
	a, err := tx.Activity(ctx, d.AthleteID, d.ActivityID)
	if errors.Is(err, store.ErrNotFound) {
		return nil // purged meanwhile
	}
	if err != nil {
		return err
	}
	wasGone := a.Status == store.StatusGone
	a.Status, a.GoneAt = store.StatusKept, time.Time{}
	if _, err := tx.PutActivity(ctx, a); err != nil {
		return err
	}
	states, err := partStates(ctx, tx, d.AthleteID, d.ActivityID)
	if err != nil {
		return err
	}
	if wasGone {
		docs, err := documents(ctx, tx, d.AthleteID, d.ActivityID)
		if err != nil {
			return err
		}
		states = had(states, docs)
	}
	return tx.PutPartState(ctx, atRest(states)...)
}

// atRest are an activity's states with nothing due: it is gone, or kept.
func atRest(states plan.States) (out []musette.PartState) {
	for _, st := range states {
		st.Due, st.NotFound, st.Tries, st.Failures = time.Time{}, time.Time{}, 0, 0
		st.ErrorKind, st.Error = "", ""
		out = append(out, st)
	}
	return out
}

// buried takes back the deletion of an activity that is gone now.
func buried(ctx context.Context, tx *store.Tx, athleteID, activityID int64, at time.Time) error {
	known, err := deletions(ctx, tx, athleteID)
	if _, ok := known[activityID]; err != nil || !ok {
		return err
	}
	if err := tx.DropDeletions(ctx, athleteID, activityID); err != nil {
		return err
	}
	m, err := readMarks(ctx, tx, athleteID)
	if err != nil {
		return err
	}
	if err := followHold(ctx, tx, athleteID, &m, at); err != nil {
		return err
	}
	return m.write(ctx, tx, athleteID)
}
