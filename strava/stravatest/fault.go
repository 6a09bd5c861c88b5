package stravatest

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// FaultKind says what goes wrong. The text is also the name that
// POST /control/faults takes.
type FaultKind string

// The faults there are. All but the first three happen behind the gateway:
// such a request has been counted against the limits.
const (
	FaultReset      FaultKind = "reset"       // the connection is reset; the request never arrived
	FaultBadGateway FaultKind = "bad-gateway" // 502 with an HTML body, no limit headers
	FaultHTML       FaultKind = "html"        // 200 with an HTML body, no limit headers

	FaultLatency       FaultKind = "latency"        // the answer comes after Fault.Delay
	FaultServerError   FaultKind = "server-error"   // Fault.Status, or 500, with a fault in JSON
	FaultTruncate      FaultKind = "truncate"       // half the body, less than Content-Length says
	FaultLost          FaultKind = "lost"           // the work is done, then the connection is reset
	FaultNoHeaders     FaultKind = "no-headers"     // the limit headers are missing
	FaultEmptyHeaders  FaultKind = "empty-headers"  // the usage headers hold "," only
	FaultTokenInvalid  FaultKind = "token-invalid"  // 401 Athlete / access_token / invalid
	FaultScopeMissing  FaultKind = "scope-missing"  // 401 AccessToken / activity:read_permission / missing
	FaultInactive      FaultKind = "inactive"       // 403 Application / Status / Inactive
	FaultNotFound      FaultKind = "not-found"      // 404 Activity / "" / not found
	FaultEmptyList     FaultKind = "empty-list"     // 200 with [] whatever was asked for
	FaultEmptyObject   FaultKind = "empty-object"   // 200 with {} whatever was asked for
	FaultEmptyPolyline FaultKind = "empty-polyline" // activities lose their lines, and nothing else
	FaultPlaceholder   FaultKind = "placeholder"    // photos still in processing: no address of the wanted size
)

var faultKinds = []FaultKind{
	FaultReset, FaultBadGateway, FaultHTML,
	FaultLatency, FaultServerError, FaultTruncate, FaultLost, FaultNoHeaders, FaultEmptyHeaders, FaultTokenInvalid,
	FaultScopeMissing, FaultInactive, FaultNotFound, FaultEmptyList, FaultEmptyObject, FaultEmptyPolyline, FaultPlaceholder,
}

// modifies reports whether the fault changes an answer rather than replacing
// it, so that it combines with others.
func (k FaultKind) modifies() bool {
	switch k {
	case FaultLatency, FaultNoHeaders, FaultEmptyHeaders, FaultEmptyPolyline, FaultPlaceholder:
		return true
	}
	return false
}

// atGateway reports whether the request never reaches the application.
func (k FaultKind) atGateway() bool {
	return k == FaultReset || k == FaultBadGateway || k == FaultHTML
}

// Fault is something that goes wrong with some requests. The zero values of
// all fields but Kind mean: every API request, always, until it is removed.
type Fault struct {
	Kind FaultKind
	// Method restricts the fault to one method.
	Method string
	// Path is a pattern for path.Match over the path without "/api/v3", for
	// example "/activities/*/photos"; a final "/**" matches any rest. The
	// empty pattern means every API request. OAuth and pictures take part
	// only where the pattern begins with /oauth or /pictures.
	Path string
	// Skip lets that many matching requests through first.
	Skip int
	// Count ends the fault after that many hits; 0 is no end.
	Count int
	// Probability between 0 and 1 of hitting a matching request; 0 is always.
	Probability float64
	// For ends the fault that long after it was added, by the server's clock.
	For time.Duration
	// Delay is how late a FaultLatency answers.
	Delay time.Duration
	// Status is what a FaultServerError answers with; 0 is 500.
	Status int
}

// ActiveFault is a fault that has been added and not yet ended.
type ActiveFault struct {
	ID   int
	Hits int
	Fault
	seen  int
	until time.Time
}

// AddFault switches a fault on and returns its id for RemoveFault. Of several
// matching faults that replace the answer, the one added first acts. It
// fails if the kind is unknown or the pattern malformed.
func (s *Server) AddFault(f Fault) (id int, err error) {
	if !slices.Contains(faultKinds, f.Kind) {
		return 0, fmt.Errorf("stravatest: unknown fault %q", f.Kind)
	}
	if _, err := path.Match(f.Path, "/"); err != nil {
		return 0, fmt.Errorf("stravatest: pattern %q of fault %q: %w", f.Path, f.Kind, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastFault++
	a := &ActiveFault{ID: s.lastFault, Fault: f}
	if f.For > 0 {
		a.until = s.now().Add(f.For)
	}
	s.faults = append(s.faults, a)
	return a.ID, nil
}

// RemoveFault switches a fault off and reports whether it was on.
func (s *Server) RemoveFault(id int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.faults)
	s.faults = slices.DeleteFunc(s.faults, func(a *ActiveFault) bool { return a.ID == id })
	return len(s.faults) < n
}

// ClearFaults switches all faults off.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Faults returns the faults that are on, in the order they were added.
func (s *Server) Faults() []ActiveFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endFaults(s.now())
	list := make([]ActiveFault, len(s.faults))
	for i, a := range s.faults {
		list[i] = *a
	}
	return list
}

// endFaults drops what is over. s.mu is held.
func (s *Server) endFaults(now time.Time) {
	s.faults = slices.DeleteFunc(s.faults, func(a *ActiveFault) bool {
		return a.Count > 0 && a.Hits >= a.Count || !a.until.IsZero() && !now.Before(a.until)
	})
}

// faultsHit is what goes wrong with one request.
type faultsHit struct {
	answer   FaultKind // the fault that replaces the answer, or ""
	status   int       // of a FaultServerError
	delay    time.Duration
	modifies []FaultKind
}

func (h faultsHit) has(k FaultKind) bool { return h.answer == k || slices.Contains(h.modifies, k) }

// hit decides which faults strike a request, and counts them. s.mu is held.
func (s *Server) hit(method, p string, now time.Time) faultsHit {
	s.endFaults(now)
	var h faultsHit
	for _, a := range s.faults {
		if a.Method != "" && a.Method != method || !matchPath(a.Path, p) || h.answer != "" && !a.Kind.modifies() {
			continue
		}
		if a.seen++; a.seen <= a.Skip || a.Probability > 0 && s.rng.Float64() >= a.Probability {
			continue
		}
		a.Hits++
		switch {
		case a.Kind == FaultLatency:
			h.delay += a.Delay
		case a.Kind.modifies():
			h.modifies = append(h.modifies, a.Kind)
		default:
			h.answer, h.status = a.Kind, cmp.Or(a.Status, 500)
		}
	}
	return h
}

// matchPath reports whether the path p, without /api/v3, fits the pattern.
func matchPath(pattern, p string) bool {
	if pattern == "" {
		return !strings.HasPrefix(p, "/oauth/") && !strings.HasPrefix(p, "/pictures/")
	}
	if head, ok := strings.CutSuffix(pattern, "/**"); ok {
		n := strings.Count(head, "/")
		parts := strings.Split(p, "/")
		if len(parts) <= n {
			return false
		}
		pattern, p = head, strings.Join(parts[:n+1], "/")
	}
	ok, err := path.Match(pattern, p)
	return ok && err == nil
}
