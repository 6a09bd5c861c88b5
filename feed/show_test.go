package feed_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"musette"
	"musette/feed"
	"musette/store"
	"musette/track"
)

// rich has everything that says where somebody was, or who else was there.
func rich(a *musette.Activity) {
	text := "By the river"
	a.Description = &text
	a.Map = &musette.Map{Polyline: "SECRETLINE", Bounds: track.Bounds{South: 1, West: 2, North: 3, East: 4}}
	a.Photos = []musette.Photo{{ID: "P", URL: "https://SECRETPHOTO"}}
	a.Comments = []musette.Comment{{Author: "SECRETFRIEND", Text: "Hi"}}
	a.Laps = []musette.Lap{{Name: "SECRETLAP"}}
	a.Kudos = 12
	a.Missing = []musette.Part{musette.PartStreams}
	a.Links.Strava = "https://www.strava.com/activities/1"
}

func TestWhatIsPublic(t *testing.T) {
	st := memory(t)
	set := func(visibility string, source musette.Source) func(*musette.Activity) {
		return func(a *musette.Activity) { a.Visibility, a.Source = visibility, source }
	}
	put(
		t, st, "",
		activity(1, rich), activity(2, rich, set("followers_only", musette.SourceAPI)), activity(3, rich, set("only_me", musette.SourceFile)),
		activity(4, rich, set("unknown", musette.SourceFile)), activity(5, rich, set("everyone", musette.SourceArchive)), activity(6, rich, set("", musette.SourceFile)),
	)
	put(t, st, "kept", activity(7, rich, set("everyone", musette.SourceFile)))
	put(t, st, "gone", activity(8, rich, set("everyone", musette.SourceFile)))
	for name, c := range map[string]struct {
		publish feed.Publish
		shown   []int64
		counted int
	}{
		"nothing said":    {feed.Publish{}, []int64{}, 0},
		"off":             {feed.Publish{Mode: feed.PublishOff, API: true}, []int64{}, 0},
		"aggregate":       {feed.Publish{Mode: feed.PublishAggregate, API: true}, []int64{}, 2},
		"full":            {feed.Publish{Mode: feed.PublishFull}, []int64{5}, 1},
		"full with API":   {feed.Publish{Mode: feed.PublishFull, API: true}, []int64{5, 1}, 2},
		"an unknown mode": {feed.Publish{Mode: "all", API: true}, []int64{}, 0},
	} {
		v := loaded(t, feed.Config{Store: st, Publish: c.publish}).View()
		if diff := cmp.Diff(c.shown, ids(t, v, feed.Query{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if got := v.Totals(feed.Query{}).Count; got != c.counted {
			t.Errorf("%s: %d are counted", name, got)
		}
		for id := int64(1); id <= 8; id++ {
			r, err := v.ActivityResponse(id, stranger)
			if err != nil {
				t.Fatal(err)
			}
			shown := strings.Contains(fmt.Sprint(c.shown), fmt.Sprint(id))
			if shown != (r != nil) {
				t.Errorf("%s: activity %d is shown alone: %v", name, id, r != nil)
			}
			if r != nil && (bytes.Contains(r.Body, []byte("SECRET")) || bytes.Contains(r.Body, []byte(`"kudos":12`))) {
				t.Errorf("%s: strangers read %s", name, r.Body)
			}
		}
		if page := body(t, v, feed.Query{}); strings.Contains(page, "SECRET") {
			t.Errorf("%s: strangers read %s", name, page)
		}
		for _, query := range []string{"has=map", "has=photos", "has=comments"} {
			q := parse(t, query)
			q.Reader = stranger
			if got := ids(t, v, q); len(got) > 0 {
				t.Errorf("%s: %s tells strangers about %v", name, query, got)
			}
		}
		if got := len(ids(t, v, feed.Query{Reader: owner})); got != 7 {
			t.Errorf("%s: the owner sees %d", name, got)
		}
	}
}

func TestTheFilterDecidesWhatIsThere(t *testing.T) {
	st := memory(t)
	put(t, st, "", activity(1), activity(2, func(a *musette.Activity) { a.SportType, a.Type = "Swim", "Swim" }), activity(3, at(noon.AddDate(0, 0, -1))))
	f := loaded(t, feed.Config{Store: st, GoalM: 7, Filter: musette.Filter{Types: []string{"Run"}, From: "2026-05-22"}})
	v := f.View()
	if got := ids(t, v, feed.Query{Reader: owner}); !cmp.Equal(got, []int64{1}) {
		t.Errorf("there are %v", got)
	}
	if got := v.Totals(feed.Query{Reader: owner}); got.Count != 1 || got.GoalM != 7 {
		t.Errorf("totals %+v", got)
	}
	if _, ok := v.Activity(2, owner); ok {
		t.Error("what is outside the filter is shown alone")
	}
	put(t, st, "", activity(1, func(a *musette.Activity) { a.SportType, a.Type = "Swim", "Swim" }))
	if got := ids(t, look(t, f), feed.Query{Reader: owner}); len(got) != 0 {
		t.Errorf("a run that became a swim is still there: %v", got)
	}
}

func TestTheReply(t *testing.T) {
	st := memory(t)
	text := "a \"quoted\" \\ back; 🚴 </script> \r\n end"
	put(t, st, "", activity(19403555631, rich, at(noon), func(a *musette.Activity) { a.Name, a.Description = "x", &text }))
	asOf := noon.Add(1500 * time.Millisecond)
	f := loaded(t, feed.Config{Store: st, Status: func(context.Context) (musette.Status, error) {
		return musette.Status{State: musette.StateSyncing, AsOf: &asOf}, nil
	}})
	var reply struct {
		Activities []struct {
			ID          string
			Description string
			Laps        []any
		}
		Next  *string
		State string
		AsOf  string `json:"as_of"`
	}
	b := body(t, f.View(), feed.Query{Reader: owner})
	if err := json.Unmarshal([]byte(b), &reply); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	if len(reply.Activities) != 1 || reply.Activities[0].ID != "19403555631" || reply.Activities[0].Description != text || reply.Activities[0].Laps != nil {
		t.Errorf("activities are %+v", reply.Activities)
	}
	if reply.Next != nil || reply.State != "syncing" || reply.AsOf != "2026-05-22T12:00:01Z" {
		t.Errorf("the reply ends with %+v", reply)
	}
	r, err := f.View().ActivityResponse(19403555631, owner)
	if err != nil || !bytes.Contains(r.Body, []byte(`"laps":[{`)) {
		t.Errorf("one activity has no laps: %v", err)
	}
}

func TestBytesThatAreNotTextAreReplaced(t *testing.T) {
	st := memory(t)
	a := activity(1)
	view, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	update(t, st, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.PutAthlete(ctx, store.Athlete{ID: athlete}); err != nil {
			return err
		}
		_, err := tx.PutActivity(ctx, row(a, "", bytes.Replace(view, []byte("Run 1"), []byte("Run \xff!"), 1)))
		return err
	})
	b := body(t, loaded(t, feed.Config{Store: st}).View(), feed.Query{Reader: owner})
	if !utf8.ValidString(b) || !strings.Contains(b, "Run \uFFFD!") {
		t.Errorf("got %q", b)
	}
}

func TestTagsAndCodings(t *testing.T) {
	st := memory(t)
	for id := int64(1); id <= 20; id++ {
		put(t, st, "", activity(id, rich))
	}
	state := musette.StateOK
	f := loaded(t, feed.Config{
		Store: st, Publish: feed.Publish{Mode: feed.PublishFull, API: true},
		Status: func(context.Context) (musette.Status, error) { return musette.Status{State: state}, nil },
	})
	response := func(q feed.Query) *feed.Response {
		t.Helper()
		r, err := f.View().FeedResponse(q)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first := response(feed.Query{Reader: owner})
	gz, err := gzip.NewReader(bytes.NewReader(first.Encoded(feed.Gzip)))
	if err != nil {
		t.Fatal(err)
	}
	unzipped, err := io.ReadAll(gz)
	if err != nil || !bytes.Equal(unzipped, first.Body) {
		t.Errorf("gzip gives something else back: %v", err)
	}
	z, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if unpacked, err := z.DecodeAll(first.Encoded(feed.Zstd), nil); err != nil || !bytes.Equal(unpacked, first.Body) {
		t.Errorf("zstd gives something else back: %v", err)
	}

	tags := map[string]string{}
	add := func(what string, r *feed.Response) {
		for _, coding := range []string{feed.Plain, feed.Gzip, feed.Zstd} {
			tag := r.ETag(coding)
			if other, ok := tags[tag]; ok {
				t.Errorf("%s and %s have the tag %s", what, other, tag)
			}
			tags[tag] = what + " " + coding
		}
	}
	add("the first page", first)
	add("strangers", response(feed.Query{}))
	add("fewer", response(feed.Query{Reader: owner, Limit: 3}))
	if again := response(feed.Query{Reader: owner}); again.ETag(feed.Plain) != first.ETag(feed.Plain) {
		t.Error("the same reply has another tag")
	}
	look(t, f)
	if again := response(feed.Query{Reader: owner}); again != first {
		t.Error("a look at nothing new made the first page anew")
	}
	state = musette.StateSyncing
	look(t, f)
	add("another state", response(feed.Query{Reader: owner}))
	put(t, st, "", activity(3))
	look(t, f)
	add("a change", response(feed.Query{Reader: owner}))
}

func TestStatusFor(t *testing.T) {
	st := memory(t)
	asOf := noon
	f := loaded(t, feed.Config{Store: st, Status: func(context.Context) (musette.Status, error) {
		return musette.Status{
			State: musette.StateLimited, AsOf: &asOf, Cause: "SECRET", Calls: 5,
			Athletes:   []musette.Athlete{{ID: 1, Name: "SECRET"}, {ID: 2, Name: "Ada", Pictures: musette.PictureCount{Kept: 3, Due: 1}}},
			Pictures:   musette.PictureCount{Kept: 10, Due: 2},
			LastErrors: []musette.LastError{{AthleteID: 1, Message: "SECRET"}, {AthleteID: 2, Message: "late"}},
		}, nil
	}})
	v := f.View()
	want := musette.Status{State: musette.StateLimited, AsOf: &asOf, Athletes: []musette.Athlete{}, LastErrors: []musette.LastError{}, Warnings: []musette.Warning{}}
	if diff := cmp.Diff(want, v.StatusFor(stranger)); diff != "" {
		t.Errorf("strangers (-want +got):\n%s", diff)
	}
	bound := v.StatusFor(feed.Reader{Owner: true, AthleteID: 2})
	if len(bound.Athletes) != 1 || len(bound.LastErrors) != 1 || bound.Athletes[0].ID != 2 || bound.Pictures.Kept != 3 {
		t.Errorf("one athlete reads %+v", bound)
	}
	if all := v.StatusFor(owner); len(all.Athletes) != 2 || all.Calls != 5 || all.Pictures.Kept != 10 {
		t.Errorf("the operator reads %+v", all)
	}
}

// season stores n activities of about the size of real ones.
func season(b *testing.B, n int) *store.Store {
	st := memory(b)
	list := make([]musette.Activity, n)
	for i := range list {
		list[i] = activity(int64(i+1), rich, at(noon.Add(time.Duration(-i)*7*time.Hour)))
		list[i].Map.Polyline = strings.Repeat("_p~iF~ps|U", 150)
	}
	put(b, st, "", list...)
	b.ResetTimer()
	return st
}

func BenchmarkQuery(b *testing.B) {
	for _, n := range []int{200, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			v := loaded(b, feed.Config{Store: season(b, n)}).View()
			b.ResetTimer()
			for b.Loop() {
				if _, err := v.Query(feed.Query{Reader: owner}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkFirstPage(b *testing.B) {
	v := loaded(b, feed.Config{Store: season(b, 10_000)}).View()
	b.ResetTimer()
	for b.Loop() {
		r, err := v.FeedResponse(feed.Query{Reader: owner})
		if err != nil || len(r.Encoded(feed.Zstd)) == 0 {
			b.Fatal(err)
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	v := loaded(b, feed.Config{Store: season(b, 10_000)}).View()
	b.ResetTimer()
	for b.Loop() {
		if _, err := v.Query(feed.Query{Reader: owner, Text: "not there"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	st := season(b, 10_000)
	for b.Loop() {
		if err := feed.New(feed.Config{Store: st}).Load(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOneChange(b *testing.B) {
	st := season(b, 10_000)
	f := loaded(b, feed.Config{Store: st})
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		put(b, st, "", activity(5000, func(a *musette.Activity) { a.Kudos = i }))
		b.StartTimer()
		if err := f.Look(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
