package store_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"musette/internal/pgtest"
	"musette/store"
)

// An admin is a superuser in a database that a store may be in.
type admin struct {
	t  *testing.T
	db *sql.DB
}

func newAdmin(t *testing.T, url string) *admin {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &admin{t, db}
}

func (a *admin) exec(stmt string) {
	a.t.Helper()
	if _, err := a.db.ExecContext(a.t.Context(), stmt); err != nil {
		a.t.Fatalf("%s: %v", stmt, err)
	}
}

// role makes a role for the time of the test; roles belong to the server, not to a database.
func (a *admin) role(name string) {
	a.t.Helper()
	a.exec("CREATE ROLE " + name + " LOGIN")
	a.t.Cleanup(func() { // before the database goes
		for _, stmt := range []string{"REASSIGN OWNED BY " + name + " TO postgres", "DROP OWNED BY " + name, "DROP ROLE " + name} {
			if _, err := a.db.Exec(stmt); err != nil {
				a.t.Errorf("%s: %v", stmt, err)
			}
		}
	})
}

// relations is all that there is in the schema, with its columns.
func (a *admin) relations() string {
	a.t.Helper()
	var all string
	err := a.db.QueryRowContext(a.t.Context(), `SELECT coalesce(string_agg(table_name || '.' || column_name, ' ' ORDER BY table_name, column_name), '')
		FROM information_schema.columns WHERE table_schema = 'musette'`).Scan(&all)
	if err != nil {
		a.t.Fatal(err)
	}
	return all
}

// as is a URL for another user.
func as(t *testing.T, raw, user string) string {
	t.Helper()
	u := parsed(t, raw)
	q := u.Query()
	q.Set("user", user)
	q.Set("password", "s3cret")
	u.RawQuery = q.Encode()
	return u.String()
}

// TestRowSecurity reads as a role that somebody has granted everything but ownership, as a hosted database's API has
// it: there is nothing to see, nothing to change, and a store doesn't take it for an empty database.
func TestRowSecurity(t *testing.T) {
	raw := pgtest.New(t)
	a := newAdmin(t, raw)
	a.role("owning")
	a.role("visiting")
	a.exec("GRANT CREATE ON DATABASE " + strings.TrimPrefix(parsed(t, raw).Path, "/") + " TO owning")
	s, err := store.Open(t.Context(), store.Config{URL: as(t, raw, "owning")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = s.Update(t.Context(), nil, func(tx *store.Tx) error { return putAll(t.Context(), tx, 7, 1) })
	if err != nil {
		t.Fatal(err)
	}
	a.exec("GRANT USAGE ON SCHEMA musette TO visiting")
	a.exec("GRANT ALL ON ALL TABLES IN SCHEMA musette TO visiting")
	visitor := newAdmin(t, as(t, raw, "visiting"))
	rows, err := a.db.QueryContext(t.Context(), "SELECT tablename FROM pg_tables WHERE schemaname = 'musette'")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	full := 0
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			t.Fatal(err)
		}
		var there, seen int
		if err := a.db.QueryRowContext(t.Context(), "SELECT count(*) FROM musette."+table).Scan(&there); err != nil {
			t.Fatal(err)
		}
		if err := visitor.db.QueryRowContext(t.Context(), "SELECT count(*) FROM musette."+table).Scan(&seen); err != nil {
			t.Fatal(err)
		}
		if seen > 0 {
			t.Errorf("another role sees %d of the %d rows of %s", seen, there, table)
		}
		if there > 0 {
			full++
		}
		if _, err := visitor.db.ExecContext(t.Context(), "DELETE FROM musette."+table); err != nil {
			t.Errorf("%s: %v", table, err)
		}
		if err := a.db.QueryRowContext(t.Context(), "SELECT count(*) FROM musette."+table).Scan(&seen); err != nil || seen != there {
			t.Errorf("another role deleted %d of the %d rows of %s (%v)", there-seen, there, table, err)
		}
	}
	if full < 5 {
		t.Errorf("only %d tables had rows to hide", full)
	}
	_, err = store.Open(t.Context(), store.Config{URL: as(t, raw, "visiting")})
	expect(t, err, store.ErrNotAllowed, "belong to the role owning")

	a.exec("GRANT owning TO visiting") // a member of the owner's role is as good
	again, err := store.Open(t.Context(), store.Config{URL: as(t, raw, "visiting")})
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
	a.exec("REVOKE owning FROM visiting")
}

