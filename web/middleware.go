package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

const varyOn = "Authorization, X-API-Key, Cookie, Accept-Encoding"

// Headers that many answers have alike. Their lists are shared: an answer may have another one instead, but what is in
// them never changes.
var (
	noSniff       = []string{"nosniff"}
	sameOrigin    = []string{"same-origin"} // not no-referrer: a form's Origin would then be null
	pagePolicy    = []string{contentPolicy}
	privateCache  = []string{cachePrivate}
	publicCache   = []string{cachePublic}
	hitFromMemory = []string{fromMemory}
)

// outer is around every request: an id, the headers that keep a page safe, the log, and the last net for panics.
func (s *Server) outer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := s.config.Now()
		about := &asked{id: requestIDOf(r)}
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, about))
		rec := &recorder{ResponseWriter: w}
		h := w.Header()
		h["X-Request-Id"] = []string{about.id}
		h["X-Content-Type-Options"] = noSniff
		h["Referrer-Policy"] = sameOrigin
		h["Content-Security-Policy"] = pagePolicy
		h["Vary"] = s.vary
		defer func() {
			if cause := recover(); cause != nil {
				s.recovered(rec, r, cause)
			}
			took := s.config.Now().Sub(started)
			s.log(r, about, rec, took)
			s.watch(r, about, rec.status, took)
		}()
		if s.config.Open && !s.hostAllowed(r.Host) {
			s.fail(rec, r, &problem{
				Status: http.StatusMisdirectedRequest,
				Detail: "Without signing in, this server answers only at a loopback address such as http://127.0.0.1.",
			})
			return
		}
		next.ServeHTTP(rec, r)
	})
}

// log writes a request down, for who asks for that much.
func (s *Server) log(r *http.Request, about *asked, rec *recorder, took time.Duration) {
	if !s.config.Log.Enabled(r.Context(), slog.LevelDebug) {
		return
	}
	// The path alone: a query may hold a one-time code. And the path without what opens the webhook.
	s.config.Log.LogAttrs(r.Context(), slog.LevelDebug, "request",
		slog.String("method", r.Method), slog.String("path", withoutSecret(r.URL.Path)), slog.Int("status", rec.status),
		slog.Int64("bytes", rec.bytes), slog.Duration("took", took), slog.String("request", about.id))
}

// recovered answers a request whose handler panicked.
func (s *Server) recovered(w *recorder, r *http.Request, cause any) {
	if cause == http.ErrAbortHandler {
		panic(cause)
	}
	s.config.Log.Error("a request's handler panicked", "panic", fmt.Sprint(cause), "method", r.Method, "path", withoutSecret(r.URL.Path),
		"request", requestID(r), "stack", string(debug.Stack()))
	if w.status != 0 {
		panic(http.ErrAbortHandler) // half an answer is out; the client must see that it is cut short
	}
	w.Header().Del("Content-Encoding")
	w.Header().Del("ETag")
	p := &problem{
		Status: http.StatusInternalServerError,
		Detail: "Something went wrong here. No data is lost. The log has more under the request's id.",
		More:   map[string]any{"request": requestID(r)},
	}
	p.write(w)
}

// hostAllowed reports whether a Host header names this machine itself, or the public address. A site that makes its
// own name resolve to 127.0.0.1 can otherwise read what its visitor may read.
func (s *Server) hostAllowed(hostport string) bool {
	return loopbackName(hostport) || slices.Contains(s.hosts, hostName(hostport))
}

// hostName is a Host header's name without the port, in lower case.
func hostName(hostport string) string {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

type requestKey struct{}

func newRequestID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// requestIDOf is what the log and the answer call a request: what a proxy on this machine or a private network calls
// it, so that its log and ours can be read together, else a number of our own.
func requestIDOf(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); id != "" && plainID.MatchString(id) {
		if ip := peer(r); ip.IsLoopback() || ip.IsPrivate() {
			return id
		}
	}
	return newRequestID()
}

// plainID can be told from a key or a token by its length, and can't be mistaken for anything else in a log.
var plainID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{7,35}$`)

// asked is what is known of a request while it is answered, by one goroutine.
type asked struct {
	id     string
	route  string // the pattern of its path, "" if there is none
	stream bool   // it is answered for as long as its client likes

	looked  bool // the visitor has been looked up
	visitor visitor
	err     error
}

func requestID(r *http.Request) string {
	if a, ok := r.Context().Value(requestKey{}).(*asked); ok {
		return a.id
	}
	return ""
}

// A recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets [http.ResponseController] flush.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
