package stravatest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"musette/strava/stravatest"
)

// hook is a callback that remembers what it was sent.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	events []stravatest.Event
	answer func(try int) int // status; nil is 200
	greet  func(w http.ResponseWriter, q url.Values)
}

func newHook(t *testing.T) *hook {
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		if r.Method == http.MethodGet {
			h.greet(w, r.URL.Query())
			return
		}
		var raw json.RawMessage
		var e stravatest.Event
		if json.NewDecoder(r.Body).Decode(&raw) != nil || json.Unmarshal(raw, &e) != nil {
			t.Errorf("no event in %s", raw)
		}
		h.bodies, h.events = append(h.bodies, string(raw)), append(h.events, e)
		if h.answer != nil {
			w.WriteHeader(h.answer(len(h.events)))
		}
	}))
	h.greet = func(w http.ResponseWriter, q url.Values) {
		if q.Get("hub.mode") == "subscribe" && q.Get("hub.verify_token") == "mine & yours" {
			_ = json.NewEncoder(w).Encode(map[string]string{"hub.challenge": q.Get("hub.challenge")})
		}
	}
	t.Cleanup(h.Close)
	return h
}

// take returns what has come since, shortened to what tests compare.
func (h *hook) take() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for _, e := range h.events {
		updates, _ := json.Marshal(e.Updates)
		out = append(out, e.AspectType+" "+e.ObjectType+" "+strconv.FormatInt(e.ObjectID, 10)+" "+string(updates))
	}
	h.events, h.bodies = nil, nil
	return out
}

func (w *world) subscribe(h *hook) answer {
	w.Helper()
	return w.do("POST", "/api/v3/push_subscriptions", "", w.app("callback_url", h.URL+"/hook?secret=1", "verify_token", "mine & yours"))
}

func (w *world) deliver() int {
	w.Helper()
	n, err := w.Deliver(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return n
}

// ok fails the test for an error of a change to the world.
func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func TestSubscription(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 1})
	h := newHook(t)
	const list = "/api/v3/push_subscriptions"
	if a := w.do("GET", list+"?"+w.app().Encode(), "", nil); a.status != 200 || string(a.body) != "[]" {
		t.Errorf("none yet: %d %s", a.status, a.body)
	}
	for what, c := range map[string]struct {
		greet func(http.ResponseWriter, url.Values)
		code  string
	}{
		"refuses":         {func(w http.ResponseWriter, _ url.Values) { w.WriteHeader(403) }, "GET to callback URL does not return 200"},
		"says nothing":    {func(http.ResponseWriter, url.Values) {}, "not verifiable"},
		"wrong challenge": {func(w http.ResponseWriter, _ url.Values) { _, _ = w.Write([]byte(`{"hub.challenge":"x"}`)) }, "not verifiable"},
	} {
		was := h.greet
		h.greet = c.greet
		if a := w.subscribe(h); a.status != 400 || a.fault() != "Bad Request PushSubscription/callback url/"+c.code {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
		h.greet = was
	}
	made := w.subscribe(h)
	var sub struct{ ID int64 }
	made.into(&sub)
	if made.status != 201 || compact(made.body) != `{"id":`+id(sub.ID)+`}` {
		t.Fatalf("%d %s", made.status, made.body)
	}
	if a := w.subscribe(h); a.status != 400 || a.fault() != "Bad Request PushSubscription//already exists" {
		t.Errorf("a second one: %d %s", a.status, a.body)
	}
	a := w.do("GET", list+"?"+w.app().Encode(), "", nil)
	want := `[{"id":` + id(sub.ID) + `,"resource_state":2,"application_id":` + w.ClientID() + `,"callback_url":"` + h.URL +
		`/hook?secret=1","created_at":"2026-07-22T12:00:07Z","updated_at":"2026-07-22T12:00:07Z"}]`
	if string(a.body) != want {
		t.Errorf("%s\nwant %s", a.body, want)
	}
	if a := w.do("GET", list+"?client_id="+w.ClientID()+"&client_secret=no", "", nil); a.status != 401 {
		t.Errorf("wrong secret: %d", a.status)
	}
	if a := w.do("DELETE", list+"/1?"+w.app().Encode(), "", nil); a.status != 404 {
		t.Errorf("deleting another: %d", a.status)
	}
	if a := w.do("DELETE", list+"/"+id(sub.ID), "", w.app()); a.status != 204 || len(a.body) != 0 { // by form
		t.Errorf("deleting: %d %s", a.status, a.body)
	}
	if a := w.subscribe(h); a.status != 201 {
		t.Errorf("anew: %d %s", a.status, a.body)
	}
}

