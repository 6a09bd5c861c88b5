package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"musette/keeper"
	"musette/store"
	"musette/strava"
	"musette/web"
)

type webhookCmd struct {
	Create webhookCreateCmd `cmd:"" help:"have Strava tell of changes as they happen"`
	List   webhookListCmd   `cmd:"" help:"what Strava has, and whether it leads here"`
	Delete webhookDeleteCmd `cmd:"" help:"end it, at Strava and here"`
}

type webhookCreateCmd struct {
	settings
}

func (webhookCreateCmd) Help() string {
	return `MUSETTE_URL=https://runs.example.org musette webhook create
musette webhook create    beside a running musette serve, or before it: either will do`
}

func (c *webhookCreateCmd) Run(ctx context.Context, a *app) error {
	if err := a.cfg.checkCallback(); err != nil {
		return err
	}
	client, err := a.strava()
	if err != nil {
		return err
	}
	st, err := a.store(ctx)
	if err != nil {
		return err
	}
	at := web.NewCallback(a.cfg.PublicURL, a.now())
	if n := len(at.Address.Reveal()); n > web.MaxCallbackLen {
		return misused("use a shorter address", "MUSETTE_URL is too long: with what is added to it, it has %d characters, and Strava takes %d", n, web.MaxCallbackLen)
	}
	if strings.HasPrefix(a.cfg.PublicURL, "http:") {
		a.say("MUSETTE_URL begins with http: others on the way can read and forge events; https is better")
	}
	// The row comes first: whichever process Strava's question reaches finds the answer in the store.
	if err := st.Update(ctx, nil, func(tx *store.Tx) error { return tx.PutSubscription(ctx, at.Pending) }); err != nil {
		return err
	}
	stop, err := a.answerValidation(st)
	if err != nil {
		return together(err, forget(ctx, st, at.Pending))
	}
	n := subscribing{app: a, client: pushClient{client, st, a.now}, store: st, at: at}
	sub, err := n.client.create(ctx, at)
	stop()
	if err != nil {
		return n.failed(ctx, err)
	}
	return n.done(ctx, sub.ID, at.Pending)
}

// checkCallback refuses a public address that Strava can't reach. A Strava that isn't Strava's own may run here too.
func (c *config) checkCallback() error {
	const hint = "write the address under which the internet reaches this server, such as MUSETTE_URL=https://runs.example.org"
	if c.PublicURL == "" {
		return misused(hint, "MUSETTE_URL is not set, so there is no address that Strava could send events to")
	}
	public, err := url.Parse(c.PublicURL)
	if err != nil {
		return misused(hint, "MUSETTE_URL can't be read")
	}
	push, err := url.Parse(c.PushURL)
	if err != nil || !isStrava(push.Hostname()) {
		return nil
	}
	if onlyNearby(public.Hostname()) {
		return misused(hint, "MUSETTE_URL: Strava can't reach %s from the internet", plain(public.Host))
	}
	return nil
}

func isStrava(host string) bool {
	return host == "strava.com" || strings.HasSuffix(host, ".strava.com")
}

// onlyNearby reports whether a host is this machine or one of its own network.
func onlyNearby(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	ip = ip.Unmap()
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified()
}

// answerValidation has Strava's question answered while the request for the subscription is open: by whoever listens
// on MUSETTE_ADDR, and here if that is nobody. stop ends it.
func (a *app) answerValidation(st *store.Store) (stop func(), err error) {
	const knock = time.Second
	if conn, err := net.DialTimeout("tcp", reachable(a.cfg.Addr), knock); err == nil {
		_ = conn.Close()
		a.say("%s is in use: the musette that serves there answers Strava", a.cfg.Addr)
		return func() {}, nil
	}
	l, err := net.Listen("tcp", a.cfg.Addr)
	if err != nil {
		return nil, failed("MUSETTE_ADDR says where this server listens; correct it, or start `musette serve` first",
			"Strava's question can't be answered, because nothing can listen on %s: %w", a.cfg.Addr, err)
	}
	handler, err := web.NewWebhook(web.Config{Store: st, Woken: func() {}, Now: a.now, Log: a.log})
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l) // ends with stop
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close()
		}
		<-ended
	}, nil
}

