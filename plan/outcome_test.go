package plan_test

import (
	"slices"
	"testing"
	"time"

	"musette"
	"musette/plan"
)

// waits fails a part again and again when it is due, and returns the waits between, until it is given up.
func waits(st musette.PartState, most int, fail func(musette.PartState, time.Time) musette.PartState) (out []time.Duration, last musette.PartState) {
	now := noon
	for range most {
		st = fail(st, now)
		if st.Due.IsZero() {
			break
		}
		out = append(out, st.Due.Sub(now))
		now = st.Due
	}
	return out, st
}

func failed(st musette.PartState, now time.Time) musette.PartState {
	return policy.Failed(st, fault, 0, now)
}

// tries are the waits within one failure, and the one after it.
func tries(after ...time.Duration) (out []time.Duration) {
	for _, d := range after {
		out = append(out, time.Second, 5*time.Second, 30*time.Second, d)
	}
	return out
}

func TestFailedTries(t *testing.T) {
	have := musette.PartState{ActivityID: 7, Part: musette.PartDetail, Outcome: musette.OutcomeHave}
	first := musette.PartState{ActivityID: 7, Part: musette.PartDetail}
	photos := musette.PartState{ActivityID: 7, Part: musette.PartPhotos}
	unlimited := tries(5*time.Minute, 20*time.Minute, 80*time.Minute, 320*time.Minute, 1280*time.Minute, day, day, day, day)
	fiveTimes := tries(day, day, day, day, day)[:19]
	for name, c := range map[string]struct {
		st   musette.PartState
		want []time.Duration
		ends musette.Outcome
	}{
		"first detail":      {first, unlimited, musette.OutcomeNever},
		"a listing":         {musette.PartState{Part: musette.ListPoll}, unlimited, musette.OutcomeNever},
		"again a detail":    {have, fiveTimes, musette.OutcomeHave},
		"photos":            {photos, fiveTimes, musette.OutcomeFailed},
		"photos here once":  {musette.PartState{ActivityID: 7, Part: musette.PartPhotos, Outcome: musette.OutcomeHave}, fiveTimes, musette.OutcomeHave},
		"streams of a walk": {musette.PartState{ActivityID: 7, Part: musette.PartStreams}, fiveTimes, musette.OutcomeFailed},
	} {
		got, last := waits(c.st, len(unlimited), failed)
		if !slices.Equal(got, c.want) || last.Outcome != c.ends || last.Error == "" {
			t.Errorf("%s: waits %v, ends %+v", name, got, last)
		}
	}
}

// What comes again and again but can't be used is quarantined: a first detail is then tried once per wait, for ever; the
// rest is let be; and what is here already stays.
func TestWhatIsUnusableIsQuarantined(t *testing.T) {
	poison := func(st musette.PartState, now time.Time) musette.PartState {
		return policy.Failed(st, plan.Failure{Kind: "unusable", Message: "not an activity", Unusable: true}, 0, now)
	}
	got, last := waits(musette.PartState{ActivityID: 7, Part: musette.PartDetail}, 24, poison)
	want := append(tries(5*time.Minute, 20*time.Minute, 80*time.Minute, 320*time.Minute, 1280*time.Minute), day, day, day, day)
	if !slices.Equal(got, want) || last.Outcome != musette.OutcomeQuarantined {
		t.Errorf("a first detail: waits %v, ends %+v", got, last)
	}
	if asked := policy.Asked(last, musette.ClassForced, noon); asked.Outcome != musette.OutcomeNever || !asked.Due.Equal(noon) {
		t.Errorf("a person asks for it: %+v", asked)
	}
	for outcome, ends := range map[musette.Outcome]musette.Outcome{
		musette.OutcomeNever: musette.OutcomeQuarantined, musette.OutcomeHave: musette.OutcomeHave,
	} {
		got, last := waits(musette.PartState{ActivityID: 7, Part: musette.PartPhotos, Outcome: outcome}, 40, poison)
		if len(got) != 19 || last.Outcome != ends {
			t.Errorf("photos after %q: %d waits, ends %+v", outcome, len(got), last)
		}
	}
}

func TestJitterStretchesByAQuarterAtMost(t *testing.T) {
	for _, jitter := range []float64{0, 0.5, 1} {
		st := policy.Failed(musette.PartState{Part: musette.PartPhotos, ActivityID: 7}, fault, jitter, noon)
		if got, want := st.Due.Sub(noon), time.Second+time.Duration(jitter*float64(time.Second)/4); got != want {
			t.Errorf("jitter %g: again after %s, want %s", jitter, got, want)
		}
	}
}

func TestAfterAFailureNobodyWaitsAnyMore(t *testing.T) {
	for _, c := range []struct {
		st   musette.PartState
		want musette.Class
	}{
		{musette.PartState{ActivityID: 7, Part: musette.PartDetail, Start: noon.Add(-day)}, musette.ClassRecent},
		{musette.PartState{ActivityID: 7, Part: musette.PartDetail, Start: noon.Add(-99 * day)}, musette.ClassBackfill},
		{musette.PartState{ActivityID: 7, Part: musette.PartPhotos}, musette.ClassEnrich},
		{musette.PartState{ActivityID: 7, Part: musette.PartStreams}, musette.ClassBackfill},
		{musette.PartState{Part: musette.ListPoll}, musette.ClassList},
		{musette.PartState{Part: musette.ListSweep}, musette.ClassRecheck},
		{musette.PartState{Part: musette.PartAthlete}, musette.ClassList},
	} {
		st := policy.Asked(c.st, musette.ClassForced, noon)
		for range 3 {
			if st = failed(st, noon); st.Class != musette.ClassForced {
				t.Errorf("%s: a second try is of class %s, want forced", c.st.Part, st.Class)
			}
		}
		if st = failed(st, noon); st.Class != c.want {
			t.Errorf("%s: after a failure of class %s, want %s", c.st.Part, st.Class, c.want)
		}
	}
}

