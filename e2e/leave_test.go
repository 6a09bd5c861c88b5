package e2e

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"musette"
	"musette/strava/stravatest"
)

type removal struct {
	AthleteID   string           `json:"athlete_id"`
	Name        string           `json:"name"`
	At          string           `json:"removed_at"`
	Activities  int              `json:"activities"`
	Rows        map[string]int64 `json:"rows"`
	Snapshots   []string         `json:"snapshots_rewritten"`
	SnapshotRow int              `json:"snapshot_rows"`
	Removed     []string         `json:"snapshots_removed"`
	Tokens      int              `json:"sealed_tokens"`
	Strava      string           `json:"strava"`
	Left        []struct {
		What string `json:"what"`
		Why  string `json:"why"`
	} `json:"left"`
}

// traces are files of the data directory, unpacked where they are packed, that hold any of the words. A
// program beside may be deleting them: what is gone once it is looked at holds nothing.
func (p *program) traces(words ...string) (found []string) {
	p.t.Helper()
	must(p.t, filepath.WalkDir(p.data, func(path string, d fs.DirEntry, err error) error {
		if path != p.data && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		body, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".zst") {
			z, err := zstd.NewReader(bytes.NewReader(body))
			if err != nil {
				return err
			}
			defer z.Close()
			var plain bytes.Buffer
			if _, err := plain.ReadFrom(z); err != nil {
				return err
			}
			body = append(body, plain.Bytes()...)
		}
		for _, w := range words {
			if bytes.Contains(body, []byte(w)) {
				found = append(found, w+" in "+strings.TrimPrefix(path, p.data))
			}
		}
		return nil
	}))
	return found
}

// An athlete who is removed beside a running server is gone from what it serves and from every file, and doesn't come
// back by a restart, though the refresh token is still in the environment.
func TestAthleteRemove(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 9, Activities: 30, Limits: plenty})
	p := w.program()
	p.run("sync").wantCode(t, 0)
	p.must("backup", "create")
	p.must("key", "create", "theirs", "--athlete", id(w.athlete.ID))
	type listed struct {
		ID         string   `json:"id"`
		Name       string   `json:"name"`
		State      string   `json:"state"`
		Activities int      `json:"activities"`
		Since      string   `json:"connected_since"`
		Scopes     []string `json:"scopes"`
	}
	list := decode[[]listed](t, p.must("athlete", "list", "--json"))
	if len(list) != 1 || list[0].ID != id(w.athlete.ID) || list[0].Activities != 30 || list[0].Since == "" || list[0].State != "ok" {
		t.Fatalf("the list is %+v", list)
	}
	if out := p.must("athlete", "list"); list[0].Scopes != nil || !strings.Contains(out, "not known") { // of a token in a setting
		t.Errorf("scopes %q; it says\n%s", list[0].Scopes, out)
	}
	words := []string{list[0].Name, id(w.athlete.ID)}
	for _, a := range w.activities() {
		words = append(words, a.Name, id(a.ID))
	}
	if len(p.traces(words...)) == 0 {
		t.Fatal("there is nothing to find")
	}

	site := p.serve()
	if n := len(site.feed()); n != 30 {
		t.Fatalf("%d activities are served", n)
	}
	before := p.must("activities", "--json")
	p.run("athlete", "remove", "12345", "--yes").wantProblem(t, 1, "no athlete 12345", id(w.athlete.ID))
	p.runInput("n\n", "athlete", "remove", id(w.athlete.ID)).wantCode(t, 1)
	p.runInput("", "athlete", "remove", id(w.athlete.ID)).wantCode(t, 1)
	if p.must("activities", "--json") != before {
		t.Error("a removal that wasn't meant has changed something")
	}
	r := decode[removal](t, p.must("athlete", "remove", id(w.athlete.ID), "--yes", "--json"))
	if r.AthleteID != id(w.athlete.ID) || r.Name != list[0].Name || r.At == "" || r.Activities != 30 || r.Rows["activities"] != 30 ||
		r.Rows["keys"] != 1 || r.Rows["grants"] != 1 || r.Tokens != 1 || len(r.Snapshots) < 2 || r.SnapshotRow == 0 ||
		!strings.HasPrefix(r.Strava, "told") || len(r.Left) == 0 {
		t.Errorf("the receipt is %+v", r)
	}
	eventually(t, "nothing of theirs being served", func() bool { return len(site.feed()) == 0 })
	site.get("/v1/activities/" + id(w.activities()[0].ID)).want(404)
	if found := p.traces(words...); len(found) > 0 {
		t.Errorf("%d traces, such as %v", len(found), found[:min(5, len(found))])
	}
	s := site.status()
	if s.State != musette.StateReconnect || s.Since == nil || !strings.Contains(s.Cause, "removed here") || len(s.Athletes) != 0 {
		t.Errorf("the status is %+v", s)
	}
	site.stop(os.Interrupt)
	for _, path := range r.Snapshots {
		p.must("backup", "verify", path)
	}

	// A restart brings nobody back, nor does a snapshot that stands in for the database; somebody who connects is new.
	p.run("sync").wantCode(t, 3)
	if o := p.run("athlete", "list"); !strings.Contains(o.stderr, "no athlete is connected") {
		t.Errorf("after a restart: %v", o)
	}
	p.wantNobody(words)
	p.with("STRAVA_REFRESH_TOKEN="+w.Grant(w.athlete.ID)).run("sync").wantCode(t, 0)
	w.complete(p)
	if s := decode[musette.Status](t, p.must("status", "--json")); s.State != musette.StateOK {
		t.Errorf("after they have come back: %s, %s", s.State, s.Cause)
	}
}

