package strava

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// StreamKeys are the streams that Strava knows, in its own order.
var StreamKeys = []string{
	"time", "distance", "latlng", "altitude", "velocity_smooth", "heartrate",
	"cadence", "watts", "temp", "moving", "grade_smooth",
}

// Streams are an activity's measurements by type. All have the same length
// and are aligned by index. Types without data are absent.
type Streams struct {
	ByType map[string]Stream
	Raw    []byte // the whole body, byte for byte
}

// A Stream is one series of measurements.
type Stream struct {
	SeriesType   string // time or distance
	OriginalSize int
	Resolution   string // low, medium or high
	Data         []byte // the JSON array, byte for byte
}

// Floats decodes Data of any stream but latlng and moving: seconds, metres,
// metres per second, beats or turns per minute, watts, degrees Celsius, per
// cent. A null in it is 0.
func (s Stream) Floats() ([]float64, error) { return decodeStream[float64](s) }

// LatLngs decodes Data of the stream latlng: latitude, longitude.
func (s Stream) LatLngs() ([][2]float64, error) { return decodeStream[[2]float64](s) }

// Bools decodes Data of the stream moving.
func (s Stream) Bools() ([]bool, error) { return decodeStream[bool](s) }

func decodeStream[T any](s Stream) ([]T, error) {
	var list []T
	if err := json.Unmarshal(s.Data, &list, reading); err != nil {
		return nil, fmt.Errorf("decode a stream: %w", quietly(err))
	}
	return list, nil
}

// Streams returns the streams of these types, of all [StreamKeys] if none is
// given. An activity without streams (entered by hand) is answered with 404.
// An answer without any stream is KindMismatch.
//
// GET /activities/{id}/streams:
// https://developers.strava.com/docs/reference/#api-Streams-getActivityStreams
func (c *Client) Streams(ctx context.Context, token Secret, id int64, keys ...string) (*Streams, *Answer, error) {
	if len(keys) == 0 {
		keys = StreamKeys
	}
	query := url.Values{"keys": {strings.Join(keys, ",")}, "key_by_type": {"true"}}
	return fetch(ctx, c, c.get(token, activityPath(id, "/streams"), query), decodeStreams)
}

func decodeStreams(body []byte) (*Streams, error) {
	var wire map[string]jsontext.Value
	if err := decodeObject(body, &wire); err != nil {
		return nil, err
	}
	streams := &Streams{ByType: map[string]Stream{}, Raw: slices.Clone(body)}
	for name, value := range wire {
		var w struct {
			Data         jsontext.Value `json:"data"`
			SeriesType   label          `json:"series_type"`
			OriginalSize number         `json:"original_size"`
			Resolution   label          `json:"resolution"`
		}
		if decodeObject(value, &w) != nil || w.Data.Kind() != '[' {
			continue // a member that is no stream
		}
		streams.ByType[name] = Stream{
			SeriesType: string(w.SeriesType), OriginalSize: w.OriginalSize.whole(),
			Resolution: string(w.Resolution), Data: w.Data,
		}
	}
	if len(streams.ByType) == 0 {
		return nil, mismatchError("there is no stream in it")
	}
	return streams, nil
}
