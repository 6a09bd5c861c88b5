package web

import (
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A fault is an error as Strava has it: the members of Fault and Error in its specification.
type fault struct {
	Message string       `json:"message"`
	Errors  []faultError `json:"errors"`
}

type faultError struct {
	Resource string `json:"resource"`
	Field    string `json:"field"`
	Code     string `json:"code"`
}

func newFault(status int, message, resource, field, code string) *problem {
	return &problem{Status: status, Detail: message, fault: &fault{message, []faultError{{resource, field, code}}}}
}

// The faults in Strava's own words, so that programs that look for them find them.
func stravaUnauthorized(resource, field, code string) *problem {
	return newFault(http.StatusUnauthorized, "Authorization Error", resource, field, code)
}

func stravaNotFound(resource string) *problem {
	return newFault(http.StatusNotFound, "Resource Not Found", resource, "", "not found")
}

// notHere is about what exists at Strava and isn't in the copy.
func notHere(resource, field, why string) *problem {
	return newFault(http.StatusNotFound, "Resource Not Found: "+why, resource, field, "not cached")
}

func stravaBadParam(param, code, right string) *problem {
	return newFault(http.StatusBadRequest, "Bad Request: "+param+": "+right, "Application", param, code)
}

// asFault is how Strava would say any problem.
func (p *problem) asFault() *fault {
	param, _ := p.More["parameter"].(string)
	switch {
	case p.fault != nil:
		return p.fault
	case p.Status == http.StatusUnauthorized:
		return stravaUnauthorized("Athlete", "access_token", "invalid").fault
	case p.Status == http.StatusTooManyRequests:
		return &fault{"Rate Limit Exceeded", []faultError{{"Application", "read rate limit", "exceeded"}}}
	case p.Status == http.StatusNotFound:
		return &fault{"Record Not Found", []faultError{{"resource", "path", "invalid"}}}
	case param != "":
		return stravaBadParam(param, "invalid", p.Detail).fault
	}
	return &fault{p.title() + ": " + p.Detail, []faultError{}}
}

// writeFault is write, in Strava's shape.
func (p *problem) writeFault(w http.ResponseWriter) {
	b, err := json.Marshal(p.asFault(), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		panic(err) // members are strings
	}
	p.header(w.Header())
	w.Header().Set("Content-Type", stravaJSON)
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(p.Status)
	_, _ = w.Write(b)
}
