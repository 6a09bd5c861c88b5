package web

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"musette/store"
	"musette/strava"
)

const (
	webhookPrefix = "/webhook/"
	webhookPath   = webhookPrefix + "{secret}"

	// eventKind marks the inbox rows that hold an event: the body as it came, ActivityID 0 if it is about the athlete.
	eventKind = "event"
	// maxEvents is how many may wait. Whoever learns the address could otherwise fill the disk.
	maxEvents = 10_000
	// ackWithin leaves Strava, which waits two seconds, time for the way.
	ackWithin = 1500 * time.Millisecond
)

func (s *Server) webhookMethods() methods {
	return methods{"GET": s.getWebhook, "POST": s.postWebhook}
}

// NewWebhook returns a handler that answers at /webhook/{secret}, and nothing else: for the moment in which Strava
// validates the address while no server runs. Of the config it takes Store, Woken, Now and Log.
func NewWebhook(c Config) (http.Handler, error) {
	if c.Store == nil {
		return nil, errors.New("web: a store is needed")
	}
	s := &Server{config: Config{Store: c.Store, Woken: c.Woken, Now: c.Now, Log: c.Log}}
	s.config.setDefaults()
	mux := http.NewServeMux()
	s.handle(mux, webhookPath, s.webhookMethods())
	s.handle(mux, "/", methods{})
	return s.outer(mux), nil
}

// getWebhook answers Strava's question whether it was us who asked for events. It may come while the command that
// makes the subscription waits, in this process or another.
func (s *Server) getWebhook(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), ackWithin)
	defer cancel()
	sub, err := s.subscription(ctx, r)
	if err != nil {
		return err
	}
	values, err := query(r)
	if err != nil {
		return err
	}
	// Only the token's hash is kept, so it is the hashes that are compared.
	values = maps.Clone(values)
	given := HashKey(values.Get("hub.verify_token"))
	values.Set("hub.verify_token", hex.EncodeToString(given[:]))
	answer, err := strava.AnswerChallenge(values, strava.Secret(hex.EncodeToString(sub.TokenHash[:])))
	if err != nil {
		s.refused("validation", err)
		return &problem{Status: http.StatusForbidden, Detail: "This is not the validation that was asked for from here."}
	}
	s.config.Log.Info("the webhook address was validated")
	h := w.Header()
	h.Set("Content-Type", apiJSON)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(answer)))
	_, _ = w.Write(answer) // if it fails nobody is there to be told
	return nil
}

// postWebhook keeps an event. It is acknowledged once it is on the disk; anything else makes Strava try again.
func (s *Server) postWebhook(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), ackWithin)
	defer cancel()
	sub, err := s.subscription(ctx, r)
	if err != nil {
		return err
	}
	e, err := s.readEvent(w, r, sub)
	if err != nil {
		return err
	}
	stored, err := s.keepEvent(ctx, e)
	if err != nil {
		s.config.Watch.event(e.ObjectType, e.AspectType, EventUnkept)
		return s.notKept(err)
	}
	s.kept()
	fate := EventPassed
	if stored {
		fate = EventKept
		s.config.Woken()
	}
	s.config.Watch.event(e.ObjectType, e.AspectType, fate)
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
	return nil
}

const nothingHere = "There is nothing at this address."

// subscription returns the one whose secret is in the path. Everything unknown has the same answer, that of an
// address where there is nothing.
func (s *Server) subscription(ctx context.Context, r *http.Request) (store.Subscription, error) {
	secret := r.PathValue("secret")
	if len(secret) != callbackSecretLen {
		return store.Subscription{}, notFound(nothingHere)
	}
	var subs []store.Subscription
	err := s.config.Store.View(ctx, func(tx *store.Tx) (err error) {
		subs, err = tx.Subscriptions(ctx)
		return err
	})
	hash := HashKey(secret)
	found := -1
	for i, sub := range subs {
		if subtle.ConstantTimeCompare(sub.SecretHash[:], hash[:]) == 1 {
			found = i
		}
	}
	switch {
	case found >= 0:
		return subs[found], nil
	case err != nil:
		return store.Subscription{}, s.notKept(err)
	}
	return store.Subscription{}, notFound(nothingHere)
}

// readEvent reads the body and checks that it is an event of the subscription.
func (s *Server) readEvent(w http.ResponseWriter, r *http.Request, sub store.Subscription) (strava.Event, error) {
	body, err := readWithin(w, r)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		s.refused("size", err)
		detail := fmt.Sprintf("The body is too large: an event has at most %d KiB.", strava.MaxEventBytes>>10)
		return strava.Event{}, &problem{Status: http.StatusRequestEntityTooLarge, Detail: detail}
	case err != nil:
		return strava.Event{}, &problem{Status: http.StatusBadRequest, Detail: "The body could not be read."}
	}
	e, err := strava.ParseEvent(body)
	if err != nil {
		s.config.Watch.event("", "", EventRefused)
		s.refused("body", err)
		return strava.Event{}, &problem{Status: http.StatusBadRequest, Detail: "The body is not an event: " + err.Error() + "."}
	}
	if sub.ID == 0 {
		// Its id comes in the answer that the command still waits for.
		return strava.Event{}, unavailable("The subscription is still being made. Send the event again.")
	}
	if why := unsound(e, sub.ID); why != "" {
		s.config.Watch.event(e.ObjectType, e.AspectType, EventRefused)
		s.refused("event", errors.New(why))
		return strava.Event{}, &problem{Status: http.StatusBadRequest, Detail: why}
	}
	return e, nil
}

