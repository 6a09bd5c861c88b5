package storetest

import (
	"cmp"
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"musette"
	"musette/store"
)

// later is an instant n minutes into a time long after the tests, where nothing is due by itself.
func later(n int) time.Time { return at(n).AddDate(70, 0, 0) }

// testPartStates writes and reads states with everything in them.
func testPartStates(t *testing.T, b *bench) {
	for i, text := range oddTexts {
		full := musette.PartState{
			AthleteID: 7, ActivityID: oddIDs[i%len(oddIDs)], Part: musette.PartDetail, Due: at(i), Class: musette.ClassRecheck, Start: at(-i),
			Outcome: musette.OutcomeFailed, FirstSeen: at(1), FirstWalk: true, LastTry: at(2), LastSuccess: at(3), Tries: 1, Failures: 2,
			Rechecks: 3, Wanted: -1 << 63, Contradicted: at(4), NotFound: at(5), ErrorKind: "kind" + text, Error: text,
		}
		bare := musette.PartState{AthleteID: 7, ActivityID: full.ActivityID, Part: musette.PartPhotos}
		b.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutPartState(ctx, bare, bare, full, bare) })
		states := func(ctx context.Context, tx *store.Tx) ([]musette.PartState, error) {
			return tx.PartStates(ctx, 7, full.ActivityID)
		}
		equal(t, "states", read(b, states), []musette.PartState{full, bare})
		last := read(b, func(ctx context.Context, tx *store.Tx) ([]musette.LastError, error) { return tx.LastErrors(ctx, 1) })
		equal(t, "last error", last[0].At, full.LastTry)
		full.Outcome = musette.OutcomeQuarantined
		set := read(b, func(ctx context.Context, tx *store.Tx) ([]musette.LastError, error) { return tx.Quarantined(ctx, 10) })
		b.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutPartState(ctx, full) })
		aside := read(b, func(ctx context.Context, tx *store.Tx) ([]musette.LastError, error) { return tx.Quarantined(ctx, 10) })
		if len(set) != 0 || len(aside) != 1 || aside[0].ActivityID != full.ActivityID || aside[0].Message != text {
			t.Errorf("quarantined before: %v, after: %v", set, aside)
		}
		b.update(func(ctx context.Context, tx *store.Tx) error {
			return tx.DeletePartState(ctx, full.Key(), full.Key(), musette.Key{AthleteID: 99})
		})
		equal(t, "states", read(b, states), []musette.PartState{bare})
	}
	for _, err := range []error{b.Verify(t.Context())} {
		if err != nil {
			t.Error(err)
		}
	}
	if at := read(b, func(ctx context.Context, tx *store.Tx) (time.Time, error) { return tx.DueAfter(ctx, time.Time{}) }); !at.IsZero() {
		t.Errorf("nothing is due, but at %v", at)
	}
}

// testDue writes states at random and compares all that is asked about them with a plain list of the same.
func testDue(t *testing.T, b *bench) {
	rng := rand.New(rand.NewPCG(1, 2))
	compareQueue(t, b.Store, 20, func(_ string, n int) int { return rng.IntN(n) })
}

// testDueDrawn is testDue as rapid draws it, which makes a failure small. Each draw begins with nobody there.
func testDueDrawn(t *testing.T, b *bench) {
	if b.Kind() != "sqlite" {
		return // testDue is for both; so many steps take too long over a socket
	}
	rapid.Check(t, func(r *rapid.T) {
		for id := range int64(6) {
			err := b.Update(t.Context(), nil, func(tx *store.Tx) error {
				_, err := tx.PurgeAthlete(t.Context(), id, store.LeftOperator, at(0))
				return err
			})
			if err != nil {
				r.Fatal(err)
			}
		}
		compareQueue(r, b.Store, 4, func(what string, n int) int { return rapid.IntRange(0, n-1).Draw(r, what) })
	})
}

