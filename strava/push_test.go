package strava_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"musette/strava"
)

const pushPath = apiPath + "/push_subscriptions"

func TestCreateSubscription(t *testing.T) {
	const callback = "https://cache.example.org/webhook/7f3c"
	for _, status := range []int{200, 201} {
		c := setup(t, func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm()
			want := url.Values{
				"client_id": {"4711"}, "client_secret": {appSecret.Reveal()},
				"callback_url": {callback}, "verify_token": {verifyToken.Reveal()},
			}
			if diff := cmp.Diff(want, r.PostForm); diff != "" || r.Method != http.MethodPost || r.RequestURI != pushPath {
				t.Errorf("%s %s %s", r.Method, r.RequestURI, diff)
			}
			if r.Header.Get("Authorization") != "" {
				t.Error("an athlete's token")
			}
			says(status, `{"id":271828}`)(w, r)
		})
		s, _, err := c.CreateSubscription(t.Context(), callback, verifyToken)
		if err != nil || s.ID != 271828 {
			t.Errorf("%+v, %v", s, err)
		}
	}
}

func TestRefusalsOfPush(t *testing.T) {
	for body, want := range map[string]struct {
		status int
		kind   strava.Kind
	}{
		fault("Bad Request", "PushSubscription", "", "already exists"):                                      {400, strava.KindBadRequest},
		fault("Bad Request", "PushSubscription", "callback url", "not verifiable"):                          {400, strava.KindBadRequest},
		fault("Bad Request", "PushSubscription", "callback url", "GET to callback URL does not return 200"): {400, strava.KindBadRequest},
		fault("Bad Request", "Application", "client_id", "invalid"):                                         {400, strava.KindClientID},
		fault("Authorization Error", "Application", "", "invalid"):                                          {401, strava.KindClientSecret},
		fault("Forbidden", "Application", "Status", "Inactive"):                                             {403, strava.KindInactive},
		webPage: {502, strava.KindServer},
	} {
		c := setup(t, says(want.status, body))
		_, _, err := c.CreateSubscription(t.Context(), "https://cache.example.org", verifyToken)
		e := wantKind(t, err, want.kind)
		if want.status == 400 && (e.Fault == nil || e.Fault.Errors[0].Code == "") {
			t.Errorf("the reason is lost: %+v", e)
		}
	}
	c := setup(t, says(200, `{}`))
	_, _, err := c.CreateSubscription(t.Context(), "https://cache.example.org", verifyToken)
	wantKind(t, err, strava.KindMismatch)
}

func TestSubscriptions(t *testing.T) {
	const one = `{"id":271828,"resource_state":2,"application_id":4711,"callback_url":"https://cache.example.org/w","created_at":"2026-06-15T18:30:00Z"}`
	credentials := url.Values{"client_id": {"4711"}, "client_secret": {appSecret.Reveal()}}
	for body, want := range map[string][]strava.Subscription{
		`[]`: {},
		"[ " + one + " ]": {{
			ID: 271828, ApplicationID: 4711, CallbackURL: "https://cache.example.org/w",
			CreatedAt: time.Date(2026, 6, 15, 18, 30, 0, 0, time.UTC), Raw: []byte(one),
		}},
	} {
		c := setup(t, func(w http.ResponseWriter, r *http.Request) {
			if diff := cmp.Diff(credentials, r.URL.Query()); diff != "" || r.Method != http.MethodGet || r.URL.Path != pushPath {
				t.Errorf("%s %s %s", r.Method, r.URL.Path, diff)
			}
			says(200, body)(w, r)
		})
		got, _, err := c.Subscriptions(t.Context())
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
	}
}

func TestDeleteSubscription(t *testing.T) {
	c := setup(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodDelete || r.URL.Path != pushPath+"/271828" || r.URL.Query().Get("client_secret") != appSecret.Reveal() {
			t.Errorf("%s %s", r.Method, r.URL.Path)
		}
		w.WriteHeader(http.StatusNoContent)
	})
	if answer, err := c.DeleteSubscription(t.Context(), 271828); err != nil || answer.Status != 204 {
		t.Error(answer, err)
	}
	c = setup(t, says(404, fault("Resource Not Found", "PushSubscription", "id", "invalid")))
	_, err := c.DeleteSubscription(t.Context(), 5)
	wantKind(t, err, strava.KindNotFound)
}
