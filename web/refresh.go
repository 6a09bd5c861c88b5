package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/feed"
	"musette/store"
)

// RefreshFunc passes a person's wish on to whoever makes the calls: one activity, or everything for id 0. It alone
// knows whether anything would come of it: its error is a [*Conflict] if not, a [*store.Error] if the wish can't be
// kept, and [store.ErrNotFound] for an activity that isn't known.
type RefreshFunc func(ctx context.Context, activityID int64) (Refresh, error)

// Refresh says what a wish costs.
type Refresh struct {
	Calls int       // to Strava
	Until time.Time // when it should be done; zero: not known
}

// Conflict is the error of a wish that can't be granted now.
type Conflict struct {
	State musette.State
	Until time.Time // when it can; zero: not by itself
	Cause string    // in plain words
}

func (c *Conflict) Error() string { return c.Cause }

const maxBody = 4 << 10

func (s *Server) postRefresh(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visitor(r)
	switch {
	case err != nil:
		return err
	case !v.Known:
		return unauthorized("Only the owner can ask for a refresh.")
	case !v.may(ScopeRefresh):
		return forbidden(ScopeRefresh)
	}
	if _, err := params(r); err != nil {
		return err
	}
	id, err := wishedActivity(w, r)
	if err != nil {
		return err
	}
	view, err := s.view()
	if err != nil {
		return err
	}
	athlete := v.Athlete
	if id != 0 {
		entry, ok := view.Activity(id, v.reader())
		if !ok {
			return notFound("There is no such activity here, or it isn't yours to see.")
		}
		athlete = entry.For(v.reader()).AthleteID
	}
	for _, a := range view.Status.Athletes { // one's own grant; whether anybody's works is for Refresh to say
		if a.ID == athlete && a.State == musette.StateReconnect {
			return (&Conflict{State: a.State, Cause: a.Cause}).problem()
		}
	}
	return s.refresh(w, r, id)
}

func (s *Server) refresh(w http.ResponseWriter, r *http.Request, id int64) error {
	if s.config.Refresh == nil {
		return (&Conflict{State: s.config.Feed.View().Status.State, Cause: "This server only serves; it can't pass the wish on."}).problem()
	}
	done, err := s.config.Refresh(r.Context(), id)
	var c *Conflict
	var fault *store.Error
	switch {
	case errors.As(err, &c):
		return c.problem()
	case errors.Is(err, store.ErrDiskFull):
		return (&Conflict{State: musette.StateDiskFull, Cause: "The disk is full, so the wish could not be kept. Nothing is lost; free some space."}).problem()
	case errors.As(err, &fault):
		return (&Conflict{State: musette.StateStoreDown, Cause: "The database can't be written, so the wish could not be kept. Nothing is lost; try again when it can."}).problem()
	case errors.Is(err, store.ErrNotFound):
		return notFound("There is no such activity here any more.")
	case err != nil:
		return err
	}
	b, err := json.Marshal(struct {
		Calls int              `json:"calls"`
		Until *musette.Instant `json:"until"`
	}{done.Calls, instant(done.Until)})
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", apiJSON)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(http.StatusAccepted)
	_, err = w.Write(b)
	return err
}

func instant(t time.Time) *musette.Instant {
	if t.IsZero() {
		return nil
	}
	i := musette.At(t)
	return &i
}

// wishedActivity reads the body: nothing, or an object that may name an activity. 0 is everything.
func wishedActivity(w http.ResponseWriter, r *http.Request) (int64, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return 0, &problem{Status: http.StatusRequestEntityTooLarge, Detail: "The body is too large: it is {\"activity\":\"ID\"} or nothing."}
	case err != nil:
		return 0, &problem{Status: http.StatusBadRequest, Detail: "The body could not be read."}
	case len(bytes.TrimSpace(body)) == 0:
		return 0, nil
	}
	var wish struct {
		Activity *string `json:"activity"`
	}
	if err := json.Unmarshal(body, &wish, json.RejectUnknownMembers(true)); err != nil {
		return 0, badParam(&feed.ParamError{Param: "activity", Problem: "the body is {\"activity\":\"ID\"}, with the id as a string, or nothing"})
	}
	if wish.Activity == nil {
		return 0, nil
	}
	id, ok := feed.ParseID(*wish.Activity)
	if !ok {
		return 0, badParam(&feed.ParamError{Param: "activity", Problem: "it is an activity's id, a whole number"})
	}
	return id, nil
}

func (c *Conflict) problem() *problem {
	return &problem{
		Status: http.StatusConflict, Detail: asSentence(c.Cause),
		More: map[string]any{"state": c.State, "until": instant(c.Until)},
	}
}
