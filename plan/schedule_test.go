package plan_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"musette"
	"musette/plan"
)

func TestFirstDetailIsDueAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		age  time.Duration
		want musette.Class
	}{
		"today":           {2 * hour, musette.ClassRecent},
		"20 days old":     {20 * day, musette.ClassRecent},
		"22 days old":     {22 * day, musette.ClassBackfill},
		"ten years old":   {3650 * day, musette.ClassBackfill},
		"from the future": {-2 * hour, musette.ClassRecent},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKnown()
			k.start = noon.Add(-c.age)
			k.schedule(t, noon)
			k.due(t, musette.PartDetail, noon, c.want)
			k.never(t, musette.PartPhotos, musette.PartComments, musette.PartStreams, musette.PartSummary)
			if got := k.states[musette.PartSummary].Outcome; got != musette.OutcomeHave {
				t.Errorf("the summary is %q, want had", got)
			}
		})
	}
}

func TestRechecks(t *testing.T) {
	k := newKnown()
	k.schedule(t, noon)
	k.got(t, musette.PartDetail, noon.Add(time.Minute))
	k.due(t, musette.PartDetail, noon.Add(hour), musette.ClassRecheck)
	k.got(t, musette.PartDetail, noon.Add(hour))
	k.due(t, musette.PartDetail, noon.Add(day), musette.ClassRecheck)
	k.got(t, musette.PartDetail, noon.Add(day+hour)) // late: the next one stays where it is
	k.due(t, musette.PartDetail, noon.Add(7*day), musette.ClassRecheck)
	k.got(t, musette.PartDetail, noon.Add(7*day))
	k.never(t, musette.PartDetail)
}

func TestRechecksThatAreNeedless(t *testing.T) {
	for name, c := range map[string]struct {
		set     func(*known)
		fetched time.Duration // after first seen
		want    time.Duration // after first seen, 0: never
	}{
		"a description is there":         {func(k *known) { k.description = "Cold." }, time.Minute, day},
		"fetched after the first time":   {func(*known) {}, 2 * hour, day},
		"fetched after all times":        {func(*known) {}, 8 * day, 0},
		"first seen three weeks ago":     {func(*known) {}, 22 * day, 0},
		"first walk, a day old":          {func(k *known) { k.firstWalk, k.start = true, noon.Add(-day) }, time.Minute, hour},
		"first walk, 8 days old":         {func(k *known) { k.firstWalk, k.start = true, noon.Add(-8*day) }, time.Minute, 0},
		"8 days old, uploaded only then": {func(k *known) { k.start = noon.Add(-8 * day) }, time.Minute, hour},
		"outside the filter":             {func(k *known) { k.outside = true }, time.Minute, 0},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKnown()
			c.set(k)
			k.schedule(t, noon)
			k.got(t, musette.PartDetail, noon.Add(c.fetched))
			want := time.Time{}
			if c.want > 0 {
				want = noon.Add(c.want)
			}
			k.due(t, musette.PartDetail, want, musette.ClassRecheck)
		})
	}
	k := newKnown() // fetched at once, then nobody home for a month
	k.schedule(t, noon)
	k.got(t, musette.PartDetail, noon.Add(2*day))
	k.states[musette.PartDetail] = musette.PartState{LastSuccess: noon.Add(2 * day), Wanted: k.states[musette.PartDetail].Wanted}
	k.schedule(t, noon.Add(30*day))
	k.never(t, musette.PartDetail)
}

func TestAnEditMakesTheDetailDueAndAKudosDoesNot(t *testing.T) {
	k := newKnown()
	k.description = "Cold."
	k.schedule(t, noon)
	k.got(t, musette.PartDetail, noon.Add(10*day))
	k.never(t, musette.PartDetail)
	edited := noon.Add(11 * day)
	k.photos = 2 // its own part only
	k.schedule(t, edited)
	k.never(t, musette.PartDetail)
	k.due(t, musette.PartPhotos, edited, musette.ClassEnrich)
	k.name = "Park loop with Mira"
	k.schedule(t, edited)
	k.due(t, musette.PartDetail, edited, musette.ClassRecent)
	k.schedule(t, edited.Add(hour)) // it stays where it is in the queue
	k.due(t, musette.PartDetail, edited, musette.ClassRecent)
	k.got(t, musette.PartDetail, edited.Add(2*hour))
	k.never(t, musette.PartDetail)
}

func TestPhotosAndCommentsAreDueAtTheirCounts(t *testing.T) {
	for _, c := range []struct {
		part  musette.Part
		count func(*known) *int
	}{
		{musette.PartPhotos, func(k *known) *int { return &k.photos }},
		{musette.PartComments, func(k *known) *int { return &k.comments }},
	} {
		k := newKnown()
		k.schedule(t, noon)
		if _, ok := k.states[c.part]; ok {
			t.Errorf("%s of an activity without any have a state", c.part)
		}
		*c.count(k) = 3
		k.schedule(t, noon)
		k.due(t, c.part, noon, musette.ClassEnrich)
		k.got(t, c.part, noon)
		k.never(t, c.part)
		*c.count(k) = 4
		k.schedule(t, noon.Add(hour))
		k.due(t, c.part, noon.Add(hour), musette.ClassEnrich)
		*c.count(k) = 3 // taken back before anybody asked: what is here is right again
		k.schedule(t, noon.Add(2*hour))
		k.never(t, c.part)
		*c.count(k) = 0
		k.schedule(t, noon.Add(3*hour))
		k.never(t, c.part)
	}
}

