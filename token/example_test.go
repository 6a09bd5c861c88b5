package token_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"

	"musette/store"
	"musette/strava"
	"musette/strava/stravatest"
	"musette/token"
)

// A refresh token from the configuration is taken in once; after that, Access
// is all that a caller needs.
func ExampleTokens() {
	ctx := context.Background()
	fake := stravatest.New(stravatest.Config{Seed: 7, Activities: 1})
	server := httptest.NewServer(fake)
	defer server.Close()
	client, _ := strava.New(
		strava.WithAPIURL(server.URL+"/api/v3"), strava.WithOAuthURL(server.URL+"/oauth"),
		strava.WithApp(fake.ClientID(), strava.Secret(fake.ClientSecret())),
	)
	dir, _ := os.MkdirTemp("", "example")
	defer os.RemoveAll(dir)
	st, _ := store.OpenMemory(ctx)
	defer st.Close()

	key, _ := token.LoadKey("", dir+"/secret.key", true)
	tokens, err := token.New(token.Config{Store: st, Strava: client, Key: key, Dir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer tokens.Close()
	refresh := strava.Secret(fake.Grant(fake.Athletes()[0].ID))
	took, _ := tokens.TakeIn(ctx, refresh)
	again, _ := tokens.TakeIn(ctx, refresh)
	fmt.Println("taken in:", took, again)

	var grants []store.Grant
	_ = st.View(ctx, func(tx *store.Tx) (err error) {
		grants, err = tx.Grants(ctx)
		return err
	})
	access, err := tokens.Access(ctx, grants[0].ID)
	fmt.Println("access token:", access, err)
	athlete, _, err := client.Athlete(ctx, access)
	if err == nil {
		err = tokens.Bind(ctx, grants[0].ID, athlete.ID, nil)
	}
	fmt.Println("bound:", err == nil)
	// Output:
	// taken in: true false
	// access token: *** <nil>
	// bound: true
}
