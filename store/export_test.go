package store

import (
	"fmt"
	"testing"
	"time"
)

// Column is what tests know about a column with a checksum.
type Column struct {
	Table, Name, Kind string
	Key               string // the table's first column
	Summed            bool
}

// Columns returns the columns of all tables that have a way in.
func Columns() []Column {
	kinds := map[kind]string{integer: "integer", real: "real", text: "text", blob: "blob"}
	var list []Column
	for _, t := range tables {
		switch t {
		case tLeases, tZones, tHides, tLanes, tLaneTotals, tPictureFiles:
			continue
		}
		for _, c := range t.cols {
			list = append(list, Column{t.name, c.name, kinds[c.kind], t.cols[0].name, !c.unsummed})
		}
	}
	return list
}

// LimitPages lets an SQLite file grow to so many pages.
func LimitPages(t *testing.T, s *Store, pages int) { pragma(t, s, "max_page_count", pages) }

// LimitBusy sets how long a locked SQLite file is waited for.
func LimitBusy(t *testing.T, s *Store, d time.Duration) {
	pragma(t, s, "busy_timeout", int(d.Milliseconds()))
}

func pragma(t *testing.T, s *Store, name string, value int) {
	t.Helper()
	if _, err := s.writer.ExecContext(t.Context(), fmt.Sprintf("PRAGMA %s = %d", name, value)); err != nil {
		t.Fatal(err)
	}
}

// Disconnect has Postgres end all connections but the one that asks for it, which is then closed.
func Disconnect(t *testing.T, s *Store) {
	t.Helper()
	const stmt = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
	if _, err := s.writer.ExecContext(t.Context(), stmt); err != nil {
		t.Fatal(err)
	}
}

// TakeLogIn has SQLite copy what is in the log into the database, and go on with the log as it is.
func TakeLogIn(t *testing.T, s *Store) {
	t.Helper()
	var busy, pages, moved int
	err := s.writer.QueryRowContext(t.Context(), "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &pages, &moved)
	if err != nil || busy != 0 || pages != moved || pages == 0 {
		t.Fatalf("busy %d, %d of %d pages: %v", busy, moved, pages, err)
	}
}
