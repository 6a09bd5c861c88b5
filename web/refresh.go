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
)

// RefreshFunc passes a person's wish on to whoever makes the calls: one activity, or everything for id 0.
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
	Cause string    // in plain words, a sentence
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
	if c := refusal(view.Status, athlete, s.config.Now()); c != nil {
		return c.problem()
	}
	return s.refresh(w, r, id)
}

func (s *Server) refresh(w http.ResponseWriter, r *http.Request, id int64) error {
	if s.config.Refresh == nil {
		return (&Conflict{State: s.config.Feed.View().Status.State, Cause: "This server only serves; it can't pass the wish on."}).problem()
	}
	done, err := s.config.Refresh(r.Context(), id)
	var c *Conflict
	switch {
	case errors.As(err, &c):
		return c.problem()
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
	h.Set("Content-Type", "application/json")
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
		Status: http.StatusConflict, Detail: c.Cause,
		More: map[string]any{"state": c.State, "until": instant(c.Until)},
	}
}

// refusal says why nothing can be fetched for an athlete (0: for anybody) at now; nil if it can. While Strava is
// merely not answering a person's wish is a try worth making.
func refusal(st musette.Status, athlete int64, now time.Time) *Conflict {
	state := st.State
	for _, a := range st.Athletes {
		if a.ID == athlete && a.State == musette.StateReconnect {
			state = a.State
		}
	}
	c := &Conflict{State: state}
	if st.Until != nil && state == st.State {
		c.Until = *st.Until
	}
	switch state {
	case musette.StateReconnect:
		c.Cause = "Strava asks the athlete to sign in again. Nothing is lost; `musette connect` renews the connection."
		return c
	case musette.StateInactive:
		c.Cause = "The Strava app is switched off. Nothing is lost; new activities arrive when it is back."
		return c
	case musette.StateStoreDown:
		c.Cause = "The database can't be reached, so nothing new could be kept. Nothing is lost; try again when it is back."
		return c
	case musette.StateDiskFull:
		c.Cause = "The disk is full, so nothing new could be kept. Nothing is lost; free some space."
		return c
	}
	if until := usedUp(st.Quota, now); !until.IsZero() {
		return &Conflict{
			State: musette.StateLimited, Until: until,
			Cause: "All calls that Strava allows are used until " + until.UTC().Format("15:04 MST") + ".",
		}
	}
	return nil
}

// usedUp returns when the last of the full windows resets; zero if none is full.
func usedUp(q musette.Quota, now time.Time) time.Time {
	var until time.Time
	for _, w := range []musette.Window{q.Read.Quarter, q.Read.Day, q.Overall.Quarter, q.Overall.Day} {
		if w.Limit > 0 && w.Used >= w.Limit && w.Resets.After(now) && w.Resets.After(until) {
			until = w.Resets
		}
	}
	return until
}
