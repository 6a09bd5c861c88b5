package stravatest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"musette/strava/stravatest/season"
)

// Config says what a simulated Strava is like at its start. The zero value
// works: one athlete with the default season, in real time.
type Config struct {
	// Seed decides the athlete's season, the credentials, every token and
	// every probability. Two servers with the same Config answer alike.
	Seed uint64
	// Activities is how many the first athlete has; default 60.
	Activities int
	// Now is the server's clock; default time.Now. See Clock for one to set.
	Now func() time.Time
	// Sleep waits for latency; default a timer in real time.
	Sleep func(ctx context.Context, d time.Duration) error

	// ClientID and ClientSecret are the one application's; by default they
	// are made from the seed.
	ClientID, ClientSecret string
	// AppName stands on the consent page; default "Your application".
	AppName string
	// CallbackDomain is a host that redirect addresses may name, with those
	// below it, besides localhost and 127.0.0.1.
	CallbackDomain string
	// Capacity is how many athletes may connect; 0 is no limit.
	Capacity int
	// Limits are the application's limits; default those of a new one.
	Limits Limits
	// RotateRefreshTokens gives a new refresh token with each new access
	// token, after which the one before is refused.
	RotateRefreshTokens bool
	// AutoApprove skips the consent page; see SetApproval for more.
	AutoApprove bool
	// Quirks choose between behaviours that Strava does not document.
	Quirks Quirks

	// PicturePX is how large pictures are drawn at most, whatever is said of
	// them, for tests that are about other things; 0: as large as they are.
	PicturePX int

	// BaseURL is the public address of the server, for addresses of
	// pictures; default http:// and the Host of the request.
	BaseURL string
	// WebhookClient reaches webhook callbacks; default http.DefaultClient.
	// The two seconds that Strava waits are added to whatever it has.
	WebhookClient *http.Client
}

// Quirks choose between behaviours that Strava does not document or that
// have been seen to differ. The zero value is what is most likely.
type Quirks struct {
	// ReverseOrder turns the order of every page of activities round.
	ReverseOrder bool `json:"reverse_order"`
	// ShortPages fills pages of activities after the first, and all pages of
	// a request with before, to two thirds only. Nothing is left out: the
	// pages are more, and only an empty one is the end.
	ShortPages bool `json:"short_pages"`
	// BeforeInclusive lists an activity whose start equals before.
	BeforeInclusive bool `json:"before_inclusive"`
	// HiddenStartsByTrueTime lets before, after and the order go by the
	// true start of activities that show only T00:00:01Z.
	HiddenStartsByTrueTime bool `json:"hidden_starts_by_true_time"`
	// NoPhotosEndpoint lets the undocumented photos endpoint be gone.
	NoPhotosEndpoint bool `json:"no_photos_endpoint"`
}

// Server is a simulated Strava: an http.Handler that serves /api/v3, /oauth,
// /pictures, and a page for people at /. Make one with New. All methods are
// safe for concurrent use.
type Server struct {
	cfg      Config
	clientID string
	secret   string
	mux      *http.ServeMux // of the operator's pages
	origin   *http.CrossOriginProtection
	pictures pictureCache
	details  detailCache

	mu          sync.Mutex // guards everything below; never held over I/O
	rng         *rand.Rand
	offset      time.Duration // of the server's clock against cfg.Now
	quirks      Quirks
	approval    Approval
	quota       quota
	faults      []*ActiveFault
	lastFault   int
	log         callLog
	athletes    []*athlete
	activities  map[int64]*activity
	grants      []*grant
	codes       map[string]*code
	secretsMade int
	capacity    int
	push        push
}

// New returns a server with one athlete, whose season is made at once.
func New(cfg Config) *Server {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Sleep == nil {
		cfg.Sleep = realSleep
	}
	if cfg.Activities == 0 {
		cfg.Activities = 60
	}
	if cfg.AppName == "" {
		cfg.AppName = "Your application"
	}
	if cfg.WebhookClient == nil {
		cfg.WebhookClient = http.DefaultClient
	}
	s := &Server{
		cfg:        cfg,
		clientID:   cfg.ClientID,
		secret:     cfg.ClientSecret,
		origin:     http.NewCrossOriginProtection(),
		rng:        rand.New(rand.NewPCG(cfg.Seed, 0x57a7e)),
		quirks:     cfg.Quirks,
		approval:   Approval{Auto: cfg.AutoApprove},
		quota:      quota{limits: cfg.Limits.withDefaults()},
		log:        callLog{counts: map[string]int{}},
		activities: map[int64]*activity{},
		codes:      map[string]*code{},
		capacity:   cfg.Capacity,
		push:       push{news: make(chan struct{}, 1)},
	}
	if s.clientID == "" {
		s.clientID = strconv.FormatUint(100_000+cfg.Seed%900_000, 10)
	}
	if s.secret == "" {
		s.secret = s.newSecret("client")
	}
	s.mux = s.operatorMux()
	s.AddAthlete(season.Options{Seed: cfg.Seed, Activities: cfg.Activities})
	return s
}

