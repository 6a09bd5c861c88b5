package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/store"
)

// notifier watches the state while serving: it logs each change, and tells the receiver of states that last. run is
// for one goroutine; what is known outlives a run, since after an outage of the database everything is opened anew.
type notifier struct {
	url     string // where to tell; "" for nowhere
	after   time.Duration
	page    string
	agent   string
	client  *http.Client
	now     func() time.Time
	log     *slog.Logger
	logged  musette.State // the last state in the log
	book    notebook
	read    bool // book has been read from a store
	unsaved bool // book is ahead of the store's
	vain    bool // the last try was in vain, and that is in the log
}

// notifyTimeout bounds one try.
const notifyTimeout = 10 * time.Second

func (a *app) newNotifier() *notifier {
	return &notifier{
		url: a.cfg.NotifyURL.Reveal(), after: a.cfg.NotifyAfter, page: a.cfg.address(), agent: "musette/" + readBuild().Version,
		client: notifyClient(), now: a.now, log: a.log,
	}
}

// notifyClient follows no redirect: what was meant for one address is for no other. It keeps no connection.
func notifyClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true
	return &http.Client{
		Transport: transport, Timeout: notifyTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// watch follows the site's state.
func (s *site) watch(ctx context.Context) error {
	if s.app.notifier == nil {
		s.app.notifier = s.app.newNotifier()
	}
	n := s.app.notifier
	n.log = s.app.log
	return n.run(ctx, s.store, func() (musette.Status, <-chan struct{}) {
		v := s.feed.View()
		return v.Status, v.Replaced()
	})
}

// run follows the status until ctx ends. view returns the present one, and what is closed when there is another.
func (n *notifier) run(ctx context.Context, st *store.Store, view func() (musette.Status, <-chan struct{})) error {
	for ctx.Err() == nil {
		status, replaced := view()
		n.logState(ctx, status)
		n.wait(ctx, replaced, n.tell(ctx, st, status))
	}
	return nil
}

// wait waits for another status, or until a time if it isn't zero.
func (n *notifier) wait(ctx context.Context, replaced <-chan struct{}, until time.Time) {
	var at <-chan time.Time
	if !until.IsZero() {
		t := time.NewTimer(max(until.Sub(n.now()), time.Millisecond))
		defer t.Stop()
		at = t.C
	}
	select {
	case <-ctx.Done():
	case <-replaced:
	case <-at:
	}
}

// logState writes a state once, when it begins. Fetching what is new is the usual run of things.
func (n *notifier) logState(ctx context.Context, s musette.Status) {
	if s.State == n.logged {
		return
	}
	before := n.logged
	n.logged = s.State
	level := slog.LevelWarn
	switch {
	case well(s.State) && (well(before) || before == ""):
		level = slog.LevelDebug
	case well(s.State), s.State == musette.StateLimited:
		level = slog.LevelInfo
	}
	args := []any{"state", string(s.State), "before", string(before)}
	if s.Cause != "" {
		args = append(args, "cause", s.Cause)
	}
	if s.Until != nil {
		args = append(args, "until", *s.Until)
	}
	if s.Advice != "" {
		args = append(args, "advice", s.Advice)
	}
	n.log.Log(ctx, level, "the state has changed", args...)
}

// tell tells the receiver of the status if it is time to, and returns when to look again though the status stays.
func (n *notifier) tell(ctx context.Context, st *store.Store, s musette.Status) time.Time {
	if n.url == "" {
		return time.Time{}
	}
	now := n.now().UTC().Round(0)
	n.recall(ctx, st)
	if s.State == musette.StateStoreDown {
		st = nil
	}
	book, due, wake := n.book.see(s, n.after, now)
	if !due && book == n.book && (!n.unsaved || st == nil) {
		return wake
	}
	n.write(ctx, st, func(b notebook) notebook {
		if b, due, wake = b.see(s, n.after, now); due {
			return b.trying(now)
		}
		return b
	})
	if !due {
		return wake
	}
	state, tries := n.book.State, n.book.Tries
	err := n.post(ctx, n.note(s))
	if ctx.Err() != nil {
		return time.Time{}
	}
	now = n.now().UTC().Round(0)
	n.write(ctx, st, func(b notebook) notebook {
		if err != nil {
			return b.refused(state, now)
		}
		return b.accepted(state)
	})
	n.logTry(state, tries, err)
	_, _, wake = n.book.see(s, n.after, now)
	return wake
}

func (n *notifier) logTry(state musette.State, tries int, err error) {
	switch {
	case err == nil:
		n.log.Info("told of a state", "state", string(state), "tries", tries)
	case !n.vain:
		n.log.Warn("the receiver of MUSETTE_NOTIFY_URL was not told; it is tried again", "state", string(state), "again", n.book.Next, "error", err)
	default:
		n.log.Debug("the receiver of MUSETTE_NOTIFY_URL was not told", "state", string(state), "again", n.book.Next, "error", err)
	}
	n.vain = err != nil
}

func (n *notifier) note(s musette.Status) note {
	since := n.book.Since.Truncate(time.Second)
	m := note{State: n.book.State, Since: &since, URL: n.page}
	if n.book.State != musette.StateOK {
		m.Cause, m.Until, m.Advice = s.Cause, s.Until, s.Advice
	}
	return m
}

// noteSetting is the notebook's row among the store's settings.
const noteSetting = "notifications"

// recall reads the notebook once. A store that serves in place of another has it from that one's snapshot.
func (n *notifier) recall(ctx context.Context, st *store.Store) {
	if n.read {
		return
	}
	ctx, done := context.WithTimeout(ctx, notifyTimeout)
	defer done()
	err := st.View(ctx, func(tx *store.Tx) (err error) {
		n.book, err = n.kept(ctx, tx)
		return err
	})
	n.read = err == nil
}

// write changes the notebook, in the store's own transaction: another instance may have changed it. While there is no
// store to write to, it changes here, and goes to the store as soon as there is.
func (n *notifier) write(ctx context.Context, st *store.Store, change func(notebook) notebook) {
	if st != nil {
		ctx, done := context.WithTimeout(ctx, notifyTimeout)
		defer done()
		var book notebook
		err := st.Update(ctx, nil, func(tx *store.Tx) error {
			before, err := n.kept(ctx, tx)
			if err != nil {
				return err
			}
			if book = change(before); book == before && !n.unsaved {
				return nil
			}
			body, err := json.Marshal(book)
			if err != nil {
				return err
			}
			return tx.PutSetting(ctx, noteSetting, string(body))
		})
		if err == nil {
			n.book, n.read, n.unsaved = book, true, false
			return
		}
	}
	n.book, n.unsaved = change(n.book), true
}

// kept is the notebook to go on from: the store's, unless this one is ahead of it.
func (n *notifier) kept(ctx context.Context, tx *store.Tx) (b notebook, err error) {
	if n.unsaved {
		return n.book, nil
	}
	body, err := tx.Setting(ctx, noteSetting)
	if err != nil || body == "" {
		return b, err
	}
	if json.Unmarshal([]byte(body), &b) != nil { // worth no more than its absence: something may be told twice
		return notebook{}, nil
	}
	return b, nil
}

// post sends one note. Its errors don't name the address, which may hold a secret.
func (n *notifier) post(ctx context.Context, m note) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, n.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("the address can't be used")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", n.agent)
	reply, err := n.client.Do(r)
	if err != nil {
		return unsent(err)
	}
	defer reply.Body.Close()
	_, _ = io.CopyN(io.Discard, reply.Body, 64<<10)
	if reply.StatusCode < 200 || reply.StatusCode > 299 {
		return fmt.Errorf("it answered %d", reply.StatusCode)
	}
	return nil
}

// unsent says why no answer came, in words that hold nothing of the address.
func unsent(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("no answer within %s", notifyTimeout)
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return errors.New("its host isn't known")
	}
	if reason, ok := errors.AsType[syscall.Errno](err); ok {
		return reason
	}
	return errors.New("it can't be reached")
}
