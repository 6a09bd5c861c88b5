package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver
)

// startTimeout is how long a server may take until it answers.
const startTimeout = 30 * time.Second

var (
	errNone       = errors.New("no initdb and postgres on the PATH or in /usr/lib/postgresql/*/bin; on Debian: apt-get install postgresql")
	errNoneToPool = errors.New("no pgbouncer on the PATH or in /usr/sbin; on Debian: apt-get install pgbouncer")
)

var (
	start     = sync.OnceValues(func() (*cluster, error) { return keep(&started)(newCluster(nil)) })
	startPool = sync.OnceValues(func() (*pooler, error) { return keep(&pooling)(newPooler()) })
	started   atomic.Pointer[cluster]
	pooling   atomic.Pointer[pooler]
	databases atomic.Int64
)

// keep remembers what was started, so that Main ends it.
func keep[T any](where *atomic.Pointer[T]) func(*T, error) (*T, error) {
	return func(v *T, err error) (*T, error) {
		if err == nil {
			where.Store(v)
		}
		return v, err
	}
}

// Main runs the tests and then stops what they started and removes its files. What it returns is for [os.Exit].
func Main(m *testing.M) int {
	code := m.Run()
	var err error
	if p := pooling.Load(); p != nil {
		err = p.stop()
	}
	if c := started.Load(); c != nil {
		err = errors.Join(err, c.remove())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		code = max(code, 1)
	}
	return code
}

// New returns the URL of a fresh, empty database, whose user is a superuser without a password.
func New(tb testing.TB) string {
	tb.Helper()
	c, name := newDatabase(tb)
	return c.url(name)
}

// NewPooled is New through a PgBouncer in transaction mode: each transaction may get another of its few connections.
// direct is the same database's URL without it.
func NewPooled(tb testing.TB) (pooled, direct string) {
	tb.Helper()
	c, name := newDatabase(tb)
	p, err := startPool()
	check(tb, err)
	return socketURL(p.dir, poolerPort, name), c.url(name)
}

func newDatabase(tb testing.TB) (c *cluster, name string) {
	tb.Helper()
	c, err := start()
	check(tb, err)
	name = fmt.Sprintf("test_%d", databases.Add(1))
	check(tb, c.exec(tb.Context(), "CREATE DATABASE "+name))
	tb.Cleanup(func() { // a cluster full of databases slows down
		if err := c.exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			tb.Error("pgtest: ", err)
		}
	})
	return c, name
}

// check ends the test on an error; without the programs it skips, but not in CI.
func check(tb testing.TB, err error) {
	tb.Helper()
	if (errors.Is(err, errNone) || errors.Is(err, errNoneToPool)) && os.Getenv("CI") != "true" {
		tb.Skip("pgtest: ", err)
	}
	if err != nil {
		tb.Fatal("pgtest: ", err)
	}
}
