package keeper_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"musette"
	"musette/keeper"
	"musette/strava"
	"musette/strava/stravatest"
)

// pay asks for the subscriptions, as a command does.
func (h *house) pay() error {
	return keeper.Pay(h.t.Context(), h.store, h.clock.Now, func(ctx context.Context) (*strava.Answer, error) {
		_, answer, err := h.client.Subscriptions(ctx)
		return answer, err
	})
}

func TestWhatIsPaidForIsInTheLedger(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 2, Activities: 10})
	for range 3 {
		h.must(h.pay())
	}
	if used := h.status().Quota; used.Read.Day.Used != 3 || used.Overall.Quarter.Used != 3 {
		t.Errorf("three calls are %d reads of the day and %d calls of the quarter in the ledger", used.Read.Day.Used, used.Overall.Quarter.Used)
	}
	h.later(time.Hour)
	h.complete()
	if used, counted := h.status().Quota.Read.Day.Used, h.server.Usage().ReadDay; used != counted {
		t.Errorf("the ledger counts %d reads, Strava %d", used, counted)
	}
}

// Where nothing is left no call is made, and whoever asks is told until when.
func TestWhatCantBePaidForIsNotCalled(t *testing.T) {
	t.Parallel()
	h := newHouse(t, stravatest.Config{Seed: 2, Activities: 10, Limits: stravatest.Limits{OverallQuarter: 20, OverallDay: 2000, ReadQuarter: 10, ReadDay: 1000}})
	var err error
	for range 20 {
		if err = h.pay(); err != nil {
			break
		}
	}
	refused, ok := errors.AsType[*keeper.RefusedError](err)
	if !ok || refused.State != musette.StateLimited || refused.Until == nil || refused.Until.Minute() != 15 {
		t.Fatalf("the eleventh of ten calls ended with %v, want limited until a quarter past", err)
	}
	if n := h.server.Refused(); n > 0 || len(h.server.Calls()) > 10 {
		t.Errorf("%d calls reached Strava, %d were refused", len(h.server.Calls()), n)
	}
	if at := refused.Until.UTC().Format("15:04:05"); !strings.Contains(refused.Cause, at) {
		t.Errorf("it can be tried again at %s, but the cause is %q", at, refused.Cause)
	}
	if _, err := keeper.AskRefresh(t.Context(), h.store, 0, refused.Until.Add(-2*time.Second)); err == nil {
		t.Error("a refresh was taken on before the time that was told")
	}
	h.clock.Set(refused.Until.Truncate(time.Second)) // as it is told
	h.must(h.pay())
}

// An app that is switched off is asked for a person whenever they ask, who may have renewed the subscription a moment
// ago. If it works, the mirror goes on at once, not with the next day's probe.
func TestPayingForAnInactiveApp(t *testing.T) {
	t.Parallel()
	h := mirrored(t)
	h.fault(stravatest.Fault{Kind: stravatest.FaultInactive})
	h.later(7 * time.Hour)
	h.state(musette.StateInactive)
	before := len(h.server.Calls())
	for range 2 {
		if err := h.pay(); strava.KindOf(err) != strava.KindInactive {
			t.Errorf("the call ended with %v", err)
		}
	}
	h.later(20 * time.Hour)
	if n := len(h.server.Calls()) - before; n != 2 {
		t.Errorf("%d calls, want the person's two and no probe within a day of them", n)
	}
	h.server.ClearFaults()
	h.state(musette.StateInactive)
	h.must(h.pay())
	h.minutes(1)
	h.state(musette.StateOK)
	h.complete()
}
