package feed_test

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"musette"
	"musette/feed"
	"musette/store"
	"musette/track"
)

var home = track.Point{Lat: 51.4779, Lng: -0.0015}

// from moves a point by metres to the east and north.
func from(p track.Point, east, north float64) track.Point {
	return track.Point{Lat: p.Lat + north/111_195, Lng: p.Lng + east/111_195/math.Cos(p.Lat*math.Pi/180)}
}

// loop gives an activity a winding loop of some kilometres from a door and back to it.
func loop(door track.Point, seed uint64) func(*musette.Activity) {
	r := rand.New(rand.NewPCG(seed, 1))
	const n = 500
	heading, x, y := 2*math.Pi*r.Float64(), 0.0, 0.0
	var way [][2]float64
	for range n {
		way = append(way, [2]float64{x, y})
		heading += 0.2 * r.NormFloat64()
		x, y = x+15*math.Cos(heading), y+15*math.Sin(heading)
	}
	points := []track.Point{}
	for i, p := range way {
		f := float64(i) / (n - 1)
		points = append(points, from(door, p[0]-f*way[n-1][0], p[1]-f*way[n-1][1]))
	}
	return along(points)
}

// along gives an activity a route.
func along(points []track.Point) func(*musette.Activity) {
	return func(a *musette.Activity) {
		b, _ := track.BoundsOf(points)
		a.Map, a.DistanceM = &musette.Map{Polyline: track.Encode(points), Bounds: b}, track.Length(points)
	}
}

var full = feed.Publish{Mode: feed.PublishFull, API: true}

func season7(t testing.TB, st *store.Store) {
	t.Helper()
	for id := int64(1); id <= 30; id++ {
		put(t, st, "", activity(id, loop(home, uint64(id))))
	}
}

// distances are how far the points of everything shown of an activity are from a place.
func closest(t testing.TB, v *feed.View, id int64, to track.Point) float64 {
	t.Helper()
	e, ok := v.Activity(id, stranger)
	if !ok {
		t.Fatalf("activity %d isn't shown", id)
	}
	least := math.Inf(1)
	a := e.For(stranger)
	if a.Map == nil {
		return least
	}
	for _, line := range append(a.Map.Lines(), a.Map.Polyline) {
		points, err := track.Decode(line)
		if err != nil || len(points) == 0 {
			t.Fatalf("%q: %v", line, err)
		}
		for _, p := range points {
			least = min(least, track.Distance(p, to))
		}
	}
	return least
}

func TestRoutesAreMaskedForStrangers(t *testing.T) {
	st := memory(t)
	season7(t, st)
	put(t, st, "", activity(31)) // indoors
	v := loaded(t, feed.Config{Store: st, Publish: full}).View()
	maps, owned := 0, 0
	for id := int64(1); id <= 31; id++ {
		if d := closest(t, v, id, home); d < 200 {
			t.Errorf("activity %d is shown %.0f m from home", id, d)
		}
		e, _ := v.Activity(id, stranger)
		a := e.For(stranger)
		if own := e.For(owner); own.Map != nil {
			owned++
			if points, _ := track.Decode(own.Map.Polyline); track.Distance(points[0], home) > 5 {
				t.Errorf("the owner of %d doesn't see its start", id)
			}
			// Nor is the length exact of which nothing is shown: it is that of another day's, of which something is.
			if math.Mod(a.DistanceM, 100) != 0 || math.Mod(own.DistanceM, 100) == 0 {
				t.Errorf("a masked route of %v m says that it is %v m long", own.DistanceM, a.DistanceM)
			}
		}
		if a.Map == nil {
			continue
		}
		maps++
		var all []track.Point
		longest := ""
		for _, line := range a.Map.Lines() {
			points, _ := track.Decode(line)
			all = append(all, points...)
			if last, _ := track.Decode(longest); track.Length(points) > track.Length(last) {
				longest = line
			}
		}
		if b, _ := track.BoundsOf(all); b != a.Map.Bounds || longest != a.Map.Polyline {
			t.Errorf("activity %d: bounds %v of %v, or not the longest piece", id, a.Map.Bounds, b)
		}
	}
	if owned != 30 || maps < 15 {
		t.Errorf("of %d routes %d are shown in part", owned, maps)
	}
}

