package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"musette"
	"musette/store"
)

// testLists reads lists of activities, and documents by part.
func testLists(t *testing.T, b *bench) {
	noon := time.Date(2026, 5, 22, 12, 0, 0, 0, time.UTC)
	b.update(func(ctx context.Context, tx *store.Tx) error {
		for id := int64(1); id <= 9; id++ {
			a := store.Activity{AthleteID: 1, ID: id, Status: store.StatusLive, Start: noon.Add(time.Duration(id) * time.Minute), View: []byte("{}")}
			switch id {
			case 3:
				a.Status = store.StatusGone
			case 4:
				a.Status = store.StatusKept
			case 6:
				a.Start = noon.Add(5 * time.Minute) // as the fifth
			case 9:
				a.AthleteID = 2
			}
			if _, err := tx.PutActivity(ctx, a); err != nil {
				return err
			}
			for _, part := range []musette.Part{musette.PartSummary, musette.PartDetail, musette.PartComments} {
				body := []byte(string(part) + string(rune('0'+id)))
				if err := tx.PutDocument(ctx, musette.NewDocument(a.AthleteID, id, part, musette.SourceAPI, body, noon), false); err != nil {
					return err
				}
			}
		}
		return nil
	})
	minute := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	for name, c := range map[string]struct {
		list store.ActivityList
		want []int64
	}{
		"newest first": {store.ActivityList{Limit: 100}, []int64{8, 7, 6, 5, 4, 2, 1}},
		"oldest first": {store.ActivityList{Limit: 100, OldestFirst: true}, []int64{1, 2, 4, 5, 6, 7, 8}},
		"a page":       {store.ActivityList{Limit: 2, Offset: 2}, []int64{6, 5}},
		"past the end": {store.ActivityList{Limit: 2, Offset: 20}, nil},
		"between":      {store.ActivityList{After: minute(2), Before: minute(7), Limit: 100}, []int64{6, 5, 4}},
		"none":         {store.ActivityList{After: minute(7), Before: minute(2), Limit: 100}, nil},
	} {
		c.list.AthleteID = 1
		got := read(b, func(ctx context.Context, tx *store.Tx) ([]int64, error) { return tx.ListActivities(ctx, c.list) })
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	docs := read(b, func(ctx context.Context, tx *store.Tx) (map[int64][]musette.Document, error) {
		return tx.PartDocuments(ctx, 1, []int64{1, 7, 9, 99}, musette.PartSummary, musette.PartDetail)
	})
	for id, want := range map[int64][]string{1: {"detail1", "summary1"}, 7: {"detail7", "summary7"}, 9: nil, 99: nil} {
		var got []string
		for _, d := range docs[id] {
			got = append(got, string(d.Body))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("activity %d has %q, want %q", id, got, want)
		}
	}
}
