package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
)

// The block on stdout must do as a .env as it is, and the address answer until the program is interrupted.
func TestFakeStravaPrintsADotenv(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	reading, out := io.Pipe()
	var said bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, &console{in: strings.NewReader(""), out: out, err: &said},
			[]string{"fake-strava", "--addr", "127.0.0.1:0", "--activities", "3"})
		_ = out.Close()
	}()
	var block strings.Builder
	for lines := bufio.NewScanner(reading); strings.Count(block.String(), "\n") < 5 && lines.Scan(); {
		block.WriteString(lines.Text() + "\n")
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile(dotenvFile, []byte(block.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := loadConfig(configSources{dir: "."})
	if err != nil {
		t.Fatalf("%v in\n%s", err, block.String())
	}
	if cfg.ClientID == "" || cfg.ClientSecret == "" || cfg.RefreshToken == "" {
		t.Errorf("something is missing in\n%s", block.String())
	}
	res, err := http.Get(cfg.APIURL + "/athlete")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("a call without a token was answered with %d", res.StatusCode)
	}
	interrupt()
	if got := <-code; got != exitDone {
		t.Errorf("exit code %d after an interrupt: %s", got, said.String())
	}
	if _, err := http.Get(cfg.APIURL + "/athlete"); err == nil {
		t.Error("it still listens after its end")
	}
}

func TestFakeStravaOnATakenPort(t *testing.T) {
	taken, err := openConsent(0)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.close()
	var out, said bytes.Buffer
	code := run(t.Context(), &console{in: strings.NewReader(""), out: &out, err: &said},
		[]string{"fake-strava", "--addr", taken.listener.Addr().String(), "--activities", "1"})
	if code != exitFailed || out.Len() > 0 || !strings.Contains(said.String(), "address already in use") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, out.String(), said.String())
	}
}