// ClientID returns the application's id.
func (s *Server) ClientID() string { return s.clientID }

// ClientSecret returns the application's secret.
func (s *Server) ClientSecret() string { return s.secret }

// Now returns the time by the server's clock, in UTC.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// now is Now with s.mu held. Config.Now must not call back into the server.
func (s *Server) now() time.Time { return s.cfg.Now().Add(s.offset).UTC() }

// Advance moves the server's clock on by d, whatever Config.Now is: tokens
// age, quota windows end, faults run out.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += d
}

// SetQuirks changes the undocumented behaviours.
func (s *Server) SetQuirks(q Quirks) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quirks = q
}

// Quirks returns the undocumented behaviours in force.
func (s *Server) Quirks() Quirks {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.quirks
}

// newSecret returns 40 hex digits that only the seed and the number of
// secrets before it decide. s.mu is held, or s not yet shared.
func (s *Server) newSecret(purpose string) string {
	s.secretsMade++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", purpose, s.cfg.Seed, s.secretsMade))
	return hex.EncodeToString(sum[:20])
}

// baseURL is the address that pictures are served under.
func (s *Server) baseURL(r *http.Request) string {
	if s.cfg.BaseURL != "" {
		return strings.TrimSuffix(s.cfg.BaseURL, "/")
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// request is one request on its way through the server.
type request struct {
	*http.Request
	path   string // without /api/v3
	now    time.Time
	id     string // the {id} of the endpoint
	who    viewer // zero before and without a valid token
	faults faultsHit
	quirks Quirks
	quota  http.Header // the limit headers, as of its arrival
	// exceeded names the limit that the request went over, or is "".
	exceeded string
	call     Call
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, api := strings.CutPrefix(r.URL.Path, "/api/v3")
	oauth := strings.HasPrefix(path, "/oauth/")
	if !api && !oauth && !strings.HasPrefix(path, "/pictures/") {
		s.mux.ServeHTTP(w, r)
		return
	}
	q := &request{Request: r, path: path}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	_ = r.ParseMultipartForm(1 << 20) // what can't be parsed lacks its values, and is refused for that
	s.arrive(q, api && !oauth)

	p, done := q.gatewayAnswer()
	if !done {
		if q.faults.delay > 0 && s.cfg.Sleep(r.Context(), q.faults.delay) != nil {
			s.leave(q, 0)
			panic(http.ErrAbortHandler)
		}
		switch {
		case oauth:
			p = s.serveOAuth(q)
		case api:
			p = s.serveAPI(q)
		default:
			p = s.servePicture(q)
		}
	}
	q.spoilHeaders()
	for name, values := range q.quota {
		if p.header == nil {
			p.header = http.Header{}
		}
		p.header[name] = values
	}
	status := p.status
	if q.faults.answer == FaultReset || q.faults.answer == FaultLost {
		status = 0
	}
	p.send(w, r, s.leave(q, status), q.faults)
}

// arrive notes what the server is like at this moment, and counts the
// request where it counts.
func (s *Server) arrive(q *request, api bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q.now = s.now()
	q.quirks = s.quirks
	q.faults = s.hit(q.Method, q.path, q.now)
	q.call = Call{
		Time: q.now, Method: q.Method, Path: q.URL.Path, Query: cleanQuery(q.URL.Query()),
		Class: ClassToken, Fault: string(q.faults.answer),
	}
	if !api {
		return
	}
	q.call.Class = classOf(q.Method, q.path)
	q.quota = http.Header{}
	if q.faults.answer.atGateway() {
		return
	}
	read := q.call.Class == ClassRead
	q.exceeded = s.quota.count(q.now, 1, read)
	s.quota.header(q.quota, read)
}

// gatewayAnswer is the answer that needs no application.
func (q *request) gatewayAnswer() (reply, bool) {
	if q.faults.answer == FaultReset {
		return reply{}, true
	}
	if !q.faults.answer.atGateway() {
		return reply{}, false
	}
	return answerOf(q.faults)
}

// spoilHeaders lets the faults of the limit headers act.
func (q *request) spoilHeaders() {
	if len(q.quota) == 0 {
		return
	}
	if q.faults.has(FaultNoHeaders) {
		q.quota = nil
		return
	}
	if q.faults.has(FaultEmptyHeaders) {
		q.quota.Set("X-Ratelimit-Usage", ",")
		q.quota.Set("X-Readratelimit-Usage", ",")
	}
}

// leave logs the request and returns the time of the answer.
func (s *Server) leave(q *request, status int) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	q.call.Status = status
	if q.call.Endpoint != "" || q.call.Class != ClassToken {
		s.log.add(q.call)
	}
	return s.now()
}
