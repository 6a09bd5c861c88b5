package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Pages of other origins may read the APIs if their origin is among the configured ones. They bring a key or are
// strangers: cookies don't count from elsewhere, and no answer allows a browser to send them.

const (
	corsMethods = "GET, HEAD, POST, PUT, DELETE"
	corsHeaders = "Authorization, X-API-Key, Content-Type, If-None-Match, Last-Event-ID"
	corsExposed = "Age, Cache-Status, Content-Length, ETag, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, " +
		"WWW-Authenticate, X-RateLimit-Limit, X-RateLimit-Usage, X-ReadRateLimit-Limit, X-ReadRateLimit-Usage, X-Request-Id"
	corsMaxAge = "600" // seconds for which a browser needn't ask again
)

// CheckOrigin returns an origin such as https://example.org as browsers write it, or says that it is none.
func CheckOrigin(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.TrimSuffix(u.Path, "/") != "" ||
		u.RawQuery != "" || u.Fragment != "" || u.User != nil || strings.Contains(u.Host, "*") {
		return "", fmt.Errorf("web: %q is not an origin like https://example.org", text)
	}
	host := strings.ToLower(u.Host)
	if port := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]; strings.HasSuffix(host, port) {
		host = strings.TrimSuffix(host, port)
	}
	return u.Scheme + "://" + host, nil
}

// cors adds what an allowed origin's page needs to read an answer, and answers its browser's question before. Everybody
// else, and everything but the APIs, goes to guarded, which refuses what another site's page sends.
func (s *Server) cors(next, guarded http.Handler) http.Handler {
	if len(s.origins) == 0 {
		return guarded
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if !slices.Contains(s.origins, origin) || !forScripts(r.URL.Path) {
			guarded.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", origin)
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			h.Set("Access-Control-Allow-Methods", corsMethods)
			h.Set("Access-Control-Allow-Headers", corsHeaders)
			h.Set("Access-Control-Max-Age", corsMaxAge)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		h.Set("Access-Control-Expose-Headers", corsExposed)
		next.ServeHTTP(w, r)
	})
}

// forScripts reports whether a path is for programs rather than people.
func forScripts(path string) bool {
	return strings.HasPrefix(path, "/v1/") || strings.HasPrefix(path, stravaRoot+"/") || path == "/openapi.json"
}

// fromElsewhere reports whether a browser says that another origin's page asks.
func (s *Server) fromElsewhere(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	u, err := url.Parse(origin)
	return err != nil || u.Host == "" || u.Host != r.Host && origin != s.own
}
