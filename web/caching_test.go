package web_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"musette"
	"musette/feed"
	"musette/web"
)

// The same status is the same bytes, so that its tag holds.
func TestTheStatusHasOneTag(t *testing.T) {
	a := newAPI(t, web.Config{Open: true}, feed.Publish{})
	a.setStatus(func(s *musette.Status) {
		parts := map[musette.Part]musette.PartCount{}
		for i, part := range musette.ActivityParts {
			parts[part] = musette.PartCount{Have: i}
		}
		s.Athletes = []musette.Athlete{{ID: athlete, Name: "Ada", State: "ok", Parts: parts}}
	})
	tag := a.get("/v1/status").Header.Get("ETag")
	for range 20 {
		wantHeader(t, a.get("/v1/status"), "ETag", tag)
	}
}

func TestConditionalRequests(t *testing.T) {
	a := newAPI(t, web.Config{Open: true}, feed.Publish{})
	a.put("", activity(1), activity(2))
	for _, target := range []string{"/v1/feed", "/v1/feed?limit=1", "/v1/activities/1", "/v1/totals", "/v1/status", "/v1/changes", "/openapi.json", "/"} {
		first := a.get(target)
		tag := first.Header.Get("ETag")
		if !strings.HasPrefix(tag, `"`) || first.StatusCode != 200 {
			t.Errorf("%s has the tag %s", target, tag)
		}
		for _, match := range []string{tag, "W/" + tag, `"x", ` + tag, "*", `"x",W/` + tag + `,"y"`} {
			r := a.get(target, "If-None-Match: "+match)
			if r.StatusCode != 304 || len(r.body) != 0 {
				t.Errorf("%s with %s: %s", target, match, r)
			}
			same := []string{"ETag", "Cache-Control", "Vary"}
			if target == "/" { // a browser keeps a document by the policy it was last told
				same = append(same, "Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options")
			}
			for _, name := range same {
				wantHeader(t, r, name, first.Header.Get(name))
			}
		}
		if r := a.get(target, `If-None-Match: "x"`); r.StatusCode != 200 {
			t.Errorf("%s with another tag: %d", target, r.StatusCode)
		}
		head := a.do("HEAD", target, "")
		if head.StatusCode != 200 || head.Header.Get("ETag") != tag || head.Header.Get("Content-Length") != first.Header.Get("Content-Length") {
			t.Errorf("HEAD %s: %s", target, head)
		}
	}
	tag := a.get("/v1/feed").Header.Get("ETag")
	a.setStatus(func(s *musette.Status) { s.State = musette.StateSyncing })
	if again := a.get("/v1/feed").Header.Get("ETag"); again == tag {
		t.Error("another state has the same tag")
	}
}

// How old the copy is, and in which state, is told beside the body; what the client has stays right meanwhile.
func TestAgeAndState(t *testing.T) {
	a := newAPI(t, web.Config{}, full)
	a.put("", activity(1))
	for _, target := range []string{"/v1/feed", "/v1/feed?limit=1", "/v1/activities/1", "/v1/totals"} {
		a.setStatus(func(s *musette.Status) { asOf := a.now; s.State, s.AsOf = musette.StateSyncing, &asOf })
		first := a.get(target)
		wantHeader(t, first, "Age", "0")
		wantHeader(t, first, "Cache-Status", "musette; hit")
		a.pass(90*time.Second + 900*time.Millisecond)
		again := a.get(target, "If-None-Match: "+first.Header.Get("ETag"))
		if again.StatusCode != 304 {
			t.Errorf("%s: as time goes by: %s", target, again)
		}
		wantHeader(t, again, "Age", "90")
		a.setStatus(func(s *musette.Status) { s.State = musette.StateStoreDown })
		wantHeader(t, a.get(target), "Cache-Status", "musette; hit; detail=store_down")
		a.pass(-time.Hour) // a clock that was set back
		wantHeader(t, a.get(target), "Age", "0")
		a.setStatus(func(s *musette.Status) { s.AsOf = nil })
		wantHeader(t, a.get(target), "Age", "")
	}
	for _, target := range []string{"/v1/status", "/v1/activities/9", "/openapi.json"} {
		wantHeader(t, a.get(target), "Cache-Status", "")
	}
}

func TestContentCodings(t *testing.T) {
	a := newAPI(t, web.Config{Open: true}, feed.Publish{})
	for id := int64(1); id <= 20; id++ {
		a.put("", activity(id))
	}
	plain := a.get("/v1/feed")
	tags := map[string]string{}
	for accept, want := range map[string]string{
		"": "", "gzip": "gzip", "zstd": "zstd", "gzip, deflate, br, zstd": "zstd", "GZIP": "gzip", "x-gzip": "gzip", "*": "zstd",
		"gzip;q=1.0, zstd;q=0.5": "gzip", "zstd;q=0, gzip;q=0.1": "gzip", "gzip;q=0": "", "gzip; q=0.5 , identity": "", "identity;q=0.5, gzip;q=0.5": "gzip",
		"*;q=0": "", "gzip;q=x": "", "gzip;q=2": "", "identity;q=0": "", "*;q=0, gzip": "gzip", "br": "", "zstd;q=0, *": "gzip", ",,;": "",
	} {
		r := a.get("/v1/feed", "Accept-Encoding: "+accept)
		if got := r.Header.Get("Content-Encoding"); got != want {
			t.Errorf("accepting %q gives %q, want %q", accept, got, want)
		}
		if !bytes.Equal(r.body, plain.body) {
			t.Errorf("accepting %q gives another body", accept)
		}
		tag := r.Header.Get("ETag")
		if other, ok := tags[tag]; ok && other != want {
			t.Errorf("%q and %q have the same tag", other, want)
		}
		tags[tag] = want
		if again := a.get("/v1/feed", "Accept-Encoding: "+accept, "If-None-Match: "+tag); again.StatusCode != 304 {
			t.Errorf("accepting %q, its own tag gives %d", accept, again.StatusCode)
		}
	}
	if r := a.get("/v1/totals?type=None", "Accept-Encoding: gzip"); r.Header.Get("Content-Encoding") != "" {
		t.Error("a short reply is compressed")
	}
}
