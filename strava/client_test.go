package strava_test

import (
	"net/http"
	"strings"
	"testing"

	"musette/strava"
)

func TestBadOptions(t *testing.T) {
	for name, opt := range map[string]strava.Option{
		"no scheme":      strava.WithAPIURL("www.strava.com/api/v3"),
		"other scheme":   strava.WithOAuthURL("ftp://www.strava.com"),
		"no host":        strava.WithPushURL("https:///push"),
		"empty":          strava.WithAPIURL(""),
		"not a URL":      strava.WithAPIURL("http://hunter2\x7f"),
		"with user":      strava.WithAPIURL("https://me:hunter2@www.strava.com"),
		"with query":     strava.WithAPIURL("https://www.strava.com/?key=hunter2"),
		"with fragment":  strava.WithAPIURL("https://www.strava.com/#hunter2"),
		"no transport":   strava.WithTransport(nil),
		"no time":        strava.WithTimeout(0),
		"no client id":   strava.WithApp("", "hunter2"),
		"no secret":      strava.WithApp("4711", ""),
		"no user agent":  strava.WithUserAgent(""),
		"two user lines": strava.WithUserAgent("a\r\nX: hunter2"),
	} {
		c, err := strava.New(opt)
		if err == nil || c != nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: repeats a secret: %v", name, err)
		}
	}
}

func TestAddresses(t *testing.T) {
	var got string
	record := strava.WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
		got = r.URL.Scheme + "://" + r.URL.Host + r.URL.Path
		return &http.Response{StatusCode: 500, Header: http.Header{}, Body: http.NoBody}, nil
	}))
	app := strava.WithApp("4711", appSecret)
	for name, tc := range map[string]struct {
		opts             []strava.Option
		api, oauth, push string
	}{
		"defaults": {
			nil,
			"https://www.strava.com/api/v3/athlete", "https://www.strava.com/oauth/token",
			"https://www.strava.com/api/v3/push_subscriptions",
		},
		"API moves, push with it": {
			[]strava.Option{strava.WithAPIURL("https://api-v3.strava.com/")},
			"https://api-v3.strava.com/athlete", "https://www.strava.com/oauth/token",
			"https://api-v3.strava.com/push_subscriptions",
		},
		"all apart": {
			[]strava.Option{strava.WithPushURL("http://c/p/"), strava.WithOAuthURL("http://b:1/o//"), strava.WithAPIURL("http://a")},
			"http://a/athlete", "http://b:1/o/token", "http://c/p",
		},
	} {
		c, err := strava.New(append(tc.opts, record, app)...)
		if err != nil {
			t.Fatal(name, err)
		}
		_, _, _ = c.Athlete(t.Context(), token)
		if got != tc.api {
			t.Errorf("%s: %s", name, got)
		}
		_, _, _ = c.Refresh(t.Context(), refreshToken)
		if got != tc.oauth {
			t.Errorf("%s: %s", name, got)
		}
		_, _, _ = c.Subscriptions(t.Context())
		if got != tc.push {
			t.Errorf("%s: %s", name, got)
		}
	}
}
