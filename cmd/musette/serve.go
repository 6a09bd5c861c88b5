package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"musette"
	"musette/feed"
	"musette/keeper"
	"musette/plan"
	"musette/store"
	"musette/token"
	"musette/web"
)

type serveCmd struct {
	settings
	Addr string `placeholder:"HOST:PORT" help:"where to serve (MUSETTE_ADDR)"`
}

func (serveCmd) Help() string {
	return `musette serve
musette serve --addr :8080 --data /var/lib/musette
musette serve --print-config`
}

func (c *serveCmd) given() map[string]string {
	given := c.settings.given()
	given["MUSETTE_ADDR"] = c.Addr
	return given
}

func (c *serveCmd) Run(ctx context.Context, a *app) error {
	listener, err := listen(a.cfg.Addr, "--addr or MUSETTE_ADDR")
	if err != nil {
		return err
	}
	defer listener.Close()
	a.cfg.Addr = portOf(a.cfg.Addr, listener)
	crowded := 0 // rescues that had no room
	for rescues := 0; ; {
		err := a.serve(ctx, listener)
		damaged := a.mendable(err) && ctx.Err() == nil && rescues < maxRescues
		if !errors.Is(err, errBack) && !damaged {
			return unlessStopped(ctx, err)
		}
		// Everything is opened anew, as at a start.
		if err := a.reopen(); err != nil {
			return err
		}
		a.missed = true
		if !damaged {
			continue
		}
		e := a.mend(ctx, err)
		if _, held := errors.AsType[*store.HeldError](e); held {
			a.standIn = err // another process is to see to it
		} else if errors.Is(e, store.ErrDiskFull) {
			a.standIn, a.roomFor = errors.Join(e, err), a.rescueRoom()<<min(crowded, 8)
			crowded++
			continue
		} else if e != nil {
			return errors.Join(err, e)
		}
		rescues++
	}
}

// maxRescues is how often one server mends its database: a disk that spoils it again and again is for a person to see to.
const maxRescues = 3

// serve opens everything and serves at the address until ctx ends, or until everything is to be opened anew. The address
// stays taken: who comes meanwhile waits.
func (a *app) serve(ctx context.Context, address net.Listener) error {
	listener, err := again(address)
	if err != nil {
		return err
	}
	defer listener.Close()
	st, instead, err := a.storeOrSnapshot(ctx)
	if err != nil {
		return err
	}
	site := &site{app: a, store: st, instead: instead, began: a.now().UTC().Truncate(time.Second), listener: listener}
	if instead == (away{}) {
		if err := site.keep(ctx); a.unwritable(err) {
			site.instead, a.openStore = awayFor(err, "what is there is served"), nil
		} else if err != nil {
			return err
		}
	}
	if err := site.load(ctx); err != nil {
		return err
	}
	if err := a.warnOfTypes(ctx, st); err != nil {
		return err
	}
	if err := site.open(ctx, false); err != nil {
		return err
	}
	a.say("musette serves %s", a.cfg.address())
	a.sayPublished()
	if err := site.welcome(ctx); err != nil {
		return err
	}
	site.also = site.watch
	return site.run(ctx)
}

// unlessStopped is err, but for one that only says that the program was stopped, while it started say.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx))) {
		return nil
	}
	return err
}

// listen takes the address before anything is opened or made: a start on a port in use changes nothing. Connections
// wait in the backlog until the feed can be served.
func listen(addr, elsewhere string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, failed("choose another with "+elsewhere+", or stop what listens there", "can't listen on %s: %w", addr, err)
	}
	return l, nil
}

// again is one more listener of the same socket: closing it leaves the others, and the connections that wait, alone.
func again(l net.Listener) (net.Listener, error) {
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		return nil, fmt.Errorf("sharing the address %s: %w", l.Addr(), err)
	}
	defer f.Close()
	return net.FileListener(f)
}

// portOf is the address with the port that was found, where any free one was asked for.
func portOf(addr string, l net.Listener) string {
	host, port, err := net.SplitHostPort(addr)
	if tcp, ok := l.Addr().(*net.TCPAddr); ok && err == nil && port == "0" {
		return net.JoinHostPort(host, strconv.Itoa(tcp.Port))
	}
	return addr
}

// site is everything that serves: feed, web, and where it may, the keeper. Its goroutines are those of run.
type site struct {
	app   *app
	store *store.Store

	keeper    *keeper.Keeper // nil: this process only serves
	noConnect string         // why nobody can connect, in words; "" if it isn't known
	instead   away           // why nothing is kept up to date, for the time being
	began     time.Time
	feed      *feed.Feed
	server    *web.Server

	listener net.Listener                // closed by run
	also     func(context.Context) error // runs beside the rest; may be nil
}