// readWithin reads a body, which a slow or hostile client can't draw out.
func readWithin(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	control := http.NewResponseController(w)
	if control.SetReadDeadline(time.Now().Add(ackWithin)) == nil { // not every connection has deadlines
		defer func() { _ = control.SetReadDeadline(time.Time{}) }()
	}
	return io.ReadAll(http.MaxBytesReader(w, r.Body, strava.MaxEventBytes))
}

// unsound says what is wrong with an event that was read, "" if nothing is.
func unsound(e strava.Event, subscriptionID int64) string {
	switch {
	case e.SubscriptionID != subscriptionID:
		return fmt.Sprintf("The event is of subscription %d, which is not the one of this address.", e.SubscriptionID)
	case e.ObjectType != "activity" && e.ObjectType != "athlete":
		return "The event's object_type is neither activity nor athlete."
	case !slices.Contains([]string{"create", "update", "delete"}, e.AspectType):
		return "The event's aspect_type is none of create, update and delete."
	case e.ObjectType == "athlete" && e.ObjectID != e.OwnerID:
		return "The event's object_id is another athlete than its owner_id."
	case e.Time.IsZero():
		return "The event's event_time is no time."
	}
	return ""
}

// errFull says that too many events wait already.
var errFull = fmt.Errorf("%d events wait to be worked off", maxEvents)

// errSnapshot says that what would be written here is lost when the database is back.
var errSnapshot = errors.New("a snapshot is served while the database is away")

// keepEvent puts an event into the inbox, and reports whether it did: not if its athlete is unknown here, or the
// same event waits already.
func (s *Server) keepEvent(ctx context.Context, e strava.Event) (stored bool, err error) {
	if s.config.Woken == nil {
		return false, errSnapshot
	}
	item := store.InboxItem{Kind: eventKind, AthleteID: e.OwnerID, Body: e.Raw, ReceivedAt: s.config.Now()}
	if e.ObjectType == "activity" {
		item.ActivityID = e.ObjectID
	}
	err = s.config.Store.Update(ctx, nil, func(tx *store.Tx) error {
		known, err := tx.HasAthlete(ctx, e.OwnerID)
		if err != nil || !known {
			return err
		}
		waiting, err := tx.InboxAbout(ctx, eventKind, item.AthleteID, item.ActivityID)
		if err != nil && !errors.Is(err, store.ErrCorrupt) {
			return err // a damaged row is nothing to compare with, and no reason to refuse
		}
		if slices.ContainsFunc(waiting, func(it store.InboxItem) bool { return sameEvent(e, it.Body) }) {
			return nil
		}
		n, err := tx.CountInbox(ctx, eventKind)
		switch {
		case err != nil:
			return err
		case n >= maxEvents:
			return errFull
		}
		_, err = tx.PutInbox(ctx, item)
		stored = err == nil
		return err
	})
	return stored, err
}

// sameEvent reports whether a kept body is the same event: Strava repeats one whose acknowledgement it has missed.
func sameEvent(e strava.Event, body []byte) bool {
	other, err := strava.ParseEvent(body)
	return err == nil && e.ObjectType == other.ObjectType && e.ObjectID == other.ObjectID && e.AspectType == other.AspectType &&
		e.Time.Equal(other.Time) && updatesOf(e.Raw) == updatesOf(body)
}

// updatesOf is an event's updates in a form that doesn't depend on spaces and order; "{}" if it has none.
func updatesOf(body []byte) string {
	var event struct {
		Updates jsontext.Value `json:"updates"`
	}
	lenient := []json.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
	if err := json.Unmarshal(body, &event, lenient...); err != nil || len(event.Updates) == 0 || event.Updates.Kind() == 'n' {
		return "{}"
	}
	_ = event.Updates.Canonicalize(lenient...) // what can't be is compared as it came
	return string(event.Updates)
}

// notKept says in the log that events can't be kept, once, and to Strava that it is to try again.
func (s *Server) notKept(err error) *problem {
	why := "The database can't be reached in time."
	state := "unreachable"
	switch {
	case errors.Is(err, errFull):
		state, why = "full", "Too many events wait already."
	case errors.Is(err, errSnapshot):
		state, why = "snapshot", "The database is away."
	}
	if times, say := s.keeping.shown(state, s.config.Now()); say {
		s.config.Log.Warn("webhook events can't be kept; Strava is asked to send them again", "times", times, "error", err)
	}
	return unavailable(why + " The event was not kept. Send it again.")
}

// kept says in the log that all is well again, if it wasn't.
func (s *Server) kept() {
	now := s.config.Now()
	for state, times := range s.keeping.over(now) {
		s.config.Log.Info("webhook events are kept again", "was", state, "times", times)
	}
	for what, times := range s.refusing.over(now) {
		s.config.Log.Info("the webhook address is called as it should be again", "was", what, "times", times)
	}
}

// refused says in the log that somebody with the right address sends what isn't right: each kind once, until something
// right comes again.
func (s *Server) refused(what string, err error) {
	if times, say := s.refusing.shown(what, s.config.Now()); say {
		s.config.Log.Warn("a call of the webhook address was refused; nothing was changed", "what", what, "times", times, "error", err)
	}
}

// withoutSecret is a path for the log: without what follows the webhook's prefix, also where somebody has mistyped that.
func withoutSecret(path string) string {
	if at := anyWebhook.FindStringIndex(path); at != nil {
		return path[:at[0]] + webhookPath
	}
	return path
}

var anyWebhook = regexp.MustCompile("(?i)" + webhookPrefix)