func TestEvents(t *testing.T) {
	for _, scope := range []string{"activity:read_all", "activity:read"} {
		all := scope == "activity:read_all"
		w := start(t, stravatest.Config{Activities: 30})
		w.Revoke(w.me)
		w.Grant(w.me, "read", scope)
		h := newHook(t)
		if a := w.subscribe(h); a.status != 201 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		public := id(w.truth()[0])
		one := w.truth()[0]
		expect := func(what string, want ...string) {
			t.Helper()
			w.deliver()
			if got := h.take(); !slices.Equal(got, want) {
				t.Errorf("%s, %s: %q, want %q", scope, what, got, want)
			}
		}
		w.ok(w.SetVisibility(one, stravatest.Everyone))
		w.deliver()
		h.take()

		added, err := w.AddActivity(w.me, time.Time{})
		w.ok(err)
		if want := "create activity " + id(added) + " {}"; w.Activities(w.me)[0].Visibility != stravatest.OnlyMe || all {
			expect("adding", want)
		} else {
			expect("adding")
		}
		w.ok(w.Rename(one, "A \"new\" name"))
		expect("renaming", "update activity "+public+` {"title":"A \"new\" name"}`)
		w.ok(w.SetType(one, "GravelRide"))
		expect("another type", "update activity "+public+` {"type":"Ride"}`)
		w.ok(w.SetDescription(one, "x"))
		w.ok(w.SetVisibility(one, stravatest.FollowersOnly))
		_, err = w.AddPhoto(one, "")
		w.ok(err)
		_, err = w.AddComment(one, personOne, "x")
		w.ok(err)
		w.ok(w.AddKudos(one, personOne))
		expect("what has no events")
		w.ok(w.SetVisibility(one, stravatest.OnlyMe))
		if all {
			expect("to only me", "update activity "+public+` {"private":"true"}`)
		} else {
			expect("to only me", "delete activity "+public+" {}")
		}
		w.ok(w.Rename(one, "quiet"))
		if all {
			expect("renaming a private one", "update activity "+public+` {"title":"quiet"}`)
		} else {
			expect("renaming a private one")
		}
		w.ok(w.SetVisibility(one, stravatest.Everyone))
		if all {
			expect("to everyone", "update activity "+public+` {"private":"false"}`)
		} else {
			expect("to everyone", "create activity "+public+" {}")
		}
		w.ok(w.Delete(one))
		expect("deleting", "delete activity "+public+" {}")
		w.Revoke(w.me)
		expect("revoking", "update athlete "+id(w.me)+` {"authorized":"false"}`)
		_, err = w.AddActivity(w.me, time.Time{})
		w.ok(err)
		expect("without a grant")
	}
}

func TestEventBody(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 3})
	h := newHook(t)
	var sub struct{ ID int64 }
	w.subscribe(h).into(&sub)
	one := w.truth()[0]
	w.ok(w.Delete(one))
	w.deliver()
	want := `{"object_type":"activity","object_id":` + id(one) + `,"aspect_type":"delete","updates":{},"owner_id":` + id(w.me) +
		`,"subscription_id":` + id(sub.ID) + `,"event_time":` + epoch(noon) + `}`
	if len(h.bodies) != 1 || h.bodies[0] != want {
		t.Errorf("%s\nwant %s", h.bodies, want)
	}
}

func TestNoEventsWithoutTheScope(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 3})
	w.Revoke(w.me)
	w.Grant(w.me, "read", "profile:read_all")
	h := newHook(t)
	w.subscribe(h)
	w.ok(w.Rename(w.truth()[0], "x"))
	if w.deliver(); len(h.take()) != 0 || len(w.Pending()) != 0 {
		t.Error("an event without activity:read")
	}
}

func TestAttempts(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 3})
	h := newHook(t)
	w.subscribe(h)
	h.answer = func(int) int { return 500 }
	w.ok(w.Rename(w.truth()[0], "x"))
	for range 5 {
		for range 3 { // nothing more before the time has come
			if n := w.deliver(); n != 0 {
				t.Errorf("%d acknowledged", n)
			}
		}
		w.clock.Advance(2 * time.Minute)
	}
	if n := len(h.take()); n != 3 || len(w.Pending()) != 0 {
		t.Errorf("%d tries, %d pending", n, len(w.Pending()))
	}
	h.answer = func(try int) int { return map[int]int{1: 201}[try] + 200*min(1, try/2) } // 201 is no 200
	w.ok(w.Rename(w.truth()[0], "y"))
	w.deliver()
	w.clock.Advance(2 * time.Minute)
	if n := w.deliver(); n != 1 {
		t.Errorf("the second try: %d acknowledged", n)
	}
	tries := w.Attempts()
	if len(tries) != 5 || tries[3].Status != 201 || tries[4].Status != 200 || tries[4].Number != 2 {
		t.Errorf("%+v", tries)
	}
}

