package strava_test

import (
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"musette/strava"
)

const athleteBody = `{"id":90210017,"firstname":"Sam","lastname":"Rider"}`

func TestRequest(t *testing.T) {
	c := setup(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.String() != apiPath+"/athlete" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		for name, want := range map[string]string{
			"Authorization": "Bearer " + token.Reveal(), "User-Agent": "rider/2",
			"Accept": "application/json", "Accept-Encoding": "gzip", "Content-Type": "", "Transfer-Encoding": "",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if r.ContentLength != 0 {
			t.Errorf("a body of %d bytes", r.ContentLength)
		}
		says(200, athleteBody)(w, r)
	}, strava.WithUserAgent("rider/2"))
	if _, _, err := c.Athlete(t.Context(), token); err != nil {
		t.Fatal(err)
	}
}

func TestBodiesThatAreNoDocument(t *testing.T) {
	html := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "Text/HTML; charset=utf-8")
			_, _ = io.WriteString(w, body)
		}
	}
	for name, tc := range map[string]struct {
		handler http.HandlerFunc
		want    strava.Kind
	}{
		"web page":            {html(webPage), strava.KindBody},
		"web page as JSON":    {says(200, " \n"+webPage), strava.KindBody},
		"web page with BOM":   {says(200, "\xef\xbb\xbf"+webPage), strava.KindBody},
		"JSON as web page":    {html(athleteBody), strava.KindBody},
		"empty":               {says(200, ""), strava.KindBody},
		"blank":               {says(200, " \n"), strava.KindBody},
		"204":                 {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, strava.KindBody},
		"half of it":          {says(200, athleteBody[:20]), strava.KindBody},
		"something behind it": {says(200, athleteBody+"x"), strava.KindBody},
		"two of them":         {says(200, athleteBody+athleteBody), strava.KindBody},
		"null":                {says(200, "null"), strava.KindBody},
		"a text":              {says(200, `"ok"`), strava.KindBody},
		"a list":              {says(200, "["+athleteBody+"]"), strava.KindBody},
		"nothing in it":       {says(200, "{}"), strava.KindMismatch},
		"a fault with 200":    {says(200, `{"message":"error","errors":[]}`), strava.KindMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := setup(t, tc.handler)
			athlete, answer, err := c.Athlete(t.Context(), token)
			wantKind(t, err, tc.want)
			if athlete != nil || answer == nil {
				t.Errorf("%v, %v", athlete, answer)
			}
		})
	}
}

// hijack writes text to the connection and ends it, by a reset if so wanted.
func hijack(t *testing.T, text string, reset bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, text)
		if reset {
			_ = conn.(*net.TCPConn).SetLinger(0)
		}
		_ = conn.Close()
	}
}

func TestBrokenConnections(t *testing.T) {
	const headers = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	gone := fault("Resource Not Found", "Activity", "", "not found")
	for name, tc := range map[string]struct {
		handler    http.HandlerFunc
		want       strava.Kind
		wantStatus int
	}{
		"closed":             {hijack(t, "", false), strava.KindTransport, 0},
		"reset":              {hijack(t, "", true), strava.KindTransport, 0},
		"no HTTP":            {hijack(t, "SSH-2.0-OpenSSH\r\n\r\n", false), strava.KindTransport, 0},
		"in the headers":     {hijack(t, headers, false), strava.KindTransport, 0},
		"short of length":    {hijack(t, headers+"Content-Length: 900\r\n\r\n"+athleteBody, false), strava.KindBody, 200},
		"in a chunk":         {hijack(t, headers+"Transfer-Encoding: chunked\r\n\r\n40\r\n{\"id\":1", false), strava.KindBody, 200},
		"no length, half":    {hijack(t, headers+"Connection: close\r\n\r\n"+athleteBody[:20], false), strava.KindBody, 200},
		"no gzip":            {hijack(t, headers+"Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n01234567890123456789", false), strava.KindBody, 200},
		"404 that broke off": {hijack(t, "HTTP/1.1 404 Not Found\r\nContent-Length: 900\r\n\r\n"+gone, false), strava.KindBody, 404},
		"429 that broke off": {hijack(t, "HTTP/1.1 429 Too Many\r\nContent-Length: 900\r\n\r\n{", false), strava.KindRateLimit, 429},
		"502 that broke off": {hijack(t, "HTTP/1.1 502 Bad\r\nContent-Length: 900\r\n\r\n<", false), strava.KindServer, 502},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := setup(t, tc.handler)
			_, answer, err := c.Athlete(t.Context(), token)
			e := wantKind(t, err, tc.want)
			if e.Status != tc.wantStatus || (answer != nil) != (tc.wantStatus != 0) {
				t.Errorf("status %d, answer %+v", e.Status, answer)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing := "http://" + l.Addr().String()
	_ = l.Close()
	_, answer, err := newClient(t, refusing).Athlete(t.Context(), token)
	wantKind(t, err, strava.KindTransport)
	if answer != nil {
		t.Errorf("answer %+v", answer)
	}

	noName := strava.WithTransport(roundTrip(func(*http.Request) (*http.Response, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "www.strava.com", IsNotFound: true}
	}))
	_, _, err = newClient(t, "http://strava.test", noName).Athlete(t.Context(), token)
	wantKind(t, err, strava.KindTransport)
	if dns, ok := errors.AsType[*net.DNSError](err); !ok || !dns.IsNotFound {
		t.Errorf("the cause is lost: %v", err)
	}

	silent := strava.WithTransport(roundTrip(func(*http.Request) (*http.Response, error) { return nil, nil }))
	_, _, err = newClient(t, "http://strava.test", silent).Athlete(t.Context(), token)
	wantKind(t, err, strava.KindTransport)
}

func TestGzip(t *testing.T) {
	c := setup(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, athleteBody)
		_ = z.Close()
	})
	athlete, answer, err := c.Athlete(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if string(answer.Body) != athleteBody || string(athlete.Raw) != athleteBody {
		t.Errorf("%s", answer.Body)
	}
}

