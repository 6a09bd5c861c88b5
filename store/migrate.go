package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/sqlite/*.sql migrations/postgres/*.sql
var migrations embed.FS

// migrateLockName is the file that locks the making and replacing of an SQLite file.
const migrateLockName = "migrate.lock"

const (
	lockPoll  = 250 * time.Millisecond
	lockTries = 240 // a minute
)

// migrate brings the schema to this program's version. A newer one is left alone.
func (s *Store) migrate(ctx context.Context) error {
	p, err := s.provider()
	if err != nil {
		return err
	}
	want := int64(0)
	for _, source := range p.ListSources() {
		want = max(want, source.Version)
	}
	have, err := s.schemaVersion(ctx)
	if err != nil {
		return err
	}
	if have != want {
		// One page in the place of another can say anything: what version a file is of is believed if it is whole.
		if err := s.CheckFile(ctx); err != nil {
			return err
		}
	}
	if have > want {
		return &Error{
			Kind: ErrNewerSchema, Where: s.where,
			Hint: fmt.Sprintf("its schema is version %d, this program knows %d; nothing was changed: install the newer program, or restore an older backup elsewhere", have, want),
		}
	}
	if s.toRead {
		return s.mustBe(have == want)
	}
	if s.dialect == sqliteDialect {
		if _, err := s.writer.ExecContext(ctx, "PRAGMA journal_mode = WAL"); err != nil {
			return s.fail("opening", err)
		}
	}
	if have == want {
		return nil
	}
	unlock, err := s.lockMigrations(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := p.Up(ctx); err != nil {
		return s.fail("migrating", err)
	}
	return s.closeGooseTables(ctx)
}

func (s *Store) provider() (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations/"+s.dialect.name)
	if err != nil {
		return nil, err
	}
	dialect, options := goose.DialectSQLite3, []goose.ProviderOption{
		goose.WithTableName(s.dialect.prefix + "goose_db_version"), goose.WithDisableGlobalRegistry(true),
	}
	if s.dialect == postgresDialect {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresTableLocker(
			lock.WithTableName(s.dialect.prefix+"goose_lock"), lock.WithTableLockTimeout(lockPoll, lockTries),
		)
		if err != nil {
			return nil, fmt.Errorf("store: migrating: %w", err)
		}
		options = append(options, goose.WithLocker(locker))
	}
	p, err := goose.NewProvider(dialect, s.writer, dir, options...)
	if err != nil {
		return nil, fmt.Errorf("store: migrating: %w", err)
	}
	return p, nil
}

// schemaVersion returns the version of what is there, 0 for nothing, without writing.
func (s *Store) schemaVersion(ctx context.Context) (int64, error) {
	there := "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'goose_db_version'"
	if s.dialect == postgresDialect {
		there = "SELECT count(*) FROM pg_tables WHERE schemaname = 'musette' AND tablename = 'goose_db_version'"
	}
	var n, version int64
	if err := s.writer.QueryRowContext(ctx, there).Scan(&n); err != nil || n == 0 {
		return 0, s.fail("reading the schema's version", err)
	}
	const latest = "SELECT count(*), coalesce(max(version_id), 0) FROM {goose_db_version}"
	if err := s.writer.QueryRowContext(ctx, s.text(latest)).Scan(&n, &version); err != nil {
		return 0, s.fail("reading the schema's version", err)
	}
	if n == 0 && s.dialect == sqliteDialect { // the table is made in one transaction with its first row
		return 0, s.Damaged("its schema says no version")
	}
	return version, nil
}

// lockMigrations keeps two processes from migrating one SQLite file at once. On Postgres goose has a lock row.
func (s *Store) lockMigrations(ctx context.Context) (func(), error) {
	if s.dir == "" {
		return func() {}, nil
	}
	path := filepath.Join(s.dir, migrateLockName)
	l := flock.New(path, flock.SetPermissions(0o600))
	if _, err := l.TryLockContext(ctx, lockPoll); err != nil {
		return nil, fileError(path, err)
	}
	return func() { _ = l.Close() }, nil
}

// closeGooseTables turns row security on for the two tables that goose makes.
func (s *Store) closeGooseTables(ctx context.Context) error {
	if s.dialect != postgresDialect {
		return nil
	}
	const stmt = "ALTER TABLE musette.goose_db_version ENABLE ROW LEVEL SECURITY; ALTER TABLE musette.goose_lock ENABLE ROW LEVEL SECURITY"
	_, err := s.writer.ExecContext(ctx, stmt)
	return s.fail("migrating", err)
}
