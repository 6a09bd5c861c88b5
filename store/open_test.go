package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"musette"
	"musette/internal/pgtest"
	"musette/store"
)

// expect insists that an error is of a kind, says where, gives a hint, and holds no password.
func expect(t *testing.T, err, kind error, where string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%v, want the kind %q", err, kind)
		return
	}
	e, ok := errors.AsType[*store.Error](err)
	if !ok || e.Hint == "" || !strings.Contains(err.Error(), where) {
		t.Errorf("%q gives no hint, or doesn't name %s", err, where)
	}
	for wrapped := err; wrapped != nil; wrapped = errors.Unwrap(wrapped) {
		if text := fmt.Sprintf("%v %+v %#v", wrapped, wrapped, wrapped); strings.Contains(text, "s3cret") {
			t.Errorf("the password stands in %s", text)
		}
	}
}

func TestFileModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "a b?#%41é&mode=ro")
	s := begun(t, store.Config{Dir: dir})
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) < 2 {
		t.Fatal(entries, err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v (%v)", e.Name(), info.Mode(), err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory has mode %v (%v)", info.Mode(), err)
	}
	if s.Path() != filepath.Join(dir, "musette.db") || s.Kind() != "sqlite" {
		t.Errorf("%s at %s", s.Kind(), s.Path())
	}
}

func put(t *testing.T, s *store.Store, name, value string) {
	t.Helper()
	if err := s.Update(t.Context(), nil, func(tx *store.Tx) error { return tx.PutSetting(t.Context(), name, value) }); err != nil {
		t.Fatal(err)
	}
}

// begun is a store with something in it, for the time of the test.
func begun(t *testing.T, c store.Config) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	put(t, s, "a", "b")
	return s
}

// TestReopen finds what was written, under the same epoch, and starts many at once on nothing.
func TestReopen(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		put(t, s.Store, "a", "b")
		again, err := store.Open(t.Context(), s.config)
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		if got, want := dumpText(t, again), dumpText(t, s.Store); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
	for kind, config := range map[string]store.Config{"sqlite": {Dir: t.TempDir()}, "postgres": {URL: pgtest.New(t)}} {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				s, err := store.Open(t.Context(), config)
				if err != nil {
					t.Errorf("%s: %v", kind, err)
					return
				}
				put(t, s, "a", "b")
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
}

func TestNewerSchema(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		put(t, s.Store, "a", "b")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if s.Kind() == "sqlite" {
			s.exec(t, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)")
			s.exec(t, "PRAGMA wal_checkpoint(TRUNCATE)")
		} else {
			s.exec(t, "INSERT INTO musette.goose_db_version (version_id, is_applied) VALUES (99, true)")
		}
		before := untouched(t, s)
		_, err := store.Open(t.Context(), s.config)
		expect(t, err, store.ErrNewerSchema, "version 99, this program knows 1")
		if after := untouched(t, s); after != before {
			t.Errorf("it was changed:\n%.500s\nbefore\n%.500s", after, before)
		}
	})
}

// untouched is what there is: the file, or the names, the versions and a setting of a Postgres.
func untouched(t *testing.T, s *site) string {
	t.Helper()
	if s.Path() == "" {
		a := &admin{t, s.raw}
		var rest string
		err := s.raw.QueryRowContext(t.Context(), `SELECT (SELECT string_agg(id || ' ' || version_id || ' ' || tstamp, ',' ORDER BY id) FROM musette.goose_db_version)
			|| (SELECT string_agg(name || value, ',' ORDER BY name) FROM musette.settings)`).Scan(&rest)
		if err != nil {
			t.Fatal(err)
		}
		return a.relations() + rest
	}
	b, err := os.ReadFile(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// asNobody runs fn on a thread that the file system takes for nobody's, for tests run as root.
func asNobody(fn func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if os.Geteuid() == 0 {
			runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
			_, _, _ = syscall.RawSyscall(syscall.SYS_SETFSUID, 65534, 0, 0)
		}
		fn()
	}()
	<-done
}

func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(d, 0o555); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(d, 0o755)
	}
	asNobody(func() {
		_, err := store.Open(t.Context(), store.Config{Dir: dir})
		expect(t, err, store.ErrReadOnly, dir)
		_, err = store.Open(t.Context(), store.Config{Dir: filepath.Join(dir, "below")})
		expect(t, err, store.ErrReadOnly, dir)
	})
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("%v, %v", entries, err)
	}
}

// TestBadFiles opens what is no data directory, or no database, and leaves it as it was.
func TestBadFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := store.Open(t.Context(), store.Config{Dir: file})
	expect(t, err, store.ErrUnreachable, file)

	for what, content := range map[string]string{
		"text": strings.Repeat("not a database ", 500), "cut": "SQLite format 3\x00" + strings.Repeat("\x07", 2000), "short": "SQLite",
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "musette.db")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := store.Open(t.Context(), store.Config{Dir: dir})
		expect(t, err, store.ErrCorrupt, path)
		if after, _ := os.ReadFile(path); string(after) != content {
			t.Errorf("%s: the file was changed", what)
		}
	}
}

