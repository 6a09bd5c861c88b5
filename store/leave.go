package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"musette"
)

// Who ended an athlete's mirror.
const (
	LeftAthlete  = "athlete"  // the athlete, at Strava
	LeftOperator = "operator" // the operator, here
)

// A Departure notes that an athlete has left. It is written with the removal of their rows, and stays: files beside
// the store, a snapshot or a sealed token, that came before it or come back from elsewhere are told by it. It doesn't
// name the athlete, and recognises them all the same.
type Departure struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`               // LeftAthlete or LeftOperator
	Salt   string    `json:"salt"`             // random
	Print  string    `json:"print"`            // SHA-256 of salt and athlete, in hex
	Grants []string  `json:"grants,omitempty"` // the ids of theirs
}

// Of reports whether it is this athlete who left.
func (d Departure) Of(athleteID int64) bool { return d.Print == departurePrint(d.Salt, athleteID) }

func departurePrint(salt string, athleteID int64) string {
	sum := sha256.Sum256([]byte(salt + " " + strconv.FormatInt(athleteID, 10)))
	return hex.EncodeToString(sum[:])
}

// departuresName is the setting that holds all departures, as JSON.
const departuresName = "departures"

// Departures returns all there were, the oldest first.
func (tx *Tx) Departures(ctx context.Context) ([]Departure, error) {
	text, err := tx.Setting(ctx, departuresName)
	if err != nil {
		return nil, err
	}
	return parseDepartures(text)
}

func parseDepartures(text string) (all []Departure, err error) {
	if text == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return nil, &DamageError{tSettings.name, departuresName, "it isn't a list of departures"}
	}
	return all, nil
}

func departuresText(all []Departure) (string, error) {
	text, err := json.Marshal(all, json.Deterministic(true))
	return string(text), err
}

// PurgeAthlete removes all rows of an athlete who has left, whatever their table, and notes the [Departure] in the same
// transaction. It returns how many rows went, by table. Nothing about the athlete stays, not even the numbers of their
// changes: instead the epoch is another one, and who follows the changes starts anew.
func (tx *Tx) PurgeAthlete(ctx context.Context, athleteID int64, by string, at time.Time) (map[string]int64, error) {
	d := Departure{At: at.UTC().Truncate(time.Second), By: by, Salt: rand.Text()}
	d.Print = departurePrint(d.Salt, athleteID)
	grants, err := tx.records(ctx, tGrants, " WHERE athlete_id = $1 ORDER BY grant_id", athleteID)
	if err != nil {
		return nil, err
	}
	for _, r := range grants {
		if id, ok := r.v[0].(string); ok {
			d.Grants = append(d.Grants, unescapeText(id))
		}
	}
	if err := tx.leaveLanes(ctx, athleteID); err != nil {
		return nil, err
	}
	gone := map[string]int64{}
	for _, t := range tables {
		if !t.about("athlete_id") {
			continue
		}
		n, err := tx.exec(ctx, "deleting from "+t.name, "DELETE FROM {"+t.name+"} WHERE athlete_id = $1", athleteID)
		if err != nil {
			return nil, err
		}
		if n > 0 && t != tTallies && t != tPartCounts && t != tLanes {
			gone[t.name] = n
		}
	}
	// What this transaction wrote before is gone with the rest.
	maps.DeleteFunc(tx.tallies, func(k tallyKey, _ tally) bool { return k.athleteID == athleteID })
	maps.DeleteFunc(tx.counts, func(k countKey, _ musette.PartCount) bool { return k.athleteID == athleteID })
	maps.DeleteFunc(tx.recount, func(k countKey, _ bool) bool { return k.athleteID == athleteID })
	all, err := tx.Departures(ctx)
	if _, damaged := errors.AsType[*DamageError](err); err != nil && !damaged {
		return nil, err
	}
	text, err := departuresText(append(all, d))
	if err != nil {
		return nil, fmt.Errorf("store: noting that an athlete has left: %w", err)
	}
	if err := tx.PutSetting(ctx, departuresName, text); err != nil {
		return nil, err
	}
	if _, err := tx.number(ctx); err != nil {
		return nil, err
	}
	return gone, tx.RenewEpoch(ctx)
}

// about reports whether a table's rows belong to whatever the column names.
func (t *table) about(name string) bool {
	return slices.ContainsFunc(t.cols, func(c column) bool { return c.name == name })
}

// scrubPatience is how long Scrub waits for readers of old pages to end.
const scrubPatience = 10 * time.Second

// Scrub removes from the disk what deleted rows have left in SQLite's log; in the file itself they were overwritten when
// they were deleted. It waits for readers for a while, and reports whether all is gone: if not, the next start does it. On
// Postgres there is nothing to do from here.
func (s *Store) Scrub(ctx context.Context) (bool, error) {
	if s.path == "" {
		return true, nil
	}
	for deadline := time.Now().Add(scrubPatience); ; {
		if err := s.logLost(); err != nil {
			return false, err
		}
		var busy, pages, moved int
		err := s.writer.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved)
		if err != nil {
			return false, s.fail("emptying the log", err)
		}
		if busy == 0 {
			return true, nil
		}
		if time.Now().After(deadline) {
			return false, nil
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
