package keeper

import (
	"context"
	"crypto/sha256"
	"errors"
	"reflect"
	"slices"
	"time"

	"musette"
	"musette/plan"
	"musette/store"
	"musette/strava"
)

// An intake is what is known when a page of summaries comes.
type intake struct {
	athleteID int64
	known     knowledge
	marks     *marks
	first     bool // it is the first walk's
	at, even  time.Time
	metas     map[musette.Key]musette.Document // of all that is here of the page's activities, without their bodies
}

func (in *intake) meta(id int64, part musette.Part) (musette.Document, bool) {
	d, ok := in.metas[musette.Key{AthleteID: in.athleteID, ActivityID: id, Part: part}]
	return d, ok
}

// recordSummaries stores the summaries that are new or other than before, or whose activity has a tombstone, which
// being listed lifts; the rest it confirms. What the page needs is read at once, decided about one by one, and written at
// once.
func (k *Keeper) recordSummaries(ctx context.Context, tx *store.Tx, page []strava.Summary, in intake) error {
	var err error
	if in.metas, err = tx.MetasOf(ctx, in.athleteID, idsOf(page)); sound(err) != nil {
		return err
	}
	fresh := map[int64]*strava.Summary{} // of two with one id the last counts
	var ids, same []int64
	for i := range page {
		s := &page[i]
		delete(in.marks.Absent, s.ID)
		if meta, ok := in.meta(s.ID, musette.PartSummary); ok && in.known.ids[s.ID] && meta.SHA256 == sha256.Sum256(s.Raw) {
			delete(in.marks.Routeless, s.ID)
			same = append(same, s.ID)
			continue
		}
		if fresh[s.ID] == nil {
			ids = append(ids, s.ID)
		}
		fresh[s.ID] = s
	}
	again, err := overtaken(ctx, tx, in, same)
	if err != nil {
		return err
	}
	filed, err := filings(ctx, tx, in.athleteID, slices.Concat(ids, again))
	if err != nil {
		return err
	}
	var o outcome
	for _, id := range ids {
		if err := k.takeSummary(&o, fresh[id], filed[id], in); err != nil {
			return err
		}
	}
	for _, id := range again {
		if err := k.takeConfirmed(&o, id, filed[id], in); err != nil {
			return err
		}
	}
	changed, err := o.write(ctx, tx)
	if err != nil {
		return err
	}
	k.changed = k.changed || len(changed) > 0
	if err := tx.Confirm(ctx, in.athleteID, musette.PartSummary, same, in.at); err != nil {
		return err
	}
	return k.confirmParts(ctx, tx, page, in)
}

func idsOf(page []strava.Summary) []int64 {
	ids := make([]int64, len(page))
	for i, s := range page {
		ids[i] = s.ID
	}
	return ids
}

// overtaken returns those of the ids whose detail came after their summary was last confirmed, and says something else.
// That summary, listed once more as it was, goes before the detail again: an edit that the detail had seen was taken back.
func overtaken(ctx context.Context, tx *store.Tx, in intake, ids []int64) (out []int64, err error) {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id int64) bool {
		summary, _ := in.meta(id, musette.PartSummary)
		detail, ok := in.meta(id, musette.PartDetail)
		return !ok || summary.ConfirmedAt.After(detail.FetchedAt)
	})
	docs, err := tx.DocumentsOf(ctx, in.athleteID, ids, musette.PartSummary, musette.PartDetail)
	if sound(err) != nil {
		return nil, err
	}
	for _, id := range ids {
		before, errBefore := musette.Derive(docs[id], false)
		confirmSummary(docs[id], in.at)
		after, errAfter := musette.Derive(docs[id], false)
		if errBefore != nil || errAfter != nil || !reflect.DeepEqual(before, after) {
			out = append(out, id)
		}
	}
	return out, nil
}

// confirmSummary dates the summary among an activity's documents as confirmed, as [store.Tx.Confirm] does.
func confirmSummary(docs []musette.Document, at time.Time) {
	for i := range docs {
		if d := &docs[i]; d.Part == musette.PartSummary && d.ConfirmedAt.Before(at) {
			d.ConfirmedAt = at
		}
	}
}

// takeConfirmed takes in that a summary goes before the detail again.
func (k *Keeper) takeConfirmed(o *outcome, id int64, f filing, in intake) error {
	confirmSummary(f.docs, in.at)
	err := k.derive(o, in.athleteID, id, f, store.Activity{Status: store.StatusLive}, in.at)
	if errors.Is(err, musette.ErrNoBasics) { // damaged: the next listing brings a summary
		return nil
	}
	return err
}

