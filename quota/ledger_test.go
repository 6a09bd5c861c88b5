package quota_test

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"musette"
	"musette/quota"
)

// noon is in the middle of everything: a quarter begins, and the day is half over.
var noon = time.Date(2026, 5, 22, 12, 0, 0, 0, time.UTC)

func room(t *testing.T, l quota.Ledger, at time.Time, c musette.Class, want int) {
	t.Helper()
	if got := l.Room(at, c).Calls; got != want {
		t.Errorf("at %s %s has room for %d calls, want %d", at.Format(time.TimeOnly), c, got, want)
	}
}

// spend makes n calls of a class that must have room, and settles them with what answer says.
func spend(t *testing.T, l quota.Ledger, at time.Time, c musette.Class, n int, answer func() quota.News) quota.Ledger {
	t.Helper()
	for i := range n {
		after, ticket, ok := l.Reserve(at, c)
		if !ok {
			t.Fatalf("call %d of %d has no room: %+v", i+1, n, l.Room(at, c))
		}
		l = after.Settle(ticket, at, answer())
	}
	return l
}

func silent() quota.News { return quota.News{} }

func TestReservesMeltAwayWithTheWindow(t *testing.T) {
	l := quota.New()
	for _, c := range []struct {
		at    time.Duration
		class musette.Class
		want  int
	}{
		{0, musette.ClassLogin, 100},
		{0, musette.ClassForced, 99},
		{0, musette.ClassEvent, 97},
		{0, musette.ClassList, 87},
		{0, musette.ClassRecent, 84},
		{0, musette.ClassEnrich, 80},
		{0, musette.ClassBackfill, 80},
		{450 * time.Second, musette.ClassBackfill, 90},
		{810 * time.Second, musette.ClassBackfill, 98},
		{898 * time.Second, musette.ClassBackfill, 100},
	} {
		room(t, l, noon.Add(c.at), c.class, c.want)
	}
}

func TestAQuartersLastCallIsForEverybody(t *testing.T) {
	at := noon
	l := spend(t, quota.New(), at, musette.ClassLogin, 80, silent)
	for used := 80; used < 100; used++ {
		r := l.Room(at, musette.ClassBackfill)
		if r.Calls == 0 {
			if r.Free.Before(at) || r.Free.After(noon.Add(quarter)) {
				t.Fatalf("%d are used at %s, and the next is free at %s", used, at, r.Free)
			}
			if want := noon.Add(quarter); !r.Reset.Equal(want) {
				t.Fatalf("held up until %s, want %s", r.Reset, want)
			}
			room(t, l, r.Free.Add(-2*time.Millisecond), musette.ClassBackfill, 0)
			at = r.Free
		}
		l = spend(t, l, at, musette.ClassBackfill, 1, silent)
	}
	room(t, l, at, musette.ClassLogin, 0)
	room(t, l, noon.Add(quarter+4*time.Second), musette.ClassLogin, 100)
}

// Rechecks leave a fifth of a day alone even at its very end; what is left over is for the others.
func TestRechecksLeaveAFifthOfTheDay(t *testing.T) {
	at, recheck, backfill := noon, 0, 0
	l := quota.New()
	for at.Before(noon.Add(12 * time.Hour)) {
		r := l.Room(at, musette.ClassRecheck)
		if r.Calls == 0 {
			at = r.Free
			continue
		}
		l = spend(t, l, at, musette.ClassRecheck, 1, silent)
		recheck++
	}
	if recheck != 800 {
		t.Errorf("%d rechecks were made in a day of 1000 calls, want 800", recheck)
	}
	at = noon.Add(12*time.Hour - quarter)
	l = spend(t, quota.New(), noon, musette.ClassLogin, 50, func() quota.News {
		return quota.News{ReadUsage: &quota.Pair{Quarter: 1, Day: 930}}
	})
	for at.Before(noon.Add(12 * time.Hour)) {
		r := l.Room(at, musette.ClassBackfill)
		if r.Calls == 0 {
			at = r.Free
			continue
		}
		l = spend(t, l, at, musette.ClassBackfill, 1, silent)
		backfill++
	}
	if backfill != 21 { // the 930 were told before 29 of the 50 were made
		t.Logf("%+v", l)
		t.Errorf("%d calls were left at the end of the day, want 21", backfill)
	}
}

