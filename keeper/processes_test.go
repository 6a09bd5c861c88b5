package keeper_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"musette"
	"musette/keeper"
	"musette/plan"
	"musette/store"
	"musette/strava/stravatest"
)

// another is a second process on the same store.
func (h *house) another() *house {
	h.t.Helper()
	o := &house{t: h.t, clock: h.clock, server: h.server, at: h.at, dir: h.dir, policy: h.policy, filter: h.filter, log: h.log}
	o.open()
	return o
}

// serving runs h's keeper as a server does, until the test ends or stop is called.
func (h *house) serving() (stop func()) {
	h.t.Helper()
	ctx, cancel := context.WithCancel(h.t.Context())
	done := make(chan error, 1)
	go func() { done <- h.keeper.Run(ctx) }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			if err := <-done; err != nil {
				h.t.Errorf("Run: %v", err)
			}
		}
	}
	h.t.Cleanup(stop)
	return stop
}

// Two processes with nothing to share but the store: one leads, the other follows and takes over when it has gone.
func TestFailure23OneLeadsTheOtherFollows(t *testing.T) {
	inBubble(t, stravatest.Config{Seed: 4, Activities: 60, Limits: plenty}, oneLeads)
}

func oneLeads(h *house) {
	t := h.t
	other := h.another()
	leading := make(chan struct{})
	err := h.keeper.Lead(t.Context(), func(ctx context.Context) error {
		close(leading)
		err := other.keeper.Lead(ctx, func(context.Context) error { return errors.New("two lead") })
		held, ok := errors.AsType[*store.HeldError](err)
		if !ok {
			t.Errorf("a second leader got %v, want that it is held", err)
		} else if held.Name != store.SyncLease {
			t.Errorf("held is %q", held.Name)
		}
		return nil
	})
	h.must(err)

	stop := h.serving()
	synctest.Wait() // until it has nothing more to do for now
	h.complete()
	led := h.keeper.Calls()
	told := 0
	s, err := other.keeper.Sync(t.Context(), keeper.SyncOptions{Progress: func(musette.Status) { told++ }})
	h.must(err)
	h.complete()
	if other.keeper.Calls() != 0 {
		t.Errorf("the follower made %d calls itself", other.keeper.Calls())
	}
	if want := h.keeper.Calls() - led; s.State != musette.StateOK || s.Calls != want || told == 0 {
		t.Errorf("the follower ended in %s after %d calls, told %d times; the leader made %d", s.State, s.Calls, told, want)
	}
	h.must(h.server.Rename(h.server.Activities(h.athlete())[5].ID, "Renamed"))
	_, err = other.keeper.Sync(t.Context(), keeper.SyncOptions{IDs: []int64{h.server.Activities(h.athlete())[5].ID}})
	h.must(err)
	h.complete()
	stop()
	before := other.keeper.Calls()
	_, err = other.keeper.Sync(t.Context(), keeper.SyncOptions{})
	h.must(err)
	if n := other.keeper.Calls() - before; n != 1 {
		t.Errorf("after taking over, a sync made %d calls, want 1", n)
	}
}

func TestSyncOfAnActivityThatIsNotKnown(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 4, Activities: 5})
	h.sync()
	if _, err := h.keeper.Sync(t.Context(), keeper.SyncOptions{IDs: []int64{12345}}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v, want that it is not found", err)
	}
	if _, err := keeper.AskRefresh(t.Context(), h.store, 12345, h.clock.Now()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v, want that it is not found", err)
	}
}

// A wish of a kind that this version doesn't know is in nobody's way.
func TestFailure25UnknownWishesBlockNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 4, Activities: 5})
	h.sync()
	h.must(h.store.Update(t.Context(), nil, func(tx *store.Tx) error {
		for range 70 {
			if _, err := tx.PutInbox(t.Context(), store.InboxItem{Kind: "of-next-year", ReceivedAt: h.clock.Now()}); err != nil {
				return err
			}
		}
		return nil
	}))
	r, err := keeper.AskRefresh(t.Context(), h.store, 0, h.clock.Now())
	h.must(err)
	if r.Calls != 1 || r.Until == nil {
		t.Errorf("a refresh takes %+v, want one call", r)
	}
	before := h.keeper.Calls()
	h.later(time.Second)
	h.later(time.Second)
	if n := h.keeper.Calls() - before; n != 1 {
		t.Errorf("%d calls, want the one that was asked for", n)
	}
}

