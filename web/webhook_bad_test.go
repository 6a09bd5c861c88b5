package web_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"musette/store"
	"musette/strava/stravatest"
	"musette/web"
)

func TestForgedChallenge(t *testing.T) {
	h := newHooked(t)
	const challenge = "15f7d1a91c1f40f8a748fd134752feb3"
	ask := func(path, mode, token string) reply {
		return h.get(path + "?" + url.Values{"hub.mode": {mode}, "hub.challenge": {challenge}, "hub.verify_token": {token}}.Encode())
	}
	token := h.at.VerifyToken.Reveal()
	good := ask(h.path(), "subscribe", token)
	if good.StatusCode != 200 || string(good.body) != `{"hub.challenge":"`+challenge+`"}` || good.Header.Get("Content-Type") != "application/json" {
		t.Errorf("the right one is answered by %s", good)
	}
	for _, r := range []reply{
		ask(h.path(), "subscribe", "guessed"), ask(h.path(), "subscribe", ""), ask(h.path(), "unsubscribe", token), h.get(h.path()),
		ask(h.path(), "subscribe", fmt.Sprintf("%x", h.at.Pending.TokenHash)),
		h.get(h.path() + "?hub.mode=subscribe&hub.challenge=" + challenge),
	} {
		h.wantProblem(r, 403)
		if strings.Contains(string(r.body), challenge) {
			t.Errorf("a forged challenge is repeated: %s", r)
		}
	}
	if n := strings.Count(h.log.String(), "level=WARN"); n != 1 {
		t.Errorf("the log has it %d times:\n%s", n, h.log)
	}
	h.wantProblem(h.get(h.path()+"?hub.mode=%zz"), 400)
	h.wantProblem(h.do("DELETE", h.path(), ""), 405)
}

func TestBadEvents(t *testing.T) {
	h := newHooked(t)
	id := fmt.Sprint(h.subscribe())
	owner := fmt.Sprint(h.owner())
	large := h.event(`"A"`, `"`+strings.Repeat("a", 64<<10-len(h.event())+1)+`"`)
	if len(large) != 64<<10 {
		t.Fatal(len(large))
	}
	for name, c := range map[string]struct {
		body   string
		status int
		says   string
	}{
		"another subscription":      {h.event(id, "7"), 400, "subscription 7,"},
		"no subscription":           {h.event("subscription_id", "x"), 400, "subscription 0,"},
		"another kind of object":    {h.event("activity", "route"), 400, "object_type"},
		"another aspect":            {h.event("update\"", "upgrade\""), 400, "aspect_type"},
		"no object":                 {h.event(":17,", ":0,"), 400, "object_id"},
		"an object below zero":      {h.event(":17,", ":-17,"), 400, "object_id"},
		"an object beyond all":      {h.event(":17,", ":9223372036854775808,"), 400, "object_id"},
		"an object in words":        {h.event(":17,", `:"17",`), 400, "object_id"},
		"no owner":                  {h.event("owner_id", "x"), 400, "owner_id"},
		"no time":                   {h.event("1779451200", "null"), 400, "event_time"},
		"somebody else's departure": {h.event("activity", "athlete"), 400, "owner_id"},
		"nothing":                   {"", 400, "not an event"},
		"a list":                    {"[" + h.event() + "]", 400, "not an event"},
		"half":                      {h.event()[:90], 400, "not an event"},
		"two":                       {h.event() + h.event(), 400, "not an event"},
		"a form":                    {"object_type=activity", 400, "not an event"},
		"over 64 KiB":               {large + " ", 413, "64 KiB"},
		"far over 64 KiB":           {strings.Repeat(" ", 10<<20), 413, "64 KiB"},
	} {
		if p := h.wantProblem(h.do("POST", h.path(), c.body), c.status); !strings.Contains(p.Detail, c.says) {
			t.Errorf("%s: %q", name, p.Detail)
		}
	}
	for name, body := range map[string]string{"a stranger": h.event(owner, "77"), "a stranger's departure": h.event(owner, "77", "activity", "athlete", ":17,", ":77,")} {
		if r := h.do("POST", h.path(), body); r.StatusCode != 200 {
			t.Errorf("%s: %s", name, r)
		}
	}
	if len(h.inbox()) != 0 || h.woken != 0 {
		t.Errorf("kept: %+v", h.inbox())
	}
	if r := h.do("POST", h.path(), large); r.StatusCode != 200 || len(h.inbox()) != 1 || string(h.inbox()[0].Body) != large {
		t.Errorf("64 KiB exactly: %s", r)
	}
}

