package token

import (
	"context"
	"errors"
	"fmt"

	"musette"
	"musette/store"
)

// Check tries to open every grant, and records on those that are sealed with another key that they need a person
// ([CauseKey]), and on those that open again that they don't. It asks Strava nothing: a wrong key is known at the start,
// not at the next due call.
func (t *Tokens) Check(ctx context.Context) error {
	var grants []store.Grant
	err := t.store.View(ctx, func(tx *store.Tx) (err error) {
		grants, err = goodGrants(ctx, tx)
		return err
	})
	if err != nil {
		return fmt.Errorf("try the key on the tokens: %w", err)
	}
	for _, row := range grants {
		_, err := t.seals.openPair(row.ID, row.Sealed)
		switch {
		case errors.Is(err, errOtherKey):
			_ = t.reconnect(row, &ReconnectError{Cause: CauseKey, Text: textKey}) // it is on the grant now
		case err == nil && row.Cause == textKey:
			t.judge(&row)
			t.note(row)
		}
	}
	return nil
}

// Judge returns a function that shows a grant, in memory only, as this key finds it: for a reader who has the key and
// isn't the one to write anything.
func Judge(key Key) (func(*store.Grant), error) {
	seals, err := newSealer(key)
	if err != nil {
		return nil, err
	}
	return func(g *store.Grant) {
		if _, err := seals.openPair(g.ID, g.Sealed); errors.Is(err, errOtherKey) {
			g.State, g.Cause = musette.StateReconnect, textKey
		}
	}, nil
}

// NoKeyCause is what to say of grants while there is no key at all.
const NoKeyCause = "there is no key to open the athletes' tokens with; what is stored stays and is served; " +
	"set MUSETTE_SECRET_KEY or put the key file back, and start again"
