package simulate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"

	"musette/plan"
	"musette/store"
	"musette/strava/stravatest"
)

// Chaos is what goes wrong beside the script: when the program is killed or stopped, when our clock jumps, when others
// spend our quota, when Strava changes the limits. Times are since the measured time began.
type Chaos struct {
	Kills  []Kill
	Jumps  []Jump
	Spends []Spend
	Limits []NewLimits
	Manner stravatest.Manner // of webhooks
	Rotate bool              // a refresh token is good once

	forgetful bool // a process begins without what the one before has noted of its calls, which is wrong
}

// Kill ends the process without warning: between two steps, or while calls are in flight, whose answers are lost.
type Kill struct {
	At       time.Duration
	InFlight bool
}

// Jump sets our clock that far ahead of Strava's, or behind it: for a while, after which it is right, or, if For is 0,
// until the next jump.
type Jump struct{ At, Ahead, For time.Duration }

// NewLimits are those that the app has from then on.
type NewLimits struct {
	At     time.Duration
	Limits stravatest.Limits
}

// Spend is another program on the same app.
type Spend struct {
	At    time.Duration
	Calls int
}

// excused is how many calls may be refused: nobody can know of a call that another program has made since the last
// answer, nor that the clock has just been put on or back, nor that the limits are others. What was in flight then, and
// nothing more, is refused.
func (c *Chaos) excused() int {
	n := len(c.Spends) + len(c.Limits)
	for _, j := range c.Jumps {
		if n++; j.For > 0 { // and back
			n++
		}
	}
	return plan.MaxInFlight * n
}

// chaos carries it out. It is the transport too, since that is where a process is when it is killed in flight.
type chaos struct {
	Chaos
	run   *run
	inner http.RoundTripper

	armed  atomic.Bool // the next call is the last
	killed atomic.Bool
}

func newChaos(r *run, c Chaos) *chaos { return &chaos{Chaos: c, run: r, inner: r.transport} }

func (c *chaos) begin() {
	c.run.server.SetManner(c.Manner)
	p := c.run.people
	for _, k := range c.Kills {
		p.at(p.began.Add(k.At), func(time.Time) error {
			if k.InFlight {
				c.armed.Store(true)
			} else {
				c.killed.Store(true)
			}
			return nil
		})
	}
	for _, j := range c.Jumps {
		p.at(p.began.Add(j.At), func(time.Time) error { c.run.set(j.Ahead); return nil })
		if j.For > 0 {
			p.at(p.began.Add(j.At+j.For), func(time.Time) error { c.run.set(0); return nil })
		}
	}
	for _, l := range c.Limits {
		p.at(p.began.Add(l.At), func(time.Time) error { c.run.server.SetLimits(l.Limits); return nil })
	}
	for _, s := range c.Spends {
		p.at(p.began.Add(s.At), func(time.Time) error { c.run.server.Spend(s.Calls); return nil })
	}
	p.at(p.began.Add(time.Duration(c.run.sc.Days)*day), func(time.Time) error {
		c.run.server.ClearFaults()
		c.armed.Store(false)
		return nil
	})
}

func (c *chaos) dead() bool { return c.killed.Load() }

// buried says that the dead process has been replaced.
func (c *chaos) buried() { c.killed.Store(false) }

// RoundTrip implements http.RoundTripper. Strava answers, but the process that asked is gone: its store takes nothing
// any more.
func (c *chaos) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := c.inner.RoundTrip(r)
	if strings.HasPrefix(r.URL.Path, "/api/") && c.armed.CompareAndSwap(true, false) {
		c.killed.Store(true)
		_ = c.run.rooms.store.Close()
	}
	return res, err
}