// subscribing is the end of a request for a subscription. What it still does, it does although ctx may have ended.
type subscribing struct {
	*app
	client pushClient
	store  *store.Store
	at     web.Callback
}

// afterwards is how long tidying up may take once the command was interrupted.
const afterwards = 10 * time.Second

// done keeps a subscription that Strava has made. An app has only one, so all others that are kept are void.
func (s subscribing) done(ctx context.Context, id int64, row store.Subscription) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	row.ID = id
	err := s.store.Update(ctx, nil, func(tx *store.Tx) error {
		rows, err := tx.Subscriptions(ctx)
		if err != nil && !errors.Is(err, store.ErrCorrupt) {
			return err
		}
		for _, other := range rows {
			if err := tx.DeleteSubscription(ctx, other.SecretHash); err != nil {
				return err
			}
		}
		return tx.PutSubscription(ctx, row)
	})
	if err != nil {
		if e := s.client.end(ctx, id); e != nil {
			s.say("Strava has made subscription %d, which could not be kept here; `musette webhook delete %d` ends it", id, id)
		}
		return err
	}
	_, err = fmt.Fprintf(s.out, "subscription %d: Strava's events come to %s\n", id, web.ShortCallback(s.at.Address.Reveal()))
	s.say("`musette serve` takes them in while it runs; what is missed meanwhile is found by looking")
	return err
}

// failed takes the pending row away, unless Strava has made the subscription after all.
func (s subscribing) failed(ctx context.Context, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	var list []strava.Subscription
	var unknown error
	exists := faultHas(cause, "already exists")
	if exists || mayHaveWorked(cause) {
		if list, unknown = s.client.list(ctx); len(list) > 0 && list[0].CallbackURL == s.at.Address.Reveal() {
			return s.done(ctx, list[0].ID, s.at.Pending)
		}
	}
	if exists && len(list) > 0 {
		if mine, err := ours(ctx, s.store, list[0]); err == nil && mine != nil {
			return s.known(ctx, list[0], *mine)
		}
	}
	err := explainSubscribing(cause, list)
	if unknown != nil && !exists {
		err = failed("`musette webhook list` will show it; then `musette webhook delete` ends it", "it isn't known whether Strava has made the subscription: %w", cause)
	}
	return together(err, forget(ctx, s.store, s.at.Pending))
}

// known ends with a subscription that was made here before, perhaps by a command that was killed.
func (s subscribing) known(ctx context.Context, at strava.Subscription, row store.Subscription) error {
	if row.PublicURL != s.cfg.PublicURL {
		err := failed("`musette webhook delete` ends it; then create it anew", "Strava sends events to %s already, which is not below MUSETTE_URL", web.ShortCallback(at.CallbackURL))
		return together(err, forget(ctx, s.store, s.at.Pending))
	}
	s.say("there was one already")
	s.at.Address = strava.Secret(at.CallbackURL)
	return s.done(ctx, at.ID, row)
}

// mayHaveWorked reports whether an error leaves open what Strava has done.
func mayHaveWorked(err error) bool {
	switch strava.KindOf(err) {
	case strava.KindTransport, strava.KindTimeout, strava.KindServer, strava.KindBody, strava.KindMismatch, strava.KindCanceled:
		return true
	}
	return false
}

// faultHas reports whether Strava's fault has an entry with such a code.
func faultHas(err error, code string) bool {
	e, ok := errors.AsType[*strava.Error](err)
	if !ok || e.Fault == nil {
		return false
	}
	for _, entry := range e.Fault.Errors {
		if strings.Contains(strings.ToLower(entry.Code), code) {
			return true
		}
	}
	return false
}

