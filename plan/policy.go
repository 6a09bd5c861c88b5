package plan

import "time"

// Policy is when things are due: DESIGN section 6 as a table. [Policy.Validate] says what can be met.
type Policy struct {
	// Poll is the time between fetches of the newest page, PollWebhooks where webhooks tell what is new.
	Poll, PollWebhooks time.Duration
	// Sweep is the time between walks over everything, SweepPublished while strangers see what is here: what its
	// owner hides on Strava has to go soon.
	Sweep, SweepPublished time.Duration
	Published             bool // strangers see something
	// ListShare is the share of a day's read limit that polls and sweeps together may take; see [Policy.Lists].
	ListShare float64

	Retry []time.Duration // waits after the failed tries that together make one failure

	// EssentialBackoff is how long to wait after the first failure of a first detail, four times as long after
	// each further one, up to EssentialMax. It never ends: the map is essential.
	EssentialBackoff, EssentialMax time.Duration
	// FailureWait is the wait after a failure of every other part, which is given up after MaxFailures.
	FailureWait time.Duration
	MaxFailures int

	// Recheck is when, after an activity was first seen, its detail is fetched again for a description, of which
	// Strava reports no change. The first counts only while there is none.
	Recheck []time.Duration
	// RecheckFresh is how old an activity may have been when the first walk found it, to be rechecked at all.
	RecheckFresh time.Duration
	// RecheckEnd is how long after an activity was first seen no recheck is set any more.
	RecheckEnd time.Duration

	// Placeholder is when to ask again for photos that Strava is still preparing.
	Placeholder []time.Duration
	// Believe is how long a contradiction must stand before it is believed.
	Believe time.Duration
	// NotFoundWait is how long after a 404 to ask again.
	NotFoundWait time.Duration

	// TombstoneKeep is how long the documents of a deleted activity are kept, HistoryKeep those that were replaced.
	TombstoneKeep, HistoryKeep time.Duration

	// Retention is how long documents from Strava's API are kept without being confirmed, 0 for ever. See
	// [Policy.Lapsed].
	Retention time.Duration

	Recent  time.Duration // how old an activity may be for its first detail to be of class recent
	Streams Streams
}

// Streams says for which activities streams are fetched.
type Streams string

// The settings of MUSETTE_STREAMS.
const (
	StreamsOff    Streams = "off"
	StreamsRecent Streams = "recent"
	StreamsAll    Streams = "all"
)

// Default returns the policy of DESIGN section 6.
func Default() Policy {
	return Policy{
		Poll:             6 * time.Hour,
		PollWebhooks:     24 * time.Hour,
		Sweep:            7 * 24 * time.Hour,
		SweepPublished:   48 * time.Hour,
		ListShare:        0.1,
		Retry:            []time.Duration{time.Second, 5 * time.Second, 30 * time.Second},
		EssentialBackoff: 5 * time.Minute,
		EssentialMax:     24 * time.Hour,
		FailureWait:      24 * time.Hour,
		MaxFailures:      5,
		Recheck:          []time.Duration{time.Hour, 24 * time.Hour, 7 * 24 * time.Hour},
		RecheckFresh:     7 * 24 * time.Hour,
		RecheckEnd:       21 * 24 * time.Hour,
		Placeholder:      []time.Duration{10 * time.Minute, time.Hour, 24 * time.Hour},
		Believe:          24 * time.Hour,
		NotFoundWait:     time.Hour,
		TombstoneKeep:    30 * 24 * time.Hour,
		HistoryKeep:      30 * 24 * time.Hour,
		Recent:           21 * 24 * time.Hour,
		Streams:          StreamsOff,
	}
}