// TestDiskFull lets a database grow no further: the Update fails as a whole, reading goes on, and so does writing once
// there is room.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	s := begun(t, store.Config{Dir: dir})
	before := dumpText(t, s)
	store.LimitPages(t, s, 120)
	err := s.Update(t.Context(), nil, func(tx *store.Tx) error {
		for id := range int64(500) {
			if err := putAll(t.Context(), tx, 7, id); err != nil {
				return err
			}
		}
		return nil
	})
	expect(t, err, store.ErrDiskFull, dir)
	if after := dumpText(t, s); after != before {
		t.Error("something stayed of the failed Update")
	}
	store.LimitPages(t, s, 1<<30)
	put(t, s, "c", "d")
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(t.Context(), store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	other, err := sql.Open("sqlite", filepath.Join(dir, "musette.db")+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	lock, err := other.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Rollback()
	store.LimitBusy(t, s, time.Millisecond)
	err = s.Update(t.Context(), nil, func(tx *store.Tx) error { return nil })
	expect(t, err, store.ErrBusy, dir)
}

func TestBadURLs(t *testing.T) {
	for _, u := range []string{
		"mysql://u:s3cret@h/d", "postgres://u:s3cret@h:port/d", "postgres://u:s3cret@h/d?sslmode=perhaps", "postgres://u:s3cret%zz@h/d",
		"host=h password=s3cret", "s3cret", "postgres://u:s3cret@h:99999999/d", "postgres://u:s3cret@[h/d",
	} {
		_, err := store.Open(t.Context(), store.Config{URL: u})
		expect(t, err, store.ErrBadURL, "DATABASE_URL")
	}
}

// TestUnreachable asks for Postgres where nobody listens, where nobody answers, and where it is refused.
func TestUnreachable(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	for _, addr := range []string{closed.Addr().String(), silent.Addr().String()} {
		_, err := store.Open(ctx, store.Config{URL: "postgres://u:s3cret@" + addr + "/d?sslmode=disable"})
		expect(t, err, store.ErrUnreachable, "postgres 127.0.0.1/d")
	}
	u := parsed(t, pgtest.New(t))
	u.Path = "/none_such"
	_, err = store.Open(t.Context(), store.Config{URL: u.String()})
	expect(t, err, store.ErrUnreachable, "none_such")
	q := u.Query()
	q.Set("user", "nobody_such")
	q.Set("password", "s3cret")
	u.RawQuery = q.Encode()
	_, err = store.Open(t.Context(), store.Config{URL: u.String()})
	expect(t, err, store.ErrUnreachable, "none_such")
}

func parsed(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestNotAllowed opens a database as a user who may not create a schema.
func TestNotAllowed(t *testing.T) {
	u := parsed(t, pgtest.New(t))
	admin, err := sql.Open("pgx", u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if _, err := admin.ExecContext(t.Context(), "CREATE ROLE poor LOGIN"); err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("user", "poor")
	u.RawQuery = q.Encode()
	_, err = store.Open(t.Context(), store.Config{URL: u.String()})
	expect(t, err, store.ErrNotAllowed, "test_")
}

// TestLostConnections ends all of the store's connections to Postgres: what was under way fails whole and typed, and
// the next call works.
func TestLostConnections(t *testing.T) {
	s := begun(t, store.Config{URL: pgtest.New(t)})
	err := s.Update(t.Context(), nil, func(tx *store.Tx) error {
		if err := tx.PutSetting(t.Context(), "a", "c"); err != nil {
			return err
		}
		store.Disconnect(t, s)
		return tx.PutSetting(t.Context(), "a", "d")
	})
	expect(t, err, store.ErrUnreachable, "test_")
	err = s.View(t.Context(), func(tx *store.Tx) error {
		got, err := tx.Setting(t.Context(), "a")
		if got != "b" {
			t.Errorf("setting %q", got)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestClosed(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		if err := errors.Join(s.Close(), s.Close()); err != nil {
			t.Error(err)
		}
		nothing := func(*store.Tx) error { return nil }
		expect(t, s.Update(t.Context(), nil, nothing), store.ErrUnreachable, "")
		expect(t, s.View(t.Context(), nothing), store.ErrUnreachable, "")
		_, err := s.Acquire(t.Context(), "x", "y", time.Second)
		expect(t, err, store.ErrUnreachable, "")
	})
}

// TestEqualDumps writes the same into both databases: their dumps are the same bytes, up to the epoch.
func TestEqualDumps(t *testing.T) {
	var dumps []string
	each(t, func(t *testing.T, s *site) {
		err := s.Update(t.Context(), nil, func(tx *store.Tx) error {
			for id := range int64(30) {
				if err := putAll(t.Context(), tx, id%3, id*1e15); err != nil {
					return err
				}
			}
			return errors.Join(tx.PutSetting(t.Context(), "b", "B"), tx.PutSetting(t.Context(), "B", "b"), tx.PutSetting(t.Context(), "é", "\x00"),
				tx.PutDocument(t.Context(), musette.NewDocument(1, 0, musette.PartAthlete, musette.SourceAPI, []byte("{}"), day), false))
		})
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(dumpText(t, s.Store), "\n") // meta comes first
		dumps = append(dumps, rest)
	})
	if len(dumps) == 2 && dumps[0] != dumps[1] {
		t.Errorf("SQLite dumps\n%s\nPostgres\n%s", dumps[0], dumps[1])
	}
}
