package simulate

import (
	"fmt"
	"time"

	"musette"
)

// claim says that something has changed on Strava, which readers are to see sooner or later.
type claim struct {
	kind        string
	athlete, id int64
	at          time.Time
	whole       bool   // all of it: a new activity
	field       string // else what is to be seen; "" that it is gone
	place       int    // of the value among all that were ever true

	first, served time.Time // shown at all; shown as it was claimed, or newer
}

// watch looks at what readers see, and never trusts it.
type watch struct {
	people *people
	open   map[int64][]*claim
	all    []*claim

	firstShown map[int64]time.Time
	complete   map[int64]bool
	best       map[int64]map[string]int // how far each value has come, so that it never goes back
	lines      map[int64]int            // how long the shown route was
	wrong      []string
}

func newWatch(p *people) *watch {
	return &watch{
		people: p, open: map[int64][]*claim{}, firstShown: map[int64]time.Time{}, complete: map[int64]bool{},
		best: map[int64]map[string]int{}, lines: map[int64]int{},
	}
}

// take takes in what has been claimed since, and returns of which activities.
func (w *watch) take() (ids []int64) {
	for _, c := range w.people.told {
		if past := w.people.past[c.id][c.field]; c.field != "" {
			c.place = max(0, len(past)-1)
		}
		w.open[c.id] = append(w.open[c.id], c)
		w.all = append(w.all, c)
		ids = append(ids, c.id)
	}
	w.people.told = nil
	return ids
}

// see looks at one activity as readers see it now; nil: they don't.
func (w *watch) see(now time.Time, id int64, a *musette.Activity) {
	if a != nil {
		if w.firstShown[id].IsZero() {
			w.firstShown[id] = now
		}
		w.judge(now, id, a)
	} else if _, there := w.people.now[id]; there && !w.firstShown[id].IsZero() {
		w.complain("%s: activity %d isn't shown any more, but is on Strava", now, id)
	}
	var still []*claim
	for _, c := range w.open[id] {
		if a != nil && c.first.IsZero() {
			c.first = now
		}
		if w.holds(c, a) {
			c.served = now
		} else {
			still = append(still, c)
		}
	}
	if len(still) == 0 {
		delete(w.open, id)
	} else {
		w.open[id] = still
	}
}

// holds reports whether the claim is served. What is gone from Strava is served by being gone here.
func (w *watch) holds(c *claim, a *musette.Activity) bool {
	if w.people.gone[c.id] || a == nil {
		return w.people.gone[c.id] && a == nil
	}
	if c.whole {
		return len(a.Missing) == 0
	}
	for i := range fields {
		if f := &fields[i]; f.name == c.field {
			return !missing(a, f.part) && w.people.shown(c.id, f, f.here(a)) >= c.place
		}
	}
	return false
}

func missing(a *musette.Activity, part musette.Part) bool {
	for _, m := range a.Missing {
		if m == part {
			return true
		}
	}
	return false
}

// judge looks for what was never true, and for what is older than what was shown before.
func (w *watch) judge(now time.Time, id int64, a *musette.Activity) {
	best := w.best[id]
	if best == nil {
		best = map[string]int{}
		w.best[id] = best
	}
	for i := range fields {
		f := &fields[i]
		value := f.here(a)
		place := w.people.shown(id, f, value)
		was, had := best[f.name]
		switch {
		case !had && missing(a, f.part): // there may be less as yet, the first photo for instance
		case place < 0:
			w.complain("%s: activity %d shows %s %q, which was never so on Strava", now, id, f.name, value)
		case place < was:
			w.complain("%s: activity %d shows %s %q again, which is older than what it showed before", now, id, f.name, value)
		default:
			best[f.name] = place
		}
	}
	line := 0
	if a.Map != nil {
		line = len(a.Map.Polyline)
	}
	if line < w.lines[id] && !w.people.cropped[id] {
		w.complain("%s: activity %d shows a poorer route than before", now, id)
	}
	w.lines[id] = line
}

// complain notes something wrong; a handful is enough.
func (w *watch) complain(format string, now time.Time, args ...any) {
	if len(w.wrong) < 20 {
		w.wrong = append(w.wrong, fmt.Sprintf(format, append([]any{now.Format(time.DateTime)}, args...)...))
	}
}

// differences says in what the mirror is other than Strava is now: nothing, once all is quiet.
func (w *watch) differences(here map[int64]*musette.Activity) (out []string) {
	p := w.people
	for id, truth := range p.now {
		a, ok := here[id]
		if !ok {
			out = append(out, fmt.Sprintf("activity %d is not here", id))
			continue
		}
		for _, f := range fields {
			if got, want := f.here(a), f.there(&truth); got != want {
				out = append(out, fmt.Sprintf("activity %d: %s is %q, on Strava %q", id, f.name, got, want))
			}
		}
		if len(a.Missing) > 0 {
			out = append(out, fmt.Sprintf("activity %d: %v is missing", id, a.Missing))
		}
		line := ""
		if a.Map != nil {
			line = a.Map.Polyline
		}
		if want := truth.Polyline(); !p.cropped[id] && line != want {
			out = append(out, fmt.Sprintf("activity %d: another route than on Strava", id))
		} else if p.cropped[id] && want != "" && (line == "" || line == want) {
			out = append(out, fmt.Sprintf("activity %d: the cropped route isn't here", id))
		}
	}
	for id := range here {
		if _, ok := p.now[id]; !ok {
			out = append(out, fmt.Sprintf("activity %d is here, but not on Strava", id))
		}
	}
	return out
}
