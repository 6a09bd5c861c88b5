package keeper_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"musette"
	"musette/strava/stravatest"
	"musette/strava/stravatest/season"
)

var faultKinds = []stravatest.FaultKind{
	stravatest.FaultReset, stravatest.FaultBadGateway, stravatest.FaultHTML, stravatest.FaultLatency, stravatest.FaultServerError,
	stravatest.FaultTruncate, stravatest.FaultLost, stravatest.FaultNoHeaders, stravatest.FaultEmptyHeaders,
	stravatest.FaultTokenInvalid, stravatest.FaultScopeMissing, stravatest.FaultInactive, stravatest.FaultNotFound,
	stravatest.FaultEmptyList, stravatest.FaultEmptyObject, stravatest.FaultEmptyPolyline, stravatest.FaultPlaceholder,
}

// wrong says what is shown though it never was so on Strava. What isn't here yet is not wrong.
func (h *house) wrong() (out []string) {
	h.t.Helper()
	truth := map[int64]*season.Activity{}
	all := h.server.Activities(h.athlete())
	for i := range all {
		truth[all[i].ID] = &all[i]
	}
	for id := range h.activities() {
		want, ok := truth[id]
		if !ok {
			out = append(out, fmt.Sprintf("activity %d never was", id))
			continue
		}
		got, _ := h.shown(id)
		for _, d := range compare(want, &got) {
			missing := slices.ContainsFunc(got.Missing, func(p musette.Part) bool { return p != "" })
			if !missing || strings.Contains(d, "name is") || strings.Contains(d, "sport is") || strings.Contains(d, "moving is") {
				out = append(out, d)
			}
		}
	}
	return out
}

// honest fails unless the status counts what is here: everything, nothing due, nothing given up.
func (h *house) honest() {
	h.t.Helper()
	want := map[musette.Part]musette.PartCount{}
	for _, a := range h.server.Activities(h.athlete()) {
		count := func(p musette.Part, is bool) {
			c := want[p]
			if is {
				c.Have++
			}
			want[p] = c
		}
		count(musette.PartSummary, true)
		count(musette.PartDetail, true)
		count(musette.PartPhotos, len(a.Photos) > 0)
		count(musette.PartComments, len(a.Comments) > 0)
		count(musette.PartStreams, false)
	}
	s := h.status()
	if len(s.Athletes) != 1 {
		h.t.Fatalf("%d athletes, want 1", len(s.Athletes))
	}
	if d := cmp.Diff(want, s.Athletes[0].Parts); d != "" {
		h.t.Errorf("the counts are not what is here (-want +got):\n%s\nlast errors: %+v", d, s.LastErrors)
	}
}

func TestEveryFaultDuringTheFirstSync(t *testing.T) {
	for _, kind := range faultKinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, stravatest.Config{Seed: 5, Activities: 16})
			h.fault(stravatest.Fault{Kind: kind, Probability: 0.6, For: 20 * time.Minute, Delay: time.Millisecond})
			for range 8 {
				h.later(5 * time.Minute)
				if kind == stravatest.FaultEmptyPolyline || kind == stravatest.FaultPlaceholder {
					continue // what was never seen otherwise can't be missed
				}
				if d := h.wrong(); len(d) > 0 {
					t.Fatalf("shown at %s, but wrong: %s", h.clock.Now(), d[0])
				}
			}
			if kind == stravatest.FaultScopeMissing {
				h.state(musette.StateReconnect)
				h.connect()
			}
			h.later(9 * 24 * time.Hour)
			h.complete()
			h.honest()
			h.state(musette.StateOK)
			if n := h.server.Refused(); n != 0 {
				t.Errorf("%d calls were refused", n)
			}
		})
	}
}

func TestEveryFaultInSteadyState(t *testing.T) {
	for _, kind := range faultKinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, stravatest.Config{Seed: 6, Activities: 16})
			h.later(2 * 24 * time.Hour)
			h.complete()
			before := h.activities()
			h.fault(stravatest.Fault{Kind: kind, For: 13 * time.Hour, Delay: time.Millisecond})
			h.add(time.Time{})
			h.must(h.server.Rename(h.server.Activities(h.athlete())[3].ID, "Another name"))
			for range 6 {
				h.later(2 * time.Hour)
				now := h.activities()
				for id, was := range before {
					if is, ok := now[id]; !ok {
						t.Fatalf("activity %d vanished at %s", id, h.clock.Now())
					} else if len(is.View) < len(was.View)*9/10 {
						t.Fatalf("activity %d lost something at %s: %s, was %s", id, h.clock.Now(), is.View, was.View)
					}
				}
			}
			if kind == stravatest.FaultScopeMissing {
				h.state(musette.StateReconnect)
				h.later(2 * time.Hour)
				h.reopen() // each new process tries once more
			}
			h.later(9 * 24 * time.Hour)
			h.complete()
			h.honest()
			h.state(musette.StateOK)
			if n := h.server.Refused(); n != 0 {
				t.Errorf("%d calls were refused", n)
			}
		})
	}
}
