package pgtest

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// A Line stands between a program and a database: it counts the round trips, and can fall silent as a
// network does that goes away.
type Line struct {
	URL string // of the database at its other end

	trips  atomic.Int64
	silent atomic.Int64 // from so many trips on; 0: not

	mu   sync.Mutex
	open []net.Conn
}

// NewLine lays a line to a database that [New] has made.
func NewLine(tb testing.TB, to string) *Line {
	tb.Helper()
	u, err := url.Parse(to)
	check(tb, err)
	socket := filepath.Join(u.Query().Get("host"), ".s.PGSQL."+u.Query().Get("port"))
	at, err := net.Listen("tcp", "127.0.0.1:0")
	check(tb, err)
	l := &Line{URL: "postgres://postgres@" + at.Addr().String() + u.Path + "?sslmode=disable"}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			near, err := at.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("unix", socket)
			if err != nil {
				near.Close()
				continue
			}
			l.mu.Lock()
			l.open = append(l.open, near, far)
			l.mu.Unlock()
			wg.Go(func() { defer far.Close(); l.ask(far, near) })
			wg.Go(func() { defer near.Close(); l.answer(near, far) })
		}
	})
	tb.Cleanup(func() {
		at.Close()
		l.Mend()
		wg.Wait()
	})
	return l
}

// Trips is how often the program has waited for the database: it has asked for everything sent so far to be done. Whether
// the database is still there, which it asks when some time has passed, isn't counted.
func (l *Line) Trips() int { return int(l.trips.Load()) }

// FallSilent loses all that is sent when so many more round trips have begun, either way, without a word to anybody.
func (l *Line) FallSilent(after int) { l.silent.Store(l.trips.Load() + int64(after)) }

// Mend ends the silence, and the connections that there were.
func (l *Line) Mend() {
	l.silent.Store(0)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.open {
		c.Close()
	}
	l.open = nil
}

func (l *Line) isSilent() bool {
	from := l.silent.Load()
	return from > 0 && l.trips.Load() >= from
}

// ask carries what the program sends. A message is a byte that says which, the length of the rest, and the rest; only the
// first of a connection begins with its length.
func (l *Line) ask(to io.Writer, from io.Reader) {
	for kind := 0; ; kind = 1 {
		head := make([]byte, kind+4)
		if _, err := io.ReadFull(from, head); err != nil {
			return
		}
		rest := make([]byte, binary.BigEndian.Uint32(head[kind:])-4)
		if _, err := io.ReadFull(from, rest); err != nil {
			return
		}
		if kind == 1 && (head[0] == 'S' || head[0] == 'Q') && !bytes.HasPrefix(rest, ping) { // sync, query: it waits for the answer now
			l.trips.Add(1)
		}
		if l.isSilent() {
			continue
		}
		if _, err := to.Write(append(head, rest...)); err != nil {
			return
		}
	}
}

// ping is the query by which the driver finds out whether a connection is still one.
var ping = []byte("-- ping")

// answer carries what the database sends.
func (l *Line) answer(to io.Writer, from io.Reader) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if l.isSilent() {
			continue
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}
