package e2e

import (
	"bytes"
	"compress/gzip"
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"musette/internal/pgtest"
	"musette/snapshot"
	"musette/store"
	"musette/strava/stravatest"
)

// What a release has left in store/testdata/released, in a directory named after it.
const (
	released         = "../store/testdata/released"
	releasedDatabase = "musette.db.gz"
	releasedSnapshot = "snapshot.jsonl.zst"
	releasedHoldings = "holds.txt" // a line for the snapshot's content hash, and one for each thing that was in both
)

// releasedKey seals the tokens in them, which no Strava knows.
var releasedKey = "MUSETTE_SECRET_KEY=" + strings.Repeat("5e", 32)

// TestReleased opens what each release has left: its database, which is brought to today's schema, and its snapshot, which
// is restored into either database. Everything that was in them is there and whole.
//
// With $MUSETTE_RELEASE set to a release's name, it first writes what that release leaves, as this program does.
func TestReleased(t *testing.T) {
	t.Parallel()
	if name := os.Getenv("MUSETTE_RELEASE"); name != "" {
		leaveRelease(t, filepath.Join(released, name))
	}
	dirs, err := filepath.Glob(filepath.Join(released, "*", releasedHoldings))
	must(t, err)
	if len(dirs) == 0 {
		t.Fatalf("nothing is in %s", released)
	}
	for _, noted := range dirs {
		dir := filepath.Dir(noted)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			text, err := os.ReadFile(noted)
			must(t, err)
			hash, want, _ := strings.Cut(string(text), "\n")
			file, err := filepath.Abs(filepath.Join(dir, releasedSnapshot))
			must(t, err)
			info, err := snapshot.Verify(t.Context(), file)
			must(t, err)
			if "content "+info.Hash != hash {
				t.Errorf("the snapshot's content is %s, noted is %s", info.Hash, hash)
			}

			upgraded := newProgram(t).with(releasedKey)
			must(t, os.MkdirAll(upgraded.data, 0o700))
			unpack(t, filepath.Join(dir, releasedDatabase), upgraded.database())
			upgraded.must("verify")
			upgraded.wantHoldings(want)
			content := upgraded.content()
			for where, p := range map[string]*program{
				"SQLite":   newProgram(t).with(releasedKey),
				"Postgres": newProgram(t).with(releasedKey, "DATABASE_URL="+pgtest.New(t)),
			} {
				p.must("backup", "restore", file)
				p.must("verify")
				p.wantHoldings(want)
				if p.content() != content {
					t.Errorf("the snapshot on %s has another content than the database", where)
				}
				if where == "SQLite" {
					if diff := cmp.Diff(schemaOf(t, p.database()), schemaOf(t, upgraded.database())); diff != "" {
						t.Errorf("a new database, and one that was upgraded:\n%s", diff)
					}
				}
			}
			upgraded.must("backup", "verify", upgraded.newest())
		})
	}
}

// leaveRelease writes a small database with something in every table that matters, a snapshot of the same, and what is in them.
func leaveRelease(t *testing.T, dir string) {
	t.Helper()
	w := newWorld(t, stravatest.Config{Seed: 41, Activities: 6, Limits: plenty})
	p := w.program().with(releasedKey, "MUSETTE_STREAMS=recent")
	p.must("sync")
	must(t, w.Rename(w.activities()[2].ID, "Renamed, so that there is a history"))
	must(t, w.Delete(w.activities()[1].ID))
	p.must("sync")
	p.must("zone", "add", "school", "--lat", "51.4779", "--lng", "-0.0015")
	p.must("key", "create", "website", "--scope", "read")
	p.must("athlete", "invite", "--name", "Jo")
	now := time.Now().UTC().Truncate(time.Millisecond)
	st, err := store.Open(t.Context(), store.Config{Dir: p.data})
	must(t, err)
	err = st.Update(t.Context(), nil, func(tx *store.Tx) error {
		ctx, hidden := t.Context(), w.activities()[3].ID
		_, err := tx.PutInbox(ctx, store.InboxItem{Kind: "event", AthleteID: w.athlete.ID, ActivityID: hidden, Body: []byte(`{}`), ReceivedAt: now})
		for _, err := range []error{
			err,
			tx.PutHide(ctx, store.Hide{AthleteID: w.athlete.ID, ActivityID: hidden, What: store.HideMap, CreatedAt: now}),
			tx.PutSubscription(ctx, store.Subscription{ID: 271001, SecretHash: [32]byte{1}, TokenHash: [32]byte{2}, PublicURL: "https://example.org", CreatedAt: now}),
			tx.PutDeletions(ctx, store.Deletion{AthleteID: w.athlete.ID, ActivityID: w.activities()[4].ID, FoundAt: now, Decision: store.DeletionWaits}),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	must(t, err)
	must(t, st.Close())

	written := p.newest()
	info, err := snapshot.Verify(t.Context(), written)
	must(t, err)
	must(t, os.MkdirAll(released, 0o755))
	must(t, os.Mkdir(dir, 0o755)) // what a release has left is never written over
	must(t, os.WriteFile(filepath.Join(dir, releasedHoldings), []byte("content "+info.Hash+"\n"+p.holdings()), 0o644))
	body, err := os.ReadFile(written)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, releasedSnapshot), body, 0o644))
	body, err = os.ReadFile(p.database()) // nobody has it open: its log is in it
	must(t, err)
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	must(t, err)
	_, err = z.Write(body)
	must(t, err)
	must(t, z.Close())
	must(t, os.WriteFile(filepath.Join(dir, releasedDatabase), packed.Bytes(), 0o644))
}

