package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"musette/store"
	"musette/strava/stravatest"
	"musette/strava/stravatest/season"
)

// connecting is a `musette connect --no-browser` that has shown its address.
type connecting struct {
	address string // of Strava's question
	typed   *io.PipeWriter
	out     bytes.Buffer
	said    chan string // all of stderr, when it has ended
	code    chan int
	stop    context.CancelFunc
}

func startConnect(t *testing.T, fake *stravatest.Server) *connecting {
	t.Helper()
	listening, err := fake.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listening.Close() })
	t.Chdir(t.TempDir())
	t.Setenv("STRAVA_CLIENT_ID", fake.ClientID())
	t.Setenv("STRAVA_CLIENT_SECRET", fake.ClientSecret())
	t.Setenv("STRAVA_API_URL", listening.APIURL)
	t.Setenv("STRAVA_OAUTH_URL", listening.OAuthURL)
	return startConnectWith(t)
}

func startConnectWith(t *testing.T) *connecting {
	t.Helper()
	typed, typing := io.Pipe()
	reading, said := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	c := &connecting{typed: typing, said: make(chan string, 1), code: make(chan int, 1), stop: stop}
	go func() {
		code := run(ctx, &console{in: typed, out: &c.out, err: said}, []string{"connect", "--no-browser"})
		_ = said.Close()
		c.code <- code
	}()
	t.Cleanup(func() { stop(); _ = typing.Close() })

	var text []byte
	waiting := regexp.MustCompile(`(?s)\n  (http\S+)\n.*waiting for`)
	for buf := make([]byte, 4096); ; {
		n, err := reading.Read(buf)
		text = append(text, buf[:n]...)
		if m := waiting.FindSubmatch(text); m != nil {
			c.address = string(m[1])
			break
		}
		if err != nil {
			t.Fatalf("ended early: %s", text)
		}
	}
	go func() {
		rest, _ := io.ReadAll(reading)
		c.said <- string(append(text, rest...))
	}()
	return c
}

