package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"musette"
	"musette/store"
)

// testMany writes at random, for one athlete all at once and for another one by one: all that is kept must be the same,
// and the tallies right. Of several with one key the last counts.
func testMany(t *testing.T, b *bench) {
	rng := rand.New(rand.NewPCG(5, 7))
	for range 12 {
		var rows []store.Activity
		var docs []musette.Document
		var states []musette.PartState
		for range rng.IntN(30) {
			id, n := rng.Int64N(12)+1, rng.IntN(3)
			rows = append(rows, store.Activity{
				AthleteID: 7, ID: id, Status: []string{store.StatusLive, store.StatusGone}[rng.IntN(2)], Start: at(n), DistanceM: float64(n) / 3,
				SportType: oddTexts[rng.IntN(len(oddTexts))], View: fmt.Appendf(nil, "view %d", rng.IntN(2)),
			})
			docs = append(docs, musette.NewDocument(7, id, musette.ActivityParts[n], musette.SourceAPI, fmt.Appendf(nil, "body %d", rng.IntN(3)), at(rng.IntN(9))))
			states = append(states, musette.PartState{
				AthleteID: 7, ActivityID: id, Part: musette.ActivityParts[n], Due: at(rng.IntN(2)), Class: musette.Class(n),
				Error: oddTexts[rng.IntN(len(oddTexts))], Wanted: rng.Int64(),
			})
		}
		b.update(func(ctx context.Context, tx *store.Tx) error {
			changed, err := tx.PutActivities(ctx, rows...)
			return errors.Join(err, tx.PutDocuments(ctx, docs, changed), tx.PutPartState(ctx, states...))
		})
		b.update(func(ctx context.Context, tx *store.Tx) error { return oneByOne(ctx, tx, rows, docs, states) })
	}
	for id := range int64(13) {
		equal(t, "activity", of(b, 7, id), of(b, 8, id))
	}
	ids := []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}
	b.view(func(ctx context.Context, tx *store.Tx) error {
		rows, err := tx.ActivitiesOf(ctx, 7, ids)
		docs, err2 := tx.DocumentsOf(ctx, 7, ids)
		some, err3 := tx.DocumentsOf(ctx, 7, ids, musette.PartDetail)
		states, err4 := tx.PartStatesOf(ctx, 7, ids)
		metas, err5 := tx.MetasOf(ctx, 7, ids)
		for _, id := range ids {
			one := of(b, 7, id)
			slices.SortFunc(docs[id], func(a, b musette.Document) int { return cmp.Compare(a.Part, b.Part) })
			slices.SortFunc(states[id], func(a, b musette.PartState) int { return cmp.Compare(a.Part, b.Part) })
			equal(t, "documents read at once", docs[id], one.Docs)
			equal(t, "states read at once", states[id], one.States)
			row := rows[id]
			row.Seq = 0
			equal(t, "row read at once", row, one.Row)
			for _, d := range docs[id] {
				if d.Part == musette.PartDetail {
					equal(t, "details", some[id], []musette.Document{d})
				}
				d.Body = nil
				equal(t, "meta", metas[musette.Key{AthleteID: 7, ActivityID: id, Part: d.Part}], d)
			}
		}
		return errors.Join(err, err2, err3, err4, err5)
	})
	testVeryMany(t, b)
	if err := b.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// testVeryMany writes and reads more at once than goes into one statement.
func testVeryMany(t *testing.T, b *bench) {
	var states []musette.PartState
	var ids []int64
	for id := range int64(1100) {
		ids = append(ids, id+1)
		states = append(states, musette.PartState{AthleteID: 9, ActivityID: id + 1, Part: musette.PartDetail, Due: at(1), Class: musette.ClassBackfill})
	}
	b.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutPartState(ctx, states...) })
	b.view(func(ctx context.Context, tx *store.Tx) error {
		got, err := tx.PartStatesOf(ctx, 9, ids)
		counts, err2 := tx.PartCounts(ctx, 9)
		for i, id := range ids {
			equal(t, "state", got[id], states[i:i+1])
		}
		equal(t, "due", counts[musette.PartDetail].Due, len(ids))
		return errors.Join(err, err2)
	})
}

// oneByOne writes the same for athlete 8.
func oneByOne(ctx context.Context, tx *store.Tx, rows []store.Activity, docs []musette.Document, states []musette.PartState) error {
	var errs []error
	changed := map[int64]bool{}
	for i, a := range rows {
		if slices.ContainsFunc(rows[i+1:], func(b store.Activity) bool { return b.ID == a.ID }) {
			continue
		}
		a.AthleteID = 8
		is, err := tx.PutActivity(ctx, a)
		changed[a.ID] = is
		errs = append(errs, err)
	}
	for i, d := range docs {
		if !slices.ContainsFunc(docs[i+1:], func(b musette.Document) bool { return b.ActivityID == d.ActivityID && b.Part == d.Part }) {
			d.AthleteID = 8
			errs = append(errs, tx.PutDocument(ctx, d, changed[d.ActivityID]))
		}
	}
	for _, p := range states {
		p.AthleteID = 8
		errs = append(errs, tx.PutPartState(ctx, p))
	}
	return errors.Join(errs...)
}

// kept is all that is kept of an activity, as if it were athlete 7's and nothing had a number.
type kept struct {
	Row     store.Activity
	Docs    []musette.Document
	History []string
	States  []musette.PartState
	Counts  map[musette.Part]musette.PartCount
}

func of(b *bench, athleteID, id int64) (k kept) {
	b.view(func(ctx context.Context, tx *store.Tx) (err error) {
		if k.Row, err = tx.Activity(ctx, athleteID, id); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if k.Row.Seq = 0; k.Row.AthleteID != 0 {
			k.Row.AthleteID = 7
		}
		var history []musette.Replaced
		var err2, err3, err4 error
		k.Docs, err = tx.Documents(ctx, athleteID, id)
		history, err2 = tx.History(ctx, athleteID, id)
		k.States, err3 = tx.PartStates(ctx, athleteID, id)
		k.Counts, err4 = tx.PartCounts(ctx, athleteID)
		for i := range k.Docs {
			k.Docs[i].AthleteID = 7
		}
		for i := range k.States {
			k.States[i].AthleteID = 7
		}
		for _, h := range history {
			k.History = append(k.History, fmt.Sprint(h.Part, h.FetchedAt, string(h.Body)))
		}
		slices.Sort(k.History) // of those replaced in one millisecond
		return errors.Join(err, err2, err3, err4)
	})
	return k
}
