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

// A target is what is asked for under load.
type target struct {
	address string
	headers []string // "Name: value"
	// pace is how often each connection asks; 0 is as soon as it was answered. What falls due while one waits for its
	// answer counts from when it was due, so that a pause isn't told by one request alone.
	pace time.Duration
}

// every is the target, asked at a pace.
func (t target) every(pace time.Duration) target {
	t.pace = pace
	return t
}

// loaded is how a server did under load.
type loaded struct {
	perSecond float64
	p99       time.Duration
	status    int
	header    http.Header // of an answer
	body      []byte      // of an answer, as it came
}

// loadInTurn puts each target under load for a moment, then all of them again and again, so that whatever else the
// machine does meets them alike: what of a round is compared lies seconds apart. The result has the rounds of each.
func loadInTurn(b *testing.B, targets ...target) [][]loaded {
	b.Helper()
	const rounds = 5
	done := make([][]loaded, len(targets))
	for range rounds {
		for i, t := range targets {
			done[i] = append(done[i], load(b, t))
		}
	}
	return done
}

// rates and waits are the requests per second of each round, and within how many seconds 99 of 100 were answered.
func rates(rounds []loaded) []float64 {
	return each(rounds, func(l loaded) float64 { return l.perSecond })
}

func waits(rounds []loaded) []float64 {
	return each(rounds, func(l loaded) float64 { return l.p99.Seconds() })
}

func each(rounds []loaded, of func(loaded) float64) (figures []float64) {
	for _, l := range rounds {
		figures = append(figures, of(l))
	}
	return figures
}

// share is the median of what the ones are of the others, round by round.
func share(ones, others []float64) float64 {
	shares := slices.Clone(ones)
	for i := range shares {
		shares[i] /= others[i]
	}
	return median(shares)
}

func median(figures []float64) float64 {
	return slices.Sorted(slices.Values(figures))[len(figures)/2]
}

// load asks for a target over 8 connections that stay open, for two seconds: each as fast as it is answered, or at
// the target's pace. It writes and reads no more of HTTP than it must: whoever measures shares the machine with what is
// measured.
func load(b *testing.B, t target) loaded {
	b.Helper()
	const connections, duration, warmUp = 8, 2 * time.Second, 250 * time.Millisecond
	u, err := url.Parse(t.address)
	must(b, err)
	request := "GET " + u.RequestURI() + " HTTP/1.1\r\nHost: " + u.Host + "\r\nAccept-Encoding: gzip\r\n"
	for _, h := range t.headers {
		request += h + "\r\n"
	}
	request += "\r\n"

	out := once(b, t.address, request)
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
			due := began.Add(t.pace * time.Duration(i) / connections)
			for {
				start := time.Now()
				switch ahead := due.Sub(start); {
				case t.pace == 0:
				case ahead > 0:
					time.Sleep(ahead)
					start = time.Now() // who wakes late blames nobody
				default:
					start = due
				}
				due = start.Add(t.pace)
				if start.After(until) {
					return
				}
				_, err := io.WriteString(conn, request)
				status, n := 0, int64(0)
				if err == nil {
					status, n, err = passOver(answers)
				}
				if err != nil || status != out.status || n != int64(len(out.body)) {
					b.Errorf("%s: %d with %d bytes came, before %d with %d; %v", t.address, status, n, out.status, len(out.body), err)
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
		b.Fatalf("%s: nothing was answered in time", t.address)
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

// startPeer starts a bare net/http server, as a process like the program's, that answers everything with these bytes,
// and who names a tag with 304 and no header.
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
	_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Content-Encoding", encoding)
		h.Set("Content-Length", length)
		_, _ = w.Write(body)
	}))
	return 0
}
