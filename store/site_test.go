package store_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
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
