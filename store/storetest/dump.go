package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"musette"
	"musette/store"
)

// dump returns all rows of a dump, one to a line.
func dump(b *bench) []string {
	b.t.Helper()
	var lines []string
	err := b.Dump(b.t.Context(), func(r store.Row) error {
		lines = append(lines, r.Table+" "+string(r.JSON))
		return nil
	})
	if err != nil {
		b.t.Fatalf("dump: %v", err)
	}
	return lines
}

// load puts lines back, in one transaction.
func load(ctx context.Context, s *store.Store, lines []string) error {
	return s.Update(ctx, nil, func(tx *store.Tx) error {
		for _, line := range lines {
			table, row, _ := strings.Cut(line, " ")
			if err := tx.Load(ctx, store.Row{Table: table, JSON: []byte(row)}); err != nil {
				return err
			}
		}
		return nil
	})
}

// testDump takes everything to another store, and back to what it was.
func testDump(t *testing.T, b *bench) {
	ctx := t.Context()
	fill(b)
	lines := dump(b)
	var tables []string
	for _, line := range lines {
		table, row, _ := strings.Cut(line, " ")
		if !json.Valid([]byte(row)) {
			t.Fatalf("not JSON: %s", row)
		}
		if len(tables) == 0 || tables[len(tables)-1] != table {
			tables = append(tables, table)
		}
	}
	if !slices.IsSorted(positions(b.Tables(), tables)) {
		t.Errorf("tables come as %v, want the order of %v", tables, b.Tables())
	}
	other := newBench(t, b.open)
	if err := load(ctx, other.Store, lines); err != nil {
		t.Fatal(err)
	}
	equal(t, "dump of the loaded", dump(other), lines)
	equal(t, "counts", partCounts(other), partCounts(b))
	if err := load(ctx, other.Store, lines); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("loaded over what is there: %v", err)
	}
	other.view(func(ctx context.Context, tx *store.Tx) error { return oneScan(ctx, tx) })
	// It goes on where it was, under another epoch.
	position := func(ctx context.Context, tx *store.Tx) (store.Position, error) { return tx.Position(ctx) }
	was := read(b, position)
	other.update(func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.RenewEpoch(ctx), writeSome(ctx, tx, 77))
	})
	if got := read(other, position); got.Seq != was.Seq+1 || got.Epoch == was.Epoch || got.Epoch == "" {
		t.Errorf("position %+v after %+v", got, was)
	}
	testBadLoads(t, b, lines)
}

func oneScan(ctx context.Context, tx *store.Tx) error {
	for _, err := range tx.Activities(ctx, 7) {
		if err != nil {
			return err
		}
	}
	return nil
}

func partCounts(b *bench) map[musette.Part]musette.PartCount {
	return read(b, func(ctx context.Context, tx *store.Tx) (map[musette.Part]musette.PartCount, error) {
		return tx.PartCounts(ctx, 7)
	})
}

// testBadLoads changes one thing in each table's first row: none may be loaded, and nothing stays of the attempt.
func testBadLoads(t *testing.T, b *bench, lines []string) {
	fresh := newBench(t, b.open)
	before := dump(fresh)
	seen := map[string]bool{}
	for _, line := range lines {
		table, row, _ := strings.Cut(line, " ")
		if seen[table] {
			continue
		}
		seen[table] = true
		for what, bad := range map[string]string{
			"another value":     strings.Replace(row, `"sum":`, `"sum":1`, 1),
			"a foreign column":  strings.Replace(row, `{`, `{"foreign":1,`, 1),
			"half a row":        row[:len(row)/2],
			"a column too few":  strings.Replace(row, `"`+firstText(row)+`":`, `"sum_":`, 1),
			"something else":    `[]`,
			"nothing":           ``,
			"two with one name": strings.Replace(row, `{`, `{"sum":1,`, 1),
		} {
			if err := load(t.Context(), fresh.Store, append(slices.Clone(lines[:0]), table+" "+bad)); err == nil {
				t.Errorf("%s: %s was loaded: %s", table, what, bad)
			}
		}
	}
	for _, table := range []string{"", "leases", "inbox", "tallies", "sqlite_master", "goose_db_version"} {
		if err := load(t.Context(), fresh.Store, []string{table + " {}"}); err == nil {
			t.Errorf("a row of %q was loaded", table)
		}
	}
	equal(t, "after bad loads", dump(fresh), before)
}

// firstText is the first column's name.
func firstText(row string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(row, `{"`), `"`)
	return name
}

func positions(order, names []string) []int {
	var list []int
	for _, n := range names {
		list = append(list, slices.Index(order, n))
	}
	return list
}

// fill writes something into every table that has a way in.
func fill(b *bench) {
	b.update(func(ctx context.Context, tx *store.Tx) error {
		for i := range int64(5) {
			if err := writeSome(ctx, tx, 1+i); err != nil {
				return err
			}
		}
		for i, text := range oddTexts {
			p := musette.PartState{AthleteID: 7, ActivityID: int64(i), Part: musette.PartPhotos, Due: later(i), Error: text, ErrorKind: "x"}
			if i%2 == 0 {
				p.Due = at(i)
			}
			a := store.Activity{AthleteID: 8, ID: int64(i), Status: store.StatusGone, View: []byte(text), DistanceM: 0.1 * float64(i)}
			_, err := tx.PutActivity(ctx, a)
			if err := errors.Join(err, tx.PutPartState(ctx, p), tx.PutSetting(ctx, "s"+text, text), tx.PutCursor(ctx, 7, text, []byte(text)),
				tx.PutPicture(ctx, store.Picture{AthleteID: 7, ActivityID: int64(i), PhotoID: text, URL: text, Reason: text, Forms: []store.PictureForm{{Size: i}}})); err != nil {
				return err
			}
		}
		_, quota := tx.PutQuota(ctx, []byte("{}"), 0)
		_, inbox := tx.PutInbox(ctx, store.InboxItem{Kind: "x"})
		return errors.Join(quota, inbox,
			tx.PutDocument(ctx, musette.NewDocument(7, 1, musette.PartDetail, musette.SourceAPI, []byte("new"), at(1)), true),
			tx.PutDocument(ctx, musette.NewDocument(7, 0, musette.PartAthlete, musette.SourceAPI, []byte{}, at(1)), true),
			tx.PutGrant(ctx, store.Grant{ID: "g", Sealed: []byte{0, 1, 2}}),
			tx.PutKey(ctx, store.AccessKey{ID: "k"}),
			tx.PutSubscription(ctx, store.Subscription{SecretHash: [32]byte{1}}),
			tx.PutDeletions(ctx, store.Deletion{AthleteID: 7, ActivityID: 1, FoundAt: at(1)}),
		)
	})
}
