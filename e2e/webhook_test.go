package e2e

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"musette"
	"musette/plan"
	"musette/strava/stravatest"
)

// reachable is a program whose server is where MUSETTE_URL says, also after a restart.
func (p *program) reachable() (q *program, serve func() *site) {
	addr := freeAddress(p.t)
	q = p.with("MUSETTE_ADDR="+addr, "MUSETTE_URL=http://"+addr, "MUSETTE_API_KEY="+testKey)
	return q, func() *site {
		s := &site{process: q.start("serve"), key: testKey, client: newClient(p.t)}
		s.url = s.says(`musette serves (http://\S+)`)
		return s
	}
}

var envLine = regexp.MustCompile(`(?m)^STRAVA_\w+=\S+$`)

// Two programs and nothing else: `musette fake-strava`, and a musette that serves and subscribes. What is uploaded at
// the one is complete in the other's feed within seconds, and nothing was listed for it.
func TestEventsBetweenTwoPrograms(t *testing.T) {
	t.Parallel()
	fake := newProgram(t).start("fake-strava", "--addr", "127.0.0.1:0", "--activities", "4")
	at := fake.says(`a simulated Strava at (http://\S+): `)
	p, serve := newProgram(t).with(envLine.FindAllString(fake.stdout.String(), -1)...).reachable()
	s := serve()
	s.until("everything here", func() bool { return s.settled() && len(s.feed()) == 4 })
	if o := p.run("webhook", "create"); o.code != 0 || !strings.Contains(o.stdout, "subscription ") {
		t.Fatalf("musette webhook create ended with %d\n%s", o.code, o)
	}
	lists := func() int {
		return strings.Count(s.at(at).get("/control/calls").want(http.StatusOK).body, "/athlete/activities")
	}
	before := lists()
	uploaded := decode[map[string]string](t, s.at(at).do("POST", "/control/activities", "ago=26h").want(http.StatusOK).body)["id"]
	s.until("the upload", func() bool {
		a := s.get("/v1/activities/" + uploaded)
		return a.StatusCode == http.StatusOK && strings.Contains(a.body, `"missing":[]`)
	})
	if n := lists() - before; n != 0 {
		t.Errorf("%d lists were asked for", n)
	}
	if list := p.must("webhook", "list"); !strings.Contains(list, "ours") {
		t.Errorf("musette webhook list says\n%s", list)
	}
	for _, q := range []*process{s.process, fake} {
		if code, took := q.stop(syscall.SIGTERM); code != 0 || took > 10*time.Second {
			t.Errorf("%s ended with %d, %v after SIGTERM", q.cmd.Args[1], code, took)
		}
	}
}

// Killed while events come in and are worked off, it loses none: those acknowledged are on the disk, the others Strava
// sends again. No call is made twice but those that were in flight.
func TestKilledWhileEventsAreWorkedOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 15, Activities: 40, Limits: plenty})
	p, serve := w.program().reachable()
	s := serve()
	s.until("everything here", func() bool { return s.settled() })
	p.must("webhook", "create")
	details := func() (n int) {
		for _, c := range w.Calls() {
			if c.Endpoint == "GET /activities/{id}" {
				n++
			}
		}
		return n
	}
	before := details()
	const uploads = 20
	for n := range uploads {
		_, err := w.AddActivity(w.athlete.ID, time.Now().Add(-time.Duration(n+2)*26*time.Hour))
		must(t, err)
	}
	acknowledged := 0
	for try := 0; acknowledged < uploads; try++ { // Strava tries three times
		if try == 3 {
			t.Fatalf("%d of %d events were acknowledged", acknowledged, uploads)
		}
		if try > 0 {
			w.Advance(2 * time.Minute)
		}
		n, err := w.Deliver(t.Context())
		must(t, err)
		acknowledged += n
	}
	s.stop(os.Kill) // some are in the inbox, some are due
	s = serve()
	s.until("calls for events", func() bool { return details()-before >= 5 })
	s.stop(os.Kill)
	s = serve()
	s.until("everything here", func() bool { return s.settled() && len(w.differences(s.feed())) == 0 })
	if n := details() - before; n > uploads+plan.MaxInFlight {
		t.Errorf("%d details for %d events, want %d more at most", n, uploads, plan.MaxInFlight)
	}
	w.complete(p)
	s.stop(os.Interrupt)
	p.wantSound()
}

