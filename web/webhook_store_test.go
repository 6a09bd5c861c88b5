package web_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"musette/store"
	"musette/strava/stravatest"
	"musette/web"
)

// TestWebhookFlood: at most 10,000 events wait, and the log says what happens, not how often.
func TestWebhookFlood(t *testing.T) {
	h := newHooked(t)
	h.subscribe()
	var first int64
	h.update(func(ctx context.Context, tx *store.Tx) error {
		for i := range 9_999 {
			id, err := tx.PutInbox(ctx, store.InboxItem{Kind: "event", AthleteID: h.owner(), ActivityID: int64(100 + i), Body: []byte("{}"), ReceivedAt: noon})
			if err != nil {
				return err
			}
			if i == 0 {
				first = id
			}
		}
		_, err := tx.PutInbox(ctx, store.InboxItem{Kind: "forced"})
		return err
	})
	if r := h.do("POST", h.path(), h.event()); r.StatusCode != 200 {
		t.Fatalf("number 10,000: %s", r)
	}
	for range 20 {
		h.wantProblem(h.do("POST", h.path(), h.event("1779451200", "1779451201")), 503)
	}
	if r := h.do("POST", h.path(), h.event()); r.StatusCode != 200 {
		t.Errorf("what waits already costs no room: %s", r)
	}
	h.pass(2 * time.Minute)
	h.wantProblem(h.do("POST", h.path(), h.event("1779451200", "1779451201")), 503)
	h.update(func(ctx context.Context, tx *store.Tx) error { return tx.DeleteInbox(ctx, first) })
	h.pass(2 * time.Minute)
	for range 3 {
		if r := h.do("POST", h.path(), h.event("1779451200", "1779451201")); r.StatusCode != 200 {
			t.Errorf("with room again: %s", r)
		}
	}
	if n := len(h.inbox()); n != 10_001 {
		t.Errorf("%d items are kept", n)
	}
	log := h.log.String()
	if strings.Count(log, "can't be kept") > 2 || strings.Count(log, "kept again") > 2 || !strings.Contains(log, "can't be kept") || !strings.Contains(log, "kept again") {
		var said []string
		for line := range strings.Lines(log) {
			if !strings.Contains(line, "level=DEBUG") {
				said = append(said, line)
			}
		}
		t.Errorf("the log:\n%s", strings.Join(said, ""))
	}
}

// relay is a callback whose server can be replaced while Strava holds on to the address.
type relay struct {
	*httptest.Server
	to atomic.Pointer[http.Handler]
}

func newRelay(t *testing.T) *relay {
	r := &relay{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { (*r.to.Load()).ServeHTTP(w, req) }))
	t.Cleanup(r.Close)
	return r
}

func (r *relay) serve(t *testing.T, st *store.Store, log *bytes.Buffer, woken func()) {
	t.Helper()
	h, err := web.NewWebhook(web.Config{Store: st, Woken: woken, Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	r.to.Store(&h)
}

func openDir(t *testing.T, dir string) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

// TestEventsOutliveTheDatabase: while the store is closed, locked by another process, or a mere snapshot, Strava is
// told to try again in time; then each event is kept once.
func TestEventsOutliveTheDatabase(t *testing.T) {
	ctx, dir, log := t.Context(), t.TempDir(), &bytes.Buffer{}
	front := newRelay(t)
	clock := stravatest.NewClock(noon)
	fake := stravatest.New(stravatest.Config{Activities: 5, Now: clock.Now})
	owner := fake.Athletes()[0].ID
	fake.Grant(owner)
	at := web.NewCallback(front.URL, noon)
	st := openDir(t, dir)
	put := func(id int64) {
		t.Helper()
		at.Pending.ID = id
		err := st.Update(ctx, nil, func(tx *store.Tx) error {
			if err := tx.PutAthlete(ctx, store.Athlete{ID: owner}); err != nil {
				return err
			}
			return tx.PutSubscription(ctx, at.Pending)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	put(0)
	front.serve(t, st, log, func() {})
	put(subscribeAt(t, fake, at))

	deliver := func(what string, want int) {
		t.Helper()
		clock.Advance(2 * time.Minute)
		if n, err := fake.Deliver(ctx); n != want || err != nil {
			t.Errorf("%s: %d events are acknowledged, want %d; %v", what, n, want, err)
		}
		tries := fake.Attempts()
		if last := tries[len(tries)-1]; last.Status != map[int]int{0: 503, 1: 200}[want] || last.Err != "" {
			t.Errorf("%s: %+v", what, last)
		}
	}
	if err := fake.Rename(fake.Activities(owner)[0].ID, "Kept"); err != nil {
		t.Fatal(err)
	}
	front.serve(t, st, log, nil)
	deliver("a snapshot", 0)
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	front.serve(t, st, log, func() {})
	deliver("closed", 0)
	st = openDir(t, dir)
	front.serve(t, st, log, func() {})
	deliver("back", 1)
	if items := inboxOf(t, st); len(items) != 1 || items[0].ActivityID != fake.Activities(owner)[0].ID {
		t.Errorf("kept: %+v", items)
	}

	if err := fake.Rename(fake.Activities(owner)[1].ID, "Kept too"); err != nil {
		t.Fatal(err)
	}
	release := lock(t, openDir(t, dir))
	began := time.Now()
	deliver("locked", 0)
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the answer took %v", took)
	}
	release()
	deliver("unlocked", 1)
	if items := inboxOf(t, st); len(items) != 2 {
		t.Errorf("kept: %+v", items)
	}
	front.Close()
	if strings.Contains(log.String(), strings.TrimPrefix(at.Address.Reveal(), front.URL+"/webhook/")) {
		t.Errorf("the log holds the secret:\n%s", log)
	}
}

// lock keeps a write transaction open, as another process might.
func lock(t *testing.T, other *store.Store) (release func()) {
	t.Helper()
	locked, end, ended := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		ended <- other.Update(context.Background(), nil, func(*store.Tx) error {
			close(locked)
			<-end
			return nil
		})
	}()
	<-locked
	return func() {
		close(end)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