func TestManners(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 5})
	h := newHook(t)
	w.subscribe(h)
	ab := func() (string, string) {
		a, b := w.truth()[0], w.truth()[1]
		w.ok(w.Rename(a, "a"))
		w.ok(w.Rename(b, "b"))
		return "update activity " + id(a) + ` {"title":"a"}`, "update activity " + id(b) + ` {"title":"b"}`
	}
	w.SetManner(stravatest.Manner{Duplicates: 1})
	a, b := ab()
	w.deliver()
	if got := h.take(); !slices.Equal(got, []string{a, a, b, b}) {
		t.Errorf("duplicates: %q", got)
	}
	w.SetManner(stravatest.Manner{Reverse: true})
	ab()
	w.deliver()
	if got := h.take(); !slices.Equal(got, []string{b, a}) {
		t.Errorf("reversed: %q", got)
	}
	w.SetManner(stravatest.Manner{Delay: time.Hour})
	ab()
	w.clock.Advance(59 * time.Minute)
	if w.deliver(); len(h.take()) != 0 || len(w.Pending()) != 2 {
		t.Error("delayed events came early")
	}
	w.clock.Advance(time.Minute)
	if w.deliver(); len(h.take()) != 2 {
		t.Error("delayed events did not come")
	}
	w.SetManner(stravatest.Manner{Loss: 1})
	ab()
	if w.deliver(); len(h.take()) != 0 || len(w.Pending()) != 0 {
		t.Error("lost events came")
	}
	spoof := stravatest.Event{ObjectType: "activity", ObjectID: 5, AspectType: "delete", OwnerID: 6, SubscriptionID: 7, EventTime: 8}
	if status, err := w.Spoof(t.Context(), spoof); err != nil || status != 200 || !strings.Contains(h.bodies[0], `"subscription_id":7,"event_time":8`) {
		t.Errorf("spoof: %d %v %s", status, err, h.bodies)
	}
}

// TestAcknowledgeWithinTwoSeconds and the courier run in virtual time.
func TestCourier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var slow time.Duration
		got := make(chan string, 10)
		callback := roundTrip(func(r *http.Request) (*http.Response, error) {
			rec := httptest.NewRecorder()
			if r.Method == http.MethodGet {
				_ = json.NewEncoder(rec).Encode(map[string]string{"hub.challenge": r.URL.Query().Get("hub.challenge")})
				return rec.Result(), nil
			}
			select {
			case <-time.After(slow):
			case <-r.Context().Done():
				got <- "given up"
				return nil, r.Context().Err()
			}
			got <- "acknowledged"
			return rec.Result(), nil
		})
		s := stravatest.New(stravatest.Config{Activities: 2, WebhookClient: &http.Client{Transport: callback}})
		me := s.Athletes()[0].ID
		s.Grant(me)
		form := url.Values{"client_id": {s.ClientID()}, "client_secret": {s.ClientSecret()}, "callback_url": {"http://hook.invalid/"}}
		c := &http.Client{Transport: s.Transport()}
		res, err := c.PostForm("http://strava.invalid/api/v3/push_subscriptions", form)
		if err != nil || res.StatusCode != 201 {
			t.Fatal(res, err)
		}
		res.Body.Close()
		courier, err := s.StartCourier("this test")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.StartCourier("someone else"); err == nil || !strings.Contains(err.Error(), "this test") {
			t.Errorf("a second courier: %v", err)
		}
		one := s.Activities(me)[0].ID
		slow = 1900 * time.Millisecond
		if err := s.Rename(one, "x"); err != nil {
			t.Fatal(err)
		}
		if what := <-got; what != "acknowledged" {
			t.Error(what)
		}
		slow = 2100 * time.Millisecond
		if err := s.Rename(one, "y"); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		for i := range 3 {
			if what := <-got; what != "given up" {
				t.Error(what)
			}
			if i == 2 && time.Since(begin) < 4*time.Minute {
				t.Errorf("three tries within %v", time.Since(begin))
			}
		}
		if err := courier.Close(); err != nil {
			t.Error(err)
		}
		again, err := s.StartCourier("another")
		if err != nil {
			t.Fatal(err)
		}
		_ = again.Close()
		if _, err := s.Deliver(canceled()); err != nil {
			t.Errorf("nothing to deliver: %v", err)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
