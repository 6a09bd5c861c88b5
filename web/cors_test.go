package web_test

import (
	"slices"
	"strings"
	"testing"

	"musette/web"
)

const site, elsewhere = "https://site.example", "https://evil.example"

func corsHeaders(r reply) (names []string) {
	for name := range r.Header {
		if strings.HasPrefix(name, "Access-Control-") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func TestAllowedOriginsReadTheAPIs(t *testing.T) {
	c := copyOf(t, 3)
	a := newAPI(t, web.Config{Origins: []string{"https://SITE.example:443/", "http://other.example:8080"}}, full)
	a.put("", activity(1))
	key := "X-API-Key: " + a.key(0, web.ScopeRead)
	for _, target := range []string{"/v1/feed", "/v1/status", "/v1/activities/9", "/v1/nothing", "/v1/feed?limit=x", "/openapi.json", "/api/v3/athlete"} {
		r := a.get(target, "Origin: "+site)
		wantHeader(t, r, "Access-Control-Allow-Origin", site)
		if got := corsHeaders(r); len(got) != 2 || !strings.Contains(r.Header.Get("Access-Control-Expose-Headers"), "ETag") {
			t.Errorf("%s has %v", target, got)
		}
		wantHeader(t, r, "Vary", "Authorization, X-API-Key, Cookie, Accept-Encoding, Origin")
		for _, origin := range []string{elsewhere, "null", "http://site.example", "https://site.example.evil.example", "https://SITE.example"} {
			if got := corsHeaders(a.get(target, "Origin: "+origin)); got != nil {
				t.Errorf("%s from %s has %v", target, origin, got)
			}
		}
		r = a.get(target)
		if got := corsHeaders(r); got != nil {
			t.Errorf("%s without an origin has %v", target, got)
		}
		wantHeader(t, r, "Vary", "Authorization, X-API-Key, Cookie, Accept-Encoding, Origin") // shared caches must tell them apart
	}
	if r := a.get("/v1/feed", "Origin: "+site, key); r.StatusCode != 200 || r.Header.Get("Cache-Control") != "private, no-cache" {
		t.Errorf("with a key: %s", r)
	}
	tag := a.get("/v1/feed").Header.Get("ETag")
	r := a.get("/v1/feed", "Origin: "+site, "If-None-Match: "+tag)
	wantHeader(t, r, "Access-Control-Allow-Origin", site)
	if r.StatusCode != 304 {
		t.Errorf("conditional: %s", r)
	}
	for _, target := range []string{"/", "/login", "/docs", "/healthz"} {
		if got := corsHeaders(a.get(target, "Origin: "+site)); got != nil {
			t.Errorf("%s, which is for people, has %v", target, got)
		}
	}
	if got := corsHeaders(c.get("/v1/feed", "Origin: "+site)); got != nil {
		t.Errorf("without a setting: %v", got)
	}
}

func TestPreflight(t *testing.T) {
	a := newAPI(t, web.Config{Origins: []string{site}}, full)
	ask := "Access-Control-Request-Method: POST"
	for _, target := range []string{"/v1/refresh", "/v1/feed", "/api/v3/athlete/activities"} {
		r := a.do("OPTIONS", target, "", "Origin: "+site, ask, "Access-Control-Request-Headers: authorization, content-type")
		if r.StatusCode != 204 || len(r.body) != 0 {
			t.Errorf("%s: %s", target, r)
		}
		wantHeader(t, r, "Access-Control-Allow-Origin", site)
		wantHeader(t, r, "Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE")
		for _, name := range []string{"Authorization", "X-API-Key", "Content-Type", "If-None-Match", "Last-Event-ID"} {
			if !strings.Contains(r.Header.Get("Access-Control-Allow-Headers"), name) {
				t.Errorf("%s: %s isn't allowed", target, name)
			}
		}
		if r.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s allows cookies", target)
		}
		for _, headers := range [][]string{{"Origin: " + elsewhere, ask}, {"Origin: " + site}, {ask}} {
			if r := a.do("OPTIONS", target, "", headers...); r.StatusCode != 405 || r.Header.Get("Access-Control-Allow-Methods") != "" {
				t.Errorf("%s with %v: %s", target, headers, r)
			}
		}
	}
	if r := a.do("OPTIONS", "/login", "", "Origin: "+site, ask); r.StatusCode != 405 {
		t.Errorf("a page: %s", r)
	}
}

// Cookies open nothing to other origins, allowed or not, and nobody else's page can send anything.
func TestCookiesStayAtHome(t *testing.T) {
	a := newAPI(t, web.Config{Origins: []string{site}, PublicURL: "https://feed.example"}, full)
	a.put("", activity(1, func(x *musetteActivity) { x.Visibility = "only_me" }))
	cookie := "Cookie: musette_session=" + cookieOf(t, a.do("POST", "/login", "key="+a.key(0, web.ScopeAdmin))).Value
	see := func(headers ...string) string {
		return as[feedReply](t, a.get("/v1/feed", append(headers, cookie)...)).ids()
	}
	for _, origin := range []string{site, elsewhere, "null", "https://127.0.0.1:1"} {
		if got := see("Origin: " + origin); got != "" {
			t.Errorf("a page of %s sees %q by the visitor's cookie", origin, got)
		}
	}
	for _, origin := range []string{"http://127.0.0.1:8080", "https://feed.example"} {
		if got := see("Origin: " + origin); got != "1" {
			t.Errorf("our own page, as %s, sees %q", origin, got)
		}
	}
	refresh := func(headers ...string) int { return a.do("POST", "/v1/refresh", "", headers...).StatusCode }
	key := "X-API-Key: " + a.key(0, web.ScopeRefresh)
	for name, c := range map[string]struct{ got, want int }{
		"allowed, by cookie":   {refresh("Origin: "+site, "Sec-Fetch-Site: cross-site", cookie), 401},
		"allowed, by key":      {refresh("Origin: "+site, "Sec-Fetch-Site: cross-site", key), 409}, // this server only serves
		"elsewhere, by cookie": {refresh("Origin: "+elsewhere, cookie), 403},
		"elsewhere, by key":    {refresh("Origin: "+elsewhere, key), 403},
		"null, by cookie":      {refresh("Origin: null", cookie), 403},
		"our own page":         {refresh("Origin: https://feed.example", cookie), 409},
		"no browser":           {refresh(key), 409},
		"allowed, signing in":  {a.do("POST", "/login", "key=x", "Origin: "+site, "Sec-Fetch-Site: cross-site").StatusCode, 403},
		"allowed, signing out": {a.do("POST", "/logout", "", "Origin: "+site, "Sec-Fetch-Site: cross-site", cookie).StatusCode, 403},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", name, c.got, c.want)
		}
	}
}

func TestOrigins(t *testing.T) {
	for text, want := range map[string]string{
		"https://example.org": "https://example.org", "https://Example.org/": "https://example.org", "http://example.org:80": "http://example.org",
		"https://example.org:8443": "https://example.org:8443", "http://[::1]:8080": "http://[::1]:8080",
		"example.org": "", "*": "", "https://*.example.org": "", "https://example.org/path": "", "https://u:p@example.org": "", "null": "", "": "", "ftp://example.org": "",
	} {
		got, err := web.CheckOrigin(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q: %v", text, got, err)
		}
	}
}
