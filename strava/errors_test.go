package strava_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"musette/strava"
)

func fault(message, resource, field, code string) string {
	return fmt.Sprintf(`{"message":%q,"errors":[{"resource":%q,"field":%q,"code":%q}]}`, message, resource, field, code)
}

const webPage = "<!DOCTYPE html>\n<html><body><h1>502 Bad Gateway</h1></body></html>"

// TestRefusalsOfTheAPI has a case for every row of what Strava is known to
// answer to calls with an athlete's token.
func TestRefusalsOfTheAPI(t *testing.T) {
	applicationInvalid := fault("Authorization Error", "Application", "", "invalid")
	for name, tc := range map[string]struct {
		status int
		body   string
		want   strava.Kind
	}{
		"after in the future":       {400, fault("Bad Request", "Application", "after", "future"), strava.KindBadRequest},
		"400 without a fault":       {400, ``, strava.KindBadRequest},
		"400 of the token endpoint": {400, fault("Bad Request", "RefreshToken", "refresh_token", "invalid"), strava.KindBadRequest},
		"token invalid":             {401, fault("Authorization Error", "Athlete", "access_token", "invalid"), strava.KindUnauthorized},
		"token invalid, of 2020":    {401, applicationInvalid, strava.KindUnauthorized},
		"401 in HTML":               {401, webPage, strava.KindUnauthorized},
		"scope missing":             {401, fault("Authorization Error", "AccessToken", "activity:read_permission", "missing"), strava.KindScope},
		"subscribers only":          {402, fault("Payment Required", "Athlete", "", ""), strava.KindPayment},
		"subscribers only, as 403":  {403, `{"message":"Payment Required","errors":[]}`, strava.KindPayment},
		"app inactive":              {403, fault("Forbidden", "Application", "Status", "Inactive"), strava.KindInactive},
		"app inactive, small":       {403, fault("Forbidden", "application", "status", "inactive"), strava.KindInactive},
		"app inactive, second":      {403, `{"message":"Forbidden","errors":[{},{"resource":"Application","field":"Status","code":"Inactive"}]}`, strava.KindInactive},
		"athlete limit":             {403, `{"message":"Limit of connected athletes exceeded","errors":[]}`, strava.KindAthleteLimit},
		"other 403":                 {403, fault("Forbidden", "Activity", "", "invalid"), strava.KindForbidden},
		"403 in HTML":               {403, webPage, strava.KindForbidden},
		"activity gone":             {404, fault("Resource Not Found", "Activity", "", "not found"), strava.KindGone},
		"activity gone, older":      {404, fault("Record Not Found", "Activity", "id", "invalid"), strava.KindGone},
		"unknown path":              {404, fault("Record Not Found", "resource", "path", "invalid"), strava.KindNotFound},
		"404 in HTML":               {404, webPage, strava.KindNotFound},
		"404 empty":                 {404, ``, strava.KindNotFound},
		"404 with {}":               {404, `{}`, strava.KindNotFound},
		"404 with a list":           {404, `[{"resource":"Activity"}]`, strava.KindNotFound},
		"408":                       {408, ``, strava.KindTimeout},
		"410":                       {410, ``, strava.KindOther},
		"429, to 2022":              {429, fault("Rate Limit Exceeded", "Application", "rate limit", "exceeded"), strava.KindRateLimit},
		"429, overall":              {429, fault("Rate Limit Exceeded", "Application", "overall rate limit", "exceeded"), strava.KindRateLimit},
		"429, read":                 {429, fault("Rate Limit Exceeded", "Application", "read rate limit", "exceeded"), strava.KindRateLimit},
		"429, odd errors":           {429, `{"errors":"Rate Limit Exceeded","message":7}`, strava.KindRateLimit},
		"429 in HTML":               {429, webPage, strava.KindRateLimit},
		"500":                       {500, `{"message":"error","errors":[]}`, strava.KindServer},
		"502 in HTML":               {502, webPage, strava.KindServer},
		"503 empty":                 {503, ``, strava.KindServer},
		"597":                       {597, `x`, strava.KindServer},
		"202":                       {202, `{"id":7}`, strava.KindOther},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := setup(t, says(tc.status, tc.body))
			detail, answer, err := c.Activity(t.Context(), token, 7, strava.ActivityOptions{})
			e := wantKind(t, err, tc.want)
			if e.Status != tc.status || e.Op != "GET activities/7" || detail != nil {
				t.Errorf("%+v, %v", e, detail)
			}
			if answer == nil || answer.Status != tc.status || string(answer.Body) != tc.body || answer.Date.IsZero() {
				t.Errorf("answer %+v", answer)
			}
		})
	}
}

func TestFaultIsKept(t *testing.T) {
	c := setup(t, says(429, fault("Rate Limit Exceeded", "Application", "read rate limit", "exceeded")))
	_, _, err := c.Athlete(t.Context(), token)
	e := wantKind(t, err, strava.KindRateLimit)
	want := &strava.Fault{
		Message: "Rate Limit Exceeded",
		Errors:  []strava.FaultError{{Resource: "Application", Field: "read rate limit", Code: "exceeded"}},
	}
	if diff := cmp.Diff(want, e.Fault); diff != "" {
		t.Error(diff)
	}
	const text = "GET athlete: the rate limit of the Strava application is used up (status 429, Rate Limit Exceeded; Application read rate limit exceeded)"
	if e.Error() != text {
		t.Errorf("%q", e.Error())
	}
}

