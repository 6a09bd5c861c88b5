package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"musette"
	"musette/store"
)

// writeSome puts one of everything that has a tally, a count or a number.
func writeSome(ctx context.Context, tx *store.Tx, id int64) error {
	_, err := tx.PutActivity(ctx, store.Activity{AthleteID: 7, ID: id, Status: store.StatusLive, View: fmt.Appendf(nil, "v%d", id)})
	return errors.Join(err,
		tx.PutDocument(ctx, musette.NewDocument(7, id, musette.PartDetail, musette.SourceAPI, fmt.Appendf(nil, "d%d", id), at(0)), true),
		tx.PutPartState(ctx, musette.PartState{AthleteID: 7, ActivityID: id, Part: musette.PartDetail, Outcome: musette.OutcomeHave}),
		tx.PutSetting(ctx, "last", fmt.Sprint(id)),
		tx.PutAthlete(ctx, store.Athlete{ID: 7, Name: fmt.Sprint(id)}),
	)
}

// testRollback breaks transactions in every way: nothing of them may stay.
func testRollback(t *testing.T, b *bench) {
	b.update(func(ctx context.Context, tx *store.Tx) error { return writeSome(ctx, tx, 1) })
	before := dump(b)
	errStop := errors.New("stop")
	err := b.Update(t.Context(), nil, func(tx *store.Tx) error {
		return errors.Join(writeSome(t.Context(), tx, 2), writeSome(t.Context(), tx, 1), errStop)
	})
	if !errors.Is(err, errStop) {
		t.Errorf("fn's error came back as %v", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a panic was swallowed")
			}
		}()
		_ = b.Update(t.Context(), nil, func(tx *store.Tx) error {
			_ = writeSome(t.Context(), tx, 2)
			panic("stop")
		})
	}()
	ctx, cancel := context.WithCancel(t.Context())
	err = b.Update(ctx, nil, func(tx *store.Tx) error {
		err := writeSome(ctx, tx, 2)
		cancel()
		return err
	})
	if err == nil {
		t.Error("a transaction was kept whose context had ended")
	}
	err = b.Update(t.Context(), nil, func(tx *store.Tx) error { // a failed statement, ignored
		_ = writeSome(t.Context(), tx, 2)
		_ = tx.PutKey(t.Context(), store.AccessKey{ID: "a"})
		_ = tx.PutKey(t.Context(), store.AccessKey{ID: "b"}) // the same hash
		return nil
	})
	if err == nil {
		t.Error("a transaction was kept though a statement failed")
	}
	b.view(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.PutSetting(ctx, "a", "b"); err == nil {
			t.Error("a View wrote")
		}
		return nil
	})
	equal(t, "after all that", dump(b), before)
	b.update(func(ctx context.Context, tx *store.Tx) error { return writeSome(ctx, tx, 3) })
	if p := read(b, func(ctx context.Context, tx *store.Tx) (store.Position, error) { return tx.Position(ctx) }); p.Seq != 2 {
		t.Errorf("the second change has number %d", p.Seq)
	}
}

// testConcurrent lets writers and readers loose on each other.
func testConcurrent(t *testing.T, b *bench) {
	const writers, each = 8, 12
	ctx := t.Context()
	done := make(chan struct{})
	var writing, reading sync.WaitGroup
	for w := range int64(writers) {
		writing.Go(func() {
			for i := range int64(each) {
				err := b.Update(ctx, nil, func(tx *store.Tx) error { return writeSome(ctx, tx, 1+w*each+i) })
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 2 {
		reading.Go(func() {
			for {
				if err := b.View(ctx, func(tx *store.Tx) error { return oneMoment(t, ctx, tx) }); err != nil {
					t.Error(err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	changes := read(b, func(ctx context.Context, tx *store.Tx) ([]store.Change, error) { return tx.Changes(ctx, 0, 1000) })
	var ids []int64
	for i, c := range changes {
		if c.Seq != int64(i+1) {
			t.Fatalf("change %d has number %d", i+1, c.Seq)
		}
		ids = append(ids, c.ActivityID)
	}
	slices.Sort(ids)
	if len(slices.Compact(ids)) != writers*each {
		t.Errorf("%d activities changed, want %d", len(ids), writers*each)
	}
	if err := b.Verify(ctx); err != nil {
		t.Error(err)
	}
}

// oneMoment reads the same thing in several ways, which must agree.
func oneMoment(t *testing.T, ctx context.Context, tx *store.Tx) error {
	p, err := tx.Position(ctx)
	if err != nil {
		return err
	}
	n := int64(0)
	for _, err := range tx.Activities(ctx, 7) {
		if err != nil {
			return err
		}
		n++
	}
	changes, err := tx.Changes(ctx, 0, 1000)
	if err != nil {
		return err
	}
	counts, err := tx.PartCounts(ctx, 7)
	if err != nil {
		return err
	}
	last, err := tx.Setting(ctx, "last")
	if err != nil {
		return err
	}
	if n != p.Seq || int64(len(changes)) != p.Seq || int64(counts[musette.PartDetail].Have) != p.Seq {
		t.Errorf("position %d, %d activities, %d changes, counts %v", p.Seq, n, len(changes), counts)
	}
	if n > 0 && last != fmt.Sprint(changes[n-1].ActivityID) {
		t.Errorf("the last setting is %s, the last change %d", last, changes[n-1].ActivityID)
	}
	return nil
}

// testQuota has eight processes take from one ledger.
func testQuota(t *testing.T, b *bench) {
	ctx := t.Context()
	body, version, err := []byte(nil), int64(0), error(nil)
	b.view(func(ctx context.Context, tx *store.Tx) error {
		body, version, err = tx.Quota(ctx)
		return err
	})
	if body != nil || version != 0 {
		t.Errorf("no ledger yet: %q, version %d", body, version)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for won := 0; won < 5; {
				var version int64
				var n int
				err := b.View(ctx, func(tx *store.Tx) error {
					body, v, err := tx.Quota(ctx)
					version = v
					_, _ = fmt.Sscan(string(body), &n)
					return err
				})
				if err != nil {
					t.Error(err)
					return
				}
				ok := false
				err = b.Update(ctx, nil, func(tx *store.Tx) (err error) {
					ok, err = tx.PutQuota(ctx, fmt.Append(nil, n+1), version)
					return err
				})
				if err != nil {
					t.Error(err)
					return
				}
				if ok {
					won++
				}
			}
		})
	}
	wg.Wait()
	b.view(func(ctx context.Context, tx *store.Tx) error {
		body, version, err := tx.Quota(ctx)
		if string(body) != "40" || version != 40 {
			t.Errorf("40 calls were taken, the ledger says %s at version %d", body, version)
		}
		return err
	})
}

// testCodeOnce has eight browsers use one code.
func testCodeOnce(t *testing.T, b *bench) {
	ctx := t.Context()
	for round := range byte(5) {
		b.update(func(ctx context.Context, tx *store.Tx) error {
			return tx.PutKey(ctx, store.AccessKey{ID: "c", Kind: store.CodeKind, Hash: [32]byte{round}, ExpiresAt: at(1)})
		})
		got := make(chan error, 8)
		var wg sync.WaitGroup
		for range cap(got) {
			wg.Go(func() {
				got <- b.Update(ctx, nil, func(tx *store.Tx) error {
					_, err := tx.Take(ctx, store.CodeKind, [32]byte{round}, at(0))
					return err
				})
			})
		}
		wg.Wait()
		close(got)
		won := 0
		for err := range got {
			if err == nil {
				won++
			} else if !errors.Is(err, store.ErrNotFound) {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("the code let %d in", won)
		}
	}
}
