package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

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

func (h *hooked) inboxIn(tx *store.Tx) []store.InboxItem {
	h.Helper()
	items, err := tx.Inbox(h.Context(), 100)
	if err != nil {
		h.Fatal(err)
	}
	return items
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
