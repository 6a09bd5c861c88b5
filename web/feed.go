package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"musette"
	"musette/feed"
)

var feedParams = slices.Concat(feed.PageParams, feed.FilterParams)

func (s *Server) getFeed(w http.ResponseWriter, r *http.Request) error {
	q, err := s.query(r, feedParams)
	if err != nil {
		return err
	}
	view, err := s.view()
	if err != nil {
		return err
	}
	response, err := view.FeedResponse(q)
	if err != nil {
		return err
	}
	s.sayFromMemory(w.Header(), view)
	send(w, r, q.Reader, response)
	return nil
}

// totalsAlone says what a stranger may see where totals are published, and nothing else.
const totalsAlone = "Only the totals of everything are public here."

func (s *Server) getTotals(w http.ResponseWriter, r *http.Request) error {
	q, err := s.query(r, feed.FilterParams)
	if err != nil {
		return err
	}
	view, err := s.view()
	if err != nil {
		return err
	}
	if !showsActivities(view, q.Reader) && q.Filtered() {
		// Totals of a few activities are as good as the activities.
		return unauthorized(totalsAlone)
	}
	response, err := view.TotalsResponse(q)
	if err != nil {
		return err
	}
	s.sayFromMemory(w.Header(), view)
	send(w, r, q.Reader, response)
	return nil
}

// getActivity answers with one activity as JSON, or in the form that the ending of the address names.
func (s *Server) getActivity(w http.ResponseWriter, r *http.Request) error {
	for ending, form := range activityForms {
		if id, ok := strings.CutSuffix(r.PathValue("id"), ending); ok {
			return s.inForm(w, r, id, form)
		}
	}
	return s.inForm(w, r, r.PathValue("id"), form{contentType: apiJSON, write: (*Server).activityJSON})
}

const fromMemory = "musette; hit"

// sayFromMemory says, for caches and people who debug, that an answer came from the copy, in which state the copy is
// if that isn't an everyday one (RFC 9211), and how long ago it was last known to be complete (RFC 9111, section 5.1).
func (s *Server) sayFromMemory(h http.Header, view *feed.View) {
	switch st := view.Status.State; st {
	case musette.StateOK, musette.StateSyncing:
		h["Cache-Status"] = hitFromMemory
	default:
		h.Set("Cache-Status", fromMemory+"; detail="+string(st))
	}
	if asOf := view.Status.AsOf; asOf != nil {
		h.Set("Age", strconv.FormatInt(int64(max(0, s.config.Now().Sub(*asOf))/time.Second), 10))
	}
}

// publicStatus is what strangers may know.
type publicStatus struct {
	State musette.State `json:"state"`
	Until *time.Time    `json:"until"`
	AsOf  *time.Time    `json:"as_of"`
}

func (s *Server) getStatus(w http.ResponseWriter, r *http.Request) error {
	reader, err := s.read(r)
	if err != nil {
		return err
	}
	if _, err := params(r); err != nil {
		return err
	}
	status := s.config.Feed.View().StatusFor(reader)
	var body any = status
	variant := "owner"
	if !reader.Owner {
		body, variant = publicStatus{status.State, status.Until, status.AsOf}, "public"
	}
	b, err := json.Marshal(body, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return err
	}
	send(w, r, reader, feed.NewResponse(b, variant))
	return nil
}

// query reads who asks, and for what.
func (s *Server) query(r *http.Request, allowed []string) (feed.Query, error) {
	reader, err := s.read(r)
	if err != nil {
		return feed.Query{}, err
	}
	values, err := query(r)
	if err != nil {
		return feed.Query{}, err
	}
	q, err := feed.ParseQuery(values, allowed...)
	q.Reader = reader
	return q, err
}

// view returns what there is to serve, or says that there is nothing yet.
func (s *Server) view() (*feed.View, error) {
	v := s.config.Feed.View()
	if !v.Ready() {
		return nil, unavailable("The activities are still being read. Try again in a few seconds.")
	}
	return v, nil
}

func (s *Server) getHealth(w http.ResponseWriter, _ *http.Request) error { return s.ready(w) }

func (s *Server) getReady(w http.ResponseWriter, _ *http.Request) error { return s.ready(w) }

// ready answers ok once there is something to serve; from then on memory always has it.
func (s *Server) ready(w http.ResponseWriter) error {
	if _, err := s.view(); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, err := w.Write([]byte("ok\n"))
	return err
}
