package keeper_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"musette"
	"musette/keeper"
	"musette/store"
	"musette/strava/stravatest"
)

// nothingOf fails the test if a dump of the store names the athlete.
func (h *house) nothingOf(athleteID int64) {
	h.t.Helper()
	if err := h.store.Dump(h.t.Context(), func(r store.Row) error {
		if strings.Contains(string(r.JSON), fmt.Sprint(athleteID)) {
			h.t.Errorf("a row of %s is left: %s", r.Table, r.JSON)
		}
		return nil
	}); err != nil {
		h.t.Error(err)
	}
}

// A moment is a log that does something when a call has been answered, before anything of it is recorded.
type moment struct {
	slog.Handler
	once sync.Once
	do   func()
}

func (m *moment) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == "call" && m.do != nil {
		m.once.Do(m.do)
	}
	return m.Handler.Handle(ctx, r)
}

// What is under way for an athlete when another process removes them doesn't bring them back.
func TestARemovalOutlivesCallsInFlight(t *testing.T) {
	t.Parallel()
	m := &moment{Handler: slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelDebug})}
	h := newHouse(t, stravatest.Config{Seed: 5, Activities: 30, Limits: plenty}, func(h *house) { h.log = slog.New(m) })
	h.later(time.Hour)
	id := h.athlete()
	h.event(h.about("create", h.add(time.Time{}), id))
	var removed map[string]int64
	m.do = func() {
		var err error
		removed, err = keeper.Remove(context.Background(), h.store, id, h.clock.Now())
		if err != nil {
			t.Error(err)
		}
	}
	h.minutes(5)
	if removed["activities"] != 30 {
		t.Fatalf("removed %v", removed)
	}
	h.nothingOf(id)
	s := h.state(musette.StateReconnect)
	if s.Since == nil || !s.Since.After(noon) || !strings.Contains(s.Cause, "removed here") {
		t.Errorf("since %v: %s", s.Since, s.Cause)
	}
	if _, err := keeper.Remove(t.Context(), h.store, id, h.clock.Now()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("removed again: %v", err)
	}
	h.connect() // and back
	h.minutes(60)
	h.complete()
	if s := h.state(musette.StateOK); s.Cause != "" {
		t.Errorf("once they are back: %s", s.Cause)
	}
}

// Files are dealt with after each departure, whoever saw it, and once more by each process that starts; if that fails,
// again after ten minutes.
func TestFilesAreForgottenAfterEachDeparture(t *testing.T) {
	t.Parallel()
	calls, fails := 0, false
	h := newHouse(t, stravatest.Config{Seed: 5, Activities: 3, Limits: plenty}, func(h *house) {
		h.forget = func(context.Context) error {
			calls++
			if fails {
				return errors.New("the disk is away")
			}
			return nil
		}
	})
	sync := func(want int, when string) {
		t.Helper()
		h.sync()
		if calls != want {
			t.Errorf("%s: forgotten %d times, want %d", when, calls, want)
		}
	}
	sync(0, "before anybody left")
	h.clock.Advance(5 * time.Minute)
	h.server.Revoke(h.athlete())
	h.event(h.deauthorized(h.athlete()))
	sync(1, "once the event was true")
	h.nothingOf(h.athlete())
	sync(1, "with nobody left since")
	h.reopen()
	sync(2, "in a new process")
	h.connect()
	sync(2, "once they are back")
	fails = true
	if _, err := keeper.Remove(t.Context(), h.store, h.athlete(), h.clock.Now()); err != nil {
		t.Fatal(err)
	}
	sync(3, "after a removal by another process")
	sync(3, "a moment after it failed")
	fails = false
	h.clock.Advance(11 * time.Minute)
	sync(4, "ten minutes later")
	sync(4, "after it succeeded")
}

// Who ends the connection at Strava is named no more, but the status says since when nobody is here, and why.
func TestTheStatusSaysWhoLeft(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	id := h.athlete()
	h.server.Revoke(id)
	h.event(h.deauthorized(id))
	left := h.clock.Now()
	h.minutes(5)
	h.nothingOf(id)
	s := h.state(musette.StateReconnect)
	if s.Since == nil || s.Since.Sub(left).Abs() > time.Minute || !strings.Contains(s.Cause, "ended the connection at Strava") || s.Advice == "" {
		t.Errorf("since %v: %s", s.Since, s.Cause)
	}
}