func TestACallOverAnEdgeCountsOnBothSides(t *testing.T) {
	before := noon.Add(quarter - 1500*time.Millisecond)
	l, ticket, ok := quota.New().Reserve(before, musette.ClassList)
	if !ok {
		t.Fatal("no room in a new ledger")
	}
	after := noon.Add(quarter + time.Second)
	if got := l.Quota(after).Read.Quarter.Used; got != 1 {
		t.Errorf("%d are used in the next quarter, want 1", got)
	}
	// Its answer may tell of the old quarter though it came in the new one.
	told := quota.News{Date: after.Truncate(time.Second), ReadUsage: &quota.Pair{Quarter: 97, Day: 500}}
	q := l.Settle(ticket, after, told).Quota(after)
	if q.Read.Quarter.Used != 1 || q.Read.Day.Used != 500 {
		t.Errorf("used %d and %d, want 1 of the quarter and 500 of the day", q.Read.Quarter.Used, q.Read.Day.Used)
	}
	// One that died with its process is forgotten, and weighs on one edge only.
	if got := l.Quota(after.Add(quarter)).Read.Quarter.Used; got != 0 {
		t.Errorf("%d are used two quarters later, want 0", got)
	}
}

func TestNearAnEdgeOfAFullQuarterNobodyCalls(t *testing.T) {
	end := noon.Add(quarter)
	told := func() quota.News {
		return quota.News{Date: noon.Add(time.Minute), ReadUsage: &quota.Pair{Quarter: 92, Day: 92}}
	}
	l := spend(t, quota.New(), noon.Add(time.Minute), musette.ClassLogin, 1, told)
	room(t, l, end.Add(-1100*time.Millisecond), musette.ClassLogin, 8)
	for _, d := range []time.Duration{-900 * time.Millisecond, -1, 0, 2 * time.Second} {
		r := l.Room(end.Add(d), musette.ClassLogin)
		if r.Calls != 0 || r.Free.Before(end.Add(3*time.Second)) || r.Free.After(end.Add(4*time.Second)) {
			t.Errorf("%s from the edge: %+v, want none until 3 s after it", d, r)
		}
	}
	room(t, l, end.Add(3*time.Second), musette.ClassLogin, 100)
	room(t, quota.New().At(noon), end.Add(-time.Millisecond), musette.ClassLogin, 100) // an idle quarter's edge is nothing
}

func TestRefusals(t *testing.T) {
	at := noon.Add(5 * time.Minute)
	midnight := noon.Add(12 * time.Hour)
	for name, c := range map[string]struct {
		news quota.News
		want time.Time
	}{
		"without a word":          {quota.News{}, noon.Add(quarter)},
		"with a Date only":        {quota.News{Date: at}, noon.Add(quarter)},
		"the quarter is full":     {quota.News{Date: at, ReadUsage: &quota.Pair{Quarter: 101, Day: 300}}, noon.Add(quarter)},
		"the overall quarter":     {quota.News{Date: at, OverallUsage: &quota.Pair{Quarter: 201, Day: 300}}, noon.Add(quarter)},
		"the day is full":         {quota.News{Date: at, ReadUsage: &quota.Pair{Quarter: 10, Day: 1001}}, midnight},
		"the overall day is full": {quota.News{Date: at, OverallUsage: &quota.Pair{Quarter: 10, Day: 2001}}, midnight},
		"both are full":           {quota.News{Date: at, ReadUsage: &quota.Pair{Quarter: 120, Day: 1001}}, midnight},
		"Retry-After":             {quota.News{Date: at, RetryAfter: time.Minute}, at.Add(time.Minute)},
		"Retry-After of a year":   {quota.News{Date: at, RetryAfter: 400 * day}, at.Add(day)},
	} {
		t.Run(name, func(t *testing.T) {
			c.news.Refused = true
			l, ticket, _ := quota.New().Reserve(at, musette.ClassLogin)
			l = l.Settle(ticket, at, c.news)
			r := l.Room(at, musette.ClassLogin)
			if r.Calls != 0 || r.Free.Before(c.want) || r.Free.After(c.want.Add(4*time.Second)) || !r.Reset.Equal(c.want) {
				t.Errorf("%+v, want quiet until %s", r, c.want)
			}
			room(t, l, c.want.Add(-time.Second), musette.ClassLogin, 0)
			if got := l.Room(r.Free, musette.ClassLogin).Calls; got == 0 {
				t.Errorf("still quiet at %s", r.Free)
			}
		})
	}
}

