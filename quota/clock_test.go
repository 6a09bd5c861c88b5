package quota_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"musette/quota"
)

var (
	shed = quota.Machine{Name: "shed", ID: "boot 1"}
	loft = quota.Machine{Name: "loft", ID: "boot 2"}
)

// heard is a clock after an answer to a call that took a while, by a machine whose clock is ahead.
func heard(c quota.Clock, at time.Time, ahead, took time.Duration) quota.Clock {
	date := at.Truncate(time.Second)
	return c.Of(shed).Answered(at.Add(ahead-took/2), at.Add(ahead+took/2), date)
}

func TestClockIsWrongFromTwoMinutesToOne(t *testing.T) {
	var c quota.Clock
	for i, step := range []struct {
		ahead time.Duration
		wrong bool
	}{
		{0, false},
		{90 * time.Second, false},
		{-90 * time.Second, false},
		{119 * time.Second, false},
		{122 * time.Second, true},
		{90 * time.Second, true},
		{-70 * time.Second, true},
		{30 * time.Second, false},
		{-90 * time.Second, false},
		{-122 * time.Second, true},
		{time.Second, false},
		{-50 * 365 * 24 * time.Hour, true},
	} {
		at := noon.Add(time.Duration(i) * time.Hour)
		before := c
		c = heard(c, at, step.ahead, 200*time.Millisecond)
		if got := c.Wrong(at.Add(step.ahead+time.Minute), shed); got != step.wrong {
			t.Errorf("%d: %s ahead is wrong: %v", i, step.ahead, got)
		}
		if off := c.Off() - step.ahead; step.wrong && off.Abs() > time.Second {
			t.Errorf("%d: %s ahead is taken for %s", i, step.ahead, c.Off())
		}
		switch {
		case step.wrong && before.Since.IsZero() && !c.Since.Equal(at):
			t.Errorf("%d: wrong since %s, want %s", i, c.Since, at)
		case step.wrong && !before.Since.IsZero() && !c.Since.Equal(before.Since):
			t.Errorf("%d: it began at %s, now at %s", i, before.Since, c.Since)
		}
	}
}

// Whatever an answer's way takes, and wherever on it Strava wrote the date: a clock within the bound is never wrong, and
// one beyond it by what the way leaves open always is.
func TestClockCountsTheWayInItsFavour(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		between := func(name string, least, most time.Duration) time.Duration {
			return time.Duration(rapid.Int64Range(int64(least), int64(most)).Draw(t, name))
		}
		ahead := between("ahead", -4*time.Minute, 4*time.Minute)
		there, back := between("there", 0, 29*time.Second), between("back", 0, 29*time.Second)
		written := noon.Add(between("at", 0, time.Hour))
		c := quota.Clock{}.Of(shed).Answered(written.Add(ahead-there), written.Add(ahead+back), written.Truncate(time.Second))
		wrong := !c.Since.IsZero()
		if wrong && ahead.Abs() <= quota.ClockWrong {
			t.Fatalf("%s ahead counts as wrong", ahead)
		}
		if !wrong && ahead.Abs() > quota.ClockWrong+there+back+time.Second {
			t.Fatalf("%s ahead doesn't count as wrong", ahead)
		}
	})
}

// What says nothing changes nothing: no Date, a clock set or a machine asleep while the call was under way.
func TestClockLearnsNothingFromWhatSaysNothing(t *testing.T) {
	for _, c := range []quota.Clock{heard(quota.Clock{}, noon, time.Hour, 0), heard(quota.Clock{}, noon, 0, 0)} {
		later := noon.Add(time.Hour)
		for name, got := range map[string]quota.Clock{
			"no date":  c.Answered(later, later, time.Time{}),
			"put back": c.Answered(later, later.Add(-10*time.Minute), later),
			"asleep":   c.Answered(later.Add(-8*time.Hour), later, later),
		} {
			if got != c {
				t.Errorf("%s: %+v, want %+v", name, got, c)
			}
		}
	}
}

// What was seen is said as long as it can still be so.
func TestClockIsForgotten(t *testing.T) {
	fast, slow := heard(quota.Clock{}, noon, 2*time.Hour, 0), heard(quota.Clock{}, noon, -2*time.Hour, 0)
	for _, c := range []struct {
		name  string
		clock quota.Clock
		now   time.Time // what the clock of the machine that looks shows
		on    quota.Machine
		want  bool
	}{
		{"a day later", fast, noon.Add(26 * time.Hour), shed, true},
		{"longer ago", fast, noon.Add(28 * time.Hour), shed, false},
		{"put back to what is right", fast, noon.Add(10 * time.Minute), shed, false},
		{"behind, a day later", slow, noon.Add(22 * time.Hour), shed, true},
		{"behind, longer ago", slow, noon.Add(24 * time.Hour), shed, false},
		{"seen from another machine", fast, noon.Add(10 * time.Minute), loft, true},
		{"and a day later", fast, noon.Add(26 * time.Hour), loft, false},
	} {
		if got := c.clock.Wrong(c.now, c.on); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	if c := fast.Of(loft); c.Wrong(noon, loft) || c.Machine != "loft" {
		t.Errorf("of another machine: %+v", c)
	}
	if fast.Of(shed) != fast {
		t.Error("the same machine's is forgotten")
	}
}
