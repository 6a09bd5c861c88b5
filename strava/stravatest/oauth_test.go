package stravatest_test

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"musette/strava/stravatest"
)

// tokens is what the token endpoint answers.
type tokens struct {
	Type    string `json:"token_type"`
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	At      int64  `json:"expires_at"`
	In      int64  `json:"expires_in"`
	Athlete *struct{ ID int64 }
}

func (w *world) app(more ...string) url.Values {
	form := url.Values{"client_id": {w.ClientID()}, "client_secret": {w.ClientSecret()}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

func (w *world) refresh(token string) (tokens, answer) {
	w.Helper()
	a := w.do("POST", "/oauth/token", "", w.app("grant_type", "refresh_token", "refresh_token", token))
	var got tokens
	a.into(&got)
	return got, a
}

func (w *world) authorizeURL(scope string, more ...string) string {
	q := url.Values{
		"client_id": {w.ClientID()}, "redirect_uri": {"http://localhost:9999/back?keep=1"}, "response_type": {"code"},
		"scope": {scope}, "state": {"st&te"},
	}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return "/oauth/authorize?" + q.Encode()
}

// redirect follows nothing and returns the query of where it leads.
func (w *world) redirect(a answer) url.Values {
	w.Helper()
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil || a.status != http.StatusFound {
		w.Fatalf("%d %s %s: no redirect", a.status, a.header.Get("Location"), a.body)
	}
	if u.Host != "localhost:9999" || u.Query().Get("keep") != "1" || u.Query().Get("state") != "st&te" {
		w.Errorf("redirected to %s", u)
	}
	return u.Query()
}

func TestAuthorisationCode(t *testing.T) {
	w := start(t, stravatest.Config{AutoApprove: true})
	back := w.redirect(w.do("GET", w.authorizeURL("read,activity:read_all"), "", nil))
	if back.Get("scope") != "read,activity:read_all" {
		t.Errorf("scope %q", back.Get("scope"))
	}
	exchange := w.app("grant_type", "authorization_code", "code", back.Get("code"))
	var got tokens
	a := w.do("POST", "/oauth/token", "", exchange)
	a.into(&got)
	if got.Type != "Bearer" || got.In != 21600 || got.At != noon.Add(6*time.Hour).Unix() || got.Athlete == nil || got.Athlete.ID != w.me {
		t.Errorf("exchange: %s", a.body)
	}
	if a.header.Get("X-Ratelimit-Usage") != "" || w.Usage() != (stravatest.Usage{}) {
		t.Error("a token request counts against the limits")
	}
	if a := w.do("GET", "/api/v3/athlete/activities", got.Access, nil); a.status != 200 {
		t.Errorf("the new token: %d %s", a.status, a.body)
	}
	if a := w.do("POST", "/oauth/token", "", exchange); a.status != 400 || a.fault() != "Bad Request AuthorizationCode/code/invalid" {
		t.Errorf("the code a second time: %d %s", a.status, a.body)
	}
	late := w.redirect(w.do("GET", w.authorizeURL("read activity:read"), "", nil)) // a blank works too
	w.clock.Advance(11 * time.Minute)
	if a := w.do("POST", "/api/v3/oauth/token", "", w.app("grant_type", "authorization_code", "code", late.Get("code"))); a.status != 400 {
		t.Errorf("an old code: %d %s", a.status, a.body)
	}
	if n := w.Counts()["POST /oauth/token"]; n != 3 || len(w.TokenCalls()) != 3 {
		t.Errorf("%d token requests counted, %d kept", n, len(w.TokenCalls()))
	}
}

func TestApprovalReducedOrDenied(t *testing.T) {
	w := start(t, stravatest.Config{})
	w.SetApproval(stravatest.Approval{Auto: true, Scopes: []string{"read", "activity:read"}})
	back := w.redirect(w.do("GET", w.authorizeURL("read,activity:read,activity:read_all"), "", nil))
	if back.Get("scope") != "read,activity:read" {
		t.Errorf("scope %q", back.Get("scope"))
	}
	w.SetApproval(stravatest.Approval{Auto: true, Deny: true})
	back = w.redirect(w.do("GET", w.authorizeURL("read"), "", nil))
	if back.Get("error") != "access_denied" || back.Has("code") {
		t.Errorf("refusal: %v", back)
	}
}

// Without scopes the approval is of all that is asked for, as the zero Approval's.
func TestApprovalOverTheNetwork(t *testing.T) {
	w := start(t, stravatest.Config{})
	for body, want := range map[string]string{
		`{"auto":true}`:                   "read,activity:read_all",
		`{"auto":true,"scopes":["read"]}`: "read",
	} {
		if a := w.control("approval", body); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		back := w.redirect(w.do("GET", w.authorizeURL("read,activity:read_all"), "", nil))
		if got := back.Get("scope"); got != want {
			t.Errorf("%s allowed %q, want %q", body, got, want)
		}
	}
}

func TestConsentPage(t *testing.T) {
	w := start(t, stravatest.Config{AppName: `Bags & <b>Bikes</b>`})
	path := strings.Replace(w.authorizeURL("read,activity:read_all"), "/oauth/", "/oauth/mobile/", 1)
	page := w.do("GET", path, "", nil)
	body := string(page.body)
	if page.status != 200 || strings.Count(body, `type="checkbox"`) != 2 || !strings.Contains(body, `Bags &amp; &lt;b&gt;Bikes`) {
		t.Fatalf("%d %s", page.status, body)
	}
	action, _, _ := strings.Cut(strings.SplitN(body, `action="`, 2)[1], `"`)
	action = "/oauth/mobile/authorize" + strings.ReplaceAll(action, "&amp;", "&")
	form := url.Values{"athlete": {id(w.me)}, "action": {"authorise"}, "ticked": {"activity:read_all", "profile:write"}}
	back := w.redirect(w.do("POST", action, "", form))
	if back.Get("scope") != "activity:read_all" { // one was unticked, and none can be added
		t.Errorf("scope %q", back.Get("scope"))
	}
	w.do("POST", "/oauth/token", "", w.app("grant_type", "authorization_code", "code", back.Get("code")))
	if a := w.do("GET", w.authorizeURL("activity:read_all"), "", nil); a.status != http.StatusFound {
		t.Errorf("asked again for what was given: %d", a.status)
	}
	if a := w.do("GET", w.authorizeURL("activity:read_all", "approval_prompt", "force"), "", nil); a.status != http.StatusOK {
		t.Errorf("not asked although forced: %d", a.status)
	}
	form.Set("action", "cancel")
	if back := w.redirect(w.do("POST", action, "", form)); back.Get("error") != "access_denied" {
		t.Errorf("cancelled: %v", back)
	}
	r, err := http.NewRequestWithContext(t.Context(), "POST", w.url+action, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://evil.example")
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		b, _ := io.ReadAll(res.Body)
		t.Errorf("another site pressed the button: %d %s", res.StatusCode, b)
	}
}

func TestAuthorizeRefusals(t *testing.T) {
	w := start(t, stravatest.Config{AutoApprove: true, CallbackDomain: "app.example.org"})
	for _, c := range []struct{ name, value, fault string }{
		{"client_id", "1", "Bad Request Application/client_id/invalid"},
		{"redirect_uri", "http://evil.example/back", "Bad Request Application/redirect_uri/invalid"},
		{"redirect_uri", "http://evilapp.example.org/back", "Bad Request Application/redirect_uri/invalid"},
		{"redirect_uri", "javascript://localhost/%0aalert(1)", "Bad Request Application/redirect_uri/invalid"},
		{"response_type", "token", "Bad Request Authorize/response_type/invalid"},
		{"scope", "", "Bad Request Authorize/scope/missing"},
		{"scope", "read,everything", "Bad Request Authorize/scope/invalid"},
	} {
		if a := w.do("GET", w.authorizeURL("read", c.name, c.value), "", nil); a.status != 400 || a.fault() != c.fault {
			t.Errorf("%s=%q: %d %s", c.name, c.value, a.status, a.body)
		}
	}
	for _, to := range []string{"https://app.example.org/x", "https://www.app.example.org/x", "http://127.0.0.1:1/x"} {
		if a := w.do("GET", w.authorizeURL("read", "redirect_uri", to), "", nil); a.status != http.StatusFound {
			t.Errorf("%s: %d %s", to, a.status, a.body)
		}
	}
}

func TestRefresh(t *testing.T) {
	for _, rotate := range []bool{false, true} {
		w := start(t, stravatest.Config{RotateRefreshTokens: rotate})
		granted := w.Grant(w.me)
		first, _ := w.refresh(granted)
		if first.In != 21600 || first.Athlete != nil {
			t.Errorf("first: %+v", first)
		}
		w.clock.Advance(5*time.Hour - time.Second)
		if same, _ := w.refresh(first.Refresh); same.Access != first.Access || same.In != 3601 || same.Refresh != first.Refresh {
			t.Errorf("with 3601 s left: %+v, had %+v", same, first)
		}
		w.clock.Advance(time.Second)
		second, _ := w.refresh(first.Refresh)
		if second.Access == first.Access || second.In != 21600 || (second.Refresh != first.Refresh) != rotate {
			t.Errorf("rotate %v, with 3600 s left: %+v, had %+v", rotate, second, first)
		}
		if a := w.do("GET", "/api/v3/athlete", first.Access, nil); a.status != 200 {
			t.Errorf("the old access token before its end: %d", a.status)
		}
		w.clock.Advance(time.Hour)
		if a := w.do("GET", "/api/v3/athlete", first.Access, nil); a.status != 401 || a.fault() != "Authorization Error Athlete/access_token/invalid" {
			t.Errorf("the old access token after its end: %d %s", a.status, a.body)
		}
		if a := w.do("GET", "/api/v3/athlete?access_token="+second.Access, "", nil); a.status != 200 {
			t.Errorf("the token in the query: %d", a.status)
		}
		if calls := w.Calls(); calls[len(calls)-1].Query.Get("access_token") != "***" {
			t.Error("the log of calls holds a token")
		}
		if _, a := w.refresh(first.Refresh); rotate != (a.status == 400) || rotate && a.fault() != "Bad Request RefreshToken/refresh_token/invalid" {
			t.Errorf("rotate %v: the superseded refresh token: %d %s", rotate, a.status, a.body)
		}
	}
}

func TestTokenErrors(t *testing.T) {
	w := start(t, stravatest.Config{})
	for _, c := range []struct {
		form   url.Values
		status int
		fault  string
	}{
		{w.app("client_id", "5", "grant_type", "refresh_token"), 400, "Bad Request Application/client_id/invalid"},
		{w.app("client_secret", "no", "grant_type", "refresh_token"), 401, "Authorization Error Application//invalid"},
		{w.app("grant_type", "refresh_token", "refresh_token", "no"), 400, "Bad Request RefreshToken/refresh_token/invalid"},
		{w.app("grant_type", "authorization_code", "code", "no"), 400, "Bad Request AuthorizationCode/code/invalid"},
		{w.app("grant_type", "password"), 400, "Bad Request Application/grant_type/invalid"},
	} {
		if a := w.do("POST", "/oauth/token", "", c.form); a.status != c.status || a.fault() != c.fault {
			t.Errorf("%d %s, want %d %s", a.status, a.fault(), c.status, c.fault)
		}
	}
}

func TestCapacity(t *testing.T) {
	w := start(t, stravatest.Config{AutoApprove: true, Capacity: 1})
	second := w.AddAthlete(seasonOf(2, 3))
	w.SetApproval(stravatest.Approval{Auto: true, AthleteID: second})
	const full = "Limit of connected athletes exceeded"
	if a := w.do("GET", w.authorizeURL("read"), "", nil); a.status != 403 || a.fault() != full {
		t.Errorf("authorise: %d %s", a.status, a.body)
	}
	w.SetCapacity(2)
	back := w.redirect(w.do("GET", w.authorizeURL("read"), "", nil))
	w.SetCapacity(1)
	if a := w.do("POST", "/oauth/token", "", w.app("grant_type", "authorization_code", "code", back.Get("code"))); a.status != 403 || a.fault() != full {
		t.Errorf("exchange: %d %s", a.status, a.body)
	}
	w.SetApproval(stravatest.Approval{Auto: true, AthleteID: w.me}) // connected already: no further athlete
	w.redirect(w.do("GET", w.authorizeURL("read"), "", nil))
}

func (w *world) revoke(token, secret string) answer {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), "POST", w.url+"/oauth/revoke", strings.NewReader(url.Values{"token": {token}}.Encode()))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(w.ClientID(), secret)
	res, err := client.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.Fatal(err)
	}
	return answer{w.T, res.StatusCode, res.Header, b}
}

