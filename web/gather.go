package web

import (
	"context"
	"net"
	"net/http"
)

// Gather returns the listener with connections that can send an answer's headers and body in one go. An [http.Server]
// writes a large body in two pieces, the first of which has the headers and fills its buffer: the kernel is asked
// twice, and the reader woken twice, which costs more than everything else about an answer from memory. It needs
// [WithConn], too.
func Gather(l net.Listener) net.Listener { return gathering{l} }

// WithConn is an [http.Server]'s ConnContext: it lets the handler find the connection.
func WithConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

type connKey struct{}

type gathering struct{ net.Listener }

func (l gathering) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		return &gatheredConn{TCPConn: tcp}, err
	}
	return c, err
}

// A gatheredConn holds its first write back, while it is told to, until the second goes with it. Only who answers writes
// to it, and one answer follows another, so it needs no lock.
type gatheredConn struct {
	*net.TCPConn
	holding bool
	held    []byte
}

// mostHeld is what is held back at most: the size of an [http.Server]'s buffer.
const mostHeld = 4 << 10

// Write reports what was held back as written. Should it fail later, the connection is broken, and the next write or
// read fails, too.
func (c *gatheredConn) Write(p []byte) (int, error) {
	if c.holding && len(c.held) == 0 && len(p) <= mostHeld {
		c.held = append(c.held, p...)
		return len(p), nil
	}
	if len(c.held) == 0 {
		return c.TCPConn.Write(p)
	}
	before := int64(len(c.held))
	both := net.Buffers{c.held, p}
	n, err := both.WriteTo(c.TCPConn)
	c.held = c.held[:0]
	return int(max(0, n-before)), err
}

// gather runs write, in which the headers and a body of so many bytes are written to w.
func gather(r *http.Request, bytes int, write func()) {
	c, ok := r.Context().Value(connKey{}).(*gatheredConn)
	if !ok || bytes <= mostHeld { // which goes out in one piece anyway
		write()
		return
	}
	c.holding = true
	defer func() {
		c.holding = false
		if len(c.held) > 0 {
			_, _ = c.Write(nil)
		}
	}()
	write()
}