// Killed after every single step, and sometimes with calls in flight: no call is made twice but those.
func TestFailure22KilledBetweenAnyTwoSteps(t *testing.T) {
	t.Parallel()
	var h *house
	lost, kill := 0, false
	h = newHouse(t, stravatest.Config{
		Seed: 4, Activities: 40, Limits: plenty,
		Sleep: func(context.Context, time.Duration) error {
			if kill { // while this call is under way
				h.store.Close()
			}
			return nil
		},
	})
	h.fault(stravatest.Fault{Kind: stravatest.FaultLatency, Delay: time.Millisecond})
	for i := 0; i < 400; i++ {
		calls := len(h.server.Calls())
		kill = i%7 == 3
		_ = h.keeper.Lead(t.Context(), func(ctx context.Context) error {
			_, err := h.keeper.Step(ctx, h.clock.Now())
			return err
		})
		made := len(h.server.Calls()) - calls
		if kill {
			lost += made
		}
		kill = false
		h.reopen()
		if made == 0 && i%7 != 3 {
			break
		}
	}
	h.complete()
	if got, most := len(h.server.Calls()), h.least()+2+lost; got > most {
		t.Errorf("%d calls, want at most %d, of which %d were in flight when it was killed", got, most, lost)
	}
	if used, made := h.status().Quota.Read.Day.Used, len(h.server.Calls()); used < made {
		t.Errorf("the ledger counts %d calls, %d were made", used, made)
	}
}

// A store that fails while calls are under way: what came waits in memory and is written first.
func TestFailure29WhatCameWaitsForTheStore(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 4, Activities: 10, Limits: plenty})
	h.later(time.Second)
	h.must(h.server.Rename(h.server.Activities(h.athlete())[2].ID, "Renamed"))
	h.clock.Advance(7 * time.Hour)
	before := len(h.server.Calls())
	h.lead(func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		_, err := h.keeper.Step(ctx, h.clock.Now())
		if err == nil {
			t.Error("a step that is cancelled reports nothing")
		}
		return nil
	})
	if n := len(h.server.Calls()) - before; n != 0 {
		t.Errorf("%d calls though nobody waits for them", n)
	}
	h.later(time.Minute)
	h.complete()
}

// Run serves in real time: it starts by itself, takes in wishes and new grants, writes snapshots, and stops.
func TestRun(t *testing.T) {
	inBubble(t, stravatest.Config{Seed: 4, Activities: 12, Limits: plenty}, runs)
}

func runs(h *house) {
	t := h.t
	written := make(chan struct{}, 100)
	h.keeper = keeper.New(keeper.Config{
		Store: h.store, Strava: h.client, Tokens: h.tokens, Policy: h.policy, Now: h.clock.Now,
		Snapshot: func(context.Context) error { written <- struct{}{}; return nil }, SnapshotEvery: time.Minute,
	})
	stop := h.serving()
	wait := func(what string, done func() bool) {
		t.Helper()
		for range 1000 {
			if done() {
				return
			}
			time.Sleep(10 * time.Millisecond) // the only clock that Run's timers go by
		}
		t.Fatalf("in vain waited for %s", what)
	}
	wait("the first sync", func() bool { return len(h.differences()) == 0 })
	h.clock.Advance(2 * time.Minute) // no call is due, only a snapshot
	wait("a snapshot", func() bool { return len(written) == 1 })
	id := h.add(time.Time{})
	_, err := keeper.AskRefresh(t.Context(), h.store, 0, h.clock.Now())
	h.must(err)
	h.keeper.Wake()
	wait("the new activity", func() bool { a, ok := h.shown(id); return ok && len(a.Missing) == 0 })
	stop()
}

// A process that only stands by writes snapshots of its own, of what the leader keeps: with the database away it has
// something to serve. It writes none where nothing changed.
func TestStandingByKeepsACopy(t *testing.T) {
	inBubble(t, stravatest.Config{Seed: 4, Activities: 12, Limits: plenty}, standsBy)
}

func standsBy(h *house) {
	h.serving()
	synctest.Wait()
	h.complete()
	other := h.another()
	var written atomic.Int64
	other.keeper = keeper.New(keeper.Config{
		Store: other.store, Strava: other.client, Tokens: other.tokens, Policy: other.policy, Now: time.Now,
		Snapshot: func(context.Context) error { written.Add(1); return nil }, SnapshotEvery: 10 * time.Minute, SnapshotSoon: true,
	})
	other.serving()
	for _, c := range []struct {
		what  string
		after time.Duration
		want  int64
	}{
		{"at once, with the copy of nothing", 30 * time.Second, 0}, {"soon", time.Minute, 1}, {"with nothing new", 30 * time.Minute, 1},
	} {
		time.Sleep(c.after)
		synctest.Wait()
		if n := written.Load(); n != c.want {
			h.t.Errorf("%s: %d snapshots, want %d", c.what, n, c.want)
		}
	}
	if other.keeper.Calls() != 0 {
		h.t.Errorf("%d calls by who stands by", other.keeper.Calls())
	}
	h.must(h.server.Rename(h.server.Activities(h.athlete())[0].ID, "Renamed"))
	_, err := keeper.AskRefresh(h.t.Context(), h.store, h.server.Activities(h.athlete())[0].ID, time.Now())
	h.must(err)
	time.Sleep(12 * time.Minute)
	synctest.Wait()
	if n := written.Load(); n != 2 {
		h.t.Errorf("after a change: %d snapshots, want 2", n)
	}
}

