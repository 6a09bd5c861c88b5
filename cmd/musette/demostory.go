package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json"

	"musette/store"
)

// demoStory is what makes the simulated Strava of a demo's data the same again at the next start. It is kept in the
// store, where it also tells a demo's data from a real athlete's: the two never mix.
type demoStory struct {
	Until      time.Time   `json:"until"` // when the season ended, to the second
	Activities int         `json:"activities"`
	Outings    []time.Time `json:"outings"`         // when each was uploaded, to the second
	Strava     string      `json:"strava,omitzero"` // where it listened, and so where its pictures are
}

// demoSetting is the store's setting that holds the story.
const demoSetting = "demo"

// openStory returns the story in a directory, or first if there is no database yet. A database without one is
// somebody's real copy, and is refused unchanged.
func openStory(ctx context.Context, dir string, first demoStory) (story demoStory, err error) {
	if _, err := os.Stat(filepath.Join(dir, "musette.db")); errors.Is(err, fs.ErrNotExist) {
		return first, nil
	}
	st, err := store.Open(ctx, store.Config{Dir: dir})
	if err != nil {
		return first, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	kept, err := storyIn(ctx, st)
	switch {
	case err != nil:
		return first, err
	case kept == nil:
		return first, misused("name another directory with --data, or leave it out; nothing was changed",
			"%s holds a real copy, which the demo would mix with its own", dir)
	}
	return *kept, nil
}

// storyIn returns the store's story, nil if it isn't a demo's.
func storyIn(ctx context.Context, st *store.Store) (*demoStory, error) {
	var text string
	err := st.View(ctx, func(tx *store.Tx) (err error) {
		text, err = tx.Setting(ctx, demoSetting)
		return err
	})
	if err != nil || text == "" {
		return nil, err
	}
	story := &demoStory{}
	if err := json.Unmarshal([]byte(text), story); err != nil {
		return nil, fmt.Errorf("reading the demo's story: %w", err)
	}
	return story, nil
}

// keep writes the story into the store.
func (d *demoStory) keep(ctx context.Context, st *store.Store) error {
	text, err := json.Marshal(d, json.Deterministic(true))
	if err != nil {
		return err
	}
	return st.Update(ctx, nil, func(tx *store.Tx) error { return tx.PutSetting(ctx, demoSetting, string(text)) })
}

// notDemo refuses to bring a real account into a demo's data.
func (a *app) notDemo(ctx context.Context, st *store.Store) error {
	if a.demo {
		return nil
	}
	story, err := storyIn(ctx, st)
	if err != nil || story == nil {
		return err
	}
	return misused("name another directory with --data or MUSETTE_DATA; `musette demo --data "+a.cfg.DataDir+"` goes on with the demo",
		"%s holds the demo's data, which a real account would mix with its own", a.cfg.DataDir)
}
