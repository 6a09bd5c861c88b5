//go:build unix

package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"musette/store"
	"musette/web"
)

// What opens everything isn't left in the journal or a log: there only the way to it is said, and nothing is made.
func TestNoKeyInTheJournal(t *testing.T) {
	for name, c := range map[string]struct {
		journal, logFile bool
		shown            bool
	}{
		"a file":               {shown: true},
		"the journal":          {journal: true},
		"beside a file of log": {logFile: true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			t.Chdir(dir)
			stderr, err := os.Create(filepath.Join(dir, "stderr"))
			if err != nil {
				t.Fatal(err)
			}
			defer stderr.Close()
			info, err := stderr.Stat()
			if err != nil {
				t.Fatal(err)
			}
			t.Setenv("JOURNAL_STREAM", "1:1") // an ancestor's
			if c.journal {
				t.Setenv("JOURNAL_STREAM", streamOf(info))
			}
			if c.logFile {
				t.Setenv("MUSETTE_LOG_FILE", filepath.Join(dir, "log"))
			}
			said := serveUntil(t, stderr, "musette login", "/login?code=")
			if shown := strings.Contains(said, "/login?code="); shown != c.shown {
				t.Errorf("a link is shown: %v, want %v:\n%s", shown, c.shown, said)
			}
			if shown := strings.Contains(said, "shown only now"); shown != c.shown {
				t.Errorf("a key is shown: %v, want %v:\n%s", shown, c.shown, said)
			}
			st, err := store.Open(t.Context(), store.Config{Dir: filepath.Join(dir, "musette-data")})
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			keys, err := namedKeys(t.Context(), st)
			if err != nil || (len(keys) > 0) != c.shown {
				t.Errorf("%d keys were made, %v", len(keys), err)
			}
		})
	}
}

// serveUntil runs the server until it has said one of the words, and returns all that it said.
func serveUntil(t *testing.T, stderr *os.File, words ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, &console{in: strings.NewReader(""), out: io.Discard, err: stderr}, []string{"serve", "--addr", "127.0.0.1:0"})
	}()
	var said string
	awaited(t, func() bool {
		text, err := os.ReadFile(stderr.Name())
		if err != nil {
			t.Fatal(err)
		}
		said = string(text)
		for _, w := range words {
			if strings.Contains(said, w) {
				return true
			}
		}
		return false
	})
	_, address, _ := strings.Cut(said, "musette serves ")
	address, _, _ = strings.Cut(address, "\n")
	res, err := http.Get(address + "/healthz") // the port that was found, not the 0 that was asked for
	if err != nil {
		t.Errorf("%v; it said\n%s", err, said)
	} else {
		_ = res.Body.Close()
	}
	stop()
	if got := <-code; got != exitDone {
		t.Errorf("exit code %d: %s", got, said)
	}
	return said
}

func TestAPipeIsSomebodyReading(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	t.Setenv("JOURNAL_STREAM", "1:1")
	if kept(w, "musette.log") {
		t.Error("what a pipe carries counts as kept")
	}
}

// Servers that start together make one first key, not one each.
func TestOneFirstKey(t *testing.T) {
	t.Parallel()
	st, err := store.Open(t.Context(), store.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	made := make(chan string, 8)
	var wg sync.WaitGroup
	for range cap(made) {
		wg.Go(func() {
			key, err := web.FirstKey(t.Context(), st, time.Now())
			if err != nil {
				t.Error(err)
			}
			if key != "" {
				made <- key
			}
		})
	}
	wg.Wait()
	keys, err := namedKeys(t.Context(), st)
	if err != nil || len(made) != 1 || len(keys) != 1 {
		t.Errorf("%d keys were shown, %d made, %v", len(made), len(keys), err)
	}
}