// TestForeignSchema opens databases that have a schema musette already: another program's is left alone, an empty one
// that the operator has made is used.
func TestForeignSchema(t *testing.T) {
	for name, c := range map[string]struct {
		made []string
		ours bool
	}{
		"empty":        {[]string{"CREATE SCHEMA musette"}, true},
		"a table":      {[]string{"CREATE SCHEMA musette", "CREATE TABLE musette.bags (id BIGINT)"}, false},
		"a view":       {[]string{"CREATE SCHEMA musette", "CREATE VIEW musette.bags AS SELECT 1 AS one"}, false},
		"its own meta": {[]string{"CREATE SCHEMA musette", "CREATE TABLE musette.meta (id BIGINT)"}, false},
		"goose's too": {[]string{
			"CREATE SCHEMA musette", "CREATE TABLE musette.goose_db_version (id BIGINT, version_id BIGINT)", "CREATE TABLE musette.bags (id BIGINT)",
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			raw := pgtest.New(t)
			a := newAdmin(t, raw)
			for _, stmt := range c.made {
				a.exec(stmt)
			}
			before := a.relations()
			s, err := store.Open(t.Context(), store.Config{URL: raw})
			if c.ours {
				if err != nil {
					t.Fatal(err)
				}
				s.Close()
				return
			}
			expect(t, err, store.ErrForeignSchema, "test_")
			if after := a.relations(); after != before {
				t.Errorf("it has %s now, before %s", after, before)
			}
		})
	}
}

// TestInterruptedMigration opens a database whose first start was killed when goose had its tables and we none.
func TestInterruptedMigration(t *testing.T) {
	raw := pgtest.New(t)
	s, err := store.Open(t.Context(), store.Config{URL: raw})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	a := newAdmin(t, raw)
	for _, name := range strings.Fields("goose_db_version goose_lock") {
		a.exec("ALTER TABLE musette." + name + " SET SCHEMA public")
	}
	a.exec("DROP SCHEMA musette CASCADE")
	a.exec("CREATE SCHEMA musette")
	for _, name := range strings.Fields("goose_db_version goose_lock") {
		a.exec("ALTER TABLE public." + name + " SET SCHEMA musette")
	}
	a.exec("DELETE FROM musette.goose_db_version WHERE version_id > 0")
	if s, err = store.Open(t.Context(), store.Config{URL: raw}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	put(t, s, "a", "b")
}

// TestOldPostgres goes through a proxy that makes the server an old one, unless it is one.
func TestOldPostgres(t *testing.T) {
	raw := pgtest.New(t)
	a := newAdmin(t, raw)
	var number string
	if err := a.db.QueryRowContext(t.Context(), "SHOW server_version_num").Scan(&number); err != nil {
		t.Fatal(err)
	}
	address := raw
	if number >= "140000" {
		u := parsed(t, raw)
		q := u.Query()
		proxy, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { proxy.Close() })
		go age(proxy, filepath.Join(q.Get("host"), ".s.PGSQL."+q.Get("port")), number, "130022")
		u.Host, u.RawQuery = proxy.Addr().String(), url.Values{"user": {"postgres"}, "sslmode": {"disable"}}.Encode()
		address = u.String()
	}
	_, err := store.Open(t.Context(), store.Config{URL: address})
	expect(t, err, store.ErrOldServer, "Postgres 14 or later")
	var there bool
	if err := a.db.QueryRowContext(t.Context(), "SELECT to_regnamespace('musette') IS NOT NULL").Scan(&there); err != nil || there {
		t.Errorf("a schema was made on it (%v)", err)
	}
}

// age copies between the clients of l and a server, in whose answers it replaces a text by another of the same length.
func age(l net.Listener, socket, from, to string) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", socket)
		if err != nil {
			client.Close()
			return
		}
		go func() {
			defer server.Close()
			_, _ = io.Copy(server, client)
		}()
		go func() {
			defer client.Close()
			for b := make([]byte, 64<<10); ; {
				n, err := server.Read(b)
				if _, e := client.Write(bytes.ReplaceAll(b[:n], []byte(from), []byte(to))); err != nil || e != nil {
					return
				}
			}
		}()
	}
}

// TestStrangeParameter has a parameter of another program's in the URL, as copied from its settings.
func TestStrangeParameter(t *testing.T) {
	_, err := store.Open(t.Context(), store.Config{URL: as(t, pgtest.New(t), "postgres") + "&prepareThreshold=0"})
	expect(t, err, store.ErrBadURL, "prepareThreshold")
}

// TestPoolerWithoutItsServer makes what a pooler says when it doesn't know somebody, or can't reach its server, into
// the database being away: it is no damage, and the snapshot may be served.
func TestPoolerWithoutItsServer(t *testing.T) {
	for _, code := range []string{"XX000", "08P01", "57P03", "53300"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go refuse(l, code, "Tenant or user not found")
		_, err = store.Open(t.Context(), store.Config{URL: fmt.Sprintf("postgres://u:s3cret@%s/d?sslmode=disable", l.Addr())})
		expect(t, err, store.ErrUnreachable, "postgres 127.0.0.1/d")
	}
}

// refuse answers each client's first message by an error that ends the connection.
func refuse(l net.Listener, code, text string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = c.Read(make([]byte, 4096))
		body := "SFATAL\x00VFATAL\x00C" + code + "\x00M" + text + "\x00\x00"
		_, _ = c.Write(append([]byte{'E', 0, 0, 0, byte(4 + len(body))}, body...))
		c.Close()
	}
}
