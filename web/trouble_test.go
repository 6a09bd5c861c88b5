package web

import (
	"testing"
	"time"
)

func TestTroubleIsSaidOncePerKind(t *testing.T) {
	now := time.Date(2026, 5, 22, 12, 0, 0, 0, time.UTC)
	var tr trouble
	said := map[string]int{}
	show := func(way string) int {
		n, say := tr.shown(way, now)
		if say {
			said[way]++
		}
		return n
	}
	show("size")
	show("event") // another kind, at once
	for range 1000 {
		show("size")
		now = now.Add(time.Second)
	}
	if said["size"] != 1 || said["event"] != 1 {
		t.Fatalf("said %v", said)
	}
	if ended := tr.over(now); len(ended) != 1 || ended["event"] != 1 { // the other was there a second ago
		t.Fatalf("over: %v", ended)
	}
	show("event") // begins anew
	now = now.Add(2 * time.Minute)
	if ended := tr.over(now); ended["size"] != 1001 || ended["event"] != 1 || said["event"] != 2 {
		t.Fatalf("over: %v, said %v", ended, said)
	}
	if ended := tr.over(now); ended != nil {
		t.Fatalf("over again: %v", ended)
	}
	// One that lasts is said again once a day, and a clock that was set back doesn't silence it.
	n := 0
	for range 3 * 24 {
		n = show("size")
		now = now.Add(time.Hour)
	}
	if said["size"] != 1+3 || n != 72 {
		t.Errorf("said %d times, counted %d", said["size"], n)
	}
	now = now.Add(-365 * 24 * time.Hour)
	if show("size"); said["size"] != 5 {
		t.Errorf("said %d times after the clock was set back", said["size"])
	}
}

// Good and bad ones in turn are one spell.
func TestTroubleThatComesAndGoes(t *testing.T) {
	now := time.Date(2026, 5, 22, 12, 0, 0, 0, time.UTC)
	var tr trouble
	lines := 0
	for range 10_000 {
		if _, say := tr.shown("full", now); say {
			lines++
		}
		now = now.Add(time.Second)
		lines += len(tr.over(now))
		now = now.Add(time.Second)
	}
	if lines != 1 {
		t.Errorf("%d lines", lines)
	}
}
