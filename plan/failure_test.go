package plan_test

import (
	"testing"
	"time"

	"musette"
	"musette/plan"
)

// The predecessor's fetch never reported a failure, so its rule of five tries and 24 hours never ran: every try
// counted as a success. Here failures are counted, stay apart from "nothing there", and come to an end.
func TestFailure03TheRetryRuleIsAlive(t *testing.T) {
	k := newKnown()
	k.photos = 2
	k.schedule(t, noon)
	st, now, calls := k.states[musette.PartPhotos], noon, 0
	for !st.Due.IsZero() {
		now = st.Due
		st = policy.Failed(st, fault, 0, now)
		calls++
	}
	if st.Failures != 5 || calls != 20 || st.Outcome != musette.OutcomeFailed || !st.LastTry.Equal(now) || st.Error == "" {
		t.Errorf("after %d calls: %+v", calls, st)
	}
	if took := now.Sub(noon); took < 4*day || took > 4*day+5*time.Minute {
		t.Errorf("given up after %s, want five failures 24 h apart", took)
	}
	if empty := policy.Missing(st, now); empty.Outcome == st.Outcome || empty.Failures != 0 {
		t.Errorf("nothing there looks like a failure: %+v", empty)
	}
	k.states[musette.PartPhotos] = st
	k.photos = 3 // something has changed: worth trying anew
	k.schedule(t, now.Add(hour))
	k.due(t, musette.PartPhotos, now.Add(hour), musette.ClassEnrich)
}

// The predecessor compared times with and without a zone, which raised an error, which counted as yes: activities of
// any age were fetched as if they were of the last three weeks.
func TestFailure05AgesAreComparedInOneKindOfTime(t *testing.T) {
	zone := time.FixedZone("", -11*60*60)
	for age, want := range map[time.Duration]musette.Class{
		day: musette.ClassRecent, 100 * day: musette.ClassBackfill, 400 * day: musette.ClassBackfill,
		21*day - hour: musette.ClassRecent, 21*day + hour: musette.ClassBackfill,
	} {
		k := newKnown()
		k.start, k.firstWalk = noon.Add(-age).In(zone), true
		k.schedule(t, noon.In(time.FixedZone("", 13*60*60)))
		k.due(t, musette.PartDetail, noon, want)
		k.got(t, musette.PartDetail, noon)
		if recheck := k.states[musette.PartDetail].Due; recheck.IsZero() != (age > 7*day) {
			t.Errorf("%s old: rechecked at %s", age, recheck)
		}
	}
}

// The predecessor fetched map, description and photos only within 24 h of the start: what it saw later never got any.
func TestFailure09LateSyncLosesNothing(t *testing.T) {
	for _, age := range []time.Duration{30 * hour, 30 * day, 3000 * day} {
		k := newKnown()
		k.start, k.photos, k.comments = noon.Add(-age), 2, 1
		k.schedule(t, noon)
		for _, part := range []musette.Part{musette.PartDetail, musette.PartPhotos, musette.PartComments} {
			if !k.states[part].Due.Equal(noon) {
				t.Errorf("%s old: %s is due at %s, want at once", age, part, k.states[part].Due)
			}
		}
	}
	k := newKnown() // and a first detail that fails for a month is still wanted
	k.schedule(t, noon)
	st := k.states[musette.PartDetail]
	for now := noon; now.Before(noon.Add(30 * day)); now = st.Due {
		st = policy.Failed(st, fault, 0, now)
		if st.Due.IsZero() || plan.GivenUp(st.Outcome) {
			t.Fatalf("given up at %s: %+v", now, st)
		}
	}
}

// The predecessor took activities 20 at a time in the order of its list, with a pause after each batch: the map of the
// newest could come last.
func TestFailure16MapsOfTheNewestComeFirst(t *testing.T) {
	s := plan.Situation{Now: noon, Room: rooms(9)}
	for id := int64(1); id <= 51; id++ {
		s.Due = append(s.Due, part(1, id, musette.PartPhotos, musette.ClassEnrich), part(1, id, musette.PartDetail, musette.ClassRecent))
	}
	expect(t, s, "1/51 detail", "1/50 detail", "1/49 detail")
}
