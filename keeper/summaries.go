package keeper

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"musette"
	"musette/store"
	"musette/strava"
)

// recordSummaries stores the summaries that are new or other than before, or whose activity has a tombstone, which
// being listed lifts; the rest it confirms. known are the ids of live activities.
func (k *Keeper) recordSummaries(ctx context.Context, tx *store.Tx, athleteID int64, page []strava.Summary, known map[int64]bool, at time.Time) error {
	ids := make([]int64, len(page))
	for i, s := range page {
		ids[i] = s.ID
	}
	metas, err := tx.DocumentMetas(ctx, athleteID, musette.PartSummary, ids)
	if err != nil && metas == nil {
		return err
	}
	var same []int64
	for i := range page {
		s := &page[i]
		if meta, ok := metas[s.ID]; ok && meta.SHA256 == sha256.Sum256(s.Raw) && known[s.ID] {
			same = append(same, s.ID)
			continue
		}
		if err := k.recordSummary(ctx, tx, athleteID, s, at); err != nil {
			return err
		}
	}
	return tx.Confirm(ctx, athleteID, musette.PartSummary, same, at)
}

// recordSummary stores one summary. One that can't be used is left out and named in the log: it costs nobody else
// anything, and the next listing brings it again.
func (k *Keeper) recordSummary(ctx context.Context, tx *store.Tx, athleteID int64, s *strava.Summary, at time.Time) error {
	if s.AthleteID != 0 && s.AthleteID != athleteID {
		k.Log.Warn("a list held another athlete's activity", "activity", s.ID, "athlete", athleteID)
		return nil
	}
	if err := musette.Accept(musette.PartSummary, s.Raw, nil); err != nil {
		k.Log.Warn("a summary can't be used", "activity", s.ID, "athlete", athleteID, "error", err)
		return nil
	}
	docs, err := documents(ctx, tx, athleteID, s.ID)
	if err != nil {
		return err
	}
	doc := musette.NewDocument(athleteID, s.ID, musette.PartSummary, musette.SourceAPI, s.Raw, at)
	return k.put(ctx, tx, doc, docs)
}

// A listing that lacks more than a tenth of what it should have, and more than a few, is not believed.
const heldShare, heldCount = 10, 5

// markAbsent notes which known activities a complete listing lacks, and makes a look at each due. A page is complete
// from its oldest start (that second itself excepted: its rest may be on the next page) to where it began; the last
// page of a walk is complete down to the beginning of time.
func (k *Keeper) markAbsent(ctx context.Context, tx *store.Tx, athleteID int64, p page, l listing, last bool, at time.Time) (held bool, err error) {
	if len(p.ids) == 0 && l.Pages == 0 {
		return false, nil // an empty account, or one that is believed to be
	}
	from, to := time.Time{}, time.Time{}
	if !last {
		from = time.Unix(p.oldest+1, 0)
	}
	if l.Before != 0 {
		to = time.Unix(l.Before-1, 0)
	}
	should, err := tx.ActivityIDs(ctx, athleteID, from, to)
	if err != nil {
		return false, err
	}
	has := make(map[int64]bool, len(p.ids))
	for _, id := range p.ids {
		has[id] = true
	}
	var missing []int64
	for _, id := range should {
		if !has[id] {
			missing = append(missing, id)
		}
	}
	if len(missing) > heldCount && len(missing)*heldShare > len(should) {
		return true, k.hold(ctx, tx, athleteID, len(missing), len(should))
	}
	for _, id := range missing {
		if err := k.askAbsent(ctx, tx, athleteID, id, at); err != nil {
			return false, err
		}
	}
	return false, nil
}

// hold refuses to believe a listing, and says so: nothing is deleted.
func (k *Keeper) hold(ctx context.Context, tx *store.Tx, athleteID int64, missing, of int) error {
	k.Log.Warn("a listing lacks many activities; none is deleted", "athlete", athleteID, "missing", missing, "of", of)
	return setAthlete(ctx, tx, athleteID, func(a *store.Athlete) {
		a.State = musette.StateHeld
		a.Cause = fmt.Sprintf("Strava's list lacks %d of %d activities; all are kept until the list has them again", missing, of)
	})
}

// setAthlete changes the athlete's row.
func setAthlete(ctx context.Context, tx *store.Tx, athleteID int64, set func(*store.Athlete)) error {
	athletes, err := tx.Athletes(ctx)
	if err != nil {
		return err
	}
	for _, a := range athletes {
		if a.ID == athleteID {
			set(&a)
			return tx.PutAthlete(ctx, a)
		}
	}
	return nil
}

// askAbsent makes a detail call due for an activity that a listing lacks: only a 404 on top makes it gone.
func (k *Keeper) askAbsent(ctx context.Context, tx *store.Tx, athleteID, id int64, at time.Time) error {
	states, err := tx.PartStates(ctx, athleteID, id)
	if err != nil {
		return err
	}
	old := byPart(states)
	st, ok := old[musette.PartDetail]
	if !ok { // outside the filter
		st = old[musette.PartSummary]
		st.Part, st.Outcome = musette.PartDetail, musette.OutcomeNever
	}
	if !st.Absent.IsZero() && st.Class <= musette.ClassList && !st.Due.IsZero() {
		return nil
	}
	st.Absent = at
	return tx.PutPartState(ctx, k.Policy.Asked(st, musette.ClassList, at))
}

// ask makes the parts of one activity due for somebody who wants it fetched again; without a known activity there is
// nothing to ask.
func (k *Keeper) ask(ctx context.Context, tx *store.Tx, activityID int64, class musette.Class, now time.Time) (calls int, err error) {
	a, err := tx.FindActivity(ctx, activityID)
	if err != nil {
		return 0, err
	}
	states, err := tx.PartStates(ctx, a.AthleteID, a.ID)
	if err != nil {
		return 0, err
	}
	old := byPart(states)
	if _, ok := old[musette.PartDetail]; !ok {
		st := old[musette.PartSummary]
		st.Part, st.Outcome = musette.PartDetail, musette.OutcomeNever
		old[musette.PartDetail] = st
	}
	for part, st := range old {
		if part == musette.PartSummary || part != musette.PartDetail && st.Wanted == 0 {
			continue
		}
		if err := tx.PutPartState(ctx, k.Policy.Asked(st, class, now)); err != nil {
			return calls, err
		}
		calls++
	}
	return calls, nil
}
