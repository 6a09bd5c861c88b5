package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	postgresConnections    = 8
	postgresConnectTimeout = 5 * time.Second
)

// openPostgres opens a database by its URL. No statement is prepared and no session state used, so that a pooler in
// transaction mode may stand between.
func openPostgres(ctx context.Context, c Config) (*Store, error) {
	config, where, err := parseURL(c.URL)
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(postgresConnections)
	db.SetMaxIdleConns(postgresConnections) // fewer would redial at every burst
	db.SetConnMaxIdleTime(5 * time.Minute)
	s := &Store{
		dialect: postgresDialect, where: where, now: c.Now, writer: db, reader: db,
		viewOptions: &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
	}
	if err := db.PingContext(ctx); err != nil {
		err = s.fail("connecting", err)
		s.Close()
		return nil, err
	}
	if err := s.createSchema(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s.start(ctx)
}

// parseURL reads the URL and what may be said about it. The parsers' own errors quote the URL, so they are dropped.
func parseURL(raw string) (*pgx.ConnConfig, string, error) {
	bad := &Error{
		Kind: ErrBadURL, Where: "DATABASE_URL",
		Hint: "it looks like postgres://user:password@host:5432/database?sslmode=require; characters such as @ : / # in a password are written in percent form",
	}
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return nil, "", bad
	}
	config, err := pgx.ParseConfig(raw)
	if err != nil {
		return nil, "", bad
	}
	// The simplest protocol that still sends values apart from the text: nothing is prepared in a session.
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.StatementCacheCapacity, config.DescriptionCacheCapacity = 0, 0
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = postgresConnectTimeout
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "musette"
	}
	return config, "postgres " + config.Host + "/" + config.Database, nil
}

// createSchema makes the schema musette, which no API of a hosted Postgres publishes.
func (s *Store) createSchema(ctx context.Context) error {
	var there bool
	const look = "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'musette')"
	if err := s.writer.QueryRowContext(ctx, look).Scan(&there); err != nil {
		return s.fail("looking for the schema", err)
	}
	if there {
		return nil
	}
	_, err := s.writer.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS musette")
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && (e.Code == "23505" || strings.HasPrefix(e.Code, "42P06")) {
		return nil // another instance made it this very moment
	}
	return s.fail("creating the schema musette", err)
}
