package strava

import "context"

// A Zones says how long an activity was in each zone of one kind.
//
// See https://developers.strava.com/docs/reference/#api-models-ActivityZone.
type Zones struct {
	Type        string // heartrate, pace or power
	SensorBased bool
	Score       *float64
	Buckets     []ZoneBucket
	Raw         []byte // the element, byte for byte
}

// A ZoneBucket is one zone; the top one has Max -1.
type ZoneBucket struct{ Min, Max, TimeS float64 }

// Zones lists the zones of an activity. Athletes without a Strava
// subscription get KindPayment.
//
// GET /activities/{id}/zones:
// https://developers.strava.com/docs/reference/#api-Activities-getZonesByActivityId
func (c *Client) Zones(ctx context.Context, token Secret, id int64) ([]Zones, *Answer, error) {
	return fetch(ctx, c, c.get(token, activityPath(id, "/zones"), nil), decodeZones)
}

func decodeZones(body []byte) ([]Zones, error) {
	type wire struct {
		Type        string `json:"type"`
		SensorBased bool   `json:"sensor_based"`
		Score       number `json:"score"`
		Buckets     []struct {
			Min   number `json:"min"`
			Max   number `json:"max"`
			TimeS number `json:"time"`
		} `json:"distribution_buckets"`
	}
	return decodeList(body, func(w *wire, raw []byte) (Zones, error) {
		if w.Type == "" {
			return Zones{}, mismatchError("the zones have no type")
		}
		z := Zones{Type: w.Type, SensorBased: w.SensorBased, Score: w.Score.pointer(), Raw: raw}
		for _, b := range w.Buckets {
			z.Buckets = append(z.Buckets, ZoneBucket{Min: b.Min.value, Max: b.Max.value, TimeS: b.TimeS.value})
		}
		return z, nil
	})
}
