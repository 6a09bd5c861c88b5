package keeper_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"musette/store"
)

// A database falls silent in the middle of writing a page. That is noticed, the page is kept, and written first when the
// database is back.
func TestSilence(t *testing.T) {
	t.Parallel()
	const activities = 20
	h, line, step := overLine(t, activities, onlyLists)
	h.lead(func(context.Context) error {
		step() // who it is
		return nil
	})
	h.keeper.AwayAfter(2 * time.Second)
	calls, began := h.keeper.Calls(), time.Now()
	err := h.keeper.Lead(t.Context(), func(ctx context.Context) error {
		line.FallSilent(55) // of the 77 of TestRoundTrips: the page is here, and being written
		_, err := h.keeper.Step(ctx, h.clock.Now())
		return err
	})
	if _, ok := errors.AsType[*store.Error](err); !ok || !errors.Is(err, store.ErrUnreachable) {
		t.Errorf("the silence is %v, want an ErrUnreachable", err)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("noticed after %v", took)
	}
	if n := h.keeper.Calls() - calls; n != 1 {
		t.Fatalf("%d calls, want the page's", n)
	}
	line.Mend()
	if n := len(h.activities()); n != 0 {
		t.Errorf("%d activities of the page that was being written", n)
	}
	h.lead(func(context.Context) error {
		step()
		return nil
	})
	if n := len(h.activities()); n != activities {
		t.Errorf("%d activities after the silence, want %d", n, activities)
	}
}
