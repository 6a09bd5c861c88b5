package simulate

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"musette/store"
	"musette/strava"
)

// callback is where Strava sends its events.
const callback = "http://mirror.test/webhook/simulated"

// kindOfEvent is the kind of the inbox rows that events become.
const kindOfEvent = "event"

// postman carries Strava's events into the inbox, as the web's handler does: stored first, then answered.
type postman struct {
	run *run // nil: nobody has subscribed
	due time.Time
}

func (p *postman) open(r *run) { p.run = r }

// expect plans a round.
func (p *postman) expect(at time.Time) {
	if p.run != nil && (p.due.IsZero() || at.Before(p.due)) {
		p.due = at
	}
}

// deliver makes the round if it is due, and reports whether any event arrived.
func (p *postman) deliver(ctx context.Context, now time.Time) (came bool, err error) {
	if p.run == nil || p.due.IsZero() || p.due.After(now) {
		return false, nil
	}
	p.due = time.Time{}
	n, err := p.run.server.Deliver(ctx)
	if len(p.run.server.Pending()) > 0 {
		p.due = now.Add(travel)
	}
	return n > 0, err
}

func (p *postman) client() *http.Client { return &http.Client{Transport: p} }

// RoundTrip implements http.RoundTripper for what Strava sends us.
func (p *postman) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := http.StatusOK, ""
	switch r.Method {
	case http.MethodGet:
		answer, err := json.Marshal(map[string]string{"hub.challenge": r.URL.Query().Get("hub.challenge")})
		if err != nil {
			return nil, err
		}
		body = string(answer)
	case http.MethodPost:
		if err := p.store(r); err != nil {
			status = http.StatusServiceUnavailable
		}
	}
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}, nil
}

func (p *postman) store(r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	e, err := strava.ParseEvent(body)
	if err != nil {
		return err
	}
	item := store.InboxItem{Kind: kindOfEvent, AthleteID: e.OwnerID, Body: body, ReceivedAt: p.run.ours()}
	if e.ObjectType == "activity" {
		item.ActivityID = e.ObjectID
	}
	return p.run.rooms.store.Update(r.Context(), nil, func(tx *store.Tx) error {
		_, err := tx.PutInbox(r.Context(), item)
		return err
	})
}
