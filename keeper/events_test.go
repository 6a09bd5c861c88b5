package keeper_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"musette"
	"musette/store"
	"musette/strava"
	"musette/strava/stravatest"
)

// event puts a webhook's event into the inbox, as the web's handler does.
func (h *house) event(body string) {
	h.t.Helper()
	e, err := strava.ParseEvent([]byte(body))
	if err != nil {
		h.t.Fatal(err)
	}
	item := store.InboxItem{Kind: "event", AthleteID: e.OwnerID, Body: []byte(body), ReceivedAt: h.clock.Now()}
	if e.ObjectType == "activity" {
		item.ActivityID = e.ObjectID
	}
	err = h.store.Update(h.t.Context(), nil, func(tx *store.Tx) error {
		_, err := tx.PutInbox(h.t.Context(), item)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// about is an event's body.
func (h *house) about(aspect string, activity, owner int64) string {
	return fmt.Sprintf(`{"object_type":"activity","object_id":%d,"aspect_type":%q,"updates":{},"owner_id":%d,"subscription_id":1,"event_time":%d}`,
		activity, aspect, owner, h.clock.Now().Unix())
}

func (h *house) deauthorized(owner int64) string {
	return fmt.Sprintf(`{"object_type":"athlete","object_id":%[1]d,"aspect_type":"update","updates":{"authorized":"false"},"owner_id":%[1]d,"subscription_id":1,"event_time":%[2]d}`,
		owner, h.clock.Now().Unix())
}

// mirrored is a house with everything here, some minutes before the next poll is due.
func mirrored(t *testing.T) *house {
	t.Helper()
	h := newHouse(t, stravatest.Config{Seed: 5, Activities: 30, Limits: plenty})
	h.run(noon.Add(time.Hour))
	h.complete()
	h.server.ResetCalls()
	return h
}

// minutes lives on for a while and returns the calls made in it.
func (h *house) minutes(n int) []stravatest.Call {
	h.t.Helper()
	before := len(h.server.Calls())
	h.run(h.clock.Now().Add(time.Duration(n) * time.Minute))
	return h.server.Calls()[before:]
}

func (h *house) inbox() (n int) {
	h.view(func(ctx context.Context, tx *store.Tx) error {
		items, err := tx.Inbox(ctx, 10)
		n = len(items)
		return err
	})
	return n
}

func TestAnEventCostsOneDetailAndNeverAList(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	id, err := h.server.AddActivity(h.athlete(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // Strava repeats itself, and tells of an upload in several events
		h.event(h.about("create", id, h.athlete()))
		h.event(h.about("update", id, h.athlete()))
	}
	calls := h.minutes(1)
	details := 0
	for _, c := range calls {
		switch c.Endpoint {
		case "GET /athlete/activities":
			t.Error("an event led to a list")
		case "GET /activities/{id}":
			details++
		}
	}
	if _, ok := h.activities()[id]; !ok || details != 1 || h.inbox() != 0 {
		t.Errorf("here: %v, %d details, %d left in the inbox, want it here after one", ok, details, h.inbox())
	}
	// More events within the minute wait until it is over, and are one.
	for range 5 {
		h.event(h.about("update", id, h.athlete()))
		h.minutes(0)
	}
	if n := len(h.minutes(2)); n != 1 {
		t.Errorf("five more events led to %d calls, want 1", n)
	}
}

func TestEventsOfStrangersCostNothingOrLittle(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	h.event(h.about("create", 77, 4242)) // nobody here
	h.event(h.about("delete", 78, h.athlete()))
	if calls := h.minutes(10); len(calls) != 0 {
		t.Errorf("%d calls for strangers, want none", len(calls))
	}
	usual := mirrored(t).minutes(24*60 + 10)
	h.event(h.about("create", 79, h.athlete())) // made up
	const detail = "GET /activities/{id}"
	if n := count(h.minutes(24*60), detail) - count(usual, detail); n > 2 {
		t.Errorf("an activity that isn't there was asked for %d times, want 2 at most", n)
	}
	h.complete()
}

func count(calls []stravatest.Call, endpoint string) (n int) {
	for _, c := range calls {
		if c.Endpoint == endpoint {
			n++
		}
	}
	return n
}

func TestADeletionEventIsBelievedOnlyWithA404(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	list := h.server.Activities(h.athlete())
	stays, goes := list[3].ID, list[4].ID
	if err := h.server.Delete(goes); err != nil {
		t.Fatal(err)
	}
	h.event(h.about("delete", stays, h.athlete())) // a lie
	h.event(h.about("delete", goes, h.athlete()))
	if n := len(h.minutes(1)); n != 2 {
		t.Errorf("%d calls, want one for each", n)
	}
	here := h.activities()
	if _, ok := here[stays]; !ok {
		t.Error("an activity is gone because a stranger said so")
	}
	if _, ok := here[goes]; ok {
		t.Error("a deleted activity is still here")
	}
	// The lie is forgotten: a 404 by mistake, later, deletes nothing.
	h.fault(stravatest.Fault{Kind: stravatest.FaultNotFound, Path: "/activities/*", For: 5 * time.Minute})
	h.event(h.about("update", stays, h.athlete()))
	h.minutes(5)
	if _, ok := h.activities()[stays]; !ok {
		t.Error("a 404 alone has deleted an activity")
	}
}

// Strava may tell of an activity before it shows it.
func TestA404RightAfterACreationIsAskedAgain(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	id, err := h.server.AddActivity(h.athlete(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	h.fault(stravatest.Fault{Kind: stravatest.FaultNotFound, Path: "/activities/*", For: time.Minute})
	h.event(h.about("create", id, h.athlete()))
	h.minutes(2)
	if _, ok := h.activities()[id]; ok {
		t.Fatal("it can't be here yet")
	}
	h.minutes(80)
	if _, ok := h.activities()[id]; !ok {
		t.Error("it wasn't asked for again")
	}
}

func TestEventsOutliveAKill(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	id, err := h.server.AddActivity(h.athlete(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	h.event(h.about("create", id, h.athlete()))
	h.run(h.clock.Now()) // taken out of the inbox, not fetched yet
	h.reopen()
	h.minutes(1)
	if _, ok := h.activities()[id]; !ok {
		t.Error("the event was lost with the process")
	}
}

// Five new activities in a row that came with an event make polls rare; one without makes them frequent again.
func TestWebhooksThatWorkMakePollsRare(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	for range 5 {
		id, err := h.server.AddActivity(h.athlete(), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		h.event(h.about("create", id, h.athlete()))
		h.minutes(180)
	}
	h.minutes(6 * 60) // the poll that finds them all told
	if n := count(h.minutes(72*60), "GET /athlete/activities"); n > 4 {
		t.Errorf("%d lists in three days, want one a day", n)
	}
	if _, err := h.server.AddActivity(h.athlete(), time.Time{}); err != nil { // nobody tells
		t.Fatal(err)
	}
	h.minutes(25 * 60)
	if n := count(h.minutes(24*60), "GET /athlete/activities"); n < 4 {
		t.Errorf("%d lists a day after an activity without an event, want 4", n)
	}
}

func TestWhoEndsTheConnectionIsRemovedOnceItIsTrue(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	id := h.athlete()
	h.event(h.deauthorized(id)) // a lie
	if n := len(h.minutes(5)); n != 1 || len(h.activities()) != 30 {
		t.Errorf("%d calls and %d activities after a lie, want 1 and 30", n, len(h.activities()))
	}
	h.server.Revoke(id)
	h.event(h.deauthorized(id))
	h.minutes(0)
	h.view(func(ctx context.Context, tx *store.Tx) error {
		known, err := tx.HasAthlete(ctx, id)
		grants, err2 := tx.Grants(ctx)
		doc, err3 := tx.Documents(ctx, id, 0)
		if known || len(grants) > 0 || len(doc) > 0 {
			t.Errorf("the athlete is known: %v, %d grants, %d documents", known, len(grants), len(doc))
		}
		return errors.Join(err, err2, err3)
	})
	if n := len(h.activities()); n != 0 {
		t.Errorf("%d activities of somebody who has left", n)
	}
	if s := h.status(); s.State != musette.StateReconnect {
		t.Errorf("state %s, want reconnect", s.State)
	}
}

// Made-up ends of a connection cost a call an hour in the end; a true one among them is acted on within that.
func TestWhoReallyLeavesAmongMadeUpEventsIsRemoved(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 5, Activities: 3})
	h.run(noon.Add(time.Hour))
	h.server.ResetCalls()
	for range 3 * 60 {
		h.event(h.deauthorized(h.athlete()))
		h.minutes(1)
	}
	if n := count(h.server.Calls(), "GET /athlete"); n < 100 || n > 103 {
		t.Errorf("%d calls in three hours, want the 100 of the day's 1,000, and one an hour", n)
	}
	h.server.Revoke(h.athlete())
	h.event(h.deauthorized(h.athlete()))
	h.minutes(60)
	if n := len(h.activities()); n != 0 {
		t.Errorf("%d activities of somebody who left an hour ago", n)
	}
}

// Whoever knows the webhook's address can make up events on what is here. What they cost for nothing is a tenth of the
// day's reads; a real change is found by the lists then, and the next day by its event again.
func TestMadeUpChangesCostATenthOfTheDay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 5, Activities: 30})
	h.run(noon.Add(time.Hour))
	h.complete()
	h.server.ResetCalls()
	list := h.server.Activities(h.athlete())
	flood := func() {
		for i := range 30 {
			aspect := "update"
			if i == 3 {
				aspect = "delete"
			}
			h.event(h.about(aspect, list[i].ID, h.athlete()))
		}
	}
	for range 8 {
		flood()
		h.minutes(15)
	}
	if n := count(h.server.Calls(), "GET /activities/{id}"); n != 100 {
		t.Errorf("%d details of 1,000 calls a day for made-up changes, want 100", n)
	}
	rename := func(name string) {
		h.must(h.server.Rename(list[7].ID, name))
		h.event(h.about("update", list[7].ID, h.athlete()))
	}
	rename("By the lists")
	h.later(h.policy.Poll + 15*time.Minute)
	if a, _ := h.shown(list[7].ID); a.Name != "By the lists" {
		t.Errorf("it is called %s after a poll's interval", a.Name)
	}
	h.run(noon.Add(24 * time.Hour))
	rename("By its event")
	h.minutes(1)
	if a, _ := h.shown(list[7].ID); a.Name != "By its event" {
		t.Errorf("the next day it is called %s a minute after an event", a.Name)
	}
	h.complete()
}

// What proves right costs nothing of the bound: who edits all day long is followed by events alone.
func TestTrueEventsAreNotCounted(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 5, Activities: 30})
	h.run(noon.Add(time.Hour))
	list := h.server.Activities(h.athlete())
	for n := range 110 {
		id, name := list[n%30].ID, fmt.Sprintf("Edit %d", n)
		h.must(h.server.Rename(id, name))
		h.event(h.about("update", id, h.athlete()))
		h.minutes(1)
		if a, _ := h.shown(id); a.Name != name {
			t.Fatalf("it is called %s a minute after it was called %s", a.Name, name)
		}
	}
}

// A token that stops working without an event removes nothing.
func TestARevokedTokenAloneRemovesNothing(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	h.server.Revoke(h.athlete())
	h.minutes(8 * 60)
	if n := len(h.activities()); n != 30 {
		t.Errorf("%d activities, want all 30", n)
	}
}
