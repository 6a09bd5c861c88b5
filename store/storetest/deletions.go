package storetest

import (
	"context"
	"errors"
	"testing"

	"musette"
	"musette/store"
)

func testDeletions(t *testing.T, b *bench) {
	full := store.Deletion{
		AthleteID: 7, ActivityID: 1<<63 - 1, FoundAt: at(0), Listing: musette.ListSweep, From: at(1), To: at(2),
		Decision: store.DeletionAccepted, DecidedAt: at(3),
	}
	bare := store.Deletion{AthleteID: 7, ActivityID: 1}
	other := store.Deletion{AthleteID: 8, ActivityID: 1, Decision: store.DeletionRejected}
	b.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.PutDeletions(ctx, store.Deletion{AthleteID: 7, ActivityID: 1, Decision: "x"}, full, bare, other)
	})
	of := func(athleteID int64) []store.Deletion {
		return read(b, func(ctx context.Context, tx *store.Tx) ([]store.Deletion, error) { return tx.Deletions(ctx, athleteID) })
	}
	equal(t, "deletions of one", of(7), []store.Deletion{bare, full})
	equal(t, "deletions", of(0), []store.Deletion{bare, full, other})
	b.update(func(ctx context.Context, tx *store.Tx) error { return tx.DropDeletions(ctx, 7, 1, 99) })
	equal(t, "deletions after one went", of(0), []store.Deletion{full, other})
}

// testPurge purges one tombstone among others, and counts and checks what is left.
func testPurge(t *testing.T, b *bench) {
	row := func(id int64, status string, goneAt int) store.Activity {
		a := store.Activity{AthleteID: 7, ID: id, Status: status, View: []byte("{}")}
		if status == store.StatusGone {
			a.GoneAt = at(goneAt)
		}
		return a
	}
	b.update(func(ctx context.Context, tx *store.Tx) error {
		for _, a := range []store.Activity{
			row(1, store.StatusLive, 0), row(2, store.StatusGone, 5), row(3, store.StatusGone, 1), row(4, store.StatusKept, 0), row(5, store.StatusGone, 9),
		} {
			if _, err := tx.PutActivity(ctx, a); err != nil {
				return err
			}
			for i, body := range []string{"a", "b"} {
				d := musette.NewDocument(7, a.ID, musette.PartDetail, musette.SourceAPI, []byte(body), at(i))
				if err := tx.PutDocument(ctx, d, true); err != nil {
					return err
				}
			}
			st := musette.PartState{AthleteID: 7, ActivityID: a.ID, Part: musette.PartDetail, Outcome: musette.OutcomeHave, Wanted: a.ID}
			err := errors.Join(tx.PutPartState(ctx, st), tx.PutDeletions(ctx, store.Deletion{AthleteID: 7, ActivityID: a.ID}))
			if err != nil {
				return err
			}
		}
		return nil
	})
	old := func(n, limit int) []musette.Key {
		return read(b, func(ctx context.Context, tx *store.Tx) ([]musette.Key, error) {
			return tx.GoneBefore(ctx, at(n), 0, limit)
		})
	}
	equal(t, "old tombstones", old(9, 10), []musette.Key{{AthleteID: 7, ActivityID: 3}, {AthleteID: 7, ActivityID: 2}})
	equal(t, "the oldest tombstone", old(9, 1), []musette.Key{{AthleteID: 7, ActivityID: 3}})
	equal(t, "the one after it", read(b, func(ctx context.Context, tx *store.Tx) ([]musette.Key, error) {
		return tx.GoneBefore(ctx, at(9), 1, 10)
	}), []musette.Key{{AthleteID: 7, ActivityID: 2}})
	for _, id := range []int64{1, 4, 99} {
		if err := b.Update(t.Context(), nil, func(tx *store.Tx) error { return tx.Purge(t.Context(), 7, id) }); err == nil {
			t.Errorf("activity %d was purged though it is no tombstone", id)
		}
	}
	b.update(func(ctx context.Context, tx *store.Tx) error { return tx.Purge(ctx, 7, 3) })
	b.view(func(ctx context.Context, tx *store.Tx) error {
		_, gone := tx.Activity(ctx, 7, 3)
		docs, err := tx.Documents(ctx, 7, 3)
		history, err2 := tx.History(ctx, 7, 3)
		states, err3 := tx.PartStates(ctx, 7, 3)
		if !errors.Is(gone, store.ErrNotFound) || len(docs)+len(history)+len(states) > 0 {
			t.Errorf("left of a purged activity: %v, %d documents, %d older ones, %d states", gone, len(docs), len(history), len(states))
		}
		waiting, err4 := tx.Deletions(ctx, 7)
		ids, err5 := tx.DocumentedIDs(ctx, 7)
		equal(t, "activities with documents", ids, []int64{1, 2, 4, 5})
		counts, err6 := tx.PartCounts(ctx, 7)
		equal(t, "counts", counts, map[musette.Part]musette.PartCount{musette.PartDetail: {Have: 4}})
		changes, err7 := tx.Changes(ctx, 0, 10)
		if len(waiting) != 4 || len(changes) != 5 {
			t.Errorf("%d deletions and %d changes, want 4 and 5", len(waiting), len(changes))
		}
		return errors.Join(err, err2, err3, err4, err5, err6, err7)
	})
	if err := b.Verify(t.Context()); err != nil {
		t.Errorf("after a purge: %v", err)
	}
}
