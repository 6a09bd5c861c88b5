package torture

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"musette/internal/pgtest"
	"musette/plan"
	"musette/strava/stravatest"
)

// takeover is how long the lease may be nobody's.
const takeover = 20 * time.Second

// Three instances on one Postgres, and again and again the one that leads is killed while athletes run, people press
// refresh, and tokens run out, each refresh changing the refresh token too. Another takes over within 20 seconds; no
// call is refused, none repeated but those in flight, no token is lost, and in the end all three show everything.
func TestInstances(t *testing.T) {
	t.Parallel()
	lasting, every := length(15*time.Second, 10*time.Minute), length(6*time.Second, 30*time.Second)
	chance, seed := random(t)
	url := pgtest.New(t)
	// Scarce enough that who counts for itself alone is refused.
	w := newWorld(t, stravatest.Config{
		Seed: seed, Activities: 200, RotateRefreshTokens: true,
		// Activities that hide their hour are listed as of midnight, and so many a day are more than the newest page.
		Quirks: stravatest.Quirks{HiddenStartsByTrueTime: true},
		Limits: stravatest.Limits{OverallQuarter: 4500, OverallDay: 9000, ReadQuarter: 4000, ReadDay: 9000},
	})
	_, err := w.AddFault(stravatest.Fault{Kind: stravatest.FaultLatency, Path: "/api/v3/**", Delay: 30 * time.Millisecond})
	must(t, err) // so that some calls are in flight
	p := w.program().with("DATABASE_URL=" + url)
	f := newFleet(t, p, url, 3)

	killed, expired, added, slowest := 0, 1, 0, time.Duration(0)
	live := func() { // an athlete uploads, somebody presses refresh
		// In the order of their starts: what was ridden long before a whole page of others only a sweep finds.
		_, err := w.AddActivity(w.Athletes()[0].ID, time.Now().Add(-2*time.Hour))
		must(t, err)
		if added++; added%10 == 9 {
			w.ExpireTokens()
			expired++
		}
		if some := f.sites[chance.IntN(len(f.sites))]; some.running() {
			some.refresh()
		}
	}
	began := time.Now()
	next, step := began.Add(every), time.NewTicker(length(400*time.Millisecond, time.Second))
	defer step.Stop()
	for time.Since(began) < lasting || killed == 0 {
		<-step.C
		live()
		if time.Now().After(next) {
			slowest = max(slowest, f.killLeader(func() { <-step.C; live() }))
			killed++
			next = time.Now().Add(every)
		}
	}
	for i, s := range f.sites {
		last := ""
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("instance %d: %s", i, last)
			}
		})
		eventually(t, fmt.Sprintf("everything at instance %d", i), func() bool {
			<-step.C
			s.refresh()
			got, err := s.feed()
			st, e := s.status()
			d := w.differences(got)
			last = fmt.Sprintf("%d differences, such as %q; %s (%s); %v", len(d), d[:min(2, len(d))], st.State, st.Cause, errors.Join(err, e))
			return err == nil && len(d) == 0
		})
	}
	f.wantFrugal(w, killed, expired)
	report(t, "seed %d, %d leaders killed in %v, takeover within %v, %d calls (%d activities), 0 refused, %d token requests for %d expiries",
		seed, killed, time.Since(began).Round(time.Second), slowest.Round(100*time.Millisecond), len(w.Calls()), 200+added, len(w.TokenCalls()), expired)
}

