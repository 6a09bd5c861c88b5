package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"musette"
	"musette/internal/pgtest"
	"musette/plan"
	"musette/strava/stravatest"
)

// Three instances that start together on an empty Postgres, behind a pooler in transaction mode, are one client of Strava's: one makes each call, one
// refreshes, all count in one ledger, and all show the same. A wish can be told to any of them. If the one that syncs
// stops cleanly, another goes on at once. What is killed, e2e/torture tries.
func TestInstancesAreOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 61, RotateRefreshTokens: true, Limits: plenty})
	pooled, _ := pgtest.NewPooled(t)
	p := w.program().with("DATABASE_URL="+pooled, sharedKey)
	var sites []*site
	for i := range 3 {
		q := p.with("MUSETTE_DATA=" + filepath.Join(p.dir, fmt.Sprint("data", i)))
		s := &site{key: testKey, client: newClient(t)}
		address := freeAddress(t)
		s.url = "http://" + address
		s.process = q.with("MUSETTE_ADDR="+address, "MUSETTE_API_KEY="+testKey).start("serve")
		sites = append(sites, s)
	}
	everywhere := func(what string, done func(*site) bool) {
		t.Helper()
		for i, s := range sites {
			s.until(fmt.Sprintf("%s at instance %d", what, i), func() bool { return s.answers() && done(s) })
		}
	}
	complete := func(s *site) bool { return s.settled() && len(w.differences(s.feed())) == 0 }
	everywhere("everything", complete)
	if n, most := len(w.Calls()), w.least()+1; n > most { // one more list, to see the end
		t.Errorf("%d calls, want the %d that one instance would make: %v", n, most, w.Counts())
	}
	tokens := len(w.TokenCalls())
	if tokens > 1 {
		t.Errorf("%d token requests for one grant", tokens)
	}

	// The tokens run out, and all are asked for something at once.
	w.ExpireTokens()
	var asking sync.WaitGroup
	for _, s := range sites {
		asking.Go(func() {
			if a := s.do("POST", "/v1/refresh", ""); a.StatusCode != 202 && a.StatusCode != 409 {
				t.Errorf("a refresh was answered by %s: %s", a.Status, a.body)
			}
		})
	}
	asking.Wait()
	sites[0].until("the refresh", func() bool { return len(w.TokenCalls()) > tokens })
	everywhere("everything", complete)
	if n := len(w.TokenCalls()) - tokens; n != 1 {
		t.Errorf("%d token requests for tokens that ran out once", n)
	}

	// What one writes, all show; who leads doesn't matter.
	for i, asked := range sites {
		activity, err := w.AddActivity(w.athlete.ID, time.Time{})
		must(t, err)
		eventually(t, "a refresh", func() bool { return asked.do("POST", "/v1/refresh", "").StatusCode == 202 })
		var first, last time.Time
		seen := make([]bool, len(sites))
		eventually(t, "the activity everywhere", func() bool {
			all := true
			for j, s := range sites {
				if !seen[j] {
					if seen[j] = s.has(activity); seen[j] {
						if last = time.Now(); first.IsZero() {
							first = last
						}
					}
				}
				all = all && seen[j]
			}
			return all
		})
		spread := last.Sub(first)
		t.Logf("asked at %d: shown by all %v after the first", i, spread.Round(10*time.Millisecond))
		if spread > 3*time.Second { // two, and one for a busy machine
			t.Errorf("the instances are %v apart, want two seconds at most", spread)
		}
	}
	everywhere("everything", complete)
	made := strings.TrimSpace(p.must("key", "create", "website"))
	quota := sites[0].status().Quota
	for i, s := range sites {
		if got := s.status(); got.Quota != quota || got.State != musette.StateOK {
			t.Errorf("instance %d is %s with quota %+v, the first has %+v", i, got.State, got.Quota, quota)
		}
		s.key = made
		s.get("/v1/feed").want(200)
		s.key = testKey
	}
	if used := quota.Read.Day.Used; used != len(w.Calls()) {
		t.Errorf("the ledger has %d calls, Strava saw %d", used, len(w.Calls()))
	}

	// One after the other stops in good order; the last one still does everything.
	for len(sites) > 1 {
		if code, took := sites[0].stop(syscall.SIGTERM); code != 0 || took > 10*time.Second {
			t.Errorf("serve ended with %d, %v after SIGTERM", code, took)
		}
		sites = sites[1:]
		activity, err := w.AddActivity(w.athlete.ID, time.Time{})
		must(t, err)
		began := time.Now()
		eventually(t, "a refresh", func() bool { return sites[0].do("POST", "/v1/refresh", "").StatusCode == 202 })
		sites[0].until("what is new", func() bool { return sites[0].has(activity) })
		if took := time.Since(began); took > 12*time.Second { // a lease that runs out takes longer
			t.Errorf("after a clean stop it took %v until another synced", took)
		}
	}
	everywhere("everything", complete)
	if n, most := len(w.Calls()), w.least()+2*plan.MaxInFlight+20; n > most { // a list for each wish
		t.Errorf("%d calls, want at most %d", n, most)
	}
	if n := w.Refused(); n > 0 {
		t.Errorf("%d calls were refused", n)
	}
}

// What can be wrong with DATABASE_URL: one message that says what to do, no password in it or in the log, and nothing
// made on either side.
func TestWrongDatabases(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 62, Activities: 5, Limits: plenty})
	there := pgtest.New(t)
	for name, c := range map[string]struct {
		url   string
		code  int
		words []string
	}{
		"malformed":    {"postgres://musette:hush-hush@localhost:port/musette", 2, []string{"DATABASE_URL", "percent"}},
		"not TLS":      {"postgres://musette:hush-hush@localhost/musette?sslmode=maybe", 2, []string{"DATABASE_URL", "sslmode=require"}},
		"no CA":        {"postgres://musette:hush-hush@localhost/musette?sslmode=verify-full&sslrootcert=/no/such.pem", 2, []string{"sslrootcert", "/no/such.pem"}},
		"unreachable":  {"postgres://musette:hush-hush@" + freeAddress(t) + "/musette", 3, []string{"store_down", "127.0.0.1", "start the database"}},
		"no such name": {strings.Replace(there, "/test_", "/absent_", 1) + "&password=hush-hush", 3, []string{"store_down", "absent_", "create it"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := w.program().with("DATABASE_URL="+c.url, sharedKey, "MUSETTE_ADDR=127.0.0.1:0", "MUSETTE_LOG_LEVEL=debug")
			for _, args := range [][]string{{"sync"}, {"serve"}, {"status"}} {
				o := p.run(args...)
				o.wantProblem(t, c.code, c.words...)
				if all := o.stdout + o.stderr; strings.Contains(all, "hush") {
					t.Errorf("the password is shown:\n%s", all)
				}
			}
		})
	}
	if n := len(w.Calls()); n > 0 {
		t.Errorf("%d calls were made", n)
	}
}

// answers reports whether the site has been opened.
func (s *site) answers() bool {
	resp, err := s.client.Get(s.url + "/healthz")
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == 200
}
