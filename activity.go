package musette

import (
	"time"

	"musette/track"
)

// ViewVersion changes whenever [Derive] gives another view of the same documents; stored views of another version
// are derived anew.
const ViewVersion = 2

// Activity is what its owner sees of an activity. Its JSON is part of the contract: units stand in the names, lists
// are never null, ids are strings.
type Activity struct {
	ID        int64  `json:"id,string"`
	AthleteID int64  `json:"athlete_id,string"`
	Name      string `json:"name"`
	SportType string `json:"sport_type"`

	Start      Instant `json:"start"`       // UTC
	StartLocal string  `json:"start_local"` // wall clock at the place, no zone
	Timezone   string  `json:"timezone"`    // IANA name, "UTC" if none was given

	DistanceM float64 `json:"distance_m"`
	MovingS   int     `json:"moving_s"`
	ElapsedS  int     `json:"elapsed_s"`
	ClimbM    int     `json:"climb_m"`

	Description *string   `json:"description"` // nil: none, or not known yet
	Map         *Map      `json:"map"`         // nil: no GPS
	Photos      []Photo   `json:"photos"`
	Comments    []Comment `json:"comments"`
	Kudos       int       `json:"kudos"`
	Laps        []Lap     `json:"laps,omitempty"` // only where one activity is shown

	Links      Links   `json:"links"`
	Visibility string  `json:"visibility"` // everyone, followers_only, only_me, or unknown
	Source     Source  `json:"source"`
	Missing    []Part  `json:"missing"` // parts that exist on Strava and aren't here yet
	FetchedAt  Instant `json:"fetched_at"`

	// Type is the legacy type, which filters match too; it isn't shown.
	Type string `json:"-"`
}

// Map is a route: its polyline (Google's algorithm, precision 5) and what it spans.
type Map struct {
	Polyline string       `json:"polyline"`
	Bounds   track.Bounds `json:"bounds"`

	// Pieces are the polylines that are left of a route of which something is hidden, in order; nil where nothing is. Then
	// Polyline is the longest of them, and Bounds spans them all.
	Pieces []string `json:"-"`
}

// Lines are the polylines to draw, in order: the one, or the pieces that are left of it.
func (m *Map) Lines() []string {
	if m.Pieces != nil {
		return m.Pieces
	}
	return []string{m.Polyline}
}

// Photo is one picture. Width and height are 0 where Strava didn't say.
type Photo struct {
	URL     string `json:"url"`
	Width   int    `json:"width"`
	Height  int    `json:"height"`
	Caption string `json:"caption"`

	// What is known of where it comes from. Stored views have it, readers don't see it.
	ID      string `json:"id,omitzero"`       // its identity at Strava, whatever its address
	AskedPX int    `json:"asked_px,omitzero"` // the size that the address was given for
	StandIn bool   `json:"stand_in,omitzero"` // from the detail, until the photos are here

	// Kept is the picture that is kept here; nil until there is one. No stored view has it.
	Kept *Kept `json:"-"`
}

// Shown is the photo as readers see it: without where it comes from.
func (p Photo) Shown() Photo {
	p.ID, p.AskedPX, p.StandIn = "", 0, false
	return p
}

// Kept says under which hashes a picture is kept. They are in hex.
type Kept struct {
	Key    string         // as in the path /p/{key}/{size}
	SHA256 string         // of the picture as it came, without its metadata
	Type   string         // its media type
	Forms  map[int]string // smaller sizes, all JPEGs, by the longer side in pixels; none until they are made
	Made   bool           // whether they are
}

// Comment is one comment; Strava gives a first name and an initial, no id.
type Comment struct {
	Author string  `json:"author"`
	Text   string  `json:"text"`
	At     Instant `json:"at"`
}

// Lap is one lap of an activity.
type Lap struct {
	Name      string  `json:"name"`
	DistanceM float64 `json:"distance_m"`
	MovingS   int     `json:"moving_s"`
	ElapsedS  int     `json:"elapsed_s"`
	ClimbM    int     `json:"climb_m"`
}

// Links lead to the original.
type Links struct {
	Strava string `json:"strava,omitempty"`
}

// Instant is a time that shows itself as RFC 3339 in UTC without a fraction of a second.
type Instant struct{ time.Time }

// At returns the instant of a time.
func At(t time.Time) Instant { return Instant{t.UTC().Truncate(time.Second)} }

// MarshalText implements encoding.TextMarshaler.
func (i Instant) MarshalText() ([]byte, error) {
	return i.UTC().Truncate(time.Second).AppendFormat(nil, time.RFC3339), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (i *Instant) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return err
	}
	*i = At(t)
	return nil
}

// MarshalJSON hides the embedded time's own, which would keep fractions.
func (i Instant) MarshalJSON() ([]byte, error) {
	b := append(make([]byte, 0, 22), '"')
	b = i.UTC().Truncate(time.Second).AppendFormat(b, time.RFC3339)
	return append(b, '"'), nil
}

// UnmarshalJSON is the counterpart of MarshalJSON.
func (i *Instant) UnmarshalJSON(data []byte) error {
	var t time.Time
	if err := t.UnmarshalJSON(data); err != nil {
		return err
	}
	*i = At(t)
	return nil
}
