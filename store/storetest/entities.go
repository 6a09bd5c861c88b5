package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"musette"
	"musette/store"
)

// testEntities writes and reads each of the small things with everything odd in it.
func testEntities(t *testing.T, b *bench) {
	var athletes []store.Athlete
	for i, text := range oddTexts {
		athletes = append(athletes, store.Athlete{
			ID: int64(i + 1), Name: text, FirstSeen: at(i), ListedAt: at(i + 1), State: musette.StateReconnect, Cause: text,
		})
	}
	athletes = append(athletes, store.Athlete{ID: 1<<63 - 1}) // everything zero
	b.update(func(ctx context.Context, tx *store.Tx) error {
		for _, a := range athletes {
			if err := tx.PutAthlete(ctx, store.Athlete{ID: a.ID, Name: "before"}); err != nil {
				return err
			}
			if err := tx.PutAthlete(ctx, a); err != nil {
				return err
			}
		}
		return nil
	})
	equal(t, "athletes", read(b, func(ctx context.Context, tx *store.Tx) ([]store.Athlete, error) { return tx.Athletes(ctx) }), athletes)
	for i, text := range oddTexts {
		testNamed(t, b, text, int64(i))
	}
	testGrants(t, b)
	testKeys(t, b)
	testInbox(t, b)
	testSubscriptions(t, b)
}

// testNamed tries cursors and settings under odd names.
func testNamed(t *testing.T, b *bench, text string, athleteID int64) {
	b.update(func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(
			tx.PutCursor(ctx, athleteID, text, []byte("x")), tx.PutCursor(ctx, athleteID, text, []byte(text)),
			tx.PutSetting(ctx, "name"+text, "x"), tx.PutSetting(ctx, "name"+text, text),
		)
	})
	b.view(func(ctx context.Context, tx *store.Tx) error {
		cursor, err := tx.Cursor(ctx, athleteID, text)
		if err != nil || cursor == nil || string(cursor) != text {
			t.Errorf("cursor %q: %q, %v", text, cursor, err)
		}
		setting, err := tx.Setting(ctx, "name"+text)
		if err != nil || setting != text {
			t.Errorf("setting %q: %q, %v", text, setting, err)
		}
		none, err := tx.Cursor(ctx, athleteID, "none")
		if none != nil || err != nil {
			t.Errorf("no cursor: %q, %v", none, err)
		}
		return nil
	})
	b.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutCursor(ctx, athleteID, text, nil) })
	if c := read(b, func(ctx context.Context, tx *store.Tx) ([]byte, error) { return tx.Cursor(ctx, athleteID, text) }); c != nil {
		t.Errorf("cursor after its deletion: %q", c)
	}
}

func testGrants(t *testing.T, b *bench) {
	full := store.Grant{
		ID: "g1", AthleteID: 1<<53 + 1, Sealed: []byte{0, 1, 0xff}, Previous: []byte("\x00"), Scopes: []string{"read", "activity:read_all"},
		TakenIn: "ab12", State: musette.StateOK, Cause: `"key"`, UpdatedAt: at(3),
	}
	bare := store.Grant{ID: "g2"}
	b.update(func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.PutGrant(ctx, full), tx.PutGrant(ctx, bare), tx.PutGrant(ctx, store.Grant{ID: "g3"}), tx.DeleteGrant(ctx, "g3"))
	})
	got := read(b, func(ctx context.Context, tx *store.Tx) ([]store.Grant, error) { return tx.Grants(ctx) })
	equal(t, "grants", got, []store.Grant{full, bare})
	equal(t, "grant g1", read(b, func(ctx context.Context, tx *store.Tx) (store.Grant, error) { return tx.Grant(ctx, "g1") }), full)
	_ = read(b, func(ctx context.Context, tx *store.Tx) (int, error) {
		if _, err := tx.Grant(ctx, "g3"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a deleted grant: %v, want ErrNotFound", err)
		}
		return 0, nil
	})
}

