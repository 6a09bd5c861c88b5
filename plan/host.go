package plan

import (
	"slices"
	"time"

	"musette"
)

const (
	// offlineAfter is how many tries in a row must fail, on different activities, before the fault is the host's.
	offlineAfter = 5
	// offlineProbe is the first wait between probes of a host that is offline; it doubles up to offlineProbeMax.
	offlineProbe, offlineProbeMax = time.Minute, 15 * time.Minute
	// inactiveProbe is the wait between probes while Strava has switched the app off.
	inactiveProbe = 24 * time.Hour
	// forcedProbe is how often at most a person may ask an inactive app.
	forcedProbe = 15 * time.Minute
)

// Host is how Strava as a whole behaves towards us. It is stored beside the ledger, so that every process knows.
type Host struct {
	// Failing are the parts whose tries failed since the last success. If it turns out that the host was at fault, not
	// they, that is forgiven them when it answers again, see [Policy.Forgiven].
	Failing []musette.Key `json:"failing,omitempty"`

	OfflineSince  time.Time `json:"offline_since,omitzero"`
	InactiveSince time.Time `json:"inactive_since,omitzero"`
	Probes        int       `json:"probes,omitzero"`     // made in this state
	NextProbe     time.Time `json:"next_probe,omitzero"` // in this state
	LastProbe     time.Time `json:"last_probe,omitzero"` // or the failure that began this state
	Cause         string    `json:"cause,omitempty"`     // what went wrong last, in plain words

	LastCall time.Time `json:"last_call,omitzero"`
	Calls    int64     `json:"calls,omitzero"` // ever made
}

// Answered is the host after an answer that it meant: the state it was in is over.
func (h Host) Answered(now time.Time) Host {
	return Host{LastCall: now, Calls: h.Calls}
}

// Failed is the host after a failed try on a part, or one whose answer isn't believed.
func (h Host) Failed(key musette.Key, cause string, now time.Time) Host {
	h.LastCall, h.Cause = now, cause
	if h.State() != musette.StateOK {
		return h.probed(now)
	}
	if !slices.Contains(h.Failing, key) {
		h.Failing = append(slices.Clone(h.Failing), key)
	}
	if h.different() >= offlineAfter {
		return h.offline(now)
	}
	return h
}

// different is on how many activities, an athlete's lists being one, tries have failed since the last success.
func (h Host) different() int {
	seen := map[[2]int64]bool{}
	for _, key := range h.Failing {
		seen[[2]int64{key.AthleteID, key.ActivityID}] = true
	}
	return len(seen)
}

// Doubted is the host after a listing has been as good as refused in all its tries, by answers that aren't believed.
// That alone may be the athlete's doing; with something else failing beside it, it is the host's.
func (h Host) Doubted(now time.Time) Host {
	if h.different() > 1 {
		return h.Exhausted(now)
	}
	return h
}

// Exhausted is the host after a listing has failed in all its tries: with nothing else to try it on, that is enough.
func (h Host) Exhausted(now time.Time) Host {
	if h.State() != musette.StateOK {
		return h
	}
	return h.offline(now)
}

func (h Host) offline(now time.Time) Host {
	h.OfflineSince, h.LastProbe = now, now
	h.Probes, h.NextProbe = 0, now.Add(offlineProbe)
	return h
}

// Inactive is the host after the answer that the app is switched off.
func (h Host) Inactive(cause string, now time.Time) Host {
	if h.InactiveSince.IsZero() {
		h = Host{InactiveSince: now, Calls: h.Calls, Failing: h.Failing}
	}
	h.LastCall, h.Cause = now, cause
	return h.probed(now)
}

// Revived is the host after an answer that shows it well, to a call that was nobody's part. What had failed is forgiven
// when a probe is answered, and that is due now.
func (h Host) Revived(now time.Time) Host {
	h.LastCall, h.NextProbe = now, now
	return h
}

// probed is the host after a call that didn't end its state. While it is offline, a call that was under way already,
// or was a person's, isn't the probe that is due.
func (h Host) probed(now time.Time) Host {
	h.LastProbe = now
	switch {
	case h.State() == musette.StateInactive:
		h.NextProbe = now.Add(inactiveProbe)
	case now.Before(h.NextProbe):
		return h
	default:
		h.NextProbe = now.Add(min(offlineProbeMax, offlineProbe<<min(h.Probes+1, 10)))
	}
	h.Probes++
	return h
}

// State returns inactive, offline or ok.
func (h Host) State() musette.State {
	switch {
	case !h.InactiveSince.IsZero():
		return musette.StateInactive
	case !h.OfflineSince.IsZero():
		return musette.StateOffline
	}
	return musette.StateOK
}

// MayForce reports whether a person's refresh may be tried now, whatever the state: an inactive app at most once a
// quarter hour.
func (h Host) MayForce(now time.Time) bool { return !now.Before(h.ForceAt()) }

// ForceAt is from when on a person's refresh may be tried; the zero time is always.
func (h Host) ForceAt() time.Time {
	if h.State() != musette.StateInactive {
		return time.Time{}
	}
	return h.LastProbe.Add(forcedProbe)
}
