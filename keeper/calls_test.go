package keeper_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"musette"
	"musette/keeper"
	"musette/strava"
	"musette/strava/stravatest"
)

// Every call is told of once, with its class and result, and has an id in the log under which stands what became of it.
func TestEveryCallIsToldOfAndLogged(t *testing.T) {
	var log bytes.Buffer
	h := newHouse(t, stravatest.Config{Seed: 3, Activities: 12}, func(h *house) {
		h.log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	h.fault(stravatest.Fault{Kind: stravatest.FaultServerError, Path: "/activities/*", Count: 1})
	calls := make(chan keeper.Call, 1000)
	h.keeper.Called = func(c keeper.Call) { calls <- c }
	if h.keeper.Leads() {
		t.Error("it leads before it has the lease")
	}
	h.later(time.Hour)
	close(calls)
	results, classes, n := map[strava.Kind]int{}, map[musette.Class]int{}, 0
	for c := range calls {
		results[c.Result]++
		classes[c.Class]++
		n++
		if c.Took < 0 {
			t.Errorf("a call took %v", c.Took)
		}
	}
	if n != h.keeper.Calls() || n != len(h.server.Calls()) || results[strava.KindServer] != 1 || results[strava.KindNone] != n-1 {
		t.Errorf("%d calls, told of %v", h.keeper.Calls(), results)
	}
	if classes[musette.ClassLogin] != 1 || classes[musette.ClassList] == 0 {
		t.Errorf("told of %v", classes)
	}

	made, became := map[string]string{}, map[string]string{}
	for line := range strings.Lines(log.String()) {
		var l struct {
			Msg, Call, Kind, Was string
			Calls                []string
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if l.Msg == "call" {
			made[l.Call] = l.Kind
		}
		if l.Msg == "written" {
			for _, id := range l.Calls {
				became[id] = l.Was
			}
		}
	}
	if len(made) != n || len(became) != n {
		t.Errorf("of %d calls %d are in the log, and of %d what became of them", n, len(made), len(became))
	}
	for id, kind := range made {
		if want := map[string]string{"": "fine", "server": "host fault"}[kind]; became[id] != want {
			t.Errorf("call %s, %q, was %q", id, kind, became[id])
		}
	}
}

// A refusal of a page of comments keeps the whole app quiet, like any other.
func TestARefusedPageOfCommentsIsARefusal(t *testing.T) {
	h := newHouse(t, stravatest.Config{Seed: 3, Activities: 30})
	h.fault(stravatest.Fault{Kind: stravatest.FaultServerError, Status: 429, Path: "/activities/*/comments", Count: 1})
	var refused atomic.Bool
	h.keeper.Called = func(c keeper.Call) {
		if c.Result == strava.KindRateLimit {
			refused.Store(true)
		}
	}
	h.clock.Advance(2 * time.Minute) // at its start, a quarter may be taken for the one before
	h.later(12 * time.Minute)
	n := h.keeper.Calls()
	if s := h.status(); !refused.Load() || s.State != musette.StateLimited {
		t.Errorf("refused: %v; the state is %s", refused.Load(), s.State)
	}
	h.later(30 * time.Minute)
	if h.keeper.Calls() == n {
		t.Error("it never goes on")
	}
}
