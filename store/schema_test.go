package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"musette/internal/pgtest"
)

// TestSchema compares three things: the description in schema.go, and the tables that the migrations of each dialect
// really made.
func TestSchema(t *testing.T) {
	want := map[string][]string{}
	keys := map[string][]string{}
	for _, d := range tables {
		for i, c := range d.cols {
			want[d.name] = append(want[d.name], c.name+" "+string(c.kind))
			if i < d.keys {
				keys[d.name] = append(keys[d.name], c.name)
			}
		}
		if d.summed() {
			want[d.name] = append(want[d.name], "sum i")
		}
		slices.Sort(want[d.name])
	}
	for _, s := range bothStores(t) {
		t.Run(s.Kind(), func(t *testing.T) {
			columns, primary := describe(t, s)
			for name := range columns {
				slices.Sort(columns[name])
			}
			if d := cmp.Diff(want, columns); d != "" {
				t.Errorf("columns (-described +made):\n%s", d)
			}
			if d := cmp.Diff(keys, primary); d != "" {
				t.Errorf("primary keys (-described +made):\n%s", d)
			}
		})
	}
}

// bothStores opens one of each kind.
func bothStores(t *testing.T) []*Store {
	t.Helper()
	var stores []*Store
	for _, c := range []Config{{Dir: t.TempDir()}, {URL: pgtest.New(t)}} {
		s, err := Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		stores = append(stores, s)
	}
	return stores
}

// describe asks the database what tables it has: their columns with their kinds, and their primary keys in order. It
// insists on NOT NULL.
func describe(t *testing.T, s *Store) (columns, primary map[string][]string) {
	t.Helper()
	stmt := `SELECT m.name, c.name, c.type, c."notnull" + (c.pk > 0), c.pk FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'goose_%' ORDER BY m.name, c.pk`
	if s.Kind() == "postgres" {
		stmt = `SELECT c.table_name, c.column_name, upper(c.data_type), CASE c.is_nullable WHEN 'NO' THEN 1 ELSE 0 END, coalesce(k.ordinal_position, 0)
			FROM information_schema.columns c LEFT JOIN information_schema.key_column_usage k
			ON k.table_schema = c.table_schema AND k.table_name = c.table_name AND k.column_name = c.column_name
			WHERE c.table_schema = 'musette' AND c.table_name NOT LIKE 'goose_%' ORDER BY c.table_name, 5`
	}
	kinds := map[string]kind{
		"INTEGER": integer, "BIGINT": integer, "REAL": real, "DOUBLE PRECISION": real, "TEXT": text, "BLOB": blob, "BYTEA": blob,
	}
	rows, err := s.writer.QueryContext(t.Context(), stmt)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, primary = map[string][]string{}, map[string][]string{}
	for rows.Next() {
		var name, column, kind string
		var notNull, key int
		if err := rows.Scan(&name, &column, &kind, &notNull, &key); err != nil {
			t.Fatal(err)
		}
		if notNull == 0 {
			t.Errorf("%s.%s may be NULL", name, column)
		}
		columns[name] = append(columns[name], column+" "+string(kinds[kind]))
		if key > 0 {
			primary[name] = append(primary[name], column)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return columns, primary
}

// TestRowSecurity keeps the tables out of what a hosted Postgres publishes.
func TestRowSecurity(t *testing.T) {
	s := bothStores(t)[1]
	var open []string
	const stmt = `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'musette' AND c.relkind = 'r' AND NOT c.relrowsecurity`
	rows, err := s.writer.QueryContext(t.Context(), stmt)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		open = append(open, name)
	}
	if len(open) > 0 || rows.Err() != nil {
		t.Errorf("no row security on %v (%v)", open, rows.Err())
	}
}

// TestDueByIndex looks at how SQLite would find what is due: by the indexes made for it, never by reading the table.
func TestDueByIndex(t *testing.T) {
	s := bothStores(t)[0]
	for what, test := range map[string]struct {
		stmt string
		args []any
		by   string
	}{
		"promote":    {promoteSQL, []any{1}, "part_states_due"},
		"demote":     {demoteSQL, []any{1}, "part_states_due"},
		"unpromoted": {tPartStates.stmts.selectAll + unpromotedSQL, []any{1}, "part_states_due"},
		"lanes":      {firstLanesSQL(64), nil, "lanes_turn"},
		"ready":      {readySQL(64, 4), []any{1}, "part_states_ready"},
		"of a lane":  {tPartStates.stmts.selectAll + readyOfLaneSQL, []any{1, 2, 3}, "part_states_ready"},
		"put a lane": {putLaneSQL, []any{1, 2, 3, 4, 5}, "part_states_ready"},
		"next":       {dueAfterSQL, []any{1}, "part_states_due"},
		"moved":      {sinceMovedSQL, []any{1}, "part_states_due"},
		"last":       {lastWaitingSQL, []any{1}, "part_states_waiting"},
		"blocked":    {blockedSQL, nil, "lanes_blocked"},
		"lists":      {tPartStates.stmts.selectAll + listsSQL, nil, "part_states_lists"},
		"errors":     {tPartStates.stmts.selectAll + lastErrorsSQL, []any{1}, "part_states_error"},
		"changes":    {tChanges.stmts.selectAll + changesSQL, []any{1, 2}, "changes_seq"},
	} {
		plan := explain(t, s, test.stmt, test.args)
		if !strings.Contains(plan, test.by) {
			t.Errorf("%s doesn't use %s:\n%s", what, test.by, plan)
		}
		for line := range strings.Lines(plan) {
			scan := strings.Contains(line, "SCAN part_states") || strings.Contains(line, "SCAN p") || strings.Contains(line, "SCAN changes")
			whole := what == "errors" || what == "lists"                                                 // an index that holds just these
			if scan && !whole || strings.Contains(line, "TEMP B-TREE FOR ORDER BY") && what != "ready" { // it counts the few lanes it has read
				t.Errorf("%s reads or sorts too much: %s", what, line)
			}
		}
	}
}

func explain(t *testing.T, s *Store, stmt string, args []any) string {
	t.Helper()
	rows, err := s.writer.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+s.text(stmt), args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, detail)
	}
	return b.String()
}

