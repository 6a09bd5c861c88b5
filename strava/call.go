package strava

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// MaxBodyBytes is the longest body that is read. A longer one is KindBody.
const MaxBodyBytes = 16 << 20

// An Answer is what came back on the wire. Calls return it beside an error
// too, if headers were read.
type Answer struct {
	Status int

	// Body is as it came, after decompression; beside an error it may be
	// only a part. It is nil where a success would hold tokens: see
	// [Client.Exchange], [Client.Refresh] and [Client.Deauthorize].
	Body []byte

	Date    time.Time // the server's Date header, UTC; zero if absent, malformed or absurd
	Quota   Quota
	Elapsed time.Duration // from the start of the call to the end of the body
}

// A call is one request, ready to be made.
type call struct {
	door    door
	method  string
	url     string     // without query
	op      string     // what errors call it
	query   url.Values // never in errors
	form    url.Values
	token   Secret   // Authorization: Bearer
	basic   *app     // Authorization: Basic
	secrets []Secret // further texts that no error may repeat
	private bool     // a success holds tokens: drop the body once decoded
}

// get is a call of the API with an athlete's token.
func (c *Client) get(token Secret, path string, query url.Values) call {
	return call{
		door: doorAPI, method: http.MethodGet, url: c.apiURL + "/" + path,
		op: "GET " + path, query: query, token: token,
	}
}

// fetch makes the call and decodes the body of a success.
func fetch[T any](ctx context.Context, c *Client, r call, decode func([]byte) (T, error)) (T, *Answer, error) {
	var zero T
	answer, err := c.do(ctx, r)
	if err != nil {
		return zero, answer, err
	}
	value, err := decode(answer.Body)
	if r.private {
		answer.Body = nil
	}
	if err != nil {
		kind := KindBody
		if _, ok := errors.AsType[mismatchError](err); ok {
			kind = KindMismatch
		}
		return zero, answer, &Error{Kind: kind, Op: r.op, Status: answer.Status, Err: r.scrubber().wrap(err)}
	}
	return value, answer, nil
}

// do makes exactly one request. The error is an *Error, or nil for a status
// of 200, 201 or 204 with a whole body that is not HTML.
func (c *Client) do(ctx context.Context, r call) (*Answer, error) {
	start := time.Now()
	inner, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := c.request(inner, r)
	if err != nil {
		return nil, &Error{Kind: KindOther, Op: r.op, Err: r.scrubber().wrap(err)}
	}
	resp, err := c.transport.RoundTrip(req)
	if err == nil && resp == nil {
		err = errors.New("the transport gave neither an answer nor an error")
	}
	if err != nil {
		return nil, c.lost(ctx, r, 0, err)
	}
	defer resp.Body.Close()

	answer := &Answer{Status: resp.StatusCode, Quota: parseQuota(resp.Header)}
	answer.Date = parseDate(resp.Header.Get("Date"))
	var bodyErr error
	answer.Body, bodyErr = readBody(resp.Body)
	answer.Elapsed = time.Since(start)

	if !isSuccess(resp.StatusCode) {
		if bodyErr != nil && bodyDecides(resp.StatusCode) {
			return answer, c.lost(ctx, r, resp.StatusCode, bodyErr)
		}
		return answer, refused(r, answer, resp.Header, bodyErr)
	}
	if bodyErr != nil {
		err = c.lost(ctx, r, resp.StatusCode, bodyErr)
	} else if isHTML(resp.Header, answer.Body) {
		err = &Error{Kind: KindBody, Op: r.op, Status: resp.StatusCode, Err: errors.New("a web page came instead of JSON")}
	}
	if err != nil && r.private {
		answer.Body = nil
	}
	return answer, err
}

// parseDate reads a Date header. Times before Strava was founded, or in another century, are worth no more than none.
func parseDate(text string) time.Time {
	date, err := http.ParseTime(text)
	if date = date.UTC(); err != nil || date.Year() < 2009 || date.Year() > 2099 {
		return time.Time{}
	}
	return date
}

func (c *Client) request(ctx context.Context, r call) (*http.Request, error) {
	address := r.url
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	var body io.Reader
	if r.form != nil {
		body = strings.NewReader(r.form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return nil, errors.New("the request can't be made from this address")
	}
	// net/http sends a GET again by itself when a kept connection breaks
	// before the answer, unless it has a body that can't be rewound. HTTP/1
	// puts nothing on the wire for this one; HTTP/2, which would, repeats
	// only what the server says it has not looked at.
	if r.form == nil && req.URL.Scheme == "http" {
		req.Body = once{}
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	if r.form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	switch {
	case r.basic != nil:
		req.SetBasicAuth(r.basic.id, r.basic.secret().Reveal())
	case r.door == doorAPI:
		req.Header.Set("Authorization", "Bearer "+r.token.Reveal())
	}
	return req, nil
}

// once is an empty body that net/http takes for one it can't send again.
type once struct{}

func (once) Read([]byte) (int, error) { return 0, io.EOF }
func (once) Close() error             { return nil }

func (r call) scrubber() scrubber {
	secrets := append([]Secret{r.token}, r.secrets...)
	if r.basic != nil {
		secrets = append(secrets, r.basic.secret())
	}
	return newScrubber(secrets...)
}

func isSuccess(status int) bool {
	return status == http.StatusOK || status == http.StatusCreated || status == http.StatusNoContent
}

var errTooLong = fmt.Errorf("the body is longer than %d MiB", MaxBodyBytes>>20)

func readBody(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, MaxBodyBytes+1))
	if len(body) > MaxBodyBytes {
		return body[:MaxBodyBytes], errTooLong
	}
	return body, err
}

func isHTML(h http.Header, body []byte) bool {
	if kind, _, _ := strings.Cut(h.Get("Content-Type"), ";"); strings.EqualFold(strings.TrimSpace(kind), "text/html") && len(body) > 0 {
		return true
	}
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
}

// refused is the error for an answer that is no success.
func refused(r call, a *Answer, h http.Header, bodyErr error) *Error {
	scrub := r.scrubber()
	fault := decodeFault(a.Body, scrub)
	now := a.Date
	if now.IsZero() {
		now = time.Now()
	}
	e := &Error{
		Kind: kindOfStatus(r.door, a.Status, fault), Op: r.op, Status: a.Status, Fault: fault,
		RetryAfter: parseRetryAfter(h.Get("Retry-After"), now), Err: scrub.wrap(bodyErr),
	}
	if location := h.Get("Location"); e.Kind == KindBody && location != "" {
		e.Err = errors.New("a redirect is not followed")
		if to, err := url.Parse(location); err == nil && to.Host != "" {
			e.Err = errors.New("a redirect to " + strconv.Quote(scrub.text(to.Host)) + " is not followed")
		}
	}
	return e
}

// lost is the error for an answer that did not come, or not whole. ctx is
// the caller's.
func (c *Client) lost(ctx context.Context, r call, status int, err error) *Error {
	e := &Error{Op: r.op, Status: status}
	var (
		netErr  net.Error
		corrupt flate.CorruptInputError
	)
	// A context with a cause of its own reports that, and neither of the
	// two errors that callers look for.
	if done := ctx.Err(); done != nil && !errors.Is(err, done) {
		err = fmt.Errorf("%w: %w", done, err)
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		e.Kind = KindCanceled
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		e.Kind = KindTimeout
	case errors.Is(err, io.ErrUnexpectedEOF) && status != 0,
		errors.Is(err, errTooLong), errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		e.Kind = KindBody
	default:
		e.Kind = KindTransport
	}
	e.Err = r.scrubber().wrap(err)
	return e
}