// answer lets the athlete answer at Strava and returns where the browser is sent.
func (c *connecting) answer(t *testing.T) string {
	t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(c.address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.Header.Get("Location")
}

func get(t *testing.T, address string) (status int, page string) {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// ends waits for the end, checks the exit code and looks for the words on stderr. It returns stdout.
func (c *connecting) ends(t *testing.T, code int, words ...string) string {
	t.Helper()
	if got := <-c.code; got != code {
		t.Errorf("exit code %d, not %d", got, code)
	}
	said := <-c.said
	for _, w := range words {
		if !strings.Contains(said, w) {
			t.Errorf("it didn't say %q, but:\n%s", w, said)
		}
	}
	return c.out.String()
}

func grants(t *testing.T) []store.Grant {
	t.Helper()
	st, err := store.Open(t.Context(), store.Config{Dir: "musette-data"})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	var list []store.Grant
	err = st.View(t.Context(), func(tx *store.Tx) (err error) {
		list, err = tx.Grants(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func autoApprove() *stravatest.Server {
	return stravatest.New(stravatest.Config{Seed: 1, Activities: 3, AutoApprove: true})
}

func TestConnectThroughTheBrowser(t *testing.T) {
	fake := autoApprove()
	c := startConnect(t, fake)
	to := c.answer(t)
	// Somebody else's page must not be able to end the waiting, or to connect its own account.
	forged, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	q := forged.Query()
	q.Set("state", "guessed")
	forged.RawQuery = q.Encode()
	if status, page := get(t, forged.String()); status != http.StatusBadRequest || !strings.Contains(page, "Not connected") {
		t.Errorf("a wrong state was answered with %d: %s", status, page)
	}
	status, page := get(t, to)
	if status != http.StatusOK || !strings.Contains(page, "<h1>Connected</h1>") {
		t.Errorf("the browser got %d: %s", status, page)
	}
	out := c.ends(t, exitDone, "next: `musette sync`")
	if !regexp.MustCompile(`^connected athlete \d+ .+ · allowed: read, activity:read_all\n$`).MatchString(out) {
		t.Errorf("stdout: %q", out)
	}
	list := grants(t)
	if len(list) != 1 || list[0].AthleteID != fake.Athletes()[0].ID || !slices.Equal(list[0].Scopes, []string{"read", "activity:read_all"}) {
		t.Errorf("kept: %+v", list)
	}
}

func TestConnectByPasting(t *testing.T) {
	for name, paste := range map[string]func(u *url.URL) string{
		"the address":  func(u *url.URL) string { return u.String() },
		"in quotes":    func(u *url.URL) string { return " \"" + u.String() + "\"" },
		"after a slip": func(u *url.URL) string { return "what?\n\n" + u.String() },
		"the code":     func(u *url.URL) string { return u.Query().Get("code") },
	} {
		t.Run(name, func(t *testing.T) {
			c := startConnect(t, autoApprove())
			u, err := url.Parse(c.answer(t))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(c.typed, paste(u)+"\n"); err != nil {
				t.Fatal(err)
			}
			if out := c.ends(t, exitDone); !strings.HasPrefix(out, "connected athlete ") {
				t.Errorf("stdout: %q", out)
			}
			if list := grants(t); len(list) != 1 {
				t.Errorf("kept: %+v", list)
			}
		})
	}
}

func TestConnectPastedForeignState(t *testing.T) {
	c := startConnect(t, autoApprove())
	if _, err := io.WriteString(c.typed, "http://127.0.0.1/callback?state=other&code=0123456789\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c.typed, "\n"); err != nil { // read only after the line before was judged
		t.Fatal(err)
	}
	c.stop()
	c.ends(t, exitFailed, "belongs to another connection", "stopped before an answer came")
	if list := grants(t); len(list) != 0 {
		t.Errorf("kept: %+v", list)
	}
}

func TestConnectSaysWhyNot(t *testing.T) {
	for name, tc := range map[string]struct {
		before func(fake *stravatest.Server) // the question is answered
		during func(fake *stravatest.Server) // between answer and exchange
		words  []string
		kept   int
		code   int
	}{
		"refused": {
			before: func(fake *stravatest.Server) { fake.SetApproval(stravatest.Approval{Auto: true, Deny: true}) },
			words:  []string{"answered with no", "nothing was changed"}, code: exitFailed,
		},
		"activities unticked": {
			before: func(fake *stravatest.Server) {
				fake.SetApproval(stravatest.Approval{Auto: true, Scopes: []string{"read"}})
			},
			words: []string{"boxes about activities were unticked", "(allowed: read)"}, code: exitFailed,
		},
		"something else unticked": {
			before: func(fake *stravatest.Server) {
				fake.SetApproval(stravatest.Approval{Auto: true, Scopes: []string{"activity:read_all"}})
			},
			words: []string{"not allowed: read;"}, kept: 1, code: exitDone,
		},
		"no room for another athlete": {
			during: func(fake *stravatest.Server) {
				fake.AddAthlete(season.Options{Seed: 9, Activities: 1})
				fake.Grant(fake.Athletes()[1].ID)
				fake.SetCapacity(1)
			},
			words: []string{"has reached its number of athletes", "the owner can raise this"}, code: exitFailed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			fake := autoApprove()
			if tc.before != nil {
				tc.before(fake)
			}
			c := startConnect(t, fake)
			to := c.answer(t)
			if tc.during != nil {
				tc.during(fake)
			}
			if _, page := get(t, to); strings.Contains(page, "<h1>Connected</h1>") != (tc.code == exitDone) {
				t.Errorf("the browser says: %s", page)
			}
			c.ends(t, tc.code, tc.words...)
			if list := grants(t); len(list) != tc.kept {
				t.Errorf("kept: %+v", list)
			}
		})
	}
}

func TestConnectWithAWrongSecret(t *testing.T) {
	fake := autoApprove()
	listening, err := fake.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listening.Close() })
	t.Chdir(t.TempDir())
	t.Setenv("STRAVA_CLIENT_ID", fake.ClientID())
	t.Setenv("STRAVA_CLIENT_SECRET", "not-the-client-secret")
	t.Setenv("STRAVA_OAUTH_URL", listening.OAuthURL)
	c := startConnectWith(t)
	get(t, c.answer(t))
	c.ends(t, exitFailed, "the client secret is wrong", "correct STRAVA_CLIENT_SECRET")
	if list := grants(t); len(list) != 0 {
		t.Errorf("kept: %+v", list)
	}
}
