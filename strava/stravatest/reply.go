package stravatest

import (
	"bytes"
	"compress/gzip"
	"crypto/md5" // an ETag, as Strava's; nothing depends on its strength
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// reply is an answer before it is sent, so that a fault can still spoil it.
type reply struct {
	status      int
	contentType string // "" where there is no body
	header      http.Header
	body        []byte
}

const (
	jsonType = "application/json; charset=utf-8"
	htmlType = "text/html; charset=utf-8"
)

// okJSON answers with v, whose type decides names, order and oddities.
func okJSON(v any) reply { return jsonReply(http.StatusOK, v) }

func jsonReply(status int, v any) reply {
	return reply{status: status, contentType: jsonType, body: encode(v)}
}

// encode returns v as JSON. The types of this package always encode.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("stravatest: encoding an answer: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// faultBody is the shape of Strava's errors (reference documentation: Fault).
type faultBody struct {
	Message string       `json:"message"`
	Errors  []faultError `json:"errors"`
}

type faultError struct {
	Resource string `json:"resource"`
	Field    string `json:"field"`
	Code     string `json:"code"`
}

// failure answers with a fault that names one error.
func failure(status int, message, resource, field, code string) reply {
	return jsonReply(status, faultBody{message, []faultError{{resource, field, code}}})
}

// The errors that several endpoints answer with.
func badParameter(resource, field, code string) reply {
	return failure(http.StatusBadRequest, "Bad Request", resource, field, code)
}

func unauthorized(resource, field, code string) reply {
	return failure(http.StatusUnauthorized, "Authorization Error", resource, field, code)
}

func notFound(resource string) reply {
	return failure(http.StatusNotFound, "Resource Not Found", resource, "", "not found")
}

func unknownPath() reply {
	return failure(http.StatusNotFound, "Record Not Found", "resource", "path", "invalid")
}

func inactive() reply {
	return failure(http.StatusForbidden, "Forbidden", "Application", "Status", "Inactive")
}

func capacityExceeded() reply {
	return jsonReply(http.StatusForbidden, faultBody{"Limit of connected athletes exceeded", []faultError{}})
}

func badGateway(status int) reply {
	const page = "<!DOCTYPE html>\n<html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>\n"
	return reply{status: status, contentType: htmlType, body: []byte(page)}
}

// answerOf returns the whole answer of a fault that leaves nothing to do.
func answerOf(h faultsHit) (reply, bool) {
	switch h.answer {
	case FaultBadGateway:
		return badGateway(http.StatusBadGateway), true
	case FaultHTML:
		return badGateway(http.StatusOK), true
	case FaultServerError:
		return jsonReply(h.status, faultBody{http.StatusText(h.status), []faultError{}}), true
	case FaultTokenInvalid:
		return unauthorized("Athlete", "access_token", "invalid"), true
	case FaultScopeMissing:
		return scopeMissing("activity:read"), true
	case FaultInactive:
		return inactive(), true
	case FaultNotFound:
		return notFound("Activity"), true
	case FaultEmptyList:
		return reply{status: http.StatusOK, contentType: jsonType, body: []byte("[]")}, true
	case FaultEmptyObject:
		return reply{status: http.StatusOK, contentType: jsonType, body: []byte("{}")}, true
	}
	return reply{}, false
}

var gzipWriters = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	return w
}}

// send writes the reply with the headers that every answer carries, cut
// short where a fault says so.
func (p reply) send(w http.ResponseWriter, r *http.Request, now time.Time, h faultsHit) {
	if h.answer == FaultReset || h.answer == FaultLost {
		resetConnection(w)
	}
	head := w.Header()
	for name, values := range p.header {
		head[name] = values
	}
	head.Set("Date", now.UTC().Format(http.TimeFormat))
	head.Set("X-Cache", "Miss from cloudfront")
	body := p.body
	if p.contentType != "" {
		head.Set("Content-Type", p.contentType)
	}
	if p.contentType == jsonType {
		head.Set("Vary", "Accept, Origin")
		head.Set("Cache-Control", "max-age=0, private, must-revalidate")
		if p.status == http.StatusOK {
			sum := md5.Sum(body)
			head.Set("Etag", `W/"`+hex.EncodeToString(sum[:])+`"`)
		}
	}
	if len(body) > 0 && p.contentType != "image/jpeg" && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		var b bytes.Buffer
		z := gzipWriters.Get().(*gzip.Writer)
		z.Reset(&b)
		_, _ = z.Write(body) // a bytes.Buffer takes everything
		_ = z.Close()
		gzipWriters.Put(z)
		body = b.Bytes()
		head.Set("Content-Encoding", "gzip")
	}
	if p.status != http.StatusNoContent {
		head.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(p.status)
	if r.Method == http.MethodHead {
		return
	}
	if h.answer == FaultTruncate && len(body) > 0 {
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(body) // the client has gone; nobody is left to tell
}

// resetConnection ends the connection without an answer: with a TCP reset
// where there is a TCP connection, by aborting the handler elsewhere.
func resetConnection(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(interface{ SetLinger(sec int) error }); ok {
		_ = tcp.SetLinger(0) // pending data is dropped, and the peer sees a reset
	}
	_ = conn.Close()
	panic(http.ErrAbortHandler)
}
