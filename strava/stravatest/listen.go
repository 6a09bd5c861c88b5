package stravatest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Listening is a server that can be reached over the network.
type Listening struct {
	URL      string // of the page for people, for example http://127.0.0.1:8090
	APIURL   string // what stands for https://www.strava.com/api/v3
	OAuthURL string // what stands for https://www.strava.com/oauth

	http *http.Server
	done chan error
}

// Listen serves on the address, for example "127.0.0.1:0" for any free port,
// until the result is closed.
func (s *Server) Listen(addr string) (*Listening, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("stravatest: listening: %w", err)
	}
	url := "http://" + l.Addr().String()
	if tcp, ok := l.Addr().(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		url = "http://127.0.0.1:" + strconv.Itoa(tcp.Port)
	}
	n := &Listening{
		URL: url, APIURL: url + "/api/v3", OAuthURL: url + "/oauth",
		http: &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second},
		done: make(chan error, 1),
	}
	go func() { n.done <- n.http.Serve(l) }()
	return n, nil
}

// Close cuts all connections and waits until nothing is served any more.
func (n *Listening) Close() error {
	err := n.http.Close()
	if served := <-n.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	n.done <- http.ErrServerClosed // closing twice is no mistake
	return err
}

// Transport returns a transport that hands requests to the server without a
// network, whatever their host is: for simulations in virtual time, and in
// testing/synctest. Give the server Clock.Sleep if latency is to be virtual
// too. A cut connection is an error, or a body that ends too soon.
func (s *Server) Transport() http.RoundTripper { return inProcess{s} }

type inProcess struct{ s *Server }

// RoundTrip implements http.RoundTripper.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer in.Body.Close()
	if in.Host == "" {
		in.Host = in.URL.Host
	}
	in.RequestURI = in.URL.RequestURI()
	w := &memory{header: http.Header{}}
	cut := w.serve(t.s, in)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if w.status == 0 {
		return nil, fmt.Errorf("stravatest: %w", io.ErrUnexpectedEOF)
	}
	res := &http.Response{
		Status: strconv.Itoa(w.status) + " " + http.StatusText(w.status), StatusCode: w.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, ContentLength: int64(w.body.Len()), Request: r,
	}
	var body io.Reader = &w.body
	if cut {
		res.ContentLength, _ = strconv.ParseInt(w.header.Get("Content-Length"), 10, 64)
		body = io.MultiReader(body, broken{})
	}
	res.Body = io.NopCloser(body)
	return res, nil
}

// broken is the end of a body that was cut short.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// memory takes an answer in memory.
type memory struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (m *memory) Header() http.Header { return m.header }

func (m *memory) WriteHeader(status int) {
	if m.status == 0 {
		m.status = status
	}
}

func (m *memory) Write(b []byte) (int, error) {
	m.WriteHeader(http.StatusOK)
	return m.body.Write(b)
}

// serve runs the handler and reports whether it cut the connection.
func (m *memory) serve(h http.Handler, r *http.Request) (cut bool) {
	defer func() {
		if v := recover(); v != nil {
			err, ok := v.(error)
			if !ok || !errors.Is(err, http.ErrAbortHandler) {
				panic(v)
			}
			cut = true
		}
	}()
	h.ServeHTTP(m, r)
	return false
}