// A leader that is merely paused, with calls under way, wakes when another has led for a while: what it has in hand is
// out of date, and it writes nothing of it.
func TestPausedLeader(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	w := newWorld(t, stravatest.Config{Seed: 41, Activities: 30, Limits: plenty})
	f := newFleet(t, w.program().with("DATABASE_URL="+url), url, 2)
	shows := func(s *site) func() bool {
		return func() bool {
			got, err := s.feed()
			return err == nil && len(w.differences(got)) == 0
		}
	}
	eventually(t, "everything", shows(f.sites[0]))
	_, err := w.AddFault(stravatest.Fault{Kind: stravatest.FaultLatency, Path: "/api/v3/activities/*", Delay: 500 * time.Millisecond})
	must(t, err)
	for range 6 {
		_, err := w.AddActivity(w.Athletes()[0].ID, time.Time{})
		must(t, err)
	}
	details := func() int { return w.Counts()["GET /activities/{id}"] }
	before := details()
	f.sites[0].refresh()
	eventually(t, "calls under way", func() bool { return details() > before })
	old, number := f.leader()
	must(t, old.cmd.Process.Signal(syscall.SIGSTOP))
	paused := time.Now()
	var next *site
	eventually(t, "another leader", func() bool { next, _ = f.leader(); return next != nil && next != old })
	took := time.Since(paused)
	if took > takeover {
		t.Errorf("the takeover took %v, want at most %v", took, takeover)
	}
	eventually(t, "everything at the other", shows(next))
	must(t, old.cmd.Process.Signal(syscall.SIGCONT))
	eventually(t, "everything at the one that was paused", shows(old))
	if s, n := f.leader(); s != next || n != number+1 {
		t.Errorf("the lease went from number %d to %d, and isn't with the one that took over", number, n)
	}
	old.refresh() // it passes wishes on, as one that follows
	f.wantFrugal(w, 1, 1)
	report(t, "taken over within %v", took.Round(100*time.Millisecond))
}

// A fleet is several instances on one database.
type fleet struct {
	t     *testing.T
	db    *sql.DB // the database, behind their backs
	sites []*site
}

func newFleet(t *testing.T, p *program, url string, instances int) *fleet {
	t.Helper()
	db, err := sql.Open("pgx", url)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	f := &fleet{t: t, db: db}
	for i := range instances {
		s := p.site(fmt.Sprint("instance", i))
		s.begin()
		f.sites = append(f.sites, s)
	}
	return f
}

// leader is the instance that has the lease, nil while none has, and the lease's number.
func (f *fleet) leader() (s *site, number int64) {
	f.t.Helper()
	var holder string
	err := f.db.QueryRowContext(f.t.Context(),
		"SELECT holder, number FROM musette.leases WHERE name = 'sync' AND until_ms > extract(epoch FROM clock_timestamp()) * 1000").Scan(&holder, &number)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0
	}
	must(f.t, err)
	for _, s := range f.sites {
		if s.running() && strings.HasSuffix(holder, fmt.Sprintf("process %d", s.cmd.Process.Pid)) {
			return s, number
		}
	}
	return nil, number
}

// killLeader kills the one that leads, starts it again, and waits until one leads anew, while life goes on.
func (f *fleet) killLeader(live func()) (took time.Duration) {
	f.t.Helper()
	var old *site
	var number int64
	eventually(f.t, "a leader", func() bool { old, number = f.leader(); return old != nil })
	old.kill()
	killed := time.Now()
	for _, s := range f.sites {
		if s != old {
			if _, err := s.get("/v1/feed"); err != nil {
				f.t.Errorf("while another had been killed: %v", err)
			}
		}
	}
	old.begin()
	eventually(f.t, "another leader", func() bool {
		live()
		s, n := f.leader()
		return s != nil && n > number
	})
	if took = time.Since(killed); took > takeover {
		f.t.Errorf("the takeover took %v, want at most %v", took, takeover)
	}
	return took
}

// wantFrugal checks what the world saw: no refusal, no token lost, and no call made twice but those in flight.
func (f *fleet) wantFrugal(w *world, killed, expired int) {
	f.t.Helper()
	if n := w.Refused(); n > 0 {
		f.t.Errorf("%d calls were refused", n)
	}
	requests := w.TokenCalls()
	for _, c := range requests {
		if c.Status != 200 {
			f.t.Errorf("a token request was answered with %d", c.Status)
		}
	}
	if len(requests) > expired+killed {
		f.t.Errorf("%d token requests for %d expiries and %d kills", len(requests), expired, killed)
	}
	again := 0
	seen := map[string]bool{}
	for _, c := range w.Calls() {
		if c.Endpoint == "GET /activities/{id}" && c.Status == 200 {
			if seen[c.Path] {
				again++
			}
			seen[c.Path] = true
		}
	}
	if most := killed * plan.MaxInFlight; again > most {
		f.t.Errorf("%d details were fetched twice, want at most the %d in flight", again, most)
	}
}
