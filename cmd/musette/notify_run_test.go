package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/store"
)

const secretPath = "/hook/tok-3n-verysecret"

// receiver is somebody who is told, inside a synctest bubble: its network is pipes.
type receiver struct {
	answer func(http.ResponseWriter, *http.Request) // default: 204

	mu    sync.Mutex
	notes []string // as JSON
	at    []time.Time
	conns chan net.Conn
	gone  chan struct{}
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{conns: make(chan net.Conn), gone: make(chan struct{})}
	s := httptest.NewUnstartedServer(r)
	s.Listener.Close()
	s.Listener = r
	s.Start()
	t.Cleanup(s.Close)
	return r
}

func (r *receiver) Accept() (net.Conn, error) {
	select {
	case c := <-r.conns:
		return c, nil
	case <-r.gone:
		return nil, net.ErrClosed
	}
}

func (r *receiver) Close() error {
	select {
	case <-r.gone:
	default:
		close(r.gone)
	}
	return nil
}

func (r *receiver) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (r *receiver) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case r.conns <- theirs:
		return ours, nil
	case <-r.gone:
		return nil, &net.OpError{Op: "dial", Err: io.EOF}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	r.mu.Lock()
	r.notes, r.at = append(r.notes, q.Method+" "+q.URL.Path+" "+q.Header.Get("Content-Type")+" "+string(body)), append(r.at, time.Now())
	answer := r.answer
	r.mu.Unlock()
	if answer != nil {
		answer(w, q)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (r *receiver) answers(f func(http.ResponseWriter, *http.Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.notes)
}

// scene is a state that changes, and who watches it.
type scene struct {
	t        *testing.T
	store    *store.Store
	receiver *receiver
	log      bytes.Buffer

	mu       sync.Mutex
	status   musette.Status
	replaced chan struct{}
}

func newScene(t *testing.T) *scene {
	st, err := store.OpenMemory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return &scene{t: t, store: st, receiver: newReceiver(t), status: musette.Status{State: musette.StateOK}, replaced: make(chan struct{})}
}

func (s *scene) view() (musette.Status, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status, s.replaced
}

func (s *scene) set(state musette.State, cause string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = musette.Status{State: state, Cause: cause, Advice: state.Advice()}
	close(s.replaced)
	s.replaced = make(chan struct{})
}

func (s *scene) notifier() *notifier {
	client := notifyClient()
	client.Transport.(*http.Transport).DialContext = s.receiver.dial
	client.Transport.(*http.Transport).Proxy = nil
	return &notifier{
		url: "http://hook.example" + secretPath + "?key=verysecret", after: time.Hour, page: "https://runs.example.org", agent: "musette/test",
		client: client, now: time.Now, log: slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

// start begins a run of a notifier, as a process does; what it returns ends it.
func (s *scene) start(n *notifier) (stop func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := n.run(ctx, s.store, s.view); err != nil {
			s.t.Error(err)
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// wait lets time pass, which is the bubble's: it takes none.
func (s *scene) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (s *scene) told(want ...string) {
	s.t.Helper()
	s.receiver.mu.Lock()
	defer s.receiver.mu.Unlock()
	var got []string
	for _, n := range s.receiver.notes {
		head, body, _ := strings.Cut(n, "{")
		if head != "POST "+secretPath+" application/json " {
			s.t.Errorf("told by %q", head)
		}
		var m note
		if err := json.Unmarshal([]byte("{"+body), &m); err != nil {
			s.t.Errorf("%s: %v", body, err)
		}
		got = append(got, string(m.State))
	}
	if !equal(got, want) {
		s.t.Errorf("told of %q, not %q", got, want)
	}
	if log := s.log.String(); strings.Contains(log, "verysecret") || strings.Contains(log, "hook.example") {
		s.t.Errorf("the log holds the address: %s", log)
	}
}

func TestTheReceiverIsToldOfWhatLastsAndOfItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		defer s.start(s.notifier())()
		s.wait(time.Hour)
		began := time.Now().UTC()
		s.set(musette.StateOffline, "Strava doesn't answer")
		s.wait(59 * time.Minute)
		s.told()
		s.wait(2 * time.Hour)
		s.told("offline")
		want := `{"state":"offline","cause":"Strava doesn't answer","since":"` + began.Format(time.RFC3339) + `","until":null,"advice":"` +
			musette.StateOffline.Advice() + `","url":"https://runs.example.org"}`
		if _, body, _ := strings.Cut(s.receiver.notes[0], "json "); body != want {
			t.Errorf("told\n%s, not\n%s", body, want)
		}
		s.set(musette.StateSyncing, "")
		s.wait(30 * time.Second)
		s.set(musette.StateOK, "")
		s.wait(12 * time.Hour)
		s.told("offline", "ok")
		if _, body, _ := strings.Cut(s.receiver.notes[1], "json "); !strings.Contains(body, `"state":"ok","cause":"","since":"`+began.Add(179*time.Minute).Format(time.RFC3339)) {
			t.Errorf("told %s", body)
		}
	})
}

func TestANoteIsTriedUntilItIsAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		defer s.start(s.notifier())()
		elsewhere := 0
		s.receiver.answers(func(w http.ResponseWriter, r *http.Request) {
			switch s.receiver.count() {
			case 1:
				w.WriteHeader(http.StatusInternalServerError)
			case 2: // never followed
				elsewhere++
				http.Redirect(w, r, "http://elsewhere.example/", http.StatusTemporaryRedirect)
			case 3: // no answer: the timeout ends it
				<-r.Context().Done()
			case 4:
				panic(http.ErrAbortHandler)
			}
		})
		s.set(musette.StateHeld, "many are missing")
		s.wait(6 * time.Hour)
		s.told("held", "held", "held", "held", "held")
		var waits []time.Duration
		for i := 1; i < len(s.receiver.at); i++ {
			waits = append(waits, s.receiver.at[i].Sub(s.receiver.at[i-1]))
		}
		for i, want := range []time.Duration{10 * time.Second, 20 * time.Second, 50 * time.Second, 80 * time.Second} { // the third with its timeout
			if waits[i] != want {
				t.Errorf("waits %v", waits)
				break
			}
		}
		if n := strings.Count(s.log.String(), "level=WARN msg=\"the receiver"); n != 1 {
			t.Errorf("%d warnings: %s", n, &s.log)
		}
	})
}

func TestANewerStateOvertakesWhatWasNotAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		defer s.start(s.notifier())()
		s.receiver.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
		s.set(musette.StateOffline, "")
		s.wait(time.Hour + 15*time.Second)
		s.told("offline", "offline")
		s.set(musette.StateOK, "")
		s.wait(5 * time.Minute)
		s.receiver.answers(nil)
		s.wait(24 * time.Hour)
		s.told("offline", "offline") // it is over, and the receiver never knew
	})
}

func TestARestartTellsNothingTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		stop := s.start(s.notifier())
		s.set(musette.StateInactive, "")
		s.wait(40 * time.Minute)
		stop()
		s.wait(time.Minute)
		stop = s.start(s.notifier()) // the hour goes on
		s.wait(20 * time.Minute)
		s.told("inactive")
		stop()
		stop = s.start(s.notifier())
		s.wait(3 * time.Hour)
		s.told("inactive")
		stop()
		s.set(musette.StateOK, "")
		s.wait(time.Hour)
		stop = s.start(s.notifier())
		s.wait(3 * time.Hour)
		s.told("inactive", "ok")
		stop()
	})
}

func TestTwoInstancesTellOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		defer s.start(s.notifier())()
		other := s.notifier()
		other.log = slog.New(slog.DiscardHandler)
		defer s.start(other)()
		s.set(musette.StateOffline, "")
		s.wait(5 * time.Hour)
		s.set(musette.StateOK, "")
		s.wait(5 * time.Hour)
		s.told("offline", "ok")
	})
}

// While the database is away nothing can be kept, and it is what has to be told.
func TestAStoreThatIsAwayIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		n := s.notifier()
		stop := s.start(n)
		s.wait(time.Second)
		s.set(musette.StateStoreDown, "no route")
		s.wait(2 * time.Hour)
		s.told("store_down")
		stop()
		away := s.store
		var err error
		if s.store, err = store.OpenMemory(t.Context()); err != nil { // everything is opened anew
			t.Fatal(err)
		}
		defer away.Close()
		s.set(musette.StateOK, "")
		stop = s.start(n)
		s.wait(time.Hour)
		s.told("store_down", "ok")
		stop()
		defer s.start(s.notifier())() // another process has it from the store
		s.wait(time.Hour)
		s.told("store_down", "ok")
		s.store.Close()
	})
}

func TestStatesAreLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		n := s.notifier()
		n.url = ""
		stop := s.start(n)
		for range 50 {
			s.set(musette.StateOffline, "no route to host")
			s.wait(time.Second)
		}
		s.set(musette.StateOK, "")
		s.wait(time.Hour)
		stop()
		log := s.log.String()
		if strings.Count(log, "level=WARN") != 1 || !strings.Contains(log, "cause=\"no route to host\"") || strings.Count(log, "state=ok before=offline") != 1 {
			t.Errorf("%s", log)
		}
		if s.receiver.count() != 0 {
			t.Error("somebody was told")
		}
	})
}

// Over a real network, with the client as it is.
func TestPostNamesNoAddress(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	n := &notifier{client: notifyClient(), agent: "musette/test"}
	check := func(url, want string) {
		t.Helper()
		n.url = url
		if err := n.post(t.Context(), note{}); err == nil || err.Error() != want {
			t.Errorf("%v, not %s", err, want)
		}
	}
	check(s.URL+secretPath, "it answered 404")
	s.Close()
	check(s.URL+secretPath, "connection refused")
	check("http://"+secretPath, "it can't be reached")
}