// Another store with the same secret, loaded in one go, shows the same as one that was followed.
func TestMasksDoNotDependOnTheOrder(t *testing.T) {
	st := memory(t)
	c := feed.Config{Store: st, Publish: full}
	f := loaded(t, c)
	var shown []string
	for id := int64(30); id > 0; id-- {
		door := home
		if id%3 == 0 {
			door = from(home, 900, 300)
		}
		put(t, st, "", activity(id, loop(door, uint64(id))))
		shown = append(shown, body(t, look(t, f), feed.Query{Limit: 100}))
	}
	q := feed.Query{Limit: 100}
	if diff := cmp.Diff(body(t, loaded(t, c).View(), q), body(t, f.View(), q)); diff != "" {
		t.Errorf("(-loaded +followed):\n%s", diff)
	}
	if len(shown) != 30 {
		t.Fatal(len(shown))
	}
}

// A route that starts somewhere new hides that place at once in the routes that passed it before, tells strangers'
// programs of them, and goes on hiding it when it is gone, after a restart too.
func TestANewPlaceStaysHidden(t *testing.T) {
	st := memory(t)
	straight := func(north float64) func(*musette.Activity) {
		var points []track.Point
		for x := -4000.0; x <= 4000; x += 20 {
			points = append(points, from(home, x, north+600*math.Sin(x/500)))
		}
		return along(points)
	}
	for id := int64(1); id <= 8; id++ {
		put(t, st, "", activity(id, straight(float64(id)*10)))
	}
	c := feed.Config{Store: st, Publish: full}
	f := loaded(t, c)
	seen := 0
	for id := int64(1); id <= 8; id++ {
		if closest(t, f.View(), id, home) < 150 {
			seen++
		}
	}
	if seen == 0 {
		t.Fatal("nothing passes the new place, so nothing is tested")
	}
	before := f.View().Seq
	put(t, st, "", activity(9, loop(home, 9)))
	v := look(t, f)
	changes, _, ok := v.Changes(before, 100, stranger)
	if !ok || len(changes) <= seen {
		t.Errorf("strangers are told of %v", changes)
	}
	if own, _, _ := v.Changes(before, 100, owner); len(own) != 1 {
		t.Errorf("the owner is told of %v", own)
	}
	put(t, st, "gone", activity(9, loop(home, 9)))
	for name, v := range map[string]*feed.View{"followed": look(t, f), "restarted": loaded(t, c).View()} {
		for id := int64(1); id <= 8; id++ {
			if d := closest(t, v, id, home); d < 200 {
				t.Errorf("%s: activity %d is shown %.0f m from the place", name, id, d)
			}
		}
	}
}

// What isn't public by itself hides where it ends all the same.
func TestPrivateRoutesHideTheirEnds(t *testing.T) {
	st := memory(t)
	past := func(a *musette.Activity) {
		var points []track.Point
		for x := -4000.0; x <= 4000; x += 20 {
			points = append(points, from(home, x, 600*math.Sin(x/500)))
		}
		along(points)(a)
	}
	put(t, st, "", activity(1, past), activity(2, loop(home, 2), func(a *musette.Activity) { a.Visibility = "only_me" }),
		activity(3, loop(from(home, 2000, 0), 3), func(a *musette.Activity) { a.SportType, a.Type = "Swim", "Swim" }))
	v := loaded(t, feed.Config{Store: st, Publish: full, Filter: musette.Filter{Types: []string{"Run"}}}).View()
	for _, p := range []track.Point{home, from(home, 2000, 0)} {
		if d := closest(t, v, 1, p); d < 200 {
			t.Errorf("shown %.0f m from %v", d, p)
		}
	}
}

