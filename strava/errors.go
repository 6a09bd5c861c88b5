package strava

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// A Kind says what sort of failure an [Error] is. Its text is stable and
// may be stored or shown in a log.
type Kind string

// The kinds of failure. Unless a comment says otherwise they follow from the
// status and the fault in the body, as reported by developers up to 2026.
const (
	KindNone         Kind = ""              // no failure
	KindTransport    Kind = "transport"     // no answer: name not resolved, connection refused or reset
	KindTimeout      Kind = "timeout"       // no whole answer in time, or status 408
	KindCanceled     Kind = "canceled"      // the caller's context was cancelled
	KindServer       Kind = "server"        // any 5xx, whatever its body
	KindBody         Kind = "body"          // HTML, redirect, truncated, over-long, not JSON or the wrong JSON type
	KindMismatch     Kind = "mismatch"      // status 200 and sound JSON, but not the document asked for
	KindBadRequest   Kind = "bad_request"   // 400 of another sort than those below
	KindUnauthorized Kind = "unauthorized"  // 401: the access token is bad or expired
	KindScope        Kind = "scope"         // 401 whose fault says that the token lacks a scope
	KindPayment      Kind = "payment"       // 402: for Strava's subscribers only
	KindInactive     Kind = "inactive"      // 403: the application is inactive (its owner's subscription)
	KindAthleteLimit Kind = "athlete_limit" // 403: the application may not have more athletes
	KindForbidden    Kind = "forbidden"     // any other 403
	KindGone         Kind = "gone"          // 404 whose fault names Activity: deleted, or not visible to this token
	KindNotFound     Kind = "not_found"     // any other 404: unknown path, no such gear, a body that is no fault
	KindRateLimit    Kind = "rate_limit"    // 429: the whole application must be quiet
	KindRefreshToken Kind = "refresh_token" // token endpoint, 400: the refresh token is bad or superseded
	KindCode         Kind = "code"          // token endpoint, 400: the authorization code is bad, used or expired
	KindClientID     Kind = "client_id"     // 400 where the application identifies itself: unknown, or none was set
	KindClientSecret Kind = "client_secret" // 401 where the application identifies itself: wrong secret
	KindOther        Kind = "other"         // nothing of the above
)

// kindText finishes the sentence "GET activities/123: ...".
var kindText = map[Kind]string{
	KindTransport:    "Strava could not be reached",
	KindTimeout:      "Strava did not answer in time",
	KindCanceled:     "the call was cancelled",
	KindServer:       "Strava has a fault of its own",
	KindBody:         "the answer can't be read",
	KindMismatch:     "the answer is not what was asked for",
	KindBadRequest:   "Strava did not accept the request",
	KindUnauthorized: "Strava did not accept the access token",
	KindScope:        "the athlete has not granted the scope this needs",
	KindPayment:      "Strava keeps this for its subscribers",
	KindInactive:     "the Strava application is inactive",
	KindAthleteLimit: "the Strava application has reached its number of athletes",
	KindForbidden:    "Strava does not allow this",
	KindGone:         "the activity is deleted or not visible with this token",
	KindNotFound:     "Strava does not know this address",
	KindRateLimit:    "the rate limit of the Strava application is used up",
	KindRefreshToken: "the refresh token is not valid any more; the athlete must connect again",
	KindCode:         "the authorization code is wrong, used or expired; start the connection again",
	KindClientID:     "Strava does not know this client id",
	KindClientSecret: "the client secret is wrong",
	KindOther:        "unexpected answer",
}

// A Fault is the body of Strava's error answers.
type Fault struct {
	Message string
	Errors  []FaultError // empty where the body has none
}

// A FaultError is one entry of a Fault, such as Activity, "", "not found".
type FaultError struct{ Resource, Field, Code string }

// String returns the fault on one line.
func (f *Fault) String() string {
	var b strings.Builder
	b.WriteString(f.Message)
	for _, e := range f.Errors {
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(strings.Join(strings.Fields(e.Resource+" "+e.Field+" "+e.Code), " "))
	}
	return b.String()
}

// has reports whether an entry names the resource and, where they are not
// empty, the field and code; letter case is ignored.
func (f *Fault) has(resource, field, code string) bool {
	if f == nil {
		return false
	}
	for _, e := range f.Errors {
		if strings.EqualFold(e.Resource, resource) &&
			(field == "" || strings.EqualFold(e.Field, field)) &&
			(code == "" || strings.EqualFold(e.Code, code)) {
			return true
		}
	}
	return false
}

