package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"musette"
	"musette/strava/stravatest"
)

// Where the database can't be used at a start, the newest snapshot is served in its place, and the state says so;
// nothing on the disk changes. When the database is back, so is everything.
func TestSnapshotStandsIn(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*testing.T, *program) *program // makes the database unusable
		mend  func(*testing.T, *program)          // nil: it can't be mended while the program runs
	}{
		"in the way": { // a damaged file is mended at once, see TestDamage
			func(t *testing.T, p *program) *program {
				must(t, os.Rename(p.database(), p.database()+".good"))
				must(t, os.Mkdir(p.database(), 0o700))
				return p
			},
			func(t *testing.T, p *program) {
				must(t, os.Remove(p.database()))
				must(t, os.Rename(p.database()+".good", p.database()))
			},
		},
		"unreachable": {
			func(t *testing.T, p *program) *program {
				return p.with("DATABASE_URL=postgres://musette:hush-hush@"+freeAddress(t)+"/musette",
					"MUSETTE_SECRET_KEY=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff")
			}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, stravatest.Config{Seed: 9, Limits: plenty})
			p := w.program()
			p.must("sync")
			p = c.spoil(t, p)
			before := p.files()

			s := p.serve()
			if took := time.Since(s.began); took > 30*time.Second {
				t.Errorf("it took %v to give the database up", took)
			}
			if got := s.status(); got.State != musette.StateStoreDown || got.Cause == "" {
				t.Errorf("state %s (%s), want store_down and why", got.State, got.Cause)
			}
			page := decode[feedPage](t, s.get("/v1/feed?limit=500").want(200).body)
			if page.State != musette.StateStoreDown {
				t.Errorf("the feed's state is %s, want store_down", page.State)
			}
			if d := w.differences(s.feed()); len(d) > 0 {
				t.Errorf("%d differences from what was there, such as %s", len(d), d[0])
			}
			s.get("/healthz").want(200)
			s.get("/readyz").want(200)
			s.do("POST", "/v1/refresh", "").want(409)
			if n := cards(s.get("/").want(200).body); n == 0 {
				t.Error("no cards on the page")
			}
			if c.mend != nil {
				if after := p.files(); after != before {
					t.Errorf("the files changed:\n%s\n\nbefore:\n%s", after, before)
				}
				c.mend(t, p)
				s.until("the database's return", s.settled)
				if d := w.differences(s.feed()); len(d) > 0 {
					t.Errorf("%d differences after the return, such as %s", len(d), d[0])
				}
			}
			if code, took := s.stop(syscall.SIGTERM); code != 0 || took > 10*time.Second {
				t.Errorf("serve ended with %d, %v after SIGTERM\n%s", code, took, s.stderr.String())
			}
			if c.mend == nil {
				if after := p.files(); after != before {
					t.Errorf("the files changed:\n%s\n\nbefore:\n%s", after, before)
				}
			}
		})
	}
}

func (p *program) database() string { return filepath.Join(p.data, "musette.db") }

// The database's log is deleted while a server uses it: nothing is lost, whatever comes then, and it goes on by itself.
func TestLogDeletedBesideAServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 31, Activities: 10, Limits: plenty})
	p := w.program()
	site := p.serve()
	eventually(t, "the first sync", site.settled)
	log := p.database() + "-wal"
	must(t, os.Remove(log))
	p.must("key", "create", "beside") // it waits until the server has saved what it has
	if _, err := os.Stat(log); err != nil {
		t.Errorf("there is no new log: %v", err)
	}
	eventually(t, "being well again", func() bool { return site.status().State == musette.StateOK })
	site.stop(os.Kill)
	w.complete(p)
	if list := p.must("key", "list"); !strings.Contains(list, "beside") {
		t.Errorf("the key that was made meanwhile is lost:\n%s", list)
	}
	if _, err := os.Stat(filepath.Join(p.data, "damaged")); err == nil {
		t.Error("something was set aside as damaged")
	}
	p.wantSound()
}
