package plan_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"musette"
	"musette/plan"
)

// rooms are rooms of n calls for every class.
func rooms(n int) (r [musette.NumClasses]plan.Room) {
	for c := range r {
		r[c].Calls = n
	}
	return r
}

func part(athlete, activity int64, part musette.Part, c musette.Class) musette.PartState {
	return musette.PartState{
		AthleteID: athlete, ActivityID: activity, Part: part, Class: c, Due: noon.Add(-time.Minute),
		Start: noon.Add(time.Duration(activity) * hour), // a greater id is newer
	}
}

// chosen says which calls were chosen, in short.
func chosen(d plan.Decision) (out []string) {
	for _, p := range d.Calls {
		out = append(out, fmt.Sprintf("%d/%d %s", p.AthleteID, p.ActivityID, p.Part))
	}
	return out
}

func expect(t *testing.T, s plan.Situation, want ...string) plan.Decision {
	t.Helper()
	d := plan.Next(s)
	if got := chosen(d); !slices.Equal(got, want) {
		t.Errorf("calls %q, want %q", got, want)
	}
	return d
}

func TestNextGoesByClassThenNewestFirst(t *testing.T) {
	s := plan.Situation{Now: noon, Room: rooms(9), Due: []musette.PartState{
		part(1, 5, musette.PartDetail, musette.ClassBackfill),
		part(1, 6, musette.PartComments, musette.ClassEnrich),
		part(1, 6, musette.PartPhotos, musette.ClassEnrich),
		part(1, 8, musette.PartDetail, musette.ClassRecent),
		part(1, 9, musette.PartDetail, musette.ClassRecent),
		part(1, 0, musette.ListPoll, musette.ClassList),
		part(1, 2, musette.PartDetail, musette.ClassEvent),
		part(1, 1, musette.PartDetail, musette.ClassForced),
		part(1, 0, musette.PartAthlete, musette.ClassForced),
	}}
	for _, want := range [][]string{
		{"1/0 athlete"},
		{"1/1 detail", "1/2 detail", "1/0 poll"},
		{"1/9 detail", "1/8 detail", "1/6 photos"},
		{"1/6 comments", "1/5 detail"},
	} {
		d := expect(t, s, want...)
		if d.State != musette.StateSyncing || !d.Wake.Equal(noon) {
			t.Errorf("%s until %s, want syncing and to go on at once", d.State, d.Wake)
		}
		s.Due = slices.DeleteFunc(s.Due, func(p musette.PartState) bool {
			return slices.ContainsFunc(d.Calls, func(c musette.PartState) bool { return c.Key() == p.Key() })
		})
	}
	if d := expect(t, s); d.State != musette.StateOK || !d.Wake.IsZero() {
		t.Errorf("nothing due: %+v, want ok and no waking", d)
	}
}

// All is visible after the calls of the walk: it needs them one after another, and no detail slips in between.
func TestAWalkGoesAlone(t *testing.T) {
	s := plan.Situation{Now: noon, Room: rooms(9), Due: []musette.PartState{
		part(1, 9, musette.PartDetail, musette.ClassRecent),
		part(1, 0, musette.ListWalk, musette.ClassList),
		part(2, 0, musette.ListWalk, musette.ClassList),
		part(2, 8, musette.PartDetail, musette.ClassRecent),
	}}
	d := plan.Next(s)
	if len(d.Calls) != 2 || d.Calls[0].Part != musette.ListWalk || d.Calls[1].Part != musette.ListWalk {
		t.Errorf("calls %q, want both walks and nothing else", chosen(d))
	}
}

func TestRoomIsPerClassAndShared(t *testing.T) {
	s := plan.Situation{Now: noon, Room: rooms(2), Next: noon.Add(hour), Due: []musette.PartState{
		part(1, 9, musette.PartDetail, musette.ClassForced),
		part(1, 8, musette.PartDetail, musette.ClassRecent),
		part(1, 7, musette.PartDetail, musette.ClassRecent),
	}}
	expect(t, s, "1/9 detail", "1/8 detail")
	s.Room[musette.ClassRecent] = plan.Room{Calls: 1, Free: noon}
	expect(t, s, "1/9 detail")
	s.Room[musette.ClassRecent] = plan.Room{Free: noon.Add(3 * time.Minute), Reset: noon.Add(10 * time.Minute)}
	expect(t, s, "1/9 detail")
	s.Due = s.Due[1:]
	d := expect(t, s)
	if d.State != musette.StateLimited || !d.Until.Equal(noon.Add(10*time.Minute)) || !d.Wake.Equal(noon.Add(3*time.Minute)) {
		t.Errorf("%+v, want limited until the reset, and to wake when the reserve has shrunk", d)
	}
	s.Next = noon.Add(time.Minute)
	if d := expect(t, s); !d.Wake.Equal(s.Next) {
		t.Errorf("wakes at %s, want when the next part becomes due", d.Wake)
	}
}

