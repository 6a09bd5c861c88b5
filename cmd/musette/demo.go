package main

import (
	"context"
	"math"
	"net"
	"os"
	"strconv"
	"time"

	"musette"
	"musette/strava/stravatest"
)

type demoCmd struct {
	Port       int    `default:"8080" placeholder:"N" help:"the port on 127.0.0.1; 0 for any free one"`
	Activities int    `default:"200" placeholder:"N" help:"how many activities the athlete has"`
	Data       string `placeholder:"DIR" help:"keep the data here; else in a temporary directory, gone afterwards"`
	Public     bool   `help:"show what strangers would see"`
}

func (demoCmd) Help() string {
	return `musette demo
musette demo --activities 450 --port 9000
musette demo --public                what the page shows to people who aren't signed in`
}

// The demo's campaign: runs and rides since its first day.
const (
	demoTypes = "Run,Ride"
	demoFrom  = "2025-05-22"
)

func (c *demoCmd) Run(ctx context.Context, a *app) error {
	return unlessStopped(ctx, c.run(ctx, a))
}

func (c *demoCmd) run(ctx context.Context, a *app) error {
	if c.Activities < 1 {
		return misused("200 is a good season", "--activities: %d is less than 1", c.Activities)
	}
	if c.Port < 0 || c.Port > 65535 {
		return misused("write a port such as 8080, or 0 for any that is free", "--port: %d is no port between 0 and 65535", c.Port)
	}
	listener, err := listen(net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Port)), "--port")
	if err != nil {
		return err
	}
	defer listener.Close()
	dir, remove, err := c.directory()
	if err != nil {
		return err
	}
	a.onClose(remove)
	story, err := openStory(ctx, dir, demoStory{Until: a.now().UTC().Truncate(time.Second), Activities: c.Activities})
	if err != nil {
		return err
	}
	life := newDemoLife(a, story)
	listening, err := life.listen()
	if err != nil {
		return failed("the demo needs the loopback network", "the simulated Strava can't listen: %w", err)
	}
	a.onClose(listening.Close)
	if err := c.configure(a, dir, listener, life.fake, listening); err != nil {
		return err
	}
	a.demo = true
	if _, err := a.store(ctx); err != nil {
		return err
	}
	if err := life.story.keep(ctx, a.openStore); err != nil {
		return err
	}
	site := &site{app: a, store: a.openStore, listener: listener}
	if err := site.keep(ctx); err != nil {
		return err
	}
	if err := site.load(ctx); err != nil {
		return err
	}
	if err := site.open(ctx, !c.Public); err != nil {
		return err
	}
	who := life.fake.Athletes()[0]
	a.say("a simulated Strava with %d activities of %s %s: %s", len(life.fake.Activities(who.ID)), who.FirstName, who.LastName, listening.URL)
	a.say("the page: http://%s   ctrl-c stops", listener.Addr())
	life.wake = site.keeper.Wake
	site.also = life.run
	return site.run(ctx)
}

// directory is where the demo keeps its data, and what removes it afterwards.
func (c *demoCmd) directory() (dir string, remove func() error, err error) {
	if c.Data != "" {
		return c.Data, func() error { return nil }, nil
	}
	if dir, err = os.MkdirTemp("", "musette-demo-"); err != nil {
		return "", nil, failed("--data names a directory that can be written to", "no temporary directory can be made: %w", err)
	}
	return dir, func() error { return os.RemoveAll(dir) }, nil
}

// configure takes the settings of a real start, but for those that the demo is about: nothing of the surroundings
// leaks in.
func (c *demoCmd) configure(a *app, dir string, at net.Listener, fake *stravatest.Server, strava *stravatest.Listening) error {
	given := map[string]string{
		"MUSETTE_DATA": dir, "MUSETTE_ADDR": at.Addr().String(),
		"STRAVA_CLIENT_ID": fake.ClientID(), "STRAVA_CLIENT_SECRET": fake.ClientSecret(),
		"STRAVA_REFRESH_TOKEN": fake.Grant(fake.Athletes()[0].ID),
		"STRAVA_API_URL":       strava.APIURL, "STRAVA_OAUTH_URL": strava.OAuthURL,
		"MUSETTE_TYPES": demoTypes, "MUSETTE_FROM": demoFrom, "MUSETTE_GOAL_M": strconv.FormatFloat(demoGoal(fake), 'f', 0, 64),
		"MUSETTE_STREAMS": "recent", "MUSETTE_LOG_LEVEL": "error",
	}
	if c.Public {
		given["MUSETTE_PUBLISH"], given["MUSETTE_PUBLISH_API"] = "full", "yes"
	}
	cfg, err := loadConfig(configSources{flags: given})
	if err != nil {
		return err
	}
	return a.configure(cfg)
}

// demoGoal is a round distance that the season is well on its way to.
func demoGoal(fake *stravatest.Server) float64 {
	filter, total := musette.Filter{Types: []string{"Run", "Ride"}, From: demoFrom}, 0.0
	for _, a := range fake.Activities(fake.Athletes()[0].ID) {
		local := a.Start.UTC().Format("2006-01-02T15:04:05")
		if filter.Match(&musette.Activity{SportType: a.SportType, Type: a.Type, StartLocal: local}) {
			total += a.Distance
		}
	}
	const step = 500e3
	return math.Ceil(total*1.2/step) * step
}
