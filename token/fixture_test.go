package token_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"musette/store"
	"musette/strava"
	"musette/strava/stravatest"
	"musette/token"
)

var testKey = token.Key{1, 2, 3, 4, 5, 6, 7, 8, 9}

// world is a Strava, a store, and everything that must stay secret.
type world struct {
	t     *testing.T
	clock *stravatest.Clock // Strava's
	skew  time.Duration     // ours against it
	srv   *stravatest.Server
	http  *httptest.Server
	dir   string
	store *store.Store

	// answered is called between Strava's answer and its way back.
	answered func()

	mu      sync.Mutex
	between func(http.ResponseWriter, *http.Request) // what answers token requests instead of serve
	logs    bytes.Buffer
	texts   []string        // errors and whatever else was printed
	secrets map[string]bool // all that went over the wire
	asked   int             // token requests
}

func newWorld(t *testing.T, cfg stravatest.Config) *world {
	t.Helper()
	w := &world{t: t, clock: stravatest.NewClock(time.Date(2026, 5, 22, 9, 0, 0, 0, time.UTC)), dir: t.TempDir(), secrets: map[string]bool{}}
	cfg.Now, cfg.Sleep, cfg.Activities = w.clock.Now, w.clock.Sleep, 3
	w.srv = stravatest.New(cfg)
	w.http = httptest.NewServer(http.HandlerFunc(w.serve))
	w.secret(w.srv.ClientSecret())
	w.secret(hex.EncodeToString(testKey[:]))
	w.store = w.openStore()
	t.Cleanup(func() {
		w.http.Close()
		w.checkSecrets()
	})
	return w
}

var tokenMember = regexp.MustCompile(`"(?:access|refresh)_token":"([^"]+)"`)

// serve notes every secret on its way, see token.
func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	answer := w.between
	w.mu.Unlock()
	switch {
	case r.URL.Path != "/oauth/token":
		w.srv.ServeHTTP(rw, r)
	case answer != nil:
		answer(rw, r)
	default:
		w.token(rw, r)
	}
}

// instead has f answer token requests; nil ends that.
func (w *world) instead(f func(http.ResponseWriter, *http.Request)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.between = f
}

func (w *world) token(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.asked++
	w.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.Header.Del("Accept-Encoding") // to read along
	rec := &tee{ResponseWriter: rw}
	w.srv.ServeHTTP(rec, r)
	for _, m := range tokenMember.FindAllStringSubmatch(rec.body.String(), -1) {
		w.secret(m[1])
	}
	if w.answered != nil {
		w.answered()
	}
}

type tee struct {
	http.ResponseWriter
	body bytes.Buffer
}

func (t *tee) Write(b []byte) (int, error) { t.body.Write(b); return t.ResponseWriter.Write(b) }
func (t *tee) Unwrap() http.ResponseWriter { return t.ResponseWriter }

func (w *world) secret(s string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.secrets[s] = true
}

// Write makes the world the log's target.
func (w *world) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.logs.Write(b)
}

