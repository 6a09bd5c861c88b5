package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"musette"
	"musette/strava/stravatest"
)

type shownDeletion struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Start string `json:"start"`
	Since string `json:"since"`
	State string `json:"state"`
}

func (p *program) deletions() []shownDeletion {
	p.t.Helper()
	return decode[[]shownDeletion](p.t, p.must("deletions", "list", "--json"))
}

// A person decides about activities that vanished from Strava's list too many at once.
func TestDeletions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 9, Activities: 40, Limits: plenty})
	p := w.program()
	p.run("sync").wantCode(t, 0)
	if o := p.run("deletions", "list"); o.stdout != "" || !strings.Contains(o.stderr, "no deletions wait") {
		t.Errorf("with nothing to decide: %v", o)
	}
	all := w.activities()
	var deleted []string
	for _, a := range all[5:17] {
		deleted = append(deleted, id(a.ID))
		must(t, w.Delete(a.ID))
	}
	held := func() {
		o := p.run("sync")
		o.wantCode(t, 3)
		if !strings.Contains(o.stderr, "musette: held: ") || !strings.Contains(o.stderr, "deletions wait for you") {
			t.Errorf("held, and %v", o)
		}
	}
	held()
	if n := len(p.activities()); n != 40 {
		t.Fatalf("%d activities are here, want 40: nothing is deleted unasked", n)
	}
	var waiting []string
	for _, d := range p.deletions() {
		waiting = append(waiting, d.ID)
		if d.State != "waiting" || d.Name == "" || d.Start == "" || d.Since == "" {
			t.Errorf("deletion %+v", d)
		}
	}
	slices.Sort(waiting)
	slices.Sort(deleted)
	if !slices.Equal(waiting, deleted) {
		t.Errorf("%v wait, want %v", waiting, deleted)
	}
	for _, d := range deleted {
		if !strings.Contains(p.must("deletions", "list"), d) {
			t.Errorf("the table lacks %s", d)
		}
	}

	// What is wrong changes nothing.
	before := p.contents()
	p.run("deletions", "accept").wantProblem(t, 2, "ids or --all")
	p.run("deletions", "accept", "--all", deleted[0]).wantProblem(t, 2, "ids or --all")
	p.run("deletions", "reject", deleted[0], "12345").wantProblem(t, 1, "12345", "nothing was changed")
	if p.contents() != before {
		t.Error("a refused decision changed the store")
	}

	p.must("deletions", "accept", deleted[0], deleted[1])
	p.must("deletions", "reject", deleted[2])
	held()
	shown := map[string]bool{}
	for _, a := range p.activities() {
		shown[id(a.ID)] = true
	}
	if shown[deleted[0]] || shown[deleted[1]] || !shown[deleted[2]] || !shown[deleted[3]] || len(shown) != 38 {
		t.Errorf("%d are shown after two were accepted and one kept", len(shown))
	}
	p.must("deletions", "accept", "--all")
	p.run("sync").wantCode(t, 0)
	if n := len(p.activities()); n != 29 {
		t.Errorf("%d activities are here, want 28 and the one that is kept", n)
	}
	if left := p.deletions(); len(left) != 1 || left[0].State != "kept" || left[0].ID != deleted[2] {
		t.Errorf("left: %+v", left)
	}
	// Only its owner sees what is kept, in the page's data as in Strava's shape; what is gone nobody does.
	site := p.with("MUSETTE_PUBLISH=full", "MUSETTE_PUBLISH_API=yes").serve()
	var public string // one that strangers see
	for _, a := range w.activities() {
		if a.Visibility == stravatest.Everyone {
			public = id(a.ID)
		}
	}
	stranger := *site
	stranger.key = ""
	site.get("/v1/activities/" + deleted[2]).want(200)
	site.get("/v1/activities/" + deleted[0]).want(404)
	stranger.get("/v1/activities/" + public).want(200)
	stranger.get("/v1/activities/" + deleted[2]).want(404)
	stranger.get("/v1/activities/" + deleted[2] + ".geojson").want(404)
	if body := stranger.get("/v1/feed?limit=500").want(200).body; strings.Contains(body, deleted[2]) {
		t.Error("strangers see one that is kept")
	}
	site.stop(os.Interrupt)
	if !strings.Contains(p.must("history", deleted[0]), "gone from Strava") {
		t.Error("the history of a tombstone doesn't say that it is one")
	}
	p.wantSound()
}

type shownHistory struct {
	Status  string `json:"status"`
	History []struct {
		At      string                `json:"at"`
		Part    string                `json:"part"`
		Ref     string                `json:"ref"`
		SHA256  string                `json:"sha256"`
		First   bool                  `json:"first"`
		Changes []musette.FieldChange `json:"changes"`
	} `json:"history"`
}

