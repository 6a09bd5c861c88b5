package store

import (
	"context"
	"fmt"
)

// A loading is under way in a transaction that takes in a dump.
type loading struct {
	t    *table   // of the rows that wait to be written in one statement
	rows []values // few, since they may be large
	sums []int64
	live *live // what of the store stays; nil where it was empty
}

// live is what a restore finds in a store that is in use, and leaves alone. DESIGN calls these the live rows: what they
// hold is newer than any snapshot, and can't be had again.
type live struct {
	used     bool // there is more than a start makes
	quota    bool
	grants   map[string]bool // by id
	athletes map[int64]bool  // who have a grant
	revoked  map[string]int64
}

// Load inserts a row of a dump as it was, once its checksum is verified. All of a dump is loaded in one Update, into
// a store that is empty ([ErrNotEmpty]) or in which MakeRoom has made room, and ends with Loaded. The epoch is the
// dump's: a restore calls RenewEpoch last.
func (tx *Tx) Load(ctx context.Context, row Row) error {
	if tx.loading == nil {
		if err := tx.wantEmpty(ctx); err != nil {
			return err
		}
		tx.loading = &loading{}
	}
	r, err := parseRow(row)
	if err != nil {
		return fmt.Errorf("store: loading a row of %s: %w", row.Table, err)
	}
	if err := r.verify(); err != nil {
		return err
	}
	if r.t == tMeta {
		r.int()
		tx.meta = &meta{epoch: r.text(), seq: r.int(), oldest: r.int()}
		tx.renewed = true
		return nil
	}
	if l := tx.loading.live; l != nil && !l.admits(r) {
		return nil
	}
	return tx.load(ctx, r)
}

// loadRows is how many rows of a dump are written at a time.
const loadRows = 50

// load writes a verified record, perhaps together with the next ones.
func (tx *Tx) load(ctx context.Context, r *record) error {
	l := tx.loading
	if l.t != r.t || len(l.rows) == loadRows {
		if err := tx.Loaded(ctx); err != nil {
			return err
		}
	}
	l.t, l.rows, l.sums = r.t, append(l.rows, r.v), append(l.sums, r.sum)
	tx.tally(r, +1)
	return nil
}

// Loaded writes what Load has kept back: the end of a dump.
func (tx *Tx) Loaded(ctx context.Context) error {
	l := tx.loading
	if l == nil || len(l.rows) == 0 {
		return nil
	}
	one, many := l.t.stmts.insert, l.t.stmts.insertMany
	if stays[l.t] {
		one, many = l.t.stmts.upsert, l.t.stmts.upsertMany
	}
	rows, sums := l.rows, l.sums
	l.rows, l.sums = l.rows[:0], l.sums[:0]
	return tx.writeRows(ctx, l.t, one, many, rows, sums)
}

// wantEmpty returns [ErrNotEmpty] if anything is in the store but what a start puts there.
func (tx *Tx) wantEmpty(ctx context.Context) error {
	for _, t := range tables {
		if t == tMeta || !t.summed() {
			continue
		}
		n, err := tx.hasRows(ctx, t)
		if err != nil {
			return err
		}
		if n {
			return fmt.Errorf("store: loading into %s: %w: %s has rows", tx.s.where, ErrNotEmpty, t.name)
		}
	}
	return nil
}

func (tx *Tx) hasRows(ctx context.Context, t *table) (bool, error) {
	var n int
	err := tx.scalar(ctx, "looking into "+t.name, "SELECT count(*) FROM (SELECT 1 FROM {"+t.name+"} LIMIT 1) AS x", nil, &n)
	return n > 0, err
}

// stays are the tables that MakeRoom doesn't empty.
var stays = map[*table]bool{tMeta: true, tLeases: true, tInbox: true, tGrants: true, tQuota: true, tZones: true, tHides: true, tPictureFiles: true}

// MakeRoom empties the store for the rows of a dump, which are loaded in the same transaction. What is live stays and
// goes before what the dump has: leases, inbox, quota, and the grants of those who have one. Nothing is shown after
// a restore that was hidden before it: privacy zones and hides stay, beside those of the dump, a key that was revoked
// stays revoked, and the sessions are those that there were.
func (tx *Tx) MakeRoom(ctx context.Context) error {
	l := &live{grants: map[string]bool{}, athletes: map[int64]bool{}, revoked: map[string]int64{}}
	for _, t := range []*table{tGrants, tKeys, tAthletes, tActivities, tDocuments} {
		n, err := tx.hasRows(ctx, t)
		if err != nil {
			return err
		}
		l.used = l.used || n
	}
	if err := l.read(ctx, tx); err != nil {
		return err
	}
	for _, t := range tables {
		if t == tKeys && l.used {
			if _, err := tx.exec(ctx, "making room", "DELETE FROM {keys} WHERE kind = $1", KeyKind); err != nil {
				return err
			}
		} else if !stays[t] {
			if _, err := tx.exec(ctx, "making room", "DELETE FROM {"+t.name+"}"); err != nil {
				return err
			}
		}
	}
	tx.loading = &loading{live: l}
	return nil
}

func (l *live) read(ctx context.Context, tx *Tx) error {
	grants, err := tx.records(ctx, tGrants, "")
	if err != nil {
		return err
	}
	for _, r := range grants {
		id, _ := r.v[0].(string)
		athleteID, _ := r.v[1].(int64)
		l.grants[id] = true
		if r.damage() == nil {
			l.athletes[athleteID] = true
		}
	}
	keys, err := tx.records(ctx, tKeys, " WHERE revoked_at_ms <> 0")
	if err != nil {
		return err
	}
	for _, r := range keys {
		id, _ := r.v[0].(string)
		l.revoked[id], _ = r.v[keyRevoked].(int64)
	}
	l.quota, err = tx.hasRows(ctx, tQuota)
	return err
}

var (
	keyKind    = tKeys.index("kind")
	keyRevoked = tKeys.index("revoked_at_ms")
)

// admits reports whether a row of a dump is taken into a store that is in use. That of a revoked key is changed.
func (l *live) admits(r *record) bool {
	switch r.t {
	case tQuota:
		return !l.quota
	case tGrants:
		return !l.grants[r.v[0].(string)] && !l.athletes[r.v[1].(int64)]
	case tKeys:
		if at := l.revoked[r.v[0].(string)]; at != 0 {
			r.v[keyRevoked] = at
			r.sum = r.t.sum(r.v)
		}
		return !l.used || r.v[keyKind].(string) == KeyKind
	}
	return true
}

// Key names the row as a [DamageError] does; "" if the row can't be read.
func (row Row) Key() string {
	r, err := parseRow(row)
	if err != nil {
		return ""
	}
	return r.t.key(r.v)
}
