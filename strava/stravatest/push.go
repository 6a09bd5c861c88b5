package stravatest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// push is the application's subscription and what is on its way to it.
// All but news is guarded by Server.mu.
type push struct {
	sub      *subscription
	lastID   int64
	manner   Manner
	queue    []*parcel
	attempts []Attempt
	owner    string        // of the courier, "" where there is none
	news     chan struct{} // told when the queue grows
}

type subscription struct {
	id       int64
	callback string
	created  time.Time
}

// subscriptionBody is a subscription as GET shows it.
type subscriptionBody struct {
	ID            int64   `json:"id"`
	ResourceState int     `json:"resource_state"`
	ApplicationID jsonNum `json:"application_id"`
	CallbackURL   string  `json:"callback_url"`
	CreatedAt     string  `json:"created_at"`
	UpdatedAt     string  `json:"updated_at"`
}

// pushSubscriptions answers at /push_subscriptions, which takes the
// application's credentials instead of a token.
func (s *Server) pushSubscriptions(q *request) reply {
	form := q.credentials()
	if p, ok := s.checkClient(form.Get("client_id"), form.Get("client_secret")); !ok {
		return p
	}
	switch q.Method {
	case http.MethodPost:
		return s.subscribe(q.Context(), form)
	case http.MethodGet:
		return okJSON(s.subscriptions())
	}
	id, err := strconv.ParseInt(q.id, 10, 64)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || s.push.sub == nil || s.push.sub.id != id {
		return notFound("PushSubscription")
	}
	s.push.sub, s.push.queue = nil, nil
	return reply{status: http.StatusNoContent}
}

// credentials returns the query with the form, whatever the method: net/http
// leaves the body of a DELETE alone.
func (q *request) credentials() url.Values {
	form := q.Form
	if q.Method == http.MethodDelete && strings.HasPrefix(q.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		b, _ := io.ReadAll(io.LimitReader(q.Body, 64<<10)) // a form cut short lacks the credentials
		if more, err := url.ParseQuery(string(b)); err == nil {
			for name, values := range more {
				form[name] = append(values, form[name]...)
			}
		}
	}
	return form
}

func (s *Server) subscriptions() []subscriptionBody {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []subscriptionBody{}
	if sub := s.push.sub; sub != nil {
		at := stamp(sub.created)
		list = append(list, subscriptionBody{sub.id, 2, jsonNum(s.clientID), sub.callback, at, at})
	}
	return list
}

// subscribe asks the callback back before it answers.
func (s *Server) subscribe(ctx context.Context, form url.Values) reply {
	callback := form.Get("callback_url")
	exists := badParameter("PushSubscription", "", "already exists")
	s.mu.Lock()
	taken := s.push.sub != nil
	challenge := s.newSecret("challenge")[:32]
	s.mu.Unlock()
	if taken {
		return exists
	}
	if u, err := url.Parse(callback); err != nil || u.Host == "" || len(callback) > 255 {
		return badParameter("PushSubscription", "callback url", "not verifiable")
	}
	if code := s.validate(ctx, callback, form.Get("verify_token"), challenge); code != "" {
		return badParameter("PushSubscription", "callback url", code)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.push.sub != nil { // another request was quicker meanwhile
		return exists
	}
	s.push.lastID++
	s.push.sub = &subscription{271_000 + s.push.lastID, callback, s.now()}
	return jsonReply(http.StatusCreated, struct {
		ID int64 `json:"id"`
	}{s.push.sub.id})
}

// validate asks the callback for the challenge and returns the code of what
// is wrong with the answer, or "".
func (s *Server) validate(ctx context.Context, callback, verifyToken, challenge string) (code string) {
	const unverifiable = "not verifiable"
	ctx, cancel := context.WithTimeout(ctx, ackWithin)
	defer cancel()
	u, err := url.Parse(callback)
	if err != nil {
		return unverifiable
	}
	query := "hub.verify_token=" + url.QueryEscape(verifyToken) + "&hub.challenge=" + challenge + "&hub.mode=subscribe"
	if u.RawQuery != "" {
		query = u.RawQuery + "&" + query
	}
	u.RawQuery = query
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return unverifiable
	}
	res, err := s.cfg.WebhookClient.Do(req)
	if err != nil {
		return unverifiable
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return "GET to callback URL does not return 200"
	}
	var answer struct {
		Challenge string `json:"hub.challenge"`
	}
	if json.NewDecoder(io.LimitReader(res.Body, 64<<10)).Decode(&answer) != nil || answer.Challenge != challenge {
		return unverifiable
	}
	return ""
}