func TestRetryAfter(t *testing.T) {
	date := time.Date(2026, 7, 21, 15, 20, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":            0,
		"60":          time.Minute,
		" 60 ":        time.Minute,
		"0":           0,
		"-5":          0,
		"1.5":         0,
		"soon":        0,
		"604800":      24 * time.Hour,
		"99999999999": 24 * time.Hour,
		date.Add(10 * time.Minute).Format(http.TimeFormat): 10 * time.Minute,
		date.Add(-time.Hour).Format(http.TimeFormat):       0,
		date.AddDate(1, 0, 0).Format(http.TimeFormat):      24 * time.Hour,
		"Tue, 99 Jul 2026 15:20:00 GMT":                    0,
	} {
		c := setup(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", date.Format(http.TimeFormat)) // far from the local clock
			w.Header().Set("Retry-After", value)
			w.WriteHeader(http.StatusTooManyRequests)
		})
		_, answer, err := c.Athlete(t.Context(), token)
		if e := wantKind(t, err, strava.KindRateLimit); e.RetryAfter != want {
			t.Errorf("%q: %v, want %v", value, e.RetryAfter, want)
		}
		if !answer.Date.Equal(date) {
			t.Errorf("date %v", answer.Date)
		}
	}
}

func TestKindOf(t *testing.T) {
	e := &strava.Error{Kind: strava.KindGone, Op: "GET activities/7"}
	for _, tc := range []struct {
		err  error
		want strava.Kind
	}{
		{nil, strava.KindNone},
		{io.EOF, strava.KindOther},
		{e, strava.KindGone},
		{fmt.Errorf("fetch detail of activity 7: %w", e), strava.KindGone},
		{errors.Join(io.EOF, e), strava.KindGone},
	} {
		if got := strava.KindOf(tc.err); got != tc.want {
			t.Errorf("%v: %q", tc.err, got)
		}
	}
}

// TestEchoedSecrets: a server, or a transport, that repeats what it was sent
// must not get it into an error.
func TestEchoedSecrets(t *testing.T) {
	echo := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm()
			said := r.Header.Get("Authorization") + " " + strings.ReplaceAll(r.Form.Encode(), "client_secret", "cs")
			says(status, fault(said, said, said, said))(w, r)
		}
	}
	failing := strava.WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
		body := []byte{}
		if r.Body != nil {
			body, _ = io.ReadAll(r.Body)
		}
		return nil, errors.New(strings.ReplaceAll(fmt.Sprint(r.Header, r.URL, string(body)), "client_secret", "cs"))
	}))
	for name, c := range map[string]*strava.Client{
		"fault":     setup(t, echo(400)),
		"5xx":       setup(t, echo(503)),
		"transport": newClient(t, "http://strava.test", failing),
	} {
		ctx := t.Context()
		errs := map[string]error{}
		_, _, errs["athlete"] = c.Athlete(ctx, token)
		_, _, errs["exchange"] = c.Exchange(ctx, code)
		_, _, errs["refresh"] = c.Refresh(ctx, refreshToken)
		_, errs["revoke"] = c.Revoke(ctx, refreshToken)
		_, errs["deauthorize"] = c.Deauthorize(ctx, token)
		_, _, errs["create"] = c.CreateSubscription(ctx, "https://example.org/hook/"+code, verifyToken)
		_, _, errs["list"] = c.Subscriptions(ctx)
		_, errs["delete"] = c.DeleteSubscription(ctx, 271828)
		for call, err := range errs {
			if err == nil {
				t.Fatalf("%s, %s: no error", name, call)
			}
			e, _ := errors.AsType[*strava.Error](err)
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%c", "%t"} {
				wantNoSecret(t, fmt.Sprintf(verb, err))
				wantNoSecret(t, fmt.Sprintf(verb, *e))
				wantNoSecret(t, fmt.Sprintf(verb, e.Fault))
				wantNoSecret(t, fmt.Sprintf(verb, e.Err))
			}
			if !strings.Contains(err.Error(), "***") && call != "revoke" && name != "5xx" {
				t.Errorf("%s, %s: nothing was scrubbed, so nothing was tested: %v", name, call, err)
			}
		}
	}
}

func TestErrorTextIsOneShortLine(t *testing.T) {
	c := setup(t, says(404, fault("a\nb\x1b[31m"+strings.Repeat("ä", 5000), "r", "", "")))
	_, _, err := c.Athlete(t.Context(), token)
	if text := err.Error(); len(text) > 500 || strings.ContainsAny(text, "\n\x1b") {
		t.Errorf("%d bytes: %q", len(text), text)
	}
	if err := (&strava.Error{Kind: "new", Err: context.Canceled}).Error(); err != "unexpected answer: context canceled" {
		t.Errorf("%q", err)
	}
}

// TestScrubbedCauseIsStillFound: taking a token out of a text must not cut
// the cause off.
func TestScrubbedCauseIsStillFound(t *testing.T) {
	c := newClient(t, "http://strava.test", strava.WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("dial with %s: %w", r.Header.Get("Authorization"), io.ErrClosedPipe)
	})))
	_, _, err := c.Athlete(t.Context(), token)
	wantKind(t, err, strava.KindTransport)
	if !errors.Is(err, io.ErrClosedPipe) || !strings.Contains(err.Error(), "***") {
		t.Error(err)
	}
}
