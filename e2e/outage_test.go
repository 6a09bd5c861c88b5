package e2e

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"musette"
	"musette/internal/pgtest"
	"musette/strava/stravatest"
	"musette/track"
)

// sharedKey seals the tokens of instances that share a database.
const sharedKey = "MUSETTE_SECRET_KEY=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

// The database goes away while calls are under way and people read. Reading goes on from memory, says since when, and
// for everybody who has a key; nobody writes, no call is made. When it is back, what had come in the meantime is
// written without asking Strava again, and all that was missed is caught up with.
func TestFailure29DatabaseGoneWhileRunning(t *testing.T) {
	t.Parallel()
	database := pgtest.NewServer(t, nil, nil)
	w := newWorld(t, stravatest.Config{Seed: 21, Limits: plenty})
	p := w.program().with("DATABASE_URL="+database.URL, sharedKey)
	unused := strings.TrimSpace(p.must("key", "create", "unused"))
	s := p.serve()
	s.until("everything here", s.settled)
	used := strings.TrimSpace(p.must("key", "create", "used"))
	s.key = used
	before := s.get("/v1/feed").want(200).body
	owner := newClient(t)
	signIn(t, owner, strings.TrimSpace(p.must("login"))).want(200)

	// Three details are on their way when it goes.
	const late = 700 * time.Millisecond
	for range 3 {
		_, err := w.AddActivity(w.athlete.ID, time.Time{})
		must(t, err)
	}
	fault, err := w.AddFault(stravatest.Fault{Kind: stravatest.FaultLatency, Path: "/api/v3/activities/*", Delay: late})
	must(t, err)
	s.key = testKey
	s.do("POST", "/v1/refresh", "").want(202)
	details := func() int { return w.Counts()["GET /activities/{id}"] }
	s.until("details under way", func() bool { return details() == 63 })
	database.Stop()
	calls := len(w.Calls())
	s.until("the state", func() bool { return s.status().State == musette.StateStoreDown })

	id := decode[feedPage](t, before).Activities[0].ID
	for _, key := range []string{used, unused, testKey} {
		s.key = key
		for _, path := range []string{"/v1/feed", "/v1/activities/" + fmt.Sprint(id), "/v1/totals"} {
			a := s.get(path).want(200)
			if status := a.Header.Get("Cache-Status"); status != "musette; hit; detail=store_down" || a.Header.Get("Age") == "" {
				t.Errorf("%s comes with Cache-Status %q, Age %q", path, status, a.Header.Get("Age"))
			}
		}
		if got := s.status(); got.Cause == "" || got.Since == nil || got.Advice == "" {
			t.Errorf("the status doesn't say what is wrong: %+v", got)
		}
	}
	for _, path := range []string{"", "/streams"} { // only the database has those
		s.get("/api/v3/activities/" + fmt.Sprint(id) + path).want(503)
	}
	s.key = ""
	if n := cards(openPage(t, owner, s.url+"/").want(200).body); n == 0 {
		t.Error("who is signed in sees no cards")
	}
	s.do("POST", "/webhook/"+strings.Repeat("x", 43), "{}").want(503) // so that Strava sends it again
	s.key = testKey
	if a := s.do("POST", "/v1/refresh", ""); a.StatusCode/100 == 2 {
		t.Errorf("a refresh is promised: %s", a.body)
	}
	// That nothing happens can't be waited for. The three answers come in this time, and with them the moment at which
	// the next calls would be made.
	time.Sleep(2*time.Second + late)
	if n := len(w.Calls()); n != calls {
		t.Errorf("%d calls were made without a database", n-calls)
	}

	w.RemoveFault(fault)
	_, err = w.AddActivity(w.athlete.ID, time.Time{})
	must(t, err)
	database.Start()
	s.key = testKey
	s.until("the state", func() bool { return s.status().State != musette.StateStoreDown })
	s.until("everything here", func() bool { return s.settled() && len(w.differences(s.feed())) == 0 })
	fetched := map[string]int{}
	for _, c := range w.Calls() {
		if fetched[c.Path]++; c.Endpoint == "GET /activities/{id}" && fetched[c.Path] > 1 {
			t.Errorf("%s was fetched again, though it had come", c.Path)
		}
	}
	if log := s.stderr.String(); strings.Count(log, "the store can't be read") != 1 || strings.Count(log, "can be read again") != 1 {
		t.Errorf("the log doesn't say once that it went and came back:\n%s", log)
	}
}