// An Error is the failure of one call. Neither its text nor its members hold
// a token, a client secret or a query string.
type Error struct {
	Kind   Kind
	Op     string // what was being done, e.g. "GET activities/123"
	Status int    // HTTP status, 0 if none came
	Fault  *Fault // what Strava said, nil if the body held no fault

	// RetryAfter is the answer's Retry-After, from the server's Date on:
	// 0 if absent or nonsense, at most 24 hours. Strava is not known to send it.
	RetryAfter time.Duration

	Err error // the cause, if there is one beside the status
}

// Error says in plain words what happened.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Op != "" {
		b.WriteString(e.Op + ": ")
	}
	text, ok := kindText[e.Kind]
	if !ok {
		text = kindText[KindOther]
	}
	b.WriteString(text)
	if e.Status != 0 {
		fmt.Fprintf(&b, " (status %d", e.Status)
		if e.Fault != nil {
			if said := e.Fault.String(); said != "" {
				b.WriteString(", " + oneLine(said))
			}
		}
		b.WriteByte(')')
	}
	if e.Err != nil {
		b.WriteString(": " + oneLine(e.Err.Error()))
	}
	return b.String()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the first [Error] in err's tree: KindNone for
// nil, KindOther for an error that is not from this package.
func KindOf(err error) Kind {
	if err == nil {
		return KindNone
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return KindOther
}

// oneLine makes a text that somebody else wrote fit for a log line.
func oneLine(s string) string {
	const most = 300 // bytes
	s = strings.ToValidUTF8(s, "�")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + " ..."
	}
	return s
}

// door is where a call knocks: the same fault means different things there.
type door int

const (
	doorAPI    door = iota // with an athlete's access token
	doorToken              // token endpoint, with the application's credentials
	doorClient             // others with the application's credentials: revoke, push subscriptions
)

// kindOfStatus maps a status outside 2xx, and the fault if there was one.
func kindOfStatus(at door, status int, f *Fault) Kind {
	switch status {
	case http.StatusBadRequest:
		return kindOf400(at, f)
	case http.StatusUnauthorized:
		return kindOf401(at, f)
	case http.StatusPaymentRequired:
		return KindPayment
	case http.StatusForbidden:
		return kindOf403(f)
	case http.StatusNotFound:
		if f.has("Activity", "", "") {
			return KindGone
		}
		return KindNotFound
	case http.StatusRequestTimeout:
		return KindTimeout
	case http.StatusTooManyRequests:
		return KindRateLimit
	}
	switch {
	case status >= 500:
		return KindServer
	case status >= 300 && status < 400 && status != http.StatusNotModified:
		return KindBody // a redirect is never followed: it may lead the token astray
	}
	return KindOther
}

func kindOf400(at door, f *Fault) Kind {
	switch {
	case at == doorAPI:
		return KindBadRequest
	case f.has("Application", "client_id", "invalid"):
		return KindClientID
	case at == doorToken && f.has("RefreshToken", "", "invalid"):
		return KindRefreshToken
	case at == doorToken && f.has("AuthorizationCode", "", "invalid"):
		return KindCode
	}
	return KindBadRequest
}

// kindOf401 tells a wrong client secret from a bad token: "Application, "",
// invalid" is either, depending on who had to identify himself. The revoke
// endpoint says it with an empty list.
func kindOf401(at door, f *Fault) Kind {
	switch {
	case at == doorToken && f.has("Application", "", "invalid"):
		return KindClientSecret
	case at == doorClient && f != nil:
		return KindClientSecret
	case f.has("AccessToken", "", "missing"):
		return KindScope
	}
	return KindUnauthorized
}

func kindOf403(f *Fault) Kind {
	switch {
	case f.has("Application", "Status", "Inactive"):
		return KindInactive
	case f == nil:
		return KindForbidden
	case strings.Contains(strings.ToLower(f.Message), "limit of connected athletes exceeded"):
		return KindAthleteLimit
	case strings.EqualFold(f.Message, "Payment Required"): // some saw 403 for 402
		return KindPayment
	}
	return KindForbidden
}

// bodyDecides reports whether an answer of this status must have been read
// whole before it may be believed: a 404 that broke off is not a 404.
func bodyDecides(status int) bool {
	switch status {
	case http.StatusPaymentRequired, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false
	}
	return status < 500
}

// longestRetryAfter caps Retry-After: no window of Strava's is longer.
const longestRetryAfter = 24 * time.Hour

// parseRetryAfter reads seconds or an HTTP date, the latter as seen from now.
func parseRetryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if value == "" {
		return 0
	}
	if strings.Trim(value, "0123456789") == "" {
		if len(value) > 9 { // more than 31 years; may not fit a Duration
			return longestRetryAfter
		}
		var seconds time.Duration
		for _, digit := range value {
			seconds = seconds*10 + time.Duration(digit-'0')
		}
		return min(seconds*time.Second, longestRetryAfter)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), longestRetryAfter)
}
