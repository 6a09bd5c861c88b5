package feed_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"musette"
	"musette/feed"
	"musette/store"
)

// Following changes one by one must end where a fresh load begins.
func TestFollowingAgreesWithLoading(t *testing.T) {
	st := memory(t)
	rapid.Check(t, func(rt *rapid.T) {
		clear(t, st)
		c := feed.Config{Store: st, Publish: feed.Publish{Mode: feed.PublishFull, API: true}, Filter: musette.Filter{Types: []string{"Run"}}}
		f := loaded(t, c)
		for range rapid.IntRange(1, 4).Draw(rt, "looks") {
			for range rapid.IntRange(0, 6).Draw(rt, "changes") {
				a := activity(rapid.Int64Range(1, 12).Draw(rt, "id"))
				a.AthleteID = 1 + a.ID%3
				a.SportType = rapid.SampledFrom([]string{"Run", "Ride"}).Draw(rt, "type")
				a.Type = a.SportType
				a.Visibility = rapid.SampledFrom([]string{"everyone", "only_me"}).Draw(rt, "visibility")
				at(noon.AddDate(0, rapid.IntRange(-3, 3).Draw(rt, "month"), 0))(&a)
				put(t, st, rapid.SampledFrom([]string{"live", "gone", "kept"}).Draw(rt, "status"), a)
			}
			v, fresh := look(t, f), loaded(t, c).View()
			for _, r := range []feed.Reader{owner, stranger, {Owner: true, AthleteID: 2}} {
				q := feed.Query{Reader: r, Limit: 7}
				if diff := cmp.Diff(body(t, fresh, q), body(t, v, q)); diff != "" {
					rt.Fatalf("for %+v (-loaded +followed):\n%s", r, diff)
				}
				if diff := cmp.Diff(fresh.Totals(q), v.Totals(q)); diff != "" {
					rt.Fatalf("totals for %+v (-loaded +followed):\n%s", r, diff)
				}
			}
			for id := int64(1); id <= 12; id++ {
				_, want := fresh.Activity(id, owner)
				if _, got := v.Activity(id, owner); got != want {
					rt.Fatalf("activity %d: loaded %v, followed %v", id, want, got)
				}
			}
		}
	})
}

func TestManyChangesAtOnce(t *testing.T) {
	st := memory(t)
	f := loaded(t, feed.Config{Store: st})
	for _, last := range []int64{200, 650, 3000} { // one transaction's worth, several, and so many that all is read anew
		var list []musette.Activity
		for id := f.View().Seq + 1; id <= last; id++ {
			list = append(list, activity(id))
		}
		before := f.View()
		put(t, st, "", list...)
		v := look(t, f)
		if got := v.Totals(feed.Query{Reader: owner}).Count; int64(got) != last || v.Seq != last {
			t.Fatalf("after %d there are %d, seq %d", last, got, v.Seq)
		}
		seen := map[int64]bool{}
		for since := before.Seq; since != v.Seq; {
			changes, next, ok := v.Changes(since, 100, owner)
			if !ok {
				t.Fatalf("since %d: a reset", since)
			}
			for _, c := range changes {
				seen[c.Activity] = true
			}
			since = next
		}
		if len(seen) != len(list) {
			t.Errorf("of %d changes %d are told", len(list), len(seen))
		}
	}
}

// A view that a reader holds stays as it was, whatever comes after it.
func TestViewsNeverChange(t *testing.T) {
	st := memory(t)
	put(t, st, "", activity(1), activity(2))
	f := loaded(t, feed.Config{Store: st})
	old := f.View()
	before := body(t, old, feed.Query{Reader: owner, Limit: 9})
	put(t, st, "", activity(3), activity(1, func(a *musette.Activity) { a.Name = "Other" }))
	put(t, st, "gone", activity(2))
	look(t, f)
	page, err := old.Query(feed.Query{Reader: owner})
	if err != nil || len(page.Entries) != 2 || page.Entries[1].For(owner).Name != "Run 1" {
		t.Errorf("the old view has %d activities: %v", len(page.Entries), err)
	}
	if after := body(t, old, feed.Query{Reader: owner, Limit: 9}); after != before {
		t.Error("the old view's reply changed")
	}
	select {
	case <-old.Replaced():
	default:
		t.Error("the old view doesn't know that it was replaced")
	}
}