// TestGzipBomb: a small body that swells is cut at the limit too.
func TestGzipBomb(t *testing.T) {
	c := setup(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, athleteBody+strings.Repeat(" ", strava.MaxBodyBytes))
		_ = z.Close()
	})
	_, answer, err := c.Athlete(t.Context(), token)
	wantKind(t, err, strava.KindBody)
	if len(answer.Body) != strava.MaxBodyBytes {
		t.Errorf("%d bytes", len(answer.Body))
	}
}

func TestHTTP2(t *testing.T) {
	var conns atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("%s", r.Proto)
		}
		says(200, athleteBody)(w, r)
	}))
	srv.EnableHTTP2 = true
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	srv.StartTLS()
	t.Cleanup(srv.Close)

	transport := strava.NewTransport()
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	c := newClient(t, srv.URL, strava.WithTransport(transport))
	for range 3 {
		athlete, _, err := c.Athlete(t.Context(), token)
		if err != nil || athlete.ID != 90210017 {
			t.Fatal(athlete, err)
		}
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

func TestConnectionIsReusedAfterErrors(t *testing.T) {
	var conns atomic.Int32
	srv := httptest.NewUnstartedServer(says(503, webPage))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	c := newClient(t, srv.URL)
	for range 4 {
		_, _, err := c.Athlete(t.Context(), token)
		wantKind(t, err, strava.KindServer)
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// TestOneRequestPerCall: net/http would send a GET again when a connection
// that it kept breaks before the answer; a ledger of calls could not know.
func TestOneRequestPerCall(t *testing.T) {
	var requests atomic.Int32
	c := setup(t, func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) == 1 {
			says(200, athleteBody)(w, r)
			return
		}
		hijack(t, "", false)(w, r)
	})
	if _, _, err := c.Athlete(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	_, _, err := c.Athlete(t.Context(), token)
	wantKind(t, err, strava.KindTransport)
	if n := requests.Load(); n != 2 {
		t.Errorf("2 calls made %d requests", n)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s came with %q", r.Method, r.URL, r.Header.Get("Authorization"))
	}))
	t.Cleanup(other.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, location := range []string{other.URL + "/login?token=x", "/elsewhere", ""} {
			c := setup(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/elsewhere" {
					t.Error("followed on the same host")
				}
				if location != "" {
					w.Header().Set("Location", location)
				}
				w.WriteHeader(status)
			})
			_, answer, err := c.Athlete(t.Context(), token)
			wantKind(t, err, strava.KindBody)
			if answer.Status != status || strings.Contains(err.Error(), "token=x") {
				t.Errorf("%d: %v", answer.Status, err)
			}
			_, _, err = c.Refresh(t.Context(), refreshToken)
			wantKind(t, err, strava.KindBody)
		}
	}
}

func TestMalformedOrAbsurdDateIsZero(t *testing.T) {
	for _, date := range []string{"", "yesterday", "1784653200", "Thu, 01 Jan 1970 00:00:10 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		c := setup(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Date"] = []string{date}
			says(200, athleteBody)(w, r)
		})
		_, answer, err := c.Athlete(t.Context(), token)
		if err != nil || !answer.Date.IsZero() {
			t.Errorf("%q: %v, %v", date, answer.Date, err)
		}
	}
}
