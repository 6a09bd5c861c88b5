package main

import (
	"context"

	"musette/keeper"
	"musette/metrics"
	"musette/web"
)

// count returns what this program counts, from its start on: also when a server opens everything anew.
func (a *app) count() *metrics.Metrics {
	if a.metrics == nil {
		b := readBuild()
		a.metrics = metrics.New(metrics.Build{Version: b.Version, Revision: b.Commit, GoVersion: b.Go}, a.now)
		for _, fate := range web.Fates() {
			a.metrics.Expect(string(fate))
		}
	}
	return a.metrics
}

// called tells of a call to Strava.
func (a *app) called() func(keeper.Call) {
	m := a.count()
	return func(c keeper.Call) { m.Call(c.Class, string(c.Result), c.Took) }
}

// watched tells of what the web server does.
func (a *app) watched() web.Watch {
	m := a.count()
	return web.Watch{
		Request: m.Request, Limited: m.Limited,
		Event: func(object, aspect string, fate web.Fate) { m.Event(object, aspect, string(fate)) },
	}
}

// measure shows the site at /metrics until ctx ends.
func (s *site) measure(ctx context.Context) error {
	cfg := s.app.cfg
	shown := metrics.Site{
		View: s.feed.View, Followers: s.server.Followers, Disk: diskOf,
		Leads:   func() bool { return s.keeper != nil && s.keeper.Leads() },
		Shelves: []metrics.Shelf{{Name: "data", Snapshots: cfg.snapshots(), Disk: cfg.DataDir}},
	}
	if cfg.BackupDir != "" {
		shown.Shelves = append(shown.Shelves, metrics.Shelf{Name: "copy", Snapshots: cfg.BackupDir, Disk: cfg.BackupDir})
	}
	if !s.away() {
		shown.Store = s.store
	}
	return s.app.count().Run(ctx, shown)
}
