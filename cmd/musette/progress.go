package main

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// progress tells a person how far a long piece of work is: on a terminal one line that is drawn anew, elsewhere a
// line of the log now and then. It is used by one goroutine.
type progress struct {
	w     io.Writer
	width func() int // of the terminal; nil where there is none
	log   *slog.Logger
	now   func() time.Time
	color bool

	drawnAt time.Time
	last    tally // as last shown
	dirty   bool  // the terminal's line has something on it
}

// tally is how far the work is.
type tally struct {
	Verb        string // mirroring
	Done, Total int    // Total 0: not known yet
	What        string // details
	CallsLeft   int
	Until       time.Time // when the calls are full again; zero leaves them out
	ETA         time.Time // when all is here; zero if it can't be said
	Waits       string    // what it waits for, in place of all else; "" for nothing
}

const (
	redrawEvery   = 100 * time.Millisecond
	logEvery      = 10 * time.Second
	logEveryItems = 50
)

// newProgress draws on w if it is a terminal.
func newProgress(w io.Writer, log *slog.Logger, now func() time.Time) *progress {
	p := &progress{w: w, log: log, now: now}
	if f, ok := terminal(w); ok {
		p.color = colourful(w)
		p.width = func() int {
			columns, _, err := term.GetSize(int(f.Fd()))
			if err != nil || columns <= 0 {
				return 80
			}
			return columns
		}
	}
	return p
}

// terminal returns the file behind w if it is one that a line can be drawn on anew.
func terminal(w io.Writer) (*os.File, bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" {
		return nil, false
	}
	return f, true
}

// colourful reports whether colours may be written: only to a terminal, and not against NO_COLOR.
func colourful(w io.Writer) bool {
	_, ok := terminal(w)
	return ok && os.Getenv("NO_COLOR") == ""
}

// show says how far the work is. It may be called as often as one likes.
func (p *progress) show(t tally) {
	now := p.now()
	waited := now.Sub(p.drawnAt)
	another := t.Verb != p.last.Verb || t.What != p.last.What || t.Waits != "" && t.Waits != p.last.Waits
	if p.width == nil {
		if another || waited >= logEvery || t.Done-p.last.Done >= logEveryItems {
			p.log.Info(cmp.Or(t.Waits, t.Verb), t.attrs(now)...)
			p.drawnAt, p.last = now, t
		}
		return
	}
	if another || waited >= redrawEvery {
		p.draw(t, now)
	}
}

// finish shows the last state and leaves the line for good.
func (p *progress) finish(t tally) {
	now := p.now()
	if p.width == nil {
		if t != p.last {
			p.log.Info(t.Verb, t.attrs(now)...)
		}
		return
	}
	p.draw(t, now)
	p.clear("\n")
}

// abandon takes the line away, so that something else can be written.
func (p *progress) abandon() { p.clear("\r\x1b[2K") }

func (p *progress) clear(with string) {
	if p.dirty {
		fmt.Fprint(p.w, with)
		p.dirty = false
	}
}

func (p *progress) draw(t tally, now time.Time) {
	head, tail := t.words(now)
	room := p.width() - 1 // the last column would wrap on some terminals
	head = cut(head, room)
	tail = cut(tail, room-utf8.RuneCountInString(head))
	if p.color && tail != "" {
		tail = "\x1b[2m" + tail + "\x1b[0m"
	}
	fmt.Fprint(p.w, "\r\x1b[2K"+head+tail)
	p.drawnAt, p.last, p.dirty = now, t, true
}

// words are the line: `mirroring  312/450 details` and `  · 61 calls left until 14:15 · all here in about 2 min`.
func (t tally) words(now time.Time) (head, tail string) {
	if t.Waits != "" {
		return t.Waits, ""
	}
	head = fmt.Sprintf("%s  %d %s", t.Verb, t.Done, t.What)
	if t.Total > 0 {
		head = fmt.Sprintf("%s  %d/%d %s", t.Verb, t.Done, t.Total, t.What)
	}
	var asides []string
	if !t.Until.IsZero() {
		asides = append(asides, fmt.Sprintf("%d %s left until %s", t.CallsLeft, plural(t.CallsLeft, "call"), t.Until.Local().Format("15:04")))
	}
	if left := t.ETA.Sub(now); !t.ETA.IsZero() && left > 0 {
		asides = append(asides, "all here in "+about(left))
	}
	if len(asides) > 0 {
		tail = "  · " + strings.Join(asides, " · ")
	}
	return head, tail
}

func (t tally) attrs(now time.Time) []any {
	if t.Waits != "" {
		return nil
	}
	attrs := []any{"what", t.What, "done", t.Done}
	if t.Total > 0 {
		attrs = append(attrs, "total", t.Total)
	}
	if !t.Until.IsZero() {
		attrs = append(attrs, "calls_left", t.CallsLeft, "until", t.Until.UTC())
	}
	if left := t.ETA.Sub(now); !t.ETA.IsZero() && left > 0 {
		attrs = append(attrs, "eta", t.ETA.UTC())
	}
	return attrs
}

// about says a duration as people do: about 20 s, about 2 min, about 3 h, about 2 days.
func about(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return "a few seconds"
	case d < 55*time.Second:
		return fmt.Sprintf("about %d s", int(d.Round(10*time.Second).Seconds()))
	case d < 55*time.Minute:
		return fmt.Sprintf("about %d min", max(1, int(d.Round(time.Minute).Minutes())))
	case d < 36*time.Hour:
		return fmt.Sprintf("about %d h", max(1, int(d.Round(time.Hour).Hours())))
	}
	return fmt.Sprintf("about %d days", int((d+12*time.Hour)/(24*time.Hour)))
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// cut shortens to so many characters.
func cut(s string, most int) string {
	if most <= 0 {
		return ""
	}
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}
