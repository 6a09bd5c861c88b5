package stravatest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Lifetimes of Strava's keys. That of a code is a guess: "short-lived".
const (
	accessLifetime = 6 * time.Hour
	renewWithin    = time.Hour // with more left, a refresh gives the same access token
	codeLifetime   = 10 * time.Minute
)

// scopes that an application may ask for.
var knownScopes = []string{
	"read", "read_all", "profile:read_all", "profile:write", "activity:read", "activity:read_all", "activity:write",
}

// grant is one athlete's permission to the application: what one
// authorisation gave. It is guarded by Server.mu.
type grant struct {
	athleteID int64
	scopes    []string
	refresh   string
	access    []accessToken // newest last
	consented bool          // through the consent page, so that it need not be asked again
}

type accessToken struct {
	token   string
	expires time.Time
}

func (g *grant) has(scope string) bool { return slices.Contains(g.scopes, scope) }

// live returns the newest access token with more than an hour left.
func (g *grant) live(now time.Time) (accessToken, bool) {
	if len(g.access) == 0 {
		return accessToken{}, false
	}
	t := g.access[len(g.access)-1]
	return t, t.expires.Sub(now) > renewWithin
}

// renew gives the grant a new access token. s.mu is held.
func (s *Server) renew(g *grant) accessToken {
	now := s.now()
	g.access = slices.DeleteFunc(g.access, func(t accessToken) bool { return !now.Before(t.expires) })
	t := accessToken{s.newSecret("access"), now.Add(accessLifetime)}
	g.access = append(g.access, t)
	return t
}

// newGrant adds a grant. s.mu is held.
func (s *Server) newGrant(athleteID int64, scopes []string, consented bool) *grant {
	g := &grant{athleteID: athleteID, scopes: slices.Clone(scopes), refresh: s.newSecret("refresh"), consented: consented}
	s.grants = append(s.grants, g)
	return g
}

// Grant makes a live grant, as if the athlete had connected earlier, and
// returns its refresh token. Without scopes it is read and
// activity:read_all. It panics if there is no such athlete.
func (s *Server) Grant(athleteID int64, scopes ...string) (refreshToken string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.earlierGrant(athleteID, scopes).refresh
}

// AccessToken makes a live grant like Grant, and returns an access token that
// is good for six hours.
func (s *Server) AccessToken(athleteID int64, scopes ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.renew(s.earlierGrant(athleteID, scopes)).token
}

func (s *Server) earlierGrant(athleteID int64, scopes []string) *grant {
	if s.athlete(athleteID) == nil {
		panic(fmt.Sprintf("stravatest: there is no athlete %d", athleteID))
	}
	if len(scopes) == 0 {
		scopes = []string{"read", "activity:read_all"}
	}
	return s.newGrant(athleteID, scopes, false)
}

// ExpireTokens lets every access token expire at once; refresh tokens go on.
func (s *Server) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.grants {
		g.access = nil
	}
}

// Revoke takes all grants from the application, as the athlete can in their
// settings, and sends the deauthorisation event.
func (s *Server) Revoke(athleteID int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropGrants(athleteID, func(g *grant) bool { return true })
}

// dropGrants ends the athlete's grants that gone names, and sends the event
// if none is left. s.mu is held.
func (s *Server) dropGrants(athleteID int64, gone func(*grant) bool) {
	n := len(s.grants)
	s.grants = slices.DeleteFunc(s.grants, func(g *grant) bool { return g.athleteID == athleteID && gone(g) })
	if len(s.grants) < n && !s.connected(athleteID) {
		s.emit(Event{
			ObjectType: "athlete", ObjectID: athleteID, AspectType: "update",
			Updates: map[string]string{"authorized": "false"}, OwnerID: athleteID,
		})
	}
}

func (s *Server) connected(athleteID int64) bool {
	return slices.ContainsFunc(s.grants, func(g *grant) bool { return g.athleteID == athleteID })
}

// appHas reports whether any of the athlete's grants has the scope.
func (s *Server) appHas(athleteID int64, scope string) bool {
	return slices.ContainsFunc(s.grants, func(g *grant) bool { return g.athleteID == athleteID && g.has(scope) })
}

// full reports whether one more athlete is more than the application may
// have. s.mu is held.
func (s *Server) full(athleteID int64) bool {
	if s.capacity == 0 || s.connected(athleteID) {
		return false
	}
	ids := map[int64]bool{}
	for _, g := range s.grants {
		ids[g.athleteID] = true
	}
	return len(ids) >= s.capacity
}

// SetCapacity changes how many athletes may connect; 0 is no limit. Those
// connected stay so.
func (s *Server) SetCapacity(athletes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.capacity = athletes
}

// grantOf returns the live grant of an access token, or nil. s.mu is held.
func (s *Server) grantOf(token string, now time.Time) *grant {
	if token == "" {
		return nil
	}
	for _, g := range s.grants {
		for _, t := range g.access {
			if t.token == token && now.Before(t.expires) {
				return g
			}
		}
	}
	return nil
}

// bearer returns the request's access token, from the header or, as still
// works until 2027, from the query or the form.
func (q *request) bearer() string {
	scheme, token, ok := strings.Cut(q.Header.Get("Authorization"), " ")
	if ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	return q.FormValue("access_token")
}
