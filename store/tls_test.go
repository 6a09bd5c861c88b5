package store_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"musette/internal/pgtest"
	"musette/store"
)

// TestTLS connects to a server that has a certificate for one name: who it is and whether it may be asked in the clear
// is decided by the URL alone.
func TestTLS(t *testing.T) {
	ours, theirs := newCA(t, "ours"), newCA(t, "theirs")
	certificate, key := ours.issue(t, "localhost")
	server := pgtest.NewServer(t, certificate, key)
	garbage := filepath.Join(t.TempDir(), "garbage.pem")
	if err := os.WriteFile(garbage, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	open := func(host string, parameters ...string) error {
		q := url.Values{"password": {"s3cret"}}
		for i := 0; i < len(parameters); i += 2 {
			q.Set(parameters[i], parameters[i+1])
		}
		s, err := store.Open(t.Context(), store.Config{URL: server.TCP(host, q)})
		if err != nil {
			return err
		}
		return s.Close()
	}
	for _, good := range [][]string{
		{"localhost", "sslmode", "disable"},
		{"127.0.0.1", "sslmode", "require"}, // encrypted, whoever it is
		{"127.0.0.1", "sslmode", "verify-ca", "sslrootcert", ours.path},
		{"localhost", "sslmode", "verify-full", "sslrootcert", ours.path},
	} {
		if err := open(good[0], good[1:]...); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
	const unproven = "can't prove to be the host"
	for _, bad := range [][]string{
		{"localhost", "sslmode", "verify-full", "sslrootcert", theirs.path},
		{"localhost", "sslmode", "verify-ca", "sslrootcert", theirs.path},
		{"localhost", "sslmode", "require", "sslrootcert", theirs.path}, // as libpq has it: with a certificate it is verify-ca
		{"127.0.0.1", "sslmode", "verify-full", "sslrootcert", ours.path},
	} {
		expect(t, open(bad[0], bad[1:]...), store.ErrUnreachable, unproven)
	}
	expect(t, open("localhost", "sslmode", "verify-full", "sslrootcert", "/no/such.pem"), store.ErrBadURL, "sslrootcert")
	expect(t, open("localhost", "sslmode", "verify-full", "sslrootcert", garbage), store.ErrBadURL, "sslrootcert")

	// One that speaks none.
	u := parsed(t, pgtest.New(t))
	q := u.Query()
	proxy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { proxy.Close() })
	go age(proxy, filepath.Join(q.Get("host"), ".s.PGSQL."+q.Get("port")), "-", "-")
	u.Host, u.RawQuery = proxy.Addr().String(), url.Values{"user": {"postgres"}, "password": {"s3cret"}, "sslmode": {"require"}}.Encode()
	_, err = store.Open(t.Context(), store.Config{URL: u.String()})
	expect(t, err, store.ErrUnreachable, "doesn't offer the encryption")
}

// A ca vouches for servers.
type ca struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	path        string // its certificate's file
}

func newCA(t *testing.T, name string) *ca {
	t.Helper()
	c := &ca{path: filepath.Join(t.TempDir(), name+".pem")}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	var der []byte
	c.key, der = sign(t, template, template, nil)
	var err error
	if c.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.path, encode("CERTIFICATE", der), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// issue makes a certificate and its key for a host.
func (c *ca) issue(t *testing.T, host string) (certificate, key []byte) {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	private, der := sign(t, template, c.certificate, c.key)
	pkcs, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", pkcs)
}

// sign makes a key and a certificate for it, signed by the parent's key, or by itself.
func sign(t *testing.T, template, parent *x509.Certificate, by *ecdsa.PrivateKey) (*ecdsa.PrivateKey, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if by == nil {
		by = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	return key, der
}

func encode(what string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: what, Bytes: der})
}
