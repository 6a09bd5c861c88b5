package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"musette/keeper"
	"musette/strava/stravatest"
	"musette/strava/stravatest/season"
)

// demoLife is the simulated athlete, who goes out now and then, so that the page can be seen to follow.
type demoLife struct {
	fake    *stravatest.Server
	athlete int64
	app     *app
	story   demoStory
	wake    func()

	at time.Time // the simulation's time while the past is made; zero for now
}

const (
	// The first new activity comes soon after the page is there, the others with time to go out again.
	demoFirst, demoEvery, demoMost = 20 * time.Second, 20 * time.Minute, 3
	demoLongest, demoShortest      = 50 * time.Minute, 10 * time.Minute
	demoPause                      = time.Minute     // between two outings at least
	demoUploads                    = 5 * time.Minute // an outing's end lies so long before its upload at most
)

// newDemoLife makes the simulated Strava as it was when the story was last told.
func newDemoLife(a *app, story demoStory) *demoLife {
	d := &demoLife{app: a, story: story, at: story.Until}
	d.fake = stravatest.New(stravatest.Config{
		Seed: 1, Activities: story.Activities, AppName: "the Musette demo",
		Limits: stravatest.Limits{OverallQuarter: 1200, OverallDay: 24000, ReadQuarter: 600, ReadDay: 12000},
		Now:    d.now,
	})
	d.athlete = d.fake.Athletes()[0].ID
	return d
}

func (d *demoLife) now() time.Time {
	if !d.at.IsZero() {
		return d.at
	}
	return d.app.now()
}

// listen lets the athlete live through the outings of the story, and the simulation answer from now on: where it
// did before, if it can, since the addresses of the pictures name it.
func (d *demoLife) listen() (*stravatest.Listening, error) {
	for n, at := range d.story.Outings {
		d.at = at
		if _, err := d.goOut(n); err != nil {
			return nil, err
		}
	}
	d.at = time.Time{}
	const anywhere = "127.0.0.1:0"
	listening, err := d.fake.Listen(cmp.Or(d.story.Strava, anywhere))
	if err != nil && d.story.Strava != "" {
		listening, err = d.fake.Listen(anywhere)
	}
	if err != nil {
		return nil, err
	}
	d.story.Strava = strings.TrimPrefix(listening.URL, "http://")
	return listening, nil
}

// run lets the athlete go out, and asks for a look at Strava each time, as a person would.
func (d *demoLife) run(ctx context.Context) error {
	t := time.NewTimer(demoFirst)
	defer t.Stop()
	for made := 0; made < demoMost; {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		t.Reset(demoEvery)
		if d.room() < demoShortest {
			continue
		}
		uploaded, err := d.goOut(len(d.story.Outings))
		if err != nil {
			return err
		}
		made++
		d.story.Outings = append(d.story.Outings, uploaded)
		if err := d.story.keep(ctx, d.app.openStore); err != nil {
			return err
		}
		_, err = keeper.AskRefresh(ctx, d.app.openStore, 0, d.app.now())
		if _, no := errors.AsType[*keeper.RefusedError](err); err != nil && !no { // refused, the next poll finds it
			return err
		}
		d.wake()
	}
	return nil
}

// free is from when on the athlete could be out again.
func (d *demoLife) free() (t time.Time) {
	for _, a := range d.fake.Activities(d.athlete) {
		if end := a.Start.Add(a.Elapsed); end.After(t) {
			t = end
		}
	}
	return t.Add(demoPause)
}

// room is how long an outing that is uploaded now can have been.
func (d *demoLife) room() time.Duration { return d.now().Add(-demoUploads).Sub(d.free()) }

// goOut uploads the n-th outing, which has just ended and began after the one before, and returns when. A friend
// has seen it.
func (d *demoLife) goOut(n int) (uploaded time.Time, err error) {
	free := d.free()
	id, err := d.fake.AddActivity(d.athlete, time.Time{})
	if err != nil {
		return uploaded, fmt.Errorf("the simulated athlete stayed at home: %w", err)
	}
	for _, a := range d.fake.Activities(d.athlete) {
		if a.ID != id {
			continue
		}
		uploaded = a.Uploaded.Truncate(time.Second)
		if late := max(free.Sub(a.Start), a.Elapsed-demoLongest); late > 0 {
			if err := d.fake.Crop(id, late, a.Elapsed); err != nil {
				return uploaded, fmt.Errorf("the simulated athlete didn't leave in time: %w", err)
			}
		}
	}
	said := demoComments[n%len(demoComments)]
	if _, err := d.fake.AddComment(id, said.by, said.text); err != nil {
		return uploaded, fmt.Errorf("the simulated friend said nothing: %w", err)
	}
	return uploaded, nil
}

var demoComments = []struct {
	by   season.Person
	text string
}{
	{season.Person{First: "Priya", Last: "S."}, "Saw you go past, looking strong"},
	{season.Person{First: "Tom", Last: "W."}, "And it didn't even rain"},
	{season.Person{First: "Agnes", Last: "L."}, "Next time I'm coming along"},
	{season.Person{First: "Marek", Last: "K."}, "Legs of steel"},
	{season.Person{First: "Jo", Last: "D."}, "That hill again"},
	{season.Person{First: "Sunita", Last: "R."}, "Every one of these counts, well done"},
}