// overdrawn reads the ledger that the processes share and says which of its counts is above its limit.
func (r *run) overdrawn(ctx context.Context) (string, error) {
	var body []byte
	err := r.rooms.store.View(ctx, func(tx *store.Tx) (err error) {
		body, _, err = tx.Quota(ctx)
		return err
	})
	if err != nil || body == nil {
		return "", err
	}
	type meter struct {
		Limit int `json:"limit"`
		Used  int `json:"used"`
	}
	type window struct {
		Read    meter `json:"read"`
		Overall meter `json:"overall"`
	}
	var kept struct {
		Ledger struct {
			Quarter window `json:"quarter"`
			Day     window `json:"day"`
		} `json:"ledger"`
	}
	if err := json.Unmarshal(body, &kept); err != nil {
		return "", err
	}
	l := kept.Ledger
	for _, m := range []meter{l.Quarter.Read, l.Quarter.Overall, l.Day.Read, l.Day.Overall} {
		if m.Limit <= 0 {
			return "", errors.New("the ledger in the store isn't one")
		}
		if m.Used > m.Limit {
			return fmt.Sprintf("the ledger counts %d calls of %d", m.Used, m.Limit), nil
		}
	}
	return "", nil
}

// Random returns the schedule of a seed: a small world in which everything goes wrong for some days, and then quiet,
// until everything must be as it is on Strava.
//
// What it doesn't do is what no mirror could survive by the rules of the design: the same lie told for a whole day
// is believed; photos or comments exchanged for as many others between two looks are not seen; and a description
// edited after the last recheck is not fetched.
func Random(seed uint64) Scenario {
	rng := rand.New(rand.NewPCG(seed, 0xc4a05))
	old := 8 + rng.IntN(25)
	sc := Scenario{
		Name: fmt.Sprintf("chance %d", seed), About: "A small world in which everything goes wrong, then quiet.",
		Seed: seed, Old: Stock{Activities: old, Photos: rng.IntN(old / 2), Comments: rng.IntN(old / 2)},
		Mirrored: rng.IntN(3) == 0, Days: 2 + rng.IntN(4), After: 11,
		Life:     Life{PerDay: 3 * rng.Float64(), LateText: 0.5, Photos: 0.4, Comments: 0.4},
		Webhooks: rng.IntN(2) == 0, Chaos: &Chaos{},
	}
	if rng.IntN(2) == 0 {
		sc.Limits = limits(15 + rng.IntN(60))
	}
	// Much happens when the mirror polls, every six hours, and little between: half of all mischief aims at that.
	at := func() time.Duration {
		if rng.IntN(2) == 0 {
			return max(0, time.Duration(rng.IntN(4*sc.Days))*6*time.Hour+within(rng, 40*time.Second)-15*time.Second)
		}
		return within(rng, time.Duration(sc.Days)*day)
	}
	c := sc.Chaos
	c.Rotate = rng.IntN(2) == 0
	c.Manner = stravatest.Manner{
		Duplicates: rng.IntN(3), Reverse: rng.IntN(2) == 0, Delay: within(rng, time.Hour), Loss: rng.Float64() / 2,
	}
	for range rng.IntN(8) {
		c.Kills = append(c.Kills, Kill{at(), rng.IntN(2) == 0})
	}
	if rng.IntN(2) == 0 {
		for range 1 + rng.IntN(3) {
			c.Jumps = append(c.Jumps, randomJump(rng, at()))
		}
	}
	if rng.IntN(4) == 0 {
		for range 1 + rng.IntN(3) {
			c.Limits = append(c.Limits, NewLimits{at(), limits(15 + rng.IntN(90))})
		}
	}
	if rng.IntN(4) == 0 {
		for range 1 + rng.IntN(4) {
			c.Spends = append(c.Spends, Spend{at(), 1 + rng.IntN(60)})
		}
	}
	sc.Script = append(randomFaults(rng, at), randomDeeds(rng, at, &sc)...)
	sc.Bounds = []Bound{{"refused calls", float64(c.excused()), refused}}
	return sc
}

// limits are those of an app that has so many reads a quarter hour, the others being as with a new app's 100.
func limits(quarter int) stravatest.Limits {
	return stravatest.Limits{ReadQuarter: quarter, OverallQuarter: 2 * quarter, ReadDay: 10 * quarter, OverallDay: 20 * quarter}
}

