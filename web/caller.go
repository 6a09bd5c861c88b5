package web

import (
	"hash/maphash"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// A caller may ask steadily so many times a second, and so many times at once. Both are far above what a site or a
// program needs, so that only a mistake or an attack meets them.
type rate struct {
	perSecond float64
	atOnce    float64
	kept      time.Duration // how long a caller is remembered after the last call
}

var (
	// keyRate is of one key or session. It is remembered for as long as its calls of the day are told.
	keyRate = rate{perSecond: 20, atOnce: 600, kept: 24 * time.Hour}
	// strangerRate is of one address without a key. After half a minute there is nothing to hold against it.
	strangerRate = rate{perSecond: 10, atOnce: 300, kept: time.Minute}
)

// perQuarter and perDay are what the rate comes to in Strava's two windows.
func (r rate) perQuarter() int { return int(r.perSecond * (15 * time.Minute).Seconds()) }
func (r rate) perDay() int     { return int(r.perSecond * (24 * time.Hour).Seconds()) }

// callers counts what each caller asks. Addresses aren't kept: a caller is a number that this process makes of a key or
// an address by a secret of its own, and is forgotten once there is nothing to hold against it.
type callers struct {
	now  func() time.Time
	seed maphash.Seed

	mu    sync.Mutex
	known map[uint64]*calls
	swept time.Time

	follows map[uint64]int // streams of events open now
}

// calls are one caller's: a bucket of tokens that fills with time, and what was asked in the clock quarter and in the
// UTC day, as Strava counts.
type calls struct {
	tokens       float64
	at           time.Time
	kept         time.Duration
	quarter, day window
}

// A window counts within one span of time.
type window struct {
	number int64 // of the span
	used   int
}

func (w *window) add(now time.Time, span time.Duration) {
	if n := now.Unix() / int64(span/time.Second); n != w.number {
		*w = window{number: n}
	}
	w.used++
}

func newCallers(now func() time.Time) *callers {
	return &callers{now: now, seed: maphash.MakeSeed(), known: map[uint64]*calls{}, follows: map[uint64]int{}}
}

// number is a caller's, by what tells it from others.
func (c *callers) number(who []byte) uint64 { return maphash.Bytes(c.seed, who) }

// A standing is how a caller stands after a call.
type standing struct {
	rate           rate
	left           int           // calls that may follow at once
	full           time.Duration // until all of them may again
	wait           time.Duration // before the next call; 0 if this one may go ahead
	inQuarter, day int           // calls so far, this one included
}

// take counts a call. A free one is counted, and never refused.
func (c *callers) take(who uint64, r rate, free bool) standing {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	c.sweep(now)
	k := c.known[who]
	if k == nil {
		k = &calls{tokens: r.atOnce, at: now, kept: r.kept}
		c.known[who] = k
	}
	k.tokens = min(r.atOnce, k.tokens+max(0, now.Sub(k.at).Seconds())*r.perSecond)
	k.at = now
	k.quarter.add(now, 15*time.Minute)
	k.day.add(now, 24*time.Hour)
	st := standing{rate: r, inQuarter: k.quarter.used, day: k.day.used}
	switch {
	case k.tokens >= 1:
		k.tokens--
	case !free:
		st.wait = seconds((1 - k.tokens) / r.perSecond)
	}
	st.left, st.full = int(k.tokens), seconds((r.atOnce-k.tokens)/r.perSecond)
	return st
}

// follow counts a stream of events, and is false where the caller has as many as it may.
func (c *callers) follow(who uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.follows[who] >= maxStreamsEach {
		return false
	}
	c.follows[who]++
	return true
}

// unfollow ends what follow counted.
func (c *callers) unfollow(who uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.follows[who]--; c.follows[who] <= 0 {
		delete(c.follows, who)
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

const (
	sweepEvery = time.Minute
	maxCallers = 100_000
)

// sweep forgets callers that have been quiet for long enough; of too many at once, any go.
func (c *callers) sweep(now time.Time) {
	if now.Sub(c.swept).Abs() < sweepEvery && len(c.known) < maxCallers {
		return
	}
	c.swept = now
	for who, k := range c.known {
		if now.Sub(k.at) > k.kept || len(c.known) >= maxCallers {
			delete(c.known, who)
		}
	}
}

// clientAddress is where a request comes from: what a proxy on this machine or a private network says, else the other
// end. An IPv6 customer has a whole /64. remote is false where only this machine itself can be asking.
func clientAddress(r *http.Request) (address string, remote bool) {
	ip := peer(r)
	if !ip.IsValid() {
		return r.RemoteAddr, true
	}
	if passed := r.Header.Values("X-Forwarded-For"); len(passed) > 0 && (ip.IsLoopback() || ip.IsPrivate()) {
		// The last entry is what the proxy itself saw; those before it are the client's to invent.
		list := strings.Split(passed[len(passed)-1], ",")
		said, err := netip.ParseAddr(strings.TrimSpace(list[len(list)-1]))
		if err != nil {
			return "", true
		}
		ip = said.Unmap().WithZone("")
	} else if ip.IsLoopback() {
		return "", r.Header.Get("Forwarded") != "" || r.Header.Get("Via") != ""
	}
	if ip.Is6() {
		if prefix, err := ip.Prefix(64); err == nil {
			return prefix.String(), true
		}
	}
	return ip.String(), true
}

// peer is the other end of the connection.
func peer(r *http.Request) netip.Addr {
	end, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return end.Addr().Unmap().WithZone("")
}
