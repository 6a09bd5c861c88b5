package strava_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"musette/strava"
)

// TestSmallDocuments: kudos, laps, zones, streams, gear, athlete and stats,
// each by its address, its body and what is to come of it.
func TestSmallDocuments(t *testing.T) {
	start := time.Date(2026, 7, 21, 15, 24, 49, 0, time.UTC)
	type call func(context.Context, *strava.Client) (any, error)
	for path, tc := range map[string]struct {
		body string
		call call
		want func(raw []byte) any
	}{
		"/activities/7/kudos?page=2&per_page=50": {
			`[{"firstname":"Jo 🤍","lastname":"P."}]`,
			func(ctx context.Context, c *strava.Client) (any, error) {
				v, _, err := c.Kudos(ctx, token, 7, strava.PageOptions{Page: 2, PerPage: 50})
				return v, err
			},
			func(raw []byte) any { return []strava.Kudo{{First: "Jo 🤍", Last: "P.", Raw: raw[1 : len(raw)-1]}} },
		},
		"/activities/7/laps": {
			`[{"id":67800000010,"name":"Lap 1","activity":{"id":7},"lap_index":1,"start_date":"2026-07-21T15:24:49Z","distance":19103.2,` +
				`"moving_time":2702,"elapsed_time":3010.0,"start_index":0,"end_index":2702}]`,
			func(ctx context.Context, c *strava.Client) (any, error) {
				v, _, err := c.Laps(ctx, token, 7)
				return v, err
			},
			func(raw []byte) any {
				return []strava.Lap{{
					ID: 67800000010, Name: "Lap 1", Index: 1, Start: start, DistanceM: number(19103.2), MovingS: number(2702),
					ElapsedS: number(3010), EndIndex: 2702, Raw: raw[1 : len(raw)-1],
				}}
			},
		},
		"/activities/7/zones": {
			`[{"score":96,"type":"heartrate","sensor_based":true,"distribution_buckets":[{"min":174,"max":-1,"time":3.0}]}]`,
			func(ctx context.Context, c *strava.Client) (any, error) {
				v, _, err := c.Zones(ctx, token, 7)
				return v, err
			},
			func(raw []byte) any {
				return []strava.Zones{{
					Type: "heartrate", SensorBased: true, Score: number(96),
					Buckets: []strava.ZoneBucket{{Min: 174, Max: -1, TimeS: 3}}, Raw: raw[1 : len(raw)-1],
				}}
			},
		},
		"/activities/7/streams?key_by_type=true&keys=time%2Clatlng": {
			`{"time":{"data":[0, 1],"series_type":"distance","original_size":2,"resolution":"high"},"latlng":{"data":[[1.5,2],[3,4]]},"note":"x"}`,
			func(ctx context.Context, c *strava.Client) (any, error) {
				v, _, err := c.Streams(ctx, token, 7, "time", "latlng")
				return v, err
			},
			func(raw []byte) any {
				return &strava.Streams{Raw: raw, ByType: map[string]strava.Stream{
					"time":   {SeriesType: "distance", OriginalSize: 2, Resolution: "high", Data: []byte(`[0, 1]`)},
					"latlng": {Data: []byte(`[[1.5,2],[3,4]]`)},
				}}
			},
		},
		"/gear/b77": {
			`{"id":"b77","primary":true,"name":"Gravel","nickname":null,"retired":false,"distance":4120334,"brand_name":"Example","model_name":"GX 2","description":null}`,
			func(ctx context.Context, c *strava.Client) (any, error) {
				v, _, err := c.Gear(ctx, token, "b77")
				return v, err
			},
			func(raw []byte) any {
				return &strava.Gear{ID: "b77", Primary: true, Name: "Gravel", DistanceM: number(4120334), Brand: "Example", Model: "GX 2", Raw: raw}
			},
		},
		"/athlete": {
			`{"id":5150,"resource_state":3,"username":null,"firstname":"Sam","city":"Wien","created_at":"2026-07-21T15:24:49Z","bikes":[{"id":"b77","name":"Gravel"}],"shoes":[]}` + "\n",
			func(ctx context.Context, c *strava.Client) (any, error) {
				v, _, err := c.Athlete(ctx, token)
				return v, err
			},
			func(raw []byte) any {
				return &strava.Athlete{
					ID: 5150, ResourceState: 3, First: "Sam", City: "Wien", CreatedAt: start,
					Bikes: []strava.Gear{{ID: "b77", Name: "Gravel"}}, Raw: raw,
				}
			},
		},
		"/athletes/5150/stats": {
			`{"all_ride_totals":{"count":905,"distance":23926378,"moving_time":474287.0},"ytd_run_totals":{"count":1.0},"biggest_ride_distance":null}`,
			func(ctx context.Context, c *strava.Client) (any, error) {
				v, _, err := c.Stats(ctx, token, 5150)
				return v, err
			},
			func(raw []byte) any {
				return &strava.Stats{
					AllRide: strava.Totals{Count: 905, DistanceM: number(23926378), MovingS: number(474287)},
					YearRun: strava.Totals{Count: 1}, Raw: raw,
				}
			},
		},
	} {
		t.Run(path, func(t *testing.T) {
			c := setup(t, func(w http.ResponseWriter, r *http.Request) {
				if r.RequestURI != apiPath+path {
					t.Errorf("%s", r.RequestURI)
				}
				says(200, tc.body)(w, r)
			})
			got, err := tc.call(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want([]byte(tc.body)), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSmallDocumentsNotAskedFor(t *testing.T) {
	for name, tc := range map[string]struct {
		body string
		call func(context.Context, *strava.Client) error
		want strava.Kind
	}{
		"laps of another":    {`[{"id":1,"activity":{"id":8}}]`, laps, strava.KindMismatch},
		"laps without id":    {`[{"name":"Lap 1"}]`, laps, strava.KindMismatch},
		"laps in an object":  {`{"laps":[]}`, laps, strava.KindBody},
		"zones of nothing":   {`[{}]`, zones, strava.KindMismatch},
		"streams in a list":  {`[{"type":"time","data":[0]}]`, streams, strava.KindBody},
		"no stream":          {`{}`, streams, strava.KindMismatch},
		"a fault as streams": {`{"message":"error","errors":[]}`, streams, strava.KindMismatch},
		"other gear":         {`{"id":"b78"}`, gear, strava.KindMismatch},
		"no gear":            {`{}`, gear, strava.KindMismatch},
		"no stats":           {`{}`, stats, strava.KindMismatch},
		"stats of an id":     {`{"id":5150}`, stats, strava.KindMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			wantKind(t, tc.call(t.Context(), setup(t, says(200, tc.body))), tc.want)
		})
	}
}

func laps(ctx context.Context, c *strava.Client) error {
	_, _, err := c.Laps(ctx, token, 7)
	return err
}

func zones(ctx context.Context, c *strava.Client) error {
	_, _, err := c.Zones(ctx, token, 7)
	return err
}

func streams(ctx context.Context, c *strava.Client) error {
	_, _, err := c.Streams(ctx, token, 7)
	return err
}

func gear(ctx context.Context, c *strava.Client) error {
	_, _, err := c.Gear(ctx, token, "b77")
	return err
}

func stats(ctx context.Context, c *strava.Client) error {
	_, _, err := c.Stats(ctx, token, 5150)
	return err
}

func TestStreamData(t *testing.T) {
	floats, err := strava.Stream{Data: []byte(`[0, 1.5, null]`)}.Floats()
	if diff := cmp.Diff([]float64{0, 1.5, 0}, floats); err != nil || diff != "" {
		t.Error(diff, err)
	}
	points, err := strava.Stream{Data: []byte(`[[1,2],[3.5,-4]]`)}.LatLngs()
	if diff := cmp.Diff([][2]float64{{1, 2}, {3.5, -4}}, points); err != nil || diff != "" {
		t.Error(diff, err)
	}
	moving, err := strava.Stream{Data: []byte(`[false,true]`)}.Bools()
	if diff := cmp.Diff([]bool{false, true}, moving); err != nil || diff != "" {
		t.Error(diff, err)
	}
	if _, err := (strava.Stream{Data: []byte(`[[1]]`)}).LatLngs(); err == nil {
		t.Error("half a point was accepted")
	}
}
