package musette_test

import (
	"testing"
	"time"

	"musette"
)

func TestParseBasicsRefusesWhatIsNoActivity(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":              ``,
		"null":                 `null`,
		"an empty object":      `{}`,
		"a list":               `[]`,
		"a page":               `<html>Strava is down for maintenance</html>`,
		"a fault":              `{"message":"Rate Limit Exceeded","errors":[{"resource":"Application","field":"rate limit","code":"exceeded"}]}`,
		"cut off":              string(summaryObject().bytes()[:200]),
		"a reference":          `{"id":7,"resource_state":1}`,
		"no start":             string(summaryObject().but(object{"start_date": nil}).bytes()),
		"a start in words":     string(summaryObject().but(object{"start_date": "yesterday"}).bytes()),
		"a start at year 1":    string(summaryObject().but(object{"start_date": "0001-01-01T00:00:00Z"}).bytes()),
		"a naive start":        string(summaryObject().but(object{"start_date": "2026-05-22T06:49:27"}).bytes()),
		"no id":                string(summaryObject().but(object{"id": absent{}}).bytes()),
		"a negative id":        string(summaryObject().but(object{"id": -7}).bytes()),
		"an id in quotes":      string(summaryObject().but(object{"id": "7"}).bytes()),
		"an id past 64 bits":   `{"id":987654321234567891234,"start_date":"2026-05-22T06:49:27Z"}`,
		"a placeholder":        string(summaryObject().but(object{"name": "Unknown Activity", "type": "Unknown", "sport_type": "Unknown", "distance": 0}).bytes()),
		"a placeholder's type": string(summaryObject().but(object{"type": "unknown", "sport_type": absent{}}).bytes()),
	} {
		if b, err := musette.ParseBasics([]byte(body)); err == nil {
			t.Errorf("%s is taken for an activity: %+v", name, b)
		}
	}
}

func TestParseBasics(t *testing.T) {
	b, err := musette.ParseBasics(summaryObject().but(object{"start_date": "2026-05-22T08:49:27.75+02:00", "kudos_count": 4.0}).bytes())
	if err != nil {
		t.Fatal(err)
	}
	want := musette.Basics{
		ID: 19403555631, AthleteID: 4242, Name: "Park loop", Type: "Run", SportType: "TrailRun",
		Start: time.Date(2026, 5, 22, 6, 49, 27, 0, time.UTC), StartLocal: "2026-05-22T07:49:27Z", Timezone: "Europe/London",
		UTCOffset: time.Hour, DistanceM: 5218.5, ClimbM: 40.6, Moving: 1590 * time.Second, Elapsed: 1622 * time.Second,
		Visibility: "everyone", GearID: "g77", SummaryPolyline: short, PhotoCount: 1, CommentCount: 1, Kudos: 4,
	}
	if b != want {
		t.Errorf("%+v\nwant %+v", b, want)
	}
	for name, c := range map[string]struct {
		but        object
		visibility string
		sport      string
	}{
		"private before visibility":  {object{"visibility": absent{}, "private": true}, "only_me", "TrailRun"},
		"neither":                    {object{"visibility": nil, "private": nil}, "", "TrailRun"},
		"no sport type":              {object{"sport_type": nil}, "everyone", "Run"},
		"a sport type of the future": {object{"sport_type": "MoonWalk"}, "everyone", "MoonWalk"},
	} {
		b, err := musette.ParseBasics(summaryObject().but(c.but).bytes())
		if err != nil || b.Visibility != c.visibility || b.SportType != c.sport {
			t.Errorf("%s: visibility %q, sport %q (%v)", name, b.Visibility, b.SportType, err)
		}
	}
}

// What only a new detail can renew changes the fingerprint; what has a part of its own, or none, doesn't.
func TestFingerprint(t *testing.T) {
	print := func(o object) int64 {
		b, err := musette.ParseBasics(o.bytes())
		if err != nil {
			t.Fatal(err)
		}
		if b.Fingerprint() <= 0 {
			t.Errorf("the fingerprint is %d", b.Fingerprint())
		}
		return b.Fingerprint()
	}
	was := print(summaryObject())
	for name, v := range map[string]any{
		"name": "Park loop.", "type": "Walk", "sport_type": "Run", "visibility": "only_me", "start_date": "2026-05-22T06:49:28Z",
		"distance": 5218.6, "moving_time": 1591, "elapsed_time": 1623, "total_elevation_gain": 40.7, "gear_id": nil,
		"timezone": "(GMT+01:00) Europe/Paris", "map": object{"summary_polyline": cropped},
	} {
		if print(summaryObject().but(object{name: v})) == was {
			t.Errorf("another %s leaves the fingerprint as it was", name)
		}
	}
	for name, v := range map[string]any{
		"kudos_count": 5, "comment_count": 9, "total_photo_count": 3, "photo_count": 1, "distance": 5218.50, "utc_offset": 3600, "resource_state": 3,
	} {
		if print(summaryObject().but(object{name: v})) != was {
			t.Errorf("another %s changes the fingerprint", name)
		}
	}
	if print(detailObject()) != was {
		t.Error("a detail and its summary have different fingerprints")
	}
}
