package web

import (
	"net/http"
	"net/http/pprof"
	"net/netip"
	"strings"
)

const (
	metricsPath = "/metrics"
	profilePath = "/debug/pprof/"
)

// getMetrics answers an operator, and what watches the program from the same machine.
func (s *Server) getMetrics(w http.ResponseWriter, r *http.Request) error {
	if s.config.Metrics == nil {
		return notFound(nothingHere)
	}
	if !s.beside(r) {
		v, err := s.visitor(r)
		switch {
		case err != nil:
			return err
		case !v.Known:
			return unauthorized("The metrics are for the operator.")
		case v.Athlete != 0:
			return &problem{Status: http.StatusForbidden, Detail: "The metrics are for the operator: this key is one athlete's."}
		case !v.may(ScopeRead):
			return forbidden(ScopeRead)
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	s.config.Metrics.ServeHTTP(w, r)
	return nil
}

// beside reports whether a program on this machine asks, rather than a proxy on it for somebody elsewhere, or a page
// of another site's in a browser here, whose name for this server isn't ours.
func (s *Server) beside(r *http.Request) bool {
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded", "Via", "Origin"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	return peer(r).IsLoopback() && loopbackName(r.Host)
}

// profileRoutes are Go's profiles of the running program, for an operator's key with all rights. For everybody else
// there is nothing there.
func (s *Server) profileRoutes() map[string]methods {
	of := func(h http.HandlerFunc) methods {
		return methods{"GET": func(w http.ResponseWriter, r *http.Request) error {
			v, err := s.visitor(r)
			if err != nil || !v.Known || v.Athlete != 0 || !v.may(ScopeAdmin) {
				return notFound(nothingHere)
			}
			w.Header().Set("Cache-Control", "no-store")
			h(w, r)
			return nil
		}}
	}
	// Not pprof's list of arguments: a start's flags are nobody's business.
	return map[string]methods{
		profilePath + "{name}":  of(func(w http.ResponseWriter, r *http.Request) { pprof.Handler(r.PathValue("name")).ServeHTTP(w, r) }),
		profilePath + "profile": of(pprof.Profile),
		profilePath + "symbol":  of(pprof.Symbol),
		profilePath + "trace":   of(pprof.Trace),
	}
}

// loopbackName reports whether a Host header names this machine itself.
func loopbackName(hostport string) bool {
	host := hostName(hostport)
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.IsLoopback()
}
