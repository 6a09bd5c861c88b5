package plan_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"musette"
	"musette/plan"
)

func TestDefaultCanBeMet(t *testing.T) {
	if err := plan.Default().Validate(); err != nil {
		t.Error(err)
	}
}

// Whatever can't be met is named, once, with what would be right; what is right beside it isn't.
func TestWhatCannotBeMetIsNamed(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		name string // at fault
		set  func(*plan.Policy)
		says string
	}{
		{"poll", func(p *plan.Policy) { p.Poll = 0 }, "is not above 0"},
		{"poll_webhooks", func(p *plan.Policy) { p.PollWebhooks = -time.Hour }, "is not above 0"},
		{"sweep", func(p *plan.Policy) { p.Sweep = 800 * day }, "is more than a year"},
		{"retention", func(p *plan.Policy) { p.Retention = 47 * time.Hour }, "is shorter than what sweeps can confirm"},
		{"retention", func(p *plan.Policy) { p.Retention = -1 }, "is not above 0"},
		{"retention", func(p *plan.Policy) { p.Retention = 800 * day }, "is more than a year"},
		{"sweep_published", func(p *plan.Policy) { p.SweepPublished = math.MinInt64 }, "is not above 0"},
		{"list_share", func(p *plan.Policy) { p.ListShare = 0 }, "leaves room"},
		{"list_share", func(p *plan.Policy) { p.ListShare = 1.01 }, "leaves room"},
		{"list_share", func(p *plan.Policy) { p.ListShare = -0.1 }, "leaves room"},
		{"list_share", func(p *plan.Policy) { p.ListShare = math.NaN() }, "leaves room"},
		{"retry", func(p *plan.Policy) { p.Retry = nil }, "has no wait"},
		{"retry", func(p *plan.Policy) { p.Retry = []time.Duration{time.Second, -time.Second} }, "is not above 0"},
		{"retry", func(p *plan.Policy) { p.Retry = slices.Repeat([]time.Duration{1}, 21) }, "more than 20"},
		{"essential_backoff", func(p *plan.Policy) { p.EssentialBackoff = 0 }, "is not above 0"},
		{"essential_max", func(p *plan.Policy) { p.EssentialMax = time.Minute }, "shorter than essential_backoff"},
		{"failure_wait", func(p *plan.Policy) { p.FailureWait = -1 }, "is not above 0"},
		{"max_failures", func(p *plan.Policy) { p.MaxFailures = 0 }, "give up after"},
		{"max_failures", func(p *plan.Policy) { p.MaxFailures = 1001 }, "give up after"},
		{"recheck", func(p *plan.Policy) { p.Recheck = []time.Duration{day, time.Hour} }, "don't ascend"},
		{"recheck", func(p *plan.Policy) { p.Recheck = []time.Duration{day, day} }, "don't ascend"},
		{"recheck", func(p *plan.Policy) { p.Recheck = []time.Duration{time.Hour, 22 * day} }, "after recheck_end"},
		{"recheck_fresh", func(p *plan.Policy) { p.RecheckFresh = 0 }, "is not above 0"},
		{"recheck_end", func(p *plan.Policy) { p.RecheckEnd = 0 }, "is not above 0"},
		{"placeholder", func(p *plan.Policy) { p.Placeholder = []time.Duration{0} }, "is not above 0"},
		{"believe", func(p *plan.Policy) { p.Believe = 0 }, "is not above 0"},
		{"not_found_wait", func(p *plan.Policy) { p.NotFoundWait = 0 }, "is not above 0"},
		{"recent", func(p *plan.Policy) { p.Recent = 0 }, "is not above 0"},
		{"tombstone_keep", func(p *plan.Policy) { p.TombstoneKeep = 0 }, "is not above 0"},
		{"history_keep", func(p *plan.Policy) { p.HistoryKeep = -1 }, "is not above 0"},
	} {
		p := plan.Default()
		c.set(&p)
		err := p.Validate()
		invalid, ok := errors.AsType[*musette.InvalidError](err)
		if !ok || invalid.Names[0] != c.name || !strings.Contains(invalid.Problem, c.says) || invalid.Right == "" {
			t.Errorf("%s: %v, not that it %s", c.name, err, c.says)
			continue
		}
		if all, ok := err.(interface{ Unwrap() []error }); !ok || len(all.Unwrap()) != 1 {
			t.Errorf("%s: %v is more than one error", c.name, err)
		}
	}
}

