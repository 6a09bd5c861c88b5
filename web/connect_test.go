package web_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"musette/feed"
	"musette/store"
	"musette/web"
)

// asking is a server at which athletes connect, and what was asked of Strava.
type asking struct {
	*api
	answer func(url.Values, int64) (web.Connected, error)
	calls  int
}

const callback = "http://127.0.0.1:8080/connect/callback"

func newAsking(t *testing.T, edit ...func(*web.Config)) *asking {
	t.Helper()
	a := &asking{answer: func(url.Values, int64) (web.Connected, error) {
		return web.Connected{AthleteID: 77, Name: "Jo Doe"}, nil
	}}
	c := web.Config{Connect: &web.Connect{
		Scopes: []string{"read", "activity:read_all"},
		Ask: func(redirect, state string, again bool) string {
			q := url.Values{"redirect": {redirect}, "state": {state}}
			if again {
				q.Set("again", "yes")
			}
			return "https://strava.example/oauth/authorize?" + q.Encode()
		},
		Finish: func(_ context.Context, answer url.Values, only int64) (web.Connected, error) {
			a.calls++
			return a.answer(answer, only)
		},
	}}
	for _, f := range edit {
		f(&c)
	}
	a.api = newAPI(t, c, feed.Publish{})
	return a
}

func (a *asking) invite(lasts time.Duration) (code string) {
	a.Helper()
	code, _, err := web.NewInvite(a.Context(), a.store, "Jo", a.clock(), a.clock().Add(lasts))
	if err != nil {
		a.Fatal(err)
	}
	return code
}

// ask presses the button, and returns the question's state and the browser's cookie.
func (a *asking) ask(form string, headers ...string) (state, cookie string) {
	a.Helper()
	r := a.do("POST", "/connect", form, headers...)
	to, err := url.Parse(r.Header.Get("Location"))
	if r.StatusCode != http.StatusSeeOther || err != nil || to.Host != "strava.example" || to.Query().Get("redirect") != callback {
		a.Fatalf("asking was answered with %s", r)
	}
	return to.Query().Get("state"), sentBack(r, "musette_invite")
}

// sentBack is the header that sends a cookie back, "" if none was set.
func sentBack(r reply, name string) string {
	for _, c := range r.Cookies() {
		if c.Name == name {
			return "Cookie: " + c.Name + "=" + c.Value
		}
	}
	return ""
}

func (a *api) says(r reply, status int, words ...string) {
	a.Helper()
	if r.StatusCode != status {
		a.Errorf("status %d, want %d", r.StatusCode, status)
	}
	for _, w := range words {
		if !strings.Contains(string(r.body), w) {
			a.Errorf("%q isn't said by %s", w, r.body)
		}
	}
}

func TestAnInviteConnectsOneAthlete(t *testing.T) {
	a := newAsking(t)
	code := a.invite(time.Hour)
	for range 3 { // looking, as previews do, uses nothing up
		a.says(a.get("/connect?invite="+code), 200, "What is fetched", "Who sees it", "Strangers see nothing.", "How to leave", "Continue to Strava")
	}
	state, cookie := a.ask("invite=" + code)
	if !strings.Contains(cookie, "musette_invite=") {
		t.Fatal("the browser isn't known again")
	}
	r := a.get("/connect/callback?code=c&scope=read&state="+state, cookie)
	a.says(r, 200, "Welcome, Jo")
	session := sentBack(r, "musette_session")
	if session == "" || a.calls != 1 {
		t.Fatalf("%d calls, and the session %q", a.calls, session)
	}
	for _, c := range r.Cookies() {
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
			t.Errorf("the cookie %s isn't kept from scripts and other sites", c.Name)
		}
	}
	if strings.Contains(a.log.String(), code) || strings.Contains(a.log.String(), state) {
		t.Error("the log has the invite or the state")
	}
	// Each of the three has been used up: the state, the invite, and the link.
	a.says(a.get("/connect/callback?code=c&state="+state, cookie), 400, "This answer can’t be used")
	a.says(a.get("/connect?invite="+code), 404, "This invite can’t be used")
	a.says(a.do("POST", "/connect", "invite="+code), 404, "This invite can’t be used")
	if a.calls != 1 {
		t.Errorf("%d calls", a.calls)
	}
	// The session is the athlete's alone: it may ask for itself again, and is no operator's.
	again, _ := a.ask("again=yes", session)
	var only int64
	a.answer = func(_ url.Values, o int64) (web.Connected, error) { only = o; return web.Connected{AthleteID: 77}, nil }
	a.get("/connect/callback?code=c&state="+again, session)
	if only != 77 {
		t.Errorf("athlete %d may be connected, not only 77", only)
	}
}

