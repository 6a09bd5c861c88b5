package stravatest

import (
	"net/http"
	"strings"
	"time"
)

// serveOAuth answers below /oauth.
func (s *Server) serveOAuth(q *request) reply {
	switch q.path {
	case "/oauth/authorize", "/oauth/mobile/authorize":
		if p, ok := answerOf(q.faults); ok {
			return p
		}
		return s.authorize(q)
	case "/oauth/token", "/oauth/revoke", "/oauth/deauthorize":
	default:
		return unknownPath()
	}
	q.call.Endpoint = q.Method + " " + q.path
	if p, ok := answerOf(q.faults); ok {
		return p
	}
	if q.Method != http.MethodPost {
		return unknownPath()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch q.path {
	case "/oauth/revoke":
		return s.revoke(q)
	case "/oauth/deauthorize":
		return s.deauthorize(q)
	}
	if p, ok := s.checkClient(q.FormValue("client_id"), q.FormValue("client_secret")); !ok {
		return p
	}
	switch q.FormValue("grant_type") {
	case "authorization_code":
		return s.exchange(q)
	case "refresh_token":
		return s.refresh(q)
	}
	return badParameter("Application", "grant_type", "invalid") // the wording is a guess
}

// checkClient answers if the credentials are not the application's.
func (s *Server) checkClient(id, secret string) (reply, bool) {
	if id != s.clientID {
		return badParameter("Application", "client_id", "invalid"), false
	}
	if secret != s.secret {
		return unauthorized("Application", "", "invalid"), false
	}
	return reply{}, true
}

// exchangeBody and refreshBody keep the order of members that Strava's page
// on authentication shows.
type exchangeBody struct {
	TokenType    string         `json:"token_type"`
	ExpiresAt    int64          `json:"expires_at"`
	ExpiresIn    int64          `json:"expires_in"`
	RefreshToken string         `json:"refresh_token"`
	AccessToken  string         `json:"access_token"`
	Athlete      summaryAthlete `json:"athlete"`
}

type refreshBody struct {
	TokenType    string `json:"token_type"`
	AccessToken  string `json:"access_token"`
	ExpiresAt    int64  `json:"expires_at"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
}

func (t accessToken) seconds(now time.Time) int64 { return t.expires.Unix() - now.Unix() }

// exchange turns a code into a grant. Any use of a code uses it up.
func (s *Server) exchange(q *request) reply {
	now := s.now()
	c := s.codes[q.FormValue("code")]
	delete(s.codes, q.FormValue("code"))
	if c == nil || !now.Before(c.expires) || s.athlete(c.athleteID) == nil {
		return badParameter("AuthorizationCode", "code", "invalid")
	}
	if s.full(c.athleteID) {
		return capacityExceeded()
	}
	g := s.newGrant(c.athleteID, c.scopes, true)
	t := s.renew(g)
	q.call.AthleteID = g.athleteID
	return okJSON(exchangeBody{
		"Bearer", t.expires.Unix(), t.seconds(now), g.refresh, t.token,
		summaryAthleteOf(s.athlete(g.athleteID).season.Athlete, 2),
	})
}

// refresh answers with the same access token while it has more than an hour
// left, and with a new one then; the old one works until its own end.
func (s *Server) refresh(q *request) reply {
	now := s.now()
	for _, g := range s.grants {
		if g.refresh != q.FormValue("refresh_token") {
			continue
		}
		q.call.AthleteID = g.athleteID
		t, ok := g.live(now)
		if !ok {
			t = s.renew(g)
			if s.cfg.RotateRefreshTokens {
				g.refresh = s.newSecret("refresh")
			}
		}
		return okJSON(refreshBody{"Bearer", t.token, t.expires.Unix(), t.seconds(now), g.refresh})
	}
	return badParameter("RefreshToken", "refresh_token", "invalid")
}

// revoke ends a token: the refresh token with its whole grant, an access
// token alone. Unknown tokens are as good as revoked.
func (s *Server) revoke(q *request) reply {
	id, secret, ok := q.BasicAuth()
	if !ok || id != s.clientID || secret != s.secret {
		return jsonReply(http.StatusUnauthorized, faultBody{"Authorization Error", []faultError{}})
	}
	token := q.FormValue("token")
	if token == "" {
		return badParameter("Application", "token", "missing") // the wording is a guess
	}
	for _, g := range s.grants {
		if g.refresh == token {
			q.call.AthleteID = g.athleteID
			s.dropGrants(g.athleteID, func(other *grant) bool { return other == g })
			break
		}
		for i, t := range g.access {
			if t.token == token {
				q.call.AthleteID = g.athleteID
				g.access = append(g.access[:i:i], g.access[i+1:]...)
				break
			}
		}
	}
	return reply{status: http.StatusOK}
}

// deauthorize is the older way, by the access token: all of the athlete's
// grants end.
func (s *Server) deauthorize(q *request) reply {
	token := strings.TrimSpace(q.bearer())
	g := s.grantOf(token, s.now())
	if g == nil {
		return unauthorized("Athlete", "access_token", "invalid")
	}
	q.call.AthleteID = g.athleteID
	s.dropGrants(g.athleteID, func(*grant) bool { return true })
	return okJSON(struct {
		AccessToken string `json:"access_token"`
	}{token})
}
