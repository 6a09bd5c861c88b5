package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	"musette"
)

// A tally says what should be there: how many rows of one table an athlete has, and the XOR of their checksums. A row
// that vanished, or came from elsewhere, shows.
type tally struct{ rows, xor int64 }

type tallyKey struct {
	athleteID int64
	table     string
}

type countKey struct {
	athleteID int64
	part      string
}

// tally notes, for the end of the transaction, that a row came (+1) or went (-1).
func (tx *Tx) tally(r *record, sign int64) {
	if !r.t.tallied {
		return
	}
	athleteID, _ := r.v[0].(int64)
	k := tallyKey{athleteID, r.t.name}
	d := tx.tallies[k]
	d.rows += sign
	d.xor ^= r.sum
	tx.tallies[k] = d
	if r.t == tPartStates {
		tx.count(r, int(sign))
		tx.lane(r, sign)
		if sign < 0 && r.damage() != nil { // who knows what it was counted as
			if r.v[1] != int64(0) {
				tx.recount[countKeyOf(r)] = true
			}
			tx.doubted[athleteID] = true
		}
	}
}

func countKeyOf(r *record) countKey {
	athleteID, _ := r.v[0].(int64)
	part, _ := r.v[2].(string)
	return countKey{athleteID, part}
}

var (
	partStateDue     = tPartStates.index("due_at_ms")
	partStateClass   = tPartStates.index("class")
	partStateOutcome = tPartStates.index("outcome")
)

func (tx *Tx) count(r *record, sign int) {
	activityID, _ := r.v[1].(int64)
	due, _ := r.v[partStateDue].(int64)
	class, _ := r.v[partStateClass].(int64)
	outcome, _ := r.v[partStateOutcome].(string)
	if activityID == 0 {
		return
	}
	k := countKeyOf(r)
	c := tx.counts[k]
	switch musette.Outcome(outcome) {
	case musette.OutcomeHave:
		c.Have += sign
	case musette.OutcomeFailed:
		c.Failed += sign
	case musette.OutcomeQuarantined:
		c.Quarantined += sign
	}
	// A recheck looks again at what is here: nothing is missing because of it.
	if due != 0 && musette.Class(class) != musette.ClassRecheck && isOpen(musette.Outcome(outcome)) {
		c.Due += sign
	}
	tx.counts[k] = c
}

func isOpen(o musette.Outcome) bool {
	return o != musette.OutcomeFailed && o != musette.OutcomeQuarantined && o != musette.OutcomeHinted
}

