package e2e

import (
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"musette/strava"
	"musette/strava/stravatest"
)

// callback is the address that Strava has for events.
func (w *world) callback() string {
	w.t.Helper()
	client, err := strava.New(strava.WithApp(w.ClientID(), strava.Secret(w.ClientSecret())), strava.WithAPIURL(w.at.APIURL), strava.WithOAuthURL(w.at.OAuthURL))
	must(w.t, err)
	defer client.Close()
	list, _, err := client.Subscriptions(w.t.Context())
	must(w.t, err)
	if len(list) != 1 {
		w.t.Fatalf("%d subscriptions", len(list))
	}
	return list[0].CallbackURL
}

// withoutPhotos is a list of activities without what changes by itself: a photo's address, once its picture is kept.
func withoutPhotos(list string) string { return photoList.ReplaceAllString(list, `"photos":[]`) }

var photoList = regexp.MustCompile(`"photos":\s*\[[^\]]*\]`)

// Whoever has found the webhook's address and sends what isn't right gets one clear answer each time; nothing is
// changed, nothing is called, and the log has each kind once, however often it comes.
func TestHostileCallsOfTheWebhook(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 18, Activities: 20, Limits: plenty})
	p, serve := w.program().reachable()
	s := serve()
	s.until("everything here", func() bool { return s.settled() })
	p.must("webhook", "create")
	callback := w.callback()
	listed, calls := withoutPhotos(p.must("activities", "--json")), len(w.Calls())

	good := stravatest.Event{
		ObjectType: "activity", ObjectID: w.activities()[0].ID, AspectType: "delete", OwnerID: w.athlete.ID, SubscriptionID: 271_001, EventTime: time.Now().Unix(),
	}
	events := map[string]func(*stravatest.Event){
		"another subscription": func(e *stravatest.Event) { e.SubscriptionID++ },
		"another object_type":  func(e *stravatest.Event) { e.ObjectType = "segment" },
		"another aspect_type":  func(e *stravatest.Event) { e.AspectType = "destroy" },
		"no id":                func(e *stravatest.Event) { e.ObjectID = 0 },
		"a negative id":        func(e *stravatest.Event) { e.ObjectID = -5 },
		"no time":              func(e *stravatest.Event) { e.EventTime = 0 },
		"an athlete of others": func(e *stravatest.Event) { e.ObjectType, e.ObjectID = "athlete", 4 },
	}
	bodies := map[string]struct {
		body   string
		status int
	}{
		"not JSON":     {"aspect_type=delete", http.StatusBadRequest},
		"cut short":    {`{"object_type":"activity","object_id":1`, http.StatusBadRequest},
		"a list":       {`[1,2,3]`, http.StatusBadRequest},
		"over 64 KiB":  {`{"x":"` + strings.Repeat("x", 64<<10) + `"}`, http.StatusRequestEntityTooLarge},
		"text for ids": {`{"object_type":"activity","object_id":"one","aspect_type":"update","owner_id":2,"subscription_id":3,"event_time":4}`, http.StatusBadRequest},
	}
	post := func(body string) answer {
		req, err := http.NewRequestWithContext(t.Context(), "POST", callback, strings.NewReader(body))
		must(t, err)
		req.Header.Set("Content-Type", "application/json")
		return fetch(t, s.client, req)
	}
	for range 3 {
		for name, spoil := range events {
			e := good
			spoil(&e)
			if status, err := w.Spoof(t.Context(), e); err != nil || status != http.StatusBadRequest {
				t.Errorf("%s: answered %d, %v", name, status, err)
			}
		}
		for name, b := range bodies {
			if a := post(b.body); a.StatusCode != b.status || !strings.HasPrefix(a.Header.Get("Content-Type"), "application/problem+json") {
				t.Errorf("%s: answered %s, %s", name, a.Status, shorten(a.body))
			}
		}
		forged := url.Values{"hub.mode": {"subscribe"}, "hub.challenge": {"0123456789abcdef"}, "hub.verify_token": {"guessed"}}
		a := s.at(callback).get("?" + forged.Encode()).want(http.StatusForbidden)
		if strings.Contains(a.body, "0123456789abcdef") {
			t.Errorf("a forged challenge is repeated: %s", a.body)
		}
		s.at(callback[:len(callback)-4] + "beef").get("?" + forged.Encode()).want(http.StatusNotFound)
	}
	// An athlete nobody here knows costs nothing either; to Strava it is acknowledged.
	e := good
	e.OwnerID = 4242
	if status, err := w.Spoof(t.Context(), e); err != nil || status != http.StatusOK {
		t.Errorf("an unknown athlete: answered %d, %v", status, err)
	}
	if n := len(w.Calls()) - calls; n != 0 || withoutPhotos(p.must("activities", "--json")) != listed {
		t.Errorf("%d calls were made, or what is listed has changed", n)
	}
	s.stop(os.Interrupt)
	log := s.stderr.String()
	if n := strings.Count(log, `"WARN"`); n != 4 {
		t.Errorf("the log has %d warnings, want one each of events, bodies, sizes and validations\n%s", n, log)
	}
	if secret := callback[strings.LastIndexByte(callback, '/')+1:]; strings.Contains(log, secret) || strings.Contains(log, "guessed") {
		t.Error("the log holds the address's secret, or a token")
	}
	p.must("sync")
	w.complete(p)
	p.wantSound()
}