func TestASweepLongOverdueCountsAsAListing(t *testing.T) {
	sweep := part(1, 0, musette.ListSweep, musette.ClassRecheck)
	sweep.LastSuccess, sweep.Due = noon.Add(-21*day), noon.Add(-14*day)
	s := plan.Situation{Now: noon, Room: rooms(1), Due: []musette.PartState{part(1, 9, musette.PartDetail, musette.ClassRecent), sweep}}
	if d := expect(t, s, "1/0 sweep"); len(d.Calls) == 1 && d.Calls[0].Class != musette.ClassList {
		t.Errorf("it is of class %s, want list", d.Calls[0].Class)
	}
	s.Due[1].Due = noon.Add(-13 * day)
	s.Due[1].LastSuccess = noon.Add(-20 * day)
	expect(t, s, "1/9 detail")
}

func TestProbing(t *testing.T) {
	s := plan.Situation{Now: noon.Add(30 * time.Second), Room: rooms(9), Host: offline(t), Next: noon.Add(time.Second), Due: []musette.PartState{
		part(1, 9, musette.PartDetail, musette.ClassRecent), part(1, 8, musette.PartDetail, musette.ClassRecent),
	}}
	d := expect(t, s)
	if probe := noon.Add(time.Minute); d.State != musette.StateOffline || !d.Until.Equal(probe) || !d.Wake.Equal(probe) {
		t.Errorf("%+v, want offline until the probe", d)
	}
	// One probe, and not always of the same: it may be what the host chokes on.
	tried := map[string]bool{}
	for range 4 {
		s.Now = s.Host.NextProbe
		d := plan.Next(s)
		if len(d.Calls) != 1 {
			t.Fatalf("%d calls as a probe", len(d.Calls))
		}
		tried[chosen(d)[0]] = true
		s.Host = s.Host.Failed(d.Calls[0].Key(), "500", s.Now)
	}
	if len(tried) != 2 {
		t.Errorf("probed with %v only", tried)
	}
	s.Now, s.Room = s.Host.NextProbe, rooms(0)
	for c := range s.Room {
		s.Room[c].Free = s.Now.Add(time.Hour)
	}
	if d := expect(t, s); !d.Wake.Equal(s.Now.Add(time.Hour)) {
		t.Errorf("without quota it wakes at %s", d.Wake)
	}
}

// A person's refresh is tried once whatever the state, and then waits for the probes like everything else.
func TestForcedWhileOfflineOrInactive(t *testing.T) {
	for name, c := range map[string]struct {
		host plan.Host
		wait time.Duration // from noon until it may be tried
	}{
		"offline":  {offline(t), 10 * time.Second},
		"inactive": {plan.Host{}.Inactive("403", noon), 15 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			wish := part(1, 0, musette.ListPoll, musette.ClassForced)
			wish.Due = noon.Add(10 * time.Second)
			s := plan.Situation{Now: wish.Due, Room: rooms(9), Host: c.host, Due: []musette.PartState{part(1, 9, musette.PartDetail, musette.ClassLogin), wish}}
			if s.Due[0].Due = noon.Add(-hour); c.wait > 10*time.Second {
				if d := expect(t, s); !d.Wake.Equal(noon.Add(c.wait)) {
					t.Fatalf("wakes at %s, want when it may be tried", d.Wake)
				}
				s.Now = noon.Add(c.wait)
			}
			expect(t, s, "1/0 poll")
			at := s.Now.Add(time.Second)
			if name == "offline" {
				s.Host = s.Host.Failed(wish.Key(), "500", at)
			} else {
				s.Host = s.Host.Inactive("403", at)
			}
			s.Now = at
			if d := expect(t, s); !d.Wake.After(s.Now) {
				t.Errorf("wakes at %s after that", d.Wake)
			}
		})
	}
}