// said keeps how something prints for the check at the end.
func (w *world) said(v any) {
	texts := []string{fmt.Sprintf("%v", v), fmt.Sprintf("%+v", v), fmt.Sprintf("%#v", v)}
	if err, ok := v.(error); ok {
		for ; err != nil; err = errors.Unwrap(err) {
			texts = append(texts, err.Error(), fmt.Sprintf("%#v", err))
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.texts = append(w.texts, texts...)
}

func (w *world) checkSecrets() {
	if len(w.secrets) < 2 {
		w.t.Error("no secret was seen: the check is blind")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.logs.String() + strings.Join(w.texts, "\n")
	for s := range w.secrets {
		if strings.Contains(all, s) {
			w.t.Errorf("a secret was printed: %.6s…", s)
		}
	}
}

func (w *world) openStore() *store.Store {
	w.t.Helper()
	st, err := store.Open(w.t.Context(), store.Config{Dir: w.dir})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { st.Close() })
	return st
}

func (w *world) client(id, secret string) *strava.Client {
	w.t.Helper()
	c, err := strava.New(
		strava.WithOAuthURL(w.http.URL+"/oauth"), strava.WithAPIURL(w.http.URL+"/api/v3"),
		strava.WithApp(id, strava.Secret(secret)), strava.WithTimeout(2*time.Second),
	)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

type change func(*token.Config)

// tokens opens Tokens as another process would.
func (w *world) tokens(changes ...change) *token.Tokens {
	w.t.Helper()
	cfg := token.Config{
		Store: w.store, Strava: w.client(w.srv.ClientID(), w.srv.ClientSecret()), Key: testKey, Dir: w.dir,
		Scopes: []string{"read", "activity:read_all"},
		Now:    func() time.Time { return w.clock.Now().Add(w.skew) },
		Log:    slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, c := range changes {
		c(&cfg)
	}
	w.said(cfg)
	tokens, err := token.New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.said(tokens)
	w.t.Cleanup(func() { w.said(tokens); w.said(tokens.Close()) })
	return tokens
}

// athlete is the server's first.
func (w *world) athlete() int64 { return w.srv.Athletes()[0].ID }

// takeIn makes a grant at Strava, takes its refresh token in and returns the
// id of the one grant there is then.
func (w *world) takeIn(t *token.Tokens) (id string, refresh strava.Secret) {
	w.t.Helper()
	refresh = strava.Secret(w.srv.Grant(w.athlete()))
	w.secret(refresh.Reveal())
	if took, err := t.TakeIn(w.t.Context(), refresh); err != nil || !took {
		w.t.Fatalf("TakeIn = %v, %v", took, err)
	}
	return w.grants()[0].ID, refresh
}

func (w *world) grants() (list []store.Grant) {
	w.t.Helper()
	err := w.store.View(w.t.Context(), func(tx *store.Tx) (err error) {
		list, err = tx.Grants(context.Background())
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

func (w *world) grant(id string) store.Grant {
	w.t.Helper()
	for _, g := range w.grants() {
		if g.ID == id {
			return g
		}
	}
	w.t.Fatalf("grant %s is gone", id)
	return store.Grant{}
}

// put writes a grant's row as it is.
func (w *world) put(g store.Grant) {
	w.t.Helper()
	err := w.store.Update(w.t.Context(), nil, func(tx *store.Tx) error { return tx.PutGrant(context.Background(), g) })
	if err != nil {
		w.t.Fatal(err)
	}
}

// access calls Access and checks that Strava takes the token.
func (w *world) access(t *token.Tokens, id string) strava.Secret {
	w.t.Helper()
	got, err := t.Access(w.t.Context(), id)
	w.said(err)
	if err != nil {
		w.t.Fatalf("Access: %v", err)
	}
	w.works(got)
	return got
}

func (w *world) works(access strava.Secret) {
	w.t.Helper()
	a, _, err := w.client(w.srv.ClientID(), w.srv.ClientSecret()).Athlete(w.t.Context(), access)
	if err != nil {
		w.t.Fatalf("Strava doesn't take the token: %v", err)
	}
	if a.ID != w.athlete() {
		w.t.Fatalf("the token is of athlete %d", a.ID)
	}
}

// refused calls Access and wants a ReconnectError of a cause.
func (w *world) refused(t *token.Tokens, id, cause string) *token.ReconnectError {
	w.t.Helper()
	got, err := t.Access(w.t.Context(), id)
	w.said(err)
	e, ok := errors.AsType[*token.ReconnectError](err)
	if !ok || e.Cause != cause || got != "" {
		w.t.Fatalf("Access = %q, %v; want a ReconnectError, cause %q", got.Reveal(), err, cause)
	}
	return e
}

// calls returns how many token requests came since it was last asked.
func (w *world) calls() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.asked
	w.asked = 0
	return n
}

func (w *world) wantCalls(want int) {
	w.t.Helper()
	if got := w.calls(); got != want {
		w.t.Errorf("%d token requests, want %d", got, want)
	}
}

func (w *world) fault(f stravatest.Fault) {
	w.t.Helper()
	f.Path = "/oauth/token"
	if _, err := w.srv.AddFault(f); err != nil {
		w.t.Fatal(err)
	}
}

// sql runs a statement beside the store, as no other process would.
func (w *world) sql(stmt string) {
	w.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(w.dir, "musette.db"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(w.t.Context(), stmt); err != nil {
		w.t.Fatal(err)
	}
}

// refuseWrites makes the store take no grant until allowWrites.
func (w *world) refuseWrites() {
	w.sql(`CREATE TRIGGER no_insert BEFORE INSERT ON grants BEGIN SELECT RAISE(ABORT, 'no writes today'); END;
		CREATE TRIGGER no_update BEFORE UPDATE ON grants BEGIN SELECT RAISE(ABORT, 'no writes today'); END`)
}

func (w *world) allowWrites() { w.sql("DROP TRIGGER no_insert; DROP TRIGGER no_update") }