// Two servers on one data directory: one of them makes the calls of both, from one quota, and both serve. When it is
// killed, the other goes on.
func TestTwoServersOnOneDirectory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 16, Activities: 40, Limits: plenty})
	p := w.program()
	one := p.serve()
	two := p.serve()
	both := []*site{one, two}
	for _, s := range both {
		s.until("everything here", func() bool { return s.settled() && len(w.differences(s.feed())) == 0 })
	}
	if n := len(w.Calls()); n > w.least()+1 { // the second one's start polls nothing
		t.Errorf("two servers made %d calls, least %d: %v", n, w.least(), w.Counts())
	}
	if a, b := one.status(), two.status(); a.Quota.Read.Quarter.Used != b.Quota.Read.Quarter.Used || a.Quota.Read.Quarter.Used == 0 {
		t.Errorf("they say that %d and %d calls are used", a.Quota.Read.Quarter.Used, b.Quota.Read.Quarter.Used)
	}
	for n, s := range both { // whoever is asked, one fetches and both show it
		added, err := w.AddActivity(w.athlete.ID, time.Time{})
		must(t, err)
		s.do("POST", "/v1/refresh", "").want(http.StatusAccepted)
		for _, other := range both {
			other.until("the new activity", func() bool { return other.has(added) })
		}
		if n == 0 {
			one.stop(os.Kill)
			both = both[1:]
		}
	}
	last := both[len(both)-1]
	added, err := w.AddActivity(w.athlete.ID, time.Time{})
	must(t, err)
	last.do("POST", "/v1/refresh", "").want(http.StatusAccepted)
	last.until("the new activity", func() bool { return last.has(added) && last.settled() })
	if lists, most := w.Counts()["GET /athlete/activities"], 2+3; lists > most {
		t.Errorf("%d lists, want %d", lists, most)
	}
	last.stop(os.Interrupt)
	p.wantSound()
}

// A refresh token that is dead stops the calls and nothing else, until another one is in the environment.
func TestADeadTokenIsReplacedThroughTheEnvironment(t *testing.T) {
	for _, rotating := range []bool{false, true} {
		t.Run(fmt.Sprintf("rotating=%v", rotating), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, stravatest.Config{Seed: 17, Limits: plenty, RotateRefreshTokens: rotating})
			p := w.program()
			p.must("sync")
			w.Revoke(w.athlete.ID)
			p.run("sync", "--json").wantProblem(t, 3, "reconnect", "musette connect")
			must(t, w.Rename(w.activities()[3].ID, "While nobody could look"))
			s := p.serve()
			s.until("the state", func() bool { return s.status().State == musette.StateReconnect })
			if n := len(s.feed()); n != 60 {
				t.Errorf("%d activities are served meanwhile, want 60", n)
			}
			s.stop(os.Interrupt)

			p = p.with("STRAVA_REFRESH_TOKEN=" + w.Grant(w.athlete.ID))
			before := len(w.Calls())
			s = p.serve()
			s.until("the new name", func() bool { return s.settled() && len(w.differences(s.feed())) == 0 })
			if n := len(w.Calls()) - before; n > 4 { // the athlete, a list, a detail
				t.Errorf("%d calls, as if nothing had been here", n)
			}
			s.stop(os.Interrupt)
			if o := p.run("sync", "--json"); o.code != 0 || o.status(t).State != musette.StateOK || len(o.status(t).Athletes) != 1 {
				t.Errorf("a sync later ended with %d\n%s", o.code, o)
			}
		})
	}
}
