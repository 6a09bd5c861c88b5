package stravatest_test

import (
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"musette/strava/stravatest"
)

// ids of a list, in its order.
func ids(list []listed) []int64 {
	out := make([]int64, len(list))
	for i, a := range list {
		out[i] = a.ID
	}
	return out
}

// truth returns the ids of what is true, newest first by the start shown.
func (w *world) truth() []int64 {
	list := w.Activities(w.me)
	out := make([]int64, len(list))
	for i, a := range list {
		out[i] = a.ID
	}
	return out
}

func newest(list []listed) bool {
	return slices.IsSortedFunc(list, func(a, b listed) int { return b.Start.Compare(a.Start) })
}

func epoch(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

func sameSet(a, b []int64) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func TestListOrderAndFilters(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 120, Limits: generous})
	all := w.all("")
	if !newest(all) || !sameSet(ids(all), w.truth()) {
		t.Fatalf("%d activities, newest first %v, want all of %d", len(all), newest(all), len(w.truth()))
	}
	mid := all[50].Start
	var before, after, both []listed
	w.must("/athlete/activities?per_page=200&before="+epoch(mid), &before)
	w.must("/athlete/activities?per_page=200&after="+epoch(mid), &after)
	w.must("/athlete/activities?per_page=200&after="+epoch(all[80].Start)+"&before="+epoch(mid), &both)
	if !newest(before) || before[0].Start.Equal(mid) {
		t.Error("before: not newest first, or inclusive")
	}
	oldest := slices.Clone(after)
	slices.Reverse(oldest)
	if !newest(oldest) || newest(after) || after[0].Start.Equal(mid) {
		t.Error("after alone: not oldest first, or inclusive")
	}
	if !newest(both) || len(both) == 0 || len(both) > 30 {
		t.Errorf("both: newest first %v, %d items", newest(both), len(both))
	}
	at := 0
	for _, a := range all {
		if a.Start.Equal(mid) {
			at++
		}
	}
	if len(before)+len(after)+at != len(all) {
		t.Errorf("%d before, %d after, %d at the time itself: not %d", len(before), len(after), at, len(all))
	}
	w.SetQuirks(stravatest.Quirks{BeforeInclusive: true})
	w.must("/athlete/activities?per_page=200&before="+epoch(mid), &before)
	if !before[0].Start.Equal(mid) {
		t.Error("before is not inclusive although it should be")
	}
	var page []listed
	w.SetQuirks(stravatest.Quirks{})
	w.must("/athlete/activities", &page)
	if len(page) != 30 {
		t.Errorf("a page has %d items by default", len(page))
	}
}

func TestListQuirks(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 100, Limits: generous})
	plain := w.all("")
	page := func(n int, more string) []listed {
		var list []listed
		w.must("/athlete/activities?per_page=30&page="+strconv.Itoa(n)+more, &list)
		return list
	}
	w.SetQuirks(stravatest.Quirks{ReverseOrder: true})
	got := ids(page(1, ""))
	slices.Reverse(got)
	if !slices.Equal(got, ids(plain[:30])) {
		t.Error("the page is not the same one in reverse")
	}
	w.SetQuirks(stravatest.Quirks{ShortPages: true})
	var walked []listed
	var sizes []int
	for n := 1; ; n++ {
		some := page(n, "")
		sizes = append(sizes, len(some))
		if len(some) == 0 {
			break
		}
		walked = append(walked, some...)
	}
	if !slices.Equal(ids(walked), ids(plain)) || !slices.Equal(sizes, []int{30, 20, 20, 20, 10, 0}) {
		t.Errorf("short pages: %v", sizes)
	}
	if some := page(1, "&before="+epoch(plain[5].Start)); len(some) != 20 {
		t.Errorf("a walk by before gets %d items", len(some))
	}
}

func TestHiddenStartsInTheList(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 300, Limits: generous})
	truth := w.Activities(w.me)
	i := slices.IndexFunc(truth, func(a activityT) bool { return a.HideStart && a.Start.Hour() > 2 })
	if i < 0 {
		t.Fatal("no activity hides its start")
	}
	hidden := truth[i]
	// between what is shown and what is true, on the same day
	query := "/athlete/activities?per_page=200&before=" + epoch(hidden.Start.Add(-time.Hour))
	listsIt := func() bool {
		var list []listed
		w.must(query, &list)
		return slices.Contains(ids(list), hidden.ID)
	}
	if !listsIt() {
		t.Error("before goes by the hidden time")
	}
	w.SetQuirks(stravatest.Quirks{HiddenStartsByTrueTime: true})
	if listsIt() {
		t.Error("before goes by the shown time although it should not")
	}
	if all := w.all(""); !slices.Equal(ids(all), w.truth()) {
		t.Error("the order is not that of the true starts")
	}
}

