package plan

import (
	"time"

	"musette"
)

// Ahead is how far ahead of the clock a time may lie before it is taken for one of a clock that was wrong.
const Ahead = time.Minute

// Righted is a state as it would be had the clock not been ahead when it was written, as far as that can be told: a
// time that lies ahead of now was now, and nothing is due later than a rule could have made it. A state of a clock that
// was right comes back as it was. When a listing is due by its interval, the caller knows.
func (p Policy) Righted(st musette.PartState, now time.Time) musette.PartState {
	ahead := now.Add(Ahead)
	written := later(st.LastTry, st.LastSuccess)
	wrong := written.After(ahead) || st.FirstSeen.After(ahead)
	for _, t := range []*time.Time{&st.FirstSeen, &st.LastTry, &st.LastSuccess, &st.NotFound} {
		if t.After(ahead) {
			*t = now
		}
	}
	if st.Contradicted.After(ahead) { // it may be this clock that is wrong, and a doubt that began now be too old soon
		st.Contradicted = time.Time{}
	}
	if !st.Due.After(ahead) {
		return st
	}
	listed := st.Part == musette.ListPoll || st.Part == musette.ListSweep
	switch {
	case wrong && listed: // whatever it brought was brought before now
		st.Due = now
	case written.After(ahead) && !st.Due.Before(written): // the same wait from now
		st.Due = now.Add(st.Due.Sub(written))
	}
	if most := now.Add(p.longest(st, now)); st.Due.After(most) && !(listed && st.Tries+st.Failures == 0 && st.Contradicted.IsZero()) {
		st.Due = most
	}
	return st
}

// longest is the longest that a state may have to wait.
func (p Policy) longest(st musette.PartState, now time.Time) time.Duration {
	most := Ahead // what is asked for waits for nothing, or for what else may come in a moment
	if st.Tries > 0 {
		for _, wait := range p.Retry {
			most = max(most, stretch(wait, 1))
		}
	}
	switch {
	case st.Failures == 0:
	case essential(st):
		most = max(most, stretch(p.backoff(st.Failures), 1))
	default:
		most = max(most, stretch(p.FailureWait, 1))
	}
	if !st.NotFound.IsZero() {
		most = max(most, stretch(p.NotFoundWait, 1))
	}
	if !st.Contradicted.IsZero() {
		most = max(most, p.Believe, offlineProbeMax)
	}
	if st.Rechecks > 0 {
		most = max(most, p.FailureWait)
		for _, wait := range p.Placeholder {
			most = max(most, wait)
		}
	}
	if st.Part == musette.PartAthlete {
		most = max(most, DoubtedLeave)
	}
	if st.Class == musette.ClassRecheck {
		most = max(most, st.FirstSeen.Add(p.RecheckEnd).Sub(now))
	}
	return most
}

// Righted is what Righted of a policy is to a state: the host without times ahead of now, and with its next probe no
// later than one can be.
func (h Host) Righted(now time.Time) Host {
	ahead := now.Add(Ahead)
	for _, t := range []*time.Time{&h.OfflineSince, &h.InactiveSince, &h.LastProbe, &h.LastCall} {
		if t.After(ahead) {
			*t = now
		}
	}
	most := now.Add(offlineProbeMax)
	if h.State() == musette.StateInactive {
		most = now.Add(inactiveProbe)
	}
	if h.NextProbe.After(most) {
		h.NextProbe = most
	}
	return h
}
