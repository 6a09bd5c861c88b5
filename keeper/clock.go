package keeper

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"musette"
	"musette/plan"
	"musette/quota"
	"musette/store"
)

// heardClock notes what an answer shows of this machine's clock. Only answers of Strava's count: what stands between, a
// network's sign-in page say, has a clock of its own.
func (k *Keeper) heardClock(g *gate, s spent, err error) {
	g.Clock = g.Clock.Of(k.Machine)
	if err == nil || s.news.OverallUsage != nil || s.news.ReadUsage != nil {
		g.Clock = g.Clock.Answered(s.asked, s.at, s.news.Date)
	}
}

// logClock writes into the log when the clock has become wrong, or right again.
func (k *Keeper) logClock(before, after quota.Clock) {
	switch before = before.Of(k.Machine); {
	case before.Since.IsZero() == after.Since.IsZero():
	case before.Since.IsZero():
		w := clockWarning(after, k.Machine)
		k.Log.Warn("the clock of this machine is wrong", "off_s", w.OffS, "cause", w.Cause, "advice", w.Advice)
	default:
		k.Log.Info("the clock of this machine is right again", "off_s", after.OffS)
	}
}

// A reading is what two clocks showed at one moment: ours, and one that nobody sets.
type reading struct {
	now    time.Time
	passed time.Duration
}

func (k *Keeper) reading(now time.Time) reading {
	r := reading{now: now.Round(0)}
	if k.Elapsed != nil {
		r.passed = k.Elapsed()
	}
	return r
}

// wasSet reports whether somebody has set the clock since the last step: it and the one that nobody sets haven't moved by
// the same. After a machine's sleep they haven't either.
func (k *Keeper) wasSet(r reading) bool {
	if k.Elapsed == nil || k.read.now.IsZero() {
		return false
	}
	return (r.now.Sub(k.read.now) - (r.passed - k.read.passed)).Abs() > plan.Ahead/2
}

// doubtClock forgets what is known of this machine's clock, until the next answer.
func (k *Keeper) doubtClock(ctx context.Context) error {
	return k.Store.Update(ctx, k.lease, func(tx *store.Tx) error {
		g, err := k.gate(ctx, tx)
		if err != nil || g.Clock.ID != k.Machine.ID || g.Clock.Seen.IsZero() {
			return err
		}
		g.Clock = quota.Clock{}.Of(k.Machine)
		return g.write(ctx, tx)
	})
}

// hostCause says why a host's answer is of no use. A certificate that isn't valid at this time may well be our clock's
// fault, and then no answer shows what the time is.
func hostCause(err error, now time.Time) string {
	if bad, ok := errors.AsType[x509.CertificateInvalidError](err); ok && bad.Reason == x509.Expired {
		return fmt.Sprintf("%s; this machine's clock shows %s: if that is wrong, set it right", err, now.UTC().Format("2 January 2006, 15:04 UTC"))
	}
	return err.Error()
}

// from is the gate for a process on a machine: the ledger's difference to Strava's clock is that of the machine which
// called last, and says nothing of another.
func (g *gate) from(m quota.Machine) {
	if g.Clock.ID != "" && g.Clock.ID != m.ID {
		g.Ledger.SkewS = 0
	}
}

// warnings are what a person should know of though it is no state.
func (g *gate) warnings(now time.Time, m quota.Machine) []musette.Warning {
	if !g.Clock.Wrong(now, m) {
		return nil
	}
	return []musette.Warning{clockWarning(g.Clock, m)}
}

func clockWarning(c quota.Clock, m quota.Machine) musette.Warning {
	whose := "the clock of the machine that makes the calls, " + c.Machine + ","
	if c.ID == m.ID {
		whose = "this machine's clock"
	}
	way := "ahead of"
	if c.OffS < 0 {
		way = "behind"
	}
	return musette.Warning{
		Name: musette.WarningClock, Since: since(c.Since), OffS: c.OffS,
		Cause: fmt.Sprintf("%s is %s %s Strava's. Calls go by Strava's clock, and nothing stops; but the times that are shown, "+
			"further looks, snapshots, sign-ins and the delay of publishing go by this one", whose, roughly(c.Off().Abs()), way),
		Advice: "set it right, on Linux with `timedatectl set-ntp true`; in a virtual machine, or after a sleep, its time service may have to be started again",
	}
}

// roughly is a duration as people say it.
func roughly(d time.Duration) string {
	const day, year = 24 * time.Hour, 8766 * time.Hour
	minutes := int(d.Round(time.Minute) / time.Minute)
	switch {
	case d >= 2*year:
		return fmt.Sprintf("%d years", d.Round(year)/year)
	case d >= 2*day:
		return fmt.Sprintf("%d days", d.Round(day)/day)
	case minutes < 60:
		return fmt.Sprintf("%d min", minutes)
	case minutes%60 == 0:
		return fmt.Sprintf("%d h", minutes/60)
	}
	return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
}