// takeSummary takes in one summary. One that can't be used is set aside with its reason: it costs nobody else
// anything, and the next listing brings it again.
func (k *Keeper) takeSummary(o *outcome, s *strava.Summary, f filing, in intake) error {
	if s.AthleteID != 0 && s.AthleteID != in.athleteID {
		k.Log.Warn("a list held another athlete's activity", "activity", s.ID, "athlete", in.athleteID)
		return nil
	}
	seen, known := f.states[musette.PartSummary]
	if err := musette.Accept(musette.PartSummary, s.Raw, nil); err != nil {
		o.states = append(o.states, k.quarantined(in.athleteID, s.ID, seen, err, in.at))
		return nil
	}
	if in.known.ids[s.ID] && k.losesRoute(f.docs, s, in) {
		if othersSee(s, f.docs) {
			o.states = append(o.states, k.Policy.Asked(detailState(f.states), musette.ClassRecent, in.at))
		}
		return nil
	}
	if known {
		seen.ErrorKind, seen.Error = "", ""
		f.states[musette.PartSummary] = seen
	}
	f.first = in.first
	return k.put(o, musette.NewDocument(in.athleteID, s.ID, musette.PartSummary, musette.SourceAPI, s.Raw, in.at), f)
}

// losesRoute reports whether a summary is not to be believed for now: it has no route, where one was known before.
// Our clock alone doesn't make it old: the doubt begins anew when that was set.
func (k *Keeper) losesRoute(docs []musette.Document, s *strava.Summary, in intake) bool {
	m := in.marks
	if s.SummaryPolyline == "" {
		if basics, err := basicsOf(docs); err == nil && basics.SummaryPolyline != "" {
			since, doubted := m.Routeless[s.ID]
			if !doubted {
				m.Routeless[s.ID] = in.at.Unix()
			}
			if !doubted || in.at.Sub(time.Unix(max(since, in.even.Unix()), 0)) < k.Policy.Believe {
				k.Log.Warn("a summary has lost its route; it is believed if it stays so for a day", "activity", s.ID)
				return true
			}
		}
	}
	delete(m.Routeless, s.ID)
	return false
}

// othersSee reports whether a summary that isn't believed says that other people may see the activity than is known. Then
// its detail is asked for at once: what was made private must not stay public for the time of a doubt.
func othersSee(s *strava.Summary, docs []musette.Document) bool {
	told, err := musette.ParseBasics(s.Raw)
	if err != nil {
		return false // it has nothing to say of that
	}
	known, err := basicsOf(docs)
	return err == nil && told.Visibility != known.Visibility
}

// quarantined is the state of a summary that can't be used, with why. What is here of the activity stays.
func (k *Keeper) quarantined(athleteID, id int64, seen musette.PartState, why error, at time.Time) musette.PartState {
	k.Log.Warn("a summary can't be used", "activity", id, "athlete", athleteID, "error", why)
	if seen.Part == "" {
		seen = musette.PartState{
			AthleteID: athleteID, ActivityID: id, Part: musette.PartSummary, Outcome: musette.OutcomeQuarantined, FirstSeen: at,
		}
	}
	seen.LastTry, seen.ErrorKind, seen.Error = at, "unusable", why.Error()
	return seen
}

// detailState returns the state of an activity's detail; one outside the filter may have none yet.
func detailState(states plan.States) musette.PartState {
	st, ok := states[musette.PartDetail]
	if !ok {
		st = states[musette.PartSummary]
		st.Part, st.Outcome = musette.PartDetail, musette.OutcomeNever
	}
	return st
}

// ask makes the parts of one activity due for somebody who wants it fetched again, whatever became of them before. Of
// one that is gone or kept only the detail tells anything.
func (k *Keeper) ask(ctx context.Context, tx *store.Tx, activityID int64, class musette.Class, now time.Time) error {
	a, err := findActivity(ctx, tx, activityID)
	if err != nil {
		return err
	}
	states, err := partStates(ctx, tx, a.AthleteID, a.ID)
	if err != nil {
		return err
	}
	states[musette.PartDetail] = detailState(states)
	var asked []musette.PartState
	for part, st := range states {
		enriches := st.Wanted != 0 && a.Status == store.StatusLive
		if part == musette.PartDetail || part != musette.PartSummary && enriches {
			asked = append(asked, k.Policy.Asked(st, class, now))
		}
	}
	return tx.PutPartState(ctx, asked...)
}

// findActivity is [store.Tx.FindActivity], but finds one too of which nothing is here but a summary that can't be used.
func findActivity(ctx context.Context, tx *store.Tx, id int64) (store.Activity, error) {
	a, err := tx.FindActivity(ctx, id)
	if !errors.Is(err, store.ErrNotFound) || id == 0 {
		return a, err
	}
	athletes, failed := tx.Athletes(ctx)
	if sound(failed) != nil {
		return a, failed
	}
	for _, who := range athletes {
		states, failed := partStates(ctx, tx, who.ID, id)
		if failed != nil {
			return a, failed
		}
		if len(states) > 0 {
			return store.Activity{AthleteID: who.ID, ID: id}, nil
		}
	}
	return a, err
}

// Known returns [store.ErrNotFound] for an activity that nothing is known of: it can't be asked for.
func Known(ctx context.Context, st *store.Store, id int64) error {
	return st.View(ctx, func(tx *store.Tx) error {
		_, err := findActivity(ctx, tx, id)
		return sound(err)
	})
}
