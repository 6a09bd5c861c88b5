package strava_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"musette/strava"
)

const (
	token        strava.Secret = "a11ce5-access-token-of-the-athlete"
	refreshToken strava.Secret = "bad9e5-refresh-token-of-the-athlete"
	appSecret    strava.Secret = "5ec2e7-client-secret-of-the-app"
	code                       = "c0de00-authorization-code"
	verifyToken  strava.Secret = "7e5751-verify-token"

	// Paths under which a test's server answers: a mistake with absolute
	// addresses would miss them.
	apiPath   = "/base/api"
	oauthPath = "/base/oauth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// setup returns a client of a server with this one handler.
func setup(t *testing.T, handler http.HandlerFunc, opts ...strava.Option) *strava.Client {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	return newClient(t, srv.URL, opts...)
}

func newClient(t *testing.T, origin string, opts ...strava.Option) *strava.Client {
	t.Helper()
	opts = append([]strava.Option{
		strava.WithAPIURL(origin + apiPath),
		strava.WithOAuthURL(origin + oauthPath),
		strava.WithApp("4711", appSecret),
	}, opts...)
	c, err := strava.New(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// says answers every request with this status and JSON body.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// roundTrip is a transport made of one function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func wantKind(t *testing.T, err error, want strava.Kind) *strava.Error {
	t.Helper()
	if got := strava.KindOf(err); got != want {
		t.Fatalf("kind %q, want %q (%v)", got, want, err)
	}
	wantNoSecret(t, err.Error())
	e, ok := err.(*strava.Error)
	if !ok {
		t.Fatalf("the error is a %T", err)
	}
	return e
}

func wantNoSecret(t *testing.T, text string) {
	t.Helper()
	for _, s := range []string{token.Reveal(), refreshToken.Reveal(), appSecret.Reveal(), code, verifyToken.Reveal(), "client_secret"} {
		if strings.Contains(text, s) {
			t.Fatalf("a secret in %q", text)
		}
	}
}
