package keeper

import (
	"context"
	"fmt"
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

// filings reads what is known of some activities of an athlete, by id, all at once.
func filings(ctx context.Context, tx *store.Tx, athleteID int64, ids []int64) (map[int64]filing, error) {
	docs, err := tx.DocumentsOf(ctx, athleteID, ids)
	if sound(err) != nil {
		return nil, err
	}
	states, err := tx.PartStatesOf(ctx, athleteID, ids)
	if sound(err) != nil {
		return nil, err
	}
	of := make(map[int64]filing, len(ids))
	for _, id := range ids {
		of[id] = filing{docs: docs[id], states: byPart(states[id]), stored: byPart(states[id])}
	}
	return of, nil
}

// An outcome is what is to be written of activities. It is gathered first and then written at once: to a database at the
// other end of a line that is a few ways there and back, however many activities they are.
type outcome struct {
	states []musette.PartState
	rows   []store.Activity
	docs   []musette.Document
	dated  []musette.Document // whose dates are put right
}

// write writes it all, and returns the activities, by keys without a part, of which readers now see another thing.
func (o *outcome) write(ctx context.Context, tx *store.Tx) (changed map[musette.Key]bool, err error) {
	if err := tx.PutDocuments(ctx, o.dated, nil); err != nil {
		return nil, err
	}
	if err := tx.PutPartState(ctx, o.states...); err != nil {
		return nil, err
	}
	if changed, err = tx.PutActivities(ctx, o.rows...); err != nil {
		return nil, err
	}
	return changed, tx.PutDocuments(ctx, o.docs, changed)
}

// put adds a document to the outcome, and its activity as it is derived with that among its others.
func (k *Keeper) put(o *outcome, doc musette.Document, f filing) error {
	o.rightDates(f.docs, doc.ConfirmedAt)
	replaced := false
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
	o.docs = append(o.docs, doc)
	k.changed = true
	return k.derive(o, doc.AthleteID, doc.ActivityID, f, store.Activity{Status: store.StatusLive}, doc.ConfirmedAt)
}

// rightDates brings back the dates of documents that came while the clock was ahead: which of a summary and a detail is
// the newer decides what is shown.
func (o *outcome) rightDates(docs []musette.Document, now time.Time) {
	for i := range docs {
		d := &docs[i]
		if !d.ConfirmedAt.After(now.Add(plan.Ahead)) {
			continue
		}
		d.ConfirmedAt = now.Add(-time.Millisecond)
		if d.FetchedAt.After(d.ConfirmedAt) {
			d.FetchedAt = d.ConfirmedAt
		}
		o.dated = append(o.dated, *d)
	}
}

// derive adds the activity's row and what is due of it to the outcome, as follows from its documents; as has the row's
// status.
func (k *Keeper) derive(o *outcome, athleteID, activityID int64, f filing, as store.Activity, now time.Time) error {
	seen, known := f.states[musette.PartSummary]
	if !known {
		seen.FirstSeen, seen.FirstWalk = now, f.first
	}
	view, err := musette.Derive(f.docs, false)
	if err != nil {
		return fmt.Errorf("deriving activity %d: %w", activityID, err)
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
		return err
	}
	row.Status, row.GoneAt = as.Status, as.GoneAt
	o.rows = append(o.rows, row)
	if as.Status != store.StatusLive {
		return nil
	}
	due := k.Policy.Schedule(plan.Activity{View: &view, FirstSeen: seen.FirstSeen, FirstWalk: seen.FirstWalk, Shown: shown}, f.states, now)
	for _, st := range due {
		if before, ok := f.stored[st.Part]; !ok || before != st {
			o.states = append(o.states, st)
		}
	}
	return nil
}

// deriveOne derives one activity and writes it.
func (k *Keeper) deriveOne(ctx context.Context, tx *store.Tx, key musette.Key, f filing, as store.Activity, now time.Time) error {
	var o outcome
	if err := k.derive(&o, key.AthleteID, key.ActivityID, f, as, now); err != nil {
		return err
	}
	_, err := o.write(ctx, tx)
	return err
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
