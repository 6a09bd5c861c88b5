package token

import (
	"fmt"
	"strings"

	"musette/strava"
)

// Causes of a [ReconnectError].
const (
	CauseRevoked = "revoked" // Strava refuses every refresh token we have
	CauseScope   = "scope"   // the athlete granted no reading of activities
	CauseKey     = "key"     // sealed with another key than ours
	CauseDamaged = "damaged" // sealed with our key, but neither row nor file opens
	CauseSecret  = "secret"  // Strava refuses the application's client id or secret
)

// A ReconnectError says that a grant won't work until a person acts: the
// operator for [CauseKey] and [CauseSecret], the athlete for the others. It is
// recorded on the grant as state reconnect. Reading and serving go on.
type ReconnectError struct {
	Cause     string // one of the causes above
	GrantID   string
	AthleteID int64 // 0 if not known yet
	Text      string
	Err       error // what Strava said, if it was asked
}

// Error says what happened, what it means and what to do. It is for people: it
// names no grant.
func (e *ReconnectError) Error() string {
	if e.AthleteID == 0 {
		return e.Text
	}
	return fmt.Sprintf("athlete %d: %s", e.AthleteID, e.Text)
}

// Unwrap returns Err.
func (e *ReconnectError) Unwrap() error { return e.Err }

// Texts of the causes, also recorded on the grant: parts of a sentence, as errors are.
const (
	textRevoked = "Strava no longer accepts this athlete's tokens (access was revoked, or the newest token was lost); " +
		"what is stored stays and is served; run `musette connect` to connect again"
	textTakenIn = "Strava does not accept STRAVA_REFRESH_TOKEN: it is wrong, used up or of another application; " +
		"what is stored stays and is served; set a new one, or run `musette connect`"
	textKey = "the athlete's tokens are sealed with another key than the present one; " +
		"what is stored stays and is served; put the former MUSETTE_SECRET_KEY or key file back, or run `musette connect` to connect again"
	textDamaged = "the athlete's sealed tokens are damaged, in the store and in the file beside it; " +
		"what is stored stays and is served; run `musette connect` to connect again"
	textScope = "the athlete did not grant the reading of activities (activity:read or activity:read_all); " +
		"what is stored stays and is served; run `musette connect` again and leave the boxes ticked"
	textSecret = "Strava does not accept the client secret; " +
		"what is stored stays and is served; correct STRAVA_CLIENT_SECRET (https://www.strava.com/settings/api shows it) and start again"
	textClientID = "Strava does not know the client id; " +
		"what is stored stays and is served; correct STRAVA_CLIENT_ID (https://www.strava.com/settings/api shows it) and start again"
)

// operatorError is the ReconnectError for an application that Strava does not
// recognise, or nil if err says something else.
func operatorError(err error) *ReconnectError {
	switch strava.KindOf(err) {
	case strava.KindClientSecret:
		return &ReconnectError{Cause: CauseSecret, Text: textSecret, Err: err}
	case strava.KindClientID:
		return &ReconnectError{Cause: CauseSecret, Text: textClientID, Err: err}
	}
	return nil
}

// missingText is what is noted on a working grant that lacks scopes.
func missingText(missing []string) string {
	if len(missing) == 0 {
		return ""
	}
	return "not granted by the athlete: " + strings.Join(missing, ", ") + "; what needs it is left out"
}
