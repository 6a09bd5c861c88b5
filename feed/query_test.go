package feed_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"musette"
	"musette/feed"
	"musette/store"
)

func parse(t testing.TB, query string) feed.Query {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	q, err := feed.ParseQuery(values, slices.Concat(feed.PageParams, feed.FilterParams)...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	q.Reader = owner
	return q
}

func TestFilters(t *testing.T) {
	st := memory(t)
	text := "Cold. NORTH wind"
	auckland := func(a *musette.Activity) { // the evening of the 21st in UTC, the morning of the 22nd there
		a.Start, a.StartLocal = musette.At(time.Date(2026, 5, 21, 20, 0, 0, 0, time.UTC)), "2026-05-22T08:00:00"
		a.Timezone = "Pacific/Auckland"
	}
	put(
		t, st, "",
		activity(1, at(noon.AddDate(0, 0, -10)), func(a *musette.Activity) { a.SportType, a.Type = "TrailRun", "Run" }),
		activity(2, auckland, func(a *musette.Activity) { a.Name, a.DistanceM = "Tāmaki Makaurau", 0 }),
		activity(3, func(a *musette.Activity) { a.Description = &text; a.Photos = []musette.Photo{{URL: "x"}} }),
		activity(4, func(a *musette.Activity) {
			a.SportType, a.Type, a.DistanceM = "GravelRide", "Ride", 50_000
			a.Map = &musette.Map{Polyline: "_p~iF~ps|U"}
			a.Comments = []musette.Comment{{Text: "Nice"}}
		}),
		activity(5, func(a *musette.Activity) { a.AthleteID, a.SportType, a.Type = 7, "Swim", "" }),
	)
	v := loaded(t, feed.Config{Store: st}).View()
	for query, want := range map[string][]int64{
		"":                                 {5, 4, 3, 2, 1},
		"limit=2":                          {5, 4},
		"type=Run":                         {3, 2, 1},
		"type=trailrun":                    {1},
		"type=Ride,Swim":                   {5, 4},
		"type=Ride&type=Swim":              {5, 4},
		"type=Yoga":                        {},
		"from=2026-05-22":                  {5, 4, 3, 2},
		"from=2026-05-22T00:00:00Z":        {5, 4, 3},
		"from=2026-05-22T12:04:00Z":        {5, 4},
		"from=2026-05-22t13:04:00%2b01:00": {5, 4},
		"from=2026-05-22T13:04:00+01:00":   {5, 4}, // an unescaped plus
		"to=2026-05-22T12:04:00Z":          {3, 2, 1},
		"to=2026-05-21":                    {1},
		"to=2026-05-22":                    {5, 4, 3, 2, 1},
		"from=2026-05-12&to=2026-05-12":    {1},
		"from=2026-05-22&to=2026-05-22T00:00:00Z": {2},
		"min_distance_m=5000":                     {5, 4, 3, 1},
		"max_distance_m=5000":                     {5, 3, 2, 1},
		"min_distance_m=0&max_distance_m=0":       {2},
		"has=photos":                              {3},
		"has=map":                                 {4},
		"has=description":                         {3},
		"has=comments,map":                        {4},
		"has=comments&has=photos":                 {},
		"athlete=7":                               {5},
		"athlete=8":                               {},
		"q=north":                                 {3},
		"q=TĀMAKI":                                {2},
		"q=run":                                   {5, 4, 3, 1},
		"q=":                                      {5, 4, 3, 2, 1},
	} {
		if diff := cmp.Diff(want, ids(t, v, parse(t, query))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
	bound := parse(t, "athlete=7")
	bound.Reader.AthleteID = athlete
	if got := ids(t, v, bound); len(got) != 0 {
		t.Errorf("a reader bound to one athlete sees another's %v", got)
	}
}

func TestBadParameters(t *testing.T) {
	for query, param := range map[string]string{
		"limit=0": "limit", "limit=501": "limit", "limit=-1": "limit", "limit=x": "limit", "limit=": "limit", "limit=1&limit=2": "limit",
		"limit=99999999999999999999": "limit", "limit=1.5": "limit", "limit=%2b5": "limit",
		"cursor=": "cursor", "type=": "type", "type=Run,": "type", "from=yesterday": "from", "from=2026-02-30": "from", "from=2026-05-22T06:49:27": "from",
		"to=2026": "to", "from=2026-05-22&to=2026-05-21": "to", "from=2026-05-22T00:00:00Z&to=2026-05-21T00:00:00Z": "to",
		"min_distance_m=-1": "min_distance_m", "min_distance_m=NaN": "min_distance_m", "max_distance_m=Inf": "max_distance_m",
		"min_distance_m=2&max_distance_m=1": "max_distance_m", "has=wings": "has", "has=": "has", "athlete=me": "athlete", "athlete=0": "athlete",
		"athlete=007": "athlete", "athlete=9223372036854775808": "athlete", "q=" + strings.Repeat("é", 201): "q", "page=2": "page", "key=s": "key",
		"Limit=5": "Limit",
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		_, err = feed.ParseQuery(values, slices.Concat(feed.PageParams, feed.FilterParams)...)
		var wrong *feed.ParamError
		if !errors.As(err, &wrong) || wrong.Param != param || wrong.Problem == "" {
			t.Errorf("%s: %v, want one about %s", query, err, param)
		}
	}
}

// Whatever is asked, a page is what a plain look at every activity gives.
func TestQueriesAgreeWithAPlainScan(t *testing.T) {
	st := memory(t)
	var all []musette.Activity
	for id := int64(1); id <= 60; id++ {
		a := activity(id)
		a.AthleteID = 1 + id%3
		a.SportType = []string{"Run", "TrailRun", "Ride", "GravelRide", "Swim"}[id%5]
		a.Type = musette.LegacyType(a.SportType)
		a.DistanceM = float64(id * 37 % 50 * 100)
		at(noon.Add(time.Duration(id*id*7919%40000) * time.Minute))(&a)
		all = append(all, a)
	}
	put(t, st, "", all...)
	slices.SortFunc(all, func(a, b musette.Activity) int {
		if c := b.Start.Compare(a.Start.Time); c != 0 {
			return c
		}
		return int(b.ID - a.ID)
	})
	v := loaded(t, feed.Config{Store: st}).View()
	rapid.Check(t, func(rt *rapid.T) {
		q := feed.Query{Reader: feed.Reader{Owner: true, AthleteID: rapid.Int64Range(0, 4).Draw(rt, "bound")}}
		q.Limit = rapid.IntRange(1, 70).Draw(rt, "limit")
		q.Types = rapid.SliceOfN(rapid.SampledFrom([]string{"Run", "Ride", "Swim", "gravelride"}), 0, 2).Draw(rt, "types")
		q.AthleteID = rapid.Int64Range(0, 3).Draw(rt, "athlete")
		if rapid.Bool().Draw(rt, "has from") {
			q.From.At = noon.Add(time.Duration(rapid.IntRange(0, 40000).Draw(rt, "from")) * time.Minute)
		}
		if rapid.Bool().Draw(rt, "has to") {
			q.To.Date = noon.AddDate(0, 0, rapid.IntRange(0, 28).Draw(rt, "to")).Format(time.DateOnly)
		}
		if rapid.Bool().Draw(rt, "has least") {
			least := float64(rapid.IntRange(0, 5000).Draw(rt, "least"))
			q.MinDistanceM = &least
		}
		want := []int64{}
		for _, a := range all {
			if (q.Reader.AthleteID == 0 || a.AthleteID == q.Reader.AthleteID) && (q.AthleteID == 0 || a.AthleteID == q.AthleteID) &&
				(len(q.Types) == 0 || slices.ContainsFunc(q.Types, a.IsType)) && !a.Start.Before(q.From.At) &&
				(q.To.Date == "" || a.StartLocal[:10] <= q.To.Date) && (q.MinDistanceM == nil || a.DistanceM >= *q.MinDistanceM) {
				want = append(want, a.ID)
			}
		}
		got := []int64{}
		for pages := 0; ; pages++ {
			page, err := v.Query(q)
			if err != nil {
				rt.Fatal(err)
			}
			for _, e := range page.Entries {
				got = append(got, e.For(q.Reader).ID)
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
			if len(page.Entries) != q.Limit || pages > 100 {
				rt.Fatalf("a page of %d has %d and a next", q.Limit, len(page.Entries))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("(-want +got):\n%s", diff)
		}
		if total := v.Totals(q); total.Count != len(want) {
			rt.Fatalf("totals count %d of %d", total.Count, len(want))
		}
	})
}

// Somebody walks through the pages while activities come and go: whatever was there all the time is seen once.
func TestPagesHoldStillWhileTheFeedMoves(t *testing.T) {
	st := memory(t)
	rapid.Check(t, func(rt *rapid.T) {
		clear(t, st)
		n := rapid.Int64Range(1, 25).Draw(rt, "activities")
		stay := map[int64]bool{}
		var all []musette.Activity
		for id := int64(1); id <= n; id++ {
			all = append(all, activity(id, at(noon.AddDate(0, 0, rapid.IntRange(-60, 0).Draw(rt, "day")))))
			stay[id] = true
		}
		put(t, st, "", all...)
		f := loaded(t, feed.Config{Store: st})
		q := feed.Query{Reader: owner, Limit: rapid.IntRange(1, 7).Draw(rt, "limit")}
		seen := map[int64]int{}
		for {
			page, err := f.View().Query(q)
			if err != nil {
				rt.Fatal(err)
			}
			for _, e := range page.Entries {
				seen[e.For(owner).ID]++
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
			if rapid.Bool().Draw(rt, "insert") {
				n++
				put(t, st, "", activity(n, at(noon.AddDate(0, 0, rapid.IntRange(-60, 5).Draw(rt, "day")))))
			}
			if rapid.Bool().Draw(rt, "delete") {
				id := rapid.Int64Range(1, n).Draw(rt, "gone")
				delete(stay, id)
				put(t, st, "gone", activity(id))
			}
			look(t, f)
		}
		for id := range stay {
			if seen[id] != 1 {
				rt.Errorf("activity %d was there all the time and seen %d times", id, seen[id])
			}
		}
		for id, times := range seen {
			if times != 1 {
				rt.Errorf("activity %d was seen %d times", id, times)
			}
		}
	})
}

func TestCursorsBelongToTheirQuery(t *testing.T) {
	st := memory(t)
	put(t, st, "", activity(1), activity(2), activity(3))
	v := loaded(t, feed.Config{Store: st}).View()
	page, err := v.Query(parse(t, "limit=1&type=Run"))
	if err != nil || page.Next == "" || strings.Trim(page.Next, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
		t.Fatalf("next is %q: %v", page.Next, err)
	}
	for query, good := range map[string]bool{
		"limit=2&type=Run&cursor=" + page.Next: true, "type=run&cursor=" + page.Next: true,
		"cursor=" + page.Next: false, "type=Run,Ride&cursor=" + page.Next: false, "type=Run&q=x&cursor=" + page.Next: false,
		"cursor=x": false, "type=Run&cursor=" + page.Next + "A": false, "type=Run&cursor=" + page.Next[:31] + "*": false,
		"type=Run&cursor=A" + page.Next[1:30] + "AA": false, "cursor=" + strings.Repeat("A", 4000): false,
	} {
		_, err := v.Query(parse(t, query))
		var wrong *feed.ParamError
		if good != (err == nil) || !good && (!errors.As(err, &wrong) || wrong.Param != "cursor") {
			t.Errorf("%s: %v", query, err)
		}
	}
	if _, err := v.Query(feed.Query{Limit: 501}); err == nil {
		t.Error("501 are taken as a limit")
	}
}

func FuzzParseQuery(f *testing.F) {
	f.Add("limit=5&type=Run,Ride&from=2026-05-22&to=2026-05-23T00:00:00Z&has=map&min_distance_m=1e3&q=x")
	f.Add("cursor=AAAA&athlete=42&max_distance_m=0")
	st, err := store.OpenMemory(context.Background())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { st.Close() })
	put(f, st, "", activity(1), activity(2))
	v := loaded(f, feed.Config{Store: st}).View()
	f.Fuzz(func(t *testing.T, raw string) {
		values, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		q, err := feed.ParseQuery(values, slices.Concat(feed.PageParams, feed.FilterParams)...)
		var wrong *feed.ParamError
		if err != nil && !errors.As(err, &wrong) {
			t.Fatalf("not a ParamError: %v", err)
		}
		if err != nil {
			return
		}
		q.Reader = owner
		if _, err := v.FeedResponse(q); err != nil && !errors.As(err, &wrong) {
			t.Fatal(err)
		}
		v.Totals(q)
	})
}

func Example() {
	ctx := context.Background()
	st, err := store.OpenMemory(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer st.Close()

	f := feed.New(feed.Config{Store: st, GoalM: 100_000})
	if err := f.Load(ctx); err != nil { // then go f.Run(ctx), which follows what changes
		fmt.Println(err)
		return
	}
	view := f.View()
	page, err := view.Query(feed.Query{Reader: feed.Reader{Owner: true}, Types: []string{"Run"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d runs, %.0f of %.0f m\n", len(page.Entries), view.Totals(feed.Query{}).DistanceM, view.GoalM)
	// Output: 0 runs, 0 of 100000 m
}
