package strava

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Defaults of a [Client].
const (
	// DefaultAPIURL is where the API is until 2027-06-01; Strava has
	// announced https://api-v3.strava.com, usable from 2027-01-04.
	DefaultAPIURL = "https://www.strava.com/api/v3"
	// DefaultOAuthURL has /authorize, /token, /revoke and /deauthorize below it.
	DefaultOAuthURL = "https://www.strava.com/oauth"
	// DefaultTimeout is for one whole call. Answers of 2 to 4 s are common.
	DefaultTimeout = 30 * time.Second
	// DefaultUserAgent names this client to Strava.
	DefaultUserAgent = "go-strava/1"
)

// A Client makes calls to the Strava API. It is safe for use by several
// goroutines. It never retries, never sleeps and never refreshes a token.
type Client struct {
	apiURL, oauthURL, pushURL string
	userAgent                 string
	timeout                   time.Duration
	transport                 http.RoundTripper
	app                       *app // nil without WithApp
}

// app is the application's own identity.
type app struct {
	id     string
	secret func() Secret // a function, so that no fmt verb can reach it
}

// An Option configures a [Client].
type Option func(*Client) error

// New returns a Client with the options applied, or the first error of one.
func New(opts ...Option) (*Client, error) {
	c := &Client{
		apiURL:    DefaultAPIURL,
		oauthURL:  DefaultOAuthURL,
		userAgent: DefaultUserAgent,
		timeout:   DefaultTimeout,
	}
	for _, opt := range opts {
		if err := opt(c); err != nil {
			return nil, err
		}
	}
	if c.pushURL == "" {
		c.pushURL = c.apiURL + "/push_subscriptions"
	}
	if c.transport == nil {
		c.transport = newTransport()
	}
	return c, nil
}

// Close closes idle connections. The Client can still be used.
func (c *Client) Close() {
	if t, ok := c.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// WithAPIURL sets the address of the API, [DefaultAPIURL] otherwise.
func WithAPIURL(address string) Option {
	return func(c *Client) (err error) {
		c.apiURL, err = baseURL("API", address)
		return err
	}
}

// WithOAuthURL sets the address of the OAuth endpoints, [DefaultOAuthURL] otherwise.
func WithOAuthURL(address string) Option {
	return func(c *Client) (err error) {
		c.oauthURL, err = baseURL("OAuth", address)
		return err
	}
}

// WithPushURL sets the address of the push subscriptions, otherwise the
// API's followed by /push_subscriptions.
func WithPushURL(address string) Option {
	return func(c *Client) (err error) {
		c.pushURL, err = baseURL("push subscription", address)
		return err
	}
}

// WithTransport sets what carries the requests, instead of the package's own
// transport. It is used bare: redirects are not followed, cookies not kept.
func WithTransport(t http.RoundTripper) Option {
	return func(c *Client) error {
		if t == nil {
			return errors.New("strava: the transport is nil")
		}
		c.transport = t
		return nil
	}
}

// WithTimeout bounds each call, from dialling to the last byte of the body.
// [DefaultTimeout] otherwise.
func WithTimeout(d time.Duration) Option {
	return func(c *Client) error {
		if d <= 0 {
			return fmt.Errorf("strava: the timeout must be above 0, not %v", d)
		}
		c.timeout = d
		return nil
	}
}

// WithApp sets the application's client id and secret. OAuth calls and push
// subscriptions need them, the others don't.
func WithApp(clientID string, secret Secret) Option {
	return func(c *Client) error {
		if clientID == "" || secret == "" {
			return errors.New("strava: the application needs both a client id and a client secret")
		}
		c.app = &app{id: clientID, secret: func() Secret { return secret }}
		return nil
	}
}

// WithUserAgent sets the User-Agent header, [DefaultUserAgent] otherwise.
func WithUserAgent(name string) Option {
	return func(c *Client) error {
		if name == "" || strings.ContainsAny(name, "\r\n") {
			return errors.New("strava: the user agent must be one line of text")
		}
		c.userAgent = name
		return nil
	}
}

// baseURL checks an address and takes the last slash off. Its errors don't
// repeat the address, which may hold a password.
func baseURL(what, address string) (string, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return "", fmt.Errorf("strava: the %s address is no URL", what)
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return "", fmt.Errorf("strava: the %s address must start with http:// or https:// and a host", what)
	case u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return "", fmt.Errorf("strava: the %s address must have no user, query or fragment", what)
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// newTransport keeps connections for the few calls that run at once.
func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxIdleConns:           16,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
		// Without pings an HTTP/2 connection that died silently (a suspended
		// machine, a forgetful router) would time out call after call.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second},
	}
}