// tester is what both kinds of test have.
type tester interface {
	Helper()
	Fatal(args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Failed() bool
}

// compareQueue does some steps on a store in which nothing is due, and on a plain queue. draw returns one of n.
func compareQueue(t tester, s *store.Store, steps int, draw func(what string, n int) int) {
	q := &plainQueue{states: map[musette.Key]*plainState{}, turns: map[plainLane]int{}, last: map[musette.Class]int{}, blocked: map[int64]bool{}}
	ctx := context.Background()
	for step := range steps {
		now := q.instant(draw)
		perClass, perAthlete := 1+draw("per class", 8), 1+draw("per athlete", 4)
		err := s.Update(ctx, nil, func(tx *store.Tx) error {
			for range 1 + draw("writes", 30) {
				if err := q.write(ctx, tx, draw); err != nil {
					return err
				}
			}
			if draw("asked", 4) == 0 { // no promotion: a View finds what has become due
				return nil
			}
			got, err := tx.Due(ctx, now, perClass, perAthlete)
			if err != nil {
				return err
			}
			q.promote(now)
			same(t, "due", got, q.due(perClass, perAthlete))
			return q.compare(ctx, t, tx, now)
		})
		if err != nil {
			t.Fatal(err)
		}
		err = s.View(ctx, func(tx *store.Tx) error {
			if q.promoted.Equal(now) {
				got, err := tx.Due(ctx, now, perClass, perAthlete)
				if err != nil {
					return err
				}
				same(t, "due in a view", got, q.due(perClass, perAthlete))
			}
			then := q.instant(draw)
			got, err := tx.Due(ctx, then, 64, 4)
			if err != nil {
				return err
			}
			q.allDue(t, got, then)
			return q.compare(ctx, t, tx, then)
		})
		if err != nil {
			t.Fatal(err)
		}
		err = s.Update(ctx, nil, func(tx *store.Tx) error {
			if wrong, err := tx.MendLanes(ctx); wrong != 0 || err != nil {
				t.Errorf("%d counts had to be mended (%v)", wrong, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if t.Failed() {
			t.Fatalf("at step %d", step)
		}
	}
}

func same[T any](t tester, what string, got, want T) {
	t.Helper()
	if d := gocmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

type plainLane struct {
	class     musette.Class
	athleteID int64
}

type plainState struct {
	musette.PartState
	ready bool // as it was written or last promoted
}

// plainQueue is what the store promises of its queue, the slow way.
type plainQueue struct {
	states   map[musette.Key]*plainState
	turns    map[plainLane]int
	last     map[musette.Class]int // the highest turn
	blocked  map[int64]bool
	promoted time.Time // for when, if nothing was written since
}

func (q *plainQueue) instant(draw func(string, int) int) time.Time {
	if draw("far", 3) == 0 {
		return at(draw("now", 100))
	}
	return later(draw("now", 110) - 5)
}

var (
	queueParts    = append([]musette.Part{musette.ListPoll, musette.PartAthlete}, musette.ActivityParts...)
	queueOutcomes = []musette.Outcome{musette.OutcomeNever, musette.OutcomeHave, musette.OutcomeEmpty, musette.OutcomeFailed, musette.OutcomeQuarantined, musette.OutcomeHinted}
)

func (q *plainQueue) key(draw func(string, int) int) musette.Key {
	return musette.Key{AthleteID: int64(draw("athlete", 6)), ActivityID: int64(draw("activity", 12)), Part: queueParts[draw("part", len(queueParts))]}
}

// write changes something in both.
func (q *plainQueue) write(ctx context.Context, tx *store.Tx, draw func(string, int) int) error {
	q.promoted = time.Time{}
	switch draw("write", 12) {
	case 0, 1:
		k := q.key(draw)
		delete(q.states, k)
		return tx.DeletePartState(ctx, k)
	case 2:
		var keys []musette.Key
		place := map[musette.Class]int{}
		for range 1 + draw("served", 4) {
			k := q.key(draw)
			keys = append(keys, k)
			if p := q.states[k]; p != nil {
				place[p.Class]++
				q.turns[plainLane{p.Class, k.AthleteID}] = q.last[p.Class] + place[p.Class]
			}
		}
		for class, n := range place {
			q.last[class] += n
		}
		return tx.Serve(ctx, keys...)
	case 3:
		var ids []int64
		clear(q.blocked)
		for id := range int64(6) {
			if draw("blocked", 4) == 0 {
				ids = append(ids, id)
				q.blocked[id] = true
			}
		}
		return tx.Block(ctx, ids...)
	}
	k := q.key(draw)
	p := musette.PartState{
		AthleteID: k.AthleteID, ActivityID: k.ActivityID, Part: k.Part, Class: musette.Class(draw("class", int(musette.NumClasses))),
		Start: at(draw("start", 8)), Outcome: queueOutcomes[draw("outcome", len(queueOutcomes))],
	}
	switch draw("due", 4) {
	case 0, 1:
		p.Due = later(draw("minute", 100))
	case 2:
		p.Due = at(draw("minute", 100))
	}
	q.states[k] = &plainState{p, !p.Due.IsZero() && p.Due.Before(later(-10))}
	return tx.PutPartState(ctx, p)
}

func (q *plainQueue) promote(now time.Time) {
	for _, p := range q.states {
		p.ready = !p.Due.IsZero() && !p.Due.After(now)
	}
	q.promoted = now
}

func newest(a, b musette.PartState) int {
	return cmp.Or(b.Start.Compare(a.Start), cmp.Compare(a.AthleteID, b.AthleteID), cmp.Compare(b.ActivityID, a.ActivityID), cmp.Compare(a.Part, b.Part))
}

// due is what Due promises of what is ready.
func (q *plainQueue) due(perClass, perAthlete int) []musette.PartState {
	var all []musette.PartState
	for class := range musette.NumClasses {
		of := map[int64][]musette.PartState{}
		for _, p := range q.states {
			if p.Class == class && p.ready && !q.blocked[p.AthleteID] {
				of[p.AthleteID] = append(of[p.AthleteID], p.PartState)
			}
		}
		for _, list := range of {
			slices.SortFunc(list, newest)
		}
		ids := slices.SortedFunc(maps.Keys(of), func(a, b int64) int {
			return cmp.Or(cmp.Compare(q.turns[plainLane{class, a}], q.turns[plainLane{class, b}]), of[b][0].Start.Compare(of[a][0].Start), cmp.Compare(a, b))
		})
		ids = ids[:min(len(ids), perClass)]
		var picked []musette.PartState
		for round := range min(perAthlete, (perClass+len(ids)-1)/max(1, len(ids))) {
			for _, id := range ids {
				if round < len(of[id]) {
					picked = append(picked, of[id][round])
				}
			}
		}
		all = append(all, picked[:min(len(picked), perClass)]...)
	}
	return all
}

// allDue checks candidates of a time for which nothing was promoted: each is due, and nobody who has something due is
// forgotten.
func (q *plainQueue) allDue(t tester, got []musette.PartState, now time.Time) {
	t.Helper()
	lanes := map[plainLane]int{}
	for _, p := range q.states {
		if !p.Due.IsZero() && !p.Due.After(now) && !q.blocked[p.AthleteID] {
			lanes[plainLane{p.Class, p.AthleteID}] = 0
		}
	}
	for _, p := range got {
		l := plainLane{p.Class, p.AthleteID}
		lanes[l]++
		if known := q.states[p.Key()]; known == nil || gocmp.Diff(known.PartState, p) != "" || p.Due.After(now) || q.blocked[p.AthleteID] {
			t.Errorf("%+v isn't due", p)
		}
	}
	for l, n := range lanes {
		if n == 0 || n > 4 {
			t.Errorf("%d candidates of %+v, want 1 to 4", n, l)
		}
	}
}

// compare asks for everything that is counted.
func (q *plainQueue) compare(ctx context.Context, t tester, tx *store.Tx, now time.Time) error {
	t.Helper()
	var next time.Time
	var want store.Backlog
	counts := map[int64]map[musette.Part]musette.PartCount{}
	for _, p := range q.states {
		if p.ActivityID != 0 {
			addCount(counts, p.PartState)
		}
		switch open := openOutcome(p.Outcome); {
		case p.Due.IsZero():
		case !p.Due.After(now):
			if !q.blocked[p.AthleteID] && p.Outcome != musette.OutcomeHinted {
				want.Ready[p.Class]++
			}
		default:
			if next.IsZero() || p.Due.Before(next) {
				next = p.Due
			}
			if p.ActivityID != 0 && p.Class != musette.ClassRecheck && open && !q.blocked[p.AthleteID] {
				want.Waiting++
				if p.Due.After(want.Last) {
					want.Last = p.Due
				}
			}
		}
	}
	gotNext, err := tx.DueAfter(ctx, now)
	if err != nil {
		return err
	}
	same(t, "due next", gotNext, next)
	got, err := tx.Backlog(ctx, now)
	if err != nil {
		return err
	}
	same(t, "backlog", got, want)
	all, err := tx.AllPartCounts(ctx)
	if err != nil {
		return err
	}
	for id := range int64(6) {
		of, err := tx.PartCounts(ctx, id)
		if err != nil {
			return err
		}
		same(t, "counts of one and of all", of, orEmpty(all[id]))
		for part, c := range of {
			same(t, "count of "+string(part), c, counts[id][part])
			delete(counts[id], part)
		}
		for part, c := range counts[id] {
			same(t, "missing count of "+string(part), musette.PartCount{}, c)
		}
	}
	return nil
}

func orEmpty(m map[musette.Part]musette.PartCount) map[musette.Part]musette.PartCount {
	if m == nil {
		return map[musette.Part]musette.PartCount{}
	}
	return m
}

func addCount(counts map[int64]map[musette.Part]musette.PartCount, p musette.PartState) {
	if counts[p.AthleteID] == nil {
		counts[p.AthleteID] = map[musette.Part]musette.PartCount{}
	}
	c := counts[p.AthleteID][p.Part]
	switch p.Outcome {
	case musette.OutcomeHave:
		c.Have++
	case musette.OutcomeFailed:
		c.Failed++
	case musette.OutcomeQuarantined:
		c.Quarantined++
	}
	if !p.Due.IsZero() && p.Class != musette.ClassRecheck && openOutcome(p.Outcome) {
		c.Due++
	}
	counts[p.AthleteID][p.Part] = c
}

// openOutcome reports whether a part with this outcome is to be here when it is due.
func openOutcome(o musette.Outcome) bool {
	return o == musette.OutcomeNever || o == musette.OutcomeHave || o == musette.OutcomeEmpty
}
