package token_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"musette"
	"musette/strava/stravatest"
	"musette/token"
)

func (w *world) sealedFile(id string) string { return filepath.Join(w.dir, "tokens", id+".sealed") }

func TestSealedAtRest(t *testing.T) {
	w := newWorld(t, stravatest.Config{RotateRefreshTokens: true})
	tokens := w.tokens()
	id, _ := w.takeIn(tokens)
	w.access(tokens, id)
	info, err := os.Stat(w.sealedFile(id))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the sealed file: %v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(filepath.Dir(w.sealedFile(id))); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("its directory: %v, %v", info.Mode(), err)
	}
	err = filepath.WalkDir(w.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		for secret := range w.secrets {
			if bytes.Contains(body, []byte(secret)) {
				t.Errorf("%s holds a secret in clear", d.Name())
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A sealed pair is good for its own grant only.
func TestMovedSeal(t *testing.T) {
	w := newWorld(t, stravatest.Config{})
	tokens := w.tokens()
	id, _ := w.takeIn(tokens)
	w.access(tokens, id)
	g := w.grant(id)
	g.ID = "00112233445566778899aabbccddeeff"
	w.put(g)
	w.refused(tokens, g.ID, token.CauseDamaged)
}

func TestDamagedRow(t *testing.T) {
	w := newWorld(t, stravatest.Config{RotateRefreshTokens: true})
	tokens := w.tokens()
	id, _ := w.takeIn(tokens)
	w.access(tokens, id)
	g := w.grant(id)
	g.Previous = nil
	for _, sealed := range [][]byte{nil, g.Sealed[:5], append(bytes.Clone(g.Sealed[:len(g.Sealed)-1]), g.Sealed[len(g.Sealed)-1]^1)} {
		g.Sealed = sealed
		w.put(g)
		w.access(tokens, id) // from the file
		g = w.grant(id)
		if g.State != musette.StateOK || len(g.Sealed) < 40 {
			t.Fatalf("not healed: %q", g.State)
		}
		g.Previous = nil
	}
	if err := os.Remove(w.sealedFile(id)); err != nil {
		t.Fatal(err)
	}
	g.Sealed = nil
	w.put(g)
	w.refused(tokens, id, token.CauseDamaged)
}

// A row from an older backup knows only dead refresh tokens.
func TestRowSetBack(t *testing.T) {
	w := newWorld(t, stravatest.Config{RotateRefreshTokens: true})
	tokens := w.tokens()
	id, _ := w.takeIn(tokens)
	w.access(tokens, id)
	old := w.grant(id)
	for range 3 {
		w.clock.Advance(6 * time.Hour)
		w.access(tokens, id)
	}
	w.put(old)
	w.clock.Advance(6 * time.Hour)
	w.calls()
	w.access(w.tokens(), id)
	w.wantCalls(3) // the row's, the one before, the file's
}

// A new pair that doesn't work must not cost the one that does.
func TestPreviousUntilWorked(t *testing.T) {
	w := newWorld(t, stravatest.Config{})
	tokens := w.tokens()
	id, _ := w.takeIn(tokens)

	// Once, Strava hands out a refresh token that is none.
	w.instead(func(rw http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		w.token(rec, r)
		body := regexp.MustCompile(`"refresh_token":"[^"]+"`).ReplaceAll(rec.Body.Bytes(), []byte(`"refresh_token":"a-token-that-never-worked"`))
		rw.Header().Set("Content-Type", "application/json")
		_, _ = rw.Write(body)
	})
	w.secret("a-token-that-never-worked")
	first, err := tokens.Access(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	w.instead(nil)

	w.clock.Advance(6 * time.Hour)
	w.calls()
	second := w.access(tokens, id)
	w.wantCalls(2)
	if second == first || len(w.grant(id).Previous) == 0 {
		t.Fatal("the expired token came again, or there is no previous pair")
	}
	// Only the new token's success drops it.
	if err := tokens.Worked(t.Context(), id, first); err != nil || len(w.grant(id).Previous) == 0 {
		t.Errorf("the old token's success dropped the previous pair: %v", err)
	}
	if err := tokens.Worked(t.Context(), id, second); err != nil || len(w.grant(id).Previous) != 0 {
		t.Errorf("the new token's success didn't drop it: %v", err)
	}
	w.clock.Advance(6 * time.Hour)
	w.access(tokens, id)
}

// While the store takes nothing the answer waits in memory, and goes first.
func TestFailure18AStoreThatTakesNothingLosesNoExpiry(t *testing.T) {
	for _, fileToo := range []bool{false, true} {
		t.Run(fmt.Sprint("file too ", fileToo), func(t *testing.T) {
			w := newWorld(t, stravatest.Config{RotateRefreshTokens: true})
			tokens := w.tokens()
			id, _ := w.takeIn(tokens)
			w.access(tokens, id)
			w.clock.Advance(6 * time.Hour)
			w.calls()
			w.refuseWrites()
			if fileToo { // a file where the directory was
				if err := errors.Join(os.RemoveAll(filepath.Join(w.dir, "tokens")), os.WriteFile(filepath.Join(w.dir, "tokens"), nil, 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			for range 3 {
				got, err := tokens.Access(t.Context(), id)
				w.said(err)
				if _, ok := errors.AsType[*token.ReconnectError](err); ok || err == nil {
					t.Fatalf("Access = %d characters, %v; want a failed try", len(got), err)
				}
			}
			w.wantCalls(1)
			w.allowWrites()
			w.access(tokens, id)
			w.wantCalls(0)
		})
	}
}

// Close is the last chance for what the store would not take.
func TestCloseWritesWhatIsLeft(t *testing.T) {
	w := newWorld(t, stravatest.Config{RotateRefreshTokens: true})
	tokens := w.tokens(func(c *token.Config) { c.Dir = filepath.Join(os.DevNull, "no directory") })
	id, _ := w.takeIn(tokens)
	w.refuseWrites()
	if _, err := tokens.Access(t.Context(), id); err == nil {
		t.Fatal("an unsaved token was handed out")
	}
	w.allowWrites()
	if err := tokens.Close(); err != nil {
		t.Fatal(err)
	}
	w.calls()
	w.access(w.tokens(), id)
	w.wantCalls(0)
}

// The file alone is enough, where the process ends with the store down.
func TestOnlyTheFileWasWritten(t *testing.T) {
	w := newWorld(t, stravatest.Config{RotateRefreshTokens: true})
	tokens := w.tokens()
	id, _ := w.takeIn(tokens)
	w.access(tokens, id)
	w.clock.Advance(6 * time.Hour)
	w.refuseWrites()
	if _, err := tokens.Access(t.Context(), id); err == nil {
		t.Fatal("an unsaved token was handed out")
	}
	w.said(tokens.Close())
	w.allowWrites()
	w.access(w.tokens(), id)
}

// The athlete leaves while Strava is being asked.
func TestRemovedMeanwhile(t *testing.T) {
	w := newWorld(t, stravatest.Config{RotateRefreshTokens: true})
	tokens := w.tokens()
	id, _ := w.takeIn(tokens)
	w.answered = func() {
		if err := tokens.Remove(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
	_, err := tokens.Access(t.Context(), id)
	w.said(err)
	if err == nil || len(w.grants()) != 0 {
		t.Errorf("Access: %v; %d grants", err, len(w.grants()))
	}
	if _, err := os.Stat(w.sealedFile(id)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the sealed file: %v", err)
	}
}

// The child of TestKilled: refreshes once, says so, and waits to be killed.
func TestMain(m *testing.M) {
	dir, url := os.Getenv("TOKEN_TEST_DIR"), os.Getenv("TOKEN_TEST_URL")
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := child(dir, url, os.Getenv("TOKEN_TEST_GRANT"), os.Getenv("TOKEN_TEST_APP")); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	fmt.Println("refreshed")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// TestKilled kills a process at every step of a refresh, and starts another.
func TestKilled(t *testing.T) {
	for _, step := range []string{"before Strava works", "before its answer arrives", "between file and store", "before the token is used"} {
		t.Run(step, func(t *testing.T) {
			w := newWorld(t, stravatest.Config{RotateRefreshTokens: true})
			tokens := w.tokens()
			id, _ := w.takeIn(tokens)
			w.access(tokens, id)
			w.clock.Advance(6 * time.Hour)
			w.killed(id, step)

			restarted := w.tokens()
			if step == "before its answer arrives" {
				w.refused(restarted, id, token.CauseRevoked) // the one case
				return
			}
			w.access(restarted, id)
			if g := w.grant(id); g.State != musette.StateOK {
				t.Errorf("grant is %q: %s", g.State, g.Cause)
			}
		})
	}
}

// killed runs a child up to the step, and kills it there.
func (w *world) killed(id, step string) {
	t := w.t
	reached := make(chan struct{}, 4)
	var locked *sql.DB
	wait := make(chan struct{})
	w.instead(func(rw http.ResponseWriter, r *http.Request) {
		switch step {
		case "before Strava works":
			reached <- struct{}{}
			<-wait
			return
		case "before its answer arrives":
			w.token(discard{http.Header{}}, r)
			reached <- struct{}{}
			<-wait
			return
		case "between file and store":
			locked = w.lockStore()
		}
		w.token(rw, r)
	})
	defer w.instead(nil)
	defer close(wait)

	before, err := os.ReadFile(w.sealedFile(id))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "TOKEN_TEST_DIR="+w.dir, "TOKEN_TEST_URL="+w.http.URL, "TOKEN_TEST_GRANT="+id,
		"TOKEN_TEST_APP="+w.srv.ClientID()+" "+w.srv.ClientSecret())
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		said <- line
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for done := false; !done; {
		select {
		case <-ctx.Done():
			t.Fatal("the step was not reached")
		case line := <-said:
			if step != "before the token is used" || line != "refreshed\n" {
				t.Fatalf("the child said %q", line)
			}
			done = true
		case <-reached:
			done = true
		case <-tick.C:
			now, _ := os.ReadFile(w.sealedFile(id))
			done = step == "between file and store" && now != nil && !bytes.Equal(now, before)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if locked != nil {
		locked.Close()
	}
}

// lockStore keeps everyone from writing until the answer is closed.
func (w *world) lockStore() *sql.DB {
	db, err := sql.Open("sqlite", filepath.Join(w.dir, "musette.db"))
	if err == nil {
		db.SetMaxOpenConns(1)
		_, err = db.Exec("BEGIN IMMEDIATE")
	}
	if err != nil {
		w.t.Error(err)
	}
	return db
}

// discard is where an answer goes that never arrives.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}