func testKeys(t *testing.T, b *bench) {
	hash := sha256.Sum256([]byte("k"))
	key := store.AccessKey{
		ID: "k1", Kind: store.KeyKind, Name: "site\x00", Hash: hash, Scopes: []string{"read"}, AthleteID: 7,
		CreatedAt: at(0), ExpiresAt: at(60), UsedAt: at(1), RevokedAt: at(2),
	}
	session := store.AccessKey{ID: "s1", Kind: store.SessionKind, Hash: sha256.Sum256([]byte("s")), Parent: hash}
	code := store.AccessKey{ID: "c1", Kind: store.CodeKind, Hash: sha256.Sum256([]byte("c")), ExpiresAt: at(10)}
	b.update(func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.PutKey(ctx, key), tx.PutKey(ctx, code), tx.PutKey(ctx, session))
	})
	b.view(func(ctx context.Context, tx *store.Tx) error {
		got, err := tx.KeyByHash(ctx, hash)
		equal(t, "key", got, key)
		if _, missing := tx.KeyByHash(ctx, [32]byte{1}); !errors.Is(missing, store.ErrNotFound) {
			t.Errorf("no such key: %v", missing)
		}
		return err
	})
	for _, test := range []struct {
		what string
		hash [32]byte
		now  time.Time
		want error
	}{
		{"a key isn't a code", hash, at(0), store.ErrNotFound},
		{"an expired code", code.Hash, at(10), store.ErrNotFound},
		{"a code", code.Hash, at(9), nil},
		{"the same again", code.Hash, at(9), store.ErrNotFound},
	} {
		err := b.Update(t.Context(), nil, func(tx *store.Tx) error {
			_, err := tx.Take(t.Context(), store.CodeKind, test.hash, test.now)
			return err
		})
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v", test.what, err)
		}
	}
	keys := read(b, func(ctx context.Context, tx *store.Tx) ([]store.AccessKey, error) { return tx.Keys(ctx) })
	equal(t, "keys", keys, []store.AccessKey{key, session})
}

func testInbox(t *testing.T, b *bench) {
	items := []store.InboxItem{
		{Kind: "forced"},
		{Kind: "event", AthleteID: 7, ActivityID: 1<<63 - 1, Body: []byte("\x00{\"a\":1}\xff"), ReceivedAt: at(1)},
	}
	var last int64
	b.update(func(ctx context.Context, tx *store.Tx) error {
		for i := range items {
			id, err := tx.PutInbox(ctx, items[i])
			if err != nil {
				return err
			}
			items[i].ID = id
		}
		last = items[1].ID
		return nil
	})
	inbox := func(ctx context.Context, tx *store.Tx) ([]store.InboxItem, error) { return tx.Inbox(ctx, 10) }
	equal(t, "inbox", read(b, inbox), items)
	b.view(func(ctx context.Context, tx *store.Tx) error {
		about, err := tx.InboxAbout(ctx, "event", 7, 1<<63-1)
		equal(t, "inbox about one", about, items[1:])
		for _, other := range []store.InboxItem{{Kind: "forced", AthleteID: 7, ActivityID: 1<<63 - 1}, {Kind: "event", AthleteID: 7}} {
			if none, e := tx.InboxAbout(ctx, other.Kind, other.AthleteID, other.ActivityID); len(none) > 0 || e != nil {
				t.Errorf("inbox about %+v: %v, %v", other, none, e)
			}
		}
		if n, e := tx.CountInbox(ctx, "event"); n != 1 || e != nil {
			t.Errorf("%d events, %v", n, e)
		}
		waiting, e := tx.InboxWaiting(ctx)
		equal(t, "what waits", waiting, map[string]store.Waiting{"forced": {Items: 1}, "event": {Items: 1, Oldest: at(1)}})
		if e != nil {
			t.Error(e)
		}
		return err
	})
	b.update(func(ctx context.Context, tx *store.Tx) error { return tx.DeleteInbox(ctx, last) })
	equal(t, "inbox", read(b, inbox), items[:1])
	b.update(func(ctx context.Context, tx *store.Tx) error {
		id, err := tx.PutInbox(ctx, items[0])
		if id <= last {
			t.Errorf("id %d given again after %d", id, last)
		}
		return err
	})
}