func TestListRefusals(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 10})
	for query, fault := range map[string]string{
		"per_page=201": "Bad Request Application/per_page/invalid",
		"per_page=0":   "Bad Request Application/per_page/invalid",
		"per_page=x":   "Bad Request Application/per_page/invalid",
		"page=0":       "Bad Request Application/page/invalid",
		"before=now":   "Bad Request Application/before/invalid",
		"after=" + strconv.FormatInt(noon.UnixMilli(), 10): "Bad Request Application/after/future",
		"after=" + epoch(noon.Add(time.Minute)):            "Bad Request Application/after/future",
	} {
		if a := w.get("/athlete/activities?" + query); a.status != 400 || a.fault() != fault {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
	if a := w.get("/athlete/activities?page=99"); a.status != 200 || string(a.body) != "[]" {
		t.Errorf("past the end: %d %s", a.status, a.body)
	}
	if a := w.get("/athlete/activities?per_page=200&page=9223372036854775807"); a.status != 400 {
		t.Errorf("an absurd page: %d", a.status)
	}
}

func TestScopes(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 20, Limits: generous})
	secret := w.truth()[3]
	if err := w.SetVisibility(secret, stravatest.OnlyMe); err != nil {
		t.Fatal(err)
	}
	ask := func(token, path string) answer { return w.do("GET", "/api/v3"+path, token, nil) }
	some := w.AccessToken(w.me, "read", "activity:read")
	var list []listed
	ask(some, "/athlete/activities?per_page=200").into(&list)
	if slices.Contains(ids(list), secret) || len(list) == 0 {
		t.Error("activity:read lists what only the athlete may see")
	}
	for _, path := range []string{"", "/comments", "/photos", "/kudos", "/laps", "/streams?keys=time&key_by_type=true"} {
		a := ask(some, "/activities/"+id(secret)+path)
		if a.status != 404 || a.fault() != "Resource Not Found Activity//not found" {
			t.Errorf("%q with activity:read: %d %s", path, a.status, a.body)
		}
		if a := w.get("/activities/" + id(secret) + path); a.status != 200 && path != "/streams?keys=time&key_by_type=true" {
			t.Errorf("%q with activity:read_all: %d %s", path, a.status, a.body)
		}
	}
	none := w.AccessToken(w.me, "read")
	for _, path := range []string{"/athlete/activities", "/activities/" + id(secret)} {
		a := ask(none, path)
		if a.status != 401 || a.fault() != "Authorization Error AccessToken/activity:read_permission/missing" {
			t.Errorf("%s with read alone: %d %s", path, a.status, a.body)
		}
	}
	if a := ask(none, "/athlete"); a.status != 200 || len(members(t, a.body)) != 20 {
		t.Errorf("the athlete with read alone: %d %s", a.status, a.body)
	}
	other := w.AddAthlete(seasonOf(9, 3))
	theirs := w.AccessToken(other)
	if a := ask(theirs, "/activities/"+id(w.truth()[0])); a.status != 404 {
		t.Errorf("someone else's activity: %d", a.status)
	}
	if a := ask(theirs, "/athletes/"+id(w.me)+"/stats"); a.status != http.StatusForbidden {
		t.Errorf("someone else's stats: %d", a.status)
	}
}

func TestUnknownPaths(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 3})
	for path, fault := range map[string]string{
		"/athlete/clubs":      "Record Not Found resource/path/invalid",
		"/activities":         "Record Not Found resource/path/invalid",
		"/activities/1/x":     "Record Not Found resource/path/invalid",
		"/activities/x":       "Record Not Found Activity/id/invalid",
		"/activities/1":       "Resource Not Found Activity//not found",
		"/gear/b1":            "Resource Not Found Gear//not found",
		"/push_subscriptions": "Bad Request Application/client_id/invalid",
	} {
		if a := w.get(path); a.fault() != fault {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if a := w.do("GET", "/api/v3/athlete", "", nil); a.status != 401 || a.fault() != "Authorization Error Athlete/access_token/invalid" {
		t.Errorf("without a token: %d %s", a.status, a.body)
	}
}

func TestCallsAreObserved(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 3})
	one := id(w.truth()[0])
	w.get("/athlete/activities?per_page=3")
	w.get("/activities/" + one)
	w.get("/activities/" + one)
	calls := w.Calls()
	if len(calls) != 3 || w.Counts()["GET /activities/{id}"] != 2 || w.Counts()["GET /athlete/activities"] != 1 {
		t.Errorf("%v %v", calls, w.Counts())
	}
	c := calls[0]
	if c.Method != "GET" || c.Path != "/api/v3/athlete/activities" || c.Query.Get("per_page") != "3" || c.Status != 200 ||
		c.Class != stravatest.ClassRead || c.AthleteID != w.me || !c.Time.Equal(noon) || c.Endpoint != "GET /athlete/activities" {
		t.Errorf("%+v", c)
	}
	w.ResetCalls()
	if len(w.Calls()) != 0 || len(w.Counts()) != 0 || w.Usage().ReadDay != 3 {
		t.Error("resetting must forget the calls, not the usage")
	}
}
