package torture

import (
	"crypto/sha256"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"musette"
	"musette/internal/pgtest"
	"musette/plan"
	"musette/snapshot"
	"musette/store"
	"musette/strava/stravatest"
)

// TestKills kills the program (-9) at random moments of syncs, backups and restores, on both databases. Whatever was
// stored stays as it was, no half-written snapshot is taken for good, and no call is repeated but those in flight.
func TestKills(t *testing.T) {
	for name, url := range map[string]func(t *testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return pgtest.New(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newVictim(t, url(t))
			_, seed := random(t)
			killed, kills, rounds := map[string]int{}, 0, 0
			for want := length(6, 250); kills < want && rounds < 4*want; rounds++ {
				work := works[rounds%len(works)]
				if k.round(t, work, seed, rounds) {
					killed[strings.Join(work, " ")]++
					kills++
				}
				if t.Failed() {
					t.Fatalf("MUSETTE_TORTURE_SEED=%d, round %d", seed, rounds)
				}
			}
			k.program.must("sync")
			k.program.must("verify")
			k.world.wantComplete(k.program)
			report(t, "seed %d: %d kills in %d rounds: %v, %d calls", seed, kills, rounds, killed, k.made)
		})
	}
}

// works are what the program is killed in.
var works = [][]string{{"sync"}, {"backup", "create"}, {"backup", "restore", "--yes"}}

// A victim is a program that is killed again and again, while its athlete goes on recording activities.
type victim struct {
	world   *world
	program *program
	url     string
	known   map[document][32]byte // what was seen in the store
	made    int                   // calls

	// As they were when it was last looked at:
	activities int // in the store
	unfinished int // parts that are due

	takes map[string]time.Duration // how long a work took when nobody interrupted it last
}

type document struct {
	activity int64
	part     musette.Part
	fetched  int64
}

func newVictim(t *testing.T, url string) *victim {
	t.Helper()
	w := newWorld(t, stravatest.Config{Seed: 33, Activities: 60, Limits: plenty})
	p := w.program().with("DATABASE_URL=" + url)
	p.must("sync")
	v := &victim{world: w, program: p, url: url, known: map[document][32]byte{}, takes: map[string]time.Duration{}}
	for _, work := range works {
		v.record(t, 3)
		began := time.Now()
		p.must(work...)
		v.takes[work[len(work)-1]] = time.Since(began)
	}
	v.look(t, true)
	return v
}

// record lets the athlete record activities, in the order of their starts: what was ridden before a whole page of
// others only a sweep finds.
func (v *victim) record(t *testing.T, n int) {
	t.Helper()
	for range n {
		_, err := v.world.AddActivity(v.world.Athletes()[0].ID, time.Now().Add(-2*time.Hour))
		must(t, err)
	}
}

// round lets the program do its work, kills it at a random moment, and looks at what it left. It reports whether the
// kill came before the end.
func (v *victim) round(t *testing.T, work []string, seed uint64, n int) bool {
	t.Helper()
	chance := rand.New(rand.NewPCG(seed, uint64(n)))
	if work[0] == "sync" {
		v.record(t, 1+chance.IntN(5))
	}
	v.lapse(t)
	missing := len(v.world.Activities(v.world.Athletes()[0].ID)) - v.activities
	calls := len(v.world.Calls())
	name, began := work[len(work)-1], time.Now()
	q := v.program.start(work...)
	select {
	case <-q.ended:
		v.takes[name] = time.Since(began)
	case <-time.After(time.Duration(chance.Int64N(int64(v.takes[name])))):
		v.takes[name] += v.takes[name] / 20 // or what the machine once did quickly would always be killed at its beginning
	}
	early := q.running()
	q.kill()
	made := len(v.world.Calls()) - calls
	v.made += made
	// Two lists, each with one page to see its end, who it is, up to four calls for what isn't here yet or isn't whole, and
	// what the last kill had in flight.
	if most := 2*2 + 1 + 4*missing + v.unfinished + plan.MaxInFlight; made > most {
		t.Errorf("%v made %d calls for %d new activities and %d unfinished ones, want at most %d", work, made, missing, v.unfinished, most)
	}
	v.look(t, work[0] == "backup" && work[1] == "restore")
	return early
}

// lapse ends the lease that the last kill left, as 20 seconds do on Postgres: who waits for it has nothing to be killed in.
func (v *victim) lapse(t *testing.T) {
	t.Helper()
	if v.url == "" {
		return
	}
	db, err := sql.Open("pgx", v.url)
	must(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), "UPDATE musette.leases SET until_ms = 0")
	must(t, err)
}

// look opens what a killed program left. Every document that was there is there, unless a restore was begun, which may
// put back what was before; none is other than it was; and every snapshot that has its name is whole.
func (v *victim) look(t *testing.T, restored bool) {
	t.Helper()
	list, err := snapshot.List(t.Context(), filepath.Join(v.program.data, "snapshots"))
	must(t, err)
	for _, info := range list {
		if _, err := snapshot.Verify(t.Context(), info.Path); err != nil {
			t.Errorf("a snapshot that has its name: %v", err)
		}
	}
	st, err := store.Open(t.Context(), store.Config{URL: v.url, Dir: v.program.data})
	must(t, err)
	defer st.Close()
	found, err := st.Check(t.Context())
	if err != nil || !found.Clean() {
		t.Errorf("the store: %+v, %v", found, err)
	}
	now := map[document][32]byte{}
	must(t, st.View(t.Context(), func(tx *store.Tx) error {
		me := v.world.Athletes()[0].ID
		ids, err := tx.DocumentedIDs(t.Context(), me)
		if err != nil {
			return err
		}
		counts, err := tx.PartCounts(t.Context(), me)
		if err != nil {
			return err
		}
		v.activities, v.unfinished = len(ids), 0
		for _, n := range counts {
			v.unfinished += n.Due
		}
		for _, id := range ids {
			docs, err := tx.Documents(t.Context(), me, id)
			if err != nil {
				return err
			}
			for _, d := range docs {
				key := document{id, d.Part, d.FetchedAt.UnixMilli()}
				now[key] = sha256.Sum256(d.Body)
				if before, ok := v.known[key]; ok && before != now[key] {
					return fmt.Errorf("%s of activity %d is other than it was", d.Part, id)
				}
			}
		}
		return nil
	}))
	if !restored {
		for key := range v.known {
			if _, ok := now[key]; !ok && !newer(now, key) {
				t.Errorf("%s of activity %d was stored, and is gone", key.part, key.activity)
			}
		}
	}
	v.known = now
}

// newer reports whether a later version of a document is there.
func newer(now map[document][32]byte, was document) bool {
	for key := range now {
		if key.activity == was.activity && key.part == was.part && key.fetched > was.fetched {
			return true
		}
	}
	return false
}
