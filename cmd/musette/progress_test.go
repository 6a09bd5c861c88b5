package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 5, 22, 12, 0, 0, 0, time.UTC)

// clock is a time that only the test moves.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func mirroring(done int) tally {
	return tally{Verb: "mirroring", Done: done, Total: 450, What: "details"}
}

func TestProgressOnATerminalIsOneLine(t *testing.T) {
	var w bytes.Buffer
	c := &clock{noon}
	columns := 120
	p := &progress{w: &w, width: func() int { return columns }, now: c.now}
	full := mirroring(312)
	full.CallsLeft, full.Until, full.ETA = 61, noon.Add(135*time.Minute).Local(), noon.Add(2*time.Minute)
	p.show(full)
	const want = "\r\x1b[2Kmirroring  312/450 details  · 61 calls left until 14:15 · all here in about 2 min"
	if zone, _ := full.Until.Zone(); zone == "UTC" && w.String() != want {
		t.Errorf("got  %q\nwant %q", w.String(), want)
	}

	// Redrawing is cheap to ask for: at most ten times a second.
	w.Reset()
	for i := range 1000 {
		c.t = c.t.Add(time.Millisecond)
		p.show(mirroring(i))
	}
	if n := strings.Count(w.String(), "\r"); n != 10 {
		t.Errorf("drawn %d times in a second", n)
	}
	if strings.Contains(w.String(), "\n") {
		t.Error("the line was left")
	}

	// A narrow terminal must not wrap: the next redraw would leave the first half behind.
	w.Reset()
	columns = 20
	c.t = c.t.Add(time.Second)
	p.show(full)
	if got := strings.TrimPrefix(w.String(), "\r\x1b[2K"); len([]rune(got)) > 19 {
		t.Errorf("%d characters in 20 columns: %q", len([]rune(got)), got)
	}
	w.Reset()
	p.finish(mirroring(450))
	if !strings.HasSuffix(w.String(), "\n") {
		t.Errorf("the line was not left at the end: %q", w.String())
	}
	w.Reset()
	p.abandon()
	if w.Len() > 0 {
		t.Errorf("nothing is there to take away, but: %q", w.String())
	}
}

func TestProgressWithoutATerminalLogsNowAndThen(t *testing.T) {
	var w bytes.Buffer
	c := &clock{noon}
	p := &progress{w: &w, log: slog.New(slog.NewTextHandler(&w, nil)), now: c.now}
	for i := range 450 {
		c.t = c.t.Add(10 * time.Millisecond)
		p.show(mirroring(i + 1))
	}
	p.finish(mirroring(450))
	if n := strings.Count(w.String(), "\n"); n < 9 || n > 11 {
		t.Errorf("%d lines for 450 items in 4.5 s:\n%s", n, w.String())
	}
	if !strings.Contains(w.String(), "done=450 total=450") {
		t.Errorf("the end is missing:\n%s", w.String())
	}
	w.Reset()
	for range 60 { // slow, but alive: every ten seconds
		c.t = c.t.Add(time.Second)
		p.show(mirroring(450))
	}
	if n := strings.Count(w.String(), "\n"); n != 6 {
		t.Errorf("%d lines in a minute without news", n)
	}
	if strings.ContainsAny(w.String(), "\r\x1b") {
		t.Error("control characters without a terminal")
	}
}

func TestAboutSaysDurationsAsPeopleDo(t *testing.T) {
	for d, want := range map[time.Duration]string{
		2 * time.Second:                "a few seconds",
		34 * time.Second:               "about 30 s",
		58 * time.Second:               "about 1 min",
		2*time.Minute + 20*time.Second: "about 2 min",
		57 * time.Minute:               "about 1 h",
		5 * time.Hour:                  "about 5 h",
		50 * time.Hour:                 "about 2 days",
	} {
		if got := about(d); got != want {
			t.Errorf("%v is %q, not %q", d, got, want)
		}
	}
}
