package web_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"musette"
	"musette/feed"
	"musette/web"
)

// The predecessor's cache for replies stored nothing, would have answered before it looked at the key, and its tags
// were made of the time, so that none was ever equal.
func TestFailure30RepliesHaveTagsAndStayWithTheirReader(t *testing.T) {
	a := newAPI(t, web.Config{}, full)
	a.put("", activity(1), activity(2, func(x *musette.Activity) { x.Visibility = "only_me" }))
	owner, ada := "X-API-Key: "+a.key(0, web.ScopeRead), "X-API-Key: "+a.key(athlete, web.ScopeRead)
	for _, target := range []string{"/v1/feed", "/v1/feed?limit=1", "/v1/activities/1", "/v1/activities/1.geojson", "/v1/totals", "/v1/changes"} {
		first := a.get(target, owner)
		a.pass(time.Hour)
		again := a.get(target, owner, "If-None-Match: "+first.Header.Get("ETag"))
		if again.StatusCode != 304 || len(again.body) != 0 {
			t.Errorf("%s, an hour later: %s", target, again)
		}
		// The same question by another reader is answered to that reader, whatever was answered before, and by any tag.
		tags := map[string]bool{}
		for _, headers := range [][]string{{owner}, nil, {ada}, {owner}} {
			r := a.get(target, headers...)
			private := r.Header.Get("Cache-Control") == "private, no-cache"
			if private != (headers != nil) || !strings.Contains(r.Header.Get("Vary"), "X-API-Key") {
				t.Errorf("%s: %v", target, r.Header)
			}
			tags[r.Header.Get("ETag")] = true
		}
		if len(tags) != 3 {
			t.Errorf("%s: three readers have %d tags", target, len(tags))
		}
	}
	tag := a.get("/v1/feed", owner).Header.Get("ETag")
	a.wantProblem(a.get("/v1/feed", "X-API-Key: wrong", "If-None-Match: "+tag), 401)
	if r := a.get("/v1/feed", "If-None-Match: "+tag); r.StatusCode != 200 || bytes.Contains(r.body, []byte(`"2"`)) {
		t.Errorf("the owner's tag gives a stranger %s", r)
	}
	a.put("", activity(1, func(x *musette.Activity) { x.Name = "Renamed" }))
	if r := a.get("/v1/feed", owner, "If-None-Match: "+tag); r.StatusCode != 200 || !bytes.Contains(r.body, []byte("Renamed")) {
		t.Errorf("what changed isn't sent: %s", r)
	}
}

// The predecessor cut the list before it filtered, never sorted it, and failed on a null description or a date with a
// zone.
func TestFailure31FilteredThenSortedThenCut(t *testing.T) {
	a := newAPI(t, web.Config{Open: true}, feed.Publish{})
	for _, id := range []int64{7, 2, 9, 4, 1, 8, 3, 6, 5} {
		a.put("", activity(id, func(x *musette.Activity) {
			if x.ID%3 != 0 {
				x.Description = nil
			}
			if x.ID == 9 {
				x.SportType, x.Type = "Swim", "Swim"
			}
		}))
	}
	for query, want := range map[string]string{
		"":                                 "9 8 7 6 5 4 3 2 1",
		"limit=2":                          "9 8",
		"limit=2&has=description":          "9 6",
		"limit=2&type=Run":                 "8 7",
		"limit=1&has=description&type=Run": "6",
		"from=2026-05-22T14:05:00%2B02:00&to=2026-05-22T12:08:00Z": "7 6 5",
		"from=2026-05-22T14:05:00+02:00&limit=3":                   "9 8 7",
		"from=2026-05-22&to=2026-05-22&limit=1":                    "9",
		"to=2026-05-21":                                            "",
	} {
		if got := as[feedReply](t, a.get("/v1/feed?"+query)).ids(); got != want {
			t.Errorf("%s gives %q, want %q", query, got, want)
		}
	}
	page := as[feedReply](t, a.get("/v1/feed?limit=2&has=description"))
	a.put("", activity(100), activity(99))
	if got := as[feedReply](t, a.get("/v1/feed?limit=2&has=description&cursor="+*page.Next)).ids(); got != "3" {
		t.Errorf("the next page, after two more came in, has %q", got)
	}
}

