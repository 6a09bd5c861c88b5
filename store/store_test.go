package store_test

import (
	"context"
	"database/sql"
	"testing"

	"musette/internal/pgtest"
	"musette/store"
	"musette/store/storetest"
)

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) *store.Store {
		s, err := store.Open(t.Context(), store.Config{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func TestMemory(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) *store.Store {
		s, err := store.OpenMemory(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) *store.Store {
		s, err := store.Open(t.Context(), store.Config{URL: pgtest.New(t)})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

// TestPostgresBehindPooler runs the suite through a PgBouncer that hands each transaction to another connection, and
// then looks that nothing stays in those: no prepared statement, no lock, no listener, no setting.
func TestPostgresBehindPooler(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) *store.Store {
		pooled, _ := pgtest.NewPooled(t)
		s, err := store.Open(t.Context(), store.Config{URL: pooled})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { leftNothing(t, pooled) }) // after it is closed
		return s
	})
}

// leftNothing looks into the pooler's connections for what a session keeps. PgBouncer itself carries a few settings
// from a client to whichever connection it gets; those are the client's parameters at its start.
func leftNothing(t *testing.T, pooled string) {
	t.Helper()
	db, err := sql.Open("pgx", pooled+"&default_query_exec_mode=exec")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const look = `SELECT 'prepared statement: ' || name FROM pg_prepared_statements WHERE NOT from_sql OR name <> ''
		UNION ALL SELECT 'cursor: ' || name FROM pg_cursors WHERE name <> ''
		UNION ALL SELECT 'listens: ' || c FROM pg_listening_channels() AS c
		UNION ALL SELECT 'advisory lock' FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
		UNION ALL SELECT 'temporary: ' || relname FROM pg_class WHERE relpersistence = 't'
		UNION ALL SELECT 'setting: ' || name FROM pg_settings WHERE source = 'session'
			AND name NOT IN ('application_name', 'client_encoding', 'DateStyle', 'IntervalStyle', 'TimeZone', 'standard_conforming_strings')`
	for range 8 { // the pooler hands them out in turn
		rows, err := db.QueryContext(context.Background(), look)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var found string
			if err := rows.Scan(&found); err != nil {
				t.Fatal(err)
			}
			t.Errorf("left in a session: %s", found)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
}
