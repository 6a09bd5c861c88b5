package musette

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Basics are the members that a summary and a detail share, decoded: what scheduling needs, and what a view takes
// from the newer of the two.
type Basics struct {
	ID, AthleteID int64
	Name          string
	SportType     string // Type where Strava sends none
	Type          string

	Start      time.Time // UTC, whole seconds; for a hidden start midnight plus one second
	StartLocal string    // start_date_local as it came, false Z and all
	Timezone   string    // IANA name, "" if none was given
	UTCOffset  time.Duration

	DistanceM, ClimbM float64
	Moving, Elapsed   time.Duration

	Visibility      string // "" if unknown
	GearID          string
	SummaryPolyline string
	PhotoCount      int
	CommentCount    int
	Kudos           int
}

// relaxed are the decoding options for somebody else's JSON: one odd name or byte must not cost a document.
var relaxed = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// wireBasics are the members as they come. Any of them may be absent or null: then nil, which isn't 0.
type wireBasics struct {
	ID      int64 `json:"id"`
	Athlete struct {
		ID int64 `json:"id"`
	} `json:"athlete"`
	ResourceState  *float64 `json:"resource_state"` // 2 for a summary, 3 for a detail
	Name           *string  `json:"name"`
	Type           *string  `json:"type"`
	SportType      *string  `json:"sport_type"`
	StartDate      *string  `json:"start_date"`
	StartDateLocal *string  `json:"start_date_local"`
	Timezone       *string  `json:"timezone"`
	UTCOffset      *float64 `json:"utc_offset"`
	Distance       *float64 `json:"distance"`
	MovingTime     *float64 `json:"moving_time"`
	ElapsedTime    *float64 `json:"elapsed_time"`
	ElevationGain  *float64 `json:"total_elevation_gain"`
	Visibility     *string  `json:"visibility"`
	Private        *bool    `json:"private"`
	GearID         *string  `json:"gear_id"`
	Map            struct {
		SummaryPolyline *string `json:"summary_polyline"`
	} `json:"map"`
	TotalPhotos *float64 `json:"total_photo_count"`
	Comments    *float64 `json:"comment_count"`
	Kudos       *float64 `json:"kudos_count"`
}

// ParseBasics decodes a summary or a detail. It fails if the bytes aren't such a document: not a JSON object, no
// id, no readable start, or the type "Unknown", which some programs give to what they failed to fetch. Measures may be
// 0, 0.0, null or absent.
func ParseBasics(body []byte) (Basics, error) {
	w, err := parseWire(body)
	if err != nil {
		return Basics{}, err
	}
	return w.basics()
}

func parseWire(body []byte) (*wireBasics, error) {
	var w wireBasics
	if err := json.Unmarshal(body, &w, relaxed); err != nil {
		return nil, fmt.Errorf("not an activity: %w", err)
	}
	return &w, nil
}

func (w *wireBasics) basics() (Basics, error) {
	b := Basics{
		ID: w.ID, AthleteID: w.Athlete.ID,
		Name: deref(w.Name), Type: deref(w.Type), SportType: deref(cmp.Or(w.SportType, w.Type)),
		StartLocal: deref(w.StartDateLocal), Timezone: zoneName(deref(w.Timezone)), UTCOffset: seconds(deref(w.UTCOffset)),
		DistanceM: deref(w.Distance), ClimbM: deref(w.ElevationGain),
		Moving: max(0, seconds(deref(w.MovingTime))), Elapsed: max(0, seconds(deref(w.ElapsedTime))),
		Visibility: deref(w.Visibility), GearID: deref(w.GearID), SummaryPolyline: deref(w.Map.SummaryPolyline),
		PhotoCount: count(deref(w.TotalPhotos)), CommentCount: count(deref(w.Comments)), Kudos: count(deref(w.Kudos)),
	}
	if b.Visibility == "" && deref(w.Private) {
		b.Visibility = "only_me" // what `private` meant before `visibility` existed
	}
	start, err := time.Parse(time.RFC3339, deref(w.StartDate))
	switch {
	case b.ID <= 0:
		return Basics{}, fmt.Errorf("not an activity: it has no id")
	case err != nil, start.Year() < firstYear:
		return Basics{}, fmt.Errorf("activity %d has no readable start: %q", b.ID, deref(w.StartDate))
	case strings.EqualFold(b.SportType, "Unknown"):
		return Basics{}, fmt.Errorf("activity %d is a placeholder: its type is unknown", b.ID)
	}
	b.Start = start.UTC().Truncate(time.Second)
	return b, nil
}

// firstYear is the earliest that a start may be: before it lie the zero times of various programs.
const firstYear = 1900

// inherit fills in what a document doesn't say from an older one. Members that only make sense together stay
// together.
func (w *wireBasics) inherit(old *wireBasics) {
	if w.Type == nil && w.SportType == nil {
		w.Type, w.SportType = old.Type, old.SportType
	}
	if w.Visibility == nil && w.Private == nil {
		w.Visibility, w.Private = old.Visibility, old.Private
	}
	w.Athlete.ID = cmp.Or(w.Athlete.ID, old.Athlete.ID)
	w.Name, w.GearID = cmp.Or(w.Name, old.Name), cmp.Or(w.GearID, old.GearID)
	w.Timezone, w.UTCOffset = cmp.Or(w.Timezone, old.Timezone), cmp.Or(w.UTCOffset, old.UTCOffset)
	w.Distance, w.ElevationGain = cmp.Or(w.Distance, old.Distance), cmp.Or(w.ElevationGain, old.ElevationGain)
	w.MovingTime, w.ElapsedTime = cmp.Or(w.MovingTime, old.MovingTime), cmp.Or(w.ElapsedTime, old.ElapsedTime)
	w.Map.SummaryPolyline = cmp.Or(w.Map.SummaryPolyline, old.Map.SummaryPolyline)
	w.TotalPhotos, w.Comments = cmp.Or(w.TotalPhotos, old.TotalPhotos), cmp.Or(w.Comments, old.Comments)
	w.Kudos = cmp.Or(w.Kudos, old.Kudos)
}

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// Fingerprint is a hash over everything that, when it changes, only a new detail can renew: name, types,
// visibility, start, distance, times, climb, gear and route. Counts are left out: they have parts of their own.
// It is never 0.
func (b *Basics) Fingerprint() int64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%q %q %q %q %d %q %g %g %d %d %q %q",
		b.Name, b.Type, b.SportType, b.Visibility, b.Start.Unix(), b.Timezone, b.DistanceM, b.ClimbM,
		b.Moving/time.Second, b.Elapsed/time.Second, b.GearID, b.SummaryPolyline)
	return max(1, int64(h.Sum64()>>1))
}

func seconds(f float64) time.Duration {
	if math.Abs(f) > 1e9 {
		return 0
	}
	return time.Duration(math.Round(f)) * time.Second
}

// count is a number of things, or of whole metres, whatever nonsense it came as.
func count(f float64) int {
	return int(max(0, min(f, 1e9)))
}
