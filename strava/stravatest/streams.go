package stravatest

import (
	"bytes"
	"slices"
	"strings"

	"musette/strava/stravatest/season"
)

// stream is one measure of a track. Type is there only in the older form.
type stream struct {
	Type         string `json:"type,omitempty"`
	Data         any    `json:"data"`
	SeriesType   string `json:"series_type"`
	OriginalSize int    `json:"original_size"`
	Resolution   string `json:"resolution"`
}

// streamsOf returns the measures that there are, in the order in which a
// recorded answer had them.
func streamsOf(st *season.Streams) []stream {
	var list []stream
	add := func(kind string, n int, data any) {
		if n > 0 {
			list = append(list, stream{kind, data, "distance", n, "high"})
		}
	}
	pairs := make([]latLng, len(st.LatLng))
	for i, p := range st.LatLng {
		pairs[i] = latLngOf(p)
	}
	add("latlng", len(pairs), pairs)
	add("velocity_smooth", len(st.VelocitySmooth), decimals(st.VelocitySmooth))
	add("grade_smooth", len(st.GradeSmooth), decimals(st.GradeSmooth))
	add("cadence", len(st.Cadence), st.Cadence)
	add("distance", len(st.Distance), decimals(st.Distance))
	add("altitude", len(st.Altitude), decimals(st.Altitude))
	add("watts", len(st.Watts), st.Watts)
	add("temp", len(st.Temp), st.Temp)
	add("time", len(st.Time), st.Time)
	add("heartrate", len(st.Heartrate), st.Heartrate)
	add("moving", len(st.Moving), st.Moving)
	return list
}

func decimals(list []float64) []decimal {
	out := make([]decimal, len(list))
	for i, v := range list {
		out[i] = decimal(v)
	}
	return out
}

// getStreams answers GET /activities/{id}/streams: an object by type with
// key_by_type, else an array. Without keys only the distance comes. A
// resolution or series_type asked for is ignored.
func (s *Server) getStreams(q *request, a *activity) reply {
	if a.Manual {
		return notFound("Activity")
	}
	st := a.streams()
	if st == nil {
		return notFound("Activity")
	}
	query := q.URL.Query()
	keys := strings.Split(query.Get("keys"), ",")
	if query.Get("keys") == "" {
		keys = []string{"distance"}
	}
	list := slices.DeleteFunc(streamsOf(st), func(one stream) bool { return !slices.Contains(keys, one.Type) })
	if query.Get("key_by_type") != "true" {
		return okJSON(append([]stream{}, list...))
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for i, one := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + one.Type + `":`)
		one.Type = ""
		b.Write(encode(one))
	}
	b.WriteByte('}')
	return reply{status: 200, contentType: jsonType, body: b.Bytes()}
}
