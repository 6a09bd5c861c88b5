package plan_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"musette"
	"musette/plan"
)

// Whatever the athletes and the limits: with a retention there are two sweeps in its time where there is room for them,
// and never less than one and a third.
func TestSweepsKeepUpWithTheRetention(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := plan.Default()
		p.Retention = time.Duration(rapid.IntRange(48, 24*60).Draw(t, "hours")) * time.Hour
		if err := p.Validate(); err != nil {
			t.Fatal(err)
		}
		m := plan.Mirrored{
			Athletes: rapid.IntRange(1, 2000).Draw(t, "athletes"), Activities: rapid.IntRange(0, 1_000_000).Draw(t, "activities"),
			ReadDay: rapid.IntRange(100, 30000).Draw(t, "limit"),
		}
		if _, sweep := p.Lists(m); sweep > p.Retention*3/4 || sweep > 7*24*time.Hour && m.Athletes == 1 && m.Activities < 1000 {
			t.Fatalf("a sweep every %s for a retention of %s", sweep, p.Retention)
		}
		m = plan.Mirrored{Athletes: 1, Activities: 500, ReadDay: 1000}
		if _, sweep := p.Lists(m); sweep > p.Retention/2 || sweep > p.Sweep {
			t.Fatalf("alone, a sweep every %s for a retention of %s", sweep, p.Retention)
		}
	})
	p := plan.Default()
	if p.SweepClass() != musette.ClassRecheck {
		t.Error("without a retention a sweep can wait")
	}
	if p.Retention = 7 * 24 * time.Hour; p.SweepClass() != musette.ClassList {
		t.Error("with one it can't")
	}
}

// A document lapses by its source and its last confirmation alone.
func TestLapsed(t *testing.T) {
	p := plan.Default()
	if p.Lapsed(musette.SourceAPI, noon.Add(-1000*day), noon) || !p.LapseBefore(noon).IsZero() {
		t.Error("without a retention something lapses")
	}
	p.Retention = 7 * day
	for _, c := range []struct {
		source musette.Source
		ago    time.Duration
		want   bool
	}{
		{musette.SourceAPI, 7 * day, false},
		{musette.SourceAPI, 7*day + time.Second, true},
		{musette.SourceAPI, -day, false},
		{musette.SourceArchive, 1000 * day, false},
		{musette.SourceFile, 1000 * day, false},
		{musette.SourceCache, 1000 * day, false},
	} {
		if got := p.Lapsed(c.source, noon.Add(-c.ago), noon); got != c.want {
			t.Errorf("%s confirmed %s ago lapses: %v", c.source, c.ago, got)
		}
	}
}

// A summary confirms what it says the same of as when it was fetched.
func TestConfirms(t *testing.T) {
	b, err := musette.ParseBasics([]byte(`{"id":1,"name":"Loop","sport_type":"Run","start_date":"2026-06-01T08:00:00Z","total_photo_count":2,"comment_count":3}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		part musette.Part
		mark int64
		want bool
	}{
		{musette.PartDetail, b.Fingerprint(), true},
		{musette.PartDetail, b.Fingerprint() + 1, false},
		{musette.PartPhotos, 2, true},
		{musette.PartPhotos, 3, false},
		{musette.PartComments, 3, true},
		{musette.PartComments, 0, false},
		{musette.PartStreams, 1, true},
		{musette.PartAthlete, 1, false},
	} {
		if got := plan.Confirms(&b, c.part, c.mark); got != c.want {
			t.Errorf("%s with mark %d is confirmed: %v", c.part, c.mark, got)
		}
	}
}