// A refusal of a call that was under way over an edge speaks of the quarter before, perhaps: the new one isn't lost.
func TestARefusalOverAnEdgeCostsSeconds(t *testing.T) {
	l, ticket, _ := quota.New().Reserve(noon.Add(-time.Second), musette.ClassList)
	at := noon.Add(time.Second)
	r := l.Settle(ticket, at, quota.News{Date: at, Refused: true}).Room(at, musette.ClassList)
	if r.Calls != 0 || r.Free.After(noon.Add(10*time.Second)) {
		t.Errorf("%+v, want a few seconds of quiet", r)
	}
}

func TestHeadersThatTellNothing(t *testing.T) {
	told := func(n quota.News) musette.Quota {
		l, ticket, _ := quota.New().Reserve(noon.Add(time.Minute), musette.ClassList)
		return l.Settle(ticket, noon.Add(time.Minute), n).Quota(noon.Add(time.Minute))
	}
	want := told(quota.News{})
	for name, n := range map[string]quota.News{
		"limits of 0":          {ReadLimit: &quota.Pair{}, OverallLimit: &quota.Pair{Quarter: 200}},
		"negative limits":      {ReadLimit: &quota.Pair{Quarter: -1, Day: -1}},
		"none used":            {ReadUsage: &quota.Pair{}, OverallUsage: &quota.Pair{}},
		"negative usage":       {ReadUsage: &quota.Pair{Quarter: -5, Day: -5}},
		"overtaken by a later": {ReadUsage: &quota.Pair{Quarter: 1, Day: 1}},
	} {
		got := told(n)
		if got.Read.Quarter.Used != want.Read.Quarter.Used || got.Read.Quarter.Limit != want.Read.Quarter.Limit ||
			got.Read.Day.Limit != want.Read.Day.Limit || got.Overall != want.Overall {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

func TestACallThatNeverLeftIsGivenBack(t *testing.T) {
	l := quota.New().At(noon)
	reserved, ticket, _ := l.Reserve(noon, musette.ClassList)
	back := reserved.Settle(ticket, noon, quota.News{Unsent: true})
	if diff := cmp.Diff(l.Quota(noon), back.Quota(noon)); diff != "" {
		t.Error(diff)
	}
	twice := back.Settle(ticket, noon, quota.News{Unsent: true})
	if got := twice.Quota(noon).Read.Quarter.Used; got != 0 {
		t.Errorf("%d are used after giving back twice, want 0", got)
	}
}

// A slow answer carries an old Date; it must not be taken for a clock that is behind.
func TestASlowAnswerDoesNotMoveTheClock(t *testing.T) {
	at := noon.Add(quarter - 30*time.Second)
	l, ticket, _ := quota.New().Reserve(at, musette.ClassList)
	came := noon.Add(quarter + 20*time.Second)
	l = l.Settle(ticket, came, quota.News{Date: at.Add(time.Second)})
	if got, want := l.Quota(came).Read.Quarter.Resets, noon.Add(2*quarter); !got.Equal(want) {
		t.Errorf("the quarter resets at %s, want %s", got, want)
	}
}

// A clock that drifts goes evenly; one that is set doesn't, from when the next answer shows it.
func TestASetClockIsNoticed(t *testing.T) {
	l, at := quota.New(), noon
	answer := func(off time.Duration) {
		at = at.Add(20 * time.Minute)
		l = spend(t, l, at.Add(off), musette.ClassList, 1, func() quota.News { return quota.News{Date: at} })
	}
	for i := range 10 {
		answer(time.Duration(i) * 10 * time.Second)
	}
	if even := l.Even(); !even.IsZero() {
		t.Errorf("a clock that drifts was set at %s", even)
	}
	answer(2 * time.Hour)
	answer(2 * time.Hour)
	if got, want := l.Even(), at.Add(-20*time.Minute+2*time.Hour); got.Sub(want).Abs() > 2*time.Second {
		t.Errorf("even since %s, want %s", got, want)
	}
	answer(0)
	if got := l.Even(); got.Sub(at).Abs() > 2*time.Second {
		t.Errorf("set back at %s: even since %s", at, got)
	}
}

func TestLedgerKeepsItselfInJSON(t *testing.T) {
	l := spend(t, quota.New(), noon, musette.ClassList, 3, func() quota.News {
		return quota.News{Date: noon.Add(time.Hour), ReadLimit: &quota.Pair{Quarter: 300, Day: 3000}}
	})
	refused, ticket, _ := l.Reserve(noon, musette.ClassList)
	refused = refused.Settle(ticket, noon, quota.News{Refused: true})
	open, _, _ := l.Reserve(noon, musette.ClassList)
	for name, want := range map[string]quota.Ledger{"new": quota.New(), "used": l, "refused": refused, "in flight": open} {
		body, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got quota.Ledger
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s\n%s", name, diff, body)
		}
	}
}

func TestFinish(t *testing.T) {
	full := spend(t, quota.New(), noon, musette.ClassLogin, 100, silent)
	for _, c := range []struct {
		name string
		l    quota.Ledger
		n    int
		want time.Duration // from noon
	}{
		{"nothing", quota.New(), 0, 0},
		{"at once", quota.New(), 100, 100 * time.Second},
		{"one more waits for the next quarter", quota.New(), 101, quarter + time.Second},
		{"a full quarter", full, 5, quarter + 5*time.Second},
		{"the whole day", quota.New(), 1000, 9*quarter + 100*time.Second},
		{"tomorrow", quota.New(), 1001, 12*time.Hour + time.Second},
		{"in three days", quota.New(), 3500, 60*time.Hour + 4*quarter + 100*time.Second},
	} {
		if got := c.l.Finish(noon, c.n, time.Second).Sub(noon); got != c.want {
			t.Errorf("%s: done in %s, want %s", c.name, got, c.want)
		}
	}
	if got := quota.New().Finish(noon, 100, 20*time.Second).Sub(noon); got != 2*quarter+200*time.Second {
		t.Errorf("100 slow calls are done in %s", got)
	}
}

// The call that teaches that our clock is an hour off counts in the windows which that moves to.
func TestTheCallThatTeachesTheClockCounts(t *testing.T) {
	for _, off := range []time.Duration{time.Hour, -time.Hour, 26 * time.Hour} {
		now := time.Date(2026, 6, 15, 12, 7, 0, 0, time.UTC)
		l, ticket, ok := quota.New().Reserve(now, musette.ClassList)
		if !ok {
			t.Fatal("no room")
		}
		l = l.Settle(ticket, now, quota.News{Date: now.Add(off)})
		if q := l.Quota(now); q.Read.Quarter.Used != 1 || q.Read.Day.Used != 1 {
			t.Errorf("clock off by %v: used %d and %d, want 1 and 1", off, q.Read.Quarter.Used, q.Read.Day.Used)
		}
	}
}
