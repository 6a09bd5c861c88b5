package torture

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"musette"
	"musette/internal/pgtest"
	"musette/strava/stravatest"
)

// The database is stopped for minutes while 200 readers a second ask for the feed, single activities, totals, the
// status and the page: none fails, and they don't wait longer than before. When it is back, all is caught up with.
func TestDatabaseStopped(t *testing.T) {
	t.Parallel()
	database := pgtest.NewServer(t, nil, nil)
	outage(t, database.URL, database.Stop, database.Start, length(6*time.Second, 5*time.Minute))
}

// The same, where the database doesn't refuse but falls silent in the middle of what it says, as behind a network that
// drops everything.
func TestDatabaseFallsSilent(t *testing.T) {
	t.Parallel()
	p := newWire(t, pgtest.New(t))
	outage(t, p.url, p.cut, p.mend, length(6*time.Second, 2*time.Minute))
}

// outage reads before, while and after the database is gone.
func outage(t *testing.T, address string, stop, start func(), lasting time.Duration) {
	w := newWorld(t, stravatest.Config{Seed: 31, Activities: length(60, 200), Limits: plenty})
	p := w.program().with("DATABASE_URL=" + address)
	s, settled, theirs := readFrom(w, p, "data")
	// What else the machine does at the same time slows reading too, so it is compared with another whose database stays.
	_, _, others := readFrom(w, p.with("DATABASE_URL="+pgtest.New(t)), "other")

	before := theirs.run(t, length(3*time.Second, 15*time.Second))
	stop()
	var gone, there sample
	var reading sync.WaitGroup
	reading.Go(func() { there = others.run(t, lasting) })
	gone = theirs.run(t, lasting)
	reading.Wait()
	eventually(t, "the state", func() bool {
		st, err := s.status()
		return err == nil && st.State == musette.StateStoreDown
	})
	for range 3 {
		_, err := w.AddActivity(w.Athletes()[0].ID, time.Time{})
		must(t, err)
	}
	start()
	back := time.Now()
	var after sample
	reading.Go(func() { after = theirs.run(t, length(3*time.Second, 15*time.Second)) })
	eventually(t, "the database's return", func() bool {
		_, err := s.do("POST", "/v1/refresh", "")
		return err == nil
	})
	eventually(t, "what was missed", settled)
	took := time.Since(back)
	reading.Wait()

	for _, x := range []sample{before, gone, there, after} {
		if len(x.failed) > 0 {
			t.Errorf("%d of %d reads failed, such as %s", len(x.failed), len(x.took), x.failed[0])
		}
	}
	const noise = 10 * time.Millisecond
	if most := max(2*there.at(0.99), noise); length(false, true) && gone.at(0.99) > most {
		t.Errorf("p99 is %v without the database, with one %v at the same time", gone.at(0.99), there.at(0.99))
	}
	report(t, "gone for %v; %d reads without it, 0 failed; p50 %v without, %v with one at the same time; p99 %v, %v; caught up %v after it was back",
		lasting, len(gone.took), gone.at(0.5), there.at(0.5), gone.at(0.99), there.at(0.99), took.Round(100*time.Millisecond))
}

// readFrom starts an instance, waits until it has everything, and returns who reads from it: every kind of answer, by
// the operator's key and by one of the database's.
func readFrom(w *world, p *program, name string) (s *site, settled func() bool, r *readers) {
	w.t.Helper()
	named := strings.TrimSpace(p.must("key", "create", "site"))
	s = p.site(name)
	s.begin()
	settled = func() bool {
		st, err := s.status()
		got, e := s.feed()
		return err == nil && e == nil && st.State == musette.StateOK && len(w.differences(got)) == 0
	}
	eventually(w.t, "everything here", settled)
	all, err := s.feed()
	must(w.t, err)
	r = &readers{client: s.client, keys: []string{ownerKey, named}}
	for i, path := range []string{"/v1/feed", "/v1/feed?limit=500", "/v1/feed?type=Run&limit=20", "/v1/totals", "/v1/status", "/"} {
		r.urls = append(r.urls, s.url+path, fmt.Sprintf("%s/v1/activities/%d", s.url, all[i*7].ID))
	}
	return s, settled, r
}

// Readers ask for one address after the other, each as the next of several people.
type readers struct {
	client *http.Client
	urls   []string
	keys   []string
}

const readsPerSecond = 200

// A sample is how the reads of some time went.
type sample struct {
	took   []time.Duration // sorted
	failed []string
}

func (s sample) at(quantile float64) time.Duration {
	return s.took[int(quantile*float64(len(s.took)-1))].Round(10 * time.Microsecond)
}

// run sends requests at their times, whether or not those before have been answered, and waits for all answers. What a
// request took counts from the time at which it was to be sent.
func (r *readers) run(t *testing.T, lasting time.Duration) (s sample) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	began := time.Now()
	for n := range int(lasting.Seconds() * readsPerSecond) {
		at := began.Add(time.Duration(n) * time.Second / readsPerSecond)
		time.Sleep(time.Until(at))
		wg.Go(func() {
			err := r.read(t.Context(), n)
			took := time.Since(at)
			mu.Lock()
			defer mu.Unlock()
			s.took = append(s.took, took)
			if err != nil {
				s.failed = append(s.failed, err.Error())
			}
		})
	}
	wg.Wait()
	slices.Sort(s.took)
	return s
}

func (r *readers) read(ctx context.Context, n int) error {
	address := r.urls[n%len(r.urls)]
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+r.keys[n/len(r.urls)%len(r.keys)])
	if strings.HasSuffix(address, "/") {
		req.Header.Set("Accept", "text/html")
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %.200s", address, resp.Status, body)
	}
	return err
}

// A wire is all that lies between the program and its database, and can be cut: nothing comes through then, either
// way, and nobody is told.
type wire struct {
	url string

	mu    sync.Mutex
	whole chan struct{} // closed while it is
	ends  []net.Conn
}

func newWire(t *testing.T, direct string) *wire {
	t.Helper()
	u, err := url.Parse(direct)
	must(t, err)
	q := u.Query()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	w := &wire{whole: make(chan struct{})}
	close(w.whole)
	t.Cleanup(func() {
		l.Close()
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, c := range w.ends {
			c.Close()
		}
	})
	w.url = fmt.Sprintf("postgres://postgres@%s%s?sslmode=disable", l.Addr(), u.Path)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			d, err := net.Dial("unix", filepath.Join(q.Get("host"), ".s.PGSQL."+q.Get("port")))
			if err != nil {
				c.Close()
				continue
			}
			w.mu.Lock()
			w.ends = append(w.ends, c, d)
			w.mu.Unlock()
			go w.carry(c, d)
			go w.carry(d, c)
		}
	}()
	return w
}

func (w *wire) carry(from, to net.Conn) {
	defer to.Close()
	for b := make([]byte, 32<<10); ; {
		n, err := from.Read(b)
		w.mu.Lock()
		whole := w.whole
		w.mu.Unlock()
		<-whole
		if _, e := to.Write(b[:n]); err != nil || e != nil {
			return
		}
	}
}

func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.whole = make(chan struct{})
}

func (w *wire) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.whole)
}
