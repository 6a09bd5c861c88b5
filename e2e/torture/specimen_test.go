package torture

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/store"
	"musette/strava/stravatest"
)

// A specimen is a data directory as it is after a sync, copied for each bending of it: with the database's log still
// there, and snapshots of two moments, the newer of which is of the very state of the database.
type specimen struct {
	world  *world
	dir    string
	sealed *program
	digest string            // of what is in it
	shown  map[string]string // what readers see, by id
	places map[string]string // which photo it is, by address: each has Strava's, and ours once its picture is kept
}

func newSpecimen(t *testing.T, activities int) *specimen {
	t.Helper()
	w := newWorld(t, stravatest.Config{Seed: 31, Activities: activities, Limits: plenty})
	p := w.program()
	p.must("sync")
	must(t, w.Rename(w.Activities(w.Athletes()[0].ID)[0].ID, "Another name"))
	p.must("sync")
	p.must("backup", "create")
	s := &specimen{world: w, sealed: p, dir: filepath.Join(t.TempDir(), "specimen"), digest: digest(t, p.data)}
	s.places = places(t, w, p)
	s.shown = s.shownBy(t, p)
	// An open store has its log: a copy made now has both.
	st, err := store.Open(t.Context(), store.Config{Dir: p.data})
	must(t, err)
	defer st.Close()
	for n := range 3 {
		must(t, st.Update(t.Context(), nil, func(tx *store.Tx) error { return tx.PutSetting(t.Context(), "test", fmt.Sprint(n)) }))
	}
	must(t, os.CopyFS(s.dir, os.DirFS(p.data)))
	return s
}

// copy is the program on a fresh copy of the specimen.
func (s *specimen) copy(t *testing.T) *program {
	t.Helper()
	p := newProgram(t)
	for name, value := range s.sealed.env {
		if strings.HasPrefix(name, "STRAVA_") || name == "MUSETTE_SECRET_KEY" {
			p.env[name] = value
		}
	}
	must(t, os.CopyFS(p.data, os.DirFS(s.dir)))
	return p
}

// digest is a hash over what a store's documents and views are, "" if the store has no activity at all. Numbers of
// changes are left out: mending gives new ones.
func digest(t *testing.T, data string) string {
	t.Helper()
	st, err := store.Open(t.Context(), store.Config{Dir: data})
	must(t, err)
	defer st.Close()
	h := sha256.New()
	must(t, st.View(t.Context(), func(tx *store.Tx) error {
		athletes, err := tx.Athletes(t.Context())
		if err != nil {
			return err
		}
		for _, who := range athletes {
			for a, err := range tx.Activities(t.Context(), who.ID) {
				if err != nil {
					return err
				}
				fmt.Fprintln(h, a.ID, a.Status, string(a.View))
				docs, err := tx.Documents(t.Context(), who.ID, a.ID)
				if err != nil {
					return err
				}
				for _, d := range docs {
					fmt.Fprintf(h, "%s %x\n", d.Part, sha256.Sum256(d.Body))
				}
			}
		}
		return nil
	}))
	return hex.EncodeToString(h.Sum(nil))
}

// places are the addresses of all photos, of which those that are shown are ours.
func places(t *testing.T, w *world, p *program) map[string]string {
	t.Helper()
	var list []musette.Activity
	must(t, json.Unmarshal([]byte(p.must("activities", "--json")), &list))
	ours := map[int64][]musette.Photo{}
	for _, a := range list {
		ours[a.ID] = a.Photos
	}
	m := map[string]string{}
	for _, a := range w.Activities(w.Athletes()[0].ID) {
		for i, photo := range a.Photos {
			m[strings.TrimSuffix(w.at.APIURL, "/api/v3")+"/pictures/"+photo.UniqueID+"/5000.jpg"] = photo.UniqueID
			m[ours[a.ID][i].URL] = photo.UniqueID
		}
	}
	return m
}

// shownBy is what `musette activities --json` shows, by id; nil if it fails.
func (s *specimen) shownBy(t *testing.T, p *program) map[string]string {
	t.Helper()
	out, code := p.run("activities", "--json")
	if code != 0 {
		return nil
	}
	return s.byID(t, []byte(out))
}

// byID leaves out what may change by itself: when a document came, and where a photo is, as long as it is that photo.
func (s *specimen) byID(t *testing.T, list []byte) map[string]string {
	t.Helper()
	var all []map[string]any
	if err := json.Unmarshal(list, &all); err != nil {
		t.Fatalf("%v in %s", err, list[:min(len(list), 500)])
	}
	m := map[string]string{}
	for _, a := range all {
		delete(a, "fetched_at")
		for _, one := range a["photos"].([]any) {
			photo := one.(map[string]any)
			if place, ok := s.places[photo["url"].(string)]; ok {
				photo["url"] = place
				delete(photo, "width") // ours are smaller
				delete(photo, "height")
			}
		}
		body, err := json.Marshal(a, json.Deterministic(true))
		must(t, err)
		m[fmt.Sprint(a["id"])] = string(body)
	}
	return m
}
