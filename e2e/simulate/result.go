package simulate

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Result is what came of a scenario.
type Result struct {
	Name  string  `json:"name"`
	About string  `json:"about"`
	Seed  uint64  `json:"seed"`
	Days  float64 `json:"days"` // of virtual time that were measured
	Took  float64 `json:"took_s"`

	Calls   map[string]int `json:"calls"` // by kind
	Total   int            `json:"total"`
	Least   int            `json:"least"` // calls that could have done, polls, sweeps and rechecks apart
	Refused int            `json:"refused"`

	// ByDay are the calls of each UTC day, the first first; without rechecks in Needed.
	ByDay  []int `json:"by_day"`
	Needed []int `json:"needed_by_day"`

	Delays []Delay `json:"delays"`
	Checks []Check `json:"checks"`
	// Wrong is what must never be, whatever the scenario: something false or poorer shown, and at the end, where
	// the scenario waits for quiet, whatever differs from Strava.
	Wrong []string `json:"wrong"`

	facts facts
}

// facts are what bounds look at, beside the result itself.
type facts struct {
	visibleAfter int
	completeDays float64 // days that had begun when all of the stock was complete
	spared       float64
	worstAthlete float64 // the worst athlete's mean over the overall mean
	late         int     // descriptions served later than the schedule of rechecks has it
	after        int     // days of quiet at the end
	outage       outage
}

// Delay is how long one kind of change took from Strava to readers.
type Delay struct {
	Kind   string        `json:"kind"`
	Count  int           `json:"count"`
	Mean   time.Duration `json:"mean_ns"`
	Worst  time.Duration `json:"worst_ns"`
	Unseen int           `json:"unseen"` // not served by the end
}

// Check is a bound, looked at.
type Check struct {
	What string  `json:"what"`
	Got  float64 `json:"got"`
	Most float64 `json:"most"`
	OK   bool    `json:"ok"`
}

// OK reports whether every bound holds and nothing was wrong.
func (r *Result) OK() bool {
	return len(r.Wrong) == 0 && !slices.ContainsFunc(r.Checks, func(c Check) bool { return !c.OK })
}

// result draws the sum.
func (r *run) result() *Result {
	res := &Result{
		Name: r.sc.Name, About: r.sc.About, Seed: r.sc.Seed, Days: float64(r.sc.Days + r.sc.After),
		Calls: r.meter.byKind(), Total: r.meter.made(), Least: r.least(), Refused: r.server.Refused(),
		Wrong: slices.Clone(r.watch.wrong),
	}
	r.countDays(res)
	if n := len(r.server.Calls()); n != res.Total && r.sc.Chaos == nil { // a process that is killed never says what it did
		res.Wrong = append(res.Wrong, "the keeper's log and Strava disagree on how many calls there were")
	}
	if r.sc.After > 0 {
		all := slices.Collect(maps.Keys(r.people.now))
		all = append(all, slices.Collect(maps.Keys(r.people.gone))...)
		different := r.watch.differences(r.rooms.shown(all))
		slices.Sort(different)
		res.Wrong = append(res.Wrong, different...)
	}
	res.Delays = r.delays()
	res.facts = r.facts()
	for _, b := range r.sc.Bounds {
		got := b.Of(res)
		res.Checks = append(res.Checks, Check{What: b.What, Got: got, Most: b.Most, OK: got <= b.Most})
	}
	return res
}

func (r *run) countDays(res *Result) {
	r.meter.mu.Lock()
	defer r.meter.mu.Unlock()
	for d := r.people.began; d.Before(r.clock.Now()); d = d.Add(day) {
		all, needed := 0, 0
		for kind, n := range r.meter.byDay[d.Format(time.DateOnly)] {
			all += n
			if kind != kindRecheck {
				needed += n
			}
		}
		res.ByDay, res.Needed = append(res.ByDay, all), append(res.Needed, needed)
	}
}

