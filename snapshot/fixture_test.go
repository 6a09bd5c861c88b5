package snapshot

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"musette"
	"musette/internal/pgtest"
	"musette/store"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("SNAPSHOT_TEST_DIR"); dir != "" {
		child(dir, os.Getenv("SNAPSHOT_TEST_DATA"))
		return
	}
	os.Exit(pgtest.Main(m))
}

var noon = time.Date(2026, 5, 22, 12, 0, 0, 0, time.UTC)

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

func openSQLite(t testing.TB) *store.Store {
	t.Helper()
	return opened(t, store.Config{Dir: t.TempDir()})
}

func opened(t testing.TB, c store.Config) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

func openMemory(t testing.TB) *store.Store {
	t.Helper()
	st, err := store.OpenMemory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

// fill stores an athlete with so many activities, and something in most tables.
func fill(t testing.TB, st *store.Store, athleteID int64, activities, bodyBytes int) {
	t.Helper()
	ctx := t.Context()
	rng := rand.New(rand.NewPCG(uint64(athleteID), 1))
	const odd = "a \"quoted\" \\ <b>&amp; line\r\nfeed é 🚲\u2028 end"
	err := st.Update(ctx, nil, func(tx *store.Tx) error {
		must := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		must(tx.PutAthlete(ctx, store.Athlete{ID: athleteID, Name: odd, FirstSeen: noon, State: musette.StateOK}))
		must(tx.PutGrant(ctx, store.Grant{ID: fmt.Sprintf("grant%d", athleteID), AthleteID: athleteID, Sealed: []byte{0, 1, 255}, Scopes: []string{"read"}, UpdatedAt: noon}))
		must(tx.PutSetting(ctx, "text", odd+"\x00\x10\xff"))
		must(tx.PutCursor(ctx, athleteID, "walk", []byte(`{"before":1}`)))
		must(tx.PutKey(ctx, store.AccessKey{ID: fmt.Sprint("key", athleteID), Kind: store.KeyKind, Hash: [32]byte{byte(athleteID), 2}, CreatedAt: noon}))
		_, _, err := tx.Quota(ctx)
		must(err)
		for i := range activities {
			id := athleteID*1_000_000 + int64(i)
			start := noon.Add(-time.Duration(i) * time.Hour)
			body := make([]byte, bodyBytes)
			for j := range body {
				body[j] = byte(rng.Uint32())
			}
			_, err := tx.PutActivity(ctx, store.Activity{
				AthleteID: athleteID, ID: id, Status: "live", Start: start, SportType: "Run", DistanceM: rng.Float64() * 1e4,
				MovingS: i, View: fmt.Appendf(nil, `{"name":%q,"x":"%x"}`, "Run", body),
			})
			must(err)
			for _, version := range []string{"first", "second"} {
				text := fmt.Appendf(nil, `{"id":%d,"name":"%s","noise":"%x"}`, id, version, body)
				must(tx.PutDocument(ctx, musette.NewDocument(athleteID, id, musette.PartDetail, musette.SourceAPI, text, start), i < 3))
			}
			must(tx.PutPartState(ctx, musette.PartState{AthleteID: athleteID, ActivityID: id, Part: musette.PartDetail, Outcome: musette.OutcomeHave, Start: start, FirstSeen: start}))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func contentHash(t testing.TB, st *store.Store) string {
	t.Helper()
	sum, err := ContentHash(t.Context(), st)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func positionOf(t testing.TB, st *store.Store) (p store.Position) {
	t.Helper()
	err := st.View(t.Context(), func(tx *store.Tx) (err error) {
		p, err = tx.Position(context.Background())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func write(t testing.TB, st *store.Store, c Config) Info {
	t.Helper()
	info, err := Write(t.Context(), st, c)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// small returns a whole snapshot of a few rows as bytes.
func small(t testing.TB) []byte {
	t.Helper()
	st := openMemory(t)
	fill(t, st, 1, 1, 20)
	var out bytes.Buffer
	if _, err := dump(t.Context(), st, &out, noon); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func scanBytes(t testing.TB, b []byte) (Info, error) {
	return scan(t.Context(), bytes.NewReader(b), int64(len(b)), func(store.Row) error { return nil })
}

// made returns a file of lines that were never a store's.
func made(t testing.TB, lines ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := newWriter(&out, noon)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range lines {
		text := []byte(line + "\n")
		if i == 0 {
			w.head = text
			w.sums.header(text)
		} else {
			table, _, _ := strings.Cut(strings.TrimPrefix(line, `{"t":"`), `"`)
			w.sums.row(table, text)
		}
		if _, err := w.zstd.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.finish(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const goodHeader = `{"format":"musette-snapshot","version":1,"created":"2026-05-22T12:00:00Z","epoch":"e","seq":3,"program":"p"}`
