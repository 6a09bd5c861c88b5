package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"musette"
	"musette/feed"
	"musette/gallery"
	"musette/metrics"
	"musette/store"
	"musette/strava"
	"musette/token"
)

// app is one run of the program: its settings and the rooms that its command has opened. Rooms are opened when first
// asked for, and closed by Close in reverse order. It is used by one goroutine.
type app struct {
	*console
	now func() time.Time
	cfg *config
	log *slog.Logger

	openStore   *store.Store
	openTokens  *token.Tokens
	openStrava  *strava.Client
	openGallery *gallery.Gallery

	notifier *notifier        // nil until something is served
	metrics  *metrics.Metrics // nil until something is counted
	demo     bool             // the store is the demo's own
	missed   bool             // the store was away, and with it whoever keeps events
	standIn  error            // why a snapshot is served in the store's place, though it could be opened or mended
	roomFor  uint64           // bytes that must be free before the store is mended; 0: this process doesn't wait for that

	closers []func() error
}

// configure takes the settings, and opens the log.
func (a *app) configure(cfg *config) error {
	log, closeLog, err := openLog(a.err, cfg.LogLevel, cfg.LogFile)
	if err != nil {
		return err
	}
	if closeLog != nil {
		a.onClose(closeLog)
	}
	a.cfg, a.log = cfg, log
	return nil
}

// onClose has f called by Close, before what was opened earlier.
func (a *app) onClose(f func() error) { a.closers = append(a.closers, f) }

// Close closes what was opened, the last first.
func (a *app) Close() error {
	var errs []error
	for _, f := range slices.Backward(a.closers) {
		errs = append(errs, f())
	}
	a.closers = nil
	return errors.Join(errs...)
}

// store opens the store, making it if there is none.
func (a *app) store(ctx context.Context) (*store.Store, error) {
	if a.openStore != nil {
		return a.openStore, nil
	}
	s, err := store.Open(ctx, store.Config{URL: a.cfg.DatabaseURL.Reveal(), Dir: a.cfg.DataDir, Now: a.now})
	if err != nil {
		return nil, err
	}
	a.onClose(s.Close)
	a.openStore = s
	return s, nil
}

// existingStore opens the store for a command that only looks: it makes none where there is none.
func (a *app) existingStore(ctx context.Context) (*store.Store, error) {
	if a.cfg.DatabaseURL == "" {
		if there, err := store.Present(a.cfg.DataDir); err == nil && !there {
			return nil, failed("`musette connect` and `musette sync` fill it, `musette demo` shows how it will look; --data names another directory",
				"there is no data in %s yet", a.cfg.DataDir)
		}
	}
	return a.store(ctx)
}

// strava returns the client for the configured addresses. The app's id and secret are required: nothing that asks
// for the client works without.
func (a *app) strava() (*strava.Client, error) {
	if a.openStrava != nil {
		return a.openStrava, nil
	}
	var missing string
	switch {
	case a.cfg.ClientID == "" && a.cfg.ClientSecret == "":
		missing = "STRAVA_CLIENT_ID and STRAVA_CLIENT_SECRET are"
	case a.cfg.ClientID == "":
		missing = "STRAVA_CLIENT_ID is"
	case a.cfg.ClientSecret == "":
		missing = "STRAVA_CLIENT_SECRET is"
	}
	if missing != "" {
		return nil, misused("make an app at https://www.strava.com/settings/api and write both into .env, or try `musette demo`, which needs none",
			"%s not set", missing)
	}
	c, err := strava.New(
		strava.WithApp(a.cfg.ClientID, a.cfg.ClientSecret),
		strava.WithAPIURL(a.cfg.APIURL),
		strava.WithOAuthURL(a.cfg.OAuthURL),
		strava.WithPushURL(a.cfg.PushURL),
		strava.WithUserAgent("musette/"+readBuild().Version),
	)
	if err != nil {
		return nil, err
	}
	a.onClose(func() error { c.Close(); return nil })
	a.openStrava = c
	return c, nil
}

// tokens opens the athletes' grants, with store and client. The key that seals them is made at the first start, but
// never where something is sealed already: a new one would open nothing.
func (a *app) tokens(ctx context.Context) (*token.Tokens, error) {
	if a.openTokens != nil {
		return a.openTokens, nil
	}
	client, err := a.strava()
	if err != nil {
		return nil, err
	}
	if a.cfg.DatabaseURL != "" && a.cfg.SecretKey == "" {
		return nil, misused("`openssl rand -hex 32` makes one; give every instance the same, and keep it",
			"MUSETTE_SECRET_KEY is not set, which DATABASE_URL asks for")
	}
	st, err := a.store(ctx)
	if err != nil {
		return nil, err
	}
	if err := a.notDemo(ctx, st); err != nil {
		return nil, err
	}
	var grants []store.Grant
	err = st.View(ctx, func(tx *store.Tx) (err error) {
		grants, err = tx.Grants(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	key, err := token.LoadKey(a.cfg.SecretKey, filepath.Join(a.cfg.DataDir, "secret.key"), len(grants) == 0)
	if err != nil {
		return nil, err
	}
	t, err := token.New(token.Config{
		Store: st, Strava: client, Key: key, Dir: a.cfg.DataDir, Scopes: a.cfg.Scopes, Now: a.now, Log: a.log,
	})
	if err != nil {
		return nil, err
	}
	a.onClose(t.Close)
	a.openTokens = t
	return t, nil
}

// judge returns what shows, in memory only, which grants today's key doesn't open; without a key, none.
func (a *app) judge() func(*store.Grant) {
	key, err := token.LoadKey(a.cfg.SecretKey, filepath.Join(a.cfg.DataDir, "secret.key"), false)
	if errors.Is(err, token.ErrNoKey) {
		return func(g *store.Grant) { g.State, g.Cause = musette.StateReconnect, token.NoKeyCause }
	}
	judge, err := token.Judge(key) // the zero key of a file that can't be read is refused
	if err != nil {
		return nil
	}
	return judge
}

// feed returns a feed over the store, empty until it is loaded. status is nil where nobody but the owner reads it:
// then there is nothing to publish, and nothing is written.
func (a *app) feed(st *store.Store, status func(context.Context) (musette.Status, error)) *feed.Feed {
	publish := a.cfg.publish()
	if status == nil {
		publish = feed.Publish{}
	}
	return feed.New(feed.Config{
		Store: st, Copy: st != a.openStore, Filter: a.cfg.Filter, GoalM: a.cfg.GoalM,
		Publish: publish, URL: strings.TrimSuffix(a.cfg.PublicURL, "/"),
		Status: status, Now: a.now, Log: a.log,
	})
}
