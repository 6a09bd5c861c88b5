package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"musette"
	"musette/internal/pgtest"
	"musette/store"
)

// A site is a store whose database can be reached behind its back.
type site struct {
	*store.Store
	config store.Config
	raw    *sql.DB
	prefix string
}

// each runs a test on a new site of both kinds.
func each(t *testing.T, test func(t *testing.T, s *site)) {
	t.Run("sqlite", func(t *testing.T) {
		test(t, newSQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		config := store.Config{URL: pgtest.New(t)}
		raw, err := sql.Open("pgx", config.URL)
		if err != nil {
			t.Fatal(err)
		}
		test(t, newSite(t, &site{config: config, raw: raw, prefix: "musette."}))
	})
}

func newSQLite(t *testing.T) *site {
	config := store.Config{Dir: t.TempDir()}
	raw, err := sql.Open("sqlite", filepath.Join(config.Dir, "musette.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	return newSite(t, &site{config: config, raw: raw})
}

func newSite(t *testing.T, s *site) *site {
	var err error
	if s.Store, err = store.Open(t.Context(), s.config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), s.raw.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// exec changes the database behind the store's back; {} is the prefix of a table's name.
func (s *site) exec(t *testing.T, stmt string) int64 {
	t.Helper()
	res, err := s.raw.ExecContext(t.Context(), strings.ReplaceAll(stmt, "{}", s.prefix))
	if err != nil {
		t.Fatalf("%s: %v", stmt, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var day = time.Date(2026, 5, 22, 6, 49, 27, 0, time.UTC)

// furnish puts two rows with no zero in them into every table with a checksum.
func furnish(t *testing.T, s *site) {
	ctx := t.Context()
	err := s.Update(ctx, nil, func(tx *store.Tx) error {
		var errs []error
		for id := range int64(3) {
			name := fmt.Sprint("n", id)
			doc := musette.NewDocument(7, id+1, musette.PartDetail, musette.SourceAPI, []byte("old "+name), day)
			next := musette.NewDocument(7, id+1, musette.PartDetail, musette.SourceAPI, []byte(strings.Repeat("new "+name, 100)), day)
			doc.Mark, next.Mark = 5, 6
			_, e1 := tx.PutActivity(ctx, store.Activity{
				AthleteID: 7, ID: id + 1, Status: store.StatusLive, Start: day, SportType: "Run", Type: "Run", DistanceM: 1.5, MovingS: 1,
				ElapsedS: 2, ClimbM: 3, Visibility: "everyone", View: []byte("{}"), ViewVersion: 1, GoneAt: day,
			})
			_, e2 := tx.PutInbox(ctx, store.InboxItem{Kind: "event", AthleteID: 7, ActivityID: 1, Body: []byte("b"), ReceivedAt: day})
			errs = append(errs, e1, e2, tx.PutDocument(ctx, doc, true), tx.PutDocument(ctx, next, true),
				tx.PutPartState(ctx, musette.PartState{
					AthleteID: 7, ActivityID: id + 1, Part: musette.PartDetail, Due: day, Class: 3, Start: day, Outcome: musette.OutcomeHave, FirstSeen: day,
					FirstWalk: true, LastTry: day, LastSuccess: day, Tries: 1, Failures: 1, Rechecks: 1, Wanted: 1, Contradicted: day, NotFound: day, ErrorKind: "k", Error: "e",
				}),
				tx.PutAthlete(ctx, store.Athlete{ID: id + 1, Name: name, FirstSeen: day, ListedAt: day, State: "ok", Cause: "c"}),
				tx.PutGrant(ctx, store.Grant{
					ID: name, AthleteID: 7, Sealed: []byte("s"), Previous: []byte("p"), Scopes: []string{"read"}, TakenIn: "t", State: "ok", Cause: "c", UpdatedAt: day,
				}),
				tx.PutKey(ctx, store.AccessKey{
					ID: name, Kind: store.KeyKind, Name: name, Hash: [32]byte{byte(id)}, Parent: [32]byte{1}, Scopes: []string{"read"}, AthleteID: 7,
					CreatedAt: day, ExpiresAt: day, UsedAt: day, RevokedAt: day,
				}),
				tx.PutDeletions(ctx, store.Deletion{
					AthleteID: 7, ActivityID: id + 1, FoundAt: day, Listing: musette.ListPoll, From: day, To: day, Decision: "x", DecidedAt: day,
				}),
				tx.PutSubscription(ctx, store.Subscription{
					ID: 1, SecretHash: [32]byte{byte(id)}, TokenHash: [32]byte{1}, PublicURL: "https://feed.example", CreatedAt: day,
				}),
				tx.PutPicture(ctx, store.Picture{
					AthleteID: 7, ActivityID: id + 1, PhotoID: name, URL: "https://x/1.jpg", AskedPX: 1, Outcome: store.PictureKept, Made: true,
					SHA256: "00", Type: "image/jpeg", Width: 1, Height: 1, Bytes: 1, Forms: []store.PictureForm{{Size: 480, SHA256: "01"}},
					Due: day, TriedAt: day, Failures: 1, Reason: "r", KeptAt: day, DroppedAt: day,
				}),
				tx.PutCursor(ctx, 7, name, []byte("c")), tx.PutSetting(ctx, name, "v"))
		}
		_, e := tx.PutQuota(ctx, []byte("{}"), 0)
		return errors.Join(append(errs, e)...)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(ctx); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedValues changes each column of each table in turn, in one row, behind the store's back: reading everything
// must find it, and say so of that row.
func TestDamagedValues(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		furnish(t, s)
		for _, c := range store.Columns() {
			if !c.Summed && c.Table != "documents.body" {
				continue
			}
			before := readAll(t, s)
			if before != nil {
				t.Fatalf("before %s.%s: %v", c.Table, c.Name, before)
			}
			damage := map[string]string{
				"integer": c.Name + " + 64", "real": c.Name + " * 1.5", "text": c.Name + " || 'x'", "blob": blobDamage(s, c.Name),
			}[c.Kind]
			where := fmt.Sprintf(" WHERE %s = (SELECT max(%[1]s) FROM {}%s)", c.Key, c.Table)
			if s.Kind() == "postgres" && c.Key == "hash" {
				where = ""
			}
			s.exec(t, fmt.Sprintf("CREATE TABLE {}saved AS SELECT * FROM {}%s", c.Table))
			if n := s.exec(t, fmt.Sprintf("UPDATE {}%s SET %s = %s%s", c.Table, c.Name, damage, where)); n == 0 {
				t.Errorf("%s has no row to damage", c.Table)
			}
			// (The tally that has another name is missed under its own.)
			if err := readAll(t, s); !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), "in "+c.Table) && c.Table != "tallies" {
				t.Errorf("%s.%s was changed, and nothing is said but: %v", c.Table, c.Name, err)
			}
			s.exec(t, fmt.Sprintf("DELETE FROM {}%s", c.Table))
			s.exec(t, fmt.Sprintf("INSERT INTO {}%s SELECT * FROM {}saved", c.Table))
			s.exec(t, "DROP TABLE {}saved")
		}
	})
}

func blobDamage(s *site, column string) string {
	if s.Kind() == "postgres" {
		return fmt.Sprintf("set_byte(%s, 0, get_byte(%[1]s, 0) # 1)", column)
	}
	return fmt.Sprintf("CAST(x'ee' || substr(%s, 2) AS BLOB)", column)
}

// readAll reads everything through the public surface and returns what is damaged.
func readAll(t *testing.T, s *site) error {
	ctx := t.Context()
	errs := []error{s.Verify(ctx)}
	err := s.View(ctx, func(tx *store.Tx) error {
		_, inbox := tx.Inbox(ctx, 100)
		_, counts := tx.PartCounts(ctx, 7)
		errs = append(errs, inbox, counts)
		return nil
	})
	return errors.Join(append(errs, err)...)
}

// TestGoodBesideDamaged damages one of three and expects the two others, everywhere that reads several.
func TestGoodBesideDamaged(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		furnish(t, s)
		ctx := t.Context()
		s.exec(t, "UPDATE {}activities SET climb_m = 99 WHERE activity_id = 2")
		s.exec(t, "UPDATE {}documents SET mark = 99 WHERE activity_id = 2")
		s.exec(t, "UPDATE {}part_states SET tries = 99 WHERE activity_id = 2")
		s.exec(t, "UPDATE {}athletes SET name = 'x' WHERE athlete_id = 2")
		err := s.View(ctx, func(tx *store.Tx) error {
			var ids []int64
			var bad []*store.DamageError
			for a, err := range tx.Activities(ctx, 7) {
				if d, ok := errors.AsType[*store.DamageError](err); ok {
					bad = append(bad, d)
				}
				ids = append(ids, a.ID)
			}
			if fmt.Sprint(ids) != "[1 2 3]" || len(bad) != 1 || bad[0].Key != "7/2" || bad[0].Table != "activities" {
				t.Errorf("activities %v, damaged %v", ids, bad)
			}
			metas, err := tx.DocumentMetas(ctx, 7, musette.PartDetail, []int64{1, 2, 3})
			goodBeside(t, "metas", len(metas), err)
			due, err := tx.Due(ctx, day, 10, 10)
			goodBeside(t, "due", len(due), err)
			athletes, err := tx.Athletes(ctx)
			goodBeside(t, "athletes", len(athletes), err)
			docs, err := tx.Documents(ctx, 7, 2)
			if len(docs) != 0 || !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("documents %v, %v", docs, err)
			}
			if _, err := tx.Activity(ctx, 7, 2); !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("activity: %v", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		// Written anew, all is well.
		furnish(t, s)
	})
}

// TestWrongLanesHeal makes the counts of what is due wrong behind the store's back. Opening finds it; and a lane that
// promises what isn't there is mended by whoever looks for it.
func TestWrongLanesHeal(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		furnish(t, s)
		ctx := t.Context()
		counted := func() (b store.Backlog) {
			t.Helper()
			err := s.View(ctx, func(tx *store.Tx) (err error) {
				b, err = tx.Backlog(ctx, day)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		want := counted()
		for _, stmt := range []string{
			"UPDATE {}lanes SET ready = ready + 2, newest_ms = 7", "DELETE FROM {}lanes", "UPDATE {}lane_totals SET ready = 99, waiting = -1",
			"UPDATE {}lanes SET blocked = 1", "DELETE FROM {}lane_totals", "INSERT INTO {}lanes SELECT 99, class, ready, waiting, newest_ms, turn, blocked FROM {}lanes",
		} {
			s.exec(t, stmt)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			var err error
			if s.Store, err = store.Open(ctx, s.config); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(stmt, "blocked = 1") { // as if somebody had said so
				err := s.Update(ctx, nil, func(tx *store.Tx) error { return tx.Block(ctx) })
				if err != nil {
					t.Fatal(err)
				}
			}
			if got := counted(); got != want {
				t.Errorf("%s: %+v, want %+v", stmt, got, want)
			}
		}
		s.exec(t, "UPDATE {}part_states SET ready = 0, due_at_ms = 0 WHERE activity_id < 3")
		due := func() (n, wrong int) {
			err := s.Update(ctx, nil, func(tx *store.Tx) error {
				states, err := tx.Due(ctx, day, 10, 10)
				n = len(states)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			err = s.Update(ctx, nil, func(tx *store.Tx) (err error) {
				wrong, err = tx.MendLanes(ctx)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n, wrong
		}
		if n, wrong := due(); n != 1 || wrong != 0 || counted().Ready[3] != 1 {
			t.Errorf("%d due, %d counts still wrong, %+v", n, wrong, counted())
		}
	})
}

func goodBeside(t *testing.T, what string, good int, err error) {
	t.Helper()
	if good != 2 || !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("%s: %d good, %v", what, good, err)
	}
}

// TestMissingRows takes a row away, brings an old one back, and adds one: the tallies say so.
func TestMissingRows(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		furnish(t, s)
		for _, table := range []string{"activities", "documents", "part_states"} {
			s.exec(t, fmt.Sprintf("CREATE TABLE {}saved AS SELECT * FROM {}%s", table))
			s.exec(t, fmt.Sprintf("DELETE FROM {}%s WHERE activity_id = 2", table))
			found := 0
			if err := s.Verify(t.Context()); strings.Contains(fmt.Sprint(err), "2 rows are here, 3 were written") {
				found++
			}
			_ = s.View(t.Context(), func(tx *store.Tx) error {
				for _, err := range tx.Activities(t.Context(), 7) {
					if errors.Is(err, store.ErrCorrupt) {
						found++
					}
				}
				return nil
			})
			want := map[bool]int{true: 2, false: 1}[table == "activities"]
			if found != want {
				t.Errorf("%s: a missing row was noticed %d times, want %d", table, found, want)
			}
			s.exec(t, fmt.Sprintf("DELETE FROM {}%s", table))
			if err := s.Verify(t.Context()); !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("%s: all rows are gone, and nothing is said", table)
			}
			s.exec(t, fmt.Sprintf("INSERT INTO {}%s SELECT * FROM {}saved", table))
			s.exec(t, "DROP TABLE {}saved")
		}
	})
}

// TestFlippedBytes flips bytes of the file itself: every flip must be noticed, or leave everything as it was.
func TestFlippedBytes(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		if s.Kind() != "sqlite" {
			return // its files aren't ours to edit; TestDamagedValues stands for them
		}
		furnish(t, s)
		want := dumpText(t, s.Store)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		good, err := os.ReadFile(s.Path())
		if err != nil {
			t.Fatal(err)
		}
		noticed, harmless := 0, 0
		for at := 512; at < len(good); at += len(good)/300 | 1 {
			bad := append([]byte(nil), good...)
			bad[at] ^= 0x04
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "musette.db"), bad, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := openAndDump(t.Context(), dir)
			switch {
			case err != nil:
				noticed++
			case got == want:
				harmless++
			default:
				t.Errorf("byte %d was flipped: something else is read, and nothing is said", at)
			}
		}
		if noticed == 0 {
			t.Errorf("no flip was noticed, %d were harmless", harmless)
		}
	})
}

// TestSwappedVersion puts another table's first page in the place of the one that says what version the schema is of.
// That is damage, which can be mended, and neither a newer program's database nor one to be brought to this version.
func TestSwappedVersion(t *testing.T) {
	s := newSQLite(t)
	furnish(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s.exec(t, "PRAGMA wal_checkpoint(TRUNCATE)")
	whole, err := os.ReadFile(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	page := func(body []byte, table string) []byte {
		var root, size int
		const look = "SELECT rootpage, page_size FROM sqlite_master, pragma_page_size WHERE name = $1"
		if err := s.raw.QueryRowContext(t.Context(), look, table).Scan(&root, &size); err != nil {
			t.Fatal(table, err)
		}
		return body[(root-1)*size : root*size]
	}
	// In turn: a higher version, none, this version by chance, a text.
	for _, table := range []string{"sqlite_sequence", "zones", "quota", "meta"} {
		bent := slices.Clone(whole)
		copy(page(bent, table), page(whole, "goose_db_version"))
		copy(page(bent, "goose_db_version"), page(whole, table))
		config := store.Config{Dir: t.TempDir()}
		if err := os.WriteFile(filepath.Join(config.Dir, "musette.db"), bent, 0o600); err != nil {
			t.Fatal(err)
		}
		again, err := store.Open(t.Context(), config)
		if err == nil { // it has the right version by chance
			var found store.Findings
			if found, err = again.Check(t.Context()); err == nil && !found.Clean() {
				err = store.ErrCorrupt
			}
			again.Close()
		}
		if !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("with the page of %s in the place of the version's: %v", table, err)
		}
	}
}

func openAndDump(ctx context.Context, dir string) (string, error) {
	s, err := store.Open(ctx, store.Config{Dir: dir})
	if err != nil {
		return "", err
	}
	defer s.Close()
	var b strings.Builder
	err = s.Dump(ctx, func(r store.Row) error {
		fmt.Fprintf(&b, "%s %s\n", r.Table, r.JSON)
		return nil
	})
	return b.String(), err
}

func dumpText(t *testing.T, s *store.Store) string {
	t.Helper()
	var b strings.Builder
	err := s.Dump(t.Context(), func(r store.Row) error {
		fmt.Fprintf(&b, "%s %s\n", r.Table, r.JSON)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
