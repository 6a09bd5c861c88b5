package musette

import (
	"cmp"
	"math"
	"reflect"
	"slices"
	"time"

	"musette/track"
)

// A Replaced is a document that another has taken the place of.
type Replaced struct {
	Document
	At time.Time // when it was replaced
}

// An Arrival is a document that came, and what it changed of the view.
type Arrival struct {
	At       time.Time
	Document Document
	First    bool          // no older one of its part is kept
	Changes  []FieldChange // none: the first of all, or readers saw nothing of it
}

// A FieldChange is one thing that readers saw change. From and To are strings, numbers, or nil for none.
type FieldChange struct {
	Field string `json:"field"` // as in the activity's JSON; route_m and route_points are those of its map
	From  any    `json:"from"`
	To    any    `json:"to"`
	Other bool   `json:"other,omitzero"` // as many as before, but not the same
}

// Timeline returns what became of one activity when, newest first, from the documents that are here and those that
// were replaced. What was replaced so long ago that it isn't kept, or without a change of the view, isn't in it.
func Timeline(current []Document, replaced []Replaced) []Arrival {
	list := arrivals(current, replaced)
	state := map[Part]Document{}
	var before *Activity
	for i := range list {
		a := &list[i]
		state[a.Document.Part] = a.Document
		after := asOf(state, a.At)
		a.Changes = differences(before, after)
		before = after
	}
	slices.Reverse(list)
	return list
}

// arrivals returns the documents in the order in which they came: each but the first of its part when the one before
// was replaced.
func arrivals(current []Document, replaced []Replaced) (list []Arrival) {
	type link struct {
		Document
		replaced time.Time
	}
	chains := map[Part][]link{}
	for _, r := range replaced {
		chains[r.Part] = append(chains[r.Part], link{r.Document, r.At})
	}
	for part, chain := range chains {
		slices.SortFunc(chain, func(a, b link) int {
			return cmp.Or(a.replaced.Compare(b.replaced), a.FetchedAt.Compare(b.FetchedAt), slices.Compare(a.SHA256[:], b.SHA256[:]))
		})
		chains[part] = chain
	}
	for _, d := range current {
		chains[d.Part] = append(chains[d.Part], link{Document: d})
	}
	for _, chain := range chains {
		for i, l := range chain {
			at := l.FetchedAt
			if i > 0 {
				at = chain[i-1].replaced
			}
			list = append(list, Arrival{At: at, Document: l.Document, First: i == 0})
		}
	}
	slices.SortFunc(list, func(a, b Arrival) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(slices.Index(ActivityParts, a.Document.Part), slices.Index(ActivityParts, b.Document.Part)))
	})
	return list
}

// asOf derives what was shown at a time, nil if nothing was.
func asOf(state map[Part]Document, at time.Time) *Activity {
	docs := make([]Document, 0, len(state))
	for _, d := range state {
		d.FetchedAt, d.ConfirmedAt = earlier(d.FetchedAt, at), earlier(d.ConfirmedAt, at)
		docs = append(docs, d)
	}
	v, err := Derive(docs, false)
	if err != nil {
		return nil
	}
	return &v.Activity
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func differences(a, b *Activity) (out []FieldChange) {
	if a == nil || b == nil {
		return nil
	}
	differs := func(field string, from, to any) {
		if from != to {
			out = append(out, FieldChange{Field: field, From: from, To: to})
		}
	}
	differs("name", a.Name, b.Name)
	differs("description", textOrNil(a.Description), textOrNil(b.Description))
	differs("sport_type", a.SportType, b.SportType)
	differs("visibility", a.Visibility, b.Visibility)
	differs("start", a.Start.Format(time.RFC3339), b.Start.Format(time.RFC3339))
	differs("timezone", a.Timezone, b.Timezone)
	differs("distance_m", a.DistanceM, b.DistanceM)
	differs("moving_s", a.MovingS, b.MovingS)
	differs("elapsed_s", a.ElapsedS, b.ElapsedS)
	differs("climb_m", a.ClimbM, b.ClimbM)
	fromM, fromPoints, fromLine := routeOf(a)
	toM, toPoints, toLine := routeOf(b)
	if fromLine != toLine {
		out = append(out, FieldChange{Field: "route_m", From: fromM, To: toM, Other: fromM == toM})
		differs("route_points", fromPoints, toPoints)
	}
	out = append(out, listChange("photos", a.Photos, b.Photos)...)
	out = append(out, listChange("comments", a.Comments, b.Comments)...)
	out = append(out, listChange("laps", a.Laps, b.Laps)...)
	differs("kudos", a.Kudos, b.Kudos)
	differs("source", string(a.Source), string(b.Source))
	return out
}

func textOrNil(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}

// routeOf is a route's length in whole metres, its number of points, and the polyline; nil and "" for none.
func routeOf(a *Activity) (metres, points any, polyline string) {
	if a.Map == nil {
		return nil, nil, ""
	}
	line, err := track.Decode(a.Map.Polyline)
	if err != nil {
		return nil, nil, ""
	}
	return math.Round(track.Length(line)), len(line), a.Map.Polyline
}

func listChange[T any](field string, from, to []T) []FieldChange {
	if len(from) == len(to) && (len(to) == 0 || reflect.DeepEqual(from, to)) {
		return nil
	}
	return []FieldChange{{Field: field, From: len(from), To: len(to), Other: len(from) == len(to)}}
}
