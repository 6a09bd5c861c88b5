package pgtest_test

import (
	"database/sql"
	"os"
	"testing"

	"musette/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// TestNew shows that two databases of one server don't see each other's tables.
func TestNew(t *testing.T) {
	for range 2 {
		db, err := sql.Open("pgx", pgtest.New(t))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.ExecContext(t.Context(), "CREATE TABLE t (a BIGINT)"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPooler shows that what stays in a session is lost behind the pooler, so that a suite that passes there relies on
// nothing of the kind.
func TestPooler(t *testing.T) {
	pooled, direct := pgtest.NewPooled(t)
	db, err := sql.Open("pgx", pooled+"&default_query_exec_mode=exec")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE t (a BIGINT)"); err != nil {
		t.Fatal(err)
	}
	processes := map[int]bool{}
	var others []*sql.Tx // hold connections, so that there are several
	for range 3 {
		other, err := sql.Open("pgx", pooled+"&default_query_exec_mode=exec")
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		tx, err := other.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		others = append(others, tx)
		if _, err := tx.ExecContext(t.Context(), "SELECT 1"); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		var pid int
		if err := db.QueryRowContext(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
			t.Fatal(err)
		}
		processes[pid] = true
		if len(others) > 0 {
			_ = others[0].Rollback()
			others = others[1:]
		}
	}
	if len(processes) < 2 {
		t.Errorf("one client's queries all had the same connection: %v", processes)
	}
	plain, err := sql.Open("pgx", direct)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if _, err := plain.ExecContext(t.Context(), "INSERT INTO t VALUES (1)"); err != nil {
		t.Errorf("the same database, without the pooler: %v", err)
	}
}

// TestServer stops a server of the test's own and starts it again.
func TestServer(t *testing.T) {
	s := pgtest.NewServer(t, nil, nil)
	db, err := sql.Open("pgx", s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE t (a BIGINT)"); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	if err := db.PingContext(t.Context()); err == nil {
		t.Error("it answers, stopped")
	}
	s.Start()
	if _, err := db.ExecContext(t.Context(), "INSERT INTO t VALUES (1)"); err != nil {
		t.Errorf("started again: %v", err)
	}
}
