package keeper

import (
	"context"
	"time"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/store"
)

// A Worry is something about the store's own safety that a person should know of, and that stops nothing. There is at
// most one of each kind; its name is that of a setting.
type Worry string

// The worries.
const (
	WorryDamage Worry = "worry.damage" // the last check found what couldn't be mended
	WorryCopy   Worry = "worry.copy"   // the second directory didn't take the newest snapshot
	WorryBackup Worry = "worry.backup" // the snapshot itself couldn't be written
)

var worries = []Worry{WorryDamage, WorryCopy, WorryBackup}

// kind is how a worry is called among the last errors.
func (w Worry) kind() string { return string(w[len("worry."):]) }

type worry struct {
	Since   time.Time `json:"since"`
	Message string    `json:"message"`
}

// Note writes down a worry, with since when there is one of its kind; "" takes it back. One that is as before is not
// written again.
func Note(ctx context.Context, st *store.Store, w Worry, message string, now time.Time) error {
	return st.Update(ctx, nil, func(tx *store.Tx) error {
		text, err := tx.Setting(ctx, string(w))
		if sound(err) != nil {
			return err
		}
		var before worry
		if text != "" && json.Unmarshal([]byte(text), &before) != nil {
			before = worry{}
		}
		switch {
		case message == before.Message && err == nil:
			return nil
		case message == "":
			return tx.PutSetting(ctx, string(w), "")
		case before.Message == "":
			before.Since = now.UTC().Truncate(time.Second)
		}
		before.Message = message
		body, err := json.Marshal(&before)
		if err != nil {
			return err
		}
		return tx.PutSetting(ctx, string(w), string(body))
	})
}

// noted are the worries as the status shows them.
func noted(ctx context.Context, tx *store.Tx) (list []musette.LastError, err error) {
	for _, w := range worries {
		text, err := tx.Setting(ctx, string(w))
		if sound(err) != nil {
			return nil, err
		}
		var now worry
		if text != "" && json.Unmarshal([]byte(text), &now) == nil {
			list = append(list, musette.LastError{At: now.Since, Kind: w.kind(), Message: now.Message})
		}
	}
	return list, nil
}
