package token_test

import (
	"context"
	"strings"
	"time"

	"musette/store"
	"musette/strava"
	"musette/token"
)

// child refreshes a grant in a process of its own.
func child(dir, url, grantID, app string) error {
	ctx := context.Background()
	st, err := store.Open(ctx, store.Config{Dir: dir})
	if err != nil {
		return err
	}
	id, secret, _ := strings.Cut(app, " ")
	client, err := strava.New(strava.WithOAuthURL(url+"/oauth"), strava.WithApp(id, strava.Secret(secret)))
	if err != nil {
		return err
	}
	tokens, err := token.New(token.Config{
		Store: st, Strava: client, Key: testKey, Dir: dir,
		Now: func() time.Time { return time.Date(2026, 5, 22, 15, 0, 1, 0, time.UTC) },
	})
	if err != nil {
		return err
	}
	_, err = tokens.Access(ctx, grantID)
	return err
}
