package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// A dialect is all that differs between the two databases once the tables are there.
type dialect struct {
	name   string
	prefix string // before each table's name; a search_path would be state of a session
	now    string // the database's clock, in Unix milliseconds

	// begin is run first in every write transaction. SQLite needs none: BEGIN IMMEDIATE lets one writer in. Postgres
	// takes the row of meta, so that there too writers follow one another and commit order is number order; the time
	// limit, of this transaction alone, frees the row, and with it the lease, should this process hang or its machine vanish in the middle.
	begin string
	// lockRow ends a SELECT that must keep its row until the end of the transaction.
	lockRow string

	// batch is how many rows one statement reads by their keys, or writes. On SQLite a row at a time, compiled once, is as
	// fast.
	batch int

	classify func(error) (hint string, kind error)
}

var sqliteDialect = &dialect{
	name:     "sqlite",
	now:      "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
	batch:    1,
	classify: classifySQLite,
}

var postgresDialect = &dialect{
	name:     "postgres",
	prefix:   "musette.",
	now:      "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
	begin:    "SELECT seq, set_config('idle_in_transaction_session_timeout', '10s', true) FROM musette.meta FOR UPDATE",
	lockRow:  " FOR UPDATE",
	batch:    1000,
	classify: classifyPostgres,
}

// expand turns the one text of SQL into the dialect's: {name} is a table, {now} the clock.
func (d *dialect) expand(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, after, _ := strings.Cut(rest, "}")
		switch name {
		case "now":
			b.WriteString(d.now)
		case "lock":
			b.WriteString(d.lockRow)
		default:
			b.WriteString(d.prefix + name)
		}
		text = after
	}
}

func classifySQLite(err error) (hint string, kind error) {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return "", nil
	}
	if e.Code() == sqlite3.SQLITE_IOERR_SHMSIZE { // there was no room for the log's index
		return hintFull, ErrDiskFull
	}
	if e.Code() == sqlite3.SQLITE_IOERR_SHORT_READ { // the file ends before a page that it says it has
		return hintCorrupt, ErrCorrupt
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return hintFull, ErrDiskFull
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return hintReadOnly, ErrReadOnly
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR:
		return "nothing was changed; check that the data directory is there, readable and writable, and its disk well", ErrUnreachable
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return hintCorrupt, ErrCorrupt
	case sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_TOOBIG:
		// A length in a damaged page, which it takes for true: of what is kept nothing is that large, and where memory
		// really is short the program ends.
		return hintCorrupt, ErrCorrupt
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return hintBusy, ErrBusy
	case sqlite3.SQLITE_ERROR: // the statements are ours, and so is the schema: one of them isn't what it was
		for _, missing := range []string{"no such column", "no such table", "has no column named", "does not match any PRIMARY KEY"} {
			if strings.Contains(e.Error(), missing) {
				return hintCorrupt, ErrCorrupt
			}
		}
	}
	return "", nil
}

func classifyPostgres(err error) (hint string, kind error) {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch {
		case e.Code == "53100":
			return hintFull, ErrDiskFull
		case e.Code == "25006":
			return "nothing was changed; this is a read-only copy, or was set read-only, as hosted databases are when their disk is full: point DATABASE_URL at the primary, or make room there", ErrReadOnly
		case e.Code == "42501":
			return hintGrant, ErrNotAllowed
		case e.Code == "XX001", e.Code == "XX002":
			return hintCorrupt, ErrCorrupt
		case strings.HasPrefix(e.Code, "28"):
			return hintLogin, ErrUnreachable
		case e.Code == "42704" && e.Severity == "FATAL": // at the start of a session: a startup parameter
			return "nothing was changed; it has a parameter that the server doesn't know, take that out", ErrBadURL
		case e.Code == "XX000" && e.Severity == "FATAL": // how Supabase's pooler says that it doesn't know somebody
			return hintLogin, ErrUnreachable
		case e.Code == "3D000":
			return "the server is there, the database named in DATABASE_URL is not; create it or correct the name", ErrUnreachable
		case strings.HasPrefix(e.Code, "08"), strings.HasPrefix(e.Code, "57P"), strings.HasPrefix(e.Code, "53"), e.Code == "25P03":
			return hintDown, ErrUnreachable
		case e.Code == "55P03":
			return hintBusy, ErrBusy
		}
		return "", nil
	}
	_, unproven := errors.AsType[*tls.CertificateVerificationError](err)
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err) // how verify-ca says it
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	if unproven || unknown || invalid {
		return hintTLS, ErrUnreachable
	}
	if strings.Contains(err.Error(), "server refused TLS connection") { // pgconn has no type for it
		return hintNoTLS, ErrUnreachable
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[net.Error](err)
	if connecting || network || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "conn closed") {
		return hintDown, ErrUnreachable
	}
	return "", nil
}