// A snapshot for which there is no room is tried again every minute, and the status warns of it until one is written.
func TestSnapshotWaitsForRoom(t *testing.T) {
	inBubble(t, stravatest.Config{Seed: 4, Activities: 12, Limits: plenty}, waitsForRoom)
}

func waitsForRoom(h *house) {
	var tries atomic.Int64
	h.keeper = keeper.New(keeper.Config{
		Store: h.store, Strava: h.client, Tokens: h.tokens, Policy: h.policy, Now: time.Now, SnapshotSoon: true,
		Snapshot: func(ctx context.Context) (err error) {
			if tries.Add(1) <= 3 {
				err = fmt.Errorf("no snapshot was written: %w", store.ErrDiskFull)
			}
			return errors.Join(err, keeper.Note(ctx, h.store, keeper.WorryBackup, err, time.Now()))
		},
	})
	h.serving()
	for minute, want := range []int64{0, 1, 2, 3, 4, 4} {
		if minute == 0 {
			time.Sleep(30 * time.Second)
		} else {
			time.Sleep(time.Minute + 2*time.Second)
		}
		synctest.Wait()
		var names []string
		for _, w := range h.status().Warnings {
			names = append(names, w.Name)
		}
		if n, full := tries.Load(), slices.Contains(names, musette.WarningDiskFull); n != want || full != (want > 0 && want < 4) {
			h.t.Errorf("after %d minutes: %d tries, want %d; it warns of %v", minute, n, want, names)
		}
	}
}

// Another filter, or another wish for streams, is carried out at the next start without listing anything again.
func TestRefitAfterOtherSettings(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 4, Activities: 30, Limits: plenty}, func(h *house) {
		h.filter = musette.Filter{Types: []string{"Swim"}}
	})
	h.later(time.Second)
	details := h.status().Athletes[0].Parts[musette.PartDetail].Have
	if details >= 15 || len(h.activities()) != 30 {
		t.Errorf("%d details of %d activities, want those of swims only", details, len(h.activities()))
	}
	lists := h.lists()
	h.filter = musette.Filter{}
	h.reopen()
	h.later(time.Minute)
	h.complete()
	h.policy.Streams = plan.StreamsAll
	h.reopen()
	h.later(time.Minute)
	h.complete()
	n := h.status().Athletes[0].Parts[musette.PartStreams]
	if n.Have < 15 || n.Due != 0 {
		t.Errorf("streams %+v after asking for all", n)
	}
	if got := h.lists(); got != lists {
		t.Errorf("%d listings to carry out other settings", got-lists)
	}
	h.policy.Poll = time.Hour
	h.reopen()
	if calls := h.callsIn(func() { h.later(time.Hour) }); len(calls) == 0 {
		t.Error("a shorter interval only holds after the longer one")
	}
}

// A database at the other end of a slow line takes half a minute for a page: it is not taken for one that is away.
func TestASlowStoreIsWaitedFor(t *testing.T) {
	inBubble(t, stravatest.Config{Seed: 4, Activities: 30, Limits: plenty}, func(h *house) {
		h.later(time.Hour)
		slow := &slowLog{Handler: slog.DiscardHandler}
		h.log = slog.New(slow)
		h.reopen()
		h.fault(stravatest.Fault{Kind: stravatest.FaultEmptyPolyline, Path: "/athlete/activities", Count: 1}) // is logged as it is written
		h.must(h.server.Rename(h.server.Activities(h.athlete())[1].ID, "Another name"))
		h.later(7 * time.Hour)
		if !slow.waited.Load() {
			t.Fatal("nothing was slow, the test is void")
		}
		h.later(7 * time.Hour)
		h.complete()
	})
}

// slowLog takes half a minute for the first warning.
type slowLog struct {
	slog.Handler
	waited atomic.Bool
}

func (l *slowLog) Enabled(context.Context, slog.Level) bool { return true }

func (l *slowLog) Handle(_ context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn && l.waited.CompareAndSwap(false, true) {
		time.Sleep(30 * time.Second)
	}
	return nil
}
