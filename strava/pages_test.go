package strava_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"musette/strava"
)

// shelf is a list of activities that answers like Strava, with its quirks.
type shelf struct {
	starts    map[int64]int64 // id to epoch seconds
	reversed  bool            // oldest first where Strava gives newest first
	inclusive bool            // before and after include their second
	hide      int             // every hide-th item of a page is filtered out, so that pages are short
	between   func(*shelf)    // happens after each page
	calls     int
}

func (s *shelf) RoundTrip(r *http.Request) (*http.Response, error) {
	s.calls++
	q := r.URL.Query()
	before, _ := strconv.ParseInt(q.Get("before"), 10, 64)
	after, _ := strconv.ParseInt(q.Get("after"), 10, 64)
	page, _ := strconv.Atoi(q.Get("page"))
	perPage, _ := strconv.Atoi(q.Get("per_page"))
	var ids []int64
	for id, start := range s.starts {
		if (q.Get("before") == "" || start < before || s.inclusive && start == before) &&
			(q.Get("after") == "" || start > after || s.inclusive && start == after) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b int64) int {
		if s.starts[a] != s.starts[b] {
			return int(s.starts[b] - s.starts[a])
		}
		return int(b - a)
	})
	if oldestFirst := q.Get("after") != "" && q.Get("before") == ""; oldestFirst != s.reversed {
		slices.Reverse(ids)
	}
	ids = ids[min((page-1)*perPage, len(ids)):]
	ids = ids[:min(perPage, len(ids))]
	var items []string
	for i, id := range ids {
		if s.hide > 0 && len(ids) > 1 && i%s.hide == s.hide-1 && !s.reversed {
			continue
		}
		items = append(items, fmt.Sprintf(`{"id":%d,"start_date":%q}`, id, time.Unix(s.starts[id], 0).UTC().Format(time.RFC3339)))
	}
	if s.between != nil {
		s.between(s)
	}
	w := httptest.NewRecorder()
	says(200, "["+strings.Join(items, ",")+"]")(w, r)
	return w.Result(), nil
}

func walk(t interface{ Fatal(...any) }, s http.RoundTripper, opts strava.ListOptions, pace strava.Pace) (ids []int64, err error) {
	c, newErr := strava.New(strava.WithTransport(s))
	if newErr != nil {
		t.Fatal(newErr)
	}
	for activity, walkErr := range c.AllActivities(context.Background(), token, opts, pace) {
		if walkErr != nil {
			return ids, walkErr
		}
		ids = append(ids, activity.ID)
	}
	return ids, nil
}

// TestAllActivitiesFindsEachOnce: whatever the order of the list, equal
// starts (hidden start times make many of them), and size of the page.
func TestAllActivitiesFindsEachOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &shelf{
			starts:    map[int64]int64{},
			reversed:  rapid.Bool().Draw(t, "reversed"),
			inclusive: rapid.Bool().Draw(t, "inclusive"),
		}
		spread := rapid.SampledFrom([]int64{0, 1, 3, 50, 100_000}).Draw(t, "spread")
		for id := range int64(rapid.IntRange(0, 60).Draw(t, "activities")) {
			s.starts[id+1] = 1_700_000_000 + rapid.Int64Range(0, spread).Draw(t, "start")
		}
		opts := strava.ListOptions{PerPage: rapid.IntRange(1, 25).Draw(t, "per page"), Page: 9}
		var want []int64
		if rapid.Bool().Draw(t, "after") {
			opts.After = time.Unix(1_700_000_000+rapid.Int64Range(-1, spread).Draw(t, "from"), 0)
		}
		for id, start := range s.starts {
			if opts.After.IsZero() || start > opts.After.Unix() || s.inclusive && start == opts.After.Unix() {
				want = append(want, id)
			}
		}
		got, err := walk(t, s, opts, nil)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func season(n int) map[int64]int64 {
	starts := map[int64]int64{}
	for i := range int64(n) {
		starts[i+1] = 1_700_000_000 + i*86_400
	}
	return starts
}

// TestAllActivitiesWhileOneIsAdded: page numbers would shift.
func TestAllActivitiesWhileOneIsAdded(t *testing.T) {
	s := &shelf{starts: season(450)}
	s.between = func(s *shelf) {
		s.starts[int64(1000+s.calls)] = 1_800_000_000 + int64(s.calls)
	}
	got, err := walk(t, s, strava.ListOptions{PerPage: 200}, nil)
	if err != nil || len(got) != 450 || s.calls > 5 {
		t.Errorf("%d activities in %d calls, %v", len(got), s.calls, err)
	}
}