func testActivities(t *testing.T, b *bench) {
	full := store.Activity{
		AthleteID: 7, Status: store.StatusLive, Start: at(0), SportType: "TrailRun", Type: "Run", DistanceM: 5218.5, MovingS: 1590,
		ElapsedS: 1622, ClimbM: -41, Visibility: "everyone", View: []byte("{\"name\":\"\x00🚴\xff\"}"), ViewVersion: 3, GoneAt: at(5),
	}
	put := func(a store.Activity) (changed bool) {
		b.update(func(ctx context.Context, tx *store.Tx) (err error) {
			changed, err = tx.PutActivity(ctx, a)
			return err
		})
		return changed
	}
	for i, id := range oddIDs {
		a := full
		a.ID = id
		if !put(a) || put(a) {
			t.Errorf("a new activity changes once")
		}
		a.Seq = int64(i + 1)
		got := read(b, func(ctx context.Context, tx *store.Tx) (store.Activity, error) { return tx.Activity(ctx, 7, id) })
		equal(t, "activity", got, a)
		got = read(b, func(ctx context.Context, tx *store.Tx) (store.Activity, error) { return tx.FindActivity(ctx, id) })
		equal(t, "found activity", got, a)
	}
	a := full
	a.ID, a.DistanceM = 1, 6000
	if put(a) {
		t.Error("a column alone is no change")
	}
	a.Status = store.StatusGone
	if !put(a) {
		t.Error("a status is a change")
	}
	changes := read(b, func(ctx context.Context, tx *store.Tx) ([]store.Change, error) { return tx.Changes(ctx, 1, 10) })
	equal(t, "changes", changes, []store.Change{
		{Seq: 2, AthleteID: 7, ActivityID: oddIDs[1], Kind: "put"},
		{Seq: 3, AthleteID: 7, ActivityID: oddIDs[2], Kind: "put"},
		{Seq: 4, AthleteID: 7, ActivityID: oddIDs[3], Kind: "put"},
		{Seq: 5, AthleteID: 7, ActivityID: 1, Kind: "gone"},
	})
	bare := store.Activity{AthleteID: 8, ID: 99, Seq: 6}
	put(bare)
	equal(t, "bare", read(b, func(ctx context.Context, tx *store.Tx) (store.Activity, error) { return tx.Activity(ctx, 8, 99) }), bare)
	for _, find := range []func(*store.Tx) (store.Activity, error){
		func(tx *store.Tx) (store.Activity, error) { return tx.Activity(t.Context(), 7, 99) },
		func(tx *store.Tx) (store.Activity, error) { return tx.FindActivity(t.Context(), 5) },
	} {
		b.view(func(ctx context.Context, tx *store.Tx) error {
			if _, err := find(tx); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("no such activity: %v", err)
			}
			return nil
		})
	}
	testScan(t, b)
}

// testScan reads more activities than are read at a time, using the transaction meanwhile.
func testScan(t *testing.T, b *bench) {
	const n = 1203
	b.update(func(ctx context.Context, tx *store.Tx) error {
		for i := range int64(n) {
			status := store.StatusLive
			if i%10 == 0 {
				status = store.StatusGone
			}
			a := store.Activity{AthleteID: 9, ID: -5 + i, Status: status, Start: at(int(i)), View: fmt.Appendf(nil, "%d", i)}
			if _, err := tx.PutActivity(ctx, a); err != nil {
				return err
			}
		}
		return scan(t, ctx, tx, 9, n)
	})
	b.view(func(ctx context.Context, tx *store.Tx) error { return scan(t, ctx, tx, 9, n) })
	b.view(func(ctx context.Context, tx *store.Tx) error { return scan(t, ctx, tx, 10, 0) })
	ids := read(b, func(ctx context.Context, tx *store.Tx) ([]int64, error) { return tx.ActivityIDs(ctx, 9, at(9), at(12)) })
	equal(t, "ids", ids, []int64{4, 6, 7})
	ids = read(b, func(ctx context.Context, tx *store.Tx) ([]int64, error) {
		return tx.ActivityIDs(ctx, 9, at(1199), time.Time{})
	})
	equal(t, "ids", ids, []int64{1194, 1196, 1197})
}

func scan(t *testing.T, ctx context.Context, tx *store.Tx, athleteID int64, want int) error {
	t.Helper()
	n := 0
	for a, err := range tx.Activities(ctx, athleteID) {
		if err != nil {
			return err
		}
		if n%100 == 0 {
			if _, err := tx.Activity(ctx, athleteID, a.ID); err != nil {
				return err
			}
		}
		if a.ID != int64(n-5) {
			t.Fatalf("activity %d comes as number %d", a.ID, n)
		}
		n++
	}
	if n != want {
		t.Errorf("%d activities, want %d", n, want)
	}
	return nil
}

