package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"musette/strava/stravatest"
)

// likeSecrets are the forms that Strava's tokens, our keys, and what else is drawn by lot to open something have: 40 or
// more hex digits, or 256 bits in base64. Ids in the log are shorter.
var likeSecrets = regexp.MustCompile(`\b[0-9a-f]{40,}\b|[A-Za-z0-9_-]{43,}`)

// TestNoSecretIsLogged runs the program at the level at which it logs most, has it do all that takes a secret, sends it
// secrets in every place where one may come, right and wrong, and looks through the log.
func TestNoSecretIsLogged(t *testing.T) {
	t.Parallel()
	w := newConsenting(t, stravatest.Approval{})
	file := filepath.Join(t.TempDir(), "log")
	const sealing = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	p, serve := w.program().with("MUSETTE_LOG_LEVEL=debug", "MUSETTE_LOG_FILE="+file, "MUSETTE_SECRET_KEY="+sealing).reachable()
	s := serve()
	link := s.says(`(http://\S+/login\?code=\S+)`)
	s.until("everything here", s.settled)
	p.must("webhook", "create")
	callback := w.callback()
	made := strings.TrimSpace(p.must("key", "create", "site", "--scope", "read,refresh,admin"))
	invite := regexp.MustCompile(`invite=(\S+)`).FindStringSubmatch(p.must("athlete", "invite"))[1]
	code := link[strings.Index(link, "code=")+len("code="):]

	// Signing in, by link and by key; consent, by invite; events.
	owner, guest := newClient(t), newClient(t)
	signIn(t, owner, link).want(http.StatusOK)
	signIn(t, newClient(t), link).want(http.StatusUnauthorized)
	home, err := url.Parse(s.url)
	must(t, err)
	var cookies []string
	for _, c := range owner.Jar.Cookies(home) {
		cookies = append(cookies, c.Value)
	}
	if len(cookies) == 0 {
		t.Fatal("there is no session")
	}
	ask := func(c *http.Client, method, address, form string, headers ...string) answer {
		t.Helper()
		req, err := http.NewRequest(method, address, strings.NewReader(form))
		must(t, err)
		if form != "" {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			req.Header.Add(name, value)
		}
		return fetch(t, c, req)
	}
	ask(newClient(t), "POST", s.url+"/login", "key="+made).want(http.StatusOK)
	ask(newClient(t), "POST", s.url+"/login", "key=wrong"+made)
	ask(guest, "GET", s.url+"/connect?invite="+invite, "", "Accept: text/html").want(http.StatusOK)
	ask(guest, "POST", s.url+"/connect", "invite="+invite, "Accept: text/html").want(http.StatusOK)
	_, err = w.AddActivity(w.athlete.ID, time.Now().Add(-26*time.Hour))
	must(t, err)
	if n, err := w.Deliver(t.Context()); n != 1 || err != nil {
		t.Errorf("%d events were acknowledged, %v", n, err)
	}

	// The same where they don't belong.
	stranger := &http.Client{Transport: newClient(t).Transport, Timeout: patience} // without cookies
	secrets := append([]string{testKey, made, code, invite, w.ClientSecret(), w.refresh, sealing, callback[strings.LastIndex(callback, "/")+1:]}, cookies...)
	for _, secret := range secrets {
		q := url.QueryEscape(secret)
		for _, path := range []string{
			"/v1/feed?key=", "/v1/feed?cursor=", "/v1/events?since=", "/api/v3/athlete?access_token=", "/login?code=", "/?code=", "/connect?invite=",
			"/connect/callback?state=a&code=", "/connect/callback?code=a&state=", "/webhook/", "/WebHook/", "//webhook/", "/webhook/x?hub.verify_token=", "/nothing?", "/metrics?",
			"/debug/pprof/heap?gc=",
		} {
			ask(stranger, "GET", s.url+path+q, "")
		}
		ask(stranger, "POST", s.url+"/webhook/"+q, `{"object_type":"`+secret+`"}`)
		ask(stranger, "POST", s.url+"/webhook/"+q+"/more", "{}")
		ask(stranger, "POST", callback, `{"object_type":"`+secret+`"}`)
		ask(stranger, "GET", callback+"?hub.mode=subscribe&hub.challenge=a&hub.verify_token="+q, "")
		ask(stranger, "POST", s.url+"/login", "code="+q)
		ask(stranger, "POST", s.url+"/v1/refresh", `{"activity":"`+secret+`"}`, "Authorization: Bearer "+testKey)
		for _, header := range []string{"Authorization: Bearer ", "Authorization: Basic ", "X-API-Key: ", "Cookie: musette_session=", "Cookie: musette_invite=", "Referer: http://x/?code=", "Last-Event-ID: "} {
			ask(stranger, "GET", s.url+"/v1/feed", "", header+secret)
			ask(stranger, "GET", s.url+"/api/v3/athlete", "", header+secret)
		}
	}
	ask(owner, "POST", s.url+"/logout", "")
	if code, _ := s.stop(interrupt); code != 0 {
		t.Errorf("serve ended with %d", code)
	}

	log, err := os.ReadFile(file)
	must(t, err)
	requests := 0
	for line := range strings.Lines(string(log)) {
		var l struct{ Level, Msg, Request string }
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Level == "" || l.Msg == "" {
			t.Errorf("not a line of JSON: %s", line)
		}
		if l.Msg == "request" && l.Request != "" {
			requests++
		}
		for _, secret := range secrets {
			if strings.Contains(line, secret) || strings.Contains(line, url.QueryEscape(secret)) {
				t.Errorf("the secret %.4s… is in the log: %s", secret, line)
			}
		}
		if found := likeSecrets.FindString(line); found != "" {
			t.Errorf("%.6s… may be a secret: %s", found, line)
		}
	}
	if requests < 20*len(secrets) {
		t.Errorf("only %d requests are in the log", requests)
	}
}
