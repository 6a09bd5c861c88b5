package gallery

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// errInside says that an address isn't asked: nothing that a document says makes this machine ask its own neighbours.
var errInside = errors.New("its address isn't one that pictures may come from")

// newClient returns a client that connects to the world outside and to where Strava's API is. A name may lead anywhere, so
// what it led to is looked at, not the name alone; behind a proxy, which looks names up itself, that is the proxy's to do.
func newClient(strava *url.URL) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	free := &net.Dialer{Timeout: 10 * time.Second}
	careful := &net.Dialer{Timeout: free.Timeout, Control: refuseInside}
	proxied := hasProxy()
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if host, _, err := net.SplitHostPort(address); proxied || err == nil && host == strava.Hostname() {
			return free.DialContext(ctx, network, address)
		}
		return careful.DialContext(ctx, network, address)
	}
	t.ResponseHeaderTimeout = 30 * time.Second
	t.MaxConnsPerHost = atOnce
	return &http.Client{Transport: t}
}

// hasProxy reports whether the environment names one for the world outside.
func hasProxy() bool {
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: &url.URL{Scheme: "https", Host: "example.org"}})
	return proxy != nil || err != nil
}

func refuseInside(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !outside(to.Addr()) {
		return errInside
	}
	return nil
}

// allowed reports whether a picture may come from an address, as far as that can be told from it: by https from the world
// outside, or from where Strava's API is.
func (g *Gallery) allowed(u *url.URL) bool {
	if strava := g.strava.Hostname(); strava != "" && u.Hostname() == strava && (u.Scheme == "https" || u.Scheme == "http" && g.strava.Scheme == "http") {
		return true
	}
	name := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if u.Scheme != "https" || u.User != nil || !strings.Contains(strings.Trim(name, "."), ".") && !strings.Contains(name, ":") {
		return false
	}
	for _, inside := range []string{".localhost", ".local", ".internal", ".lan"} {
		if strings.HasSuffix(name, inside) {
			return false
		}
	}
	ip, err := netip.ParseAddr(name)
	return err != nil || outside(ip)
}

// behindTranslation are addresses that lead to somebody of one's own network although they aren't called private: those
// behind a provider's translation, which overlays use, too (RFC 6598), and private ones of IPv4 in IPv6 (RFC 6052).
var behindTranslation = []netip.Prefix{netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("64:ff9b::/96")}

func outside(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	for _, p := range behindTranslation {
		if p.Contains(ip) {
			return false
		}
	}
	return ip.IsGlobalUnicast() && !ip.IsPrivate()
}