func testDocuments(t *testing.T, b *bench) {
	bodies := [][]byte{{}, {0}, []byte("\xff\xfe{\"a\":\r\n 1.0}\x00"), bytes.Repeat([]byte(`{"polyline":"_p~iF~ps|U"} `), 40000)}
	for _, text := range oddTexts {
		bodies = append(bodies, []byte(text))
	}
	for i, body := range bodies {
		id := int64(i + 1)
		d := musette.NewDocument(7, id, musette.PartDetail, musette.SourceAPI, body, at(i))
		d.ConfirmedAt, d.Mark = at(i+5), -1<<63
		s := musette.NewDocument(7, id, musette.PartSummary, musette.SourceArchive, []byte("s"), at(i))
		b.update(func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(tx.PutDocument(ctx, d, true), tx.PutDocument(ctx, s, true))
		})
		got := read(b, func(ctx context.Context, tx *store.Tx) ([]musette.Document, error) { return tx.Documents(ctx, 7, id) })
		equal(t, "documents", got, []musette.Document{d, s})
	}
	testReplace(t, b)
	testMetas(t, b)
	broken := musette.NewDocument(7, 1, musette.PartDetail, musette.SourceAPI, []byte("x"), at(0))
	broken.Body = []byte("y")
	if err := b.Update(t.Context(), nil, func(tx *store.Tx) error { return tx.PutDocument(t.Context(), broken, false) }); err == nil {
		t.Error("bytes that aren't what their hash says were stored")
	}
}

// testReplace follows a document through replacements, with and without history.
func testReplace(t *testing.T, b *bench) {
	doc := func(body string, n int) musette.Document {
		return musette.NewDocument(8, 1, musette.PartDetail, musette.SourceAPI, []byte(body), at(n))
	}
	put := func(d musette.Document, history bool) {
		b.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutDocument(ctx, d, history) })
	}
	docs := func() []musette.Document {
		return read(b, func(ctx context.Context, tx *store.Tx) ([]musette.Document, error) { return tx.Documents(ctx, 8, 1) })
	}
	history := func() (list []string) {
		for _, d := range read(b, func(ctx context.Context, tx *store.Tx) ([]musette.Replaced, error) { return tx.History(ctx, 8, 1) }) {
			if d.At.IsZero() {
				t.Error("a replaced document doesn't say when it was")
			}
			list = append(list, string(d.Body))
		}
		return list
	}
	put(doc("a", 0), true)
	put(doc("a", 5), true) // the same bytes: confirmed
	want := doc("a", 0)
	want.ConfirmedAt = at(5)
	equal(t, "same bytes again", docs(), []musette.Document{want})
	equal(t, "history", history(), nil)
	put(doc("b", 6), false)
	equal(t, "history", history(), nil)
	put(doc("c", 7), true)
	equal(t, "document", docs(), []musette.Document{doc("c", 7)})
	put(doc("d", 8), true)
	if got := history(); len(got) != 2 {
		t.Errorf("history %q, want b and c", got)
	}
	b.update(func(ctx context.Context, tx *store.Tx) error { return tx.PruneHistory(ctx, time.Now().Add(time.Hour)) })
	equal(t, "pruned history", history(), nil)
}

func testMetas(t *testing.T, b *bench) {
	const n = 1100
	ids := make([]int64, n)
	b.update(func(ctx context.Context, tx *store.Tx) error {
		for i := range ids {
			ids[i] = int64(i)
			if err := tx.PutDocument(ctx, musette.NewDocument(9, ids[i], musette.PartSummary, musette.SourceAPI, []byte("x"), at(0)), false); err != nil {
				return err
			}
		}
		return tx.Confirm(ctx, 9, musette.PartSummary, ids[:600], at(7))
	})
	b.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.Confirm(ctx, 9, musette.PartSummary, ids[:2], at(1))
	})
	metas := read(b, func(ctx context.Context, tx *store.Tx) (map[int64]musette.Document, error) {
		return tx.DocumentMetas(ctx, 9, musette.PartSummary, append(ids, -1))
	})
	if len(metas) != n {
		t.Errorf("%d metas, want %d", len(metas), n)
	}
	want := musette.NewDocument(9, 1, musette.PartSummary, musette.SourceAPI, []byte("x"), at(0))
	want.Body, want.ConfirmedAt = nil, at(7)
	equal(t, "meta", metas[1], want)
	if got := metas[600].ConfirmedAt; !got.Equal(at(0)) {
		t.Errorf("confirmed at %v", got)
	}
	none := read(b, func(ctx context.Context, tx *store.Tx) (map[int64]musette.Document, error) {
		return tx.DocumentMetas(ctx, 9, musette.PartDetail, nil)
	})
	if len(none) != 0 {
		t.Errorf("metas of nothing: %v", none)
	}
}
