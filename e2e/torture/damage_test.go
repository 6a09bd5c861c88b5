package torture

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"

	"musette/snapshot"
)

// bend spoils files at random, and says how.
func bend(t *testing.T, r *rand.Rand, data string) string {
	t.Helper()
	path := filepath.Join(data, "musette.db")
	what := "the database"
	switch r.IntN(10) {
	case 0:
		path, what = path+"-wal", "its log"
	case 1, 2:
		files, err := filepath.Glob(filepath.Join(data, "snapshots", "*.zst"))
		must(t, err)
		path = files[r.IntN(len(files))]
		what = "snapshot " + filepath.Base(path)
	}
	body, err := os.ReadFile(path)
	must(t, err)
	if len(body) == 0 {
		t.Fatalf("%s is empty", path)
	}
	const page = 4096
	at := r.IntN(len(body))
	how := ""
	switch r.IntN(8) {
	case 0, 1:
		bit := r.IntN(8)
		body[at] ^= 1 << bit
		how = fmt.Sprintf("bit %d of byte %d flipped", bit, at)
	case 2:
		n := 2 + r.IntN(30)
		for range n {
			body[r.IntN(len(body))] ^= byte(1 + r.IntN(255))
		}
		how = fmt.Sprintf("%d bytes changed", n)
	case 3:
		body = body[:at]
		how = fmt.Sprintf("cut to %d bytes", at)
	case 4:
		at = at / page * page
		clear(body[at:min(at+page, len(body))])
		how = fmt.Sprintf("page at %d zeroed", at)
	case 5:
		end := min(at+1+r.IntN(3*page), len(body))
		for i := at; i < end; i++ {
			body[i] = byte(r.Uint32())
		}
		how = fmt.Sprintf("bytes %d to %d overwritten", at, end)
	case 6:
		if r.IntN(2) == 0 {
			for i := range min(100, len(body)) {
				body[i] = byte(r.Uint32())
			}
			how = "another header"
			break
		}
		must(t, os.Remove(path))
		return what + " removed"
	case 7:
		a, b := at/page*page, r.IntN(len(body))/page*page
		for i := range page {
			if max(a, b)+i < len(body) {
				body[a+i], body[b+i] = body[b+i], body[a+i]
			}
		}
		how = fmt.Sprintf("pages at %d and %d swapped", a, b)
	}
	must(t, os.WriteFile(path, body, 0o600))
	return what + ": " + how
}

// TestDamage bends the database, its log or a snapshot at random, again and again. Each time: what is damaged is found,
// or it is harmless; nothing that was damaged is shown; nothing crashes; and mended, the store is what the last good
// snapshot has.
func TestDamage(t *testing.T) {
	t.Parallel()
	s := newSpecimen(t, 25)
	_, seed := random(t)
	var mu sync.Mutex
	count := map[string]int{}
	rounds := length(12, 1000)
	t.Run("rounds", func(t *testing.T) {
		for n := range rounds {
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				t.Parallel()
				chance := rand.New(rand.NewPCG(seed, uint64(n)))
				p := s.copy(t)
				if chance.IntN(5) == 0 { // nothing to mend from but what can be read
					must(t, os.RemoveAll(filepath.Join(p.data, "snapshots")))
					must(t, os.Mkdir(filepath.Join(p.data, "snapshots"), 0o700))
					must(t, os.WriteFile(filepath.Join(p.data, "snapshots", "snapshot-20260101T000000Z.jsonl.zst"), []byte("bent"), 0o600))
				}
				how := bend(t, chance, p.data)
				t.Log(how)
				outcome := s.judge(t, p, chance)
				if t.Failed() {
					t.Logf("MUSETTE_TORTURE_SEED=%d, round %d: %s", seed, n, how)
				}
				mu.Lock()
				defer mu.Unlock()
				count[outcome]++
			})
		}
	})
	report(t, "seed %d: %d bendings: %v", seed, rounds, count)
}