// flush writes what the transaction adds to tallies, counts and the number of changes. It is the last thing before
// the commit.
func (tx *Tx) flush(ctx context.Context) error {
	for _, flush := range []func(context.Context) error{tx.flushTallies, tx.flushCounts, tx.flushLanes, tx.flushSeq} {
		if err := flush(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) flushTallies(ctx context.Context) error {
	byAthlete := func(a, b tallyKey) int {
		return cmp.Or(cmp.Compare(a.athleteID, b.athleteID), cmp.Compare(a.table, b.table))
	}
	var rows []values
	for _, k := range slices.SortedFunc(maps.Keys(tx.tallies), byAthlete) {
		if tx.tallies[k] != (tally{}) {
			rows = append(rows, values{k.athleteID, k.table, int64(0), int64(0)})
		}
	}
	olds, err := tx.known(ctx, tTallies, rows)
	if err != nil {
		return err
	}
	for _, v := range rows {
		k := tallyKey{v[0].(int64), v[1].(string)}
		now, err := tx.tallyNow(olds[tTallies.key(v)], k)
		if err != nil {
			now, err = tx.addUp(ctx, k)
		}
		if err != nil {
			return err
		}
		v[2], v[3] = now.rows, now.xor
	}
	return tx.replace(ctx, tTallies, olds, rows)
}

// addUp makes a tally from the rows, where the one that was kept is damaged.
func (tx *Tx) addUp(ctx context.Context, k tallyKey) (tally, error) {
	var got tally
	stmt := "SELECT sum FROM {" + k.table + "} WHERE athlete_id = $1"
	err := tx.query(ctx, "adding up "+k.table, stmt, []any{k.athleteID}, func(rows *sql.Rows) error {
		var sum int64
		err := rows.Scan(&sum)
		got = tally{got.rows + 1, got.xor ^ sum}
		return err
	})
	return got, err
}

func (tx *Tx) flushCounts(ctx context.Context) error {
	byAthlete := func(a, b countKey) int {
		return cmp.Or(cmp.Compare(a.athleteID, b.athleteID), cmp.Compare(a.part, b.part))
	}
	var rows []values
	for _, k := range slices.SortedFunc(maps.Keys(tx.counts), byAthlete) {
		if tx.counts[k] != (musette.PartCount{}) || tx.recount[k] {
			rows = append(rows, values{k.athleteID, k.part, int64(0), int64(0), int64(0), int64(0)})
		}
	}
	olds, err := tx.known(ctx, tPartCounts, rows)
	if err != nil {
		return err
	}
	for _, v := range rows {
		k := countKey{v[0].(int64), v[1].(string)}
		c, old := tx.counts[k], olds[tPartCounts.key(v)]
		switch {
		case tx.recount[k] || old != nil && old.damage() != nil:
			if c, err = tx.countAgain(ctx, k); err != nil {
				return err
			}
		case old != nil:
			_, was := partCountFrom(old)
			c = plus(was, c)
		}
		v[2], v[3], v[4], v[5] = int64(c.Have), int64(c.Due), int64(c.Failed), int64(c.Quarantined)
	}
	return tx.replace(ctx, tPartCounts, olds, rows)
}

// countAgain counts from the rows, where what was counted before can't be relied on.
func (tx *Tx) countAgain(ctx context.Context, k countKey) (musette.PartCount, error) {
	rows, err := tx.records(ctx, tPartStates, " WHERE athlete_id = $1 AND part = $2", k.athleteID, k.part)
	again := &Tx{counts: map[countKey]musette.PartCount{}}
	for _, r := range rows {
		again.count(r, +1)
	}
	return again.counts[k], err
}

func plus(a, b musette.PartCount) musette.PartCount {
	return musette.PartCount{Have: a.Have + b.Have, Due: a.Due + b.Due, Failed: a.Failed + b.Failed, Quarantined: a.Quarantined + b.Quarantined}
}

func partCountFrom(r *record) (musette.Part, musette.PartCount) {
	r.int()
	return musette.Part(r.text()), musette.PartCount{Have: r.num(), Due: r.num(), Failed: r.num(), Quarantined: r.num()}
}

// readTally returns what should be there now, this transaction's own writes included.
func (tx *Tx) readTally(ctx context.Context, k tallyKey) (tally, error) {
	r, err := tx.one(ctx, tTallies, k.athleteID, k.table)
	if err != nil {
		return tally{}, err
	}
	return tx.tallyNow(r, k)
}

// tallyNow is what a stored tally, nil if there is none, and this transaction's own writes come to.
func (tx *Tx) tallyNow(r *record, k tallyKey) (tally, error) {
	d := tx.tallies[k]
	if r == nil {
		return d, nil
	}
	if bad := r.damage(); bad != nil {
		return tally{}, bad
	}
	r.int()
	r.text()
	return tally{rows: r.int() + d.rows, xor: r.int() ^ d.xor}, nil
}

// compare reports what is there against what should be.
func (tx *Tx) compare(ctx context.Context, athleteID int64, t *table, got tally) error {
	want, err := tx.readTally(ctx, tallyKey{athleteID, t.name})
	if err != nil || got == want {
		return err
	}
	reason := "a row's checksum isn't the one that was written last"
	if got.rows != want.rows {
		reason = fmt.Sprintf("%d rows are here, %d were written", got.rows, want.rows)
	}
	return &DamageError{t.name, fmt.Sprint(athleteID), reason}
}

// PartCounts returns, by part, how complete an athlete's activities are. Listings and the athlete part aren't counted.
// A damaged count is left out and returned as a joined [DamageError] beside the good ones.
func (tx *Tx) PartCounts(ctx context.Context, athleteID int64) (map[musette.Part]musette.PartCount, error) {
	counts, err := tx.partCounts(ctx, func(id int64) bool { return id == athleteID }, " WHERE athlete_id = $1", athleteID)
	if counts[athleteID] == nil && counts != nil {
		return map[musette.Part]musette.PartCount{}, err
	}
	return counts[athleteID], err
}

// AllPartCounts is PartCounts of all athletes, in one statement.
func (tx *Tx) AllPartCounts(ctx context.Context) (map[int64]map[musette.Part]musette.PartCount, error) {
	return tx.partCounts(ctx, func(int64) bool { return true }, "")
}

// partCounts reads the counts that where picks, and adds what this transaction has to add to those that of picks.
func (tx *Tx) partCounts(ctx context.Context, of func(athleteID int64) bool, where string, args ...any) (map[int64]map[musette.Part]musette.PartCount, error) {
	rows, err := tx.records(ctx, tPartCounts, where, args...)
	if err != nil {
		return nil, err
	}
	counts := map[int64]map[musette.Part]musette.PartCount{}
	add := func(athleteID int64, part musette.Part, c musette.PartCount) {
		if counts[athleteID] == nil {
			counts[athleteID] = make(map[musette.Part]musette.PartCount, len(musette.ActivityParts))
		}
		counts[athleteID][part] = plus(counts[athleteID][part], c)
	}
	var bad []error
	for _, r := range rows {
		if d := r.damage(); d != nil {
			bad = append(bad, d)
			continue
		}
		athleteID, _ := r.v[0].(int64)
		part, c := partCountFrom(r)
		add(athleteID, part, c)
	}
	for k, d := range tx.counts {
		if of(k.athleteID) {
			add(k.athleteID, musette.Part(unescapeText(k.part)), d)
		}
	}
	return counts, errors.Join(bad...)
}

// compareCounts reports the counts that aren't what the part states come to.
func (tx *Tx) compareCounts(ctx context.Context, counted map[countKey]musette.PartCount) ([]error, error) {
	rows, err := tx.records(ctx, tPartCounts, "")
	if err != nil {
		return nil, err
	}
	var bad []error
	for _, r := range rows {
		athleteID, _ := r.v[0].(int64)
		part, _ := r.v[1].(string)
		k := countKey{athleteID, part}
		if d := r.damage(); d != nil {
			bad = append(bad, d)
		} else if _, c := partCountFrom(r); c != counted[k] {
			bad = append(bad, &DamageError{tPartCounts.name, tPartCounts.key(r.v), fmt.Sprintf("%+v is kept, %+v is counted", c, counted[k])})
		}
		delete(counted, k)
	}
	for k, c := range counted {
		if c != (musette.PartCount{}) {
			bad = append(bad, &DamageError{tPartCounts.name, fmt.Sprintf("%d/%s", k.athleteID, k.part), "the row is missing"})
		}
	}
	return bad, nil
}

// athletesIn lists the athletes that have rows in a table or a tally for it.
func (tx *Tx) athletesIn(ctx context.Context, t *table) ([]int64, error) {
	stmt := "SELECT athlete_id FROM {tallies} WHERE name = $1 UNION SELECT DISTINCT athlete_id FROM {" + t.name + "} ORDER BY 1"
	var ids []int64
	err := tx.query(ctx, "reading tallies", stmt, []any{t.name}, func(rows *sql.Rows) error {
		var id int64
		ids = append(ids, 0)
		err := rows.Scan(&id)
		ids[len(ids)-1] = id
		return err
	})
	return ids, err
}
