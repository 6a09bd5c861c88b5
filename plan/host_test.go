package plan_test

import (
	"slices"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"musette"
	"musette/plan"
)

// offline is a host that has just gone offline at noon.
func offline(t *testing.T) plan.Host {
	t.Helper()
	var h plan.Host
	for id := int64(1); id <= 5; id++ {
		if h.State() != musette.StateOK {
			t.Fatalf("offline after %d failures", id-1)
		}
		h = h.Failed(of(id), "500", noon)
	}
	if h.State() != musette.StateOffline {
		t.Fatal("not offline after 5 failures on 5 activities")
	}
	return h
}

func TestFiveActivitiesInARowMakeTheHostOffline(t *testing.T) {
	offline(t)
	var h plan.Host
	for range 20 { // one poisoned activity proves nothing
		h = h.Failed(of(7), "500", noon)
	}
	if h.State() != musette.StateOK {
		t.Error("offline after failures on one activity")
	}
	for id := range int64(20) { // nor do failures with successes between
		if h = h.Failed(of(id), "500", noon); id%4 == 3 {
			h = h.Answered(noon)
		}
	}
	if h.State() != musette.StateOK {
		t.Error("offline though every fifth call was answered")
	}
	if h.Exhausted(noon).State() != musette.StateOffline {
		t.Error("a listing has failed in all its tries, and the host isn't offline")
	}
}

// An athlete can empty a list, and then it is doubted for a day; with something else failing it is Strava's doing.
func TestADoubtedListIsTheHostsFaultIfSomethingElseFails(t *testing.T) {
	list := musette.Key{AthleteID: 1, Part: musette.ListPoll}
	var h plan.Host
	for range 4 {
		h = h.Failed(list, "an empty list", noon)
	}
	if h.Doubted(noon).State() != musette.StateOK {
		t.Error("offline, because of one list that is empty")
	}
	if h.Failed(of(7), "500", noon).Doubted(noon).State() != musette.StateOffline {
		t.Error("a list and a detail have failed in all their tries, and the host isn't offline")
	}
}

func TestProbesOfAHostThatIsOffline(t *testing.T) {
	h := offline(t)
	h = h.Failed(of(8), "500", noon.Add(time.Second)) // was under way already: no probe
	h = h.Failed(of(9), "500", noon.Add(2*time.Second))
	var waits []time.Duration
	now := noon
	for range 7 {
		waits = append(waits, h.NextProbe.Sub(now))
		now = h.NextProbe
		h = h.Failed(of(8), "500", now)
	}
	want := []time.Duration{1, 2, 4, 8, 15, 15, 15}
	for i := range want {
		want[i] *= time.Minute
	}
	if !slices.Equal(waits, want) {
		t.Errorf("probes after %v, want %v", waits, want)
	}
	if h = h.Answered(now); h.State() != musette.StateOK || !h.NextProbe.IsZero() || h.Failing != nil {
		t.Errorf("an answer leaves %+v", h)
	}
}

func TestAnInactiveAppIsProbedOnceADay(t *testing.T) {
	h := offline(t).Inactive("403", noon)
	now := noon
	for range 3 {
		if h.State() != musette.StateInactive || !h.NextProbe.Equal(now.Add(day)) {
			t.Fatalf("%+v, want inactive and a probe a day later", h)
		}
		for _, d := range []time.Duration{0, 14 * time.Minute} {
			if h.MayForce(now.Add(d)) {
				t.Errorf("a person may force it %s after the last probe", d)
			}
		}
		if !h.MayForce(now.Add(15 * time.Minute)) {
			t.Error("a person may not force it a quarter hour after the last probe")
		}
		now = h.NextProbe
		h = h.Inactive("403", now)
	}
	h = h.Failed(of(7), "500", now.Add(hour)) // it doesn't even say 403 now
	if h.State() != musette.StateInactive || !h.NextProbe.Equal(now.Add(hour+day)) {
		t.Errorf("%+v, want still inactive", h)
	}
}

func TestHostKeepsItselfInJSON(t *testing.T) {
	for _, want := range []plan.Host{{}, plan.Host{}.Failed(of(7), "500", noon), offline(t), plan.Host{Calls: 9}.Inactive("403", noon)} {
		body, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got plan.Host
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
}
