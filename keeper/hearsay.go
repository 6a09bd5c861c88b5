package keeper

import (
	"context"
	"time"

	"github.com/go-json-experiment/json"

	"musette/plan"
	"musette/store"
)

const (
	// trusted is how many new activities in a row must have come with an event for webhooks to be taken to work.
	trusted = 5
	// toldMost is how many activities that aren't known yet are remembered at once; the oldest is forgotten.
	toldMost = 64
)

// hearsay is what is known about an athlete's events, to tell whether webhooks work. It is a cursor in the store, which
// is written whole: so it never grows beyond toldMost.
type hearsay struct {
	// Told are activities not known yet that an event has named, with when (Unix seconds).
	Told map[int64]int64 `json:"told,omitempty"`
	// Row counts the new activities since the last that came without an event, up to trusted.
	Row int `json:"row,omitzero"`
	// Cost is what events on what is here have cost today for nothing.
	Cost plan.EventCalls `json:"cost,omitzero"`
}

const hearsayName = "events"

func readHearsay(ctx context.Context, tx *store.Tx, athleteID int64) (h hearsay, err error) {
	body, err := tx.Cursor(ctx, athleteID, hearsayName)
	if sound(err) != nil {
		return h, err
	}
	if err != nil || json.Unmarshal(body, &h) != nil {
		h = hearsay{}
	}
	if h.Told == nil {
		h.Told = map[int64]int64{}
	}
	return h, nil
}

func (h hearsay) write(ctx context.Context, tx *store.Tx, athleteID int64) error {
	body, err := json.Marshal(h, json.Deterministic(true))
	if err != nil {
		return err
	}
	return tx.PutCursor(ctx, athleteID, hearsayName, body)
}

// works reports whether events tell of what is new, so that polls may be rare.
func (h hearsay) works() bool { return h.Row >= trusted }

// found counts a new activity, and reports whether an event has told of it.
func (h *hearsay) found(id int64) bool {
	if _, ok := h.Told[id]; !ok {
		h.Row = 0
		return false
	}
	delete(h.Told, id)
	h.Row = min(h.Row+1, trusted)
	return true
}

// forget makes room for one more: those that came to nothing go, the oldest first.
func (h *hearsay) forget() {
	for len(h.Told) >= toldMost {
		oldest := int64(-1)
		for id, at := range h.Told {
			if oldest < 0 || at < h.Told[oldest] || at == h.Told[oldest] && id < oldest {
				oldest = id
			}
		}
		delete(h.Told, oldest)
	}
}

// told notes that an event has named an activity that isn't known yet.
func told(ctx context.Context, tx *store.Tx, athleteID, id int64, now time.Time) error {
	h, err := readHearsay(ctx, tx, athleteID)
	if err != nil {
		return err
	}
	if _, ok := h.Told[id]; ok {
		return nil
	}
	h.forget()
	h.Told[id] = now.Unix()
	return h.write(ctx, tx, athleteID)
}

// heard counts new activities, and returns those that events have told of. The others a poll had to find.
func heard(ctx context.Context, tx *store.Tx, athleteID int64, ids ...int64) (hinted []int64, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	h, err := readHearsay(ctx, tx, athleteID)
	if err != nil {
		return nil, err
	}
	if h.Row == 0 && len(h.Told) == 0 { // no webhooks: nothing to count
		return nil, nil
	}
	for _, id := range ids {
		if h.found(id) {
			hinted = append(hinted, id)
		}
	}
	return hinted, h.write(ctx, tx, athleteID)
}

// distrust lets polls be as frequent as without webhooks: events can't be followed any more for now.
func (k *Keeper) distrust(ctx context.Context, tx *store.Tx, athleteID int64) error {
	h, err := readHearsay(ctx, tx, athleteID)
	if err != nil || h.Row == 0 {
		return err
	}
	rare := h.works()
	h.Row = 0
	if err := h.write(ctx, tx, athleteID); err != nil || !rare {
		return err
	}
	return k.refitLists(ctx, tx, athleteID)
}
