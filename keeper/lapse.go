package keeper

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"musette"
	"musette/plan"
	"musette/store"
	"musette/strava"
)

const (
	// lapseEvery is how often it is looked for what has lapsed.
	lapseEvery = time.Hour
	// lapseGrace is how long after a retention was set, or another one, nothing lapses yet: sweeps that come oftener from
	// then on have to confirm first what is here.
	lapseGrace = day
	// lapseBatch is how many activities one transaction drops something of.
	lapseBatch = 50
)

// confirmParts notes that the parts of listed activities are as they were fetched, where their summaries say so.
func (k *Keeper) confirmParts(ctx context.Context, tx *store.Tx, page []strava.Summary, in intake) error {
	still := map[musette.Part][]int64{}
	for i := range page {
		id := page[i].ID
		if _, doubted := in.marks.Routeless[id]; doubted || !in.known.ids[id] {
			continue
		}
		b, err := musette.ParseBasics(page[i].Raw)
		if err != nil {
			continue
		}
		for _, part := range musette.ActivityParts {
			meta, ok := in.meta(id, part)
			if ok && part != musette.PartSummary && meta.Source == musette.SourceAPI && plan.Confirms(&b, part, meta.Mark) {
				still[part] = append(still[part], id)
			}
		}
	}
	for _, part := range musette.ActivityParts {
		if err := tx.Confirm(ctx, in.athleteID, part, still[part], in.at); err != nil {
			return err
		}
	}
	return nil
}

// lapse drops what came from the API and was not confirmed within the retention, once an hour. How late it is goes by
// Strava's clock at its last answer, and by how long ago that was here: while Strava is away time passes too, but a clock
// of ours that jumps drops nothing by itself.
func (k *Keeper) lapse(ctx context.Context, now time.Time) error {
	if k.Policy.Retention <= 0 || !passed(k.lapsed, now, lapseEvery) {
		return nil
	}
	strict := k.answered.Add(max(0, now.Sub(k.heardAt)))
	before := k.Policy.LapseBefore(strict)
	begun, err := k.retained(ctx, strict)
	if err != nil || !begun {
		k.lapsed = now
		return err
	}
	if err := k.renewAthletes(ctx, now, strict); err != nil {
		return err
	}
	for after := (musette.Key{}); ; {
		var keys []musette.Key
		err := k.Store.View(ctx, func(tx *store.Tx) (err error) {
			keys, err = tx.Unconfirmed(ctx, musette.SourceAPI, before, after, lapseBatch)
			return err
		})
		if err != nil {
			return err
		}
		if len(keys) == 0 {
			break
		}
		after = keys[len(keys)-1]
		if err := k.Store.Update(ctx, k.lease, func(tx *store.Tx) error {
			for _, key := range keys {
				if err := k.lapseOf(ctx, tx, key, strict, now); err != nil {
					return fmt.Errorf("activity %d: %w", key.ActivityID, err)
				}
			}
			return nil
		}); err != nil {
			return err
		}
		k.changed = true
	}
	k.lapsed = now
	return k.Store.Update(ctx, k.lease, func(tx *store.Tx) error {
		return tx.PruneUnconfirmed(ctx, musette.SourceAPI, before)
	})
}

// retentionName is the setting that says which retention holds, and since when.
const retentionName = "retention"

// retained reports whether today's retention has held for long enough to drop anything by it.
func (k *Keeper) retained(ctx context.Context, strict time.Time) (begun bool, err error) {
	err = k.Store.Update(ctx, k.lease, func(tx *store.Tx) error {
		text, err := tx.Setting(ctx, retentionName)
		if sound(err) != nil {
			return err
		}
		held, since, _ := strings.Cut(text, " since ")
		at, bad := time.Parse(time.RFC3339, since)
		if begun = err == nil && bad == nil && held == k.Policy.Retention.String() && !strict.Before(at); begun {
			begun = strict.Sub(at) >= lapseGrace
			return nil
		}
		return tx.PutSetting(ctx, retentionName, k.Policy.Retention.String()+" since "+strict.UTC().Format(time.RFC3339))
	})
	return begun, err
}