func TestRevoke(t *testing.T) {
	w := start(t, stravatest.Config{})
	granted := w.Grant(w.me, "read", "activity:read")
	got, _ := w.refresh(granted)
	if a := w.revoke(granted, "wrong"); a.status != 401 || compact(a.body) != `{"message":"Authorization Error","errors":[]}` {
		t.Errorf("wrong secret: %d %s", a.status, a.body)
	}
	if a := w.revoke("", w.ClientSecret()); a.status != 400 {
		t.Errorf("no token: %d", a.status)
	}
	for _, token := range []string{"unknown", granted, granted} {
		if a := w.revoke(token, w.ClientSecret()); a.status != 200 || len(a.body) != 0 {
			t.Errorf("revoking: %d %q", a.status, a.body)
		}
	}
	if a := w.do("GET", "/api/v3/athlete", got.Access, nil); a.status != 401 {
		t.Errorf("the access token after its grant was revoked: %d", a.status)
	}
	if _, a := w.refresh(granted); a.status != 400 {
		t.Errorf("the refresh token after its revocation: %d", a.status)
	}
	if a := w.do("GET", "/api/v3/athlete", w.token, nil); a.status != 200 {
		t.Errorf("another grant of the athlete: %d", a.status)
	}
	a := w.do("POST", "/oauth/deauthorize", w.token, nil)
	if a.status != 200 || compact(a.body) != `{"access_token":"`+w.token+`"}` {
		t.Errorf("deauthorise: %d %s", a.status, a.body)
	}
	if a := w.do("POST", "/oauth/deauthorize", w.token, nil); a.status != 401 {
		t.Errorf("a second time: %d", a.status)
	}
}

func TestSecretsComeFromTheSeed(t *testing.T) {
	make3 := func(seed uint64) []string {
		s := stravatest.New(stravatest.Config{Seed: seed, Activities: 1, Now: func() time.Time { return noon }})
		return []string{s.ClientID(), s.ClientSecret(), s.Grant(s.Athletes()[0].ID)}
	}
	if !slices.Equal(make3(4), make3(4)) || slices.Equal(make3(4)[1:], make3(5)[1:]) {
		t.Error("credentials must depend on the seed and nothing else")
	}
}
