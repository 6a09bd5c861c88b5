package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"musette"
	"musette/feed"
	"musette/store"
)

// Strava's own paths, answered from the copy: programs made for Strava work with another base address and a key in
// place of the token. Nothing here makes a call: what isn't stored is a 404.

const (
	stravaRoot = "/api/v3"
	stravaJSON = "application/json; charset=utf-8"
	// stravaPatience is how long an answer may take the store.
	stravaPatience = 15 * time.Second
)

// stravaRoutes are the paths below stravaRoot. Each is answered for one athlete.
func (s *Server) stravaRoutes() map[string]methods {
	routes := map[string]methods{}
	for path, answer := range map[string]stravaAnswer{
		"/athlete":                        (*stravaRequest).athlete,
		"/athlete/activities":             (*stravaRequest).activities,
		"/athletes/{id}/stats":            (*stravaRequest).stats,
		"/activities/{id}":                (*stravaRequest).activity,
		"/activities/{id}/comments":       (*stravaRequest).comments,
		"/activities/{id}/photos":         (*stravaRequest).photos,
		"/activities/{id}/kudos":          (*stravaRequest).kudos,
		"/activities/{id}/laps":           (*stravaRequest).laps,
		"/activities/{id}/streams":        (*stravaRequest).streams,
		"/activities/{id}/streams/{keys}": (*stravaRequest).streams,
		"/gear/{id}":                      (*stravaRequest).gear,
	} {
		routes[stravaRoot+path] = methods{"GET": s.strava(answer)}
	}
	routes[stravaRoot+"/"] = methods{"GET": s.strava(func(*stravaRequest) ([]byte, error) { return nil, notFound(nothingHere) })}
	return routes
}

// A stravaAnswer returns a body, or a [*problem] that may be a fault.
type stravaAnswer func(*stravaRequest) ([]byte, error)

// A stravaRequest is a request of an athlete, within one transaction.
type stravaRequest struct {
	*http.Request
	server    *Server
	ctx       context.Context
	tx        *store.Tx
	athleteID int64
	values    url.Values
}

func (s *Server) strava(answer stravaAnswer) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		v, err := s.stravaVisitor(r)
		if err != nil {
			return err
		}
		values, err := query(r)
		if err != nil {
			return err
		}
		patience := stravaPatience
		if s.config.Feed.View().Status.State == musette.StateStoreDown {
			patience = streamsPatience // unless a snapshot stands in, it is in vain
		}
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		q := &stravaRequest{Request: r, server: s, ctx: ctx, athleteID: v.Athlete, values: values}
		var body []byte
		err = s.config.Store.View(ctx, func(tx *store.Tx) (err error) {
			q.tx = tx
			if err = q.settleAthlete(); err != nil {
				return err
			}
			body, err = answer(q)
			return err
		})
		var fault *store.Error
		switch {
		case errors.As(err, &fault), err != nil && r.Context().Err() == nil && ctx.Err() != nil:
			s.config.Log.Warn("Strava's paths can't be answered", "error", err, "request", requestID(r))
			return unavailable("the database can't be read, which alone has what is asked for. Nothing is lost; try again in a minute.")
		case err != nil:
			return err
		}
		sendAs(stravaJSON, w, r, feed.Reader{Owner: true}, feed.NewResponse(body, fmt.Sprint("strava ", q.athleteID)))
		return nil
	}
}

// stravaVisitor is who holds the key. Nobody gets anything without one, a browser's session is none, and where everybody
// is the owner any will do.
func (s *Server) stravaVisitor(r *http.Request) (visitor, error) {
	if _, ok := presentedKey(r); !ok {
		if r.URL.Query().Has("access_token") {
			return visitor{}, newFault(http.StatusUnauthorized, "Authorization Error: a key is never taken from an address; send it as \"Authorization: Bearer KEY\"",
				"Athlete", "access_token", "invalid")
		}
		return visitor{}, stravaUnauthorized("Athlete", "access_token", "invalid")
	}
	v, err := s.visitor(r)
	switch {
	case err != nil:
		return v, err
	case !v.may(ScopeRead): // for which Strava answers 401, too
		return v, stravaUnauthorized("AccessToken", "activity:read_permission", "missing")
	}
	return v, nil
}

// settleAthlete finds whom an operator's key stands for: the only athlete there is.
func (q *stravaRequest) settleAthlete() error {
	if q.athleteID != 0 {
		return nil
	}
	athletes, err := q.tx.Athletes(q.ctx)
	if err != nil && !damaged(err) {
		return err
	}
	const field, code = "access_token", "ambiguous"
	switch len(athletes) {
	case 1:
		q.athleteID = athletes[0].ID
		return nil
	case 0:
		return newFault(http.StatusBadRequest, "Bad Request: no athlete is here yet; `musette connect` adds one", "Athlete", field, code)
	}
	return newFault(http.StatusBadRequest,
		fmt.Sprintf("Bad Request: this key is for all %d athletes; use one that `musette key create NAME --athlete ID` makes", len(athletes)),
		"Athlete", field, code)
}

// damaged reports whether an error says only that some rows are bad: the others are good.
func damaged(err error) bool {
	var d *store.DamageError
	return errors.As(err, &d)
}

// whole reads an optional whole number of the query.
func (q *stravaRequest) whole(name string, absent, low, high int) (int, error) {
	text := q.values.Get(name)
	if text == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return 0, stravaBadParam(name, "invalid", fmt.Sprintf("it is a whole number from %d to %d", low, high))
	}
	return n, nil
}

const (
	stravaPage    = 30 // as many a page where a request doesn't say
	stravaMaxPage = 200
	stravaLast    = 1 << 31 // the greatest number of a page
)

// paging reads page and per_page.
func (q *stravaRequest) paging() (offset, limit int, err error) {
	page, err := q.whole("page", 1, 1, stravaLast)
	if err != nil {
		return 0, 0, err
	}
	limit, err = q.whole("per_page", stravaPage, 1, stravaMaxPage)
	return (page - 1) * limit, limit, err
}

// cut is a page of a list.
func cut[T any](list []T, offset, limit int) []T {
	offset = min(offset, len(list))
	return list[offset:min(offset+limit, len(list))]
}

// idIn reads the id in the path; Strava answers 404 for what is no number.
func (q *stravaRequest) idIn(resource string) (int64, error) {
	id, ok := feed.ParseID(q.PathValue("id"))
	if !ok {
		return 0, newFault(http.StatusNotFound, "Record Not Found: an id is a whole number", resource, "id", "invalid")
	}
	return id, nil
}
