package e2e

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/strava/stravatest"
	"musette/strava/stravatest/season"
)

// world is a simulated Strava on the loopback, with one athlete.
type world struct {
	*stravatest.Server
	t       testing.TB
	at      *stravatest.Listening
	athlete season.Athlete
	refresh string // a refresh token of the athlete's
}

// plenty are limits that no test reaches.
var plenty = stravatest.Limits{OverallQuarter: 20000, OverallDay: 200000, ReadQuarter: 10000, ReadDay: 100000}

func newWorld(t testing.TB, c stravatest.Config) *world {
	t.Helper()
	c.PicturePX = cmp.Or(c.PicturePX, 64)
	w := &world{t: t, Server: stravatest.New(c)}
	var err error
	if w.at, err = w.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.at.Close() })
	w.athlete = w.Athletes()[0]
	w.refresh = w.Grant(w.athlete.ID)
	return w
}

// app are the settings of the app, without an athlete.
func (w *world) app() []string {
	return []string{
		"STRAVA_API_URL=" + w.at.APIURL, "STRAVA_OAUTH_URL=" + w.at.OAuthURL,
		"STRAVA_CLIENT_ID=" + w.ClientID(), "STRAVA_CLIENT_SECRET=" + w.ClientSecret(),
	}
}

// program is musette with this Strava and its athlete.
func (w *world) program() *program {
	w.t.Helper()
	return newProgram(w.t).with(w.app()...).with("STRAVA_REFRESH_TOKEN=" + w.refresh)
}

// activities is what is true, newest first.
func (w *world) activities() []season.Activity { return w.Activities(w.athlete.ID) }

// least is how few calls can mirror this Strava: lists in pages of 200 (one of them to see the end where the last
// page is full), the athlete, a detail of each, photos and pages of comments where there are any.
func (w *world) least() int {
	all := w.activities()
	n := 1 + len(all)/200 + 1
	for i := range all {
		n++
		if len(all[i].Photos) > 0 {
			n++
		}
		if c := len(all[i].Comments); c > 0 {
			n += 1 + (c-1)/30
		}
	}
	return n
}

// differences says in what activities, as a reader got them, are other than what is true.
func (w *world) differences(got []musette.Activity) (out []string) {
	here := map[int64]*musette.Activity{}
	for i := range got {
		here[got[i].ID] = &got[i]
	}
	if len(here) != len(got) {
		out = append(out, fmt.Sprintf("%d activities are there twice", len(got)-len(here)))
	}
	truth := w.activities()
	for i := range truth {
		want := &truth[i]
		if a, ok := here[want.ID]; ok {
			out = append(out, compare(want, a)...)
			delete(here, want.ID)
		} else {
			out = append(out, fmt.Sprintf("activity %d is missing", want.ID))
		}
	}
	for id := range here {
		out = append(out, fmt.Sprintf("activity %d is not on Strava", id))
	}
	slices.Sort(out)
	return out
}

// compare compares an activity that is to be complete with the truth.
func compare(want *season.Activity, got *musette.Activity) (out []string) {
	differs := func(what string, w, g any) {
		if w != g {
			out = append(out, fmt.Sprintf("activity %d: %s is %v, on Strava %v", want.ID, what, g, w))
		}
	}
	differs("name", want.Name, got.Name)
	differs("sport", want.SportType, got.SportType)
	differs("visibility", want.Visibility, got.Visibility)
	differs("description", text(want.Description), text(got.Description))
	differs("missing", "[]", fmt.Sprint(got.Missing))
	differs("moving time", int(want.Moving.Seconds()), got.MovingS)
	differs("kudos", len(want.Kudos), got.Kudos)
	polyline := ""
	if got.Map != nil {
		polyline = got.Map.Polyline
	}
	differs("route", want.Polyline(), polyline)
	differs("number of photos", len(want.Photos), len(got.Photos))
	var texts, shown []string
	for _, c := range want.Comments {
		texts = append(texts, c.Text)
	}
	for _, c := range got.Comments {
		shown = append(shown, c.Text)
	}
	differs("comments", fmt.Sprintf("%q", texts), fmt.Sprintf("%q", shown))
	return out
}

func id(n int64) string { return strconv.FormatInt(n, 10) }

func text(s *string) string {
	if s == nil {
		return "(none)"
	}
	return fmt.Sprintf("%q", *s)
}

// complete fails the test unless `musette activities --json` shows all that is true, and nothing else.
func (w *world) complete(p *program) {
	w.t.Helper()
	if d := w.differences(p.activities()); len(d) > 0 {
		w.t.Errorf("%d differences from Strava, such as\n%s", len(d), strings.Join(d[:min(5, len(d))], "\n"))
	}
}

// activities are what `musette activities --json` prints.
func (p *program) activities() []musette.Activity {
	p.t.Helper()
	return decode[[]musette.Activity](p.t, p.must("activities", "--json"))
}

func decode[T any](t testing.TB, text string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, shorten(text))
	}
	return v
}

// status is the last line on stdout, as status and sync print it.
func (o outcome) status(t testing.TB) musette.Status {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(o.stdout, "\n"), "\n")
	return decode[musette.Status](t, lines[len(lines)-1])
}