// randomJump is what happens to clocks: summer time and zones that are mistaken and stay so, a machine that wakes up
// days ahead or begins in some year long past and is put right by its network, a date that somebody has mistyped.
func randomJump(rng *rand.Rand, at time.Duration) Jump {
	sign := time.Duration(1 - 2*rng.IntN(2))
	switch rng.IntN(7) {
	case 0: // somebody sets it by hand
		return Jump{At: at, Ahead: sign * within(rng, 2*time.Hour)}
	case 1: // summer time
		return Jump{At: at, Ahead: sign * time.Hour}
	case 2: // another zone's time, taken for UTC
		return Jump{At: at, Ahead: sign * time.Duration(1+rng.IntN(28)) * 30 * time.Minute}
	case 3: // the same, put right
		return Jump{At: at, Ahead: sign * time.Duration(1+rng.IntN(28)) * 30 * time.Minute, For: time.Minute + within(rng, 9*time.Hour)}
	case 4:
		return Jump{At: at, Ahead: sign * time.Duration(1+rng.IntN(10)) * day, For: time.Minute + within(rng, 9*time.Hour)}
	case 5: // a year, for a minute
		return Jump{At: at, Ahead: sign * 365 * day, For: 10*time.Second + within(rng, 2*time.Minute)}
	}
	return Jump{At: at, Ahead: -time.Duration(10+rng.IntN(40)) * 365 * day, For: 10*time.Second + within(rng, 20*time.Minute)}
}

var (
	honest = []stravatest.FaultKind{
		stravatest.FaultReset, stravatest.FaultBadGateway, stravatest.FaultHTML, stravatest.FaultServerError, stravatest.FaultTruncate,
		stravatest.FaultLost, stravatest.FaultNoHeaders, stravatest.FaultEmptyHeaders, stravatest.FaultTokenInvalid,
		stravatest.FaultInactive, stravatest.FaultEmptyObject, stravatest.FaultPlaceholder,
	}
	// lies are answers that look well and aren't true.
	lies  = []stravatest.FaultKind{stravatest.FaultNotFound, stravatest.FaultEmptyList, stravatest.FaultEmptyPolyline}
	paths = []string{"", "", "/athlete/activities", "/activities/*", "/activities/*/photos", "/activities/*/comments", "/athlete"}
	doors = []stravatest.FaultKind{stravatest.FaultReset, stravatest.FaultBadGateway, stravatest.FaultServerError}
)

func randomFaults(rng *rand.Rand, at func() time.Duration) (acts []Act) {
	add := func(kind stravatest.FaultKind, path string, most time.Duration) {
		acts = append(acts, Act{At: at(), Do: Break, Fault: stravatest.Fault{
			Kind: kind, Path: path, For: 10*time.Second + within(rng, most),
		}})
	}
	for range rng.IntN(8) {
		longest := []time.Duration{time.Minute, time.Hour, 12 * time.Hour, 40 * time.Hour}
		add(honest[rng.IntN(len(honest))], paths[rng.IntN(len(paths))], longest[rng.IntN(len(longest))])
	}
	if rng.IntN(3) > 0 {
		kind, path := lies[rng.IntN(len(lies))], paths[2+rng.IntN(len(paths)-3)]
		if kind == stravatest.FaultEmptyPolyline { // told by the list too, it would be no contradiction
			path = "/activities/*"
		}
		add(kind, path, 18*time.Hour)
	}
	if rng.IntN(3) == 0 {
		add(doors[rng.IntN(len(doors))], "/oauth/token", 5*time.Hour)
	}
	return acts
}

// randomDeeds are edits of all sorts.
func randomDeeds(rng *rand.Rand, at func() time.Duration, sc *Scenario) (acts []Act) {
	deeds := []Deed{
		Rename, Retype, Crop, AddPhoto, RemovePhotos, AddComment, RemoveComments, Hide, Narrow, Show, UploadLate,
	}
	fickle := []Deed{Rename, Retype, AddPhoto, AddComment, Hide, Narrow, Show}
	for range rng.IntN(12) {
		a := Act{At: at(), Do: deeds[rng.IntN(len(deeds))], Which: rng.IntN(sc.Old.Activities)}
		if a.Do == UploadLate {
			a.Which = 2 + rng.IntN(400)
		}
		if slices.Contains(fickle, a.Do) && rng.IntN(3) == 0 {
			a.Back, a.Asked = time.Minute+within(rng, 12*time.Hour), rng.IntN(2) == 0
		}
		acts = append(acts, a)
	}
	for range rng.IntN(4) {
		acts = append(acts, Act{At: at(), Do: Delete, Which: rng.IntN(sc.Old.Activities)})
	}
	return acts
}