func TestInvitesEnd(t *testing.T) {
	a := newAsking(t)
	late, taken := a.invite(time.Hour), a.invite(48*time.Hour)
	a.pass(time.Hour)
	a.says(a.get("/connect?invite="+late), 404, "too old")
	open, err := web.Invites(t.Context(), a.store, a.clock())
	if err != nil || len(open) != 1 || open[0].Name != "Jo" {
		t.Fatalf("open are %v, %v", open, err)
	}
	state, cookie := a.ask("invite=" + taken)
	if err := web.RevokeInvite(t.Context(), a.store, open[0].ID, a.clock()); err != nil {
		t.Fatal(err)
	}
	a.says(a.get("/connect/callback?code=c&state="+state, cookie), 400) // revoked while the athlete was at Strava
	if a.calls != 0 {
		t.Error("a revoked invite connects")
	}
	if err := web.RevokeInvite(t.Context(), a.store, open[0].ID, a.clock()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("revoking twice says %v", err)
	}
	// An invite is no key, no one-time code and no session.
	other := a.invite(time.Hour)
	for _, h := range []string{"X-API-Key: " + other, "Authorization: Bearer " + other, "Cookie: musette_session=" + other} {
		if r := a.get("/v1/feed", h); r.StatusCode != 401 {
			t.Errorf("%s opens the feed", h)
		}
	}
	a.says(a.do("POST", "/login", "code="+other), 401)
}

func TestConnectingNeedsAnInviteOrTheOperator(t *testing.T) {
	a := newAsking(t)
	a.says(a.get("/connect"), 401, "needs an invite")
	a.says(a.do("POST", "/connect", ""), 401)
	a.says(a.get("/connect?invite=guess"), 404)
	a.wantProblem(a.get("/connect?other=1"), 400)
	// Signed in with a key that may only read everything: no operator.
	for scope, want := range map[string]int{web.ScopeRead: 401, web.ScopeAdmin: 200} {
		r := a.do("POST", "/login", "key="+a.key(0, scope))
		a.says(a.get("/connect", sentBack(r, "musette_session")), want)
	}
	operator := sentBack(a.do("POST", "/login", "key="+a.key(0, web.ScopeAdmin)), "musette_session")
	state, _ := a.ask("", operator)
	r := a.get("/connect/callback?code=c&state="+state, operator)
	a.says(r, 200, "Connected", "Jo’s activities")
	if sentBack(r, "musette_session") != "" {
		t.Error("the operator was signed out")
	}
	// Guessing is slowed down.
	remote := "Remote: 192.0.2.1:1000"
	for range 10 {
		a.get("/connect?invite=guess", remote)
	}
	if r := a.get("/connect?invite="+a.invite(time.Hour), remote); r.StatusCode != 429 || r.Header.Get("Retry-After") == "" {
		t.Errorf("after ten guesses: %s", r)
	}
}

