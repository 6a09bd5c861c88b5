package stravatest_test

import (
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twpayne/go-polyline"

	"musette/strava/stravatest"
)

func TestUploads(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 40, Limits: generous})
	w.clock.Advance(24 * time.Hour)
	fresh, _ := w.refresh(w.Grant(w.me))
	w.token = fresh.Access
	now, err := w.AddActivity(w.me, time.Time{})
	w.ok(err)
	long := noon.Add(-30 * 24 * time.Hour)
	late, err := w.AddActivity(w.me, long)
	w.ok(err)
	all := w.all("")
	if all[0].ID != now || all[0].Start.After(w.clock.Now()) || all[0].Start.Before(w.clock.Now().Add(-6*time.Hour)) {
		t.Errorf("the newest is %+v", all[0])
	}
	i := slices.Index(ids(all), late)
	if i < 1 || !all[i].Start.Equal(long) || !newest(all) {
		t.Errorf("the late upload is number %d: %+v", i, all[max(i, 0)])
	}
	if truth := w.Activities(w.me)[i]; !truth.Uploaded.Equal(w.clock.Now()) || len(all) != 42 {
		t.Errorf("uploaded %v, %d in all", truth.Uploaded, len(all))
	}
	for _, added := range []int64{now, late} {
		if a := w.get("/activities/" + id(added)); a.status != 200 {
			t.Errorf("detail: %d", a.status)
		}
	}
	seen := map[int64]bool{}
	for range 30 {
		next, err := w.AddActivity(w.me, time.Time{})
		w.ok(err)
		if seen[next] {
			t.Fatalf("id %d came twice", next)
		}
		seen[next] = true
	}
}

func TestChangesShow(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 10, Limits: generous})
	one := w.truth()[2]
	look := func() (l, d listed) {
		t.Helper()
		for _, a := range w.all("") {
			if a.ID == one {
				l = a
			}
		}
		w.must("/activities/"+id(one), &d)
		return l, d
	}
	const odd = "Zürich – \"Oerlikon\"; \\ <script>alert(1)</script>\r\n☕ 🚴"
	before, _ := look()
	w.ok(w.Rename(one, odd))
	w.ok(w.SetDescription(one, odd))
	w.ok(w.SetType(one, "Unicycling"))
	_, err := w.AddPhoto(one, "")
	w.ok(err)
	l, d := look()
	if l.Name != odd || d.Name != odd || d.Description == nil || *d.Description != odd || l.Photos != before.Photos+1 ||
		l.SportType != "Unicycling" || l.Type != "Workout" {
		t.Errorf("list %+v\ndetail %+v", l, d)
	}
	w.ok(w.SetDescription(one, ""))
	if _, d := look(); d.Description != nil {
		t.Errorf("description %q", *d.Description)
	}
	w.ok(w.Delete(one))
	if a := w.get("/activities/" + id(one)); a.status != 404 || slices.Contains(ids(w.all("")), one) {
		t.Errorf("deleted: %d", a.status)
	}
	for what, err := range map[string]error{
		"deleting twice":    w.Delete(one),
		"renaming":          w.Rename(one, ""),
		"a comment":         w.RemoveComment(w.truth()[0], 1),
		"a photo":           w.RemovePhoto(w.truth()[0], "x"),
		"someone unknown":   second(w.AddActivity(1, time.Time{})),
		"cropping what was": w.Crop(one, 0, time.Hour),
	} {
		if !errors.Is(err, stravatest.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if w.SetVisibility(w.truth()[0], "friends") == nil {
		t.Error("an unknown visibility was taken")
	}
}

func second(_ int64, err error) error { return err }

func TestCrop(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 60, Limits: generous})
	cropped := 0
	for _, a := range w.Activities(w.me) {
		path := "/activities/" + id(a.ID)
		if a.Manual {
			if w.Crop(a.ID, 0, time.Minute) == nil {
				t.Errorf("%d: cropped although there is no track", a.ID)
			}
			continue
		}
		if a.Polyline() == "" || a.HideStart || cropped == 8 {
			continue
		}
		cropped++
		var was, is listed
		w.must(path, &was)
		from, to := a.Elapsed/4, a.Elapsed*3/4
		w.ok(w.Crop(a.ID, from, to))
		w.ok(w.Crop(a.ID, 0, to)) // what is left is shorter than that: nothing changes
		w.must(path, &is)
		if is.Distance >= was.Distance || is.ElapsedTime > int((to-from).Seconds()) || is.MovingTime > is.ElapsedTime ||
			math.Abs(is.Start.Sub(was.Start).Seconds()-from.Seconds()) > 30 {
			t.Errorf("%d: was %.0f m in %d s, is %.0f m in %d s from %v on", a.ID, was.Distance, was.ElapsedTime, is.Distance, is.ElapsedTime, is.Start)
		}
		var st map[string]struct{ Data [][2]float64 }
		w.must(path+"/streams?key_by_type=true&keys=latlng", &st)
		line, rest, err := polyline.DecodeCoords([]byte(is.Map.Polyline))
		if err != nil || len(rest) > 0 || len(line) != len(st["latlng"].Data) {
			t.Fatalf("%d: %d points in the line, %d in the stream, %v", a.ID, len(line), len(st["latlng"].Data), err)
		}
		for i, p := range line {
			for k := range p {
				if math.Abs(p[k]-st["latlng"].Data[i][k]) > 0.6e-5 {
					t.Fatalf("%d: point %d is %v in the line, %v in the stream", a.ID, i, p, st["latlng"].Data[i])
				}
			}
		}
		if short, _, err := polyline.DecodeCoords([]byte(is.Map.Summary)); err != nil || len(short) < 2 || len(short) > len(line) {
			t.Errorf("%d: %d points in the summary line, %v", a.ID, len(short), err)
		}
		var laps []struct {
			Start int `json:"start_index"`
			End   int `json:"end_index"`
		}
		w.must(path+"/laps", &laps)
		for _, l := range laps {
			if l.Start < 0 || l.End >= len(line) || l.End < l.Start {
				t.Errorf("%d: lap %+v of %d samples", a.ID, l, len(line))
			}
		}
	}
	if cropped == 0 {
		t.Error("nothing was cropped")
	}
	if !sameSet(ids(w.all("")), w.truth()) || !newest(w.all("")) {
		t.Error("the list is not in order after cropping")
	}
}

