package web_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"musette/store"
	"musette/strava"
	"musette/strava/stravatest"
)

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