// renewAthletes asks who the athletes are, before what is known of that lapses: no listing confirms it.
func (k *Keeper) renewAthletes(ctx context.Context, now, strict time.Time) error {
	return k.Store.Update(ctx, k.lease, func(tx *store.Tx) error {
		athletes, err := tx.Athletes(ctx)
		if sound(err) != nil {
			return err
		}
		for _, a := range athletes {
			metas, err := tx.DocumentMetas(ctx, a.ID, musette.PartAthlete, []int64{0})
			if sound(err) != nil {
				return err
			}
			if d, ok := metas[0]; ok && strict.Sub(d.ConfirmedAt) < k.Policy.Retention/2 {
				continue
			}
			states, err := partStates(ctx, tx, a.ID, 0)
			if err != nil {
				return err
			}
			st, ok := states[musette.PartAthlete]
			if !ok {
				st = musette.PartState{AthleteID: a.ID, Part: musette.PartAthlete, FirstSeen: now.UTC()}
			}
			if !st.Due.IsZero() {
				continue
			}
			if err := tx.PutPartState(ctx, k.Policy.Asked(st, musette.ClassList, now)); err != nil {
				return err
			}
		}
		return nil
	})
}

// lapseOf drops the documents of one activity that have lapsed. If nothing is left to show it by, it goes; else it is
// derived from what is left, and what was dropped is due again, if the activity is still listed.
func (k *Keeper) lapseOf(ctx context.Context, tx *store.Tx, key musette.Key, strict, now time.Time) error {
	docs, err := documents(ctx, tx, key.AthleteID, key.ActivityID)
	if err != nil {
		return err
	}
	var rest []musette.Document
	var dropped []musette.Part
	for _, d := range docs {
		if !k.Policy.Lapsed(d.Source, d.ConfirmedAt, strict) {
			rest = append(rest, d)
			continue
		}
		dropped = append(dropped, d.Part)
		if err := tx.DropDocument(ctx, musette.Key{AthleteID: key.AthleteID, ActivityID: key.ActivityID, Part: d.Part}, d.Source); err != nil {
			return err
		}
	}
	switch {
	case len(dropped) == 0: // damaged, or confirmed meanwhile
		return nil
	case key.ActivityID == 0: // the name is nothing else than what the document said
		return setAthlete(ctx, tx, key.AthleteID, func(a *store.Athlete) { a.Name = "" })
	}
	if _, err := musette.Derive(rest, false); errors.Is(err, musette.ErrNoBasics) && onlyAPI(rest) {
		k.Log.Info("an activity that wasn't confirmed in time is dropped", "activity", key.ActivityID)
		if err := buried(ctx, tx, key.AthleteID, key.ActivityID, now); err != nil {
			return err
		}
		return tx.DropActivity(ctx, key.AthleteID, key.ActivityID)
	}
	return k.deriveWithout(ctx, tx, key, rest, dropped, now)
}

func onlyAPI(docs []musette.Document) bool {
	return !slices.ContainsFunc(docs, func(d musette.Document) bool { return d.Source != musette.SourceAPI })
}

// deriveWithout derives an activity from what is left of it.
func (k *Keeper) deriveWithout(ctx context.Context, tx *store.Tx, key musette.Key, rest []musette.Document, dropped []musette.Part, now time.Time) error {
	row, err := tx.Activity(ctx, key.AthleteID, key.ActivityID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if sound(err) != nil {
		return err
	}
	if err != nil {
		row.Status = store.StatusLive
	}
	stored, err := partStates(ctx, tx, key.AthleteID, key.ActivityID)
	if err != nil {
		return err
	}
	states := maps.Clone(stored)
	for _, part := range dropped {
		if st, ok := states[part]; ok {
			st.Outcome, st.LastSuccess = musette.OutcomeNever, time.Time{}
			states[part] = st
		}
	}
	err = k.deriveOne(ctx, tx, key, filing{docs: rest, states: states, stored: stored}, row, now)
	if errors.Is(err, musette.ErrNoBasics) { // something is left that shows nothing by itself: the next listing mends it
		return nil
	}
	if err != nil || !slices.Contains(dropped, musette.PartSummary) {
		return err
	}
	for _, part := range dropped { // not listed any more, so not asked for
		if err := tx.DeletePartState(ctx, musette.Key{AthleteID: key.AthleteID, ActivityID: key.ActivityID, Part: part}); err != nil {
			return err
		}
	}
	return nil
}
