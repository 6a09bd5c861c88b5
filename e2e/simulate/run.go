package simulate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"time"

	"musette/keeper"
	"musette/plan"
	"musette/store"
	"musette/strava/stravatest"
	"musette/strava/stravatest/season"
)

const (
	// latency is what a step that makes calls takes.
	latency = 150 * time.Millisecond
	// travel is how long an event takes from Strava to the moment that the keeper looks into its inbox.
	travel = 3 * time.Second
	// settling is how long a mirror lives in quiet before it is measured: longer than rechecks of what was new at its
	// first walk go on, and not a multiple of what recurs.
	settling = 9 * day
)

// dawn is when every scenario begins.
var dawn = time.Date(2026, 6, 15, 0, 0, 0, 0, time.UTC)

// run is one scenario being played.
type run struct {
	fixture
	sc     Scenario
	clock  *stravatest.Clock // Strava's, which is right by definition
	ahead  atomic.Int64      // our clock less Strava's, in nanoseconds
	people *people
	watch  *watch
	meter  *meter
	events *postman
	chaos  *chaos // nil without
	rooms  *rooms

	progress func(float64)

	wake     time.Time // when to step next, by our own clock; zero: only when something comes in
	seen     int64     // of the feed's changes
	sight    sight
	measured bool
}

// errKilled ends the rooms of a process that has been killed.
var errKilled = errors.New("killed")

// Listeners hear of a scenario while it is played; the zero value is nobody.
type Listeners struct {
	Log      slog.Handler         // what the keeper says, in virtual time
	Progress func(played float64) // the share of the scenario's time that has gone by, many times a second
}

// Run plays a scenario. The error is the harness's own or the program's: a bound that is missed is in the result.
func Run(ctx context.Context, sc Scenario, l Listeners) (*Result, error) {
	dir, err := tempDir()
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	began := time.Now()
	r := newRun(sc, dir, l)
	if err := r.play(ctx); err != nil {
		return nil, fmt.Errorf("scenario %q, seed %d, on %s: %w", sc.Name, sc.Seed, r.clock.Now().Format(time.DateTime), err)
	}
	res := r.result()
	res.Took = time.Since(began).Seconds()
	return res, nil
}

func newRun(sc Scenario, dir string, l Listeners) *run {
	r := &run{sc: sc, progress: l.Progress, clock: stravatest.NewClock(dawn)}
	r.events = &postman{}
	server := stravatest.New(stravatest.Config{
		Seed: sc.Seed, Activities: max(1, sc.Old.Activities), Now: r.clock.Now, Sleep: r.clock.Sleep, WebhookClient: r.events.client(),
		RotateRefreshTokens: sc.Chaos != nil && sc.Chaos.Rotate,
	})
	for i := 1; i < sc.Athletes; i++ {
		// What is older than a week is not looked at again for descriptions: in a team that would take days.
		server.AddAthlete(season.Options{Seed: sc.Seed + uint64(i), Activities: max(1, sc.Old.Activities), Until: dawn.Add(-8 * day)})
	}
	r.people = newPeople(server, sc.Seed)
	r.people.refresh = r.refresh
	r.watch = newWatch(r.people)
	r.meter = newMeter(server, l.Log)
	jitter := rand.New(rand.NewPCG(sc.Seed, 0x717))
	r.fixture = fixture{
		server: server, transport: server.Transport(), dir: dir, policy: plan.Default(), now: r.ours,
		jitter: jitter.Float64, log: slog.New(r.meter),
	}
	if sc.Policy != nil {
		r.policy = *sc.Policy
	}
	if sc.Chaos != nil {
		r.chaos = newChaos(r, *sc.Chaos)
		r.transport = r.chaos
		r.people.lenient = true
	}
	return r
}

// ours is the time by our own clock.
func (r *run) ours() time.Time { return r.clock.Now().Add(time.Duration(r.ahead.Load())) }

