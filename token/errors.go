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

// Error says what happened, what it means and what to do.
func (e *ReconnectError) Error() string {
	who := "grant " + e.GrantID
	if e.AthleteID != 0 {
		who = fmt.Sprintf("athlete %d", e.AthleteID)
	}
	return who + ": " + e.Text
}

// Unwrap returns Err.
func (e *ReconnectError) Unwrap() error { return e.Err }

// Texts of the causes, also recorded on the grant.
const (
	textRevoked = "Strava no longer accepts this athlete's tokens (access was revoked, or the newest token was lost). " +
		"What is stored stays and is served. Run `musette connect` to connect again."
	textTakenIn = "Strava does not accept STRAVA_REFRESH_TOKEN: it is wrong, used up or of another application. " +
		"What is stored stays and is served. Set a new one, or run `musette connect`."
	textKey = "The athlete's tokens are sealed with another key than the present one. " +
		"What is stored stays and is served. Put the former MUSETTE_SECRET_KEY or key file back, or run `musette connect` to connect again."
	textDamaged = "The athlete's sealed tokens are damaged, in the store and in the file beside it. " +
		"What is stored stays and is served. Run `musette connect` to connect again."
	textScope = "The athlete did not grant the reading of activities (activity:read or activity:read_all). " +
		"What is stored stays and is served. Run `musette connect` again and leave the boxes ticked."
	textSecret = "Strava does not accept the client secret. " +
		"What is stored stays and is served. Correct STRAVA_CLIENT_SECRET (https://www.strava.com/settings/api shows it) and start again."
	textClientID = "Strava does not know the client id. " +
		"What is stored stays and is served. Correct STRAVA_CLIENT_ID (https://www.strava.com/settings/api shows it) and start again."
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
	return "Not granted by the athlete: " + strings.Join(missing, ", ") + ". What needs it is left out."
}