// TestEscapeText takes any bytes through a text column's form: it is valid UTF-8 without NUL, and undone exactly.
func TestEscapeText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte{0, 0x10, 0xff, 0xef, 0xbf, 0xbd, '0', 'a'}))).Draw(t, "s"))
		e := escapeText(s)
		if strings.ToValidUTF8(e, "") != e || strings.ContainsRune(e, 0) {
			t.Errorf("%q is no text", e)
		}
		if back := unescapeText(e); back != s {
			t.Errorf("%q became %q", s, back)
		}
	})
}

// TestSumSeesEveryColumn changes columns one at a time: no two rows have one sum. A column that is zero adds nothing.
func TestSumSeesEveryColumn(t *testing.T) {
	seen := map[int64]string{}
	for _, d := range tables {
		for i, c := range d.cols {
			if c.unsummed {
				continue
			}
			for _, x := range map[kind][]any{
				integer: {int64(1), int64(256), int64(-1)}, real: {1.0, 256.0, -1.0}, text: {"a", "ab"}, blob: {[]byte("a"), []byte("ab")},
			}[c.kind] {
				v := make(values, len(d.cols))
				v[i] = x
				name := fmt.Sprintf("%s.%s = %T %v", d.name, c.name, x, x)
				sum := d.sum(v)
				if other, again := seen[sum]; again {
					t.Errorf("%s has the sum of %s", name, other)
				}
				seen[sum] = name
			}
		}
	}
}

// TestDecompressLimits unpacks what claims to be small, and isn't.
func TestDecompressLimits(t *testing.T) {
	bomb, err := compress(make([]byte, maxBody))
	if err != nil {
		t.Fatal(err)
	}
	for size, packed := range map[int64][]byte{10: bomb, maxBody + 1: bomb, -1: bomb, 5: []byte("no zstd")} {
		if plain, err := decompress(packed, size); err == nil {
			t.Errorf("%d bytes were unpacked into %d", len(packed), len(plain))
		}
	}
	if _, err := compress(make([]byte, maxBody+1)); err == nil {
		t.Error("a document above the limit was packed")
	}
}
