package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/feed"
)

const changesAtOnce = 500

// changesReply is the answer of /v1/changes. With reset, what changed since then is no longer known: the reader
// reads everything again and goes on from next.
type changesReply struct {
	Epoch   string        `json:"epoch"`
	Changes []feed.Change `json:"changes"`
	Next    int64         `json:"next"`
	Reset   bool          `json:"reset,omitzero"`
}

func (s *Server) getChanges(w http.ResponseWriter, r *http.Request) error {
	reader, err := s.read(r)
	if err != nil {
		return err
	}
	values, err := params(r, "since", "epoch")
	if err != nil {
		return err
	}
	since, err := sinceParam(values.Get("since"), values.Has("since"))
	if err != nil {
		return err
	}
	view, err := s.view()
	if err != nil {
		return err
	}
	reply := changesReply{Epoch: view.Epoch, Changes: []feed.Change{}, Next: view.Seq}
	changes, next, ok := view.Changes(since, changesAtOnce, reader)
	if ok && (!values.Has("epoch") || values.Get("epoch") == view.Epoch) {
		reply.Changes, reply.Next = changes, next
	} else {
		reply.Reset = true
	}
	b, err := json.Marshal(reply)
	if err != nil {
		return err
	}
	send(w, r, reader, feed.NewResponse(b, fmt.Sprint(reader)))
	return nil
}

func sinceParam(text string, given bool) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if given && (err != nil || n < 0) {
		return 0, &feed.ParamError{Param: "since", Problem: "it is the number of a change, 0 or more"}
	}
	return n, nil
}

const (
	maxStreams     = 1000
	maxStreamsEach = 100 // of one caller
	writeTimeout   = 30 * time.Second
)

// getEvents sends changes as they come, as server-sent events: changes under no name, "status" when the state of
// the mirror changes, and "reset" when the reader has missed too much and must read everything again.
func (s *Server) getEvents(w http.ResponseWriter, r *http.Request) error {
	reader, err := s.read(r)
	if err != nil {
		return err
	}
	if _, err := params(r, "since"); err != nil {
		return err
	}
	view, err := s.view()
	if err != nil {
		return err
	}
	st := &stream{w: w, control: http.NewResponseController(w), reader: reader}
	if err := st.resume(r, view); err != nil {
		return err
	}
	release, err := s.holdStream(w, r)
	if err != nil {
		return err
	}
	defer release()
	noteStream(r)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	s.follow(r, st)
	return nil
}

// follow sends events until the reader goes, loses the right to them, or the server stops.
func (s *Server) follow(r *http.Request, st *stream) {
	tick, stop := s.heartbeat()
	defer stop()
	if st.comment() != nil { // so that the reader knows at once that it is connected
		return
	}
	for {
		view := s.config.Feed.View()
		if st.send(view) != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-s.closing:
			return
		case <-view.Replaced():
		case <-tick:
			if now, err := s.admit(s.identify(r)); err != nil || now != st.reader || st.comment() != nil {
				return
			}
		}
	}
}

// A stream is one reader's events.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	reader  feed.Reader

	epoch string
	since int64
	told  string // the status as last told
}

// resume starts where the reader was: behind the event it names in Last-Event-ID, or behind ?since, or now. An
// event's id is the epoch and its number; a number alone is taken too.
func (st *stream) resume(r *http.Request, view *feed.View) error {
	values := r.URL.Query()
	since, err := sinceParam(values.Get("since"), values.Has("since"))
	if err != nil {
		return err
	}
	st.epoch, st.since = view.Epoch, view.Seq
	if values.Has("since") {
		st.since = since
	}
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		epoch, number, ok := strings.Cut(last, ".")
		if !ok {
			epoch, number = view.Epoch, last
		}
		if st.since, err = strconv.ParseInt(number, 10, 64); err != nil {
			st.since = -1 // no id of ours: the reader must start again
		}
		st.epoch = epoch
	}
	st.told, err = st.status(view)
	return err
}

// send writes what is new in a view.
func (st *stream) send(view *feed.View) error {
	var b strings.Builder
	if view.Epoch != st.epoch {
		st.epoch, st.since = view.Epoch, -1
	}
	for st.since != view.Seq {
		changes, next, ok := view.Changes(st.since, changesAtOnce, st.reader)
		if !ok {
			fmt.Fprintf(&b, "event: reset\nid: %s.%d\ndata: {\"epoch\":%q,\"seq\":%d}\n\n", view.Epoch, view.Seq, view.Epoch, view.Seq)
		}
		for _, c := range changes {
			data, err := json.Marshal(c)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "id: %s.%d\ndata: %s\n\n", view.Epoch, c.Seq, data)
		}
		st.since = next
	}
	now, err := st.status(view)
	if err != nil {
		return err
	}
	if now != st.told {
		fmt.Fprintf(&b, "event: status\ndata: %s\n\n", now)
		st.told = now
	}
	return st.write(b.String())
}

// status is the part of the status that a page shows at once.
func (st *stream) status(view *feed.View) (string, error) {
	now := view.StatusFor(st.reader)
	b, err := json.Marshal(struct {
		State musette.State `json:"state"`
		Until *time.Time    `json:"until"`
		AsOf  *time.Time    `json:"as_of"`
	}{now.State, now.Until, now.AsOf})
	return string(b), err
}

// comment writes a line that readers pass over and proxies see.
func (st *stream) comment() error { return st.write(":\n\n") }

func (st *stream) write(text string) error {
	if text == "" {
		return nil
	}
	_ = st.control.SetWriteDeadline(time.Now().Add(writeTimeout)) // a recorder in a test has none
	if _, err := st.w.Write([]byte(text)); err != nil {
		return err
	}
	return st.control.Flush()
}
