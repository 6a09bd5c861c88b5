package strava

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// MaxEventBytes is the longest webhook body that [ParseEvent] takes. Read no
// more than one byte beyond it.
const MaxEventBytes = 64 << 10

// An Event is the body of one of Strava's webhook calls. Nothing signs it:
// compare SubscriptionID and OwnerID with what you know, and take it as a
// hint to fetch the activity. Events come late, twice, in any order or never.
// Acknowledge one with status 200 within two seconds.
//
// See https://developers.strava.com/docs/webhooks/.
type Event struct {
	ObjectType     string // activity or athlete
	AspectType     string // create, update or delete
	ObjectID       int64  // of the activity or athlete
	OwnerID        int64  // of the athlete
	SubscriptionID int64  // 0 if absent
	Time           time.Time

	// What an update changed; nil for what it did not. Type is the legacy
	// one. Private is true for Only You; only applications with
	// activity:read_all are told, others get a delete instead.
	Title, Type         *string
	Private, Authorized *bool

	Raw []byte // the whole body, byte for byte
}

// Deauthorized reports whether the athlete has ended the connection.
func (e Event) Deauthorized() bool {
	return e.ObjectType == "athlete" && e.Authorized != nil && !*e.Authorized
}

// ParseEvent decodes a webhook body. It wants the types, and sound ids of
// object and owner; types it does not know are kept as they are.
func ParseEvent(body []byte) (Event, error) {
	if len(body) > MaxEventBytes {
		return Event{}, fmt.Errorf("webhook event: longer than %d KiB", MaxEventBytes>>10)
	}
	var w struct {
		ObjectType     string         `json:"object_type"`
		AspectType     string         `json:"aspect_type"`
		ObjectID       id             `json:"object_id"`
		OwnerID        id             `json:"owner_id"`
		SubscriptionID id             `json:"subscription_id"`
		Time           number         `json:"event_time"`
		Updates        jsontext.Value `json:"updates"`
	}
	if err := decodeObject(body, &w); err != nil {
		return Event{}, fmt.Errorf("webhook event: %w", err)
	}
	switch {
	case w.ObjectType == "" || w.AspectType == "":
		return Event{}, errors.New("webhook event: object_type or aspect_type is missing")
	case w.ObjectID == 0 || w.OwnerID == 0:
		return Event{}, errors.New("webhook event: object_id or owner_id is no sound id")
	}
	e := Event{
		ObjectType: w.ObjectType, AspectType: w.AspectType, ObjectID: int64(w.ObjectID), OwnerID: int64(w.OwnerID),
		SubscriptionID: int64(w.SubscriptionID), Raw: slices.Clone(body),
	}
	if seconds := w.Time.whole(); seconds > 0 {
		e.Time = time.Unix(int64(seconds), 0).UTC()
	}
	updates := members(w.Updates)
	e.Title, e.Type = updatedText(updates["title"]), updatedText(updates["type"])
	e.Authorized = updatedBool(updates["authorized"])
	e.Private = updatedBool(updates["private"])
	if e.Private == nil {
		e.Private = updatedBool(updates["privacy"]) // so named in the documentation of 2018
	}
	return e, nil
}

func updatedText(v jsontext.Value) *string {
	if v.Kind() != '"' {
		return nil
	}
	s := unquote(v)
	return &s
}

// updatedBool reads "true" and "false", which Strava sends, and true and false.
func updatedBool(v jsontext.Value) *bool {
	var b bool
	switch text := strings.ToLower(strings.Trim(string(v), `"`)); text {
	case "true":
		b = true
	case "false":
	default:
		return nil
	}
	return &b
}

// AnswerChallenge returns the JSON body that answers Strava's validation
// request, given that request's query, or an error if the request is not one
// or has another verify token. Send it as application/json with status 200,
// within two seconds.
func AnswerChallenge(query url.Values, verifyToken Secret) ([]byte, error) {
	challenge := query.Get("hub.challenge")
	if query.Get("hub.mode") != "subscribe" || challenge == "" {
		return nil, errors.New("webhook validation: not a subscription request")
	}
	if subtle.ConstantTimeCompare([]byte(query.Get("hub.verify_token")), []byte(verifyToken.Reveal())) != 1 {
		return nil, errors.New("webhook validation: the verify token is another one")
	}
	body, err := json.Marshal(map[string]string{"hub.challenge": challenge}, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, fmt.Errorf("webhook validation: %w", err)
	}
	return body, nil
}
