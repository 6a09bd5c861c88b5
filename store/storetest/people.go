package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"musette"
	"musette/store"
)

// Whatever changes about a grant or an athlete changes the stamp, and nothing else does.
func testPeopleStamp(t *testing.T, b *bench) {
	stamp := func() [6]int64 {
		return read(b, func(ctx context.Context, tx *store.Tx) ([6]int64, error) { return tx.PeopleStamp(ctx) })
	}
	last := stamp()
	for what, write := range map[string]func(ctx context.Context, tx *store.Tx) error{
		"a new grant": func(ctx context.Context, tx *store.Tx) error { return tx.PutGrant(ctx, store.Grant{ID: "g1"}) },
		"another grant": func(ctx context.Context, tx *store.Tx) error {
			return tx.PutGrant(ctx, store.Grant{ID: "g2", AthleteID: 7})
		},
		"a changed grant": func(ctx context.Context, tx *store.Tx) error {
			return tx.PutGrant(ctx, store.Grant{ID: "g2", AthleteID: 8})
		},
		"a new athlete": func(ctx context.Context, tx *store.Tx) error {
			return tx.PutAthlete(ctx, store.Athlete{ID: 7, Name: "Jo"})
		},
		"a renamed one": func(ctx context.Context, tx *store.Tx) error {
			return tx.PutAthlete(ctx, store.Athlete{ID: 7, Name: "Al"})
		},
	} {
		b.update(write)
		if now := stamp(); now == last {
			t.Errorf("%s leaves the stamp as it was", what)
		} else {
			last = now
		}
	}
	b.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutSetting(ctx, "x", "y") })
	if stamp() != last {
		t.Error("a setting changes the stamp")
	}
}

// Who has left leaves nothing but the numbers of their activities, as gone; nobody else loses anything.
func testPurgeAthlete(t *testing.T, b *bench) {
	put := func(athleteID int64) {
		b.update(func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.PutActivity(ctx, store.Activity{AthleteID: athleteID, ID: 10 * athleteID, Status: store.StatusLive, View: []byte("{}")})
			doc := musette.NewDocument(athleteID, 10*athleteID, musette.PartDetail, musette.SourceAPI, []byte("{}"), at(1))
			return errors.Join(
				err, tx.PutAthlete(ctx, store.Athlete{ID: athleteID}), tx.PutDocument(ctx, doc, false),
				tx.PutGrant(ctx, store.Grant{ID: fmt.Sprint("g", athleteID), AthleteID: athleteID}),
				tx.PutCursor(ctx, athleteID, "walk", []byte("{}")),
				tx.PutPartState(ctx, musette.PartState{AthleteID: athleteID, ActivityID: 10 * athleteID, Part: musette.PartDetail, Due: at(2)}),
			)
		})
	}
	rows := func(athleteID int64) (n int) {
		return read(b, func(ctx context.Context, tx *store.Tx) (int, error) {
			docs, err := tx.Documents(ctx, athleteID, 10*athleteID)
			states, err2 := tx.PartStates(ctx, athleteID, 10*athleteID)
			cursor, err3 := tx.Cursor(ctx, athleteID, "walk")
			_, err4 := tx.Grant(ctx, fmt.Sprint("g", athleteID))
			ids, err5 := tx.ActivityIDs(ctx, athleteID, time.Time{}, time.Time{})
			n := len(docs) + len(states) + len(cursor)/2 + len(ids)
			if err4 == nil {
				n++
			}
			known, err6 := tx.HasAthlete(ctx, athleteID)
			if known {
				n++
			}
			return n, errors.Join(err, err2, err3, err5, err6)
		})
	}
	put(1)
	put(2)
	b.update(func(ctx context.Context, tx *store.Tx) error { return tx.PurgeAthlete(ctx, 1) })
	if rows(1) != 0 || rows(2) != 6 {
		t.Errorf("%d rows of who has left, %d of who hasn't, want 0 and 6", rows(1), rows(2))
	}
	changes := read(b, func(ctx context.Context, tx *store.Tx) ([]store.Change, error) { return tx.Changes(ctx, 0, 10) })
	if len(changes) != 2 || changes[1].ActivityID != 10 || changes[1].Kind != "gone" {
		t.Errorf("changes %+v, want the last to say that activity 10 is gone", changes)
	}
}
