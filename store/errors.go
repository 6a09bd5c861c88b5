package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// What callers branch on, with [errors.Is]. The error around it says where, what it means for the data, and what to
// do; it never holds a password.
var (
	ErrNewerSchema   = errors.New("the database was made by a newer musette")
	ErrOldServer     = errors.New("the Postgres server is too old")
	ErrForeignSchema = errors.New("the schema musette isn't Musette's")
	ErrReadOnly      = errors.New("the database can't be written")
	ErrDiskFull      = errors.New("the disk is full")
	ErrUnreachable   = errors.New("the database can't be reached")
	ErrCorrupt       = errors.New("the database is damaged")
	ErrNotAllowed    = errors.New("the database user may not do this")
	ErrBusy          = errors.New("the database is locked by another program")
	ErrBadURL        = errors.New("the database URL can't be used")
	ErrFenced        = errors.New("the lease is no longer held")
	ErrNotFound      = errors.New("not found")
	ErrNotEmpty      = errors.New("the store is not empty")
)

// An Error is a failure of the database as a whole, with what a person can do about it. It is one of the kinds above.
type Error struct {
	Kind  error  // one of the Err values
	Where string // the path, or the host and database; never a password
	Hint  string // what it means for the data, and what to do
	Err   error  // what the driver said; may be nil
}

func (e *Error) Error() string {
	s := e.Kind.Error() + ": " + e.Where
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap returns the kind and the cause.
func (e *Error) Unwrap() []error { return []error{e.Kind, e.Err} }

// A DamageError is one row that isn't what was written.
type DamageError struct {
	Table  string
	Key    string // the row's key, its columns joined by "/"
	Reason string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("damaged row %s in %s: %s", e.Key, e.Table, e.Reason)
}

// Is makes a damaged row an [ErrCorrupt].
func (e *DamageError) Is(target error) bool { return target == ErrCorrupt }

// A HeldError says who holds a lease that was asked for.
type HeldError struct {
	Name   string
	Holder string
	Until  time.Time // zero where it is held as long as its process lives
}

func (e *HeldError) Error() string {
	s := fmt.Sprintf("lease %q is held by %q", e.Name, e.Holder)
	if !e.Until.IsZero() {
		s += " until " + e.Until.Format(time.RFC3339)
	}
	return s
}

const (
	hintFull     = "nothing was lost, the last change was not written; free some space, writing goes on by itself"
	hintReadOnly = "nothing was changed; make the data directory and its files writable for this user"
	hintCorrupt  = "don't delete it; `musette serve` and `musette sync` mend it by themselves, and so does `musette verify --repair`"
	hintURL      = "it looks like postgres://user:password@host:5432/database?sslmode=require; characters such as @ : / # in a password are written in percent form"
	hintLogin    = "nothing is lost; the database refuses this user or password, check DATABASE_URL"
	hintNoTLS    = "nothing is lost; the server doesn't offer the encryption that sslmode in DATABASE_URL asks for: turn it on there, or check sslmode"
	hintTLS      = "nothing is lost; who answers can't prove to be the host in DATABASE_URL: check that name, and that sslrootcert names the certificate of who vouches for it"
	hintDown     = "nothing is lost; start the database or check DATABASE_URL"
	hintBusy     = "nothing was changed; another program keeps a write transaction open, end it"
	hintGrant    = "nothing was changed; as the database's owner run: GRANT CREATE ON DATABASE … TO …, or let musette use the owner's URL"
	hintClosed   = "the store was closed"
)

// fail makes a driver's error one that callers can branch on. Errors that are ours already pass unchanged, and so
// does the end of a context.
func (s *Store) fail(doing string, err error) error {
	if err == nil {
		return nil
	}
	var known *Error
	if errors.As(err, &known) || errors.Is(err, ErrFenced) || errors.Is(err, ErrNotFound) {
		return err
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("store: %s: %w", doing, err)
	}
	if s.closed.Load() {
		return &Error{Kind: ErrUnreachable, Where: s.where, Hint: hintClosed, Err: err}
	}
	if hint, kind := s.dialect.classify(err); kind != nil {
		return &Error{Kind: kind, Where: s.where, Hint: hint, Err: fmt.Errorf("%s: %w", doing, err)}
	}
	if strings.HasPrefix(err.Error(), "sql: Scan error") { // a value of another type than the table can have
		return &Error{Kind: ErrCorrupt, Where: s.where, Hint: hintCorrupt, Err: fmt.Errorf("%s: %w", doing, err)}
	}
	return fmt.Errorf("store: %s: %w", doing, err)
}