// schemaOf is a line for each column and each index, in an order that doesn't depend on when they were added.
func schemaOf(t *testing.T, path string) (lines []string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || c.pk
		FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'
		UNION SELECT m.tbl_name || ' index ' || m.name || ' ' || group_concat(c.name)
		FROM sqlite_master m, pragma_index_info(m.name) c WHERE m.type = 'index' GROUP BY m.name ORDER BY 1`)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var line string
		must(t, rows.Scan(&line))
		lines = append(lines, line)
	}
	must(t, rows.Err())
	return lines
}

func unpack(t *testing.T, from, to string) {
	t.Helper()
	f, err := os.Open(from)
	must(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	must(t, err)
	body, err := io.ReadAll(z)
	must(t, err)
	must(t, os.WriteFile(to, body, 0o600))
}

func (p *program) wantHoldings(want string) {
	p.t.Helper()
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(p.holdings(), "\n")); diff != "" {
		p.t.Errorf("what was released, and what is here:\n%s", diff)
	}
}

// holdings is a line for each thing in the store that no upgrade may lose or change: what came from Strava, to the last
// byte, and what people have set.
func (p *program) holdings() string {
	p.t.Helper()
	ctx := p.t.Context()
	st, err := store.Open(ctx, store.Config{URL: p.env["DATABASE_URL"], Dir: p.data})
	must(p.t, err)
	defer st.Close()
	var b strings.Builder
	line := func(what string, more ...any) { fmt.Fprintln(&b, append([]any{what}, more...)...) }
	err = st.View(ctx, func(tx *store.Tx) error {
		athletes, err := tx.Athletes(ctx)
		must(p.t, err)
		for _, who := range athletes {
			line("athlete", who.ID, who.Name, at(who.FirstSeen))
			ids := []int64{0}
			for a, err := range tx.Activities(ctx, who.ID) {
				must(p.t, err)
				line("activity", a.ID, a.Status, at(a.Start), a.SportType, a.DistanceM, at(a.GoneAt))
				ids = append(ids, a.ID)
			}
			for _, id := range ids {
				documents, err := tx.Documents(ctx, who.ID, id)
				must(p.t, err)
				for _, d := range documents {
					line("document", id, d.Part, d.Source, at(d.FetchedAt), at(d.ConfirmedAt), fmt.Sprintf("%x", d.SHA256), len(d.Body))
				}
				history, err := tx.History(ctx, who.ID, id)
				must(p.t, err)
				for _, d := range history {
					line("replaced", id, d.Part, d.Source, at(d.FetchedAt), at(d.At), fmt.Sprintf("%x", d.SHA256), len(d.Body))
				}
			}
			hides, err := tx.Hides(ctx, who.ID, 0)
			must(p.t, err)
			for _, h := range hides {
				line("hide", h.ActivityID, h.What, at(h.CreatedAt))
			}
		}
		return p.held(tx, line)
	})
	must(p.t, err)
	return b.String()
}

// held is the part of holdings that isn't about activities.
func (p *program) held(tx *store.Tx, line func(string, ...any)) error {
	ctx := p.t.Context()
	zones, err := tx.Zones(ctx)
	must(p.t, err)
	for _, z := range zones {
		line("zone", z.ID, z.AthleteID, z.Name, z.Lat, z.Lng, z.RadiusM, at(z.CreatedAt))
	}
	keys, err := tx.Keys(ctx)
	must(p.t, err)
	for _, k := range keys {
		line("key", k.ID, k.Kind, k.Name, fmt.Sprintf("%x", k.Hash), k.Scopes, k.AthleteID, at(k.CreatedAt), at(k.ExpiresAt))
	}
	deletions, err := tx.Deletions(ctx, 0)
	must(p.t, err)
	for _, d := range deletions {
		line("deletion", d.AthleteID, d.ActivityID, d.Decision, at(d.FoundAt))
	}
	subscriptions, err := tx.Subscriptions(ctx)
	must(p.t, err)
	for _, s := range subscriptions {
		line("subscription", s.ID, fmt.Sprintf("%x", s.SecretHash), s.PublicURL)
	}
	grants, err := tx.Grants(ctx)
	must(p.t, err)
	for _, g := range grants {
		line("grant", g.ID, g.AthleteID, g.Scopes)
	}
	return nil
}

// at is a time as it is noted.
func at(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
