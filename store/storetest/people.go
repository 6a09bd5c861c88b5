package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

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

// Who has left leaves nothing, in no table and in no dump; nobody else loses anything, and who follows the changes starts
// anew.
func testPurgeAthlete(t *testing.T, b *bench) {
	const leaver, other = 777001, 777002
	b.update(func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(peopled(ctx, tx, leaver), peopled(ctx, tx, other))
	})
	position := func() store.Position {
		return read(b, func(ctx context.Context, tx *store.Tx) (store.Position, error) { return tx.Position(ctx) })
	}
	rows := func() (about map[string]int, whole []string) {
		about = map[string]int{}
		if err := b.Dump(t.Context(), func(r store.Row) error {
			whole = append(whole, r.Table)
			for _, id := range []int{leaver, other} {
				if strings.Contains(string(r.JSON), fmt.Sprint(id)) {
					about[fmt.Sprint(id)]++
				}
			}
			return nil
		}); err != nil {
			t.Fatalf("the store is damaged: %v", err)
		}
		return about, whole
	}
	before, was := rows()
	at1 := position()
	var gone map[string]int64
	b.update(func(ctx context.Context, tx *store.Tx) error {
		// What the same transaction has written goes too.
		err := tx.PutPartState(ctx, musette.PartState{AthleteID: leaver, ActivityID: leaver + 5, Part: musette.PartDetail, Due: at(2)})
		if err == nil {
			gone, err = tx.PurgeAthlete(ctx, leaver, store.LeftOperator, at(7))
		}
		return err
	})
	after, is := rows()
	if after[fmt.Sprint(leaver)] != 0 || after[fmt.Sprint(other)] != before[fmt.Sprint(other)] || before[fmt.Sprint(other)] == 0 {
		t.Errorf("rows about both were %v, are %v", before, after)
	}
	for _, table := range []string{"athletes", "activities", "documents", "document_history", "part_states", "cursors", "grants", "keys", "deletions", "inbox", "changes"} {
		if gone[table] == 0 {
			t.Errorf("no row of %s was counted as deleted: %v", table, gone)
		}
	}
	if len(was) <= len(is) {
		t.Errorf("%d rows were, %d are", len(was), len(is))
	}
	if now := position(); now.Epoch == at1.Epoch || now.Seq <= at1.Seq {
		t.Errorf("the position was %+v and is %+v, want another epoch and a greater number", at1, now)
	}
	left := read(b, func(ctx context.Context, tx *store.Tx) ([]store.Departure, error) { return tx.Departures(ctx) })
	if len(left) != 1 || !left[0].Of(leaver) || left[0].Of(other) || left[0].By != store.LeftOperator ||
		!slices.Equal(left[0].Grants, []string{"g1"}) {
		t.Errorf("departures %+v", left)
	}
	if done, err := b.Scrub(t.Context()); !done || err != nil {
		t.Errorf("scrubbed: %v, %v", done, err)
	}
}

// peopled gives an athlete something in every table.
func peopled(ctx context.Context, tx *store.Tx, id int64) error {
	_, err := tx.PutActivity(ctx, store.Activity{AthleteID: id, ID: id * 10, Status: store.StatusLive, View: []byte("{}")})
	doc := musette.NewDocument(id, id*10, musette.PartDetail, musette.SourceAPI, []byte("{}"), at(1))
	newer := musette.NewDocument(id, id*10, musette.PartDetail, musette.SourceAPI, []byte("{ }"), at(2))
	_, err2 := tx.PutInbox(ctx, store.InboxItem{Kind: "event", AthleteID: id, ReceivedAt: at(1)})
	return errors.Join(
		err, err2, tx.PutAthlete(ctx, store.Athlete{ID: id, Name: "Jo"}), tx.PutDocument(ctx, doc, false), tx.PutDocument(ctx, newer, true),
		tx.PutGrant(ctx, store.Grant{ID: fmt.Sprint("g", id%1000), AthleteID: id}),
		tx.PutKey(ctx, store.AccessKey{ID: fmt.Sprint("k", id), Kind: store.KeyKind, Hash: [32]byte{byte(id)}, AthleteID: id}),
		tx.PutCursor(ctx, id, "walk", []byte("{}")),
		tx.PutPicture(ctx, store.Picture{AthleteID: id, ActivityID: id * 10, PhotoID: "p"}), tx.PutPictureFile(ctx, id, "00", []byte("x")),
		tx.PutDeletions(ctx, store.Deletion{AthleteID: id, ActivityID: id * 10}),
		tx.PutPartState(ctx, musette.PartState{AthleteID: id, ActivityID: id * 10, Part: musette.PartDetail, Due: at(2)}),
	)
}

// A dump that is older than a departure forgets who left, is as sound as one written anew, and does so once.
func testForget(t *testing.T, b *bench) {
	const leaver, other = 777001, 777002
	b.update(func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.PutSetting(ctx, "a", "1"), tx.PutSetting(ctx, "z", "2"), peopled(ctx, tx, leaver), peopled(ctx, tx, other))
	})
	var dump []store.Row
	keep := func(rows *[]store.Row) func(store.Row) error {
		return func(r store.Row) error {
			*rows = append(*rows, store.Row{Table: r.Table, JSON: slices.Clone(r.JSON)})
			return nil
		}
	}
	if err := b.Dump(t.Context(), keep(&dump)); err != nil {
		t.Fatal(err)
	}
	b.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.PurgeAthlete(ctx, leaver, store.LeftAthlete, at(7))
		return err
	})
	left := read(b, func(ctx context.Context, tx *store.Tx) ([]store.Departure, error) { return tx.Departures(ctx) })
	f, err := store.NewForgetter(left, nil)
	if err != nil || f == nil {
		t.Fatal(f, err)
	}
	var forgotten []store.Row
	for _, r := range dump {
		if err := f.Row(r, keep(&forgotten)); err != nil {
			t.Fatal(err)
		}
	}
	into := b.open(t)
	t.Cleanup(func() { into.Close() })
	if err := into.Update(t.Context(), nil, func(tx *store.Tx) error {
		for _, r := range forgotten {
			if err := tx.Load(t.Context(), r); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatalf("what was left of the dump can't be loaded: %v", err)
	}
	var now, loaded []store.Row
	if err := errors.Join(b.Dump(t.Context(), keep(&now)), into.Dump(t.Context(), keep(&loaded))); err != nil {
		t.Fatal(err)
	}
	text := func(rows []store.Row) (out []string) {
		for _, r := range rows {
			if r.Table != "meta" {
				out = append(out, r.Table+" "+string(r.JSON))
			}
		}
		return out
	}
	equal(t, "the dump without who left", text(loaded), text(now))
	var noted []store.Departure
	for _, r := range forgotten {
		if d, ok, err := store.DeparturesIn(r); ok {
			noted = d
		} else if err != nil {
			t.Error(err)
		}
	}
	if again, err := store.NewForgetter(left, noted); again != nil || err != nil {
		t.Errorf("it would be done again: %+v, %v", again, err)
	}
}
