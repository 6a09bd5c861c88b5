package simulate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"

	"musette/store"
	"musette/strava/stravatest"
)

// Chaos is what goes wrong beside the script: when the program is killed, when our clock jumps, when others spend
// our quota. Times are since the measured time began.
type Chaos struct {
	Kills  []Kill
	Jumps  []Jump
	Spends []Spend
	Manner stravatest.Manner // of webhooks
	Rotate bool              // a refresh token is good once
}

// Kill ends the process without warning: between two steps, or while calls are in flight, whose answers are lost.
type Kill struct {
	At       time.Duration
	InFlight bool
}

// Jump sets our clock that far ahead of Strava's, or behind it.
type Jump struct{ At, Ahead time.Duration }

// Spend is another program on the same app.
type Spend struct {
	At    time.Duration
	Calls int
}

// excused is how many calls may be refused: nobody can know of a call that another program has made since the last
// answer, nor that the clock has just been put on. What was in flight then, and nothing more, is refused.
func (c *Chaos) excused() int { return 3 * (len(c.Spends) + len(c.Jumps)) }

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
		p.at(p.began.Add(j.At), func(time.Time) error { c.run.ahead.Store(int64(j.Ahead)); return nil })
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
	old := 20 + rng.IntN(41)
	sc := Scenario{
		Name: fmt.Sprintf("chance %d", seed), About: "A small world in which everything goes wrong, then quiet.",
		Seed: seed, Old: Stock{Activities: old, Photos: rng.IntN(old / 2), Comments: rng.IntN(old / 2)},
		Mirrored: rng.IntN(3) == 0, Days: 2 + rng.IntN(4), After: 11,
		Life:     Life{PerDay: 3 * rng.Float64(), LateText: 0.5, Photos: 0.4, Comments: 0.4},
		Webhooks: rng.IntN(2) == 0, Chaos: &Chaos{},
	}
	if rng.IntN(2) == 0 {
		quarter := 15 + rng.IntN(60)
		sc.Limits = stravatest.Limits{ReadQuarter: quarter, OverallQuarter: 2 * quarter, ReadDay: 10 * quarter, OverallDay: 20 * quarter}
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
			c.Jumps = append(c.Jumps, Jump{at(), within(rng, 4*time.Hour) - 2*time.Hour})
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
		Rename, Retype, Crop, AddPhoto, RemovePhotos, AddComment, RemoveComments, Hide, Show, UploadLate,
	}
	for range rng.IntN(12) {
		a := Act{At: at(), Do: deeds[rng.IntN(len(deeds))], Which: rng.IntN(sc.Old.Activities)}
		if a.Do == UploadLate {
			a.Which = 2 + rng.IntN(400)
		}
		acts = append(acts, a)
	}
	for range rng.IntN(4) {
		acts = append(acts, Act{At: at(), Do: Delete, Which: rng.IntN(sc.Old.Activities)})
	}
	return acts
}
