package torture

import (
	"cmp"
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
// status and the page: none fails, and p99 isn't twice what it was. When it is back, all is caught up with.
func TestDatabaseStopped(t *testing.T) {
	alone(t)
	database := pgtest.NewServer(t, nil, nil)
	outage(t, database.URL, database.Stop, database.Start, length(6*time.Second, 5*time.Minute))
}

// The same, where the database doesn't refuse but falls silent in the middle of what it says, as behind a network that
// drops everything.
func TestDatabaseFallsSilent(t *testing.T) {
	alone(t)
	p := newWire(t, pgtest.New(t))
	outage(t, p.url, p.cut, p.mend, length(6*time.Second, 2*time.Minute))
}

// alone lets the shortened tests run beside others. In full they run before those, by themselves: what others do would
// be in what reading takes.
func alone(t *testing.T) {
	t.Helper()
	if length(true, false) {
		t.Parallel()
	}
}

// outage reads before, while and after the database is gone, always at the same pace. A few read meanwhile from an
// instance beside, whose database stays: what slows that one is the machine.
func outage(t *testing.T, address string, stop, start func(), lasting time.Duration) {
	w := newWorld(t, stravatest.Config{Seed: 31, Activities: length(60, 200), Limits: plenty})
	p := w.program()
	s, settled, readers := readFrom(w, p.with("DATABASE_URL="+address), "data", 200)
	_, _, beside := readFrom(w, p.with("DATABASE_URL="+pgtest.New(t)), "beside", 20)
	read := func(lasting time.Duration) (ours, theirs sample) {
		var wg sync.WaitGroup
		wg.Go(func() { theirs = beside.run(t, lasting) })
		ours = readers.run(t, lasting)
		wg.Wait()
		return ours, theirs
	}

	read(length(time.Second, 10*time.Second)) // connections are made, everything was asked for once
	before, besideBefore := read(lasting / 2)
	stop()
	gone, besideGone := read(lasting)
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
	var meanwhile sample
	var reading sync.WaitGroup
	reading.Go(func() { meanwhile = readers.run(t, length(3*time.Second, 15*time.Second)) })
	eventually(t, "the database's return", func() bool {
		_, err := s.do("POST", "/v1/refresh", "")
		return err == nil
	})
	eventually(t, "what was missed", settled)
	took := time.Since(back)
	reading.Wait()
	after, besideAfter := read(lasting / 2)

	for _, x := range []sample{before, gone, meanwhile, after} {
		if len(x.failed) > 0 {
			t.Errorf("%d of %d reads failed, such as %s", len(x.failed), len(x.answers), x.failed[0])
		}
	}
	for _, kind := range append(readers.kinds(), "") {
		t.Logf("%-26s before, without, after: p50 %v, %v, %v; p99 %v, %v, %v", cmp.Or(kind, "all"),
			before.at(kind, 0.5), gone.at(kind, 0.5), after.at(kind, 0.5), before.at(kind, 0.99), gone.at(kind, 0.99), after.at(kind, 0.99))
	}
	// Judged in full only: over a few seconds, beside other tests, p99 says nothing.
	was, is := before.at("", 0.99), gone.at("", 0.99)
	machine := max(1, besideGone.at("", 0.99).Seconds()/besideBefore.at("", 0.99).Seconds())
	if length(false, true) && is.Seconds() > 2*machine*was.Seconds() {
		t.Errorf("p99 is %v without the database, and was %v with it; the machine had become %.1f times slower", is, was, machine)
	}
	report(t, "gone for %v; %d reads without it, %d failed; before, without, after: p50 %v, %v, %v; p99 %v, %v, %v; p99 beside it %v, %v, %v; caught up %v after it was back",
		lasting, len(gone.answers), len(gone.failed), before.at("", 0.5), gone.at("", 0.5), after.at("", 0.5), was, is, after.at("", 0.99),
		besideBefore.at("", 0.99), besideGone.at("", 0.99), besideAfter.at("", 0.99), took.Round(100*time.Millisecond))
}

// readFrom starts an instance, waits until it has everything, and returns who reads from it: every kind of answer, by
// the operator's key and by one of the database's, so many times a second.
func readFrom(w *world, p *program, name string, pace int) (s *site, settled func() bool, r *readers) {
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
	r = &readers{client: s.client, keys: []string{ownerKey, named}, pace: pace}
	for i, kind := range []string{"/v1/feed", "/v1/feed?limit=500", "/v1/feed?type=Run&limit=20", "/v1/totals", "/v1/status", "/"} {
		r.reads = append(r.reads, read{kind, s.url + kind}, read{"/v1/activities/{id}", fmt.Sprintf("%s/v1/activities/%d", s.url, all[i*7].ID)})
	}
	return s, settled, r
}

// Readers ask for one address after the other, each as the next of several people.
type readers struct {
	client *http.Client
	reads  []read
	keys   []string
	pace   int // a second
}

// A read is one address, and the kind of answer that it gives.
type read struct{ kind, url string }

// kinds are the kinds of answers, each once.
func (r *readers) kinds() (kinds []string) {
	for _, one := range r.reads {
		if !slices.Contains(kinds, one.kind) {
			kinds = append(kinds, one.kind)
		}
	}
	return kinds
}

// A sample is how the reads of some time went.
type sample struct {
	answers []answer // the fastest first
	failed  []string
}

type answer struct {
	kind string
	took time.Duration
}

// at is what this part of the answers of one kind took at most, of all answers if kind is "".
func (s sample) at(kind string, quantile float64) time.Duration {
	var took []time.Duration
	for _, a := range s.answers {
		if kind == "" || a.kind == kind {
			took = append(took, a.took)
		}
	}
	return took[int(quantile*float64(len(took)-1))].Round(10 * time.Microsecond)
}

// run sends requests at their times, whether or not those before have been answered, and waits for all answers. What a
// request took counts from the time at which it was to be sent.
func (r *readers) run(t *testing.T, lasting time.Duration) (s sample) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	began := time.Now()
	for n := range int(lasting.Seconds()) * r.pace {
		at := began.Add(time.Duration(n) * time.Second / time.Duration(r.pace))
		time.Sleep(time.Until(at)) // the pace of the load
		wg.Go(func() {
			one := r.reads[n%len(r.reads)]
			err := r.read(t.Context(), one.url, r.keys[n/len(r.reads)%len(r.keys)])
			took := time.Since(at)
			mu.Lock()
			defer mu.Unlock()
			s.answers = append(s.answers, answer{one.kind, took})
			if err != nil {
				s.failed = append(s.failed, err.Error())
			}
		})
	}
	wg.Wait()
	slices.SortFunc(s.answers, func(a, b answer) int { return cmp.Compare(a.took, b.took) })
	return s
}

func (r *readers) read(ctx context.Context, address, key string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+key)
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
