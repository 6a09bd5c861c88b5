package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver
)

// Config says where the store is.
type Config struct {
	URL string           // "": SQLite in Dir; else postgres://… or postgresql://…
	Dir string           // the data directory; made, for its owner alone, if missing
	Now func() time.Time // default [time.Now]; leases use the database's clock
}

// A Store is an open database. Its methods may be called from any goroutine.
type Store struct {
	dialect *dialect
	where   string // for errors
	dir     string // "" for Postgres and memory
	path    string
	opened  os.FileInfo // of the SQLite file, see Replaced
	log     os.FileInfo // of its log, nil where none may be made, see logLost
	now     func() time.Time

	writer, reader *sql.DB
	listener       *sql.DB // of Postgres: one connection, for Answers
	viewOptions    *sql.TxOptions
	anchor         *sql.Conn // keeps a database in memory alive
	toRead         bool      // nothing is written, see OpenToRead
	closed         atomic.Bool
	texts          sync.Map // statement → the dialect's form
	onDamage       atomic.Pointer[func(*DamageError)]
}

// Open opens the store, making or migrating it where needed. It never touches a database made by a newer program
// ([ErrNewerSchema]).
func Open(ctx context.Context, c Config) (*Store, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.URL != "" {
		return connect(ctx, c, false)
	}
	return openPatiently(ctx, c)
}

// SQLite doesn't wait by itself for another process that is just making, or just leaving, the same file: switching to
// the log and taking it in need the file alone for a moment.
const (
	openPatience = 10 * time.Second
	openAgain    = 50 * time.Millisecond
)

// openPatiently opens the SQLite file, again and again while another process has it to itself.
func openPatiently(ctx context.Context, c Config) (*Store, error) {
	patience, done := context.WithTimeout(ctx, openPatience)
	defer done()
	for {
		s, err := openSQLite(ctx, c)
		if !errors.Is(err, ErrBusy) {
			return s, err
		}
		select {
		case <-patience.Done():
			return nil, err
		case <-time.After(openAgain):
		}
	}
}

// openSQLite opens Dir/musette.db.
func openSQLite(ctx context.Context, c Config) (*Store, error) {
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("store: data directory %s: %w", c.Dir, err)
	}
	if err := settleReplacement(dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, fileName)
	s := &Store{dialect: sqliteDialect, where: path, dir: dir, path: path, now: c.Now}
	if err := prepareFile(dir, path); err != nil {
		return nil, err
	}
	if s.opened, err = os.Stat(path); err != nil {
		return nil, fileError(path, err)
	}
	if err := logInUse(ctx, path); err != nil {
		return nil, err
	}
	if err := s.openPools(path, ""); err != nil {
		return nil, err
	}
	if s, err = s.start(ctx); err == nil {
		s.rememberLog()
	}
	return s, err
}

var memories atomic.Int64

// OpenMemory opens an empty store in memory, gone when closed: for serving a snapshot while the database is away, and
// for tests. A View waits for an Update under way, so don't nest them.
func OpenMemory(ctx context.Context) (*Store, error) {
	s := &Store{dialect: sqliteDialect, where: "memory", now: time.Now}
	if err := s.openPools(fmt.Sprintf("/musette-%d", memories.Add(1)), inMemory); err != nil {
		return nil, err
	}
	var err error
	if s.anchor, err = s.reader.Conn(ctx); err != nil {
		s.Close()
		return nil, s.fail("opening", err)
	}
	return s.start(ctx)
}

// start makes the opened pools a store of today's schema.
func (s *Store) start(ctx context.Context) (*Store, error) {
	if err := s.migrate(ctx); err != nil {
		s.Close()
		return nil, err
	}
	if err := s.ensureMeta(ctx); err != nil {
		s.Close()
		return nil, err
	}
	if s.toRead {
		return s, nil
	}
	if err := s.mendLanes(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// ensureMeta gives a new store its epoch.
func (s *Store) ensureMeta(ctx context.Context) error {
	var n int
	if err := s.reader.QueryRowContext(ctx, s.text("SELECT count(*) FROM {meta}")).Scan(&n); err != nil {
		return s.fail("opening", err)
	}
	if n > 0 {
		return nil
	}
	if err := s.mustBe(false); err != nil {
		return err
	}
	v := values{int64(1), newEpoch(), int64(0), int64(0)}
	stmt := tMeta.stmts.insert + " ON CONFLICT DO NOTHING"
	if _, err := s.writer.ExecContext(ctx, s.text(stmt), append(v, tMeta.sum(v))...); err != nil {
		return s.fail("opening", err)
	}
	return nil
}

func newEpoch() string { return strings.ToLower(rand.Text()) }

// Close closes the database; leases not released end by themselves.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	if s.anothersLog() { // SQLite would take pages from ours that are in the other; the connections end with the process
		return nil
	}
	var errs []error
	if s.anchor != nil {
		errs = append(errs, s.anchor.Close())
	}
	if s.listener != nil {
		errs = append(errs, s.listener.Close())
	}
	if s.reader != nil && s.reader != s.writer {
		errs = append(errs, s.reader.Close())
	}
	if s.writer != nil { // last, so that SQLite takes its log into the file
		errs = append(errs, s.takeLostLogIn(), s.writer.Close())
	}
	return errors.Join(errs...)
}

// OnDamage has f called whenever a read meets a damaged row, besides the error that the reader gets: whoever passes over
// such a row needn't tell anybody. It is called within transactions, from any goroutine: f mustn't use the store. There is
// one f at a time.
func (s *Store) OnDamage(f func(*DamageError)) { s.onDamage.Store(&f) }

// met tells of a damaged row.
func (s *Store) met(d *DamageError) *DamageError {
	if s != nil && d != nil {
		if f := s.onDamage.Load(); f != nil {
			(*f)(d)
		}
	}
	return d
}

// Kind returns "sqlite" or "postgres".
func (s *Store) Kind() string { return s.dialect.name }

// Path returns the SQLite file, "" for others.
func (s *Store) Path() string { return s.path }

// Tables returns the names of the tables in a dump, in its order.
func (s *Store) Tables() []string {
	var names []string
	for _, t := range tables {
		if t.snapshot {
			names = append(names, t.name)
		}
	}
	return names
}

// prepareFile makes the directory and the empty file, so that both are for their owner alone.
func prepareFile(dir, path string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fileError(dir, err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fileError(path, err)
	}
	if err := f.Close(); err != nil {
		return fileError(path, err)
	}
	return nil
}
