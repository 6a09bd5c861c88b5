package main

import (
	"errors"
	"net/url"
	"time"

	"musette"
	"musette/strava"
)

// notifyTable is the settings of notifications.
var notifyTable = []setting{
	{
		name: "MUSETTE_NOTIFY_URL", secret: true, about: "the address that is told, by POST, of states that last",
		right: "write an address such as https://example.org/hook", set: setNotifyURL,
	},
	{
		name: "MUSETTE_NOTIFY_AFTER", byDefault: "1h", about: "how long a state lasts before it is told",
		right: rightWait, set: setNotifyAfter,
	},
}

// setNotifyURL takes any address: what is told apart by a token in it keeps that token.
func setNotifyURL(c *config, text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return errors.New("it is not an address that starts with http:// or https:// and a host")
	}
	c.NotifyURL = strava.Secret(text)
	return nil
}

func setNotifyAfter(c *config, text string) error {
	d, err := parseWait(text)
	switch {
	case err != nil:
		return err
	case d <= 0:
		return errors.New("is not above 0")
	case d > 366*24*time.Hour:
		return errors.New("is more than a year")
	}
	c.NotifyAfter = d
	return nil
}

// A note is what the receiver is told. Its JSON is part of what people's scripts rely on.
type note struct {
	State  musette.State `json:"state"`
	Cause  string        `json:"cause"`
	Since  *time.Time    `json:"since"`
	Until  *time.Time    `json:"until"`
	Advice string        `json:"advice"`
	URL    string        `json:"url"` // the page
}

// notebook is what is known about telling. Its JSON is kept in the store, so that neither a restart nor another
// instance tells the same again.
type notebook struct {
	State musette.State `json:"state"`         // the present one; syncing counts as ok, "" does too
	Since time.Time     `json:"since"`         // when it began
	Well  time.Time     `json:"well,omitzero"` // since when all seems well again, before that has settled
	Told  musette.State `json:"told"`          // the last one that the receiver has accepted
	Tries int           `json:"tries"`         // made in vain to tell the present one
	Next  time.Time     `json:"next,omitzero"` // no try before: another instance is at it, or the last was in vain
}

const (
	// settle is how long all must be well again for a state to be over: a call between two waits for quota isn't the
	// end of waiting.
	settle = time.Minute
	// sending is how long one try may take, and then some.
	sending = 30 * time.Second
	// The waits between tries double.
	notifyRetry, notifyRetryMax = 10 * time.Second, 15 * time.Minute
)

// see takes the status in. due says that it is time to tell it; else wake is when it may be, zero if only another
// state could change that.
func (n notebook) see(s musette.Status, after time.Duration, now time.Time) (seen notebook, due bool, wake time.Time) {
	state := s.State
	if well(state) || state == "" {
		state = musette.StateOK
	}
	if state == musette.StateOK && !well(n.State) && n.State != "" {
		if n.Well.IsZero() {
			n.Well = now
		}
		if over := n.Well.Add(min(after, settle)); over.After(now) {
			return n, false, over
		}
		n = notebook{State: state, Since: n.Well, Told: n.Told}
	}
	n.Well = time.Time{}
	if state != n.State && (n.State != "" || state != musette.StateOK) {
		n = notebook{State: state, Since: now, Told: n.Told}
	}
	if state != musette.StateOK && s.Since != nil && s.Since.Before(n.Since) {
		n.Since = *s.Since
	}
	if state == n.Told || state == musette.StateOK && n.Told == "" {
		return n, false, time.Time{}
	}
	if state != musette.StateOK {
		wake = n.Since.Add(after)
	}
	if n.Next.After(wake) {
		wake = n.Next
	}
	return n, !wake.After(now), wake
}

// well reports whether nothing stands in the way.
func well(s musette.State) bool { return s == musette.StateOK || s == musette.StateSyncing }

// trying is the notebook while a try is made: nobody else makes one meanwhile.
func (n notebook) trying(now time.Time) notebook {
	n.Tries++
	n.Next = now.Add(sending)
	return n
}

// accepted is the notebook after the receiver has taken a state in.
func (n notebook) accepted(state musette.State) notebook {
	n.Told = state
	if n.State == state {
		n.Tries, n.Next = 0, time.Time{}
	}
	return n
}

// refused is the notebook after a try in vain.
func (n notebook) refused(state musette.State, now time.Time) notebook {
	if n.State != state {
		return n
	}
	wait := notifyRetryMax
	if n.Tries < 8 {
		wait = min(wait, notifyRetry<<max(n.Tries-1, 0))
	}
	n.Next = now.Add(wait)
	return n
}
