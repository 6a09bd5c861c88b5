package web_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"musette/feed"
	"musette/store"
	"musette/web"
)

func cookieOf(t *testing.T, r reply) *http.Cookie {
	t.Helper()
	if r.StatusCode != 303 || r.Header.Get("Location") != "/" {
		t.Fatalf("signing in: %s", r)
	}
	for _, c := range r.Cookies() {
		if c.Name == "musette_session" {
			return c
		}
	}
	t.Fatalf("no cookie in %s", r)
	return nil
}

func code(t *testing.T, a *api) string {
	t.Helper()
	code, err := web.NewCode(t.Context(), a.store, a.clock())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func (a *api) signedIn(c *http.Cookie) bool {
	a.Helper()
	return a.get("/v1/feed", "Cookie: musette_session="+c.Value).StatusCode == 200
}

func TestAOneTimeLink(t *testing.T) {
	a := newAPI(t, web.Config{}, feed.Publish{})
	link := "/login?code=" + code(t, a)
	for range 3 { // previews, in chats and by careful mail programs
		r := a.get(link, "Accept: text/html")
		if r.StatusCode != 200 || !bytes.Contains(r.body, []byte(`method="post"`)) || r.Header.Get("Set-Cookie") != "" {
			t.Fatalf("the link shows %s", r)
		}
		wantHeader(t, r, "Cache-Control", "no-store")
	}
	_, secret, _ := strings.Cut(link, "code=")
	cookie := cookieOf(t, a.do("POST", "/login", "code="+secret))
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.MaxAge != 30*24*60*60 || cookie.Secure {
		t.Errorf("the cookie is %+v", cookie)
	}
	if !a.signedIn(cookie) {
		t.Error("the session doesn't open the feed")
	}
	a.wantProblem(a.do("POST", "/login", "code="+secret), 401)
	if r := a.do("POST", "/login", "code="+secret, "Accept: text/html"); r.StatusCode != 401 || !bytes.Contains(r.body, []byte("musette login")) {
		t.Errorf("used twice: %s", r)
	}
	if strings.Contains(a.log.String(), secret) || strings.Contains(a.log.String(), cookie.Value) {
		t.Error("a secret is in the log")
	}
	late := code(t, a)
	a.pass(time.Hour)
	a.wantProblem(a.do("POST", "/login", "code="+late), 401)
}

func TestSessions(t *testing.T) {
	a := newAPI(t, web.Config{}, feed.Publish{})
	key := a.key(0, web.ScopeRead)
	first, second := cookieOf(t, a.do("POST", "/login", "key="+key)), cookieOf(t, a.do("POST", "/login", "key=+"+key+"+"))
	if first.Value == second.Value || !a.signedIn(first) || !a.signedIn(second) {
		t.Error("two sessions aren't two")
	}
	out := a.do("POST", "/logout", "", "Cookie: musette_session="+first.Value)
	if c := cookieOf(t, out); c.MaxAge >= 0 || c.Value != "" {
		t.Errorf("signing out sets %+v", c)
	}
	if a.signedIn(first) || !a.signedIn(second) {
		t.Error("signing out ends the wrong session")
	}
	if r := a.do("POST", "/logout", ""); r.StatusCode != 303 {
		t.Errorf("signing out without a session: %s", r)
	}
	a.pass(30*24*time.Hour - time.Second)
	if !a.signedIn(second) {
		t.Error("a session ends early")
	}
	a.pass(time.Second)
	if a.signedIn(second) {
		t.Error("a session doesn't end")
	}

	third := cookieOf(t, a.do("POST", "/login", "key="+key))
	a.update(func(ctx context.Context, tx *store.Tx) error {
		keys, err := tx.Keys(ctx)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if k.Kind == store.SessionKind && !k.ExpiresAt.After(a.clock()) {
				t.Error("ended sessions are kept")
			}
			if k.Kind == store.SessionKind && (k.Name != "test" || k.Parent != web.HashKey(key)) {
				t.Errorf("a session doesn't say which key it is of: %+v", k)
			}
			if k.Kind == store.KeyKind {
				k.RevokedAt = a.clock()
				if err := tx.PutKey(ctx, k); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if a.signedIn(third) {
		t.Error("a session outlives its key")
	}
}

func TestASessionSeesWhatItsKeySees(t *testing.T) {
	a := newAPI(t, web.Config{}, feed.Publish{})
	a.put("", activity(1), activity(2, of(7)))
	c := cookieOf(t, a.do("POST", "/login", "key="+a.key(7, web.ScopeRead)))
	if got := as[feedReply](t, a.get("/v1/feed", "Cookie: musette_session="+c.Value)).ids(); got != "2" {
		t.Errorf("it sees %s", got)
	}
	a.wantProblem(a.do("POST", "/v1/refresh", "", "Cookie: musette_session="+c.Value), 403)
}

func TestSecureCookies(t *testing.T) {
	a := newAPI(t, web.Config{PublicURL: "https://feed.example"}, feed.Publish{})
	if c := cookieOf(t, a.do("POST", "/login", "code="+code(t, a))); !c.Secure {
		t.Error("behind https the cookie isn't secure")
	}
	b := newAPI(t, web.Config{}, feed.Publish{})
	for _, test := range []struct {
		secure  bool
		headers []string
	}{
		{true, []string{"Remote: 127.0.0.1:1234", "X-Forwarded-Proto: https"}},
		{true, []string{"Remote: 10.0.0.2:1234", "X-Forwarded-Proto: https"}},
		{false, []string{"Remote: 127.0.0.1:1234", "X-Forwarded-Proto: http"}},
		{false, []string{"Remote: 198.51.100.7:1234", "X-Forwarded-Proto: https"}}, // nobody's proxy
	} {
		_, r := b.send("POST", "/login", "code="+code(t, b), test.headers...)
		if c := cookieOf(t, r); c.Secure != test.secure {
			t.Errorf("%v: the cookie is secure: %v", test.headers, c.Secure)
		}
	}
}

func TestOtherSitesCantPost(t *testing.T) {
	a := newAPI(t, web.Config{Open: true, PublicURL: "https://feed.example"}, feed.Publish{})
	for headers, status := range map[string]int{
		"Sec-Fetch-Site: cross-site": 403, "Origin: https://evil.example": 403, "Sec-Fetch-Site: same-origin": 409, "Origin: http://127.0.0.1:8080": 409,
		"Origin: https://feed.example": 409, "Accept: */*": 409,
	} {
		if r := a.do("POST", "/v1/refresh", "", headers); r.StatusCode != status {
			t.Errorf("%s: %s", headers, r)
		}
	}
	a.wantProblem(a.do("POST", "/v1/refresh", "", "Sec-Fetch-Site: cross-site"), 403)
}

func TestFailedLoginsAreSlowedDown(t *testing.T) {
	a := newAPI(t, web.Config{APIKeyHash: web.HashKey("correct horse battery")}, feed.Publish{})
	for i := range 10 {
		a.wantProblem(a.do("POST", "/login", fmt.Sprint("key=wrong", i)), 401)
	}
	r := a.do("POST", "/login", "key=correct horse battery")
	a.wantProblem(r, 429)
	if r.Header.Get("Retry-After") == "" {
		t.Error("it isn't said how long to wait")
	}
	if r := a.get("/v1/feed", "X-API-Key: correct horse battery"); r.StatusCode != 200 {
		t.Errorf("keys in headers are held up too: %s", r)
	}
	a.pass(time.Minute)
	cookieOf(t, a.do("POST", "/login", "key=correct horse battery"))
}

func TestLoginForm(t *testing.T) {
	a := newAPI(t, web.Config{}, feed.Publish{})
	for body, status := range map[string]int{
		"key=": 400, "x=y": 400, "key=a&code=b": 400, "key=" + strings.Repeat("a", 5000): 400, "key=%zz": 400, `{"key":"x"}`: 400,
	} {
		a.wantProblem(a.do("POST", "/login", body), status)
	}
	a.wantProblem(a.do("POST", "/login?key="+a.key(0, web.ScopeRead), "x=y"), 400)
	a.wantProblem(a.get("/login?key=x"), 400)
	if r := a.get("/login", "Accept: text/html"); r.StatusCode != 200 || !bytes.Contains(r.body, []byte(`name="key"`)) {
		t.Errorf("the form is %s", r)
	}
	open := newAPI(t, web.Config{Open: true}, feed.Publish{})
	if r := open.get("/login"); r.StatusCode != 303 {
		t.Errorf("where all are owners: %s", r)
	}
}

func TestWhoIsSignedInStaysSoWhileTheDatabaseIsAway(t *testing.T) {
	a := newAPI(t, web.Config{}, feed.Publish{})
	a.put("", activity(1))
	key, unseen := "X-API-Key: "+a.key(0, web.ScopeRead), "X-API-Key: "+a.key(0, web.ScopeRead)
	if r := a.get("/v1/feed", key); r.StatusCode != 200 {
		t.Fatal(r)
	}
	a.store.Close()
	for range 2 {
		if r := a.get("/v1/feed", key); r.StatusCode != 200 {
			t.Errorf("a key seen before: %s", r)
		}
		a.wantProblem(a.get("/v1/feed", unseen), 503)
		a.wantProblem(a.do("POST", "/login", "key=musette_x"), 503)
		_ = a.feed.Look(t.Context()) // now the feed knows too
	}
}
