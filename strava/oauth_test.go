package strava_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"musette/strava"
)

// wantForm checks a POST of the OAuth endpoints: everything is in the body,
// nothing in the address.
func wantForm(t *testing.T, r *http.Request, path string, want url.Values) {
	t.Helper()
	if r.Method != http.MethodPost || r.RequestURI != oauthPath+path {
		t.Errorf("%s %s", r.Method, r.RequestURI)
	}
	if err := r.ParseForm(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(want, r.PostForm); diff != "" {
		t.Error(diff)
	}
}

func TestExchange(t *testing.T) {
	c := setup(t, func(w http.ResponseWriter, r *http.Request) {
		wantForm(t, r, "/token", url.Values{
			"client_id": {"4711"}, "client_secret": {appSecret.Reveal()}, "grant_type": {"authorization_code"}, "code": {code},
		})
		if r.Header.Get("Authorization") != "" {
			t.Error("an Authorization header")
		}
		says(200, `{"token_type":"Bearer","expires_at":1784668800,"expires_in":21600,"refresh_token":"ref-1","access_token":"acc-1","athlete":{"id":5150,"firstname":"Sam"}}`)(w, r)
	})
	grant, answer, err := c.Exchange(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	want := &strava.Grant{
		AccessToken: "acc-1", RefreshToken: "ref-1", ExpiresAt: time.Date(2026, 7, 21, 21, 20, 0, 0, time.UTC),
		Athlete: &strava.Athlete{ID: 5150, First: "Sam", Raw: []byte(`{"id":5150,"firstname":"Sam"}`)},
	}
	if diff := cmp.Diff(want, grant); diff != "" {
		t.Error(diff)
	}
	if answer == nil || answer.Status != 200 || answer.Body != nil {
		t.Errorf("answer %+v", answer)
	}
}

func TestRefresh(t *testing.T) {
	for name, tc := range map[string]struct {
		body string
		want *strava.Grant
	}{
		"new pair": {
			`{"access_token":"acc-2","refresh_token":"ref-2","expires_at":1784690400,"expires_in":21600}`,
			&strava.Grant{AccessToken: "acc-2", RefreshToken: "ref-2", ExpiresAt: time.Unix(1784690400, 0).UTC()},
		},
		"no new refresh token": {
			`{"access_token":"acc-2","expires_at":1784690400.0}`,
			&strava.Grant{AccessToken: "acc-2", RefreshToken: refreshToken, ExpiresAt: time.Unix(1784690400, 0).UTC()},
		},
		"the server's date counts": {
			`{"access_token":"acc-2","refresh_token":"ref-2","expires_at":null,"expires_in":"60"}`,
			&strava.Grant{AccessToken: "acc-2", RefreshToken: "ref-2", ExpiresAt: time.Date(2026, 7, 21, 15, 21, 0, 0, time.UTC)},
		},
		// A grant is worth more than the lesser members around it.
		"odd members": {
			`{"access_token":"acc-2","refresh_token":"ref-2","expires_at":{},"expires_in":[],"athlete":"Sam","scope":"read, activity:read_all"}`,
			&strava.Grant{AccessToken: "acc-2", RefreshToken: "ref-2", Scopes: []string{"read", "activity:read_all"}},
		},
		"scopes in a list": {
			`{"access_token":"acc-2","refresh_token":"ref-2","expires_in":-5,"athlete":{},"scope":["read","activity:read_all"]}`,
			&strava.Grant{AccessToken: "acc-2", RefreshToken: "ref-2", Scopes: []string{"read", "activity:read_all"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := setup(t, func(w http.ResponseWriter, r *http.Request) {
				wantForm(t, r, "/token", url.Values{
					"client_id": {"4711"}, "client_secret": {appSecret.Reveal()},
					"grant_type": {"refresh_token"}, "refresh_token": {refreshToken.Reveal()},
				})
				w.Header().Set("Date", "Tue, 21 Jul 2026 15:20:00 GMT")
				says(200, tc.body)(w, r)
			})
			grant, _, err := c.Refresh(t.Context(), refreshToken)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, grant); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTokenAnswersWithoutTokens(t *testing.T) {
	for body, want := range map[string]strava.Kind{
		`{}`:                                   strava.KindMismatch,
		`{"refresh_token":"ref-5ecret"}`:       strava.KindMismatch,
		`{"access_token":{"is":"acc-5ecret"}}`: strava.KindMismatch,
		`["acc-5ecret"]`:                       strava.KindBody,
		`{"access_token":"acc-5ecret","ref`:    strava.KindBody,
		`{"access_token":"acc-5ecret"}}`:       strava.KindBody,
		webPage:                                strava.KindBody,
	} {
		c := setup(t, says(200, body))
		grant, answer, err := c.Refresh(t.Context(), refreshToken)
		e := wantKind(t, err, want)
		if grant != nil || answer.Body != nil || strings.Contains(e.Error(), "5ecret") {
			t.Errorf("%s: %+v, %v", body, answer, e)
		}
	}
	// An exchange has no older refresh token to go on with.
	c := setup(t, says(200, `{"access_token":"acc-2"}`))
	_, _, err := c.Exchange(t.Context(), code)
	wantKind(t, err, strava.KindMismatch)
}

func TestRefusalsOfTheTokenEndpoint(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		body   string
		want   strava.Kind
	}{
		"client id":        {400, fault("Bad Request", "Application", "client_id", "invalid"), strava.KindClientID},
		"client secret":    {401, fault("Authorization Error", "Application", "", "invalid"), strava.KindClientSecret},
		"code":             {400, fault("Bad Request", "AuthorizationCode", "code", "invalid"), strava.KindCode},
		"refresh token":    {400, fault("Bad Request", "RefreshToken", "refresh_token", "invalid"), strava.KindRefreshToken},
		"no grant type":    {400, fault("Bad Request", "Application", "grant_type", "invalid"), strava.KindBadRequest},
		"400 in HTML":      {400, webPage, strava.KindBadRequest},
		"401 in HTML":      {401, webPage, strava.KindUnauthorized},
		"athlete limit":    {403, `{"message":"Limit of connected athletes exceeded","errors":[]}`, strava.KindAthleteLimit},
		"too many":         {429, ``, strava.KindRateLimit},
		"gateway":          {502, webPage, strava.KindServer},
		"inactive":         {403, fault("Forbidden", "Application", "Status", "Inactive"), strava.KindInactive},
		"unknown endpoint": {404, fault("Record Not Found", "resource", "path", "invalid"), strava.KindNotFound},
	} {
		c := setup(t, says(tc.status, tc.body))
		_, answer, err := c.Refresh(t.Context(), refreshToken)
		if e := wantKind(t, err, tc.want); e.Op != "POST oauth/token" || answer == nil {
			t.Errorf("%s: %+v, %v", name, e, answer)
		}
		_, _, err = c.Exchange(t.Context(), code)
		wantKind(t, err, tc.want)
	}
}

func TestRevoke(t *testing.T) {
	c := setup(t, func(w http.ResponseWriter, r *http.Request) {
		wantForm(t, r, "/revoke", url.Values{"token": {refreshToken.Reveal()}})
		if id, secret, ok := r.BasicAuth(); !ok || id != "4711" || secret != appSecret.Reveal() {
			t.Error("the application is not named")
		}
		w.WriteHeader(200)
	})
	if answer, err := c.Revoke(t.Context(), refreshToken); err != nil || answer.Status != 200 {
		t.Error(answer, err)
	}
	for status, want := range map[int]strava.Kind{400: strava.KindBadRequest, 401: strava.KindClientSecret, 503: strava.KindServer} {
		c := setup(t, says(status, `{"message":"Authorization Error","errors":[]}`))
		_, err := c.Revoke(t.Context(), refreshToken)
		wantKind(t, err, want)
	}
}

func TestDeauthorize(t *testing.T) {
	c := setup(t, func(w http.ResponseWriter, r *http.Request) {
		wantForm(t, r, "/deauthorize", url.Values{})
		if r.Header.Get("Authorization") != "Bearer "+token.Reveal() {
			t.Error("no token")
		}
		says(200, `{"access_token":"`+token.Reveal()+`"}`)(w, r)
	})
	if answer, err := c.Deauthorize(t.Context(), token); err != nil || answer.Body != nil {
		t.Error(answer, err)
	}
	c = setup(t, says(401, fault("Authorization Error", "Athlete", "access_token", "invalid")))
	_, err := c.Deauthorize(t.Context(), token)
	wantKind(t, err, strava.KindUnauthorized)
}

func TestAuthorizeURL(t *testing.T) {
	c := newClient(t, "https://strava.test")
	for _, force := range []bool{false, true} {
		address, err := url.Parse(c.AuthorizeURL(strava.AuthorizeOptions{
			RedirectURI: "http://127.0.0.1:8080/connect/callback?a=b&c=d", Scopes: []string{"read", "activity:read_all"}, State: "k3&q9", Force: force,
		}))
		if err != nil {
			t.Fatal(err)
		}
		if address.Host != "strava.test" || address.Path != oauthPath+"/authorize" {
			t.Errorf("%s", address)
		}
		want := url.Values{
			"client_id": {"4711"}, "redirect_uri": {"http://127.0.0.1:8080/connect/callback?a=b&c=d"}, "response_type": {"code"},
			"approval_prompt": {map[bool]string{false: "auto", true: "force"}[force]},
			"scope":           {"read,activity:read_all"}, "state": {"k3&q9"},
		}
		if diff := cmp.Diff(want, address.Query()); diff != "" {
			t.Error(diff)
		}
		wantNoSecret(t, address.String())
	}
}

func TestWithoutAnApplicationNoCallIsMade(t *testing.T) {
	c, err := strava.New(strava.WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
		t.Errorf("%s", r.URL)
		return nil, http.ErrNotSupported
	})))
	if err != nil {
		t.Fatal(err)
	}
	_, answer, err := c.Refresh(t.Context(), refreshToken)
	wantKind(t, err, strava.KindClientID)
	if answer != nil {
		t.Error("an answer")
	}
	_, _, err = c.Exchange(t.Context(), code)
	wantKind(t, err, strava.KindClientID)
	_, err = c.Revoke(t.Context(), token)
	wantKind(t, err, strava.KindClientID)
	_, _, err = c.CreateSubscription(t.Context(), "https://example.org", verifyToken)
	wantKind(t, err, strava.KindClientID)
	_, _, err = c.Subscriptions(t.Context())
	wantKind(t, err, strava.KindClientID)
	_, err = c.DeleteSubscription(t.Context(), 1)
	wantKind(t, err, strava.KindClientID)
}