// explainSubscribing says what a person can do about a subscription that Strava didn't make.
func explainSubscribing(err error, list []strava.Subscription) error {
	switch {
	case faultHas(err, "already exists"):
		to := ""
		if len(list) > 0 {
			to = fmt.Sprintf(", %d, to %s", list[0].ID, web.ShortCallback(list[0].CallbackURL))
		}
		return failed("an app has one at most: `musette webhook list` shows it, `musette webhook delete ID` ends it; then create one anew",
			"this Strava app has a subscription already%s", plain(to))
	case faultHas(err, "does not return 200"):
		return failed("something else answers there: check that the proxy passes /webhook/ on to MUSETTE_ADDR, unchanged, and that the musette which serves there has the same store",
			"Strava asked at MUSETTE_URL and was not answered by Musette: %w", err)
	case faultHas(err, "not verifiable"):
		return failed("check that the internet reaches MUSETTE_URL: its name, its certificate, the firewall, and a proxy that passes /webhook/ on to MUSETTE_ADDR",
			"Strava asked at MUSETTE_URL and did not get Musette's answer in time: %w", err)
	}
	return explainPush("not subscribed", err)
}

// pushClient asks Strava about subscriptions. They are calls to its API, which it may count like any other: so they are
// taken off the ledger.
type pushClient struct {
	client *strava.Client
	store  *store.Store
	now    func() time.Time
}

func (p pushClient) create(ctx context.Context, at web.Callback) (sub *strava.Subscription, err error) {
	err = keeper.Pay(ctx, p.store, p.now, func(ctx context.Context) (answer *strava.Answer, err error) {
		sub, answer, err = p.client.CreateSubscription(ctx, at.Address.Reveal(), at.VerifyToken)
		return answer, err
	})
	return sub, err
}

func (p pushClient) list(ctx context.Context) (list []strava.Subscription, err error) {
	err = keeper.Pay(ctx, p.store, p.now, func(ctx context.Context) (answer *strava.Answer, err error) {
		list, answer, err = p.client.Subscriptions(ctx)
		return answer, err
	})
	return list, err
}

func (p pushClient) end(ctx context.Context, id int64) error {
	return keeper.Pay(ctx, p.store, p.now, func(ctx context.Context) (*strava.Answer, error) {
		return p.client.DeleteSubscription(ctx, id)
	})
}

// explainPush says what a person can do about an error of Strava's push subscriptions.
func explainPush(what string, err error) error {
	if no, ok := errors.AsType[*keeper.RefusedError](err); ok {
		hint := "nothing was changed; try again"
		if no.Until != nil {
			hint += " after " + no.Until.UTC().Format("15:04:05") + " UTC" // as in the cause
		}
		return failed(hint, "%s: %s", what, no.Cause)
	}
	hint := "nothing was changed; try again"
	switch strava.KindOf(err) {
	case strava.KindClientSecret, strava.KindUnauthorized:
		hint = "correct STRAVA_CLIENT_SECRET, https://www.strava.com/settings/api shows it"
	case strava.KindClientID:
		hint = "correct STRAVA_CLIENT_ID, https://www.strava.com/settings/api shows it"
	case strava.KindInactive:
		hint = "a Strava app needs its owner's paid subscription; when it is active again, try again"
	case strava.KindRateLimit:
		hint = "nothing was changed; try again in a quarter of an hour"
	case strava.KindTransport, strava.KindTimeout, strava.KindServer, strava.KindBody, strava.KindNotFound:
		hint = "nothing was changed; check the network and STRAVA_PUSH_URL, then try again"
	}
	return failed(hint, "%s: %w", what, err)
}

// forget removes a row; the command has failed before, so that is what is told first.
func forget(ctx context.Context, st *store.Store, row store.Subscription) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	return st.Update(ctx, nil, func(tx *store.Tx) error { return tx.DeleteSubscription(ctx, row.SecretHash) })
}
