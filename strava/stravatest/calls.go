package stravatest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Class says which limits a call counts against.
type Class string

// The classes of calls. Strava calls the read limit the "non-upload" one.
const (
	ClassRead    Class = "read"    // counts against both limits
	ClassOverall Class = "overall" // an upload: counts against the overall limit only
	ClassToken   Class = "token"   // an OAuth request: counts against none
)

// Call is one request that reached the server.
type Call struct {
	Time      time.Time
	Method    string
	Path      string     // as asked, for example "/api/v3/activities/19403555631"
	Query     url.Values // secrets are replaced by "***"
	Status    int        // what was answered; 0 where the connection was cut instead
	Class     Class
	AthleteID int64  // 0 where no valid token was given
	Endpoint  string // "GET /activities/{id}", or "" for a path that is none
	Fault     string // the kind of the fault that decided the answer, or ""
}

// callsKept bounds the memory of a server that runs for weeks; the counts
// go on beyond it.
const callsKept = 100_000

// callLog is guarded by Server.mu.
type callLog struct {
	calls, tokens []Call
	counts        map[string]int
	refused       int
}

func (l *callLog) add(c Call) {
	list := &l.calls
	if c.Class == ClassToken {
		list = &l.tokens
	}
	if len(*list) >= callsKept {
		*list = slices.Delete(*list, 0, callsKept/10)
	}
	*list = append(*list, c)
	l.counts[c.Endpoint]++
	if c.Status == http.StatusTooManyRequests {
		l.refused++
	}
}

// cleanQuery returns the query without its secrets.
func cleanQuery(q url.Values) url.Values {
	for _, name := range []string{"access_token", "client_secret", "code", "refresh_token", "verify_token"} {
		if q.Has(name) {
			q.Set(name, "***")
		}
	}
	return q
}

// Calls returns the API calls since the start or the last ResetCalls, oldest
// first, refused and failed ones included; at most the last 100,000. Calls
// to OAuth, to pictures and to the control surface are not among them.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log.calls)
}

// TokenCalls returns the requests to /oauth/token, /oauth/revoke and
// /oauth/deauthorize since the start or the last ResetCalls, oldest first.
func (s *Server) TokenCalls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log.tokens)
}

// Counts returns the number of calls by endpoint, such as
// "GET /athlete/activities" or "POST /oauth/token"; unknown paths count as "".
func (s *Server) Counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.log.counts)
}

// Refused returns the number of calls answered with 429.
func (s *Server) Refused() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.refused
}

// ResetCalls forgets the calls so far. The quota is not given back.
func (s *Server) ResetCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = callLog{counts: map[string]int{}}
}

// classOf returns the class of an API request by Strava's rule: everything
// is a read but the creation of activities, uploads and media.
func classOf(method, path string) Class {
	if method != http.MethodPost {
		return ClassRead
	}
	path = strings.TrimSuffix(path, "/")
	if path == "/activities" || path == "/uploads" || strings.HasSuffix(path, "/media") {
		return ClassOverall
	}
	return ClassRead
}
