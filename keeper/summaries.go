package keeper

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
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
}

// recordSummaries stores the summaries that are new or other than before, or whose activity has a tombstone, which
// being listed lifts; the rest it confirms.
func (k *Keeper) recordSummaries(ctx context.Context, tx *store.Tx, page []strava.Summary, in intake) error {
	ids := make([]int64, len(page))
	for i, s := range page {
		ids[i] = s.ID
	}
	metas, err := tx.DocumentMetas(ctx, in.athleteID, musette.PartSummary, ids)
	if sound(err) != nil {
		return err
	}
	var same []int64
	for i := range page {
		s := &page[i]
		delete(in.marks.Absent, s.ID)
		if meta, ok := metas[s.ID]; ok && in.known.ids[s.ID] && meta.SHA256 == sha256.Sum256(s.Raw) {
			delete(in.marks.Routeless, s.ID)
			same = append(same, s.ID)
			continue
		}
		if err := k.recordSummary(ctx, tx, s, in); err != nil {
			return err
		}
	}
	overtaken, err := overtaken(ctx, tx, in, metas, same)
	if err != nil {
		return err
	}
	if err := tx.Confirm(ctx, in.athleteID, musette.PartSummary, same, in.at); err != nil {
		return err
	}
	for _, id := range overtaken {
		if err := k.rebuildOne(ctx, tx, in.athleteID, id, &Rebuilt{}); err != nil {
			return fmt.Errorf("deriving activity %d anew: %w", id, err)
		}
	}
	return k.confirmParts(ctx, tx, page, in)
}

// overtaken returns those of the ids whose detail came after their summary was last confirmed, and says something else.
// That summary, listed once more as it was, goes before the detail again: an edit that the detail had seen was taken back.
func overtaken(ctx context.Context, tx *store.Tx, in intake, summaries map[int64]musette.Document, ids []int64) (out []int64, err error) {
	metas, err := tx.DocumentMetas(ctx, in.athleteID, musette.PartDetail, ids)
	if sound(err) != nil {
		return nil, err
	}
	ids = slices.DeleteFunc(slices.Clone(ids), func(id int64) bool {
		detail, ok := metas[id]
		return !ok || summaries[id].ConfirmedAt.After(detail.FetchedAt)
	})
	details, err := tx.DocumentsOf(ctx, in.athleteID, musette.PartDetail, ids)
	if sound(err) != nil {
		return nil, err
	}
	bodies, err := tx.DocumentsOf(ctx, in.athleteID, musette.PartSummary, ids)
	if sound(err) != nil {
		return nil, err
	}
	for _, id := range ids {
		docs := []musette.Document{details[id], bodies[id]}
		before, errBefore := musette.Derive(docs, false)
		docs[1].ConfirmedAt = in.at
		after, errAfter := musette.Derive(docs, false)
		if errBefore != nil || errAfter != nil || !reflect.DeepEqual(before, after) {
			out = append(out, id)
		}
	}
	return out, nil
}

// recordSummary stores one summary. One that can't be used is set aside with its reason: it costs nobody else
// anything, and the next listing brings it again.
func (k *Keeper) recordSummary(ctx context.Context, tx *store.Tx, s *strava.Summary, in intake) error {
	if s.AthleteID != 0 && s.AthleteID != in.athleteID {
		k.Log.Warn("a list held another athlete's activity", "activity", s.ID, "athlete", in.athleteID)
		return nil
	}
	states, err := partStates(ctx, tx, in.athleteID, s.ID)
	if err != nil {
		return err
	}
	stored := maps.Clone(states)
	seen, known := states[musette.PartSummary]
	if err := musette.Accept(musette.PartSummary, s.Raw, nil); err != nil {
		return k.quarantine(ctx, tx, in.athleteID, s.ID, seen, err, in.at)
	}
	docs, err := documents(ctx, tx, in.athleteID, s.ID)
	if err != nil {
		return err
	}
	if in.known.ids[s.ID] && k.losesRoute(docs, s, in) {
		return k.askWhoSees(ctx, tx, s, states, docs, in.at)
	}
	if known {
		seen.ErrorKind, seen.Error = "", ""
		states[musette.PartSummary] = seen
	}
	doc := musette.NewDocument(in.athleteID, s.ID, musette.PartSummary, musette.SourceAPI, s.Raw, in.at)
	return k.put(ctx, tx, doc, filing{docs: docs, states: states, stored: stored, first: in.first})
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

// askWhoSees has the detail of a summary that isn't believed asked for at once, if that summary says that other people
// may see the activity than is known: what was made private must not stay public for the time of a doubt.
func (k *Keeper) askWhoSees(ctx context.Context, tx *store.Tx, s *strava.Summary, states plan.States, docs []musette.Document, at time.Time) error {
	told, err := musette.ParseBasics(s.Raw)
	if err != nil {
		return nil // it has nothing to say of that
	}
	known, err := basicsOf(docs)
	if err != nil || told.Visibility == known.Visibility {
		return nil
	}
	return tx.PutPartState(ctx, k.Policy.Asked(detailState(states), musette.ClassRecent, at))
}

// quarantine notes that a summary can't be used, and why. What is here of the activity stays.
func (k *Keeper) quarantine(ctx context.Context, tx *store.Tx, athleteID, id int64, seen musette.PartState, why error, at time.Time) error {
	k.Log.Warn("a summary can't be used", "activity", id, "athlete", athleteID, "error", why)
	if seen.Part == "" {
		seen = musette.PartState{
			AthleteID: athleteID, ActivityID: id, Part: musette.PartSummary, Outcome: musette.OutcomeQuarantined, FirstSeen: at,
		}
	}
	seen.LastTry, seen.ErrorKind, seen.Error = at, "unusable", why.Error()
	return tx.PutPartState(ctx, seen)
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
	for part, st := range states {
		enriches := st.Wanted != 0 && a.Status == store.StatusLive
		if part == musette.PartSummary || part != musette.PartDetail && !enriches {
			continue
		}
		if err := tx.PutPartState(ctx, k.Policy.Asked(st, class, now)); err != nil {
			return err
		}
	}
	return nil
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