// situations draws any situation, sensible or not.
func situations(t *rapid.T) plan.Situation {
	s := plan.Situation{Now: noon, Blocked: map[int64]bool{}}
	minutes := func(least int, name string) time.Time {
		if n := rapid.IntRange(least, 90).Draw(t, name); n != 0 {
			return noon.Add(time.Duration(n) * time.Minute)
		}
		return time.Time{}
	}
	s.Next = minutes(-5, "next")
	for c := range s.Room {
		s.Room[c].Calls = rapid.IntRange(0, 4).Draw(t, "room")
		if s.Room[c].Calls == 0 {
			s.Room[c] = plan.Room{Free: minutes(-5, "free"), Reset: minutes(-5, "reset")}
		}
	}
	for range rapid.IntRange(0, 12).Draw(t, "candidates") {
		p := part(rapid.Int64Range(0, 4).Draw(t, "athlete"), rapid.Int64Range(0, 9).Draw(t, "activity"),
			rapid.SampledFrom(musette.ActivityParts[1:]).Draw(t, "part"), musette.Class(rapid.IntRange(0, 7).Draw(t, "class")))
		if p.ActivityID == 0 {
			p.Part = rapid.SampledFrom([]musette.Part{musette.PartAthlete, musette.ListWalk, musette.ListPoll, musette.ListSweep}).Draw(t, "list")
		}
		p.Due = noon.Add(-time.Duration(rapid.IntRange(0, 60).Draw(t, "since")) * time.Minute)
		s.Due = append(s.Due, p)
	}
	for _, id := range rapid.SliceOf(rapid.Int64Range(0, 4)).Draw(t, "blocked") {
		s.Blocked[id] = true
	}
	s.Host.Calls = rapid.Int64Range(0, 99).Draw(t, "calls")
	for i := range rapid.IntRange(0, 9).Draw(t, "failures") {
		s.Host = s.Host.Failed(of(int64(i)), "500", minutes(-60, "failed"))
	}
	if rapid.Bool().Draw(t, "inactive") {
		s.Host = s.Host.Inactive("403", minutes(-60, "inactive since"))
	}
	return s
}

func TestNextKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := situations(t)
		due := slices.Clone(s.Due)
		d := plan.Next(s)
		if !slices.Equal(due, s.Due) {
			t.Fatal("it has changed what it was given")
		}
		if len(d.Calls) > plan.MaxInFlight || s.Host.State() != musette.StateOK && len(d.Calls) > 1 {
			t.Fatalf("%d calls", len(d.Calls))
		}
		for i, p := range d.Calls {
			if s.Blocked[p.AthleteID] {
				t.Errorf("a call for blocked athlete %d", p.AthleteID)
			}
			if i >= s.Room[p.Class].Calls {
				t.Errorf("call %d of class %s exceeds its room of %d", i+1, p.Class, s.Room[p.Class].Calls)
			}
			if i > 0 && p.Class < d.Calls[i-1].Class {
				t.Errorf("%s comes after %s", p.Class, d.Calls[i-1].Class)
			}
			if !slices.ContainsFunc(due, func(c musette.PartState) bool { return c.Key() == p.Key() }) {
				t.Errorf("%v isn't due", p.Key())
			}
		}
		switch {
		case len(d.Calls) > 0 && !d.Wake.Equal(s.Now), len(d.Calls) == 0 && !d.Wake.IsZero() && !d.Wake.After(s.Now):
			t.Errorf("%d calls, and it wakes at %s", len(d.Calls), d.Wake)
		case !d.Until.IsZero() && !d.Until.After(s.Now):
			t.Errorf("%s until %s, which is past", d.State, d.Until)
		case s.Host.State() != musette.StateOK && d.State != s.Host.State():
			t.Errorf("the state is %s, the host's %s", d.State, s.Host.State())
		case len(d.Calls) == 0 && d.Wake.IsZero() && s.Next.After(s.Now):
			t.Error("it never wakes, though something will become due")
		}
	})
}

// queue offers candidates as the store does: of one class, the first of whoever was served longest ago, 64 in all.
type queue struct {
	work map[int64][]musette.PartState // by athlete, the newest last
	turn map[int64]int
	last int
}

func newQueue() *queue {
	return &queue{work: map[int64][]musette.PartState{}, turn: map[int64]int{}}
}

func (q *queue) add(p musette.PartState) { q.work[p.AthleteID] = append(q.work[p.AthleteID], p) }

