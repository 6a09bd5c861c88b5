package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"musette"
	"musette/keeper"
	"musette/store"
)

// Each outing begins after the one before has ended and ends before it is uploaded, no two friends say the same, and
// the story alone makes them all again.
func TestTheDemosAthlete(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 5, 24, 9, 0, 0, 0, time.UTC) // a Sunday: the long ones
	now := began
	a := &app{now: func() time.Time { return now }}
	life := newDemoLife(a, demoStory{Until: began, Activities: 60})
	first, err := life.listen()
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	said := map[string]bool{}
	for n := range demoMost {
		if now = now.Add(demoEvery); life.room() < demoShortest {
			t.Fatalf("no room for outing %d", n)
		}
		free := life.free()
		uploaded, err := life.goOut(n)
		if err != nil {
			t.Fatal(err)
		}
		life.story.Outings = append(life.story.Outings, uploaded)
		newest := life.fake.Activities(life.athlete)[0]
		if end := newest.Start.Add(newest.Elapsed); newest.Start.Before(free) || end.After(now) || now.Sub(end) > demoUploads {
			t.Errorf("outing %d from %v to %v, free since %v, uploaded %v", n, newest.Start, end, free, now)
		}
		if newest.Elapsed > demoLongest+time.Minute || newest.Distance <= 0 {
			t.Errorf("outing %d: %.0f m in %v", n, newest.Distance, newest.Elapsed)
		}
		for _, c := range newest.Comments {
			if said[c.Text] {
				t.Errorf("%q is said again", c.Text)
			}
			said[c.Text] = true
		}
	}
	if len(said) != demoMost {
		t.Errorf("%d comments on %d outings", len(said), demoMost)
	}
	now = now.Add(100 * time.Hour)
	again := newDemoLife(a, life.story)
	listening, err := again.listen()
	if err != nil {
		t.Fatal(err)
	}
	defer listening.Close()
	if d := cmp.Diff(essence(life), essence(again)); d != "" {
		t.Errorf("made again it is another:\n%s", d)
	}
}

// essence is what a mirror would notice a change of.
func essence(d *demoLife) (all []string) {
	for _, a := range d.fake.Activities(d.athlete) {
		all = append(all, fmt.Sprintln(a.ID, a.Name, a.Start, a.Elapsed, a.Moving, a.Distance, a.ClimbM, a.Photos, len(a.Comments)))
	}
	return all
}

// A demo with --data goes on where it was: the same athlete, still connected, nothing gone.
func TestDemoGoesOn(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "kept")
	first := demoRound(t, dir)
	second := demoRound(t, dir)
	if second.State != musette.StateOK || len(second.LastErrors) > 0 {
		t.Errorf("the second round ended %s: %s, %+v", second.State, second.Cause, second.LastErrors)
	}
	for _, s := range []musette.Status{first, second} {
		for i := range s.Athletes {
			s.Athletes[i].Pictures = musette.PictureCount{} // they come by and by, after everything else
		}
	}
	if d := cmp.Diff(first.Athletes, second.Athletes); d != "" {
		t.Errorf("the second round has another mirror:\n%s", d)
	}
	if !second.AsOf.After(*first.AsOf) {
		t.Errorf("the second round has asked nothing: as of %v", second.AsOf)
	}
}

// demoRound starts the demo, asks for a refresh, waits until all is here, and stops it.
func demoRound(t *testing.T, dir string) (s musette.Status) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var said lockedBuffer
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, &console{in: strings.NewReader(""), out: io.Discard, err: &said}, []string{"demo", "--port", "0", "--activities", "12", "--data", dir})
	}()
	page := regexp.MustCompile(`the page: (http://\S+)`)
	settled := func() bool {
		m := page.FindStringSubmatch(said.String())
		if m == nil {
			return false
		}
		res, err := http.Get(m[1] + "/v1/status")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		st, err := store.Open(ctx, store.Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		if s, err = keeper.ReadStatus(ctx, st, time.Now(), 0, nil); err != nil {
			t.Fatal(err)
		}
		return s.State == musette.StateOK && s.AsOf != nil && len(s.Athletes) == 1 && s.Athletes[0].Activities == 12 && s.Athletes[0].Parts[musette.PartDetail].Due == 0
	}
	awaited(t, settled)
	asked := time.Now().Truncate(time.Second).Add(time.Second)
	for time.Now().Before(asked) { // as_of has whole seconds
		<-time.After(20 * time.Millisecond)
	}
	res, err := http.Post(page.FindStringSubmatch(said.String())[1]+"/v1/refresh", "application/json", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusAccepted {
		t.Fatalf("the refresh was answered %s; it said %s", res.Status, said.String())
	}
	awaited(t, func() bool { return settled() && !s.AsOf.Before(asked.UTC()) })
	stop()
	if got := <-code; got != exitDone {
		t.Errorf("exit code %d: %s", got, said.String())
	}
	return s
}

func awaited(t *testing.T, done func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(30 * time.Second); !done(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal("it took more than 30 s")
		}
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