// What changed is told, and each document that is kept comes out as it came in.
func TestHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 9, Activities: 20, Limits: plenty})
	p := w.program()
	p.run("sync").wantCode(t, 0)
	a := w.activities()[3]
	must(t, w.Rename(a.ID, "Another \x1b[31mname"))
	must(t, w.SetDescription(a.ID, "Rain, at last."))
	must(t, w.Crop(a.ID, 2*time.Minute, a.Moving-2*time.Minute))
	p.run("sync").wantCode(t, 0)

	h := decode[shownHistory](t, p.must("history", id(a.ID), "--json"))
	seen := map[string]musette.FieldChange{}
	refs := map[string]bool{}
	for i, e := range h.History {
		for _, c := range e.Changes {
			if !e.First {
				seen[c.Field] = c
			}
		}
		if i > 0 && e.At > h.History[i-1].At {
			t.Error("the newest isn't first")
		}
		refs[e.Ref] = true
		body := p.must("history", id(a.ID), "--export", e.Ref)
		if sum := sha256.Sum256([]byte(body)); hex.EncodeToString(sum[:]) != e.SHA256 {
			t.Errorf("%s %s came out as other bytes than it came in", e.Part, e.Ref)
		}
	}
	if c := seen["name"]; c.From != a.Name || c.To != "Another \x1b[31mname" {
		t.Errorf("the new name: %+v", c)
	}
	if c := seen["description"]; c.To != "Rain, at last." {
		t.Errorf("the new description: %+v", c)
	}
	if c := seen["route_m"]; fmt.Sprint(c.From) == fmt.Sprint(c.To) {
		t.Errorf("the cropped route: %+v", c)
	}
	text := p.must("history", id(a.ID))
	if strings.Contains(text, "\x1b") || !strings.Contains(text, `name: "`+a.Name+`" -> "Another`) {
		t.Errorf("the table is\n%s", text)
	}

	before := p.contents()
	p.run("history", "12345").wantProblem(t, 1, "activity 12345 is not here")
	p.run("history", id(a.ID), "--export", "zzzzzzzz").wantProblem(t, 1, "no document")
	p.run("history", id(a.ID), "--export", "a").wantProblem(t, 2, "too short")
	if p.contents() != before {
		t.Error("a question changed the store")
	}
	must(t, w.Delete(a.ID))
	p.run("sync").wantCode(t, 0)
	h = decode[shownHistory](t, p.must("history", id(a.ID), "--json"))
	if h.Status != "gone" || len(h.History) != len(refs) {
		t.Errorf("of a gone activity: status %s, %d entries, want %d", h.Status, len(h.History), len(refs))
	}
}

func TestRebuild(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 9, Activities: 120, Limits: plenty})
	p := w.program()
	p.run("sync").wantCode(t, 0)
	w.ResetCalls()
	type sum struct {
		Activities int `json:"activities"`
		Changed    int `json:"changed"`
		Unusable   int `json:"unusable"`
	}
	for range 2 {
		if got := decode[sum](t, p.must("rebuild", "--json")); got != (sum{Activities: 120}) {
			t.Errorf("rebuilding what is well: %+v", got)
		}
	}
	if n := len(w.Calls()); n != 0 {
		t.Errorf("a rebuild made %d calls", n)
	}
	w.complete(p)
	s := p.serve()
	p.run("rebuild").wantProblem(t, 1, "keeping this copy up to date", "nothing was changed")
	s.stop(os.Interrupt)
	p.must("rebuild")
	p.wantSound()
}

// One activity of which Strava sends nothing usable is set aside with the reason; a person's sync tries it again.
func TestQuarantine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 9, Activities: 20, Limits: plenty})
	p := w.program().with("MUSETTE_POLICY_MAX_FAILURES=1", "MUSETTE_POLICY_RETRY=1ms")
	poisoned := w.activities()[4].ID
	_, err := w.AddFault(stravatest.Fault{Kind: stravatest.FaultEmptyObject, Path: "/activities/" + id(poisoned)})
	must(t, err)
	o := p.run("sync", "--json")
	o.wantCode(t, 0)
	s := o.status(t)
	if n := s.Athletes[0].Parts[musette.PartDetail]; n.Have != 19 || n.Quarantined != 1 {
		t.Errorf("details %+v, want 19 here and one quarantined", n)
	}
	if len(s.LastErrors) == 0 || s.LastErrors[0].ActivityID != poisoned || s.LastErrors[0].Message == "" {
		t.Errorf("last errors %+v, want the reason", s.LastErrors)
	}
	if text := p.must("status"); !strings.Contains(text, "1 unusable") || !strings.Contains(text, "`musette sync "+id(poisoned)+"` tries it again") {
		t.Errorf("the status is\n%s", text)
	}
	if n := len(p.activities()); n != 20 {
		t.Errorf("%d are shown, want 20", n)
	}
	w.ClearFaults()
	p.run("sync", id(poisoned)).wantCode(t, 0)
	w.complete(p)
	if text := p.must("status"); strings.Contains(text, "quarantined") || strings.Contains(text, "unusable") {
		t.Errorf("the status after all is well is\n%s", text)
	}
}