// wantNobody fails the test if the server without its database shows anything of somebody.
func (p *program) wantNobody(words []string) {
	p.t.Helper()
	q := newProgram(p.t)
	must(p.t, os.CopyFS(q.data, os.DirFS(p.data)))
	damaged := filepath.Join(q.data, "musette.db")
	must(p.t, os.Remove(damaged))
	must(p.t, os.WriteFile(damaged, []byte("no database at all, and long enough to be looked at"), 0o600))
	site := q.serve()
	for _, path := range []string{"/v1/feed", "/v1/status"} {
		body := site.get(path).body
		for _, w := range words {
			if strings.Contains(body, w) {
				p.t.Errorf("%s of a snapshot has %q", path, w)
			}
		}
	}
	site.stop(os.Interrupt)
}

// A removal that was killed between its commit and the files is finished by the next start, and by the same command again.
func TestAthleteRemoveIsFinishedByTheNextStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 9, Activities: 5, Limits: plenty})
	p := w.program()
	p.run("sync").wantCode(t, 0)
	words := []string{id(w.athlete.ID), w.activities()[0].Name}
	files := filepath.Join(p.dir, "kept")
	must(t, os.CopyFS(files, os.DirFS(p.data)))
	p.must("athlete", "remove", id(w.athlete.ID), "--yes")
	asAfterTheCommit := func() { // the rows are gone, the files are there
		for _, dir := range []string{"snapshots", "tokens"} {
			must(t, os.RemoveAll(filepath.Join(p.data, dir)))
			must(t, os.CopyFS(filepath.Join(p.data, dir), os.DirFS(filepath.Join(files, dir))))
		}
		if len(p.traces(words...)) == 0 {
			t.Fatal("there is nothing to finish")
		}
	}
	asAfterTheCommit()
	p.must("athlete", "remove", id(w.athlete.ID), "--yes")
	if left := p.traces(words...); len(left) != 0 {
		t.Errorf("the same command again leaves %v", left)
	}
	p.run("athlete", "remove", id(w.athlete.ID), "--yes").wantCode(t, 1) // nobody is here
	asAfterTheCommit()
	site := p.serve()
	eventually(t, "everything of theirs being gone", func() bool { return len(p.traces(words...)) == 0 })
	sealed, err := filepath.Glob(filepath.Join(p.data, "tokens", "*"))
	must(t, err)
	if len(sealed) != 0 {
		t.Errorf("sealed tokens are left: %v", sealed)
	}
	site.stop(os.Interrupt)
}

// Who ends the connection at Strava leaves nothing either, once it is known to be true; and nothing depends on Strava
// when the operator removes somebody.
func TestLeavingWithoutStrava(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 9, Activities: 5, Limits: plenty})
	p := w.program()
	p.run("sync").wantCode(t, 0)
	must(t, w.at.Close())
	r := decode[removal](t, p.must("athlete", "remove", id(w.athlete.ID), "--yes", "--json"))
	if !strings.HasPrefix(r.Strava, "not told: ") || r.Rows["activities"] != 5 {
		t.Errorf("the receipt is %+v", r)
	}
	if found := p.traces(id(w.athlete.ID), w.activities()[0].Name); len(found) > 0 {
		t.Errorf("traces: %v", found)
	}
}

// Tokens sealed with another key are told at the start, without a call; what is here is read and served.
func TestAnotherSecretKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 9, Activities: 5, Limits: plenty})
	first, second := strings.Repeat("1a", 32), strings.Repeat("2b", 32)
	p := w.program().with("MUSETTE_SECRET_KEY=" + first)
	p.run("sync").wantCode(t, 0)
	w.ResetCalls()
	other := p.with("MUSETTE_SECRET_KEY=" + second)
	told := func(s musette.Status) {
		t.Helper()
		if s.State != musette.StateReconnect || !strings.Contains(s.Cause, "another key") || !strings.Contains(s.Cause, "MUSETTE_SECRET_KEY") || s.Since == nil {
			t.Errorf("the status is %s since %v: %s", s.State, s.Since, s.Cause)
		}
	}
	told(decode[musette.Status](t, other.must("status", "--json")))
	if s := decode[musette.Status](t, p.must("status", "--json")); s.State != musette.StateOK {
		t.Errorf("looking with another key has changed the state to %s", s.State)
	}
	site := other.serve()
	told(site.status())
	if n := len(site.feed()); n != 5 {
		t.Errorf("%d activities are served, want 5", n)
	}
	site.stop(os.Interrupt)
	if n := len(w.Calls()); n != 0 {
		t.Errorf("%d calls were made with no token", n)
	}
	// Without any key it is the same, and the former one mends it.
	site = p.with("MUSETTE_SECRET_KEY=").serve()
	if s := site.status(); s.State != musette.StateReconnect || !strings.Contains(s.Cause, "no key") || len(site.feed()) != 5 {
		t.Errorf("without a key: %s, %s", s.State, s.Cause)
	}
	site.stop(os.Interrupt)
	p.run("sync").wantCode(t, 0)
}