func (q *queue) candidates() (due []musette.PartState) {
	newest := func(id int64) int64 { return q.work[id][len(q.work[id])-1].ActivityID }
	ids := slices.SortedFunc(maps.Keys(q.work), func(a, b int64) int {
		return cmp.Or(cmp.Compare(q.turn[a], q.turn[b]), cmp.Compare(newest(b), newest(a)), cmp.Compare(a, b))
	})
	ids = ids[:min(len(ids), 64)]
	for round := range 4 {
		for _, id := range ids {
			if n := len(q.work[id]) - 1 - round; n >= 0 && len(due) < 64 {
				due = append(due, q.work[id][n])
			}
		}
	}
	return due
}

// served takes what was called for out of the queue.
func (q *queue) served(p musette.PartState) {
	left := slices.DeleteFunc(q.work[p.AthleteID], func(o musette.PartState) bool { return o.Key() == p.Key() })
	if q.work[p.AthleteID] = left; len(left) == 0 {
		delete(q.work, p.AthleteID)
	}
	q.last++
	q.turn[p.AthleteID] = q.last
}

// However uneven the athletes' work: each gets the same share of the calls until theirs are done.
func TestNoAthleteStarves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		athletes := rapid.Int64Range(2, 150).Draw(t, "athletes")
		slots := rapid.IntRange(1, 3).Draw(t, "slots")
		busy := rapid.Bool().Draw(t, "somebody's events all the time")
		q := newQueue()
		for id := range athletes {
			for n := range rapid.Int64Range(5, 30).Draw(t, "activities") { // the lower the id, the newer the activities
				q.add(part(id+1, 100000-100*id+n, musette.PartDetail, musette.ClassBackfill))
			}
		}
		served := map[int64]int{}
		for round := range 4 * int(athletes) / slots {
			s := plan.Situation{Now: noon, Room: rooms(slots), Due: q.candidates()}
			if busy && slots > 1 {
				s.Due = append(s.Due, part(1, int64(round+1), musette.PartDetail, musette.ClassEvent))
			}
			for _, p := range plan.Next(s).Calls {
				if p.Class == musette.ClassBackfill {
					served[p.AthleteID]++
					q.served(p)
				}
			}
		}
		least, most := served[1], served[1]
		for id := range athletes {
			least, most = min(least, served[id+1]), max(most, served[id+1])
		}
		if most > least+1 {
			t.Errorf("of %d athletes somebody got %d calls, somebody else %d", athletes, most, least)
		}
	})
}

// A month of a thousand athletes, most of whom are out in the evening, so that each day there is more for some hours than
// the limits allow: nobody waits twice as long on average as all do. Nor when all begin with unequal numbers at once.
func TestAThousandAthletesWaitAlike(t *testing.T) {
	for name, c := range map[string]struct {
		quarters int
		arrives  func(rng *rand.Rand, quarter int) bool
	}{
		"evenings": {30 * 96, func(rng *rand.Rand, quarter int) bool {
			if evening := quarter%96 >= 68 && quarter%96 < 84; evening {
				return rng.Float64() < 0.025
			}
			return rng.Float64() < 0.0025
		}},
		"at once": {8, func(rng *rand.Rand, quarter int) bool { return quarter == 0 || rng.Float64() < 0.5 }},
	} {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 1))
			q := newQueue()
			came, waits := map[musette.Key]int{}, map[int64][]int{}
			const perQuarter = 8
			for quarter, id := 0, int64(0); quarter < c.quarters || len(q.work) > 0; quarter++ {
				for athlete := int64(1); athlete <= 1000 && quarter < c.quarters; athlete++ {
					if c.arrives(rng, quarter) {
						id++
						p := part(athlete, id, musette.PartDetail, musette.ClassRecent)
						came[p.Key()] = quarter
						q.add(p)
					}
				}
				for left := perQuarter; left > 0 && len(q.work) > 0; {
					for _, p := range plan.Next(plan.Situation{Now: noon, Room: rooms(left), Due: q.candidates()}).Calls {
						left--
						q.served(p)
						waits[p.AthleteID] = append(waits[p.AthleteID], quarter-came[p.Key()])
					}
				}
			}
			all, worst := mean(slices.Concat(slices.Collect(maps.Values(waits))...)), 0.0
			for _, list := range waits {
				worst = max(worst, mean(list))
			}
			if all < 1 || worst > 2*all {
				t.Errorf("the mean wait is %.1f quarters, somebody's %.1f", all, worst)
			}
		})
	}
}

func mean(list []int) float64 {
	sum := 0
	for _, w := range list {
		sum += w
	}
	return float64(sum) / float64(len(list))
}
