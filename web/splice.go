package web

import (
	"bytes"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Strava's documents are never written anew: what goes out are pieces of the stored bytes, cut and joined here. So
// numbers keep their digits, and members that nobody knows yet are passed on.

// anyJSON reads somebody else's JSON.
var anyJSON = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// A member is one of an object's, its value as it stands in the document.
type member struct {
	name  string
	value []byte
}

// members cuts an object; false if the bytes aren't one.
func members(body []byte) (list []member, ok bool) {
	d := jsontext.NewDecoder(bytes.NewReader(body), anyJSON)
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, false
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, false
		}
		m := member{name: name.String()}
		if m.value, ok = valueOf(d, body); !ok {
			return nil, false
		}
		list = append(list, m)
	}
	_, err := d.ReadToken()
	return list, err == nil
}

// elements cuts an array; false if the bytes aren't one.
func elements(body []byte) (list [][]byte, ok bool) {
	d := jsontext.NewDecoder(bytes.NewReader(body), anyJSON)
	if t, err := d.ReadToken(); err != nil || t.Kind() != '[' {
		return nil, false
	}
	for d.PeekKind() != ']' {
		value, ok := valueOf(d, body)
		if !ok {
			return nil, false
		}
		list = append(list, value)
	}
	_, err := d.ReadToken()
	return list, err == nil
}

// valueOf returns the next value's bytes, as a part of the body.
func valueOf(d *jsontext.Decoder, body []byte) ([]byte, bool) {
	v, err := d.ReadValue()
	if err != nil {
		return nil, false
	}
	end := int(d.InputOffset())
	return body[end-len(v) : end : end], true
}

// valueIn returns the value of a member, nil if there is none. Of two with one name the last counts, as in most readers.
func valueIn(list []member, name string) (value []byte) {
	for _, m := range list {
		if m.name == name {
			value = m.value
		}
	}
	return value
}

// textIn returns the value of a member that is a string, else "".
func textIn(list []member, name string) (text string) {
	_ = json.Unmarshal(valueIn(list, name), &text, anyJSON)
	return text
}

// joinObject writes members as one object.
func joinObject(list []member) []byte {
	b := []byte{'{'}
	for i, m := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b, _ = jsontext.AppendQuote(b, m.name) // its only error is of UTF-8, which is mended
		b = append(append(b, ':'), m.value...)
	}
	return append(b, '}')
}

// joinArray writes values as one array.
func joinArray(list [][]byte) []byte {
	return append(append([]byte{'['}, bytes.Join(list, []byte{','})...), ']')
}

// replaced returns the members with one value put in place of what there was, or added.
func replaced(list []member, name string, value []byte) []member {
	out := make([]member, 0, len(list)+1)
	found := false
	for _, m := range list {
		if m.name == name {
			m.value, found = value, true
		}
		out = append(out, m)
	}
	if !found {
		out = append(out, member{name, value})
	}
	return out
}

// summaryMembers are what an activity has in a recorded list: Strava's SummaryActivity, and what its specification lacks. (It
// has hide_from_home, which no recorded list has.)
var summaryMembers = set(
	"resource_state", "athlete", "name", "distance", "moving_time", "elapsed_time", "total_elevation_gain", "type", "sport_type",
	"workout_type", "device_name", "id", "start_date", "start_date_local", "timezone", "utc_offset", "location_city",
	"location_state", "location_country", "achievement_count", "kudos_count", "comment_count", "athlete_count", "photo_count",
	"map", "trainer", "commute", "manual", "private", "visibility", "flagged", "gear_id", "start_latlng", "end_latlng",
	"average_speed", "max_speed", "has_heartrate", "heartrate_opt_out", "display_hide_heartrate_option", "elev_high", "elev_low",
	"upload_id", "upload_id_str", "external_id", "from_accepted_tag", "pr_count", "total_photo_count", "has_kudoed",
	"average_cadence", "average_temp", "average_watts", "max_watts", "weighted_average_watts", "kilojoules", "device_watts",
	"average_heartrate", "max_heartrate", "suffer_score",
)

var summaryMapMembers = set("id", "summary_polyline", "resource_state")

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// cutDetail takes a detail down to what a list has of an activity. also are the members that the stored summary has,
// so that one Strava adds to its lists stays in ours.
func cutDetail(detail []byte, also []member) (summary []byte, ok bool) {
	list, ok := members(detail)
	if !ok {
		return nil, false
	}
	extra := map[string]bool{}
	for _, m := range also {
		extra[m.name] = true
	}
	kept := list[:0:0]
	for _, m := range list {
		switch {
		case !summaryMembers[m.name] && !extra[m.name]:
			continue
		case m.name == "resource_state":
			m.value = []byte("2")
		case m.name == "map":
			m.value = cutMap(m.value)
		}
		kept = append(kept, m)
	}
	return joinObject(kept), true
}

func cutMap(detail []byte) []byte {
	list, ok := members(detail)
	if !ok { // null
		return detail
	}
	kept := list[:0:0]
	for _, m := range list {
		if !summaryMapMembers[m.name] {
			continue
		}
		if m.name == "resource_state" {
			m.value = []byte("2")
		}
		kept = append(kept, m)
	}
	return joinObject(kept)
}