// Started without its database, an instance serves the newest snapshot of its own, to whom it would have served it,
// under the settings of then; when the database is there, everything is opened anew.
func TestFailure24StartedWithoutItsDatabase(t *testing.T) {
	t.Parallel()
	database := pgtest.NewServer(t, nil, nil)
	w := newWorld(t, stravatest.Config{Seed: 22, Limits: plenty})
	p := w.program().with("DATABASE_URL="+database.URL, sharedKey, "MUSETTE_PUBLISH=full", "MUSETTE_PUBLISH_API=yes")
	p.must("sync")
	strangers := func(s *site) string { // what they see of routes, which zones and the mask's secret decide
		s.key = ""
		var routes []string
		for _, a := range s.feed() {
			if a.Map != nil {
				routes = append(routes, fmt.Sprintf("%d %s", a.ID, a.Map.Polyline))
			}
		}
		return strings.Join(routes, "\n")
	}
	with := p.serve()
	unzoned := strangers(with)
	for _, a := range w.activities() { // a zone in the middle of a route
		if points, err := track.Decode(a.Polyline()); err == nil && len(points) > 10 && strings.Contains(unzoned, fmt.Sprint(a.ID)) {
			at := points[len(points)/2]
			p.must("zone", "add", "halfway", fmt.Sprintf("--lat=%f", at.Lat), fmt.Sprintf("--lng=%f", at.Lng))
			break
		}
	}
	zoned := ""
	with.until("the zone", func() bool { zoned = strangers(with); return zoned != unzoned })
	with.stop(os.Interrupt)
	reads, writes := strings.TrimSpace(p.must("key", "create", "reads")), strings.TrimSpace(p.must("key", "create", "--scope", "refresh", "asks"))
	p.must("backup", "create")
	database.Stop()

	s := p.serve()
	if got := s.status(); got.State != musette.StateStoreDown || !strings.Contains(got.Cause, "snapshot") {
		t.Errorf("state %s (%s)", got.State, got.Cause)
	}
	if got := strangers(s); got != zoned || got == "" {
		t.Error("strangers see other routes than they did with the database")
	}
	s.key = reads
	if d := w.differences(s.feed()); len(d) > 0 {
		t.Errorf("%d differences from what was there, such as %s", len(d), d[0])
	}
	s.key = writes
	s.get("/v1/feed").want(403)
	s.key = "musette_made-up-by-somebody-who-hopes-to-get-in"
	s.get("/v1/feed").want(401)
	s.key = reads
	if log := s.stderr.String(); !strings.Contains(log, "serving the snapshot of") {
		t.Errorf("the start doesn't say so:\n%s", log)
	}
	database.Start()
	s.until("the database's return", func() bool { return s.settled() })
	s.stop(os.Interrupt)
	if files, err := filepath.Glob(filepath.Join(p.data, "snapshots", "*")); err != nil || len(files) == 0 {
		t.Errorf("snapshots: %v, %v", files, err)
	}
}

// New tokens never go back into the settings: .env is as its owner wrote it, though Strava changes the refresh token
// with each refresh. They are in the database and, sealed, in a file of their own, which is replaced whole; another
// start goes on with the newest.
func TestFailure21SettingsAreNeverRewritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 23, Activities: 10, RotateRefreshTokens: true, Limits: plenty})
	p := newProgram(t)
	settings := strings.Join(append(w.app(), "STRAVA_REFRESH_TOKEN="+w.refresh, "# a remark"), "\n") + "\n"
	path := filepath.Join(p.dir, ".env")
	must(t, os.WriteFile(path, []byte(settings), 0o600))
	for range 3 {
		p.must("sync")
		w.ExpireTokens()
	}
	body, err := os.ReadFile(path)
	if err != nil || string(body) != settings {
		t.Errorf(".env is now (%v)\n%s", err, body)
	}
	for _, c := range w.TokenCalls() {
		if c.Status != 200 {
			t.Errorf("a token request was answered with %d", c.Status)
		}
	}
	if n := len(w.TokenCalls()); n != 3 {
		t.Errorf("%d token requests, want one for each time that the tokens had run out", n)
	}
	sealed, err := filepath.Glob(filepath.Join(p.data, "tokens", "*"))
	must(t, err)
	if len(sealed) != 1 { // no temporary file stays
		t.Errorf("sealed files: %v", sealed)
	}
	for _, file := range sealed {
		info, err := os.Stat(file)
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", file, info.Mode())
		}
	}
}

// A database that can be read but takes no changes, as a hosted one whose disk is full, is served from as it is, while
// the server runs and at a start; when it takes them again, everything goes on.
func TestDatabaseTakesNoChanges(t *testing.T) {
	t.Parallel()
	database := pgtest.NewServer(t, nil, nil)
	w := newWorld(t, stravatest.Config{Seed: 23, Limits: plenty})
	p := w.program().with("DATABASE_URL="+database.URL, sharedKey)
	p.must("sync")
	admin, err := sql.Open("pgx", database.URL+"&default_transaction_read_only=off")
	must(t, err)
	defer admin.Close()
	frozen := func(on string) {
		_, err := admin.ExecContext(t.Context(), `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = `+on+`', current_database()); END $$`)
		must(t, err)
	}
	shown := p.must("activities")
	frozen("on")
	if got := p.must("status"); !strings.Contains(got, "store_down: the database can't be written") {
		t.Errorf("the status doesn't say so:\n%s", got)
	}
	if got := p.must("activities"); got != shown {
		t.Errorf("it lists\n%s\nwant\n%s", got, shown)
	}
	p.run("key", "create", "x").wantProblem(t, 1, "can't be written")
	s := p.serve()
	if got := s.status(); got.State != musette.StateStoreDown || !strings.Contains(got.Cause, "can't be written") || strings.Contains(got.Cause, "snapshot") {
		t.Errorf("state %s (%s)", got.State, got.Cause)
	}
	if d := w.differences(s.feed()); len(d) > 0 {
		t.Errorf("%d differences from what was there, such as %s", len(d), d[0])
	}
	frozen("off")
	s.until("changes", func() bool { return s.settled() })
	p.must("key", "create", "x")
}
