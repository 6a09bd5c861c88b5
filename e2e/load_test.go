package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// loaded is how a server did under load.
type loaded struct {
	perSecond float64
	p99       time.Duration
	status    int
	header    http.Header // of an answer
	body      []byte      // of an answer, as it came
}

// load asks for an address over 8 connections that stay open, each as fast as it is answered, for 5 seconds. It writes
// and reads no more of HTTP than it must: whoever measures shares the machine with what is measured.
func load(b *testing.B, address, key string, headers ...string) loaded {
	b.Helper()
	const connections, duration, warmUp = 8, 5 * time.Second, 500 * time.Millisecond
	u, err := url.Parse(address)
	must(b, err)
	request := "GET " + u.RequestURI() + " HTTP/1.1\r\nHost: " + u.Host + "\r\nAccept-Encoding: gzip\r\n"
	if key != "" {
		request += "Authorization: Bearer " + key + "\r\n"
	}
	for _, h := range headers {
		request += h + "\r\n"
	}
	request += "\r\n"

	out := once(b, address, request)
	began := time.Now()
	from, until := began.Add(warmUp), began.Add(warmUp+duration)
	took := make([][]time.Duration, connections)
	var wg sync.WaitGroup
	for i := range connections {
		wg.Go(func() {
			conn, err := net.Dial("tcp", u.Host)
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(patience))
			answers := bufio.NewReaderSize(conn, 64<<10)
			for {
				start := time.Now()
				if start.After(until) {
					return
				}
				_, err := io.WriteString(conn, request)
				status, n := 0, int64(0)
				if err == nil {
					status, n, err = passOver(answers)
				}
				if err != nil || status != out.status || n != int64(len(out.body)) {
					b.Errorf("%s: %d with %d bytes came, before %d with %d; %v", address, status, n, out.status, len(out.body), err)
					return
				}
				if start.After(from) {
					took[i] = append(took[i], time.Since(start))
				}
			}
		})
	}
	wg.Wait()
	all := slices.Concat(took...)
	if len(all) == 0 {
		b.Fatalf("%s: nothing was answered in time", address)
	}
	slices.Sort(all)
	out.perSecond, out.p99 = float64(len(all))/duration.Seconds(), all[len(all)*99/100]
	return out
}

// once asks one time, and keeps the whole answer.
func once(b *testing.B, address, request string) loaded {
	b.Helper()
	u, err := url.Parse(address)
	must(b, err)
	conn, err := net.Dial("tcp", u.Host)
	must(b, err)
	defer conn.Close()
	_, err = io.WriteString(conn, request)
	must(b, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(b, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 && resp.StatusCode != 304 {
		b.Fatalf("%s: %s, %v", address, resp.Status, err)
	}
	return loaded{status: resp.StatusCode, header: resp.Header, body: body}
}

// passOver reads an answer that says how long it is, and forgets it.
func passOver(r *bufio.Reader) (status int, length int64, err error) {
	for line := 0; ; line++ {
		text, err := r.ReadSlice('\n')
		switch {
		case err != nil:
			return status, 0, err
		case line == 0:
			if status, err = strconv.Atoi(string(text[9:12])); err != nil {
				return 0, 0, err
			}
		case len(text) <= 2:
			if status != http.StatusNotModified {
				_, err = io.CopyN(io.Discard, r, length)
			} else {
				length = 0
			}
			return status, length, err
		case len(text) > 16 && bytes.EqualFold(text[:16], []byte("content-length: ")):
			if length, err = strconv.ParseInt(string(bytes.TrimSpace(text[16:])), 10, 64); err != nil {
				return status, 0, err
			}
		}
	}
}

const peerBody = "MUSETTE_E2E_PEER"

// startPeer starts a bare net/http server, as a process like the program's, that answers everything with these bytes.
func startPeer(b *testing.B, header http.Header, body []byte) *site {
	b.Helper()
	file := filepath.Join(b.TempDir(), "body")
	must(b, os.WriteFile(file, body, 0o644))
	self, err := os.Executable()
	must(b, err)
	s := &site{process: &process{t: b, began: time.Now(), ended: make(chan struct{})}}
	s.cmd = exec.Command(self)
	s.cmd.Env = append(os.Environ(), peerBody+"="+file, "MUSETTE_E2E_ENCODING="+header.Get("Content-Encoding"))
	s.cmd.Stdout = &s.process.stdout
	must(b, s.cmd.Start())
	go func() {
		_ = s.cmd.Wait()
		close(s.ended)
	}()
	b.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-s.ended
	})
	s.url = s.says(`(http://\S+)`)
	return s
}

// servePeer is the process that startPeer starts.
func servePeer(file string) int {
	body, err := os.ReadFile(file)
	if err != nil {
		return 1
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 1
	}
	fmt.Printf("http://%s\n", l.Addr())
	length, encoding := strconv.Itoa(len(body)), os.Getenv("MUSETTE_E2E_ENCODING")
	_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Content-Encoding", encoding)
		h.Set("Content-Length", length)
		_, _ = w.Write(body)
	}))
	return 0
}