func TestAllThatIsWrongIsSaidAtOnce(t *testing.T) {
	p := plan.Default()
	p.Poll, p.Sweep, p.Retry, p.MaxFailures = 0, -1, nil, -1
	all, ok := p.Validate().(interface{ Unwrap() []error })
	if !ok || len(all.Unwrap()) != 4 {
		t.Errorf("%v", all)
	}
}

// No rechecks and no second look at placeholders are things that one may want.
func TestNoRechecksIsAPolicy(t *testing.T) {
	p := plan.Default()
	p.Recheck, p.Placeholder = nil, nil
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
}

func TestListsOfFewAthletesAreNotStretched(t *testing.T) {
	p := plan.Default()
	one := plan.Mirrored{Athletes: 1, Activities: 2000, ReadDay: 1000}
	check := func(what string, m plan.Mirrored, wantPoll, wantSweep time.Duration) {
		t.Helper()
		if poll, sweep := p.Lists(m); poll != wantPoll || sweep != wantSweep {
			t.Errorf("%s: poll %s, sweep %s, not %s, %s", what, poll, sweep, wantPoll, wantSweep)
		}
	}
	check("alone", one, 6*time.Hour, 7*24*time.Hour)
	check("nobody", plan.Mirrored{ReadDay: 1000}, 6*time.Hour, 7*24*time.Hour)
	one.Webhooks = true
	check("with webhooks", one, 24*time.Hour, 7*24*time.Hour)
	p.Published = true
	check("published", one, 24*time.Hour, 48*time.Hour)
	p.Poll, p.Sweep = 48*time.Hour, 24*time.Hour
	check("set further apart and closer than these", one, 48*time.Hour, 24*time.Hour)
}

// However many athletes there are: polls and sweeps take their share and no more, neither comes oftener than the
// policy says, and both are stretched alike.
func TestListsKeepToTheirShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := plan.Default()
		hours := rapid.IntRange(1, 24*30)
		p.Poll = time.Duration(hours.Draw(t, "poll")) * time.Hour
		p.Sweep = time.Duration(hours.Draw(t, "sweep")) * time.Hour
		p.Published = rapid.Bool().Draw(t, "published")
		p.ListShare = rapid.Float64Range(0.01, 1).Draw(t, "share")
		sizes := rapid.SliceOfN(rapid.IntRange(0, 5000), 0, 50).Draw(t, "activities")
		m := plan.Mirrored{
			Athletes: len(sizes), ReadDay: rapid.IntRange(100, 30000).Draw(t, "limit"), Webhooks: rapid.Bool().Draw(t, "webhooks"),
		}
		pages := 0
		for _, n := range sizes {
			m.Activities += n
			pages += (n+199)/200 + 1
		}
		poll, sweep := p.Lists(m)
		alone, once := p.Lists(plan.Mirrored{ReadDay: m.ReadDay, Webhooks: m.Webhooks})
		if poll < alone || sweep < once {
			t.Fatalf("poll %s, sweep %s come oftener than %s, %s", poll, sweep, alone, once)
		}
		calls := 24/poll.Hours()*float64(m.Athletes) + 24/sweep.Hours()*float64(pages)
		const longest = 366 * 24 * time.Hour
		if allowed := p.ListShare * float64(m.ReadDay); calls > allowed && poll < longest && sweep < longest {
			t.Fatalf("%.2f calls a day for lists, more than %.2f", calls, allowed)
		}
		if x, y := float64(poll)/float64(alone), float64(sweep)/float64(once); poll < longest && sweep < longest && math.Abs(x-y) > 0.01*x {
			t.Fatalf("polls are stretched by %.2f, sweeps by %.2f", x, y)
		}
	})
}

func TestAThousandAthletes(t *testing.T) {
	poll, sweep := plan.Default().Lists(plan.Mirrored{Athletes: 1000, Activities: 0, ReadDay: 2000, Webhooks: true})
	if calls := 1000*24/poll.Hours() + 2000*24/sweep.Hours(); calls > 200 || calls < 199 {
		t.Errorf("%.1f calls a day for lists: polls every %s, sweeps every %s", calls, poll, sweep)
	}
}