// keep adds the keeper. Without the app's credentials there is nothing to keep with; what is here is served.
func (s *site) keep(ctx context.Context) error {
	k, err := s.app.keeper(ctx)
	if p, ok := errors.AsType[*problem](err); ok && p.code == exitUsage && s.app.cfg.ClientID == "" {
		s.app.say("not syncing: %s; what is here is served", p)
		s.noConnect = noConnect(err)
		s.forget(ctx)
		return nil
	}
	if errors.Is(err, token.ErrNoKey) {
		s.app.say("not syncing: %s; what is here is served", plain(err.Error()))
		s.noConnect = noConnect(err)
		s.forget(ctx)
		return nil
	}
	s.keeper = k
	return err
}

// forget does what the keeper would at its start, in a process without one.
func (s *site) forget(ctx context.Context) {
	if err := s.app.forgetAll(ctx, s.store); err != nil {
		s.app.log.Error("files still hold what an athlete who has left had here; it is tried again at the next start", "error", err)
	}
}

// status is what the feed shows of the mirror.
func (s *site) status(ctx context.Context) (musette.Status, error) {
	if s.keeper != nil {
		return s.keeper.Status(ctx)
	}
	st, err := keeper.ReadStatus(ctx, s.store, s.app.now(), 0, s.app.judge())
	if err == nil && s.away() {
		s.instead.onto(&st, &s.began)
	}
	return st, err
}

// away reports whether nothing can be written now.
func (s *site) away() bool { return s.instead != (away{}) }

func (s *site) load(ctx context.Context) error {
	s.feed = s.app.feed(s.store, s.status)
	if err := s.feed.Load(ctx); err != nil {
		return err
	}
	return s.feed.Look(ctx)
}

// open makes the web server.
func (s *site) open(ctx context.Context, everyone bool) (err error) {
	pictures, err := s.app.gallery(s.store)
	if err != nil {
		return err
	}
	wake := func() {}
	if s.keeper != nil {
		wake = s.keeper.Wake
	}
	c := web.Config{
		Feed: s.feed, Store: s.store, Open: everyone, Streams: s.app.cfg.Policy.Streams != plan.StreamsOff, PublicURL: s.app.cfg.PublicURL, Origins: s.app.cfg.Origins, Now: s.app.now, Log: s.app.log,
		NoConnect: s.noConnect, Version: readBuild().Version, Picture: pictures.Read, Tiles: s.app.cfg.Tiles,
		Watch: s.app.watched(), Metrics: s.app.count().Handler(),
	}
	c.Tiles.Dir = filepath.Join(s.app.cfg.DataDir, "tiles")
	if s.app.cfg.APIKey != "" {
		c.APIKeyHash = web.HashKey(s.app.cfg.APIKey.Reveal())
	}
	if !s.away() {
		c.Refresh, c.Woken, c.Leave = s.app.refresher(s.store, wake), wake, s.leave()
	}
	if s.keeper != nil && !s.away() && !s.app.demo { // the demo's athlete is made up
		c.Connect = s.connect(s.keeper)
	}
	if s.server, err = web.New(c); err != nil {
		return err
	}
	if err := s.server.RememberKeys(ctx); err != nil {
		s.app.log.Warn("keys are known only once they have come", "error", err)
	}
	return nil
}

const shutdownPatience = 5 * time.Second

// run serves until ctx ends, then stops in good order: no new requests, those under way finish, the keeper writes
// what has come.
func (s *site) run(ctx context.Context) error {
	defer s.listener.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server := &http.Server{
		Handler: s.server, ConnContext: web.WithConn, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(s.app.log.Handler(), slog.LevelDebug),
	}
	server.RegisterOnShutdown(s.server.Close)

	var wg sync.WaitGroup
	failures := make(chan error, 6)
	start := func(f func(context.Context) error) {
		wg.Go(func() {
			if err := f(ctx); err != nil && ctx.Err() == nil {
				failures <- err
			}
		})
	}
	start(s.feed.Run)
	if s.keeper != nil {
		start(s.keeper.Run)
	}
	if s.away() {
		start(s.awaitStore)
	} else {
		start(s.warden)
	}
	start(s.measure)
	if s.also != nil {
		start(s.also)
	}
	start(func(context.Context) error {
		if err := server.Serve(web.Gather(s.listener)); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving: %w", err)
		}
		return nil
	})
	var err error
	select {
	case <-ctx.Done():
	case err = <-failures:
	}
	stopping, done := context.WithTimeout(context.WithoutCancel(ctx), shutdownPatience)
	defer done()
	if e := server.Shutdown(stopping); e != nil {
		_ = server.Close()
	}
	cancel()
	wg.Wait()
	return err
}
