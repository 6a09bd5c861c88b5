package keeper_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"musette"
	"musette/keeper"
	"musette/store"
	"musette/strava/stravatest"
)

// Once Strava has shown the activity after all, the doubt that an event raised is over: a 404 by itself, later, means
// nothing, even if the first tries had failed.
func TestA200EndsTheDoubtOfADeleteEvent(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	id := h.server.Activities(h.athlete())[3].ID
	path := fmt.Sprintf("/activities/%d", id)
	h.event(h.about("delete", id, h.athlete()))
	h.fault(stravatest.Fault{Kind: stravatest.FaultServerError, Path: path, For: 2 * time.Minute})
	h.later(26 * time.Hour) // answered properly by now, a day after the failure
	h.fault(stravatest.Fault{Kind: stravatest.FaultNotFound, Path: path, For: time.Minute})
	h.event(h.about("update", id, h.athlete()))
	h.later(3 * time.Minute)
	if _, ok := h.shown(id); !ok {
		t.Error("a lone 404 deleted it")
	}
}

// What a person asks for doesn't wait behind a thousand events.
func TestAPersonsWishGoesBeforeEvents(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	for i := range int64(300) {
		h.event(h.about("update", 900_000_000+i, h.athlete()))
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
			h := mirrored(t)
			ours := &ahead{clock: h.clock}
			h.clock = ours
			h.reopen()
			id := h.server.Activities(h.athlete())[3].ID
			h.must(h.server.Delete(id))
			h.event(h.about("delete", id, h.athlete()))
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

// What Strava says is believed when it has said so for a day, and a clock that is ahead by a day for a moment is no day.
func TestAClockAheadMakesNoDoubtOld(t *testing.T) {
	t.Parallel()
	for _, of := range []struct {
		name, path string
		from       string // details are fetched from that day on
		ask        int    // so many activities by themselves; 0 is the list
	}{
		{"list", "/athlete/activities", "2030-01-01", 0},
		{"details", "/activities/*", "", 5},
	} {
		t.Run(of.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, stravatest.Config{Seed: 5, Activities: 30, Limits: plenty}, func(h *house) { h.filter.From = of.from })
			h.later(time.Hour)
			ours := &ahead{clock: h.clock}
			h.clock = ours
			h.reopen()
			ids := []int64{0}
			if of.ask > 0 {
				ids = nil
				for _, a := range h.server.Activities(h.athlete())[:of.ask] {
					ids = append(ids, a.ID)
				}
			}
			ask := func() {
				for _, id := range ids {
					_, err := keeper.AskRefresh(t.Context(), h.store, id, ours.Now())
					h.must(err)
				}
			}
			line := func() (n int) {
				for _, a := range h.server.Activities(h.athlete()) {
					if shown, ok := h.shown(a.ID); ok && shown.Map != nil {
						n += len(shown.Map.Polyline)
					}
				}
				return n
			}
			before := line()
			h.fault(stravatest.Fault{Kind: stravatest.FaultEmptyPolyline, Path: of.path, For: 8 * time.Hour})
			ask()
			h.later(2 * time.Minute)
			h.lead(func(ctx context.Context) error {
				ours.by = 30 * time.Hour
				ask()
				if err := h.stepUntil(ctx, ours.Now().Add(time.Minute)); err != nil {
					return err
				}
				ours.by = 0
				return h.stepUntil(ctx, ours.Now().Add(time.Minute))
			})
			if after := line(); after != before || before == 0 {
				t.Errorf("the routes had %d bytes, have %d", before, after)
			}
			h.fault(stravatest.Fault{Kind: stravatest.FaultEmptyPolyline, Path: of.path, For: 5 * 24 * time.Hour})
			ask()
			if calls := h.callsIn(func() { h.later(4 * 24 * time.Hour) }); len(calls) > 4*150 { // as on days when Strava is down
				t.Errorf("%d calls in four days: a doubt is asked about on and on", len(calls))
			}
			if after := line(); after >= before {
				t.Error("what Strava has said for days is never believed")
			}
		})
	}
}

// Somebody who has ended the connection is removed at once, also where it was noticed before the event came.
func TestADeadGrantsDeauthorizationPurgesAtOnce(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	h.server.Revoke(h.athlete())
	h.later(26 * time.Hour) // the token is refused meanwhile
	if len(h.activities()) == 0 {
		t.Fatal("a refused token alone removed everything")
	}
	h.event(h.deauthorized(h.athlete()))
	h.later(2 * time.Minute)
	if n := len(h.activities()); n != 0 {
		t.Errorf("%d activities are left two minutes after the event", n)
	}
}

// A year ahead for a minute, and whatever was tried in that minute had failed: with the clock right again, in the same
// process or in the next, everything goes on as if it had never been.
func TestAYearAheadForAMinuteDelaysNothing(t *testing.T) {
	t.Parallel()
	const year = 365 * 24 * time.Hour
	for name, restart := range map[string]bool{"the same process": false, "the next process": true} {
		for fault, kind := range map[string]stravatest.FaultKind{"offline": stravatest.FaultServerError, "not found": stravatest.FaultNotFound} {
			t.Run(name+", "+fault, func(t *testing.T) {
				t.Parallel()
				h := newHouse(t, stravatest.Config{Seed: 5, Activities: 30, Limits: plenty})
				ours := &ahead{clock: h.clock}
				h.clock = ours
				h.reopen()
				fresh := h.add(time.Time{})
				h.run(noon.Add(30 * time.Minute)) // its first recheck is due in half an hour
				all := h.server.Activities(h.athlete())
				for _, a := range all[3:7] {
					h.must(h.server.Rename(a.ID, "Another name"))
				}
				h.must(h.server.Delete(all[9].ID))

				ours.by = year
				h.fault(stravatest.Fault{Kind: kind, Path: "/activities/*", For: 90 * time.Second})
				_, err := keeper.AskRefresh(t.Context(), h.store, 0, h.clock.Now())
				h.must(err)
				for _, a := range all[10:18] {
					h.event(h.about("update", a.ID, h.athlete()))
				}
				late := h.add(h.clock.Now().Add(-year - 30*time.Hour))
				h.event(h.about("create", late, h.athlete()))
				h.later(time.Minute)
				ours.by = 0
				if restart {
					h.reopen()
				}
				h.clock.Advance(time.Minute)
				before := len(h.server.Calls())
				h.later(2*time.Hour + 30*time.Minute)
				h.complete()
				h.state(musette.StateOK)
				rechecked := false
				for _, c := range h.server.Calls()[before:] {
					rechecked = rechecked || c.Path == fmt.Sprintf("/api/v3/activities/%d", fresh)
				}
				if !rechecked {
					t.Error("the recheck of what is new was lost")
				}
				h.later(8 * 24 * time.Hour) // the lists keep their rhythm
				h.must(h.server.Delete(all[20].ID))
				h.later(h.policy.Poll + 10*time.Minute)
				h.complete()
			})
		}
	}
}
