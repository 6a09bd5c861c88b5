package snapshot

import (
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestRotationOverMonths(t *testing.T) {
	day := func(n int) time.Time { return noon.AddDate(0, 0, -n) }
	for _, c := range []struct {
		name  string
		keep  Rotation
		every time.Duration
		days  int
		want  []time.Time // newest first
	}{
		{"a day", defaultRotation, 6 * time.Hour, 1, []time.Time{
			noon, noon.Add(-6 * time.Hour), noon.Add(-12 * time.Hour), noon.Add(-18 * time.Hour),
		}},
		{"four months of every six hours", defaultRotation, 6 * time.Hour, 120, []time.Time{
			noon, noon.Add(-6 * time.Hour), noon.Add(-12 * time.Hour), noon.Add(-18 * time.Hour), // last; the last of these is yesterday's newest
			day(2).Add(6 * time.Hour), day(3).Add(6 * time.Hour), day(4).Add(6 * time.Hour), // noon is a Friday
			day(5).Add(6 * time.Hour), day(6).Add(6 * time.Hour),
			day(12).Add(6 * time.Hour), day(19).Add(6 * time.Hour), // Sundays
		}},
		{"once a month", Rotation{Last: 1, Daily: 2, Weekly: 3}, 30 * 24 * time.Hour, 200, []time.Time{noon, day(30), day(60)}},
		{"the last alone", Rotation{Last: 1}, time.Hour, 3, []time.Time{noon}},
		{"nothing asked for still leaves one", Rotation{Daily: 0, Weekly: 0, Last: -1}, time.Hour, 3, []time.Time{noon}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stay []time.Time // newest first
			n := int(time.Duration(c.days) * 24 * time.Hour / c.every)
			for i := n; i >= 0; i-- {
				stay = slices.Insert(stay, 0, noon.Add(-time.Duration(i)*c.every))
				kept := c.keep.choose(stay)
				var left []time.Time
				for j, at := range stay {
					if kept[j] {
						left = append(left, at)
					}
				}
				stay = left
			}
			if !slices.EqualFunc(stay, c.want, time.Time.Equal) {
				t.Errorf("left:\n%v\nwant:\n%v", stay, c.want)
			}
		})
	}
}

func TestRotationKeepsTheNewest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Rotation{rapid.IntRange(-1, 5).Draw(t, "last"), rapid.IntRange(0, 9).Draw(t, "daily"), rapid.IntRange(0, 6).Draw(t, "weekly")}
		var times []time.Time
		for _, hours := range rapid.SliceOfN(rapid.IntRange(0, 24*200), 1, 60).Draw(t, "hours") {
			times = append(times, noon.Add(-time.Duration(hours)*time.Hour))
		}
		slices.SortFunc(times, func(a, b time.Time) int { return b.Compare(a) })
		kept := r.choose(times)
		n := 0
		for _, k := range kept {
			if k {
				n++
			}
		}
		if !kept[0] || n < min(len(times), max(1, r.Last)) || n > max(1, r.Last)+r.Daily+r.Weekly {
			t.Fatalf("%d of %d kept by %+v, the newest: %v", n, len(times), r, kept[0])
		}
	})
}

func TestWriteRotates(t *testing.T) {
	st := openMemory(t)
	fill(t, st, 1, 1, 10)
	dir := t.TempDir()
	keep := Rotation{Last: 2, Daily: 2, Weekly: 2}
	for i := range 60 {
		info := write(t, st, Config{Dir: dir, Now: at(noon.Add(time.Duration(i) * 12 * time.Hour)), Keep: keep})
		if n := len(files(t, dir)); n > 6 {
			t.Fatalf("%d files after %d writes", n, i+1)
		}
		if newest, err := Newest(t.Context(), dir); err != nil || newest.Path != info.Path {
			t.Fatalf("the newest is %q, %v", newest.Path, err)
		}
	}
}

// What has just been proven stays, though the others are from the future, or
// can't be used; and what can't be used pushes nothing out.
func TestRotationNeverRemovesTheGoodOne(t *testing.T) {
	st := openMemory(t)
	fill(t, st, 1, 1, 10)
	dir := t.TempDir()
	var last Info
	for i := range 5 {
		last = write(t, st, Config{Dir: dir, Now: at(noon.AddDate(1, 0, i)), Keep: Rotation{Last: 9}})
	}
	for _, name := range files(t, dir)[2:] {
		if err := os.Truncate(dir+"/"+name, 50); err != nil {
			t.Fatal(err)
		}
	}
	info := write(t, st, Config{Dir: dir, Now: at(noon), Keep: Rotation{Last: 1}})
	got, err := Newest(t.Context(), dir)
	if err != nil || got.Path == last.Path {
		t.Fatalf("newest %q, %v", got.Path, err)
	}
	if _, err := Verify(t.Context(), info.Path); err != nil {
		t.Error(err)
	}
	if n := len(files(t, dir)); n != 5 {
		t.Errorf("%d files, want the new one, the newest good one and three cut ones", n)
	}
}

// With a greatest age older files go, whatever the rotation says, but never the newest.
func TestMaxAge(t *testing.T) {
	t.Parallel()
	st, dir := openSQLite(t), t.TempDir()
	fill(t, st, 1, 1, 10)
	for _, days := range []int{0, 2, 3, 9} {
		write(t, st, Config{Dir: dir, Now: at(noon.AddDate(0, 0, days)), MaxAge: 48 * time.Hour})
		var ages []float64
		for _, info := range mustList(t, dir) {
			age := noon.AddDate(0, 0, days).Sub(info.At)
			if ages = append(ages, age.Hours()); age > 48*time.Hour {
				t.Errorf("day %d: a file of %v ago is left", days, age)
			}
		}
		if len(ages) == 0 || ages[0] != 0 {
			t.Errorf("day %d: files of %v hours ago", days, ages)
		}
	}
}
