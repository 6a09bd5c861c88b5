package web

import (
	"net/http"
	"time"
)

// Watch is told of what happens, for counting. Its functions are called by many goroutines, and must be quick; each may
// be nil. None is told anything that a client could make up without end: what isn't known is "other".
type Watch struct {
	// Request is told of each request that was answered: its path's pattern ("/v1/activities/{id}"; "none" where
	// there is none), its method, the status, and how long it took; negative for a stream of events, which lasts for as
	// long as its reader likes.
	Request func(route, method string, status int, took time.Duration)
	// Limited is told of each caller that was turned away for asking too often, with a key or without.
	Limited func(keyed bool)
	// Event is told of each webhook event that was read: what it is about ("activity", "athlete", "other"), what
	// happened to that ("create", "update", "delete", "other"), and what became of the event.
	Event func(object, aspect string, fate Fate)
}

// A Fate is what became of a webhook event.
type Fate string

// The fates of webhook events.
const (
	EventKept    Fate = "kept"    // it is in the inbox
	EventPassed  Fate = "passed"  // of an athlete that isn't known here, or one that waits already
	EventRefused Fate = "refused" // not as Strava sends them
	EventUnkept  Fate = "unkept"  // it couldn't be kept; Strava is asked to send it again
)

// Fates are all there are.
func Fates() []Fate { return []Fate{EventKept, EventPassed, EventRefused, EventUnkept} }

func (w *Watch) limited(keyed bool) {
	if w.Limited != nil {
		w.Limited(keyed)
	}
}

func (w *Watch) event(object, aspect string, f Fate) {
	if w.Event != nil {
		w.Event(among(object, "activity", "athlete"), among(aspect, "create", "update", "delete"), f)
	}
}

// among is the text, if it is one of those known.
func among(text string, known ...string) string {
	for _, k := range known {
		if text == k {
			return k
		}
	}
	return "other"
}

// watch tells of a request that was answered.
func (s *Server) watch(r *http.Request, a *asked, status int, took time.Duration) {
	if s.config.Watch.Request == nil {
		return
	}
	method := among(r.Method, http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions)
	if a.stream {
		took = -1
	}
	s.config.Watch.Request(a.route, method, status, took)
}

// noteRoute notes the pattern of a request's path.
func noteRoute(r *http.Request, pattern string) {
	switch pattern {
	case "/", stravaRoot + "/":
		return
	case "/{$}":
		pattern = "/"
	}
	if a, ok := r.Context().Value(requestKey{}).(*asked); ok {
		a.route = pattern
	}
}

// noteStream notes that a request is a stream of events.
func noteStream(r *http.Request) {
	if a, ok := r.Context().Value(requestKey{}).(*asked); ok {
		a.stream = true
	}
}

// Followers is how many readers follow the events now.
func (s *Server) Followers() int { return int(s.streams.Load()) }
