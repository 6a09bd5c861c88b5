package feed

import (
	"math"
	"slices"
	"time"

	"musette"
	"musette/store"
	"musette/track"
)

// Publish says what the public sees.
type Publish struct {
	Mode   string        // [PublishOff] if empty, [PublishAggregate] or [PublishFull]
	API    bool          // whether data that came from Strava's API may be shown at all
	Fields []string      // of the Field constants, what is shown of an activity besides sport, time and distance
	Delay  time.Duration // how long after its end an activity is shown
}

// The modes of publishing.
const (
	PublishOff       = "off"       // nothing
	PublishAggregate = "aggregate" // totals only: no person, no activity
	PublishFull      = "full"      // activities whose visibility is everyone
)

// What can be shown of an activity, or not.
const (
	FieldName        = "name"
	FieldDescription = "description"
	FieldMap         = "map"    // masked
	FieldStrava      = "strava" // the link to the original
	FieldPhotos      = "photos"
	FieldComments    = "comments" // by others, as are
	FieldKudos       = "kudos"
)

// Fields are all that can be shown; the first few are by default.
var (
	Fields        = []string{FieldName, FieldDescription, FieldMap, FieldStrava, FieldPhotos, FieldComments, FieldKudos}
	DefaultFields = Fields[:4]
)

// On reports whether anything is public.
func (p Publish) On() bool { return p.Mode == PublishAggregate || p.Mode == PublishFull }

// allows reports whether the public may ever know of an entry. Unknown visibility isn't public.
func (p Publish) allows(e *Entry) bool {
	a := e.activity
	return p.On() && !e.ownerOnly && a.Visibility == "everyone" && (a.Source != musette.SourceAPI || p.API) &&
		!slices.Contains(e.hides, store.HideAll)
}

// from is when an activity may be shown: a while after its end.
func (p Publish) from(a *musette.Activity) time.Time {
	if p.Delay <= 0 {
		return time.Time{}
	}
	return a.Start.Add(time.Duration(max(a.ElapsedS, 0))*time.Second + p.Delay)
}

// published returns the entry with what the public sees of it: nothing if it may not be known, or not yet.
func (p Publish) published(e *Entry, mask track.Mask, now time.Time) (*Entry, error) {
	next := *e
	next.public, next.listed, next.pubJSON, next.pubText = nil, false, nil, ""
	if !p.allows(e) || p.from(e.activity).After(now) {
		return &next, nil
	}
	next.listed = p.Mode == PublishFull
	next.public = p.view(e, mask)
	next.pubText = searchable(next.public)
	var err error
	next.pubJSON, err = listJSON(next.public)
	return &next, err
}

// view is what strangers see of an entry. Nothing in it says where somebody lives: routes are masked, and there are no
// laps and no streams. What is missing is of no use to a stranger.
func (p Publish) view(e *Entry, mask track.Mask) *musette.Activity {
	a := *e.activity
	has := func(field, hide string) bool {
		return p.Mode == PublishFull && slices.Contains(p.Fields, field) && !slices.Contains(e.hides, hide)
	}
	if !has(FieldName, "") {
		a.Name = ""
	}
	if !has(FieldDescription, store.HideDescription) {
		a.Description = nil
	}
	if !has(FieldStrava, "") {
		a.Links.Strava = ""
	}
	if a.Photos = onlyKept(a.Photos); !has(FieldPhotos, store.HidePhotos) {
		a.Photos = []musette.Photo{}
	}
	if !has(FieldComments, "") {
		a.Comments = []musette.Comment{}
	}
	if !has(FieldKudos, "") {
		a.Kudos = 0
	}
	a.Laps, a.Missing = nil, []musette.Part{}
	if a.Map = nil; has(FieldMap, store.HideMap) {
		a.Map = masked(e, mask)
	}
	if e.route.known && has(FieldMap, "") {
		// How much longer a route is than what is shown of it says how far off its ends are. So is one of which nothing is
		// shown: on another day the same way may be seen.
		a.DistanceM = math.Round(a.DistanceM/roundM) * roundM
	}
	return &a
}

// roundM is the precision of distances of routes where any are shown.
const roundM = 100

// masked is what strangers see of an entry's route; nil if nothing.
func masked(e *Entry, mask track.Mask) *musette.Map {
	if !e.route.known {
		return nil
	}
	points, err := track.Decode(e.activity.Map.Polyline)
	if err != nil {
		return nil
	}
	m := &musette.Map{Pieces: []string{}}
	longest, all := -1.0, []track.Point(nil)
	for _, piece := range mask.Cut(points) {
		line := track.Encode(piece)
		m.Pieces = append(m.Pieces, line)
		if length := track.Length(piece); length > longest {
			longest, m.Polyline = length, line
		}
		all = append(all, piece...)
	}
	var ok bool
	if m.Bounds, ok = track.BoundsOf(all); !ok {
		return nil
	}
	return m
}

// A route is where an entry's route begins, ends and has been.
type route struct {
	known  bool // false: indoors, or by hand
	ends   [2]track.Point
	bounds track.Bounds
}

func routeOf(a *musette.Activity) route {
	if a.Map == nil {
		return route{}
	}
	points, err := track.Decode(a.Map.Polyline)
	if err != nil || len(points) == 0 {
		return route{}
	}
	b, _ := track.BoundsOf(points)
	return route{true, [2]track.Point{points[0], points[len(points)-1]}, b}
}
