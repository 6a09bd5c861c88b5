package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"musette/store"
)

// testLeases takes, loses and fences with leases, the sync lease among them.
func testLeases(t *testing.T, b *bench) {
	ctx := t.Context()
	for _, name := range []string{store.SyncLease, "token:\x00g1"} {
		l1, err := b.Acquire(ctx, name, "host one", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.Acquire(ctx, name, "host two", time.Minute)
		held, ok := errors.AsType[*store.HeldError](err)
		if !ok || held.Name != name || held.Holder != "host one" {
			t.Fatalf("taken from its holder: %v", err)
		}
		if err := fenced(b, l1); err != nil {
			t.Errorf("held: %v", err)
		}
		if err := l1.Renew(ctx); err != nil {
			t.Errorf("renewing: %v", err)
		}
		if err := l1.Release(ctx); err != nil {
			t.Errorf("releasing: %v", err)
		}
		if err := fenced(b, l1); !errors.Is(err, store.ErrFenced) {
			t.Errorf("an Update under a released lease: %v", err)
		}
		l2, err := b.Acquire(ctx, name, "host two", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if l2.Number <= l1.Number || l2.Holder != "host two" {
			t.Errorf("lease %+v after %+v", l2, l1)
		}
		for what, err := range map[string]error{"Update": fenced(b, l1), "Renew": l1.Renew(ctx)} {
			if !errors.Is(err, store.ErrFenced) {
				t.Errorf("%s under an old lease: %v", what, err)
			}
		}
		if err := l1.Release(ctx); err != nil {
			t.Errorf("releasing an old lease: %v", err)
		}
		if err := fenced(b, l2); err != nil {
			t.Errorf("after the old one's release: %v", err)
		}
		if err := l2.Release(ctx); err != nil {
			t.Error(err)
		}
	}
	testRunOut(t, b)
	testOutlasts(t, b)
}

// testOutlasts has a transaction take longer than the lease that fences it, which then lasts from the transaction's end.
// On a machine that is busy it may have run out again before anybody looks: then once more, with a longer one.
func testOutlasts(t *testing.T, b *bench) {
	ctx := t.Context()
	for ttl := 50 * time.Millisecond; ; ttl *= 2 {
		l, err := b.Acquire(ctx, fmt.Sprint("long ", ttl), "one", ttl)
		if err != nil {
			t.Fatal(err)
		}
		err = b.Update(ctx, l, func(tx *store.Tx) error {
			time.Sleep(ttl + ttl/4) // by the database's clock, which no test can set
			return tx.PutSetting(ctx, "x", "y")
		})
		if err == nil {
			err = l.Renew(ctx)
		}
		if err == nil {
			return
		}
		if !errors.Is(err, store.ErrFenced) {
			t.Fatal(err)
		}
		if ttl > 3*time.Second {
			t.Fatalf("after a transaction that took longer than its lease: %v", err)
		}
	}
}

// testRunOut waits for the database's clock, which no test can set. In a directory no clock ends a lease.
func testRunOut(t *testing.T, b *bench) {
	ctx := t.Context()
	old, err := b.Acquire(ctx, "short", "one", time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if b.Path() != "" {
		_, err := b.Acquire(ctx, "short", "two", time.Minute)
		if _, held := errors.AsType[*store.HeldError](err); !held {
			t.Errorf("taken from a holder that lives: %v", err)
		}
		for what, err := range map[string]error{"Update": fenced(b, old), "Renew": old.Renew(ctx), "Release": old.Release(ctx)} {
			if err != nil {
				t.Errorf("%s after the time: %v", what, err)
			}
		}
		return
	}
	var next *store.Lease
	for deadline := time.Now().Add(10 * time.Second); next == nil; {
		next, err = b.Acquire(ctx, "short", "two", time.Minute)
		if _, held := errors.AsType[*store.HeldError](err); err != nil && (!held || time.Now().After(deadline)) {
			t.Fatal(err)
		}
	}
	if err := fenced(b, old); !errors.Is(err, store.ErrFenced) {
		t.Errorf("an Update under a lease that ran out: %v", err)
	}
	if err := old.Renew(ctx); !errors.Is(err, store.ErrFenced) {
		t.Errorf("renewing a lease that ran out: %v", err)
	}
	if err := fenced(b, next); err != nil {
		t.Error(err)
	}
}

func fenced(b *bench, l *store.Lease) error {
	return b.Update(b.t.Context(), l, func(tx *store.Tx) error { return tx.PutSetting(b.t.Context(), "x", "y") })
}

// testRivals has eight take each lease at once; whoever has it looks whether it is alone, and under a number of its own.
func testRivals(t *testing.T, b *bench) {
	ctx := t.Context()
	for _, name := range []string{store.SyncLease, "other"} {
		var inside atomic.Int32
		var numbers sync.Map
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				for won := 0; won < 4; {
					l, err := b.Acquire(ctx, name, fmt.Sprint(g), time.Minute)
					if _, held := errors.AsType[*store.HeldError](err); held {
						continue
					}
					if err != nil {
						t.Error(err)
						return
					}
					if n := inside.Add(1); n != 1 {
						t.Errorf("%d hold %s", n, name)
					}
					if _, again := numbers.LoadOrStore(l.Number, g); again {
						t.Errorf("number %d given twice", l.Number)
					}
					inside.Add(-1)
					if err := l.Release(ctx); err != nil {
						t.Error(err)
					}
					won++
				}
			})
		}
		wg.Wait()
	}
}

// testFenceHolds shows that a lease can't be taken while an Update under it goes on, though its time runs out.
func testFenceHolds(t *testing.T, b *bench) {
	ctx := t.Context()
	old, err := b.Acquire(ctx, "lease", "one", 300*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	taken := make(chan error, 1)
	err = b.Update(ctx, old, func(tx *store.Tx) error {
		go func() {
			for {
				_, err := b.Acquire(ctx, "lease", "two", time.Minute)
				if _, held := errors.AsType[*store.HeldError](err); !held {
					taken <- err
					return
				}
			}
		}()
		select {
		case err := <-taken:
			t.Errorf("taken over in the middle: %v", err)
			taken <- err
		case <-time.After(600 * time.Millisecond): // the lease has run out by the database's clock
		}
		return tx.PutSetting(ctx, "by", "one")
	})
	if err != nil {
		t.Errorf("the Update under way: %v", err)
	}
	if err := old.Release(ctx); err != nil {
		t.Error(err)
	}
	if err := <-taken; err != nil {
		t.Error(err)
	}
}
