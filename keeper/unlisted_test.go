package keeper_test

import (
	"context"
	"testing"
	"time"

	"musette"
	"musette/store"
	"musette/strava/stravatest"
)

// Whoever knows the webhook's address and an athlete's id can make events up by the thousand. What they cost is a fifth
// of what is kept for events, in details and in polls alike: of 100 and 1,000 calls, 2 of each a quarter hour and 20 a
// day; one poll more to come, because events aren't trusted any more.
func TestMadeUpIDsCostLittle(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 5, Activities: 30})
	h.run(noon.Add(time.Hour))
	h.complete()
	made := int64(800_000_000)
	before := len(h.server.Calls())
	for range 8 * 60 / 15 { // a new quarter each
		for range 50 {
			made++
			h.event(h.about("create", made, h.athlete()))
			h.event(h.about("update", made-40, h.athlete()))
		}
		calls := h.minutes(15)
		details, lists := count(calls, "GET /activities/{id}"), count(calls, "GET /athlete/activities")
		if details > 2 || lists > 3 {
			t.Fatalf("%d details and %d lists in a quarter", details, lists)
		}
	}
	calls := h.server.Calls()[before:]
	if details, lists := count(calls, "GET /activities/{id}"), count(calls, "GET /athlete/activities"); details > 20 || lists > 20+2 {
		t.Errorf("%d details and %d lists in eight hours, want 20 of each, and the usual polls", details, lists)
	}
	h.view(func(ctx context.Context, tx *store.Tx) error {
		body, err := tx.Cursor(ctx, h.athlete(), "events")
		if len(body) > 3000 {
			t.Errorf("%d bytes are kept about events", len(body))
		}
		return err
	})
	// A real one among them is found by the lists, in their time.
	id := h.add(time.Time{})
	h.event(h.about("create", id, h.athlete()))
	h.later(h.policy.Poll + 15*time.Minute)
	if _, ok := h.shown(id); !ok {
		t.Error("a real activity among made-up ones isn't here after a poll's interval")
	}
	h.complete()
}

// Of an activity that nobody has seen nothing is promised: no status counts it as due, or says when it will be here.
func TestAHintPromisesNothing(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	promised := func(when string) {
		s := h.status()
		if n := s.Athletes[0].Parts[musette.PartDetail].Due; n != 0 || s.ETA != nil {
			t.Errorf("%s: %d details are to come, at %v", when, n, s.ETA)
		}
	}
	h.event(h.about("create", 79, h.athlete())) // made up
	promised("an event")
	h.minutes(0)
	promised("it is taken in")
	h.clock.Advance(30 * time.Second)
	promised("it is due")
	h.minutes(10)
	promised("it isn't there")
	h.minutes(50)
	h.clock.Advance(time.Hour)
	promised("it is due again")
	h.minutes(5)
	promised("it is forgotten")

	id := h.add(time.Time{}) // one that is there is promised as soon as it was seen
	h.fault(stravatest.Fault{Kind: stravatest.FaultServerError, Path: "/activities/*", Count: 40})
	h.event(h.about("create", id, h.athlete()))
	h.later(30 * time.Second)
	promised("an event on what Strava doesn't give")
	h.later(time.Minute) // Strava fails again and again, so the newest page is looked at
	if s := h.status(); s.Athletes[0].Parts[musette.PartDetail].Due != 1 || s.ETA == nil {
		t.Errorf("listed, without its detail: %+v, at %v, want one to come", s.Athletes[0].Parts[musette.PartDetail], s.ETA)
	}
	h.server.ClearFaults()
	h.later(time.Hour)
	h.complete()
}

// A watch that is synced brings several at once: one poll says so, and all are complete within a minute, for one call
// more than there could be.
func TestUploadsTogetherAreCompleteQuickly(t *testing.T) {
	t.Parallel()
	for _, limits := range []stravatest.Limits{plenty, {}} {
		h := newHouse(t, stravatest.Config{Seed: 5, Activities: 30, Limits: limits})
		h.run(noon.Add(time.Hour))
		h.complete()
		for n := range 5 {
			id := h.add(h.clock.Now().Add(-time.Duration(20*(n+1)) * time.Hour))
			h.event(h.about("create", id, h.athlete()))
			h.event(h.about("update", id, h.athlete()))
		}
		calls := h.minutes(1)
		h.complete()
		if details, lists := count(calls, "GET /activities/{id}"), count(calls, "GET /athlete/activities"); details != 5 || lists > 1 {
			t.Errorf("%d details and %d lists for five uploads", details, lists)
		}
	}
}

// What proves right costs nothing of the bound: day after day of real uploads is followed by events alone.
func TestTrueHintsAreNotCounted(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	for range 40 {
		id := h.add(time.Time{})
		h.event(h.about("create", id, h.athlete()))
		calls := h.minutes(3)
		if _, ok := h.shown(id); !ok || count(calls, "GET /athlete/activities") > 0 {
			t.Fatalf("here: %v, with %d lists", ok, count(calls, "GET /athlete/activities"))
		}
	}
}

// Forged ends of a connection cost a call a minute at most, whatever their number.
func TestForgedDeauthorizationsAreGathered(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	before := len(h.server.Calls())
	for range 60 {
		h.event(h.deauthorized(h.athlete()))
		h.later(10 * time.Second)
	}
	if n := len(h.server.Calls()) - before; n > 11 {
		t.Errorf("%d calls in ten minutes", n)
	}
}
