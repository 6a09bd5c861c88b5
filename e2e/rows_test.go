package e2e

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"musette/internal/pgtest"
	"musette/strava/stravatest"
)

// Some rows nothing goes on without: which changes there were, and whose the tokens are. Damaged, they stop neither a
// server nor a sync: they are mended first, and everything is here afterwards.
func TestRowsInTheWay(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, stravatest.Config{Seed: 5, Activities: 12, Limits: plenty})
			p, driver, schema := w.program(), "sqlite", ""
			database := p.database()
			if kind == "postgres" {
				driver, schema, database = "pgx", "musette.", pgtest.New(t)
				p = p.with("DATABASE_URL="+database, "MUSETTE_SECRET_KEY="+strings.Repeat("5d", 32))
			}
			p.must("sync")
			spoil := func() {
				db, err := sql.Open(driver, database)
				must(t, err)
				defer db.Close()
				for _, statement := range []string{"UPDATE " + schema + "meta SET seq = seq + 1", "UPDATE " + schema + "grants SET cause = 'of somebody else'"} {
					_, err := db.ExecContext(t.Context(), statement)
					must(t, err)
				}
			}

			spoil()
			p.must("sync")
			p.must("verify")
			spoil()
			s := p.serve()
			s.until("everything", func() bool { return len(s.feed()) == 12 })
			s.stop(interrupt)
			p.must("verify")
			if kind == "sqlite" {
				if kept, err := filepath.Glob(filepath.Join(p.data, "damaged", "*")); err != nil || len(kept) == 0 {
					t.Errorf("what was damaged isn't kept: %v", err)
				}
			}
			w.complete(p)
		})
	}
}

// A table whose definition is damaged can be read as far as its rows are concerned, and fails whoever writes to it: a new
// database is made then.
func TestDefinitionDamaged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stravatest.Config{Seed: 5, Activities: 12, Limits: plenty})
	p := w.program()
	p.must("sync")
	for _, mend := range [][]string{{"verify", "--repair"}, {"sync"}} {
		db, err := sql.Open("sqlite", p.database())
		must(t, err)
		for _, statement := range []string{"ALTER TABLE leases RENAME COLUMN number TO numbes", "UPDATE meta SET seq = seq + 1"} {
			_, err := db.ExecContext(t.Context(), statement)
			must(t, err)
		}
		must(t, db.Close())
		p.must(mend...)
		p.must("verify")
		w.complete(p)
	}
}