// set sets our clock. As it does in keeper.Run, which looks every second, a clock that has gone back wakes the keeper.
func (r *run) set(ahead time.Duration) {
	if before := r.ahead.Swap(int64(ahead)); before > int64(ahead) {
		r.wake = r.ours()
	}
}

// theirs is a time of our clock by the right one.
func (r *run) theirs(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-time.Duration(r.ahead.Load()))
}

// play is the whole scenario.
func (r *run) play(ctx context.Context) (err error) {
	for _, a := range r.server.Athletes() {
		if err := r.people.settle(a.ID, r.sc.Old); err != nil {
			return err
		}
	}
	r.sight.waiting, r.sight.hidden = len(r.people.now), len(r.people.now)
	if err := r.reopen(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.rooms.close()) }()
	if err := r.rooms.connect(ctx, r.server); err != nil {
		return err
	}
	if err := r.subscribe(ctx); err != nil {
		return err
	}
	if r.sc.Mirrored {
		limits := roomy
		if r.sc.Settle > 0 {
			limits = r.sc.Limits
		}
		r.server.SetLimits(limits)
		if err := r.until(ctx, r.clock.Now().Add(r.settle())); err != nil {
			return err
		}
		if r.sight.waiting > 0 {
			return fmt.Errorf("%d activities are not complete after %v", r.sight.waiting, r.settle())
		}
		r.server.ResetCalls()
		r.meter.reset()
	}
	r.server.SetLimits(r.sc.Limits)
	r.measured = true
	r.people.began = r.clock.Now()
	r.lead()
	for _, a := range r.sc.Script {
		r.people.act(a)
		if a.Do == Break && a.Fault.For > 0 {
			r.people.at(r.people.began.Add(a.At+a.Fault.For), func(now time.Time) error {
				r.sight.recovered(r, now.Add(-a.Fault.For), now)
				return nil
			})
		}
	}
	if r.chaos != nil {
		r.chaos.begin()
	}
	return r.until(ctx, r.people.began.Add(time.Duration(r.sc.Days+r.sc.After)*day))
}

// lead plans everybody's life.
func (r *run) lead() {
	var athletes []int64
	for _, a := range r.server.Athletes() {
		athletes = append(athletes, a.ID)
	}
	if len(athletes) == 1 {
		r.people.lead(athletes[0], r.sc.Life, r.people.began, r.sc.Days)
		return
	}
	r.people.leadTogether(athletes, r.sc.Life, r.people.began, r.sc.Days)
}

// roomy are limits that nobody reaches.
var roomy = stravatest.Limits{OverallQuarter: 1e6, OverallDay: 1e7, ReadQuarter: 1e6, ReadDay: 1e7}

func (r *run) subscribe(ctx context.Context) error {
	if !r.sc.Webhooks {
		return nil
	}
	r.events.open(r)
	_, _, err := r.rooms.client.CreateSubscription(ctx, callback, "a token")
	return err
}

// until lives on until the time, as many processes as it takes.
func (r *run) until(ctx context.Context, end time.Time) error {
	for {
		err := r.rooms.keeper.Lead(ctx, func(ctx context.Context) error { return r.live(ctx, end) })
		if r.chaos == nil || !r.chaos.dead() {
			return err
		}
		r.chaos.buried()
		if err := r.reopen(ctx); err != nil {
			return err
		}
		if r.chaos.forgetful {
			if err := r.forgetCalls(ctx); err != nil {
				return err
			}
		}
	}
}

// reopen starts the program, anew if it ran.
func (r *run) reopen(ctx context.Context) (err error) {
	if r.rooms != nil {
		_ = r.rooms.close() // a process that is killed doesn't mind how it ends
	}
	if r.rooms, err = r.open(ctx); err != nil {
		return err
	}
	r.wake = r.ours()
	return r.look(ctx)
}

