package web

import (
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"musette/feed"
)

// A problem is an error as RFC 9457 has it. Its type is always about:blank, so its title is the status's own.
type problem struct {
	Status int
	Detail string         // what happened, and what to do
	More   map[string]any // further members
	fault  *fault         // how Strava would say it; see writeFault
}

func (p *problem) Error() string { return p.Detail }

func (p *problem) title() string { return http.StatusText(p.Status) }

func (p *problem) write(w http.ResponseWriter) {
	body := map[string]any{"type": "about:blank", "title": p.title(), "status": p.Status, "detail": p.Detail}
	for name, value := range p.More {
		body[name] = value
	}
	b, err := json.Marshal(body, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		panic(err) // members are strings, numbers and times
	}
	p.header(w.Header())
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(p.Status)
	_, _ = w.Write(b)
}

// header sets what goes with the status.
func (p *problem) header(h http.Header) {
	h.Set("Cache-Control", "no-store")
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="musette"`)
	}
}

func notFound(detail string) *problem { return &problem{Status: http.StatusNotFound, Detail: detail} }

func badParam(e *feed.ParamError) *problem {
	return &problem{
		Status: http.StatusBadRequest,
		Detail: "The parameter " + e.Param + " is not right: " + e.Problem + ".",
		More:   map[string]any{"parameter": e.Param},
	}
}

const howToSignIn = "Send a key as \"Authorization: Bearer KEY\" or \"X-API-Key: KEY\" (`musette key create` makes one), " +
	"or sign in with a browser at /login."

func unauthorized(detail string) *problem {
	return &problem{Status: http.StatusUnauthorized, Detail: detail + " " + howToSignIn}
}

func unavailable(detail string) *problem {
	return &problem{Status: http.StatusServiceUnavailable, Detail: detail}
}
