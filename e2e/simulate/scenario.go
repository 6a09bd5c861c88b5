package simulate

import (
	"time"

	"musette/plan"
	"musette/strava/stravatest"
)

// Scenario is a stretch of life to be simulated, as data.
type Scenario struct {
	Name  string
	About string // one line: what is to be shown
	Seed  uint64

	Athletes int // 0 is one
	Old      Stock
	Life     Life
	Script   []Act
	Webhooks bool
	Limits   stravatest.Limits // what is 0 is what a new app has

	// Mirrored says that all of Old is here, and all lists are walked, when the time that is measured begins.
	Mirrored bool
	Settle   time.Duration // for how long the mirror is made ready under Limits; 0: as long as it takes, without limits
	Days     int           // how long people live and things happen
	After    int           // days after that in which nobody does anything: everything must have arrived at their end

	Policy *plan.Policy // nil is the default

	// Chaos is what goes wrong at random; nil is nothing.
	Chaos *Chaos

	Bounds []Bound
}

// Stock is what each athlete has on Strava at the start.
type Stock struct {
	Activities       int
	Photos, Comments int // how many of the activities have some
}

// Life is what an athlete does each day. Photos, Comments and LateText are shares of the new activities.
type Life struct {
	PerDay   float64 // new activities
	Photos   float64 // uploaded with photos
	Comments float64 // somebody comments on, some hours later
	LateText float64 // uploaded without a description, which follows within a day
}

// Act is something that happens at a set time. Which names an activity by its place in the first athlete's list at
// that time, 0 being the newest; the first from there on that suits is taken.
type Act struct {
	At    time.Duration // since the measured time began
	Do    Deed
	Which int
	Kind  string // what the report calls it; the deed's own name if empty

	// Back is how long after an edit it is taken back, 0: it isn't. Asked says that somebody presses refresh in between,
	// so that what is taken back has been seen.
	Back  time.Duration
	Asked bool

	Fault stravatest.Fault // of the deed Break
}

// Deed is what people and Strava do.
type Deed string

// The deeds.
const (
	Upload         Deed = "new activity"
	UploadLate     Deed = "late upload" // weeks old, at a place where no poll looks
	Describe       Deed = "description"
	Rename         Deed = "rename"
	Retype         Deed = "type"
	Crop           Deed = "crop"
	AddPhoto       Deed = "photo added"
	RemovePhotos   Deed = "photos removed"
	AddComment     Deed = "comment added"
	RemoveComments Deed = "comments removed"
	Hide           Deed = "made private"
	Narrow         Deed = "made followers-only"
	Show           Deed = "made public"
	Delete         Deed = "deletion"
	Break          Deed = "fault" // Strava begins to go wrong in the way of Act.Fault
)

// Bound is what a scenario promises: Of the result is at most Most.
type Bound struct {
	What string
	Most float64
	Of   func(*Result) float64
}
