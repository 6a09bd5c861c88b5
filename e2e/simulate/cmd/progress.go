package main

import (
	"fmt"
	"io"
	"time"
)

// progress says from time to time how far something is, and how long it will still take.
type progress struct {
	w     io.Writer
	what  string
	began time.Time
	told  time.Time
}

// every is how often.
const every = 5 * time.Second

func newProgress(w io.Writer, format string, args ...any) *progress {
	now := time.Now()
	return &progress{w: w, what: fmt.Sprintf(format, args...), began: now, told: now}
}

// enough is the share that has to be done before it can be told how long the rest takes.
const enough = 0.03

// at takes in which share is done.
func (p *progress) at(share float64, note string) {
	now := time.Now()
	if now.Sub(p.told) < every {
		return
	}
	p.told = now
	left := ""
	if share >= enough {
		rest := time.Duration(float64(now.Sub(p.began)) * max(0, 1-share) / share)
		left = fmt.Sprintf(", about %s left", rest.Round(time.Second))
	}
	fmt.Fprintf(p.w, "%s: %.0f%%%s%s\n", p.what, 100*share, note, left)
}
