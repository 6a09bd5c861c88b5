package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Paths whose requests may have a body, and those that are never too many: what a page is made of, what watches the
// server, and Strava's events, which have bounds of their own.
var (
	withBody = []string{
		"/v1/refresh", "/login", "/units", webhookPath, connectPath,
		mePath + "/hide", mePath + "/zones", mePath + "/zones/remove", mePath + "/leave",
	}
	unlimited = []string{"/static/{file}", "/healthz", "/readyz", webhookPath}
)

// checkBody refuses a body where none belongs.
func checkBody(r *http.Request, pattern string) error {
	if (r.ContentLength != 0 || len(r.TransferEncoding) > 0) && (r.Method != http.MethodPost || !slices.Contains(withBody, pattern)) {
		return &problem{Status: http.StatusBadRequest, Detail: "There is a body where none belongs: what is asked for stands in the address."}
	}
	return nil
}

// limit counts a request against its caller. Requests of this machine itself, which no proxy passes on, are free.
func (s *Server) limit(w http.ResponseWriter, r *http.Request, pattern string) error {
	address, remote := clientAddress(r)
	if !remote && !underStrava(r) || slices.Contains(unlimited, pattern) || s.callers == nil {
		return nil
	}
	who, keyed := s.caller(r, address)
	most := strangerRate
	if keyed {
		most = keyRate
	}
	st := s.callers.take(who, most, !remote)
	switch {
	case underStrava(r):
		st.sayAsStrava(w.Header())
	case keyed || st.wait > 0:
		st.say(w.Header())
	}
	if st.wait == 0 {
		return nil
	}
	w.Header().Set("Retry-After", wholeSeconds(st.wait))
	s.config.Watch.limited(keyed)
	detail := "Too many requests from your address. A key may ask more often."
	if keyed {
		detail = "Too many requests with this key."
	}
	return &problem{Status: http.StatusTooManyRequests, Detail: detail + " Wait as Retry-After says; nothing is lost."}
}

// caller is the number of who asks from an address: of the key or session, else of the address.
func (s *Server) caller(r *http.Request, address string) (who uint64, keyed bool) {
	v, err := s.visitor(r)
	if err == nil && v.key != [32]byte{} {
		return s.callers.number(v.key[:]), true
	}
	return s.callers.number([]byte(address)), false
}

// holdStream counts a stream of events that begins, until release. One caller can't take all that there are.
func (s *Server) holdStream(w http.ResponseWriter, r *http.Request) (release func(), err error) {
	theirs := func() {}
	if address, remote := clientAddress(r); remote && s.callers != nil {
		who, keyed := s.caller(r, address)
		if !s.callers.follow(who) {
			s.config.Watch.limited(keyed)
			w.Header().Set("Retry-After", "60")
			return nil, &problem{
				Status: http.StatusTooManyRequests,
				Detail: "You follow the events " + strconv.Itoa(maxStreamsEach) + " times at once already. End one, or ask /v1/changes instead.",
			}
		}
		theirs = func() { s.callers.unfollow(who) }
	}
	if s.streams.Add(1) > maxStreams {
		s.streams.Add(-1)
		theirs()
		return nil, unavailable("Too many readers follow the events already. Ask /v1/changes instead.")
	}
	return func() { s.streams.Add(-1); theirs() }, nil
}

// say tells a caller how it stands.
func (st standing) say(h http.Header) {
	h.Set("RateLimit-Limit", strconv.Itoa(int(st.rate.atOnce)))
	h.Set("RateLimit-Remaining", strconv.Itoa(st.left))
	h.Set("RateLimit-Reset", wholeSeconds(st.full))
}

// sayAsStrava tells it in Strava's headers. What counts as a read there is all that can be asked here.
func (st standing) sayAsStrava(h http.Header) {
	limit := strconv.Itoa(st.rate.perQuarter()) + "," + strconv.Itoa(st.rate.perDay())
	usage := strconv.Itoa(st.inQuarter) + "," + strconv.Itoa(st.day)
	h.Set("X-RateLimit-Limit", limit)
	h.Set("X-RateLimit-Usage", usage)
	h.Set("X-ReadRateLimit-Limit", limit)
	h.Set("X-ReadRateLimit-Usage", usage)
}

// wholeSeconds rounds up: who comes back earlier is refused again.
func wholeSeconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// underStrava reports whether a request is to Strava's own paths.
func underStrava(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, stravaRoot+"/") }
