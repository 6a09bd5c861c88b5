package keeper_test

import (
	"fmt"
	"testing"
	"time"

	"musette"
	"musette/strava/stravatest"
)

func TestFailure01PoisonedActivitiesBlockNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 10, Activities: 30})
	all := h.server.Activities(h.athlete())
	for i, kind := range []stravatest.FaultKind{stravatest.FaultServerError, stravatest.FaultTruncate, stravatest.FaultEmptyObject, stravatest.FaultHTML} {
		h.fault(stravatest.Fault{Kind: kind, Path: fmt.Sprintf("/activities/%d", all[7*i].ID)})
	}
	h.later(24 * time.Hour)
	if d := h.wrong(); len(d) > 0 {
		t.Errorf("wrong: %s", d[0])
	}
	if n := h.status().Athletes[0].Parts[musette.PartDetail]; n.Have != 26 || n.Due+n.Quarantined != 4 || n.Failed != 0 {
		t.Errorf("details %+v, want 26 here and 4 asked for again: the map is never given up", n)
	}
	h.state(musette.StateOK)
	for i := range 4 {
		if a, ok := h.shown(all[7*i].ID); !ok || a.Name != all[7*i].Name {
			t.Errorf("activity %d isn't shown as the list has it", all[7*i].ID)
		}
	}
	added := h.add(time.Time{})
	h.later(7 * time.Hour)
	if a, ok := h.shown(added); !ok || len(a.Missing) > 0 {
		t.Error("a new activity waits behind poisoned ones")
	}
	h.server.ClearFaults()
	h.later(25 * time.Hour)
	h.complete()
}

func TestAPartThatNeverComesIsGivenUpAfterFiveFailures(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 10, Activities: 30, Quirks: stravatest.Quirks{NoPhotosEndpoint: true}})
	h.later(7 * 24 * time.Hour)
	photos := 0
	for _, a := range h.server.Activities(h.athlete()) {
		photos += min(1, len(a.Photos))
	}
	s := h.state(musette.StateOK)
	if n := s.Athletes[0].Parts[musette.PartPhotos]; n.Failed != photos || n.Due != 0 {
		t.Errorf("photos %+v, want %d given up", n, photos)
	}
	if n := s.Athletes[0].Parts[musette.PartDetail]; n.Have != 30 {
		t.Errorf("details %+v: photos spoil them", n)
	}
	if calls := h.callsIn(func() { h.later(24 * time.Hour) }); len(calls) > 10 {
		t.Errorf("%d calls a day for what was given up", len(calls))
	}
}

func TestPlaceholdersAreAskedForAgainSoon(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 10, Activities: 30})
	h.fault(stravatest.Fault{Kind: stravatest.FaultPlaceholder, For: 30 * time.Minute})
	h.later(25 * time.Minute)
	if len(h.differences()) == 0 {
		t.Error("nothing is missing, the test is void")
	}
	h.later(time.Hour)
	h.complete()
}

func TestAContradictionIsBelievedAfterADay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 10, Activities: 30})
	var id int64
	for _, a := range h.server.Activities(h.athlete()) {
		if len(a.Photos) > 0 {
			id = a.ID
		}
	}
	h.fault(stravatest.Fault{Kind: stravatest.FaultEmptyList, Path: fmt.Sprintf("/activities/%d/photos", id)})
	h.later(23 * time.Hour)
	if a, _ := h.shown(id); fmt.Sprint(a.Missing) != "[photos]" {
		t.Errorf("missing %v, want photos: nothing came where some are counted", a.Missing)
	}
	if _, ok := h.document(id, musette.PartPhotos); ok {
		t.Error("a contradiction was stored")
	}
	h.later(8 * time.Hour)
	if a, _ := h.shown(id); len(a.Missing) > 0 {
		t.Errorf("missing %v after a day: what is said twice is so", a.Missing)
	}
}
