package store

import (
	"context"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	postgresConnections    = 8
	postgresConnectTimeout = 5 * time.Second
)

// connect opens a Postgres database by its URL. No statement is prepared and no session state used, so that a pooler in
// transaction mode may stand between.
func connect(ctx context.Context, c Config, toRead bool) (*Store, error) {
	config, where, err := parseURL(c.URL)
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(postgresConnections)
	db.SetMaxIdleConns(postgresConnections) // fewer would redial at every burst
	db.SetConnMaxIdleTime(5 * time.Minute)
	listener := stdlib.OpenDB(*config)
	listener.SetMaxOpenConns(1)
	listener.SetConnMaxIdleTime(time.Minute)
	s := &Store{
		dialect: postgresDialect, where: where, now: c.Now, writer: db, reader: db, listener: listener, toRead: toRead,
		viewOptions: &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
	}
	if err := s.createSchema(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s.start(ctx)
}

// Answers returns [ErrUnreachable] if the database says nothing until ctx is over. It is asked by a connection of its own:
// the others may all be at work, each for as long as it takes. Whatever it says is an answer, a refusal too. SQLite isn't
// asked.
func (s *Store) Answers(ctx context.Context) error {
	if s.listener == nil {
		return nil
	}
	err := s.listener.PingContext(ctx)
	if errors.Is(err, context.DeadlineExceeded) || pgconn.Timeout(err) {
		return s.fail("waiting for an answer", err)
	}
	return nil
}

// parseURL reads the URL and what may be said about it. The parsers' own errors quote the URL, so they are dropped.
func parseURL(raw string) (*pgx.ConnConfig, string, error) {
	bad := func(hint string) (*pgx.ConnConfig, string, error) {
		return nil, "", &Error{Kind: ErrBadURL, Where: "DATABASE_URL", Hint: hint}
	}
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return bad(hintURL)
	}
	if hint := lookAtCertificates(u.Query()); hint != "" {
		return bad(hint)
	}
	config, err := pgx.ParseConfig(raw)
	if err != nil {
		return bad(hintURL)
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

// lookAtCertificates says what is wrong with the files that the parameters name, which pgx's errors don't; "" is nothing.
func lookAtCertificates(q url.Values) string {
	for _, name := range []string{"sslrootcert", "sslcert", "sslkey"} {
		path := q.Get(name)
		if path == "" || path == "system" {
			continue
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return fmt.Sprintf("the file that its %s names can't be read: %v", name, err)
		}
		if name == "sslrootcert" && !x509.NewCertPool().AppendCertsFromPEM(body) {
			return "the file that its sslrootcert names, " + path + ", has no certificate in PEM in it"
		}
	}
	return ""
}

// oldestPostgres is the first version that is supported, as server_version_num says it.
const oldestPostgres = 140000

const (
	serverSQL = `SELECT current_setting('server_version'), CAST(current_setting('server_version_num') AS BIGINT),
		EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'musette')`

	// ownerSQL reads who owns what is in the schema. Row security hides every row from all but the owner, those who
	// are members of the owner's role, and roles that it doesn't apply to.
	ownerSQL = `SELECT pg_get_userbyid(c.relowner), pg_has_role(c.relowner, 'USAGE') OR r.rolsuper OR r.rolbypassrls
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.rolname = current_user
		WHERE n.nspname = 'musette' AND c.relname = 'meta'`

	// strangeSQL finds something in the schema that isn't ours. A version of ours has a table meta with an epoch; goose
	// makes its two tables before that.
	strangeSQL = `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'musette' AND c.relname NOT LIKE 'goose%'
		AND NOT EXISTS (SELECT 1 FROM information_schema.columns
			WHERE table_schema = 'musette' AND table_name = 'meta' AND column_name = 'epoch')
		ORDER BY c.relname LIMIT 1`
)

// createSchema makes the schema musette, which no API of a hosted Postgres publishes. It changes nothing on a server
// that is too old, or where the schema is another's.
func (s *Store) createSchema(ctx context.Context) error {
	var version string
	var number int64
	var there bool
	if err := s.writer.QueryRowContext(ctx, serverSQL).Scan(&version, &number, &there); err != nil {
		return s.fail("connecting", err)
	}
	if number < oldestPostgres {
		return &Error{
			Kind: ErrOldServer, Where: s.where,
			Hint: "nothing was changed; it is version " + version + ": upgrade the server to Postgres 14 or later, or leave DATABASE_URL out to keep the data in a file",
		}
	}
	if there {
		return s.ownSchema(ctx)
	}
	if err := s.mustBe(false); err != nil {
		return err
	}
	_, err := s.writer.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS musette")
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && (e.Code == "23505" || e.Code == "42P06") {
		return nil // another instance made it this very moment
	}
	return s.fail("creating the schema musette", err)
}

// ownSchema makes sure that the schema musette is of this program, and that its rows show to this user.
func (s *Store) ownSchema(ctx context.Context) error {
	var found string
	switch err := s.writer.QueryRowContext(ctx, strangeSQL).Scan(&found); {
	case err == nil:
		return &Error{
			Kind: ErrForeignSchema, Where: s.where,
			Hint: "nothing was changed; another program has made it, with " + found + " in it: give Musette a database of its own in DATABASE_URL, or rename that schema",
		}
	case !errors.Is(err, sql.ErrNoRows):
		return s.fail("looking at the schema", err)
	}
	var owner string
	var sees bool
	switch err := s.writer.QueryRowContext(ctx, ownerSQL).Scan(&owner, &sees); {
	case errors.Is(err, sql.ErrNoRows): // nothing has been made in it yet
		return nil
	case err != nil:
		return s.fail("looking at the schema", err)
	case !sees:
		return &Error{
			Kind: ErrNotAllowed, Where: s.where,
			Hint: "nothing was changed; its tables belong to the role " + owner + ", and row security hides them from others: use that role in DATABASE_URL, or make yours a member of it",
		}
	}
	return nil
}
