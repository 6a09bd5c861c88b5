package torture

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/strava/stravatest"
)

// A world is a simulated Strava on the loopback. It lives in the test's process, so it outlives whatever is killed.
type world struct {
	*stravatest.Server
	t  testing.TB
	at *stravatest.Listening
}

func newWorld(t testing.TB, c stravatest.Config) *world {
	t.Helper()
	w := &world{t: t, Server: stravatest.New(c)}
	var err error
	w.at, err = w.Listen("127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = w.at.Close() })
	return w
}

// plenty are limits that no test reaches.
var plenty = stravatest.Limits{OverallQuarter: 100_000, OverallDay: 1_000_000, ReadQuarter: 100_000, ReadDay: 1_000_000}

// secretKey seals the tokens of every instance of a test.
const secretKey = "MUSETTE_SECRET_KEY=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

// program is musette with this Strava and its first athlete.
func (w *world) program() *program {
	w.t.Helper()
	return newProgram(w.t).with(
		"STRAVA_API_URL="+w.at.APIURL, "STRAVA_OAUTH_URL="+w.at.OAuthURL, "STRAVA_CLIENT_ID="+w.ClientID(),
		"STRAVA_CLIENT_SECRET="+w.ClientSecret(), "STRAVA_REFRESH_TOKEN="+w.Grant(w.Athletes()[0].ID), secretKey,
	)
}

// differences says in what activities, as a reader got them, are other than what is true of the first athlete.
func (w *world) differences(got []musette.Activity) (out []string) {
	here := map[int64]*musette.Activity{}
	for i := range got {
		here[got[i].ID] = &got[i]
	}
	if len(here) != len(got) {
		out = append(out, fmt.Sprintf("%d activities are there twice", len(got)-len(here)))
	}
	for _, want := range w.Activities(w.Athletes()[0].ID) {
		a := here[want.ID]
		if delete(here, want.ID); a == nil {
			out = append(out, fmt.Sprintf("activity %d is missing", want.ID))
			continue
		}
		polyline := ""
		if a.Map != nil {
			polyline = a.Map.Polyline
		}
		var said, shown []string
		for _, c := range want.Comments {
			said = append(said, c.Text)
		}
		for _, c := range a.Comments {
			shown = append(shown, c.Text)
		}
		truth := fmt.Sprintf("%q %q %q %q %d photos %q", want.Name, want.SportType, deref(want.Description), want.Polyline(), len(want.Photos), said)
		if have := fmt.Sprintf("%q %q %q %q %d photos %q", a.Name, a.SportType, deref(a.Description), polyline, len(a.Photos), shown); have != truth {
			out = append(out, fmt.Sprintf("activity %d is %s, on Strava %s", want.ID, have, truth))
		}
		if len(a.Missing) > 0 {
			out = append(out, fmt.Sprintf("activity %d lacks %v", want.ID, a.Missing))
		}
	}
	for id := range here {
		out = append(out, fmt.Sprintf("activity %d is not on Strava", id))
	}
	return out
}

// wantComplete fails the test unless `musette activities --json` shows all that is true, and nothing else.
func (w *world) wantComplete(p *program) {
	w.t.Helper()
	var got []musette.Activity
	must(w.t, json.Unmarshal([]byte(p.must("activities", "--json")), &got))
	if d := w.differences(got); len(d) > 0 {
		w.t.Errorf("%d differences from Strava, such as\n%s", len(d), strings.Join(d[:min(5, len(d))], "\n"))
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
