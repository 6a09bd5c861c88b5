package keeper

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/plan"
	"musette/store"
)

// derive makes the activity's row and what is due of it from its documents; changed says whether readers see
// another thing than before.
func (k *Keeper) derive(ctx context.Context, tx *store.Tx, athleteID, activityID int64, docs []musette.Document, now time.Time) (changed bool, err error) {
	states, err := tx.PartStates(ctx, athleteID, activityID)
	if err != nil {
		return false, err
	}
	old := byPart(states)
	seen, known := old[musette.PartSummary]
	if !known {
		seen.FirstSeen = now
		if seen.FirstWalk, err = walking(ctx, tx, athleteID); err != nil {
			return false, err
		}
	}
	view, err := musette.Derive(docs, false)
	if err != nil {
		return false, fmt.Errorf("deriving activity %d: %w", activityID, err)
	}
	view.ID, view.AthleteID = activityID, athleteID
	shown := k.Filter.Match(&view.Activity)
	if _, have := view.Marks[musette.PartStreams]; !have && k.Policy.WantStreams(shown, seen.FirstSeen, view.Basics.Start) {
		view.Missing = append(view.Missing, musette.PartStreams)
	}
	due := k.Policy.Schedule(plan.Activity{View: &view, FirstSeen: seen.FirstSeen, FirstWalk: seen.FirstWalk, Shown: shown}, old, now)
	if err := tx.PutPartState(ctx, due...); err != nil {
		return false, err
	}
	row, err := activityRow(&view)
	if err != nil {
		return false, err
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
		AthleteID: v.AthleteID, ID: v.ID, Status: store.StatusLive,
		Start: v.Basics.Start, SportType: v.SportType, Type: v.Type,
		DistanceM: v.DistanceM, MovingS: v.MovingS, ElapsedS: v.ElapsedS, ClimbM: v.ClimbM,
		Visibility: v.Visibility, View: body, ViewVersion: musette.ViewVersion,
	}, nil
}

// walking reports whether the athlete's first walk has not ended yet.
func walking(ctx context.Context, tx *store.Tx, athleteID int64) (bool, error) {
	states, err := tx.PartStates(ctx, athleteID, 0)
	if err != nil {
		return false, err
	}
	poll, ok := byPart(states)[musette.ListPoll]
	return !ok || poll.LastSuccess.IsZero(), nil
}

// Rebuild derives every activity anew from its documents, without a call to Strava: after a change of what is
// derived, of the filter, or of the policy. It works in transactions of a few activities each and can be stopped
// and repeated at will.
func (k *Keeper) Rebuild(ctx context.Context, athleteID int64, ids []int64) error {
	for _, id := range ids {
		err := k.Store.Update(ctx, k.lease, func(tx *store.Tx) error {
			a, err := tx.Activity(ctx, athleteID, id)
			if err != nil {
				return err
			}
			docs, err := documents(ctx, tx, athleteID, id)
			if err != nil {
				return err
			}
			_, err = k.derive(ctx, tx, athleteID, id, docs, k.Now())
			if errors.Is(err, musette.ErrNoBasics) {
				return nil // what is shown stays; the next listing brings a summary
			}
			if err != nil || a.Status == store.StatusLive {
				return err
			}
			row, err := tx.Activity(ctx, athleteID, id) // derive revived it
			if err != nil {
				return err
			}
			row.Status, row.GoneAt = a.Status, a.GoneAt
			_, err = tx.PutActivity(ctx, row)
			return err
		})
		if err != nil {
			return fmt.Errorf("deriving activity %d anew: %w", id, err)
		}
	}
	return nil
}
