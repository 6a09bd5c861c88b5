package stravatest

import (
	"net/http"
	"strconv"
	"strings"
)

// endpoint is one row of the API. {id} stands for one part of a path.
type endpoint struct {
	method, pattern string
	serve           func(*Server, *request) reply
	app             bool // called with the application's credentials, not an athlete's token
}

var endpoints = []endpoint{
	{method: "GET", pattern: "/athlete", serve: (*Server).getAthlete},
	{method: "GET", pattern: "/athlete/activities", serve: (*Server).listActivities},
	{method: "GET", pattern: "/athletes/{id}/stats", serve: (*Server).getStats},
	{method: "GET", pattern: "/activities/{id}", serve: withActivity((*Server).getActivity)},
	{method: "GET", pattern: "/activities/{id}/comments", serve: withActivity((*Server).listComments)},
	{method: "GET", pattern: "/activities/{id}/kudos", serve: withActivity((*Server).listKudos)},
	{method: "GET", pattern: "/activities/{id}/laps", serve: withActivity((*Server).listLaps)},
	{method: "GET", pattern: "/activities/{id}/photos", serve: withActivity((*Server).listPhotos)},
	{method: "GET", pattern: "/activities/{id}/streams", serve: withActivity((*Server).getStreams)},
	{method: "GET", pattern: "/activities/{id}/zones", serve: withActivity((*Server).getZones)},
	{method: "GET", pattern: "/gear/{id}", serve: (*Server).getGear},
	{method: "GET", pattern: "/push_subscriptions", serve: (*Server).pushSubscriptions, app: true},
	{method: "POST", pattern: "/push_subscriptions", serve: (*Server).pushSubscriptions, app: true},
	{method: "DELETE", pattern: "/push_subscriptions/{id}", serve: (*Server).pushSubscriptions, app: true},
}

// match returns what stands for {id} in the path, if the path fits.
func (e *endpoint) match(method, path string) (id string, ok bool) {
	if e.method != method {
		return "", false
	}
	before, after, wild := strings.Cut(e.pattern, "{id}")
	if !wild {
		return "", path == e.pattern
	}
	rest, ok := strings.CutPrefix(path, before)
	if !ok {
		return "", false
	}
	id, ok = strings.CutSuffix(rest, after)
	return id, ok && id != "" && !strings.Contains(id, "/")
}

// viewer is the athlete whose token came with a request, and what it allows.
type viewer struct {
	athleteID int64
	scopes    []string
}

func (v viewer) has(scope string) bool { return (&grant{scopes: v.scopes}).has(scope) }

// mayRead reports whether the token reads activities at all.
func (v viewer) mayRead() bool { return v.has("activity:read") || v.has("activity:read_all") }

// sees reports whether the activity exists as far as the token goes.
func (v viewer) sees(a *activity) bool {
	return a.athleteID == v.athleteID && (a.Visibility != OnlyMe || v.has("activity:read_all"))
}

func scopeMissing(scope string) reply {
	return unauthorized("AccessToken", scope+"_permission", "missing")
}

// serveAPI answers below /api/v3. What is refused by the limits comes first,
// then what the faults decide, then the token.
func (s *Server) serveAPI(q *request) reply {
	var e *endpoint
	for i := range endpoints {
		if id, ok := endpoints[i].match(q.Method, q.path); ok {
			e, q.id = &endpoints[i], id
			q.call.Endpoint = e.method + " " + e.pattern
			break
		}
	}
	if q.exceeded != "" {
		return failure(http.StatusTooManyRequests, "Rate Limit Exceeded", "Application", q.exceeded, "exceeded")
	}
	s.signIn(q)
	if p, ok := answerOf(q.faults); ok {
		return p
	}
	switch {
	case e == nil:
		return unknownPath()
	case !e.app && q.who.athleteID == 0:
		return unauthorized("Athlete", "access_token", "invalid")
	}
	return e.serve(s, q)
}

func (s *Server) signIn(q *request) {
	token := q.bearer()
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.grantOf(token, q.now); g != nil {
		q.who = viewer{g.athleteID, g.scopes}
		q.call.AthleteID = g.athleteID
	}
}

// withActivity finds the activity of the path for an endpoint below it.
func withActivity(serve func(*Server, *request, *activity) reply) func(*Server, *request) reply {
	return func(s *Server, q *request) reply {
		if !q.who.mayRead() {
			return scopeMissing("activity:read")
		}
		id, err := strconv.ParseInt(q.id, 10, 64)
		if err != nil {
			return failure(http.StatusNotFound, "Record Not Found", "Activity", "id", "invalid")
		}
		s.mu.Lock()
		a := s.activities[id]
		s.mu.Unlock()
		if a == nil || !q.who.sees(a) {
			return notFound("Activity")
		}
		return serve(s, q, a)
	}
}

// whole reads an optional whole number of the query. ok is false where it is
// no number between low and high.
func (q *request) whole(name string, absent, low, high int) (n int, ok bool) {
	text := q.URL.Query().Get(name)
	if text == "" {
		return absent, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && low <= n && n <= high
}

// page cuts the old way of paging out of a list: page and per_page.
func page[T any](q *request, list []T) ([]T, reply, bool) {
	number, ok := q.whole("page", 1, 1, 1<<31)
	if !ok {
		return nil, badParameter("Application", "page", "invalid"), false
	}
	size, ok := q.whole("per_page", 30, 1, 200)
	if !ok {
		return nil, badParameter("Application", "per_page", "invalid"), false
	}
	from := min((number-1)*size, len(list))
	return list[from:min(from+size, len(list))], reply{}, true
}