func TestFiguresAgree(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 150, Limits: generous})
	truth := w.Activities(w.me)
	var run, far float64
	gear := map[string]float64{}
	for i, a := range truth {
		gear[a.GearID] += a.Distance
		if a.Type == "Run" && a.Visibility == stravatest.Everyone {
			run += a.Distance
		}
		if a.Type == "Ride" && a.Visibility == stravatest.Everyone {
			far = max(far, a.Distance)
		}
		if i >= 40 || a.Polyline() == "" {
			continue
		}
		var d listed
		w.must("/activities/"+id(a.ID), &d)
		line, _, err := polyline.DecodeCoords([]byte(d.Map.Polyline))
		if err != nil || len(line) < 2 {
			t.Fatalf("%d: %d points, %v", a.ID, len(line), err)
		}
		for k := range 2 {
			if math.Abs(line[0][k]-d.StartLatLng[k]) > 2e-5 {
				t.Errorf("%d: starts at %v, the line at %v", a.ID, d.StartLatLng, line[0])
			}
		}
		if math.Abs(d.Distance-a.Distance) > 0.06 || d.MovingTime != int(a.Moving.Seconds()) {
			t.Errorf("%d: %+v", a.ID, d)
		}
	}
	var stats struct {
		Run struct{ Distance float64 } `json:"all_run_totals"`
		Far float64                    `json:"biggest_ride_distance"`
	}
	w.must("/athletes/"+id(w.me)+"/stats", &stats)
	if math.Abs(stats.Run.Distance-run) > 1 || math.Abs(stats.Far-far) > 0.1 {
		t.Errorf("stats %+v, want %.1f and %.1f", stats, run, far)
	}
	for name, distance := range gear {
		if name == "" {
			continue
		}
		var g struct{ Distance float64 }
		w.must("/gear/"+name, &g)
		if math.Abs(g.Distance-distance) > 1 {
			t.Errorf("gear %s went %.0f, want %.0f", name, g.Distance, distance)
		}
	}
}

func TestSeveralAthletes(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 10, Limits: generous})
	other := w.AddAthlete(seasonOf(0, 12))
	twin := w.AddAthlete(seasonOf(1, 10)) // the same season again: ids must differ all the same
	seen := map[int64]bool{}
	for _, who := range []int64{w.me, other, twin} {
		var list []listed
		w.do("GET", "/api/v3/athlete/activities?per_page=200", w.AccessToken(who), nil).into(&list)
		if want := len(w.Activities(who)); len(list) != want {
			t.Errorf("%d: %d activities, want %d", who, len(list), want)
		}
		for _, a := range list {
			if seen[a.ID] {
				t.Errorf("activity %d twice", a.ID)
			}
			seen[a.ID] = true
		}
	}
	if len(seen) != 32 || len(w.Athletes()) != 3 || w.Activities(5) != nil {
		t.Errorf("%d activities of %d athletes", len(seen), len(w.Athletes()))
	}
}

// TestConcurrentUse lets everything happen at once, for the race detector.
func TestConcurrentUse(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 40, Limits: generous})
	h := newHook(t)
	w.subscribe(h)
	all := w.truth()
	var wg sync.WaitGroup
	for k := range 4 {
		wg.Go(func() {
			for i := range 8 {
				one := all[(k*8+i)%len(all)]
				w.get("/athlete/activities?per_page=200")
				w.get("/activities/" + id(one))
				_ = w.Rename(one, "x")
				_ = w.Crop(one, time.Minute, time.Hour)
				_, _ = w.AddPhoto(one, "")
				_, _ = w.AddActivity(w.me, time.Time{})
				_ = w.Delete(all[len(all)-1-i])
				_, _ = w.Deliver(t.Context())
				_, _ = w.AddFault(stravatest.Fault{Kind: stravatest.FaultNoHeaders, Count: 1})
				w.clock.Advance(time.Second)
				w.Spend(1)
				_, _, _ = w.Calls(), w.Counts(), w.Pending()
			}
		})
	}
	wg.Wait()
	if !sameSet(ids(w.all("")), w.truth()) {
		t.Error("the list is not what is true")
	}
}
