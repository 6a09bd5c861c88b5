package musette

import "time"

// Outcome is what became of a part so far. "Failed", "empty", "gone" and "never tried" are different things.
type Outcome string

// The outcomes.
const (
	OutcomeNever       Outcome = ""            // never fetched
	OutcomeHave        Outcome = "have"        // a document is here
	OutcomeEmpty       Outcome = "empty"       // Strava says, believably, that there is nothing
	OutcomeFailed      Outcome = "failed"      // given up until something changes
	OutcomeQuarantined Outcome = "quarantined" // its documents are unusable; see Error
	OutcomeHinted      Outcome = "hinted"      // somebody says that there is such an activity; until it was seen, nothing is missing
)

// PartState is what is known about fetching one part of one activity (or one listing of an athlete, with activity
// 0): whether it is due, when, in which class, and how the tries went. The planner writes it, the store keeps it.
type PartState struct {
	AthleteID  int64
	ActivityID int64
	Part       Part

	Due   time.Time // when to fetch; zero: not due
	Class Class     // of that fetch
	Start time.Time // of the activity: within a class the newest goes first

	Outcome     Outcome
	FirstSeen   time.Time // of the activity, for the recheck windows
	FirstWalk   bool      // found by the first walk
	LastTry     time.Time
	LastSuccess time.Time

	Tries    int // failed tries so far of the failure in the making; with the planner's waits used up they are one
	Failures int // failures since the last success
	Rechecks int // times asked again for what Strava was still preparing

	// Wanted is the mark that the tries are for (see Document.Mark): another one starts the count of failures anew.
	Wanted int64

	// Contradicted is when an answer first contradicted what the summary says; the same answer is believed when it
	// comes again 24 h later. NotFound is when a 404 first came; it is asked again an hour later.
	Contradicted time.Time
	NotFound     time.Time

	ErrorKind string // of the last failed try, "" after a success
	Error     string
}

// Key identifies a part state.
type Key struct {
	AthleteID, ActivityID int64
	Part                  Part
}

// Key returns the state's identity.
func (p PartState) Key() Key { return Key{p.AthleteID, p.ActivityID, p.Part} }
