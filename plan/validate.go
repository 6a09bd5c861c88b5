package plan

import (
	"errors"
	"fmt"
	"time"

	"musette"
)

// What a policy may ask for at most: more is a slip of the pen.
const (
	maxWait     = 366 * 24 * time.Hour
	maxFailures = 1000
	maxWaits    = 20 // in a list
)

// Validate returns nil for a policy that can be met, and else one [musette.InvalidError] for each thing that is
// wrong, joined. They call the values as the configuration does: "recheck_end".
func (p Policy) Validate() error {
	var errs []error
	wrong := func(right, problem string, names ...string) {
		errs = append(errs, &musette.InvalidError{Names: names, Problem: problem, Right: right})
	}
	sound := map[string]bool{}
	for _, w := range []struct {
		name string
		d    time.Duration
	}{
		{"poll", p.Poll},
		{"poll_webhooks", p.PollWebhooks},
		{"sweep", p.Sweep},
		{"sweep_published", p.SweepPublished},
		{"essential_backoff", p.EssentialBackoff},
		{"essential_max", p.EssentialMax},
		{"failure_wait", p.FailureWait},
		{"recheck_fresh", p.RecheckFresh},
		{"recheck_end", p.RecheckEnd},
		{"believe", p.Believe},
		{"not_found_wait", p.NotFoundWait},
		{"recent", p.Recent},
		{"tombstone_keep", p.TombstoneKeep},
		{"history_keep", p.HistoryKeep},
	} {
		problem := unfit(w.d)
		if sound[w.name] = problem == ""; problem != "" {
			wrong("write a time above 0 and of a year at most, such as 90s, 15m, 6h or 7d", problem, w.name)
		}
	}
	for _, l := range []struct {
		name      string
		waits     []time.Duration
		ascending bool
	}{{"retry", p.Retry, false}, {"recheck", p.Recheck, true}, {"placeholder", p.Placeholder, false}} {
		problem := unfitList(l.waits, l.ascending)
		if sound[l.name] = problem == ""; problem != "" {
			wrong("write times such as 1h, 24h, 7d", problem, l.name)
		}
	}
	if len(p.Retry) == 0 {
		wrong("name at least one wait, such as 1s", "has no wait in it", "retry")
	}
	if p.MaxFailures < 1 || p.MaxFailures > maxFailures {
		wrong(fmt.Sprintf("write a number from 1 to %d", maxFailures), "is not a number of failures to give up after", "max_failures")
	}
	if !(p.ListShare > 0 && p.ListShare <= 1) { // not a number is neither
		wrong("write a share above 0% and of 100% at most, such as 10%", "is not a share that leaves room to list anything", "list_share")
	}
	if sound["essential_max"] && sound["essential_backoff"] && p.EssentialMax < p.EssentialBackoff {
		wrong("the first wait may be as long as the longest, not longer", "is shorter than essential_backoff", "essential_max", "essential_backoff")
	}
	if n := len(p.Recheck); n > 0 && sound["recheck"] && sound["recheck_end"] && p.Recheck[n-1] > p.RecheckEnd {
		wrong("leave the late ones out, or let rechecks end later", "has a time after recheck_end, which would never come", "recheck", "recheck_end")
	}
	switch r := p.Retention; {
	case r == 0:
	case r < 0, r > maxWait:
		wrong("write 0 to keep for ever, or a time such as 168h", unfit(r), "retention")
	case r < minRetention:
		wrong("write 48h or more, such as 168h; 0 keeps for ever",
			"is shorter than what sweeps can confirm: there is one in half of that time, and one that fails comes again a day later", "retention")
	}
	return errors.Join(errs...)
}

// unfit says what is wrong with a wait, "" if nothing.
func unfit(d time.Duration) string {
	switch {
	case d <= 0:
		return "is not above 0"
	case d > maxWait:
		return "is more than a year"
	}
	return ""
}

// unfitList says what is wrong with waits, "" if nothing. None is fine: then nothing is waited for.
func unfitList(waits []time.Duration, ascending bool) string {
	if len(waits) > maxWaits {
		return fmt.Sprintf("has more than %d times in it", maxWaits)
	}
	for i, d := range waits {
		if problem := unfit(d); problem != "" {
			return "has a time that " + problem
		}
		if ascending && i > 0 && d <= waits[i-1] {
			return "has times that don't ascend"
		}
	}
	return ""
}
