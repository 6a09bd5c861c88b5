package keeper

import (
	"context"
	"errors"
	"strings"
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
	WorryDamage   Worry = "worry.damage"   // the last check found what couldn't be mended
	WorryCopy     Worry = "worry.copy"     // the second directory didn't take the newest snapshot
	WorryBackup   Worry = "worry.backup"   // the snapshot itself couldn't be written
	WorryPictures Worry = "worry.pictures" // the directory of pictures doesn't take any
)

var worries = []Worry{WorryDamage, WorryCopy, WorryBackup, WorryPictures}

// kind is how a worry is called among the last errors.
func (w Worry) kind() string { return string(w[len("worry."):]) }

type worry struct {
	Since   time.Time `json:"since"`
	Message string    `json:"message"`
	Full    bool      `json:"full,omitzero"` // the disk is
}

// Note writes down why there is a worry, with since when there is one of its kind; nil takes it back. One that is as
// before is not written again. If the reason is a [store.ErrDiskFull], the status warns of that, too.
func Note(ctx context.Context, st *store.Store, w Worry, why error, now time.Time) error {
	var after worry
	if why != nil {
		after = worry{Message: why.Error(), Full: errors.Is(why, store.ErrDiskFull)}
	}
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
		case after.Message == before.Message && err == nil:
			return nil
		case after.Message == "":
			return tx.PutSetting(ctx, string(w), "")
		case before.Message == "":
			before.Since = now.UTC().Truncate(time.Second)
		}
		after.Since = before.Since
		body, err := json.Marshal(&after)
		if err != nil {
			return err
		}
		return tx.PutSetting(ctx, string(w), string(body))
	})
}

// noted are the worries that there are.
func noted(ctx context.Context, tx *store.Tx) (map[Worry]worry, error) {
	all := map[Worry]worry{}
	for _, w := range worries {
		text, err := tx.Setting(ctx, string(w))
		if sound(err) != nil {
			return nil, err
		}
		var now worry
		if text != "" && json.Unmarshal([]byte(text), &now) == nil {
			all[w] = now
		}
	}
	return all, nil
}

// asErrors are the worries as the status shows them.
func asErrors(noted map[Worry]worry) (list []musette.LastError) {
	for _, w := range worries {
		if now, ok := noted[w]; ok {
			list = append(list, musette.LastError{At: now.Since, Kind: w.kind(), Message: now.Message})
		}
	}
	return list
}

// fullWarnings says that there is no room for files, while the database can still be written.
func fullWarnings(noted map[Worry]worry) []musette.Warning {
	var without []string
	var began time.Time
	for _, of := range []struct {
		Worry
		what string
	}{{WorryBackup, "no snapshot can be written"}, {WorryPictures, "no picture can be kept"}} {
		if w := noted[of.Worry]; w.Full {
			without = append(without, of.what)
			if began.IsZero() || w.Since.Before(began) {
				began = w.Since
			}
		}
	}
	if len(without) == 0 {
		return nil
	}
	return []musette.Warning{{
		Name: musette.WarningDiskFull, Since: since(began),
		Cause: "the disk of the data directory is full: " + strings.Join(without, " and ") +
			". Nothing is lost: the database is as it should be, and takes what comes as long as it finds room",
		Advice: "free some space; `musette serve` goes on by itself within minutes, `musette sync` the next time",
	}}
}

// owesSnapshot reports whether the last snapshot that was tried couldn't be written.
func (k *Keeper) owesSnapshot(ctx context.Context) (owes bool) {
	err := k.Store.View(ctx, func(tx *store.Tx) error {
		text, err := tx.Setting(ctx, string(WorryBackup))
		owes = text != ""
		return err
	})
	return owes && err == nil
}
