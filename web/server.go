package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"musette/feed"
	"musette/store"
)

// Config says what is served, and to whom.
type Config struct {
	Feed  *feed.Feed
	Store *store.Store // keys, sessions and codes

	// Open makes every visitor the owner, as the demo does. Only requests for a loopback name, or for PublicURL,
	// are then answered, so that no other site can read through the visitor's browser.
	Open bool
	// APIKeyHash is [HashKey] of MUSETTE_API_KEY, the operator's key from the environment; zero is none.
	APIKeyHash [32]byte

	// Refresh asks for one activity, or with 0 for everything, to be fetched anew. A [*Conflict] says that it can't
	// be done now. nil: this process can't pass the wish on.
	Refresh RefreshFunc
	// Woken is called when an event of Strava's was stored, so that it is worked off at once. nil: what this process
	// stores isn't kept, so Strava is asked to send its events again.
	Woken func()

	Connect   *Connect // how athletes connect; nil: nobody can
	NoConnect string   // why not, in words

	// Watch is told of what happens here, for counting.
	Watch Watch
	// Metrics answers /metrics, for those who may ask; nil: there is nothing at that address.
	Metrics http.Handler
	Leave   LeaveFunc // how an athlete leaves; nil: nothing can be deleted

	Streams bool // activities may have streams in the store

	PublicURL string           // where visitors reach the server, such as https://feed.example; "" is unknown
	Origins   []string         // whose pages may read the APIs from a browser, such as https://example.org
	Now       func() time.Time // default [time.Now]
	Log       *slog.Logger     // default: nothing is logged
	Version   string
	// Picture reads the pictures that are kept. nil: there are none.
	Picture PictureFunc
	// Tiles are put under a route's drawing, where the URL isn't "".
	Tiles Tiles
}

// Server answers requests. It is an [http.Handler].
type Server struct {
	config   Config
	handler  http.Handler
	keys     *keyring
	throttle *throttle
	keeping  trouble // events can't be kept
	refusing trouble // what isn't an event is sent to the webhook's address
	hosts    []string
	own      string   // the public address's origin, "" if it isn't known
	asks     string   // the origin of Strava's question
	origins  []string // those allowed, as browsers write them
	vary     []string // on what answers depend, as its header has it; shared by them all
	callers  *callers
	docs     *feed.Response // the API's page
	tiles    *tileHost      // nil where maps are only drawn
	cards    *cards
	computed *latest // what Strava's paths answer that isn't stored

	heartbeat func() (tick <-chan time.Time, stop func())
	streams   atomic.Int64
	exports   atomic.Int64
	closing   chan struct{}
	closeOnce sync.Once
}

// heartbeatEvery keeps proxies from closing an idle stream of events.
const heartbeatEvery = 15 * time.Second

// New returns a server, or says which setting is wrong.
func New(c Config) (*Server, error) {
	if c.Feed == nil || c.Store == nil {
		return nil, errors.New("web: a feed and a store are needed")
	}
	c.setDefaults()
	s := &Server{
		config: c, closing: make(chan struct{}),
		keys:     newKeyring(c.Store, c.APIKeyHash, c.Now),
		throttle: newThrottle(c.Now),
		callers:  newCallers(c.Now), computed: newLatest(), cards: newCards(),
		heartbeat: func() (<-chan time.Time, func()) {
			t := time.NewTicker(heartbeatEvery)
			return t.C, t.Stop
		},
	}
	var err error
	if c.Tiles.URL != "" {
		if s.tiles, err = newTileHost(c.Tiles, "Musette/"+cmp.Or(c.Version, "unknown")+" (self-hosted; fetches tiles for one site and keeps them)", c.Now); err != nil {
			return nil, err
		}
	}
	crossOrigin := http.NewCrossOriginProtection()
	if c.PublicURL != "" {
		origin, host, err := publicOrigin(c.PublicURL)
		if err != nil {
			return nil, err
		}
		if err := crossOrigin.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("web: public URL: %w", err)
		}
		s.hosts, s.own = append(s.hosts, host), origin
	}
	if c.Connect != nil {
		s.asks = origin(c.Connect.Ask("", "", false))
	}
	for _, text := range c.Origins {
		origin, err := CheckOrigin(text)
		if err != nil {
			return nil, err
		}
		s.origins = append(s.origins, origin)
	}
	s.vary = []string{varyOn}
	if len(s.origins) > 0 {
		s.vary = []string{varyOn + ", Origin"}
	}
	crossOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, &problem{Status: http.StatusForbidden, Detail: "This came from another site's page, and was not done."})
	}))
	crossOrigin.AddInsecureBypassPattern(webhookPath) // Strava is no browser, and its secret is in the path
	base := "http://127.0.0.1:8080"
	if s.own != "" {
		base = s.own
	}
	if s.docs, err = renderDocs(sitePages(), base); err != nil {
		return nil, err
	}
	routes := s.routes()
	s.handler = s.outer(s.cors(routes, crossOrigin.Handler(routes)))
	return s, nil
}

func (c *Config) setDefaults() {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// RememberKeys reads the keys and sessions there are, so that who has one is served also when the database goes away
// before they first come. Others are remembered once they have come.
func (s *Server) RememberKeys(ctx context.Context) error { return s.keys.rememberAll(ctx) }

// Close ends the streams of events, which otherwise hold up an orderly shutdown; register it with
// [http.Server.RegisterOnShutdown]. It may be called more than once.
func (s *Server) Close() { s.closeOnce.Do(func() { close(s.closing) }) }

// publicOrigin returns a URL's origin and host.
func publicOrigin(public string) (origin, host string, err error) {
	u, err := url.Parse(public)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", "", fmt.Errorf("web: the public URL %q is not an address like https://feed.example", public)
	}
	return u.Scheme + "://" + u.Host, u.Hostname(), nil
}

// contentPolicy lets a page load its own script, style and pictures, and nothing else.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secure reports whether the visitor came by https: to this server, to the public address, or to a proxy on this machine
// or a private network that says so.
func (s *Server) secure(r *http.Request) bool {
	if r.TLS != nil || strings.HasPrefix(s.config.PublicURL, "https:") {
		return true
	}
	ip := peer(r)
	return strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") && (ip.IsLoopback() || ip.IsPrivate())
}
