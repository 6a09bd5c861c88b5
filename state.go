package musette

import (
	"slices"
	"time"
)

// A State names what Musette, or one athlete's mirror, is doing or waiting for. Every state that stops progress has
// a name; none of them stops reading.
type State string

// The states, worst first.
const (
	StateStoreDown State = "store_down" // the database can't be reached; memory serves
	StateDiskFull  State = "disk_full"  // nothing can be written
	StateInactive  State = "inactive"   // Strava has switched the app off
	StateReconnect State = "reconnect"  // the athlete's grant no longer works
	StateOffline   State = "offline"    // Strava doesn't answer properly
	StateHeld      State = "held"       // deletions wait for a person
	StateLimited   State = "limited"    // due calls wait for quota
	StateSyncing   State = "syncing"    // calls are being made
	StateOK        State = "ok"
)

var stateOrder = []State{
	StateStoreDown, StateDiskFull, StateInactive, StateReconnect, StateOffline, StateHeld, StateLimited, StateSyncing, StateOK,
}

// States are all there are, worst first.
func States() []State { return slices.Clone(stateOrder) }

// Worst returns the worst of the states; none is [StateOK].
func Worst(states ...State) State {
	for _, s := range stateOrder {
		for _, t := range states {
			if s == t {
				return s
			}
		}
	}
	return StateOK
}

// Advice is what a person can do about a state, in plain words, "" if nothing needs doing.
func (s State) Advice() string {
	switch s {
	case StateStoreDown:
		return "check that the database runs and that DATABASE_URL is right; what is here is served meanwhile"
	case StateDiskFull:
		return "free some space; it goes on by itself"
	case StateInactive:
		return "the app's owner can look at https://www.strava.com/settings/api and at their Strava subscription"
	case StateReconnect:
		return "run `musette connect`, or mend what the cause names and start again"
	case StateOffline:
		return "check the network and STRAVA_API_URL; if they are well, wait: Strava is asked again by itself"
	case StateHeld:
		return "`musette deletions list` shows them, `musette deletions accept` or `reject` decides"
	}
	return ""
}

// Status is what the API, the page and the command line say about the mirror. Its JSON is part of the contract.
type Status struct {
	State  State      `json:"state"`
	Until  *time.Time `json:"until"`  // when the state ends by itself; nil if it doesn't or isn't known
	Cause  string     `json:"cause"`  // in plain words, "" when all is well
	Since  *time.Time `json:"since"`  // when the state began; nil if that isn't known
	Advice string     `json:"advice"` // what a person can do, in plain words, "" if nothing

	AsOf     *time.Time `json:"as_of"`     // when the list of activities was last known to be complete
	NextCall *time.Time `json:"next_call"` // when the next call to Strava is planned
	Quota    Quota      `json:"quota"`
	Calls    int        `json:"calls"` // requests to the API in this run
	Athletes []Athlete  `json:"athletes"`
	ETA      *time.Time `json:"eta"` // when everything due will be here

	Pictures PictureCount `json:"pictures"` // which come from elsewhere, and cost no calls

	LastErrors []LastError `json:"last_errors"` // newest first

	Warnings []Warning `json:"warnings"` // beside the state; they stop nothing
}

// A Warning names something that stops nothing, and that a person should put right all the same.
type Warning struct {
	Name   string     `json:"name"`
	Cause  string     `json:"cause"`  // in plain words
	Since  *time.Time `json:"since"`  // nil if that isn't known
	Advice string     `json:"advice"` // what a person can do, in plain words

	// OffS is how far a wrong clock is ahead of Strava's, in seconds.
	OffS int64 `json:"off_s,omitzero"`
}

// The names of warnings.
const (
	WarningClock    = "clock_wrong"
	WarningDiskFull = "disk_full" // for files; the database can still be written, else it is [StateDiskFull]
)

// Quota is how much of both limits is used, by both windows.
type Quota struct {
	Read    Windows `json:"read"`
	Overall Windows `json:"overall"`
}

// Windows are the two windows in which Strava counts.
type Windows struct {
	Quarter Window `json:"quarter"`
	Day     Window `json:"day"`
}

// Window is one count of calls.
type Window struct {
	Used   int       `json:"used"`
	Limit  int       `json:"limit"`
	Resets time.Time `json:"resets"`
}

// Athlete is one athlete's mirror: how complete it is and what it waits for.
type Athlete struct {
	ID         int64              `json:"id,string"`
	Name       string             `json:"name"`
	State      State              `json:"state"`
	Cause      string             `json:"cause,omitempty"`
	Since      *time.Time         `json:"since"`
	Advice     string             `json:"advice,omitempty"`
	Activities int                `json:"activities"`
	Parts      map[Part]PartCount `json:"parts"`
	Pictures   PictureCount       `json:"-"` // the athlete's among those of the [Status]
}

// PartCount counts one part over an athlete's activities. Due leaves out what has Failed.
type PartCount struct {
	Have        int `json:"have"`
	Due         int `json:"due"`
	Failed      int `json:"failed"`
	Quarantined int `json:"quarantined"`
}

// PictureCount counts the pictures of photos. Due leaves out what has Failed: those are tried again but rarely.
type PictureCount struct {
	Kept   int `json:"kept"`
	Due    int `json:"due"`
	Failed int `json:"failed"`
}

// LastError is a failure a person may want to know about. It never holds a secret.
type LastError struct {
	At         time.Time `json:"at"`
	AthleteID  int64     `json:"athlete_id,string,omitzero"`
	ActivityID int64     `json:"activity_id,string,omitzero"`
	Part       Part      `json:"part,omitempty"`
	Kind       string    `json:"kind"`
	Message    string    `json:"message"`
}