func TestTheStoreGoesAwayAndMemoryServesOn(t *testing.T) {
	st := memory(t)
	put(t, st, "", activity(1))
	asOf := noon
	var broken error
	f := loaded(t, feed.Config{Store: st, Status: func(context.Context) (musette.Status, error) {
		return musette.Status{State: musette.StateOK, AsOf: &asOf}, broken
	}})

	broken = &store.Error{Kind: store.ErrUnreachable, Where: "db.example/musette", Hint: "start the database"}
	if err := f.Look(context.Background()); !errors.Is(err, store.ErrUnreachable) {
		t.Fatalf("a look at a broken store: %v", err)
	}
	v := f.View()
	if v.Status.State != musette.StateStoreDown || !strings.Contains(v.Status.Cause, "db.example") {
		t.Errorf("the state is %q, cause %q", v.Status.State, v.Status.Cause)
	}
	if v.Status.Since == nil || v.Status.Advice == "" {
		t.Errorf("it doesn't say since when, or what to do: %+v", v.Status)
	}
	began := *v.Status.Since
	if f.Look(context.Background()) == nil || !f.View().Status.Since.Equal(began) {
		t.Errorf("a second failure says since %s, not %s", f.View().Status.Since, began)
	}
	if got := ids(t, v, feed.Query{Reader: owner}); len(got) != 1 {
		t.Errorf("memory serves %v", got)
	}
	if !strings.Contains(body(t, v, feed.Query{Reader: owner}), `"state":"store_down","as_of":"2026-05-22T12:00:00Z"`) {
		t.Error("the reply doesn't say that the store is down, or forgot how fresh it is")
	}

	broken = nil
	put(t, st, "", activity(2))
	if v = look(t, f); v.Status.State != musette.StateOK || len(ids(t, v, feed.Query{Reader: owner})) != 2 {
		t.Errorf("when it is back the state is %q", v.Status.State)
	}

	st.Close()
	if err := f.Look(context.Background()); err == nil {
		t.Error("a look at a closed store has no error")
	}
	if err := f.Load(context.Background()); err == nil {
		t.Error("loading from a closed store has no error")
	}
	if got := ids(t, f.View(), feed.Query{Reader: owner}); len(got) != 2 {
		t.Errorf("after a failed load memory has %v", got)
	}
}

func TestNotReadyBeforeTheFirstLoad(t *testing.T) {
	st := memory(t)
	f := feed.New(feed.Config{Store: st})
	if f.View().Ready() {
		t.Error("an unloaded feed says that it is ready")
	}
	if got := ids(t, f.View(), feed.Query{Reader: owner}); len(got) != 0 {
		t.Errorf("an unloaded feed has %v", got)
	}
	put(t, st, "", activity(1))
	if v := look(t, f); !v.Ready() || len(ids(t, v, feed.Query{Reader: owner})) != 1 {
		t.Error("the first look doesn't load")
	}
}

func TestAnotherEpochIsReadAnew(t *testing.T) {
	st := memory(t)
	put(t, st, "", activity(1), activity(2))
	f := loaded(t, feed.Config{Store: st})
	old := f.View()
	update(t, st, func(ctx context.Context, tx *store.Tx) error { return tx.RenewEpoch(ctx) })
	if v := look(t, f); v.Epoch == old.Epoch || len(ids(t, v, feed.Query{Reader: owner})) != 2 {
		t.Errorf("the epoch was %s and is %s", old.Epoch, v.Epoch)
	}
}

