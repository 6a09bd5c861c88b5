package gallery_test

import (
	"context"
	"net"
	"net/url"
	"strings"
	"testing"

	"musette"
)

// A name that anybody can register may lead into the network that this machine is in.
func TestNamesThatLeadInside(t *testing.T) { // not beside others: all names are looked up through it
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		t.Setenv(name, "")
	}
	nameServer(t)
	h := newHouse(t, false)
	u, err := url.Parse(h.host.URL)
	if err != nil {
		t.Fatal(err)
	}
	h.shows(1, musette.Photo{ID: "P", URL: "https://pictures.example.com:" + u.Port() + "/1.jpg"}, musette.Photo{ID: "overlay", URL: "https://100.100.1.1/1.jpg"})
	h.sync()
	for _, id := range []string{"P", "overlay"} {
		if p := h.row(id); !strings.Contains(p.Reason, "isn't one that pictures may come from") || p.Failures != 1 {
			t.Errorf("%s: %+v", id, p)
		}
	}
}

// nameServer answers, for the rest of the test, that every name is this machine's.
func nameServer(t *testing.T) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	t.Cleanup(func() {
		net.DefaultResolver = before
		_ = conn.Close()
	})
	go func() {
		for b := make([]byte, 512); ; {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(itself(b[:n]), from)
		}
	}()
}

// itself answers a question for a name's address with 127.0.0.1, and one for anything else with nothing. RFC 1035, section 4.
func itself(question []byte) []byte {
	end := 12 // of the header, after which the name is
	for question[end] != 0 {
		end += int(question[end]) + 1
	}
	const address = 1
	kind := question[end+2]
	answer := append([]byte{question[0], question[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question[12:end+5]...)
	if kind == address {
		answer[7] = 1
		answer = append(answer, 0xc0, 12, 0, address, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1)
	}
	return answer
}