func TestZones(t *testing.T) {
	st := memory(t)
	season7(t, st)
	c := feed.Config{Store: st, Publish: full}
	f := loaded(t, c)
	park := home
	var id int64
	for i := int64(1); i <= 30 && id == 0; i++ {
		if e, _ := f.View().Activity(i, stranger); e.For(stranger).Map != nil {
			points, _ := track.Decode(e.For(stranger).Map.Polyline)
			park, id = points[len(points)/2], i
		}
	}
	zone := store.Zone{ID: "z", Name: "park", Lat: park.Lat, Lng: park.Lng, RadiusM: 400, CreatedAt: noon}
	update(t, st, func(ctx context.Context, tx *store.Tx) error { return tx.PutZone(ctx, zone) })
	for name, v := range map[string]*feed.View{"followed": look(t, f), "loaded": loaded(t, c).View()} {
		for i := int64(1); i <= 30; i++ {
			if d := closest(t, v, i, park); d < 400 {
				t.Errorf("%s: activity %d is shown %.0f m from the middle of the zone", name, i, d)
			}
		}
	}
	update(t, st, func(ctx context.Context, tx *store.Tx) error {
		found, err := tx.DropZone(ctx, zone)
		if !found {
			t.Error("there was no zone")
		}
		return err
	})
	if d := closest(t, look(t, f), id, park); d > 1 {
		t.Errorf("without the zone activity %d is %.0f m off", id, d)
	}
}

func TestHides(t *testing.T) {
	st := memory(t)
	about := "TEXT"
	put(t, st, "", activity(1, rich, loop(home, 7), func(a *musette.Activity) { a.Description = &about }), activity(2))
	picture := hex.EncodeToString(make([]byte, 32))
	update(t, st, func(ctx context.Context, tx *store.Tx) error {
		return tx.PutPicture(ctx, store.Picture{AthleteID: athlete, ActivityID: 1, PhotoID: "P", Outcome: store.PictureKept, SHA256: picture, Width: 4, Height: 3})
	})
	p := full
	p.Fields = feed.Fields
	f := loaded(t, feed.Config{Store: st, Publish: p})
	if b := body(t, f.View(), feed.Query{}); !strings.Contains(b, "/p/1-00000") || !strings.Contains(b, "SECRETFRIEND") ||
		!strings.Contains(b, `"kudos":12`) || !strings.Contains(b, "TEXT") || strings.Contains(b, `"map":null,"photos":[{`) {
		t.Fatalf("not everything chosen is shown: %s", b)
	}
	for what, hidden := range map[string]string{store.HidePhotos: "/p/1-", store.HideDescription: "TEXT", store.HideMap: `"polyline"`, store.HideAll: `"id":"1"`} {
		h := store.Hide{AthleteID: athlete, ActivityID: 1, What: what, CreatedAt: noon}
		update(t, st, func(ctx context.Context, tx *store.Tx) error { return tx.PutHide(ctx, h) })
		v := look(t, f)
		if b := body(t, v, feed.Query{}); strings.Contains(b, hidden) {
			t.Errorf("%s hidden: %s", what, b)
		}
		if what == store.HideDescription && len(ids(t, v, feed.Query{Text: "text"})) > 0 {
			t.Error("what is hidden is found by searching")
		}
		if what == store.HideAll && v.Totals(feed.Query{}).Count != 1 {
			t.Error("what is hidden is counted")
		}
		if !strings.Contains(body(t, v, feed.Query{Reader: owner}), hidden) {
			t.Errorf("%s hidden from its owner", what)
		}
		update(t, st, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.DropHide(ctx, h)
			return err
		})
		if b := body(t, look(t, f), feed.Query{}); !strings.Contains(b, hidden) {
			t.Errorf("%s is still hidden", what)
		}
	}
}