// The predecessor let in whoever sent the right Referer, or none; told strangers about the cache; showed them the text of
// its errors; and counted callers by their User-Agent.
func TestFailure33NobodyGetsInByAHeader(t *testing.T) {
	a := newAPI(t, web.Config{PublicURL: "https://feed.example", Origins: []string{site}}, feed.Publish{})
	a.put("", activity(1))
	for _, headers := range [][]string{
		nil,
		{"Referer: https://feed.example/"},
		{"Referer: " + site},
		{"Origin: https://feed.example"},
		{"Origin: " + site},
		{"Host: feed.example"},
		{"X-Forwarded-For: 127.0.0.1"},
		{"X-Forwarded-Host: 127.0.0.1"},
		{"X-Real-IP: 127.0.0.1"},
		{"X-Original-URL: /healthz"},
		{"Authorization: Bearer undefined"},
		{"Authorization: Bearer null"},
		{"X-API-Key: '; DROP TABLE keys; --"},
		{"X-HTTP-Method-Override: POST"},
	} {
		for _, target := range []string{"/v1/feed", "/v1/activities/1", "/v1/activities/1.gpx", "/v1/totals", "/v1/status", "/v1/changes", "/v1/events"} {
			a.wantProblem(a.get(target, headers...), 401)
		}
		if r := a.get("/api/v3/athlete", headers...); r.StatusCode != 401 {
			t.Errorf("%v: Strava's paths answer %s", headers, r)
		}
		a.wantProblem(a.do("POST", "/v1/refresh", "", append(slices.Clone(headers), "Sec-Fetch-Site: same-origin")...), 401)
	}
	// One policy for every answer, the strict one.
	for _, target := range []string{"/", "/login", "/docs", "/v1/feed", "/nothing", "/api/v3/athlete", "/healthz", "/openapi.json"} {
		policy := a.get(target).Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "https:") {
			t.Errorf("%s has the policy %s", target, policy)
		}
	}
	for _, target := range []string{"/openapi.json", "/docs", "/healthz", "/"} {
		if r := a.get(target); bytes.Contains(r.body, []byte("Run 1")) || bytes.Contains(r.body, []byte(fmt.Sprint(athlete))) && target != "/openapi.json" && target != "/docs" {
			t.Errorf("%s tells strangers of what is here", target)
		}
	}
	// Another name in User-Agent is no other caller.
	a = newAPI(t, web.Config{}, full)
	for i := range 300 {
		a.send("GET", "/v1/status", "", "Remote: 198.51.100.7:1", fmt.Sprint("User-Agent: ", i))
	}
	a.wantProblem(a.get("/v1/status", "Remote: 198.51.100.7:1", "User-Agent: fresh"), 429)

	// What went wrong within stays within.
	a = newAPI(t, web.Config{Open: true, Refresh: func(context.Context, int64) (web.Refresh, error) {
		return web.Refresh{}, errors.New("SECRET path /var/lib/musette")
	}}, feed.Publish{})
	if r := a.do("POST", "/v1/refresh", ""); r.StatusCode != 500 || bytes.Contains(r.body, []byte("SECRET")) {
		t.Errorf("a stranger is told %s", r)
	}
}

// The predecessor sent nothing at all where compressing gained little.
func TestFailure35WhatHardlyCompressesIsStillSent(t *testing.T) {
	a := newAPI(t, web.Config{Open: true}, feed.Publish{})
	noise := make([]byte, 20_000)
	_, _ = rand.Read(noise)
	a.put("", activity(1, func(x *musette.Activity) { x.Name = hex.EncodeToString(noise) }), activity(2, func(x *musette.Activity) {
		x.Name, x.Photos, x.Comments, x.Description = "", []musette.Photo{}, []musette.Comment{}, nil
	}))
	for _, target := range []string{"/v1/feed", "/v1/activities/1", "/v1/activities/2", "/v1/feed?q=none", "/v1/totals", "/v1/status", "/openapi.json", "/docs"} {
		whole := a.get(target)
		if len(whole.body) == 0 {
			t.Fatalf("%s is empty", target)
		}
		for _, accept := range []string{"gzip", "zstd", "gzip, deflate, br, zstd", "identity", "br", "*", "gzip;q=0.001"} {
			r := a.get(target, "Accept-Encoding: "+accept)
			if r.StatusCode != 200 || !bytes.Equal(r.body, whole.body) {
				t.Errorf("%s by %s: %d bytes of %d", target, accept, len(r.body), len(whole.body))
			}
			head := a.do("HEAD", target, "", "Accept-Encoding: "+accept)
			if head.Header.Get("Content-Length") != r.Header.Get("Content-Length") {
				t.Errorf("%s by %s: HEAD says %s, GET %s", target, accept, head.Header.Get("Content-Length"), r.Header.Get("Content-Length"))
			}
		}
	}
}
