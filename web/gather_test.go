package web_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"musette/feed"
	"musette/web"
)

// Over a connection that sends headers and body together everything comes as it does without, whatever is asked after
// what.
func TestAnswersInOneWrite(t *testing.T) {
	a := newAPI(t, web.Config{Open: true}, feed.Publish{})
	for id := range int64(30) {
		a.put(strings.Repeat("long ", 100), activity(id+1))
	}
	server := &http.Server{Handler: a.server, ConnContext: web.WithConn}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(web.Gather(l)) }()
	t.Cleanup(func() { _ = server.Close() })

	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	targets := []string{"/v1/feed", "/v1/activities/1", "/v1/feed?limit=31", "/v1/nothing", "/v1/feed?limit=12", "/openapi.json", "/v1/feed"}
	for i, method := range []string{"GET", "HEAD", "GET"} {
		var asked strings.Builder // all at once: nobody waits for the answer before
		for _, target := range targets {
			asked.WriteString(method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
		}
		if _, err := io.WriteString(conn, asked.String()); err != nil {
			t.Fatal(err)
		}
		answers := bufio.NewReader(conn)
		for _, target := range targets {
			want := a.do(method, target, "")
			if method == "HEAD" {
				want.body = nil
			}
			resp, err := http.ReadResponse(answers, &http.Request{Method: method})
			if err != nil {
				t.Fatalf("%d: %s %s: %v", i, method, target, err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != want.StatusCode || !bytes.Equal(body, want.body) && want.StatusCode == 200 || resp.Header.Get("ETag") != want.Header.Get("ETag") {
				t.Errorf("%d: %s %s: %d with %d bytes, want %d with %d; %v", i, method, target, resp.StatusCode, len(body), want.StatusCode, len(want.body), err)
			}
		}
	}
}
