package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"musette/strava/stravatest"
)

type fakeStravaCmd struct {
	Addr       string `default:"127.0.0.1:8090" placeholder:"HOST:PORT" help:"where to listen"`
	Activities int    `default:"60" placeholder:"N" help:"how many activities the athlete has"`
	Seed       uint64 `default:"1" placeholder:"N" help:"another seed is another athlete; the same one always the same"`
}

func (fakeStravaCmd) Help() string {
	return `musette fake-strava                     on http://127.0.0.1:8090, until ctrl-c
musette fake-strava > .env              and put what connects to it into .env
musette fake-strava --activities 450 --addr 127.0.0.1:0`
}

func (c *fakeStravaCmd) Run(ctx context.Context, a *app) error {
	if c.Activities < 1 {
		return misused("60 is a good season", "--activities: %d is less than 1", c.Activities)
	}
	fake := stravatest.New(stravatest.Config{Seed: c.Seed, Activities: c.Activities})
	listening, err := fake.Listen(c.Addr)
	if err != nil {
		return failed("choose another with --addr, such as 127.0.0.1:0 for any free port", "can't listen on %s: %w", c.Addr, err)
	}
	courier, err := fake.StartCourier("musette fake-strava")
	if err != nil {
		return errors.Join(err, listening.Close())
	}
	athlete := fake.Athletes()[0]
	_, err = fmt.Fprint(a.out, envBlock(fake, listening, fake.Grant(athlete.ID)))
	a.say("a simulated Strava at %s: %s %s with %d activities · ctrl-c stops", listening.URL,
		athlete.FirstName, athlete.LastName, len(fake.Activities(athlete.ID)))
	a.say("put the lines above into .env, or run `musette fake-strava > .env`; then `musette sync`")
	if err == nil {
		<-ctx.Done()
	}
	return errors.Join(err, courier.Close(), listening.Close())
}

// envBlock is ready to be a .env. Its secrets open nothing but this simulation.
func envBlock(fake *stravatest.Server, at *stravatest.Listening, refresh string) string {
	var b strings.Builder
	for _, line := range [][2]string{
		{"STRAVA_CLIENT_ID", fake.ClientID()},
		{"STRAVA_CLIENT_SECRET", fake.ClientSecret()},
		{"STRAVA_REFRESH_TOKEN", refresh},
		{"STRAVA_API_URL", at.APIURL},
		{"STRAVA_OAUTH_URL", at.OAuthURL},
	} {
		fmt.Fprintf(&b, "%s=%s\n", line[0], line[1])
	}
	return b.String()
}