// forgetCalls throws the ledger away, to find out whether that is noticed.
func (r *run) forgetCalls(ctx context.Context) error {
	return r.rooms.store.Update(ctx, nil, func(tx *store.Tx) error {
		_, version, err := tx.Quota(ctx)
		if err == nil {
			_, err = tx.PutQuota(ctx, []byte("{}"), version)
		}
		return err
	})
}

// live is the life of one process: it steps when it is time, and lets people live meanwhile.
func (r *run) live(ctx context.Context, end time.Time) error {
	for idle := 0; ; {
		now := r.clock.Now()
		r.tell(now)
		if !now.Before(end) || ctx.Err() != nil {
			return ctx.Err()
		}
		if err := r.meanwhile(ctx, now); err != nil {
			return err
		}
		if r.chaos != nil && r.chaos.dead() {
			return errKilled
		}
		if !r.wake.IsZero() && !r.wake.After(r.ours()) {
			made := r.meter.made()
			if err := r.step(ctx); err != nil {
				return err
			}
			if r.meter.made() > made {
				r.clock.Advance(latency)
				idle = 0
				continue
			}
			if idle++; idle > 1000 {
				return fmt.Errorf("the keeper wants to step again and again, and makes no calls")
			}
		}
		next := end
		for _, t := range []time.Time{r.theirs(r.wake), r.people.next(), r.events.due} {
			if !t.IsZero() && t.Before(next) {
				next = t
			}
		}
		if next.After(now) {
			r.clock.Set(next)
			if next.Sub(now) > time.Second {
				idle = 0
			}
		} else {
			r.clock.Advance(time.Millisecond)
		}
	}
}

// tell says how far it is.
func (r *run) tell(now time.Time) {
	if r.progress == nil {
		return
	}
	whole := time.Duration(r.sc.Days+r.sc.After) * day
	if r.sc.Mirrored {
		whole += r.settle()
	}
	r.progress(float64(now.Sub(dawn)) / float64(whole))
}

// settle is how long the mirror is made ready.
func (r *run) settle() time.Duration {
	if r.sc.Settle > 0 {
		return r.sc.Settle
	}
	return settling
}

// meanwhile is what happens on Strava until now, and what comes from there by itself.
func (r *run) meanwhile(ctx context.Context, now time.Time) error {
	happened, err := r.people.live(now)
	if err != nil {
		return err
	}
	for _, id := range r.watch.take() {
		r.notice(now, id) // an edit that nobody has seen and that is taken back is served already
	}
	if happened {
		r.events.expect(now.Add(travel))
	}
	if came, err := r.events.deliver(ctx, now); err != nil {
		return err
	} else if came {
		r.wake = r.ours()
	}
	return nil
}

// refresh asks for an activity, as the web's handler does. A refusal is an answer too.
func (r *run) refresh(_ time.Time, id int64) error {
	_, err := keeper.AskRefresh(context.Background(), r.rooms.store, id, r.ours())
	if _, refused := errors.AsType[*keeper.RefusedError](err); refused || errors.Is(err, store.ErrNotFound) {
		return nil
	}
	r.wake = r.ours()
	return err
}

// step lets the keeper make one step, and looks at what readers see afterwards.
func (r *run) step(ctx context.Context) error {
	if r.chaos != nil && r.chaos.dead() {
		return errKilled
	}
	made := r.meter.made()
	wake, err := r.rooms.keeper.Step(ctx, r.ours())
	if r.chaos != nil && r.chaos.dead() {
		return errKilled
	}
	if err != nil {
		return err
	}
	r.wake = wake
	if r.chaos != nil && len(r.chaos.Spends)+len(r.chaos.Limits) == 0 && r.meter.made() > made {
		over, err := r.overdrawn(ctx)
		if err != nil {
			return err
		}
		if over != "" {
			r.watch.complain("%s: %s", r.clock.Now(), over)
		}
	}
	if err := r.look(ctx); err != nil {
		return err
	}
	r.sight.caughtUp(r)
	return nil
}
