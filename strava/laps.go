package strava

import (
	"context"
	"fmt"
	"time"
)

// A Lap is one lap of an activity.
//
// See https://developers.strava.com/docs/reference/#api-models-Lap.
type Lap struct {
	ID                                   int64
	Name                                 string
	Index                                int       // from 1
	Start                                time.Time // UTC, zero if absent or malformed
	DistanceM, MovingS, ElapsedS, ClimbM *float64
	StartIndex, EndIndex                 int    // into the activity's streams
	Raw                                  []byte // the element, byte for byte
}

// Laps lists the laps of an activity. A lap of another activity makes the
// answer KindMismatch.
//
// GET /activities/{id}/laps:
// https://developers.strava.com/docs/reference/#api-Activities-getLapsByActivityId
func (c *Client) Laps(ctx context.Context, token Secret, id int64) ([]Lap, *Answer, error) {
	return fetch(ctx, c, c.get(token, activityPath(id, "/laps"), nil), func(body []byte) ([]Lap, error) {
		return decodeLaps(body, id)
	})
}

func decodeLaps(body []byte, asked int64) ([]Lap, error) {
	type wire struct {
		ID       id `json:"id"`
		Activity struct {
			ID id `json:"id"`
		} `json:"activity"`
		Name       string  `json:"name"`
		Index      number  `json:"lap_index"`
		Start      instant `json:"start_date"`
		DistanceM  number  `json:"distance"`
		MovingS    number  `json:"moving_time"`
		ElapsedS   number  `json:"elapsed_time"`
		ClimbM     number  `json:"total_elevation_gain"`
		StartIndex number  `json:"start_index"`
		EndIndex   number  `json:"end_index"`
	}
	return decodeList(body, func(w *wire, raw []byte) (Lap, error) {
		switch {
		case w.ID == 0:
			return Lap{}, mismatchError("the lap has no sound id")
		case w.Activity.ID != 0 && int64(w.Activity.ID) != asked:
			return Lap{}, mismatchError(fmt.Sprintf("it is a lap of activity %d", w.Activity.ID))
		}
		return Lap{
			ID: int64(w.ID), Name: w.Name, Index: w.Index.whole(), Start: w.Start.Time,
			DistanceM: w.DistanceM.pointer(), MovingS: w.MovingS.pointer(), ElapsedS: w.ElapsedS.pointer(), ClimbM: w.ClimbM.pointer(),
			StartIndex: w.StartIndex.whole(), EndIndex: w.EndIndex.whole(), Raw: raw,
		}, nil
	})
}
