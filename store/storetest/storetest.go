package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"musette/store"
)

// Run tries everything on stores that open returns, a fresh one each time. It closes them.
func Run(t *testing.T, open func(t *testing.T) *store.Store) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, *bench)
	}{
		{"entities", testEntities},
		{"activities", testActivities},
		{"documents", testDocuments},
		{"lists", testLists},
		{"deletions", testDeletions},
		{"purge", testPurge},
		{"many", testMany},
		{"part states", testPartStates},
		{"due", testDue},
		{"due drawn", testDueDrawn},
		{"dated", testDated},
		{"rollback", testRollback},
		{"concurrent", testConcurrent},
		{"quota", testQuota},
		{"code once", testCodeOnce},
		{"privacy", testPrivacy},
		{"pictures", testPictures},
		{"picture files", testPictureFiles},
		{"people stamp", testPeopleStamp},
		{"purge athlete", testPurgeAthlete},
		{"forget", testForget},
		{"lapse", testLapse},
		{"leases", testLeases},
		{"rivals", testRivals},
		{"fence holds", testFenceHolds},
		{"dump", testDump},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.run(t, newBench(t, open))
		})
	}
}

// A bench is a store under test.
type bench struct {
	*store.Store
	t    *testing.T
	open func(t *testing.T) *store.Store
}

func newBench(t *testing.T, open func(t *testing.T) *store.Store) *bench {
	t.Helper()
	s := open(t)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return &bench{s, t, open}
}

func (b *bench) update(fn func(ctx context.Context, tx *store.Tx) error) {
	b.t.Helper()
	ctx := b.t.Context()
	if err := b.Update(ctx, nil, func(tx *store.Tx) error { return fn(ctx, tx) }); err != nil {
		b.t.Fatalf("update: %v", err)
	}
}

func (b *bench) view(fn func(ctx context.Context, tx *store.Tx) error) {
	b.t.Helper()
	ctx := b.t.Context()
	if err := b.View(ctx, func(tx *store.Tx) error { return fn(ctx, tx) }); err != nil {
		b.t.Fatalf("view: %v", err)
	}
}

// read returns what one read gives.
func read[T any](b *bench, fn func(ctx context.Context, tx *store.Tx) (T, error)) T {
	b.t.Helper()
	var got T
	b.view(func(ctx context.Context, tx *store.Tx) (err error) {
		got, err = fn(ctx, tx)
		return err
	})
	return got
}

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// at is an instant n minutes into the tests' time.
func at(n int) time.Time {
	return time.Date(2026, 5, 22, 6, 49, 27, 123e6, time.UTC).Add(time.Duration(n) * time.Minute)
}

// Bytes and texts that something on the way might change.
var (
	oddTexts = []string{"", "plain", `quotes " ' back\slash ; -- %s {now} $1`, "a\x00b\x00", "\x10", "\x1000", "\xff\xfe\x80", "crlf\r\nlf\n\t", "🚴‍♀️ Zoë é", "\uFFFD", "<b>&amp;</b>", "\xed\xa0\x80"}
	oddIDs   = []int64{1, 19403555631, 1<<53 + 1, 1<<63 - 1}
)