func TestStreamsAreDueWhereAskedFor(t *testing.T) {
	defer func() { policy = plan.Default() }()
	for _, c := range []struct {
		streams plan.Streams
		age     time.Duration
		want    bool
	}{
		{plan.StreamsOff, hour, false},
		{plan.StreamsRecent, hour, true},
		{plan.StreamsRecent, 30 * day, false},
		{plan.StreamsAll, 3000 * day, true},
	} {
		policy.Streams = c.streams
		k := newKnown()
		k.start = noon.Add(-c.age)
		k.schedule(t, noon)
		if !c.want {
			k.never(t, musette.PartStreams)
			continue
		}
		k.due(t, musette.PartStreams, noon, musette.ClassBackfill)
		k.states[musette.PartStreams] = policy.Missing(k.states[musette.PartStreams], noon)
		k.schedule(t, noon.Add(hour)) // Strava says there are none
		k.never(t, musette.PartStreams)
	}
}

func TestOutsideTheFilterNothingIsDueButAbsenceChecks(t *testing.T) {
	k := newKnown()
	k.photos, k.comments = 2, 3
	k.schedule(t, noon)
	k.outside = true
	k.schedule(t, noon)
	k.never(t, musette.PartDetail, musette.PartPhotos, musette.PartComments)

	st := k.states[musette.PartDetail]
	st = policy.Asked(st, musette.ClassList, noon)
	k.states[musette.PartDetail] = st
	k.schedule(t, noon.Add(time.Minute))
	k.due(t, musette.PartDetail, noon, musette.ClassList)
}

func TestAPersonsWishOverrides(t *testing.T) {
	k := newKnown()
	k.photos, k.outside = 2, true
	k.schedule(t, noon)
	for _, part := range []musette.Part{musette.PartDetail, musette.PartPhotos} {
		st := k.states[part]
		st.AthleteID, st.ActivityID, st.Part, st.Outcome, st.Failures = 4242, 7, part, musette.OutcomeFailed, 5
		k.states[part] = policy.Asked(st, musette.ClassForced, noon)
		k.schedule(t, noon.Add(time.Second))
		k.due(t, part, noon, musette.ClassForced)
		k.got(t, part, noon.Add(2*time.Second))
		k.never(t, part)
	}
}

func TestWhoeverIsMoreUrgentKeepsTheirPlace(t *testing.T) {
	st := policy.Asked(musette.PartState{ActivityID: 7, Part: musette.PartDetail}, musette.ClassForced, noon)
	if got := policy.Asked(st, musette.ClassEvent, noon.Add(time.Second)); !got.Due.Equal(noon) || got.Class != musette.ClassForced {
		t.Errorf("after an event: due at %s in %s, want as before", got.Due, got.Class)
	}
	if got := policy.Asked(st, musette.ClassForced, noon.Add(time.Second)); !got.Due.Equal(noon.Add(time.Second)) {
		t.Errorf("asked anew: due at %s, want when it was asked", got.Due)
	}
}

// Scheduling anew, as any change of an activity does, changes nothing about tries under way, nor about what has been
// given up.
func TestSchedulingAgainChangesNothing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		k := newKnown()
		k.photos, k.comments = rapid.IntRange(0, 3).Draw(r, "photos"), rapid.IntRange(0, 3).Draw(r, "comments")
		k.firstWalk = rapid.Bool().Draw(r, "first walk")
		k.start = noon.Add(-time.Duration(rapid.IntRange(0, 60).Draw(r, "age")) * day)
		k.schedule(t, noon)
		now := noon
		r.Repeat(map[string]func(*rapid.T){
			"try": func(r *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 100).Draw(r, "hours")) * hour)
				part := rapid.SampledFrom(musette.ActivityParts[1:]).Draw(r, "part")
				st, ok := k.states[part]
				if !ok || st.Due.IsZero() || st.Due.After(now) {
					return
				}
				switch rapid.IntRange(0, 4).Draw(r, "outcome") {
				case 0:
					k.got(t, part, now)
				case 1:
					k.states[part], _ = policy.Contradicted(st, fault, 0, now)
				case 2:
					k.states[part] = policy.NotFound(st, fault, 0, now)
				default:
					f := fault
					f.Unusable = rapid.Bool().Draw(r, "unusable")
					k.states[part] = policy.Failed(st, f, 0, now)
				}
			},
			"count": func(r *rapid.T) {
				now = now.Add(2 * time.Second)
				k.photos = rapid.IntRange(0, 3).Draw(r, "photos")
				k.schedule(t, now)
			},
			"": func(r *rapid.T) {
				before := plan.States{}
				for part, st := range k.states {
					before[part] = st
				}
				k.schedule(t, now.Add(time.Second))
				for part, st := range k.states {
					was := before[part]
					if was.Class == musette.ClassRecent && st.Class == musette.ClassBackfill { // it has become older
						was.Class = st.Class
					}
					if was.Class == musette.ClassRecheck && now.Sub(noon) >= 21*day { // and is let be
						continue
					}
					if st != was {
						r.Fatalf("%s was\n%+v, is\n%+v", part, was, st)
					}
				}
			},
		})
	})
}
