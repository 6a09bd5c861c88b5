package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"musette/keeper"
	"musette/store"
	"musette/strava"
	"musette/strava/stravatest"
	"musette/web"
)

// hookBench is a directory with a store, whose settings lead to a simulated Strava.
type hookBench struct {
	*testing.T
	fake *stravatest.Server
}

func newHookBench(t *testing.T, callbacks *http.Client) hookBench {
	t.Helper()
	amid := stravatest.NewClock(time.Now().UTC().Truncate(15 * time.Minute).Add(5 * time.Minute)) // no window ends in a test
	fake := stravatest.New(stravatest.Config{Seed: 1, Activities: 1, WebhookClient: callbacks, Now: amid.Now})
	listening, err := fake.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listening.Close() })
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"STRAVA_CLIENT_ID": fake.ClientID(), "STRAVA_CLIENT_SECRET": fake.ClientSecret(), "STRAVA_API_URL": listening.APIURL, "STRAVA_OAUTH_URL": listening.OAuthURL,
		"MUSETTE_ADDR": "127.0.0.1:0", "MUSETTE_LOG_LEVEL": "debug",
	} {
		t.Setenv(name, text)
	}
	return hookBench{t, fake}
}

// musette runs a command line, which must end with a code.
func (b hookBench) musette(ctx context.Context, code int, args ...string) (out, said string) {
	b.Helper()
	var stdout, stderr bytes.Buffer
	if got := run(ctx, &console{in: strings.NewReader(""), out: &stdout, err: &stderr}, args); got != code {
		b.Errorf("%v: exit code %d, not %d: %s", args, got, code, &stderr)
	}
	return stdout.String(), stderr.String()
}

// inStore does something with the store that the commands have.
func (b hookBench) inStore(do func(st *store.Store)) {
	b.Helper()
	st, err := store.Open(b.Context(), store.Config{Dir: "musette-data"})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	do(st)
}

// TestWebhookCreateAfterAKill: the command was killed when Strava had made the subscription, and its id was not kept
// yet. The next one finishes the work.
func TestWebhookCreateAfterAKill(t *testing.T) {
	b := newHookBench(t, nil)
	var front http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { front.ServeHTTP(w, r) }))
	defer server.Close()
	t.Setenv("MUSETTE_URL", server.URL)
	at := web.NewCallback(server.URL, noon)
	b.inStore(func(st *store.Store) {
		if err := st.Update(t.Context(), nil, func(tx *store.Tx) error { return tx.PutSubscription(t.Context(), at.Pending) }); err != nil {
			t.Fatal(err)
		}
		var err error
		if front, err = web.NewWebhook(web.Config{Store: st}); err != nil {
			t.Fatal(err)
		}
		client, err := strava.New(strava.WithApp(b.fake.ClientID(), strava.Secret(b.fake.ClientSecret())),
			strava.WithTransport(b.fake.Transport()), strava.WithPushURL("http://strava.invalid/api/v3/push_subscriptions"))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if _, _, err := client.CreateSubscription(t.Context(), at.Address.Reveal(), at.VerifyToken); err != nil {
			t.Fatal(err)
		}
	})
	secret := strings.TrimPrefix(at.Address.Reveal(), server.URL+"/webhook/")
	for _, step := range []struct{ command, out, said string }{
		{"list", "unfinished", "`musette webhook create` finishes it"},
		{"create", "subscription 271001: ", "there was one already"},
		{"list", " ours ", ""},
	} {
		out, said := b.musette(t.Context(), exitDone, "webhook", step.command)
		if !strings.Contains(out, step.out) || !strings.Contains(said, step.said) || strings.Contains(out+said, secret) {
			t.Errorf("%s: %s%s", step.command, out, said)
		}
	}
}

// TestWebhookCreateInterrupted: ctrl-c while Strava asks back leaves nothing behind, here or there.
func TestWebhookCreateInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	b := newHookBench(t, &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		interrupt()
		<-r.Context().Done() // the request that has led here is given up
		return nil, r.Context().Err()
	})})
	t.Setenv("MUSETTE_URL", "https://runs.example.org")
	if out, said := b.musette(ctx, exitFailed, "webhook", "create"); out != "" || !strings.Contains(said, "not subscribed") {
		t.Errorf("it says %s%s", out, said)
	}
	b.inStore(func(st *store.Store) {
		if rows, err := keptSubscriptions(t.Context(), st); len(rows) != 0 || err != nil {
			t.Errorf("kept: %+v, %v", rows, err)
		}
	})
	if out, _ := b.musette(t.Context(), exitDone, "webhook", "list", "--json"); out != "[]\n" {
		t.Errorf("listed: %s", out)
	}
}

// TestWebhookCommandsAreCounted: what they ask Strava is in the ledger, and where nothing is left they don't ask.
func TestWebhookCommandsAreCounted(t *testing.T) {
	b := newHookBench(t, nil)
	b.fake.SetLimits(stravatest.Limits{OverallQuarter: 20, OverallDay: 2000, ReadQuarter: 4, ReadDay: 1000})
	b.musette(t.Context(), exitDone, "webhook", "list")
	b.musette(t.Context(), exitDone, "webhook", "delete")
	b.musette(t.Context(), exitFailed, "webhook", "delete", "1")
	b.inStore(func(st *store.Store) {
		s, err := keeper.ReadStatus(t.Context(), st, time.Now(), 0, nil)
		if err != nil || s.Quota.Read.Day.Used != b.fake.Usage().ReadDay || s.Quota.Read.Quarter.Limit != 4 {
			t.Errorf("%d of %d reads in the ledger, %d at Strava; %v", s.Quota.Read.Day.Used, s.Quota.Read.Quarter.Limit, b.fake.Usage().ReadDay, err)
		}
	})
	b.fake.Spend(1)
	b.musette(t.Context(), exitFailed, "webhook", "list") // refused; now it is known
	made := len(b.fake.Calls())
	_, said := b.musette(t.Context(), exitFailed, "webhook", "list")
	_, opens, told := strings.Cut(said, "the next call can be made at ")
	opens, _, _ = strings.Cut(opens, "\n")
	if !told || !strings.HasSuffix(opens, " UTC") || !strings.Contains(said, "try again after "+opens) {
		t.Errorf("with no call left it says %s", said)
	}
	if n := len(b.fake.Calls()); n != made {
		t.Errorf("%d calls though none was left", n-made)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