// judge looks at a bent directory through the program.
func (s *specimen) judge(t *testing.T, p *program, chance *rand.Rand) string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(p.data, "musette.db")); err != nil {
		return s.bare(t, p, chance)
	}
	s.nothingWrong(t, s.shownBy(t, p), "activities")
	good := s.lastGood(t, p)
	_, code := p.run("verify", "--json")
	switch code {
	case 0:
		// Nothing is said: then nothing may be different, but for a snapshot, which its own check finds.
		if digest(t, p.data) != s.digest {
			t.Error("something is different, and nothing is said")
		}
		return "harmless to the database"
	case 1:
	default:
		t.Fatalf("verify ended with %d", code)
	}
	if chance.IntN(10) == 0 {
		s.serves(t, p, good)
		return "found, mended while serving"
	}
	p.must("verify", "--repair", "--json")
	p.must("verify")
	if good && digest(t, p.data) != s.digest {
		t.Error("mended, it isn't what the last good snapshot has")
	}
	if good { // else some are without the parts that are to be fetched again, and say so
		s.nothingWrong(t, s.shownBy(t, p), "activities, mended")
	}
	p.must("sync")
	s.world.wantComplete(p)
	if good {
		return "found, mended from a snapshot or by itself"
	}
	return "found, salvaged and fetched again"
}

// bare is a directory whose database was removed: a person restores it from a snapshot, or the next sync does.
func (s *specimen) bare(t *testing.T, p *program, chance *rand.Rand) string {
	t.Helper()
	good := s.lastGood(t, p)
	if chance.IntN(2) == 0 {
		if _, code := p.run("backup", "restore"); (code == 0) != good {
			t.Fatalf("restoring ended with %d; is there a good snapshot: %v", code, good)
		}
		if good && digest(t, p.data) != s.digest {
			t.Error("restored, it isn't what the last good snapshot has")
		}
	}
	p.must("sync")
	s.world.wantComplete(p)
	return "removed, made anew"
}

// lastGood reports whether the newest snapshot verifies, which is of the state of the database.
func (s *specimen) lastGood(t *testing.T, p *program) bool {
	t.Helper()
	list, err := snapshot.List(t.Context(), filepath.Join(p.data, "snapshots"))
	must(t, err)
	if len(list) == 0 {
		return false
	}
	_, err = snapshot.Verify(t.Context(), list[0].Path)
	return err == nil
}

// nothingWrong fails if anything is shown that isn't so. That something isn't shown is no fault while it is damaged.
func (s *specimen) nothingWrong(t *testing.T, got map[string]string, where string) {
	t.Helper()
	for id, a := range got {
		if s.shown[id] != a {
			t.Errorf("%s shows of %s\n%s\nnot\n%s", where, id, a, s.shown[id])
		}
	}
}

// serves starts the server on a bent directory, and asks until everything is there again.
func (s *specimen) serves(t *testing.T, p *program, good bool) {
	t.Helper()
	const key = "a-key-for-the-torture-of-servers"
	q := p.with("MUSETTE_ADDR="+freeAddress(t), "MUSETTE_API_KEY="+key).start("serve")
	address := q.says(`musette serves (http://\S+)`)
	eventually(t, "everything served", func() bool {
		if !q.running() {
			t.Fatalf("the server ended with %d\n%s", q.code, q.said())
		}
		req, err := http.NewRequestWithContext(t.Context(), "GET", address+"/v1/feed?limit=500", nil)
		must(t, err)
		req.Header.Set("Authorization", "Bearer "+key)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return false // it opens everything anew
		}
		defer res.Body.Close()
		var page struct {
			Activities []map[string]any `json:"activities"`
		}
		if res.StatusCode != 200 || json.UnmarshalRead(res.Body, &page) != nil {
			return false
		}
		body, err := json.Marshal(page.Activities)
		must(t, err)
		got := s.byID(t, body)
		if good {
			s.nothingWrong(t, got, "the server")
		}
		return len(got) == len(s.shown)
	})
	eventually(t, "everything mended", func() bool {
		_, code := p.run("verify")
		return code == 0
	})
	q.stop(os.Interrupt)
	p.must("sync")
	p.must("verify")
	s.world.wantComplete(p)
}

// Whatever a mend sets aside is still there, byte for byte.
func TestDamageIsSetAside(t *testing.T) {
	t.Parallel()
	s := newSpecimen(t, 5)
	p := s.copy(t)
	path := filepath.Join(p.data, "musette.db")
	must(t, os.Remove(path+"-wal")) // it has the first page too
	body, err := os.ReadFile(path)
	must(t, err)
	copy(body, "This is no database any more")
	must(t, os.WriteFile(path, body, 0o600))
	p.must("verify", "--repair")
	found := false
	must(t, filepath.WalkDir(filepath.Join(p.data, "damaged"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			kept, err := os.ReadFile(path)
			found = found || err == nil && slices.Equal(kept, body)
		}
		return err
	}))
	if !found {
		t.Error("the damaged file isn't there any more")
	}
}
