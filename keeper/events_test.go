package keeper_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"musette/keeper"
	"musette/store"
	"musette/strava/stravatest"
)

// event puts one of Strava's events into the inbox, as the web server does.
func (h *house) event(kind, aspect string, id int64, updates string) {
	h.t.Helper()
	body := fmt.Sprintf(`{"object_type":%q,"object_id":%d,"aspect_type":%q,"updates":%s,"owner_id":%d,"subscription_id":1,"event_time":%d}`,
		kind, id, aspect, updates, h.athlete(), h.clock.Now().Unix())
	it := store.InboxItem{Kind: "event", AthleteID: h.athlete(), ActivityID: id, Body: []byte(body), ReceivedAt: h.clock.Now()}
	if kind == "athlete" {
		it.ActivityID = 0
	}
	h.must(h.store.Update(h.t.Context(), nil, func(tx *store.Tx) error {
		_, err := tx.PutInbox(h.t.Context(), it)
		return err
	}))
}

func (h *house) inbox() (n int) {
	h.view(func(ctx context.Context, tx *store.Tx) error {
		items, err := tx.Inbox(ctx, 1000)
		n = len(items)
		return err
	})
	return n
}

// settled is a house in which everything is here.
func settled(t *testing.T, seed uint64) *house {
	t.Helper()
	h := newHouse(t, stravatest.Config{Seed: seed, Activities: 25, Limits: plenty})
	h.later(3 * time.Hour)
	h.complete()
	h.server.ResetCalls()
	return h
}

// Several events on one new activity, duplicates among them, cost one detail and no list, and it is shown within a
// minute.
func TestEventsOnAnUploadCostOneDetail(t *testing.T) {
	t.Parallel()
	h := settled(t, 21)
	id := h.add(h.clock.Now().Add(-time.Hour))
	h.event("activity", "create", id, "{}")
	h.event("activity", "update", id, `{"title":"Lunch"}`)
	h.event("activity", "update", id, `{"title":"Lunch"}`)
	h.later(time.Minute)
	if _, ok := h.shown(id); !ok {
		t.Error("it is not shown a minute after its event")
	}
	counts := h.server.Counts()
	if counts["GET /activities/{id}"] != 1 || counts["GET /athlete/activities"] != 0 {
		t.Errorf("calls %v, want one detail and no list", counts)
	}
	if n := h.inbox(); n != 0 {
		t.Errorf("%d rows are left in the inbox", n)
	}
	h.complete()
}

// A delete event and a 404 together are gone; an event alone, forged or late, is only a question.
func TestADeleteEventIsBelievedOnlyWithA404(t *testing.T) {
	t.Parallel()
	h := settled(t, 22)
	forged, deleted := h.server.Activities(h.athlete())[3].ID, h.server.Activities(h.athlete())[5].ID
	h.must(h.server.Delete(deleted))
	h.event("activity", "delete", forged, "{}")
	h.event("activity", "delete", deleted, "{}")
	h.later(2 * time.Minute)
	if _, ok := h.shown(forged); !ok {
		t.Error("a forged event deleted an activity")
	}
	if _, ok := h.shown(deleted); ok {
		t.Error("a deleted activity is still shown")
	}
	h.complete()
}

// Once Strava has shown the activity after all, the doubt that an event raised is over: a 404 by itself, later, means
// nothing, even if the first tries had failed.
func TestA200EndsTheDoubtOfADeleteEvent(t *testing.T) {
	t.Parallel()
	h := settled(t, 23)
	id := h.server.Activities(h.athlete())[3].ID
	path := fmt.Sprintf("/activities/%d", id)
	h.event("activity", "delete", id, "{}")
	h.fault(stravatest.Fault{Kind: stravatest.FaultServerError, Path: path, For: 2 * time.Minute})
	h.later(26 * time.Hour) // answered properly by now, a day after the failure
	h.fault(stravatest.Fault{Kind: stravatest.FaultNotFound, Path: path, For: time.Minute})
	h.event("activity", "update", id, `{"title":"x"}`)
	h.later(3 * time.Minute)
	if _, ok := h.shown(id); !ok {
		t.Error("a lone 404 deleted it")
	}
}