func TestFieldsAndDelay(t *testing.T) {
	st := memory(t)
	put(t, st, "", activity(1, rich), activity(2, at(noon.AddDate(0, 0, -3))))
	now := noon
	p := feed.Publish{Mode: feed.PublishFull, API: true, Fields: []string{}, Delay: 24 * time.Hour}
	f := loaded(t, feed.Config{Store: st, Publish: p, Now: func() time.Time { return now }})
	if got := ids(t, f.View(), feed.Query{}); !cmp.Equal(got, []int64{2}) {
		t.Errorf("within the delay strangers see %v", got)
	}
	if n := f.View().Totals(feed.Query{}).Count; n != 1 {
		t.Errorf("within the delay %d are counted", n)
	}
	first := body(t, f.View(), feed.Query{})
	now = noon.Add(24*time.Hour + time.Minute + 1600*time.Second)
	v := look(t, f)
	if got := ids(t, v, feed.Query{}); !cmp.Equal(got, []int64{1, 2}) {
		t.Errorf("after the delay strangers see %v", got)
	}
	b := body(t, v, feed.Query{})
	if b == first || strings.Contains(b, "SECRET") || strings.Contains(b, "river") || strings.Contains(b, "Run 1") || strings.Contains(b, "strava.com") {
		t.Errorf("strangers read %s", b)
	}
}

// Where what must be hidden can't be read, nothing is public; the owner sees everything.
func TestDamagedPrivacyClosesThePublicView(t *testing.T) {
	for _, table := range []string{"zones SET name = 'x'", "hides SET what = 'x'", "settings SET value = '00' WHERE name = 'mask_secret'", "cursors SET body = x'00' WHERE name = 'places'"} {
		st, err := store.Open(context.Background(), store.Config{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		put(t, st, "", activity(1, loop(home, 1)), activity(2))
		update(t, st, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.PutHide(ctx, store.Hide{AthleteID: athlete, ActivityID: 2, What: store.HideAll}); err != nil {
				return err
			}
			return tx.PutZone(ctx, store.Zone{ID: "z", RadiusM: 100})
		})
		c := feed.Config{Store: st, Publish: full}
		if v := loaded(t, c).View(); v.Closed() != nil || len(ids(t, v, feed.Query{})) != 1 {
			t.Fatalf("before the damage: %v", v.Closed())
		}
		raw, err := sql.Open("sqlite", st.Path())
		if err != nil {
			t.Fatal(err)
		}
		defer raw.Close()
		if _, err := raw.Exec("UPDATE " + table); err != nil {
			t.Fatal(err)
		}
		v := loaded(t, c).View()
		if v.Closed() == nil || len(ids(t, v, feed.Query{})) != 0 || v.Totals(feed.Query{}).Count != 0 {
			t.Errorf("%s: strangers see %v, %v", table, ids(t, v, feed.Query{}), v.Closed())
		}
		if got := len(ids(t, v, feed.Query{Reader: owner})); got != 2 {
			t.Errorf("%s: the owner sees %d", table, got)
		}
	}
}

func BenchmarkMaskedLoad(b *testing.B) {
	st := memory(b)
	var list []musette.Activity
	for id := int64(1); id <= 2000; id++ {
		list = append(list, activity(id, loop(from(home, float64(id%7)*20, 0), uint64(id))))
	}
	put(b, st, "", list...)
	for _, p := range []feed.Publish{{}, full} {
		b.Run(fmt.Sprintf("%q", p.Mode), func(b *testing.B) {
			for b.Loop() {
				if err := feed.New(feed.Config{Store: st, Publish: p}).Load(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A copy of a store in which nothing was ever published doesn't get a secret of its own.
func TestACopyWithoutTheSecretShowsNothing(t *testing.T) {
	st, err := store.OpenMemory(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	put(t, st, "", activity(1, loop(home, 1)))
	c := feed.Config{Store: st, Publish: full, Copy: true}
	if v := loaded(t, c).View(); v.Closed() == nil || len(ids(t, v, feed.Query{})) != 0 {
		t.Error("it shows something")
	}
	c.Copy = false
	first := body(t, loaded(t, c).View(), feed.Query{})
	c.Copy = true
	if v := loaded(t, c).View(); v.Closed() != nil || body(t, v, feed.Query{}) != first {
		t.Errorf("with the secret it shows something else: %v", v.Closed())
	}
}
