package keeper

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/plan"
	"musette/store"
)

// A filing is what is known of an activity when something of it is to be derived.
type filing struct {
	docs   []musette.Document
	states plan.States // to schedule from
	stored plan.States // as they are in the store
	first  bool        // an activity not known yet was found by the first walk
}

// put stores a document among the activity's others and derives the activity anew.
func (k *Keeper) put(ctx context.Context, tx *store.Tx, doc musette.Document, f filing) error {
	replaced := false
	if err := rightDates(ctx, tx, f.docs, doc.ConfirmedAt); err != nil {
		return err
	}
	for i := range f.docs {
		if f.docs[i].Part != doc.Part || f.docs[i].Source != doc.Source {
			continue
		}
		if f.docs[i].SHA256 == doc.SHA256 { // the same bytes: they first came when they first came
			doc.FetchedAt = f.docs[i].FetchedAt
		}
		f.docs[i], replaced = doc, true
	}
	if !replaced {
		f.docs = append(f.docs, doc)
	}
	changed, err := k.derive(ctx, tx, doc.AthleteID, doc.ActivityID, f, store.Activity{Status: store.StatusLive}, doc.ConfirmedAt)
	if err != nil {
		return err
	}
	k.changed = true
	return tx.PutDocument(ctx, doc, changed)
}

// rightDates brings back the dates of documents that came while the clock was ahead: which of a summary and a detail is
// the newer decides what is shown.
func rightDates(ctx context.Context, tx *store.Tx, docs []musette.Document, now time.Time) error {
	for i := range docs {
		d := &docs[i]
		if !d.ConfirmedAt.After(now.Add(plan.Ahead)) {
			continue
		}
		d.ConfirmedAt = now.Add(-time.Millisecond)
		if d.FetchedAt.After(d.ConfirmedAt) {
			d.FetchedAt = d.ConfirmedAt
		}
		if err := tx.PutDocument(ctx, *d, false); err != nil {
			return err
		}
	}
	return nil
}

// derive makes the activity's row and what is due of it from its documents; as has the row's status. changed says
// whether readers see another thing than before.
func (k *Keeper) derive(ctx context.Context, tx *store.Tx, athleteID, activityID int64, f filing, as store.Activity, now time.Time) (changed bool, err error) {
	seen, known := f.states[musette.PartSummary]
	if !known {
		seen.FirstSeen, seen.FirstWalk = now, f.first
	}
	view, err := musette.Derive(f.docs, false)
	if err != nil {
		return false, fmt.Errorf("deriving activity %d: %w", activityID, err)
	}
	view.ID, view.AthleteID = activityID, athleteID
	shown := k.Filter.Match(&view.Activity)
	_, have := view.Marks[musette.PartStreams]
	none := f.states[musette.PartStreams].Outcome == musette.OutcomeEmpty
	if !have && !none && k.Policy.WantStreams(shown, seen.FirstSeen, view.Basics.Start) {
		view.Missing = append(view.Missing, musette.PartStreams)
	}
	row, err := activityRow(&view)
	if err != nil {
		return false, err
	}
	row.Status, row.GoneAt = as.Status, as.GoneAt
	if as.Status == store.StatusLive {
		due := k.Policy.Schedule(plan.Activity{View: &view, FirstSeen: seen.FirstSeen, FirstWalk: seen.FirstWalk, Shown: shown}, f.states, now)
		due = slices.DeleteFunc(due, func(st musette.PartState) bool {
			before, ok := f.stored[st.Part]
			return ok && before == st
		})
		if err := tx.PutPartState(ctx, due...); err != nil {
			return false, err
		}
	}
	return tx.PutActivity(ctx, row)
}

// activityRow is the row that keeps a view.
func activityRow(v *musette.View) (store.Activity, error) {
	body, err := json.Marshal(&v.Activity, json.Deterministic(true))
	if err != nil {
		return store.Activity{}, fmt.Errorf("writing the view of %s: %w", &v.Activity, err)
	}
	return store.Activity{
		AthleteID: v.AthleteID, ID: v.ID,
		Start: v.Basics.Start, SportType: v.SportType, Type: v.Type,
		DistanceM: v.DistanceM, MovingS: v.MovingS, ElapsedS: v.ElapsedS, ClimbM: v.ClimbM,
		Visibility: v.Visibility, View: body, ViewVersion: musette.ViewVersion,
	}, nil
}
