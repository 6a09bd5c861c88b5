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
	"strconv"
	"syscall"
	"time"
)

// A cluster is a Postgres with files of its own. Its methods are for one goroutine.
type cluster struct {
	dir     string
	port    int // of the socket's name, and on 127.0.0.1 where it listens there
	options []string
	server  *exec.Cmd  // nil while it is stopped
	ended   chan error // gets what the server ended with
	admin   *sql.DB
}

// newCluster makes a cluster and starts it. prepare may add files to its directory, and options.
func newCluster(prepare func(*cluster) error) (*cluster, error) {
	initdb, err := find("initdb")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("/tmp", "musette-pg-") // not TMPDIR: a socket's path is at most 107 bytes long
	if err != nil {
		return nil, err
	}
	c := &cluster{dir: dir, port: 5432}
	create := exec.Command(initdb, "-D", c.data(), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync")
	create.Dir, create.SysProcAttr = dir, credentials()
	if err := hand(dir); err != nil {
		return nil, errors.Join(err, c.remove())
	}
	if out, err := create.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("initdb: %w\n%s", err, out), c.remove())
	}
	if prepare != nil {
		if err := prepare(c); err != nil {
			return nil, errors.Join(err, c.remove())
		}
	}
	if c.admin, err = sql.Open("pgx", c.url("postgres")); err != nil {
		return nil, errors.Join(err, c.remove())
	}
	if err := c.start(); err != nil {
		return nil, errors.Join(err, c.remove())
	}
	return c, nil
}

func (c *cluster) data() string { return filepath.Join(c.dir, "data") }

// start starts the server and waits until it answers.
func (c *cluster) start() error {
	postgres, err := find("postgres")
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(c.dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	// Its data need not survive a power cut, so nothing is synced.
	args := []string{
		"-D", c.data(), "-k", c.dir, "-p", strconv.Itoa(c.port), "-c", "listen_addresses=", "-c", "max_connections=200",
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
	}
	c.server, c.ended = exec.Command(postgres, append(args, c.options...)...), make(chan error, 1)
	c.server.Dir, c.server.SysProcAttr, c.server.Stdout, c.server.Stderr = c.dir, credentials(), log, log
	if err := run(c.server, c.ended); err != nil {
		c.server = nil
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

// stop ends the server: by SIGINT fast and in order, by SIGQUIT as if it had crashed.
func (c *cluster) stop(signal syscall.Signal) error {
	if c.server == nil {
		return nil
	}
	err := c.server.Process.Signal(signal)
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	<-c.ended
	c.server = nil
	return err
}

// remove ends the server and removes its files.
func (c *cluster) remove() error {
	var errs []error
	if c.admin != nil {
		errs = append(errs, c.admin.Close())
	}
	return errors.Join(append(errs, c.stop(syscall.SIGINT), os.RemoveAll(c.dir))...)
}

func (c *cluster) exec(ctx context.Context, stmt string) error {
	_, err := c.admin.ExecContext(ctx, stmt)
	return err
}

func (c *cluster) url(database string) string { return socketURL(c.dir, c.port, database) }

// socketURL is the address of a server whose socket is in dir.
func socketURL(dir string, port int, database string) string {
	q := url.Values{"host": {dir}, "port": {strconv.Itoa(port)}, "user": {"postgres"}}
	return (&url.URL{Scheme: "postgres", Path: "/" + database, RawQuery: q.Encode()}).String()
}

// find returns the path of one of Postgres's programs: in the directory that MUSETTE_POSTGRES names, else of the newest
// version installed.
func find(program string) (string, error) {
	if dir := os.Getenv("MUSETTE_POSTGRES"); dir != "" {
		return exec.LookPath(filepath.Join(dir, program))
	}
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
