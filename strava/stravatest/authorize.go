package stravatest

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Approval says how the athlete behaves at /oauth/authorize.
type Approval struct {
	Auto      bool     // answer at once, without the page
	Deny      bool     // refuse: error=access_denied
	Scopes    []string // what is left ticked of what is asked for; nil is all
	AthleteID int64    // who is signed in; 0 is the first athlete
}

// SetApproval changes how the athlete behaves at /oauth/authorize.
func (s *Server) SetApproval(a Approval) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.approval = a
}

// code is what the redirect carries, good for one exchange.
type code struct {
	athleteID int64
	scopes    []string
	expires   time.Time
}

// consent is one request for permission, checked.
type consent struct {
	clientID, redirectURI, state string
	scopes                       []string
	force                        bool
}

// parseConsent checks a request for permission. What it refuses is shown to
// the athlete and never sent to the redirect address, which is not trusted
// yet. Wordings other than that of client_id are guesses.
func (s *Server) parseConsent(q *request) (consent, reply, bool) {
	c := consent{
		clientID: q.FormValue("client_id"), redirectURI: q.FormValue("redirect_uri"),
		state: q.FormValue("state"), force: q.FormValue("approval_prompt") == "force",
	}
	c.scopes = strings.FieldsFunc(q.FormValue("scope"), func(r rune) bool { return r == ',' || r == ' ' })
	to, err := url.Parse(c.redirectURI)
	switch {
	case c.clientID != s.clientID:
		return c, badParameter("Application", "client_id", "invalid"), false
	case q.FormValue("response_type") != "code":
		return c, badParameter("Authorize", "response_type", "invalid"), false
	case err != nil || to.Scheme != "http" && to.Scheme != "https" || !s.callbackAllowed(to.Hostname()):
		return c, badParameter("Application", "redirect_uri", "invalid"), false
	case len(c.scopes) == 0:
		return c, badParameter("Authorize", "scope", "missing"), false
	}
	for _, scope := range c.scopes {
		if !slices.Contains(knownScopes, scope) {
			return c, badParameter("Authorize", "scope", "invalid"), false
		}
	}
	return c, reply{}, true
}

// callbackAllowed reports whether the host is within the application's
// callback domain; the loopback always is.
func (s *Server) callbackAllowed(host string) bool {
	if host == "localhost" || host == "127.0.0.1" {
		return true
	}
	domain := s.cfg.CallbackDomain
	return domain != "" && (host == domain || strings.HasSuffix(host, "."+domain))
}

// authorize shows the consent page, takes its answer, or answers by itself.
func (s *Server) authorize(q *request) reply {
	c, refused, ok := s.parseConsent(q)
	if !ok {
		return refused
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	who := s.approval.AthleteID
	if who == 0 {
		who = s.athletes[0].id()
	}
	switch {
	case q.Method == http.MethodPost:
		if s.origin.Check(q.Request) != nil {
			return reply{status: http.StatusForbidden}
		}
		chosen, err := strconv.ParseInt(q.FormValue("athlete"), 10, 64)
		if err != nil || s.athlete(chosen) == nil {
			return badParameter("Athlete", "id", "invalid")
		}
		return s.decide(c, chosen, q.FormValue("action") != "authorise", q.PostForm["ticked"])
	case s.full(who):
		return capacityExceeded()
	case s.approval.Auto:
		ticked := s.approval.Scopes
		if ticked == nil {
			ticked = c.scopes
		}
		return s.decide(c, who, s.approval.Deny, ticked)
	case !c.force && len(s.athletes) == 1 && s.agreedBefore(who, c.scopes):
		return s.decide(c, who, false, c.scopes)
	}
	return s.consentPage(q, c)
}

// agreedBefore reports whether the athlete has given all of this before.
func (s *Server) agreedBefore(athleteID int64, scopes []string) bool {
	return slices.ContainsFunc(s.grants, func(g *grant) bool {
		return g.athleteID == athleteID && g.consented &&
			!slices.ContainsFunc(scopes, func(scope string) bool { return !g.has(scope) })
	})
}

// decide redirects with a code for the scopes left ticked, or a refusal.
func (s *Server) decide(c consent, athleteID int64, deny bool, ticked []string) reply {
	to, err := url.Parse(c.redirectURI)
	if err != nil {
		return badParameter("Application", "redirect_uri", "invalid")
	}
	given := slices.DeleteFunc(slices.Clone(c.scopes), func(scope string) bool { return !slices.Contains(ticked, scope) })
	add := "state=" + url.QueryEscape(c.state)
	switch {
	case deny:
		add += "&error=access_denied"
	case s.full(athleteID):
		return capacityExceeded()
	default:
		secret := s.newSecret("code")
		s.codes[secret] = &code{athleteID, given, s.now().Add(codeLifetime)}
		add += "&code=" + secret + "&scope=" + strings.Join(given, ",")
	}
	if to.RawQuery != "" {
		add = to.RawQuery + "&" + add
	}
	to.RawQuery = add
	return reply{status: http.StatusFound, header: http.Header{"Location": {to.String()}}}
}

//go:embed pages/consent.html
var consentHTML string

var consentTemplate = template.Must(template.New("consent").Parse(consentHTML))

// scopeTexts say what a scope gives, in words for the athlete.
var scopeTexts = map[string]string{
	"read":              "See your public profile and other public data",
	"read_all":          "See your private routes, segments and events",
	"profile:read_all":  "See your whole profile, whatever its visibility",
	"profile:write":     "Change your weight and star segments for you",
	"activity:read":     "See your activities that others can see, without your privacy zones",
	"activity:read_all": "See all your activities, the private ones and your privacy zones too",
	"activity:write":    "Add and change activities for you",
}

// consentPage shows what is asked for. The whole request comes back with the
// form, so that nothing needs to be remembered here. s.mu is held.
func (s *Server) consentPage(q *request, c consent) reply {
	type scopeRow struct{ Name, Text string }
	type personRow struct {
		ID   int64
		Name string
	}
	page := struct {
		App, Host string
		Action    template.URL
		Scopes    []scopeRow
		Athletes  []personRow
	}{App: s.cfg.AppName, Action: template.URL("?" + q.URL.RawQuery)} // relative: it can't leave this page
	if to, err := url.Parse(c.redirectURI); err == nil {
		page.Host = to.Host
	}
	for _, name := range c.scopes {
		page.Scopes = append(page.Scopes, scopeRow{name, scopeTexts[name]})
	}
	for _, a := range s.athletes {
		page.Athletes = append(page.Athletes, personRow{a.id(), a.season.Athlete.FirstName + " " + a.season.Athlete.LastName})
	}
	var b bytes.Buffer
	if err := consentTemplate.Execute(&b, page); err != nil {
		panic("stravatest: the consent page: " + err.Error())
	}
	return reply{status: http.StatusOK, contentType: htmlType, body: b.Bytes(), header: http.Header{"Cache-Control": {"no-store"}}}
}
