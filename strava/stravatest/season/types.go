package season

import "time"

// Options say which season to make.
type Options struct {
	Seed       uint64    // seed 1 lives in Bath, England
	Activities int       // how many; exactly this many are made
	Until      time.Time // nothing starts, or is uploaded, after this
	AthleteID  int64     // 0 takes one from the seed
}

// Season is an athlete with everything they recorded. It is
// safe for use by several goroutines, as long as nobody modifies it.
type Season struct {
	Athlete    Athlete
	Gear       []Gear     // bikes first
	Activities []Activity // newest start first

	maker     *maker
	chronicle chronicle // as it stands after the newest activity
}

// Athlete is the person, as their own profile shows them.
type Athlete struct {
	ID                                  int64
	Username, FirstName, LastName       string
	City, State, Country, Sex, Timezone string // Sex is "F" or "M"; Timezone an IANA name
	Bio                                 string
	CreatedAt                           time.Time
	WeightKG                            float64
	FTP                                 int // watts
	Premium                             bool
	Followers, Friends                  int
}

// Gear is a bike or a pair of shoes. How far it went is the sum over the
// activities that name it.
type Gear struct {
	ID                                        string // "b…" a bike, "g…" shoes
	Name, Nickname, Brand, Model, Description string
	Bike, Primary, Retired                    bool
	WeightKG                                  float64 // bikes only
	FrameType                                 int     // bikes only: 1 mountain, 2 cross, 3 road, 4 time trial
}

// Activity is one entry of the season. Distances are in metres, speeds in
// metres a second, times of day in UTC.
type Activity struct {
	ID              int64 // about 1.94e10 and up, a few beyond 2^53; not ordered by start
	Name            string
	Type, SportType string // Type is the legacy one; SportType may be one that no list knows
	WorkoutType     *int   // runs: 0 default, 1 race, 2 long, 3 workout; rides: 10, 11, 12; nil for others
	Start           time.Time
	Uploaded        time.Time // when it appeared on Strava; days after Start for late uploads
	Timezone        string    // IANA name
	HideStart       bool      // the athlete hides the start time: a server coarsens it
	Description     *string   // nil for none

	Distance                  float64 // m
	Moving, Elapsed           time.Duration
	ClimbM, ElevHigh, ElevLow float64
	MaxSpeed                  float64 // m/s

	// Averages are nil where nothing measured them. CadenceAvg of a run counts
	// one leg.
	HeartrateAvg, HeartrateMax, CadenceAvg, WattsAvg, Calories, TempC *float64

	Trainer, Commute, Manual, Race bool
	Visibility                     string // everyone, followers_only, only_me
	GearID, DeviceName, ExternalID string // "" for none
	UploadID                       string // decimal digits, a few beyond 2^53 and now and then beyond int64; "" for manual ones

	Kudos    []Person
	Comments []Comment // oldest first
	Photos   []Photo

	recipe recipe
}

// Point is one sample of a track. The samples of all measures are aligned.
type Point struct {
	Lat, Lng           float64 // degrees, 6 decimals
	AltM, DistM        float64 // one decimal
	T                  time.Duration
	HR, Cadence, Watts int // 0 where nothing measured it
	Moving             bool
}

// Person is somebody else, as Strava shows them: Last is an initial, "K.".
type Person struct{ First, Last string }

// Comment is a remark below an activity.
type Comment struct {
	ID        int64
	By        Person
	Text      string
	At        time.Time
	Reactions int
}

// Photo is a picture or, with Video, a short film of which only the still is
// drawn: Landscape(p.Seed, p.Width, p.Height).
type Photo struct {
	UniqueID, Caption   string
	Video               bool
	Duration            time.Duration // videos only
	Width, Height       int           // pixels
	TakenAt, UploadedAt time.Time
	Lat, Lng            float64
	HasLocation         bool
	Seed                uint64
}

// Lap is a part of an activity. StartIndex and EndIndex point into
// [Activity.Points] and [Streams], both inclusive.
type Lap struct {
	Index                int // from 1
	Start                time.Time
	StartIndex, EndIndex int
	Distance             float64
	Moving, Elapsed      time.Duration
	ClimbM, MaxSpeed     float64
	HeartrateAvg         float64 // 0 where nothing measured it
	HeartrateMax         float64
	CadenceAvg, WattsAvg float64
	ElevationDifference  float64
}

// Streams are the samples of an activity by measure. All that are not nil have
// the same length; nil ones were not recorded.
type Streams struct {
	Time           []int     // s since the start
	Distance       []float64 // m
	LatLng         [][2]float64
	Altitude       []float64 // m
	VelocitySmooth []float64 // m/s
	Heartrate      []int
	Cadence        []int
	Watts          []int
	Temp           []int // °C
	Moving         []bool
	GradeSmooth    []float64 // percent
}
