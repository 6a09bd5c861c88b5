package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
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
	header    http.Header // of an answer
	body      []byte      // of an answer, as it came
}

// load asks for an address over 8 connections that stay open, each as fast as it is answered, for 5 seconds.
func load(b *testing.B, address, key string) loaded {
	b.Helper()
	const connections, duration, warmUp = 8, 5 * time.Second, 500 * time.Millisecond
	var out loaded
	once := func(c *http.Client) ([]byte, http.Header) {
		req, err := http.NewRequest("GET", address, nil)
		must(b, err)
		req.Header.Set("Accept-Encoding", "gzip")
		if key != "" {
			req.Header.Set("Authorization", "Bearer "+key)
		}
		resp, err := c.Do(req)
		if err != nil {
			b.Error(err)
			return nil, nil
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 200 {
			b.Errorf("%s: %s, %v", address, resp.Status, err)
		}
		return body, resp.Header
	}
	client := func() *http.Client {
		transport := &http.Transport{DisableCompression: true} // what comes is not unpacked
		b.Cleanup(transport.CloseIdleConnections)
		return &http.Client{Transport: transport, Timeout: patience}
	}
	out.body, out.header = once(client())

	began := time.Now()
	from, until := began.Add(warmUp), began.Add(warmUp+duration)
	took := make([][]time.Duration, connections)
	var wg sync.WaitGroup
	for i := range connections {
		wg.Go(func() {
			c := client()
			for {
				start := time.Now()
				if start.After(until) {
					return
				}
				body, _ := once(c)
				if len(body) != len(out.body) {
					b.Errorf("%s: %d bytes came, before %d", address, len(body), len(out.body))
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
