package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"musette/feed"
	"musette/store"
	"musette/strava"
	"musette/strava/stravatest"
	"musette/web"
)

// hooked is a server that a simulated Strava can reach, and sends its events to.
type hooked struct {
	*api
	strava *stravatest.Server
	clock  *stravatest.Clock
	client *strava.Client
	url    string // of the server
	at     web.Callback
	woken  int
}

// newHooked returns a server whose store has Strava's athlete and a pending subscription.
func newHooked(t *testing.T) *hooked {
	t.Helper()
	h := &hooked{clock: stravatest.NewClock(noon)}
	h.api = newAPI(t, web.Config{Woken: func() { h.woken++ }}, feed.Publish{})
	front := httptest.NewServer(h.server)
	h.url = front.URL
	h.strava = stravatest.New(stravatest.Config{Activities: 5, Now: h.clock.Now})
	h.strava.Grant(h.owner())
	var err error
	if h.client, err = strava.New(strava.WithApp(h.strava.ClientID(), strava.Secret(h.strava.ClientSecret())),
		strava.WithTransport(h.strava.Transport()), strava.WithPushURL("http://strava.invalid/api/v3/push_subscriptions")); err != nil {
		t.Fatal(err)
	}
	h.at = web.NewCallback(front.URL, noon)
	h.update(func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.PutAthlete(ctx, store.Athlete{ID: h.owner(), Name: "Ada"}), tx.PutSubscription(ctx, h.at.Pending))
	})
	t.Cleanup(func() {
		front.Close()
		h.client.Close()
		for _, s := range []string{h.secret(), h.at.VerifyToken.Reveal()} {
			if strings.Contains(h.log.String(), s) {
				t.Errorf("the log holds a secret:\n%s", h.log)
			}
		}
	})
	return h
}

func (h *hooked) owner() int64 { return h.strava.Athletes()[0].ID }

func (h *hooked) path() string { return strings.TrimPrefix(h.at.Address.Reveal(), h.url) }

func (h *hooked) secret() string { return strings.TrimPrefix(h.path(), "/webhook/") }

// subscribe makes the subscription as the command does.
func (h *hooked) subscribe() int64 {
	h.Helper()
	sub, _, err := h.client.CreateSubscription(h.Context(), h.at.Address.Reveal(), h.at.VerifyToken)
	if err != nil {
		h.Fatal(err)
	}
	h.at.Pending.ID = sub.ID
	h.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutSubscription(ctx, h.at.Pending) })
	return sub.ID
}

func (h *hooked) deliver() {
	h.Helper()
	if _, err := h.strava.Deliver(h.Context()); err != nil {
		h.Fatal(err)
	}
}

// rename renames the athlete's activities with these numbers, the newest being 0.
func (h *hooked) rename(name string, numbers ...int) {
	h.Helper()
	for _, i := range numbers {
		if err := h.strava.Rename(h.activity(i), name); err != nil {
			h.Fatal(err)
		}
	}
}

func (h *hooked) activity(i int) int64 { return h.strava.Activities(h.owner())[i].ID }

func (h *hooked) inbox() []store.InboxItem {
	h.Helper()
	return inboxOf(h.T, h.store)
}