// A deauthorization is verified: a forged one costs a call or two, a true one removes all that was here of theirs.
func TestADeauthorizationIsVerifiedAndThenPurges(t *testing.T) {
	t.Parallel()
	h := settled(t, 24)
	h.event("athlete", "update", h.athlete(), `{"authorized":"false"}`)
	h.later(time.Hour)
	h.complete()
	if n := len(h.server.Calls()); n > 3 {
		t.Errorf("a forged one cost %d calls", n)
	}
	h.server.Revoke(h.athlete())
	h.event("athlete", "update", h.athlete(), `{"authorized":"false"}`)
	h.later(time.Hour)
	if n := len(h.activities()); n != 0 {
		t.Errorf("%d activities are left of somebody who has gone", n)
	}
	h.view(func(ctx context.Context, tx *store.Tx) error {
		grants, err := tx.Grants(ctx)
		if len(grants) != 0 {
			t.Errorf("%d grants are left", len(grants))
		}
		return err
	})
}

// What a person asks for doesn't wait behind a thousand events.
func TestAPersonsWishGoesBeforeEvents(t *testing.T) {
	t.Parallel()
	h := settled(t, 25)
	for i := range int64(300) {
		h.event("activity", "update", 900_000_000+i, "{}")
	}
	late := h.add(h.clock.Now().Add(-30 * time.Hour))
	_, err := keeper.AskRefresh(t.Context(), h.store, 0, h.clock.Now())
	h.must(err)
	h.later(time.Second)
	if _, ok := h.shown(late); !ok {
		t.Error("the list that a person asked for has not been fetched")
	}
}

// ahead is a clock of ours that runs before Strava's.
type ahead struct {
	clock
	by time.Duration
}

func (a *ahead) Now() time.Time          { return a.clock.Now().Add(a.by) }
func (a *ahead) Set(t time.Time)         { a.clock.Set(t.Add(-a.by)) }
func (a *ahead) Advance(d time.Duration) { a.clock.Advance(d) }

// A clock that was ahead for a moment neither keeps new activities away nor throws tombstones out before their time.
func TestAClockAheadForAMomentDoesNoHarm(t *testing.T) {
	t.Parallel()
	for _, jump := range []time.Duration{3 * time.Hour, 40 * 24 * time.Hour} {
		t.Run(jump.String(), func(t *testing.T) {
			t.Parallel()
			h := settled(t, 26)
			ours := &ahead{clock: h.clock}
			h.clock = ours
			h.reopen()
			id := h.server.Activities(h.athlete())[3].ID
			h.must(h.server.Delete(id))
			h.event("activity", "delete", id, "{}")
			h.later(3 * time.Minute)
			documents := func() (n int) {
				h.view(func(ctx context.Context, tx *store.Tx) error {
					docs, err := tx.Documents(ctx, h.athlete(), id)
					n = len(docs)
					return err
				})
				return n
			}
			before := documents()
			h.lead(func(ctx context.Context) error { // one process, whose clock is ahead for one look
				ours.by = jump
				for range 5 {
					if _, err := h.keeper.Step(ctx, ours.Now()); err != nil {
						return err
					}
				}
				ours.by = 0
				return h.stepUntil(ctx, ours.Now().Add(time.Minute))
			})
			if got := documents(); got != before || before == 0 {
				t.Errorf("the tombstone had %d documents, has %d", before, got)
			}
			added := h.add(h.clock.Now().Add(-time.Hour))
			h.later(h.policy.Poll + 15*time.Minute)
			if _, ok := h.shown(added); !ok {
				t.Errorf("a new activity is not shown after a poll's interval; next call %v", h.status().NextCall)
			}
		})
	}
}
