package pgtest

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// A Server is a Postgres of one test's own, to stop and start again.
type Server struct {
	tb testing.TB
	c  *cluster
	// URL is its one database's, by its socket, for a superuser without a password.
	URL string
}

// NewServer starts one. With a certificate and its key, both as PEM, it also listens on 127.0.0.1 and speaks TLS there.
func NewServer(tb testing.TB, certificate, key []byte) *Server {
	tb.Helper()
	c, err := newCluster(func(c *cluster) error {
		if certificate == nil {
			return nil
		}
		return c.encrypt(certificate, key)
	})
	check(tb, err)
	tb.Cleanup(func() {
		if err := c.remove(); err != nil {
			tb.Error("pgtest: ", err)
		}
	})
	return &Server{tb, c, c.url("postgres")}
}

// TCP is the URL of the same database by TCP, where the host is called name, with these parameters.
func (s *Server) TCP(name string, parameters url.Values) string {
	u := url.URL{
		Scheme: "postgres", User: url.User("postgres"), Host: net.JoinHostPort(name, strconv.Itoa(s.c.port)),
		Path: "/postgres", RawQuery: parameters.Encode(),
	}
	return u.String()
}

// Stop stops the server as `systemctl stop` does: connections are cut.
func (s *Server) Stop() {
	s.tb.Helper()
	check(s.tb, s.c.stop(syscall.SIGINT))
}

// Start starts it again, on the same files and address.
func (s *Server) Start() {
	s.tb.Helper()
	check(s.tb, s.c.start())
}

// encrypt adds a certificate, and an address that it is shown on.
func (c *cluster) encrypt(certificate, key []byte) error {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	c.port = free.Addr().(*net.TCPAddr).Port
	if err := free.Close(); err != nil {
		return err
	}
	c.options = []string{"-c", "listen_addresses=127.0.0.1", "-c", "ssl=on"}
	for name, body := range map[string][]byte{"ssl_cert_file": certificate, "ssl_key_file": key} {
		path := filepath.Join(c.dir, name+".pem")
		if err := os.WriteFile(path, body, 0o600); err != nil {
			return err
		}
		if err := hand(path); err != nil {
			return err
		}
		c.options = append(c.options, "-c", fmt.Sprintf("%s=%s", name, path))
	}
	return nil
}
