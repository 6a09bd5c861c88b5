package feed_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"musette"
	"musette/feed"
	"musette/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const athlete = 4242

var (
	owner    = feed.Reader{Owner: true}
	stranger = feed.Reader{}
	noon     = time.Date(2026, 5, 22, 12, 0, 0, 0, time.UTC)
)

// activity returns a run of 5 km that starts id minutes after noon; edit changes it.
func activity(id int64, edit ...func(*musette.Activity)) musette.Activity {
	start := noon.Add(time.Duration(id) * time.Minute)
	a := musette.Activity{
		ID: id, AthleteID: athlete, Name: fmt.Sprint("Run ", id), SportType: "Run", Type: "Run",
		Start: musette.At(start), StartLocal: start.Format("2006-01-02T15:04:05"), Timezone: "UTC",
		DistanceM: 5000, MovingS: 1500, ElapsedS: 1600, ClimbM: 40,
		Photos: []musette.Photo{}, Comments: []musette.Comment{}, Missing: []musette.Part{},
		Visibility: "everyone", Source: musette.SourceAPI, FetchedAt: musette.At(noon),
	}
	for _, f := range edit {
		f(&a)
	}
	return a
}

func at(t time.Time) func(*musette.Activity) {
	return func(a *musette.Activity) {
		a.Start, a.StartLocal = musette.At(t), t.UTC().Format("2006-01-02T15:04:05")
	}
}

func memory(t testing.TB) *store.Store {
	t.Helper()
	st, err := store.OpenMemory(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	fixSecret(t, st)
	return st
}

// fixSecret makes masks the same in every run.
func fixSecret(t testing.TB, st *store.Store) {
	update(t, st, func(ctx context.Context, tx *store.Tx) error {
		return tx.PutSetting(ctx, "mask_secret", strings.Repeat("5e", 32))
	})
}

func update(t testing.TB, st *store.Store, fn func(context.Context, *store.Tx) error) {
	t.Helper()
	ctx := context.Background()
	if err := st.Update(ctx, nil, func(tx *store.Tx) error { return fn(ctx, tx) }); err != nil {
		t.Fatal(err)
	}
}

// put stores activities with a status, "" for live.
func put(t testing.TB, st *store.Store, status string, activities ...musette.Activity) {
	t.Helper()
	update(t, st, func(ctx context.Context, tx *store.Tx) error {
		for _, a := range activities {
			view, err := json.Marshal(a)
			if err != nil {
				return err
			}
			if err := tx.PutAthlete(ctx, store.Athlete{ID: a.AthleteID, Name: "Ada", FirstSeen: noon}); err != nil {
				return err
			}
			if _, err := tx.PutActivity(ctx, row(a, status, view)); err != nil {
				return err
			}
		}
		return nil
	})
}

// clear makes everything gone, so that one store does for many rounds of a property: opening one takes longer.
func clear(t testing.TB, st *store.Store) {
	t.Helper()
	update(t, st, func(ctx context.Context, tx *store.Tx) error {
		athletes, err := tx.Athletes(ctx)
		if err != nil {
			return err
		}
		var all []store.Activity
		for _, a := range athletes {
			for row, err := range tx.Activities(ctx, a.ID) {
				if err != nil {
					return err
				}
				all = append(all, row)
			}
		}
		for _, row := range all {
			row.Status = store.StatusGone
			if _, err := tx.PutActivity(ctx, row); err != nil {
				return err
			}
		}
		return nil
	})
}

func row(a musette.Activity, status string, view []byte) store.Activity {
	if status == "" {
		status = store.StatusLive
	}
	return store.Activity{
		AthleteID: a.AthleteID, ID: a.ID, Status: status, Start: a.Start.Time, SportType: a.SportType, Type: a.Type,
		DistanceM: a.DistanceM, Visibility: a.Visibility, View: view, ViewVersion: musette.ViewVersion,
	}
}

// loaded returns a feed with what is in the store.
func loaded(t testing.TB, c feed.Config) *feed.Feed {
	t.Helper()
	f := feed.New(c)
	if err := f.Load(context.Background()); err != nil {
		t.Fatal(err)
	}
	return f
}

func look(t testing.TB, f *feed.Feed) *feed.View {
	t.Helper()
	if err := f.Look(context.Background()); err != nil {
		t.Fatal(err)
	}
	return f.View()
}

// ids returns the ids of one page.
func ids(t testing.TB, v *feed.View, q feed.Query) []int64 {
	t.Helper()
	page, err := v.Query(q)
	if err != nil {
		t.Fatal(err)
	}
	list := []int64{}
	for _, e := range page.Entries {
		list = append(list, e.For(q.Reader).ID)
	}
	return list
}

func body(t testing.TB, v *feed.View, q feed.Query) string {
	t.Helper()
	r, err := v.FeedResponse(q)
	if err != nil {
		t.Fatal(err)
	}
	return string(r.Body)
}