func TestDamagedRowsAreLeftOutOrStay(t *testing.T) {
	st, err := store.Open(context.Background(), store.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	put(t, st, "", activity(1), activity(2), activity(3))
	f := loaded(t, feed.Config{Store: st})

	raw, err := sql.Open("sqlite", st.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.Exec("UPDATE activities SET sport_type = 'Swim' WHERE activity_id = 2"); err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Exec("UPDATE athletes SET name = 'Eve'"); err != nil {
		t.Fatal(err)
	}
	if v := look(t, f); len(ids(t, v, feed.Query{Reader: owner})) != 3 {
		t.Error("memory lost an activity whose row was damaged behind it")
	}
	if err := f.Load(context.Background()); err != nil {
		t.Fatal(err)
	}
	v := f.View()
	if diff := cmp.Diff([]int64{3, 1}, ids(t, v, feed.Query{Reader: owner})); diff != "" || v.Damaged == 0 {
		t.Errorf("%d damaged rows; (-want +got):\n%s", v.Damaged, diff)
	}
}

func TestAnOlderViewIsDerivedAnew(t *testing.T) {
	st := memory(t)
	update(t, st, func(ctx context.Context, tx *store.Tx) error {
		body := []byte(`{"id":7,"athlete":{"id":4242},"name":"From the document","type":"Run","sport_type":"TrailRun",
			"start_date":"2026-05-22T06:49:27Z","start_date_local":"2026-05-22T07:49:27Z","timezone":"(GMT+00:00) Europe/London",
			"distance":5218.5,"visibility":"everyone"}`)
		doc := musette.NewDocument(athlete, 7, musette.PartSummary, musette.SourceAPI, body, noon)
		if err := tx.PutDocument(ctx, doc, false); err != nil {
			return err
		}
		r := row(activity(7), "", []byte(`{"missing":["streams"]}`))
		r.ViewVersion = musette.ViewVersion + 1
		_, err := tx.PutActivity(ctx, r)
		return err
	})
	e, ok := loaded(t, feed.Config{Store: st}).View().Activity(7, owner)
	if !ok {
		t.Fatal("it isn't there")
	}
	a := e.For(owner)
	want := []musette.Part{musette.PartDetail, musette.PartStreams}
	if a.Name != "From the document" || a.StartLocal != "2026-05-22T07:49:27" || !cmp.Equal(a.Missing, want) {
		t.Errorf("got %+v", a)
	}
}

func TestWait(t *testing.T) {
	st := memory(t)
	f := loaded(t, feed.Config{Store: st})
	seq := f.View().Seq
	got := make(chan *feed.View)
	go func() {
		v, _ := f.Wait(context.Background(), seq)
		got <- v
	}()
	put(t, st, "", activity(1))
	look(t, f)
	if v := <-got; v == nil || v.Seq <= seq {
		t.Errorf("waiting gave %v", v)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := f.Wait(ctx, f.View().Seq); !errors.Is(err, context.Canceled) {
		t.Errorf("a wait that was given up: %v", err)
	}
}

func TestRunFollows(t *testing.T) {
	st := memory(t)
	f := feed.New(feed.Config{Store: st})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	done := make(chan error)
	go func() { done <- f.Run(ctx) }()
	put(t, st, "", activity(1))
	if _, err := f.Wait(ctx, 0); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run ended with %v", err)
	}
}

func TestChanges(t *testing.T) {
	st := memory(t)
	put(t, st, "", activity(1), activity(2))
	f := loaded(t, feed.Config{Store: st, Publish: feed.Publish{Mode: feed.PublishFull, API: true}})
	from := f.View().Seq

	put(t, st, "", activity(1, func(a *musette.Activity) { a.Name = "Again" }))
	put(t, st, "", activity(3, func(a *musette.Activity) { a.Visibility = "only_me" }), activity(4))
	v := look(t, f)
	put(t, st, "gone", activity(4))
	put(t, st, "", activity(2, func(a *musette.Activity) { a.Visibility = "only_me" }))
	put(t, st, "", activity(1, func(a *musette.Activity) { a.Name = "And again" }))
	v2 := look(t, f)

	kinds := func(v *feed.View, since int64, limit int, r feed.Reader) (map[int64]string, int64) {
		t.Helper()
		list, next, ok := v.Changes(since, limit, r)
		if !ok {
			t.Fatalf("since %d: a reset", since)
		}
		m := map[int64]string{}
		for _, c := range list {
			if m[c.Activity] != "" {
				t.Errorf("activity %d comes twice", c.Activity)
			}
			m[c.Activity] = c.Kind
		}
		return m, next
	}
	for name, c := range map[string]struct {
		view   *feed.View
		since  int64
		reader feed.Reader
		want   map[int64]string
	}{
		"all":               {v2, 0, owner, map[int64]string{1: "put", 2: "put", 3: "put", 4: "gone"}},
		"in between":        {v, from, owner, map[int64]string{1: "put", 3: "put", 4: "put"}},
		"strangers":         {v2, from, stranger, map[int64]string{1: "put", 2: "gone", 4: "gone"}},
		"another's":         {v2, 0, feed.Reader{Owner: true, AthleteID: 1}, map[int64]string{}},
		"nothing new since": {v2, v2.Seq, owner, map[int64]string{}},
	} {
		got, next := kinds(c.view, c.since, 100, c.reader)
		if diff := cmp.Diff(c.want, got); diff != "" || next != c.view.Seq {
			t.Errorf("%s: next %d of %d (-want +got):\n%s", name, next, c.view.Seq, diff)
		}
	}

	all := map[int64]string{}
	for since := int64(0); since != v2.Seq; {
		some, next := kinds(v2, since, 1, owner)
		if next <= since {
			t.Fatalf("next after %d is %d", since, next)
		}
		for id, kind := range some {
			all[id] = kind
		}
		since = next
	}
	if len(all) != 4 || all[4] != "gone" {
		t.Errorf("one at a time: %v", all)
	}

	for name, c := range map[string]struct {
		since  int64
		reader feed.Reader
	}{"the future": {v2.Seq + 1, owner}, "strangers before the load": {from - 1, stranger}} {
		if _, next, ok := v2.Changes(c.since, 100, c.reader); ok || next != v2.Seq {
			t.Errorf("%s: not a reset", name)
		}
	}
}
