package keeper

import (
	"context"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/plan"
	"musette/store"
)

// marks are the doubts about an athlete's activities, by id, with when each began (Unix seconds). They are one
// cursor in the store, and not columns of every part state: they are few, and all of one athlete's are wanted at once,
// to judge how many they are.
type marks struct {
	Absent    map[int64]int64 `json:"absent,omitempty"`    // a listing lacked it, or an event named it: with a 404 on top it is gone
	Buried    map[int64]int64 `json:"buried,omitempty"`    // it went without a person's word; kept for a day, see guard.go
	Routeless map[int64]int64 `json:"routeless,omitempty"` // its summary has lost its route: believed if it stays so
	Held      musette.Part    `json:"-"`                   // the listing at hand, if it lacked too much to be believed
	HeldSince int64           `json:"held_since,omitzero"`

	was string
}

const marksName = "marks"

func readMarks(ctx context.Context, tx *store.Tx, athleteID int64) (m marks, err error) {
	body, err := tx.Cursor(ctx, athleteID, marksName)
	if sound(err) != nil {
		return m, err
	}
	if err != nil || json.Unmarshal(body, &m) != nil {
		m = marks{}
	}
	m.was = string(body)
	if m.Absent == nil {
		m.Absent = map[int64]int64{}
	}
	if m.Buried == nil {
		m.Buried = map[int64]int64{}
	}
	if m.Routeless == nil {
		m.Routeless = map[int64]int64{}
	}
	return m, nil
}

// write stores the marks if they have changed.
func (m *marks) write(ctx context.Context, tx *store.Tx, athleteID int64) error {
	body, err := json.Marshal(m, json.Deterministic(true))
	if err != nil {
		return err
	}
	if string(body) == "{}" {
		body = nil
	}
	if string(body) == m.was {
		return nil
	}
	return tx.PutCursor(ctx, athleteID, marksName, body)
}

// missing adds to next what page p of listing l lacks of the activities that are known. One that an earlier page of
// the same listing had is not missing.
func (k *Keeper) missing(ctx context.Context, tx *store.Tx, athleteID int64, p page, l listing, bottom bool, next *listing) error {
	from, to := l.covers(p, bottom)
	should, err := tx.ActivityIDs(ctx, athleteID, from, to)
	if err != nil {
		return err
	}
	has := make(map[int64]bool, len(p.ids))
	for _, id := range p.ids {
		has[id] = true
	}
	next.Should += len(should)
	next.Missing = slices.DeleteFunc(slices.Clone(next.Missing), func(id int64) bool { return has[id] })
	should = slices.DeleteFunc(should, func(id int64) bool { return has[id] || slices.Contains(next.Missing, id) })
	if !from.IsZero() && len(should) > 0 {
		hidden, err := hidingTime(ctx, tx, athleteID, from, from.Add(overlap*time.Second))
		if err != nil {
			return err
		}
		should = slices.DeleteFunc(should, func(id int64) bool { return slices.Contains(hidden, id) })
	}
	if len(should) == 0 {
		return nil
	}
	metas, err := tx.DocumentMetas(ctx, athleteID, musette.PartSummary, should)
	if sound(err) != nil {
		return err
	}
	for _, id := range should {
		if !l.confirmed(metas[id], k.Now()) {
			next.Missing = append(next.Missing, id)
		}
	}
	if n := len(next.Missing); n > enough {
		next.Lost, next.Missing = next.Lost+n, nil
	}
	return nil
}

// hidingTime returns the activities within [from, to) that may hide their time of day: they are shown at one second past
// midnight. If the list goes by their true starts they may be beyond a page that ends at from.
func hidingTime(ctx context.Context, tx *store.Tx, athleteID int64, from, to time.Time) (ids []int64, err error) {
	for at := from.UTC().Truncate(24 * time.Hour).Add(time.Second); at.Before(to); at = at.Add(24 * time.Hour) {
		some, err := tx.ActivityIDs(ctx, athleteID, at, at)
		if err != nil {
			return nil, err
		}
		ids = append(ids, some...)
	}
	return ids, nil
}

// confirmed reports whether a summary was listed since the listing began. One dated ahead of now was not: the clock was
// ahead then.
func (l listing) confirmed(m musette.Document, now time.Time) bool {
	return m.ConfirmedAt.UnixMilli() >= l.Since && !m.ConfirmedAt.After(now.Add(plan.Ahead))
}

// enough is how many missing activities a cursor names; of more, only the number is kept.
const enough = 1000
