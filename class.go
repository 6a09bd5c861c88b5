package musette

import "fmt"

// A Class is the order of value of upstream calls: a lower number goes first, and may use what is kept back from
// the ones behind it.
type Class int

// The classes, most valuable first. DESIGN section 7.
const (
	ClassLogin    Class = iota // a person is signing in and waits
	ClassForced                // a person pressed refresh
	ClassEvent                 // Strava's webhook said so
	ClassList                  // polls, pages of the first walk, sweeps long overdue
	ClassRecent                // first details of activities of the last three weeks
	ClassEnrich                // photos and comments
	ClassBackfill              // older details
	ClassRecheck               // rechecks and sweeps
	NumClasses
)

var classNames = [NumClasses]string{"login", "forced", "event", "list", "recent", "enrich", "backfill", "recheck"}

// String returns the class's name as it stands in logs and metrics.
func (c Class) String() string {
	if c < 0 || c >= NumClasses {
		return fmt.Sprintf("class(%d)", int(c))
	}
	return classNames[c]
}