func TestPlaceholdersAreAskedForAgain(t *testing.T) {
	st := musette.PartState{ActivityID: 7, Part: musette.PartPhotos}
	got, last := waits(st, 9, func(st musette.PartState, now time.Time) musette.PartState { return policy.Unfinished(st, now) })
	if want := []time.Duration{10 * time.Minute, hour, day, day, day, day, day, day}; !slices.Equal(got, want) || last.Outcome != musette.OutcomeHave {
		t.Errorf("again after %v, ends %+v, want %v", got, last, want)
	}
	// Scheduling in between leaves that alone.
	k := newKnown()
	k.photos = 1
	k.schedule(t, noon)
	k.got(t, musette.PartPhotos, noon)
	k.states[musette.PartPhotos] = policy.Unfinished(k.states[musette.PartPhotos], noon)
	k.schedule(t, noon.Add(time.Minute))
	k.due(t, musette.PartPhotos, noon.Add(10*time.Minute), musette.ClassEnrich)
}

// A contradiction is a failed try, asked again like any other, and believed when it still stands a day later.
func TestContradictionsAreBelievedAfterADay(t *testing.T) {
	for name, st := range map[string]musette.PartState{
		"photos":       {ActivityID: 7, Part: musette.PartPhotos},
		"first detail": {ActivityID: 7, Part: musette.PartDetail},
		"poll":         {Part: musette.ListPoll, Outcome: musette.OutcomeHave},
		"nearly given up": {
			ActivityID: 7, Part: musette.PartComments, Failures: 4, Outcome: musette.OutcomeHave,
		},
	} {
		now := noon
		for n := 1; ; n++ {
			after, believe := policy.Contradicted(st, fault, 0.7, now)
			if believe {
				if age := now.Sub(noon); age < day || age > day+time.Minute {
					t.Errorf("%s: believed after %s", name, age)
				}
				break
			}
			if !after.Due.After(now) || plan.GivenUp(after.Outcome) || n > 110 {
				t.Fatalf("%s: %+v", name, after)
			}
			st, now = after, after.Due
		}
	}
	// An answer that is as it should be ends it: a contradiction later is a new one.
	st, _ := policy.Contradicted(musette.PartState{ActivityID: 7, Part: musette.PartPhotos}, fault, 0, noon)
	st = policy.Succeeded(st, noon.Add(hour))
	if _, believe := policy.Contradicted(st, fault, 0, noon.Add(2*day)); believe {
		t.Error("a new contradiction was believed at once")
	}
}

func TestA404AloneIsAskedAgain(t *testing.T) {
	st := musette.PartState{ActivityID: 7, Part: musette.PartDetail, Outcome: musette.OutcomeHave}
	after := policy.NotFound(st, fault, 0, noon)
	if !after.Due.Equal(noon.Add(hour)) {
		t.Errorf("asked again at %s, want in an hour", after.Due)
	}
	again := policy.NotFound(after, fault, 0, after.Due)
	if again.Failures != 1 || !again.Due.Equal(after.Due.Add(day)) {
		t.Errorf("the second time: %+v, want one failure", again)
	}
	first := st
	first.Outcome = musette.OutcomeNever
	now := noon
	for n := range 30 { // never given up, and never oftener than hourly
		next := policy.NotFound(first, fault, 0, now)
		if next.Due.Sub(now) < hour {
			t.Fatalf("a first detail, time %d: again after %s", n, next.Due.Sub(now))
		}
		first, now = next, next.Due
	}
}

// What only time can settle isn't asked again within seconds: each such call is taken from another activity.
func TestNoQuickRetryOfWhatWasMeant(t *testing.T) {
	p, now := plan.Default(), time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)
	for _, part := range []musette.Part{musette.PartPhotos, musette.PartComments} {
		st := musette.PartState{AthleteID: 1, ActivityID: 2, Part: part, Due: now, Class: musette.ClassEnrich}
		after, believe := p.Contradicted(st, plan.Failure{Kind: "contradiction"}, 0, now)
		if wait := after.Due.Sub(now); believe || wait != p.Believe {
			t.Errorf("%s that contradict are asked for after %v, believed %v", part, wait, believe)
		}
		if after = p.Refused(st, plan.Failure{Kind: "not_found"}, 0, now); after.Due.Sub(now) != p.FailureWait || after.Failures != 1 {
			t.Errorf("%s that aren't found are asked for after %v, %d failures", part, after.Due.Sub(now), after.Failures)
		}
	}
}

// What failed on the way to an outage is tried once more at its end; what has failed before that keeps its wait.
func TestForgiven(t *testing.T) {
	p := plan.Default()
	failed := part(1, 9, musette.PartDetail, musette.ClassBackfill)
	failed.Outcome, failed.Failures, failed.ErrorKind, failed.Due = musette.OutcomeHave, 1, "server", noon.Add(day)
	st := p.Forgiven(failed, noon)
	if !st.Due.Equal(noon) || st.Class != musette.ClassList || st.Failures != 1 {
		t.Errorf("%+v, want it to be due now", st)
	}
	if st = p.Failed(st, plan.Failure{Kind: "server"}, 0, noon); st.Failures != 2 || !st.Due.Equal(noon.Add(day)) {
		t.Errorf("%+v, want a second failure after one try", st)
	}
	if again := p.Forgiven(st, noon); !again.Due.Equal(st.Due) {
		t.Errorf("%+v, want it to be forgiven once", again)
	}
}