// TestAllActivitiesWhileOneIsDeleted: page numbers would skip one.
func TestAllActivitiesWhileOneIsDeleted(t *testing.T) {
	s := &shelf{starts: season(450)}
	s.between = func(s *shelf) { delete(s.starts, int64(450-s.calls)) }
	got, err := walk(t, s, strava.ListOptions{PerPage: 200}, nil)
	if err != nil || len(got) != 450 {
		t.Errorf("%d activities, %v", len(got), err)
	}
}

func TestAllActivitiesGoesOnAfterAShortPage(t *testing.T) {
	s := &shelf{starts: season(100), hide: 7}
	got, err := walk(t, s, strava.ListOptions{PerPage: 20}, nil)
	if err != nil || slices.Min(got) != 1 {
		t.Errorf("stopped at %d, %v", slices.Min(got), err)
	}
}

func TestAllActivitiesStops(t *testing.T) {
	same := roundTrip(func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		says(200, `[{"id":2,"start_date":"2026-07-21T15:24:49Z"},{"id":1,"start_date":"2026-07-20T15:24:49Z"}]`)(w, r)
		return w.Result(), nil
	})
	got, err := walk(t, same, strava.ListOptions{}, nil)
	if strava.KindOf(err) != strava.KindMismatch || len(got) != 2 {
		t.Errorf("a server that repeats itself: %v, %v", got, err)
	}

	s := &shelf{starts: season(50)}
	enough := errors.New("enough")
	got, err = walk(t, s, strava.ListOptions{PerPage: 10}, func(_ context.Context, last *strava.Answer) error {
		if last.Status != 200 {
			t.Errorf("%+v", last)
		}
		if s.calls == 2 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || len(got) != 19 || s.calls != 2 {
		t.Errorf("pace: %d activities in %d calls, %v", len(got), s.calls, err)
	}

	s = &shelf{starts: season(50)}
	c, err := strava.New(strava.WithTransport(s))
	if err != nil {
		t.Fatal(err)
	}
	for range c.AllActivities(t.Context(), token, strava.ListOptions{PerPage: 10}, nil) {
		break
	}
	if s.calls != 1 {
		t.Errorf("break: %d calls", s.calls)
	}

	failing := roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("down") })
	if got, err := walk(t, failing, strava.ListOptions{}, nil); strava.KindOf(err) != strava.KindTransport || got != nil {
		t.Errorf("%v, %v", got, err)
	}
}

// discussion serves n comments in pages, with cursors.
func discussion(t *testing.T, n int, requests *[]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		*requests = append(*requests, r.URL.RawQuery)
		from := 0
		if cursor := r.URL.Query().Get("after_cursor"); cursor != "" {
			if _, err := fmt.Sscanf(cursor, "c%d%%3D", &from); err != nil {
				t.Errorf("cursor %q", cursor)
			}
		}
		size, _ := strconv.Atoi(r.URL.Query().Get("page_size"))
		var items []string
		for i := from + 1; i <= min(from+size, n); i++ {
			items = append(items, fmt.Sprintf(`{"id":%d,"cursor":"c%d%%3D"}`, i, i))
		}
		says(200, "["+strings.Join(items, ",")+"]")(w, r)
	}
}

func TestAllComments(t *testing.T) {
	for _, tc := range []struct{ n, size, calls int }{{0, 2, 1}, {1, 2, 1}, {2, 2, 2}, {5, 2, 3}, {31, 0, 2}} {
		var requests []string
		c := setup(t, discussion(t, tc.n, &requests))
		var ids []int64
		for comment, err := range c.AllComments(t.Context(), token, 7, strava.CommentOptions{PageSize: tc.size}, nil) {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, comment.ID)
		}
		if len(ids) != tc.n || !slices.IsSorted(ids) || len(requests) != tc.calls {
			t.Errorf("%+v: %v by %v", tc, ids, requests)
		}
	}
}

func TestAllCommentsStops(t *testing.T) {
	for name, body := range map[string]string{
		"the same cursor": `[{"id":1,"cursor":"c"},{"id":2,"cursor":"c"}]`,
		"no cursor":       `[{"id":1,"cursor":null},{"id":2,"cursor":null}]`,
	} {
		c := setup(t, says(200, body))
		var last error
		n := 0
		for _, err := range c.AllComments(t.Context(), token, 7, strava.CommentOptions{PageSize: 2}, nil) {
			if last = err; err == nil {
				n++
			}
		}
		if strava.KindOf(last) != strava.KindMismatch || n != 2 {
			t.Errorf("%s: %d comments, %v", name, n, last)
		}
	}
	var requests []string
	c := setup(t, discussion(t, 9, &requests))
	enough := errors.New("enough")
	for _, err := range c.AllComments(t.Context(), token, 7, strava.CommentOptions{PageSize: 2},
		func(context.Context, *strava.Answer) error { return enough }) {
		if err != nil && !errors.Is(err, enough) {
			t.Error(err)
		}
	}
	if len(requests) != 1 {
		t.Errorf("%v", requests)
	}
}
