package quota_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"musette"
	"musette/quota"
)

func TestRulesThatCannotBeMetAreNamed(t *testing.T) {
	if err := quota.DefaultRules().Validate(); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		names int
		name  string
		set   func(*quota.Rules)
		says  string
	}{
		{1, "reserve.event", func(r *quota.Rules) { r.Reserve[musette.ClassEvent] = -0.1 }, "is not a share"},
		{1, "reserve.list", func(r *quota.Rules) { r.Reserve[musette.ClassList] = 1.1 }, "is not a share"},
		{1, "reserve.login", func(r *quota.Rules) { r.Reserve[musette.ClassLogin] = math.NaN() }, "is not a share"},
		{8, "reserve.login", func(r *quota.Rules) { r.Reserve[musette.ClassEvent] = 0.95 }, "105% together"},
		{1, "recheck_spare", func(r *quota.Rules) { r.RecheckSpare = 2 }, "is not a share"},
	} {
		r := quota.DefaultRules()
		c.set(&r)
		err := r.Validate()
		invalid, ok := errors.AsType[*musette.InvalidError](err)
		if !ok || len(invalid.Names) != c.names || invalid.Names[0] != c.name || !strings.Contains(invalid.Problem, c.says) {
			t.Errorf("%v, not that %s %s", err, c.name, c.says)
		}
	}
	all := quota.Rules{}
	all.Reserve[musette.ClassBackfill] = 1
	if err := all.Validate(); err != nil {
		t.Errorf("all of a window's start may be kept: %v", err)
	}
}

// At a window's start a class has what the rules leave it, and rechecks leave their part of the day to its end.
func TestRoomGoesByTheRules(t *testing.T) {
	l := quota.New()
	l.Rules = quota.Rules{RecheckSpare: 0.25}
	l.Rules.Reserve[musette.ClassEvent] = 0.4
	l.Rules.Reserve[musette.ClassRecent] = 0.3
	midnight := time.Date(2026, 6, 15, 0, 0, 0, 0, time.UTC)
	for class, want := range map[musette.Class]int{
		musette.ClassLogin: 100, musette.ClassEvent: 100, musette.ClassList: 60, musette.ClassRecent: 60,
		musette.ClassEnrich: 30, musette.ClassBackfill: 30, musette.ClassRecheck: 30,
	} {
		if got := l.Room(midnight, class).Calls; got != want {
			t.Errorf("%s has room for %d calls, not %d", class, got, want)
		}
	}
	l.Day.Read.Used = 749
	evening := midnight.Add(24*time.Hour - 10*time.Second)
	l.Day.Start, l.Quarter.Start = midnight, evening.Truncate(15*time.Minute)
	if got := l.Room(evening, musette.ClassRecheck).Calls; got != 1 {
		t.Errorf("rechecks have room for %d calls beside what they leave alone, not 1", got)
	}
}
