package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"musette/gallery"
	"musette/keeper"
	"musette/store"
)

// pictures is the directory that pictures are in beside an SQLite database, and with copies of them beside snapshots.
const pictures = "pictures"

// gallery returns what keeps the pictures of a store: beside an SQLite database as files, on Postgres in it. A stand-in
// for a database that is away shows those of whatever it stands for.
func (a *app) gallery(st *store.Store) (*gallery.Gallery, error) {
	if a.openGallery != nil {
		return a.openGallery, nil
	}
	c := gallery.Config{
		Store: st, Strava: a.cfg.APIURL, UserAgent: "musette/" + readBuild().Version,
		Offline: func(ctx context.Context) bool { return keeper.Offline(ctx, st) },
		Failed:  a.notePictures(st),
		Now:     a.now, Log: a.log,
	}
	if a.cfg.DatabaseURL == "" {
		c.Dir = filepath.Join(a.cfg.DataDir, pictures)
	}
	for _, dir := range a.cfg.everySnapshots() {
		c.Copies = append(c.Copies, filepath.Join(dir, pictures))
	}
	if c.Keep = a.cfg.Policy.TombstoneKeep; a.cfg.Policy.Retention > 0 {
		c.Keep = -1 // what isn't confirmed any more goes with its documents
	}
	g, err := gallery.New(c)
	if err != nil {
		return nil, err
	}
	a.onClose(g.Close)
	a.openGallery = g
	return g, nil
}

// notePictures notes in the store why pictures can't be kept. A fault of the store itself is a state, and can't be
// written.
func (a *app) notePictures(st *store.Store) func(context.Context, error) {
	return func(ctx context.Context, why error) {
		if _, ok := errors.AsType[*store.Error](why); ok {
			return
		}
		if err := keeper.Note(ctx, st, keeper.WorryPictures, why, a.now()); err != nil && ctx.Err() == nil {
			a.log.Warn("whether pictures can be kept could not be noted", "error", err)
		}
	}
}

// keepPictures is what whoever leads does for pictures.
func keepPictures(g *gallery.Gallery) func(context.Context, bool, func()) error {
	return func(ctx context.Context, follow bool, changed func()) error {
		if follow {
			return g.Run(ctx, changed)
		}
		return g.Sync(ctx, changed)
	}
}

// copyPictures brings the copies of pictures beside the snapshots up to date. The error says what that means.
func (a *app) copyPictures(ctx context.Context, st *store.Store) error {
	g, err := a.gallery(st)
	if err != nil {
		return err
	}
	var errs []error
	for _, dir := range a.cfg.everySnapshots() {
		if _, err := g.Backup(ctx, filepath.Join(dir, pictures)); err != nil {
			errs = append(errs, fmt.Errorf("not every picture has its copy in %s: %w; the next snapshot tries again", filepath.Join(dir, pictures), err))
		}
	}
	return errors.Join(errs...)
}

// bringPictures takes the pictures that lie beside a restored snapshot. What is nowhere is fetched again by the next sync.
func (a *app) bringPictures(ctx context.Context, st *store.Store, path string) {
	g, err := a.gallery(st)
	if err == nil {
		_, err = g.Restore(ctx, filepath.Join(filepath.Dir(path), pictures))
	}
	if err != nil {
		a.say("not every picture could be brought back: %s; the next sync looks for them again", plain(err.Error()))
	}
}
