package musette

import (
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

type wireBasics struct {
	ID      int64 `json:"id"`
	Athlete struct {
		ID int64 `json:"id"`
	} `json:"athlete"`
	Name           string   `json:"name"`
	Type           string   `json:"type"`
	SportType      string   `json:"sport_type"`
	StartDate      string   `json:"start_date"`
	StartDateLocal string   `json:"start_date_local"`
	Timezone       string   `json:"timezone"`
	UTCOffset      *float64 `json:"utc_offset"`
	Distance       float64  `json:"distance"`
	MovingTime     float64  `json:"moving_time"`
	ElapsedTime    float64  `json:"elapsed_time"`
	ElevationGain  float64  `json:"total_elevation_gain"`
	Visibility     string   `json:"visibility"`
	Private        bool     `json:"private"`
	GearID         string   `json:"gear_id"`
	Map            struct {
		SummaryPolyline string `json:"summary_polyline"`
		Polyline        string `json:"polyline"`
	} `json:"map"`
	TotalPhotos float64 `json:"total_photo_count"`
	Comments    float64 `json:"comment_count"`
	Kudos       float64 `json:"kudos_count"`
}

// ParseBasics decodes a summary or a detail. It fails if the bytes aren't such a document: not a JSON object, no
// id, no readable start. Measures may be 0, 0.0, null or absent.
func ParseBasics(body []byte) (Basics, error) {
	var w wireBasics
	if err := json.Unmarshal(body, &w, relaxed); err != nil {
		return Basics{}, fmt.Errorf("not an activity: %w", err)
	}
	return w.basics()
}

func (w *wireBasics) basics() (Basics, error) {
	if w.ID <= 0 {
		return Basics{}, fmt.Errorf("not an activity: it has no id")
	}
	start, err := time.Parse(time.RFC3339, w.StartDate)
	if err != nil {
		return Basics{}, fmt.Errorf("activity %d has no readable start: %q", w.ID, w.StartDate)
	}
	b := Basics{
		ID: w.ID, AthleteID: w.Athlete.ID, Name: w.Name, Type: w.Type, SportType: w.SportType,
		Start: start.UTC().Truncate(time.Second), StartLocal: w.StartDateLocal, Timezone: zoneName(w.Timezone),
		DistanceM: w.Distance, ClimbM: w.ElevationGain,
		Moving: seconds(w.MovingTime), Elapsed: seconds(w.ElapsedTime),
		Visibility: w.Visibility, GearID: w.GearID, SummaryPolyline: w.Map.SummaryPolyline,
		PhotoCount: count(w.TotalPhotos), CommentCount: count(w.Comments), Kudos: count(w.Kudos),
	}
	if b.SportType == "" {
		b.SportType = b.Type
	}
	if b.Visibility == "" && w.Private {
		b.Visibility = "only_me" // what `private` meant before `visibility` existed
	}
	if w.UTCOffset != nil {
		b.UTCOffset = seconds(*w.UTCOffset)
	}
	return b, nil
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

// zoneName takes the IANA name out of "(GMT-05:00) America/New_York"; the offset in brackets is the standard one
// even in summer and of no use. Source: Strava API notes, section 7.
func zoneName(s string) string {
	if _, name, ok := strings.Cut(s, ") "); ok {
		s = name
	}
	if s = strings.TrimSpace(s); s == "" || s == "Local" {
		return ""
	}
	return s
}

func seconds(f float64) time.Duration {
	if math.IsNaN(f) || math.Abs(f) > 1e9 {
		return 0
	}
	return time.Duration(math.Round(f)) * time.Second
}

func count(f float64) int {
	if !(f > 0) {
		return 0
	}
	return int(min(f, 1e9))
}
