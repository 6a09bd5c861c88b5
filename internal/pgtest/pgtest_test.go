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