func inboxOf(t *testing.T, st *store.Store) (items []store.InboxItem) {
	t.Helper()
	err := st.View(t.Context(), func(tx *store.Tx) (err error) {
		items, err = tx.Inbox(t.Context(), 20_000)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return items
}

// event is a sound event of the subscription's, with one thing changed by replacements in pairs.
func (h *hooked) event(replace ...string) string {
	return strings.NewReplacer(replace...).Replace(fmt.Sprintf(
		`{"object_type":"activity","object_id":17,"aspect_type":"update","updates":{"title":"A","private":"true"},"owner_id":%d,"subscription_id":%d,"event_time":1779451200}`,
		h.owner(), h.at.Pending.ID))
}

func TestWebhookHandshake(t *testing.T) {
	h := newHooked(t)
	id := h.subscribe()
	if list, _, err := h.client.Subscriptions(t.Context()); err != nil || len(list) != 1 || list[0].ID != id || list[0].CallbackURL != h.at.Address.Reveal() {
		t.Errorf("Strava has %v, %v", list, err)
	}
}

func TestWebhookHandshakeWithAnotherToken(t *testing.T) {
	h := newHooked(t)
	_, _, err := h.client.CreateSubscription(t.Context(), h.at.Address.Reveal(), "another token")
	if strava.KindOf(err) != strava.KindBadRequest || !strings.Contains(err.Error(), "GET to callback URL does not return 200") {
		t.Errorf("Strava says %v", err)
	}
}

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

// TestUnknownWebhook: whatever is unknown is answered as any address where there is nothing.
func TestUnknownWebhook(t *testing.T) {
	h := newHooked(t)
	h.subscribe()
	nothing := h.wantProblem(h.get("/nothing/here"), 404)
	other := strings.Map(func(r rune) rune { return 'A' }, h.secret())
	for _, secret := range []string{other, h.secret()[1:], h.secret() + "A", strings.ToUpper(h.secret()), "x", fmt.Sprintf("%x", h.at.Pending.SecretHash), "%00", h.secret() + "/"} {
		for _, r := range []reply{
			h.get("/webhook/" + secret + "?hub.mode=subscribe&hub.challenge=c&hub.verify_token=" + h.at.VerifyToken.Reveal()),
			h.do("POST", "/webhook/"+secret, h.event()),
		} {
			if got := h.wantProblem(r, 404); got != nothing {
				t.Errorf("%q: %s", secret, r)
			}
		}
	}
	if len(h.inbox()) != 0 {
		t.Error("an event was stored for a stranger")
	}
}

func TestWebhookDeliveries(t *testing.T) {
	for name, m := range map[string]stravatest.Manner{
		"once, in order": {}, "duplicates": {Duplicates: 2}, "reversed": {Reverse: true}, "reversed, with duplicates": {Reverse: true, Duplicates: 1},
		"an hour late": {Delay: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHooked(t)
			h.subscribe()
			h.strava.SetManner(m)
			h.rename("One", 0, 1)
			gone := h.activity(2)
			if err := h.strava.Delete(gone); err != nil {
				t.Fatal(err)
			}
			h.strava.Revoke(h.owner())
			sent := h.strava.Pending()
			h.clock.Advance(m.Delay)
			h.deliver()
			if m.Reverse {
				slices.Reverse(sent)
			}
			items := h.inbox()
			if len(sent) != 4 || len(items) != len(sent) || h.woken != len(sent) {
				t.Fatalf("%d events were sent, %d kept, %d times the keeper was woken", len(sent), len(items), h.woken)
			}
			for i, it := range items {
				e, err := strava.ParseEvent(it.Body)
				want := store.InboxItem{ID: it.ID, Kind: "event", AthleteID: h.owner(), ActivityID: sent[i].ObjectID, Body: it.Body, ReceivedAt: noon}
				if sent[i].ObjectType == "athlete" {
					want.ActivityID = 0
				}
				if err != nil || e.ObjectID != sent[i].ObjectID || e.AspectType != sent[i].AspectType || fmt.Sprint(it) != fmt.Sprint(want) {
					t.Errorf("event %d is kept as %+v, %v", i, it, err)
				}
			}
			for _, a := range h.strava.Attempts() {
				if a.Status != 200 {
					t.Errorf("answered by %d: %+v", a.Status, a)
				}
			}
		})
	}
}

// TestLostEvents: what never came is nowhere, and what comes afterwards is taken.
func TestLostEvents(t *testing.T) {
	h := newHooked(t)
	h.subscribe()
	h.strava.SetManner(stravatest.Manner{Loss: 1})
	h.rename("Lost", 0)
	h.strava.SetManner(stravatest.Manner{})
	h.rename("Found", 1)
	h.deliver()
	if items := h.inbox(); len(items) != 1 || items[0].ActivityID != h.activity(1) {
		t.Errorf("kept: %+v", items)
	}
}

func TestTheSameEventIsKeptOnce(t *testing.T) {
	h := newHooked(t)
	h.subscribe()
	for i, c := range []struct {
		body string
		kept int // afterwards
	}{
		{h.event(), 1},
		{h.event(), 1},
		{h.event(`"A","private":"true"`, `"A" , "private" : "true"`), 1},
		{h.event(`"title":"A","private":"true"`, `"private":"true","title":"A"`), 1},
		{h.event(`"A"`, `"B"`), 2},
		{h.event("1779451200", "1779451201"), 3},
		{h.event("update\"", "delete\""), 4},
		{h.event(`"object_id":17`, `"object_id":18`), 5},
		{h.event(`{"title":"A","private":"true"}`, `{}`), 6},
		{h.event(`{"title":"A","private":"true"}`, `null`), 6},
		{h.event(`"updates":{"title":"A","private":"true"},`, ``), 6},
		{h.event(`"object_id":17`, fmt.Sprint(`"object_id":`, h.owner())), 7},
		{h.event(`"object_id":17`, fmt.Sprint(`"object_id":`, h.owner()), "activity", "athlete"), 8},
	} {
		r := h.do("POST", h.path(), c.body)
		if n := len(h.inbox()); r.StatusCode != 200 || len(r.body) != 0 || n != c.kept || h.woken != c.kept {
			t.Errorf("%d: %s; %d are kept, woken %d times, want %d", i, r, n, h.woken, c.kept)
		}
	}
	// Once it was worked off it is a new hint.
	h.update(func(ctx context.Context, tx *store.Tx) error { return tx.DeleteInbox(ctx, h.inboxIn(tx)[0].ID) })
	h.do("POST", h.path(), h.event())
	if n := len(h.inbox()); n != 8 {
		t.Errorf("%d are kept after one was worked off and sent again", n)
	}
}

func (h *hooked) inboxIn(tx *store.Tx) []store.InboxItem {
	h.Helper()
	items, err := tx.Inbox(h.Context(), 100)
	if err != nil {
		h.Fatal(err)
	}
	return items
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

// TestPendingSubscription: an event that comes before we know the subscription's id is not lost.
func TestPendingSubscription(t *testing.T) {
	h := newHooked(t)
	made, _, err := h.client.CreateSubscription(t.Context(), h.at.Address.Reveal(), h.at.VerifyToken)
	if err != nil {
		t.Fatal(err)
	}
	h.rename("Early", 0)
	h.deliver()
	if tries := h.strava.Attempts(); len(tries) != 1 || tries[0].Status != http.StatusServiceUnavailable {
		t.Fatalf("%+v", tries)
	}
	h.at.Pending.ID = made.ID
	h.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutSubscription(ctx, h.at.Pending) })
	h.clock.Advance(2 * time.Minute)
	h.deliver()
	if len(h.inbox()) != 1 {
		t.Errorf("kept: %v", h.inbox())
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

// subscribeAt makes a subscription at a callback.
func subscribeAt(t *testing.T, fake *stravatest.Server, at web.Callback) int64 {
	t.Helper()
	client, err := strava.New(strava.WithApp(fake.ClientID(), strava.Secret(fake.ClientSecret())), strava.WithTransport(fake.Transport()),
		strava.WithPushURL("http://strava.invalid/api/v3/push_subscriptions"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	sub, _, err := client.CreateSubscription(t.Context(), at.Address.Reveal(), at.VerifyToken)
	if err != nil {
		t.Fatal(err)
	}
	return sub.ID
}
