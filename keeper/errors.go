package keeper

import (
	"context"
	"errors"

	"musette/store"
	"musette/strava"
	"musette/token"
)

// tokenError wraps a failure to get an access token: the call itself was never made, or ended in a 401.
type tokenError struct{ err error }

func (e *tokenError) Error() string { return e.err.Error() }
func (e *tokenError) Unwrap() error { return e.err }

// refusedError wraps a 401 to a token that is fresh: the fault is Strava's, not the token's.
type refusedError struct{ err error }

func (e *refusedError) Error() string {
	return "Strava refuses a token that it has just handed out: " + e.err.Error()
}
func (e *refusedError) Unwrap() error { return e.err }

// verdict is what kind of thing has happened, as far as what follows depends on it.
type verdict int

const (
	fine      verdict = iota // the answer is what was asked for
	poor                     // it is an answer, but not a usable one for this part
	absent                   // 404 naming the activity
	noSuch                   // 404 of another kind
	hostFault                // the host's: no answer, 5xx, HTML, truncated, not the document
	refused                  // 429
	inactive                 // the app is switched off
	noScope                  // the grant lacks a scope
	reconnect                // the grant is dead; recorded on it already
	stopped                  // we stopped, not Strava
	ours                     // a fault of our own, such as a store that can't be read
)

var verdictNames = [...]string{
	fine: "fine", poor: "poor", absent: "absent", noSuch: "no such", hostFault: "host fault", refused: "refused", inactive: "inactive",
	noScope: "no scope", reconnect: "reconnect", stopped: "stopped", ours: "ours",
}

// String is how the log calls it.
func (v verdict) String() string { return verdictNames[v] }

// unwritableError wraps why a result can't be written, though the store is well.
type unwritableError struct{ err error }

func (e *unwritableError) Error() string { return "what came can't be stored: " + e.err.Error() }
func (e *unwritableError) Unwrap() error { return e.err }

// storeFault reports whether the store as a whole is at fault, rather than what was to be written.
func storeFault(err error) bool {
	_, whole := errors.AsType[*store.Error](err)
	return whole || errors.Is(err, store.ErrFenced) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// sound passes over damaged rows: the good ones beside them stand. They have been noticed where they were read
// (damage.go).
func sound(err error) error {
	if _, damaged := errors.AsType[*store.DamageError](err); damaged && !storeFault(err) {
		return nil
	}
	return err
}

func judge(err error) verdict {
	if err == nil {
		return fine
	}
	if _, ok := errors.AsType[*token.ReconnectError](err); ok {
		return reconnect
	}
	if _, ok := errors.AsType[*refusedError](err); ok {
		return hostFault
	}
	kind := strava.KindOf(err)
	if _, ok := errors.AsType[*tokenError](err); ok {
		switch kind {
		case strava.KindOther:
			return ours
		case strava.KindCanceled, strava.KindInactive:
		default:
			return hostFault
		}
	}
	if errors.Is(err, errNoRoom) || kind == strava.KindOther && storeFault(err) {
		return stopped
	}
	if _, ok := errors.AsType[*unwritableError](err); ok || errors.Is(err, errUnknownPart) {
		return poor
	}
	switch kind {
	case strava.KindCanceled, strava.KindUnauthorized: // the token is new by now: the next try has it
		return stopped
	case strava.KindRateLimit:
		return refused
	case strava.KindInactive:
		return inactive
	case strava.KindScope:
		return noScope
	case strava.KindGone:
		return absent
	case strava.KindNotFound, strava.KindForbidden, strava.KindPayment:
		return noSuch
	case strava.KindBadRequest:
		return poor
	}
	return hostFault
}
