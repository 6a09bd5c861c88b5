package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// poolerPort names the pooler's socket; it listens on nothing else.
const poolerPort = 6432

// poolerSettings share few connections among many clients, and change the connection at each transaction: whoever
// relies on something that stays in a session is found out.
const poolerSettings = `[databases]
* = host=%[1]s port=%[2]d user=postgres
[pgbouncer]
unix_socket_dir = %[3]s
listen_port = %[4]d
auth_type = any
pool_mode = transaction
default_pool_size = 4
server_round_robin = 1
max_client_conn = 500
`

// A pooler is a PgBouncer before the shared cluster.
type pooler struct {
	dir    string
	server *exec.Cmd
	ended  chan error
}

func newPooler() (*pooler, error) {
	path, err := exec.LookPath("pgbouncer")
	if err != nil {
		if path, err = exec.LookPath("/usr/sbin/pgbouncer"); err != nil { // not on everybody's PATH
			return nil, errNoneToPool
		}
	}
	c, err := start()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("/tmp", "musette-pool-")
	if err != nil {
		return nil, err
	}
	p := &pooler{dir: dir, ended: make(chan error, 1)}
	if err := p.boot(path, c); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

func (p *pooler) boot(path string, c *cluster) error {
	settings := filepath.Join(p.dir, "pgbouncer.ini")
	body := fmt.Sprintf(poolerSettings, c.dir, c.port, p.dir, poolerPort)
	if err := os.WriteFile(settings, []byte(body), 0o644); err != nil {
		return err
	}
	if err := hand(p.dir); err != nil {
		return err
	}
	var log strings.Builder // read only once it has ended
	p.server = exec.Command(path, settings)
	p.server.Dir, p.server.SysProcAttr, p.server.Stderr = p.dir, credentials(), &log
	if err := run(p.server, p.ended); err != nil {
		p.server = nil
		return err
	}
	db, err := sql.Open("pgx", socketURL(p.dir, poolerPort, "postgres")+"&default_query_exec_mode=exec")
	if err != nil {
		return err
	}
	defer db.Close()
	for deadline := time.Now().Add(startTimeout); ; {
		if err = db.PingContext(context.Background()); err == nil {
			return nil
		}
		select {
		case end := <-p.ended:
			p.server = nil
			return fmt.Errorf("pgbouncer ended at its start: %w\n%s", end, log.String())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("pgbouncer doesn't answer: %w", err)
		}
	}
}

// stop ends the pooler and removes its files.
func (p *pooler) stop() error {
	if p.server != nil {
		_ = p.server.Process.Kill()
		<-p.ended
	}
	return os.RemoveAll(p.dir)
}