// An answer that another browser asked for must connect nobody here.
func TestAnAnswerBelongsToTheBrowserThatAsked(t *testing.T) {
	a := newAsking(t)
	code, theirs := a.invite(time.Hour), a.invite(time.Hour)
	state, cookie := a.ask("invite=" + code)
	_, other := a.ask("invite=" + theirs)
	operator := sentBack(a.do("POST", "/login", "key="+a.key(0, web.ScopeAdmin)), "musette_session")
	for _, headers := range [][]string{nil, {other}, {operator}, {"Cookie: musette_invite=x"}} {
		a.says(a.get("/connect/callback?code=c&state="+state, headers...), 400, "This answer can’t be used")
	}
	a.says(a.get("/connect/callback?code=c", cookie), 400)
	a.says(a.get("/connect/callback?code=c&state=guess", cookie), 400)
	if a.calls != 0 {
		t.Fatal("a forged answer was taken")
	}
	a.says(a.do("POST", "/connect", "invite="+code, "Origin: https://evil.example", "Sec-Fetch-Site: cross-site"), 403)
	a.pass(15 * time.Minute)
	a.says(a.get("/connect/callback?code=c&state="+state, cookie), 400)
	state, _ = a.ask("", cookie) // the invite is still there
	a.says(a.get("/connect/callback?code=c&state="+state, cookie), 200)
}

// Whatever goes wrong is said in words, keeps the invite, and can be tried again.
func TestWordsForWhatGoesWrong(t *testing.T) {
	for why, c := range map[web.Why]struct {
		status int
		words  []string
	}{
		web.WhyDenied:   {409, []string{"You said no at Strava"}},
		web.WhyScopes:   {409, []string{"boxes about activities were unticked", "nothing that may be fetched"}},
		web.WhyLimit:    {409, []string{"Limit of connected athletes exceeded", "settings/api", "musette athlete remove"}},
		web.WhyInactive: {409, []string{"switched off", "subscription"}},
		web.WhySecret:   {409, []string{"STRAVA_CLIENT_SECRET"}},
		web.WhyClient:   {409, []string{"STRAVA_CLIENT_ID"}},
		web.WhyCode:     {409, []string{"too late"}},
		web.WhyAway:     {502, []string{"isn’t answering"}},
		web.WhyRefused:  {409, []string{"Strava refused"}},
		web.WhyOther:    {409, []string{"somebody else"}},
	} {
		t.Run(string(why), func(t *testing.T) {
			a := newAsking(t)
			code := a.invite(time.Hour)
			state, cookie := a.ask("invite=" + code)
			good := a.answer
			a.answer = func(url.Values, int64) (web.Connected, error) {
				return web.Connected{}, &web.NotConnected{Why: why, Err: errors.New("as Strava put it")}
			}
			r := a.get("/connect/callback?code=c&state="+state, cookie)
			a.says(r, c.status, append(c.words, "Nothing was kept.", "The invite stays good.", "Try again")...)
			if sentBack(r, "musette_session") != "" {
				t.Error("somebody was signed in")
			}
			if policy := r.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' https://strava.example;") {
				t.Errorf("the form can't lead to Strava: %s", policy)
			}
			a.answer = good
			state, _ = a.ask("again=yes", cookie)
			a.says(a.get("/connect/callback?code=c&state="+state, cookie), 200, "Welcome, Jo")
		})
	}
}

func TestSomethingUntickedIsNamed(t *testing.T) {
	a := newAsking(t)
	state, cookie := a.ask("invite=" + a.invite(time.Hour))
	a.answer = func(url.Values, int64) (web.Connected, error) {
		return web.Connected{AthleteID: 77, Missing: []string{"activity:read_all", "new:scope"}}, nil
	}
	r := a.get("/connect/callback?code=c&state="+state, cookie)
	a.says(r, 200, "not to everything", "those that only you may see don’t arrive", "new:scope", "Try again", "Leave it so")
	if sentBack(r, "musette_session") == "" {
		t.Error("the athlete isn't signed in")
	}
}

func TestNobodyCanConnectWhereNothingIsFetched(t *testing.T) {
	a := newAsking(t, func(c *web.Config) { c.Connect, c.NoConnect = nil, "The key is lost: `MUSETTE_SECRET_KEY`." })
	code := a.invite(time.Hour)
	a.says(a.get("/connect?invite="+code), 503, "MUSETTE_SECRET_KEY", "An invite stays good")
	a.says(a.do("POST", "/connect", "invite="+code), 503)
	a.says(a.get("/connect/callback?state=x"), 401)
}