// TestSpoofedEvents: strangers who know the address, but not the subscription, get nothing in, and the log says so
// once.
func TestSpoofedEvents(t *testing.T) {
	h := newHooked(t)
	id := h.subscribe()
	spoof := stravatest.Event{ObjectType: "activity", ObjectID: 5, AspectType: "delete", OwnerID: h.owner(), SubscriptionID: id + 1, EventTime: noon.Unix()}
	warnings := func() int { return strings.Count(h.log.String(), "level=WARN") }
	for range 50 {
		if status, err := h.strava.Spoof(t.Context(), spoof); status != 400 || err != nil {
			t.Fatal(status, err)
		}
		h.pass(10 * time.Minute)
	}
	if warnings() != 1 || len(h.inbox()) != 0 {
		t.Errorf("%d warnings, kept: %v\n%s", warnings(), h.inbox(), h.log)
	}
	for range 3 { // what is wrong in another way is said too, and once
		h.wantProblem(h.do("POST", h.path(), `{"object_type":`), 400)
		h.wantProblem(h.do("POST", h.path(), strings.Repeat(" ", 65<<10)), 413)
	}
	if warnings() != 3 {
		t.Errorf("%d warnings, want one for each kind\n%s", warnings(), h.log)
	}
	h.pass(time.Hour)
	h.rename("True", 0)
	h.deliver()
	if log := h.log.String(); !strings.Contains(log, "times=50") || !strings.Contains(log, "times=3") {
		t.Errorf("the log doesn't say how often\n%s", log)
	}
	h.pass(time.Hour)
	_, _ = h.strava.Spoof(t.Context(), spoof)
	if warnings() != 4 || len(h.inbox()) != 1 {
		t.Errorf("%d warnings, kept: %v", warnings(), h.inbox())
	}
}

// TestWebhookFromOtherSites: the rule about other sites' pages is not for Strava, and stays for all the rest.
func TestWebhookFromOtherSites(t *testing.T) {
	h := newHooked(t)
	h.subscribe()
	for _, header := range []string{"Origin: https://www.strava.com", "Sec-Fetch-Site: cross-site"} {
		if r := h.do("POST", h.path(), h.event(), header); r.StatusCode != 200 {
			t.Errorf("%s: %s", header, r)
		}
		for _, path := range []string{"/v1/refresh", "/login", "/logout", "/webhook"} {
			h.wantProblem(h.do("POST", path, "", header), 403)
		}
	}
}

// FuzzWebhookBody: whatever is sent, it is kept as it came or refused, and nothing else happens.
func FuzzWebhookBody(f *testing.F) {
	st, err := store.OpenMemory(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { st.Close() })
	at := web.NewCallback("https://feed.example", noon)
	at.Pending.ID = 7
	ctx := f.Context()
	err = st.Update(ctx, nil, func(tx *store.Tx) error {
		return errors.Join(tx.PutAthlete(ctx, store.Athlete{ID: 4242}), tx.PutSubscription(ctx, at.Pending))
	})
	if err != nil {
		f.Fatal(err)
	}
	h, err := web.NewWebhook(web.Config{Store: st, Woken: func() {}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{"object_type":"activity","object_id":17,"aspect_type":"update","updates":{"title":"A"},"owner_id":4242,"subscription_id":7,"event_time":1779451200}`))
	f.Add([]byte(`{"object_type":"athlete","object_id":4242,"aspect_type":"update","updates":{"authorized":"false"},"owner_id":4242,"subscription_id":7,"event_time":1}`))
	f.Add([]byte("{\"object_type\":\"activity\",\"object_id\":17,\"aspect_type\":\"delete\",\"updates\":{\"\xff\":1,\"\xff\":2},\"owner_id\":4242,\"subscription_id\":7,\"event_time\":2}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		for range 2 {
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, httptest.NewRequest("POST", strings.TrimPrefix(at.Address.Reveal(), "https://feed.example"), strings.NewReader(string(body))))
			items := inboxOf(t, st)
			switch {
			case rec.Code != 200 && rec.Code != 400 && rec.Code != 413:
				t.Fatalf("answered by %d: %s", rec.Code, rec.Body)
			case rec.Code != 200 && len(items) != 0, len(items) > 1, len(items) == 1 && string(items[0].Body) != string(body):
				t.Fatalf("answered by %d, kept: %+v", rec.Code, items)
			}
		}
		left := inboxOf(t, st)
		err := st.Update(ctx, nil, func(tx *store.Tx) error {
			for _, it := range left {
				if err := tx.DeleteInbox(ctx, it.ID); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