// least is how few calls could have mirrored what there is and has happened, if one knew when to ask: polls, sweeps
// and rechecks apart.
func (r *run) least() (n int) {
	fresh := map[int64]bool{}
	for _, u := range r.people.uploads {
		fresh[u.id] = true
	}
	if !r.sc.Mirrored {
		n += len(r.server.Athletes())
	}
	for _, who := range r.server.Athletes() {
		list := r.server.Activities(who.ID)
		if !r.sc.Mirrored {
			n += (len(list) + 199) / 200
		}
		for i := range list {
			a := &list[i]
			if r.sc.Mirrored && !fresh[a.ID] {
				continue
			}
			n++
			if len(a.Photos) > 0 {
				n++
			}
			n += (len(a.Comments) + 29) / 30
		}
	}
	for _, c := range r.watch.all {
		if !c.whole && !(fresh[c.id] && (c.field == "comments" || c.field == "photos")) {
			n++
		}
	}
	return n
}

func (r *run) delays() []Delay {
	by := map[string]*Delay{}
	sum := map[string]time.Duration{}
	add := func(kind string, from, to time.Time) {
		d := by[kind]
		if d == nil {
			d = &Delay{Kind: kind}
			by[kind] = d
		}
		if to.IsZero() {
			d.Unseen++
			return
		}
		d.Count++
		sum[kind] += to.Sub(from)
		d.Worst = max(d.Worst, to.Sub(from))
	}
	for _, c := range r.watch.all {
		if c.whole {
			add(c.kind+", shown", c.at, c.first)
			add(c.kind+", complete", c.at, c.served)
		} else {
			add(c.kind, c.at, c.served)
		}
	}
	out := []Delay{}
	for kind, d := range by {
		if d.Count > 0 {
			d.Mean = sum[kind] / time.Duration(d.Count)
		}
		out = append(out, *d)
	}
	slices.SortFunc(out, func(a, b Delay) int { return cmp.Compare(a.Kind, b.Kind) })
	return out
}

func (r *run) facts() facts {
	f := facts{visibleAfter: r.sight.visibleAfter, spared: r.meter.spared, completeDays: 1e9, after: r.sc.After}
	if !r.sight.completeAt.IsZero() && r.sight.waiting == 0 {
		f.completeDays = float64(r.sight.completeAt.Sub(r.people.began)/day) + 1
	}
	f.worstAthlete = r.worstAthlete()
	f.late = r.late()
	f.outage = r.sight.outage
	return f
}

// worstAthlete is the largest of the athletes' mean waits for new activities, over the mean of all.
func (r *run) worstAthlete() float64 {
	sum, count := map[int64]time.Duration{}, map[int64]int{}
	var all time.Duration
	n := 0
	for _, c := range r.watch.all {
		if !c.whole || c.served.IsZero() {
			continue
		}
		wait := c.served.Sub(c.at)
		sum[c.athlete] += wait
		count[c.athlete]++
		all += wait
		n++
	}
	worst := 0.0
	for id, s := range sum {
		worst = max(worst, float64(s)/float64(count[id])/(float64(all)/float64(n)))
	}
	return worst
}

// late counts descriptions that were served after the first recheck that should have brought them.
func (r *run) late() (n int) {
	for _, c := range r.watch.all {
		if c.field != "description" {
			continue
		}
		by, ok := r.due(c)
		if ok && (c.served.After(by) || c.served.IsZero() && r.clock.Now().After(by)) {
			n++
		}
	}
	return n
}

// slack is what a call that is due may wait for others.
const slack = time.Minute

// due is when the schedule of rechecks promises a description to be served; false if it promises nothing.
func (r *run) due(c *claim) (time.Time, bool) {
	seen := r.watch.firstShown[c.id]
	if seen.IsZero() {
		return time.Time{}, false
	}
	for i, after := range r.policy.Recheck {
		at := seen.Add(after)
		if i == 0 && r.described(c) || !at.After(c.at) {
			continue
		}
		return at.Add(slack), true
	}
	return time.Time{}, false
}

// described reports whether the activity had another description before this one, in which case the first recheck
// isn't made.
func (r *run) described(c *claim) bool {
	past := r.people.past[c.id][c.field]
	return c.place > 0 && past[0] != noText
}
