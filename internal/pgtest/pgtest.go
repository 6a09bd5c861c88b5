package pgtest

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver
)

// startTimeout is how long the server may take until it answers.
const startTimeout = 30 * time.Second

var errNone = errors.New("no initdb and postgres on the PATH or in /usr/lib/postgresql/*/bin; on Debian: apt-get install postgresql")

var (
	start     = sync.OnceValues(startCluster)
	started   atomic.Pointer[cluster]
	databases atomic.Int64
)

// Main runs the tests and then stops the server and removes its files. What it returns is for [os.Exit].
func Main(m *testing.M) int {
	code := m.Run()
	if c := started.Load(); c != nil {
		if err := c.stop(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			code = max(code, 1)
		}
	}
	return code
}

// New returns the URL of a fresh, empty database, whose user is a superuser without a password.
func New(tb testing.TB) string {
	tb.Helper()
	c, err := start()
	if errors.Is(err, errNone) && os.Getenv("CI") != "true" {
		tb.Skip("pgtest: ", err)
	}
	if err != nil {
		tb.Fatal("pgtest: ", err)
	}
	name := fmt.Sprintf("test_%d", databases.Add(1))
	if err := c.exec(tb.Context(), "CREATE DATABASE "+name); err != nil {
		tb.Fatal("pgtest: ", err)
	}
	tb.Cleanup(func() { // a cluster full of databases slows down
		if err := c.exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			tb.Error("pgtest: ", err)
		}
	})
	return c.url(name)
}

// A cluster is a running server and its files.
type cluster struct {
	dir    string
	server *exec.Cmd
	ended  chan error // gets what the server ended with
	admin  *sql.DB
}

func startCluster() (*cluster, error) {
	initdb, err := find("initdb")
	if err != nil {
		return nil, err
	}
	postgres, err := find("postgres")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("/tmp", "musette-pg-") // not TMPDIR: a socket's path is at most 107 bytes long
	if err != nil {
		return nil, err
	}
	c := &cluster{dir: dir, ended: make(chan error, 1)}
	if err := c.boot(initdb, postgres); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	started.Store(c)
	return c, nil
}

func (c *cluster) boot(initdb, postgres string) error {
	if err := hand(c.dir); err != nil {
		return err
	}
	data := filepath.Join(c.dir, "data")
	create := exec.Command(initdb, "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync")
	create.Dir, create.SysProcAttr = c.dir, credentials()
	if out, err := create.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	log, err := os.Create(filepath.Join(c.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	// Its data need not survive anything, so nothing is synced.
	c.server = exec.Command(postgres, "-D", data, "-k", c.dir, "-c", "listen_addresses=", "-c", "max_connections=200",
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	c.server.Dir, c.server.SysProcAttr, c.server.Stdout, c.server.Stderr = c.dir, credentials(), log, log
	if err := run(c.server, c.ended); err != nil {
		return err
	}
	if c.admin, err = sql.Open("pgx", c.url("postgres")); err != nil {
		return err
	}
	return c.wait()
}

// wait returns when the server answers.
func (c *cluster) wait() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for {
		err := c.admin.PingContext(ctx)
		if err == nil {
			return nil
		}
		select {
		case end := <-c.ended:
			c.server = nil
			log, _ := os.ReadFile(filepath.Join(c.dir, "log"))
			return fmt.Errorf("postgres ended at its start: %w\n%s", end, log)
		case <-ctx.Done():
			return fmt.Errorf("postgres doesn't answer: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (c *cluster) exec(ctx context.Context, stmt string) error {
	_, err := c.admin.ExecContext(ctx, stmt)
	return err
}

func (c *cluster) url(database string) string {
	q := url.Values{"host": {c.dir}, "user": {"postgres"}}
	return (&url.URL{Scheme: "postgres", Path: "/" + database, RawQuery: q.Encode()}).String()
}

// stop ends the server quickly and removes its files.
func (c *cluster) stop() error {
	var errs []error
	if c.admin != nil {
		errs = append(errs, c.admin.Close())
	}
	if c.server != nil && c.server.Process != nil {
		errs = append(errs, c.server.Process.Signal(os.Interrupt)) // Postgres's fast shutdown
		<-c.ended
	}
	return errors.Join(append(errs, os.RemoveAll(c.dir))...)
}

// find returns the path of one of Postgres's programs, of the newest version installed.
func find(program string) (string, error) {
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	paths, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + program)
	if err != nil || len(paths) == 0 {
		return "", errNone
	}
	slices.SortFunc(paths, func(a, b string) int { // 9.6 before 15
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	return paths[len(paths)-1], nil
}
