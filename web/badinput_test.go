package web_test

import (
	"fmt"
	"strings"
	"testing"

	"musette"
	"musette/feed"
	"musette/web"
)

type musetteActivity = musette.Activity

// Whatever is asked wrongly is answered by a problem that names the parameter and says what would be right.
func TestBadInput(t *testing.T) {
	a := newAPI(t, web.Config{Open: true}, feed.Publish{})
	for id := int64(1); id <= 5; id++ {
		a.put("", activity(id))
	}
	next := *as[feedReply](t, a.get("/v1/feed?limit=2&type=Run")).Next
	var ids []string
	for i := range 100 {
		ids = append(ids, fmt.Sprint(i+1))
	}
	hundred := strings.Join(ids, ",")
	for target, want := range map[string]struct {
		status    int
		parameter string
		says      string
	}{
		"/v1/feed?colour=red":                               {400, "colour", "there are limit, cursor"},
		"/v1/feed?Limit=5":                                  {400, "Limit", "there is no such parameter"},
		"/v1/feed?limit=":                                   {400, "limit", "1 to 500"},
		"/v1/feed?limit=501":                                {400, "limit", "1 to 500"},
		"/v1/feed?limit=5.0":                                {400, "limit", "1 to 500"},
		"/v1/feed?limit=%2B5":                               {400, "limit", "1 to 500"},
		"/v1/feed?limit=5&limit=5":                          {400, "limit", "more than once"},
		"/v1/feed?limit=99999999999999999999":               {400, "limit", "1 to 500"},
		"/v1/feed?cursor=":                                  {400, "cursor", "leave it away"},
		"/v1/feed?cursor=" + next:                           {400, "cursor", "other parameters"},
		"/v1/feed?type=Ride&cursor=" + next:                 {400, "cursor", "other parameters"},
		"/v1/feed?type=Run&cursor=AAAAAGoQ":                 {400, "cursor", "this version"}, // as if from an older one
		"/v1/feed?type=Run&cursor=" + next + next:           {400, "cursor", "this version"},
		"/v1/feed?type=Run&cursor=../../etc":                {400, "cursor", "this version"},
		"/v1/feed?from=yesterday":                           {400, "from", "2026-05-22"},
		"/v1/feed?from=2026-02-30":                          {400, "from", "2026-05-22"},
		"/v1/feed?from=1747893600":                          {400, "from", "2026-05-22"},
		"/v1/feed?from=2026-05-02&to=2026-05-01":            {400, "to", "before from"},
		"/v1/totals?from=2026-05-02&to=2026-05-01":          {400, "to", "before from"},
		"/v1/feed?min_distance_m=-1":                        {400, "min_distance_m", "0 or more"},
		"/v1/feed?min_distance_m=NaN":                       {400, "min_distance_m", "0 or more"},
		"/v1/feed?max_distance_m=5km":                       {400, "max_distance_m", "metres"},
		"/v1/feed?min_distance_m=2&max_distance_m=1":        {400, "max_distance_m", "less than min_distance_m"},
		"/v1/feed?has=gps":                                  {400, "has", "photos, map, description, comments"},
		"/v1/feed?has=map,,photos":                          {400, "has", "empty"},
		"/v1/feed?athlete=me":                               {400, "athlete", "whole number"},
		"/v1/feed?athlete=" + hundred:                       {400, "athlete", "whole number"},
		"/v1/feed?type=" + hundred:                          {400, "type", "at most 50"},
		"/v1/feed?q=" + strings.Repeat("x", 201):            {400, "q", "200"},
		"/v1/feed?q=" + strings.Repeat("%F0%9F%9A%B4", 201): {400, "q", "200"},
		"/v1/feed?a;b":                                      {400, "", "can't be read"},
		"/v1/feed?limit=%zz":                                {400, "", "can't be read"},
		"/v1/totals?cursor=" + next:                         {400, "cursor", "no such parameter"},
		"/v1/status?x=1":                                    {400, "x", "no parameters"},
		"/v1/activities/me":                                 {404, "", "whole number"},
		"/v1/activities/" + hundred:                         {404, "", "whole number"},
		"/v1/activities/0x1":                                {404, "", "whole number"},
		"/v1/activities/9223372036854775808":                {404, "", "whole number"},
		"/v1/activities/9223372036854775807":                {404, "", "no such activity here"},
		"/v1/activities/1?fields=name":                      {400, "fields", "no parameters"},
		"/v1/activities/1/map.svg?width=31":                 {400, "width", "32 to 2000"},
		"/v1/activities/1/map.svg?height=1e3":               {400, "height", "32 to 2000"},
		"/v1/activities/1/map.svg?height=":                  {400, "height", "32 to 2000"},
		"/v1/activities/1/map.svg?size=5":                   {400, "size", "width, height"},
		"/v1/changes?since=-1":                              {400, "since", "0 or more"},
		"/v1/changes?since=1.5":                             {400, "since", "0 or more"},
		"/v1/changes?since=1&since=2":                       {400, "since", "more than once"},
		"/v1/events?since=now":                              {400, "since", "0 or more"},
		"/v1/events?epoch=x":                                {400, "epoch", "since"},
		"/openapi.json?pretty":                              {400, "pretty", "no parameters"},
		"/login?next=https://evil.example":                  {400, "next", "code"},
		"/v1/feed/":                                         {404, "", "nothing at this address"},
		"/v1/activities/1/map.png":                          {404, "", "nothing at this address"},
	} {
		p := a.wantProblem(a.get(target), want.status)
		if p.Parameter != want.parameter || !strings.Contains(p.Detail, want.says) {
			t.Errorf("%.80s: parameter %q, %q; want %q, %q", target, p.Parameter, p.Detail, want.parameter, want.says)
		}
	}
	// The same pages, asked rightly.
	for _, target := range []string{"/v1/feed?type=run&limit=9&cursor=" + next, "/v1/feed?type=Run&type=Ride", "/v1/feed?from=2026-05-22T12:00:00+01:00"} {
		if r := a.get(target); r.StatusCode != 200 {
			t.Errorf("%s: %s", target, r)
		}
	}
}

// A body where none belongs is refused, and said to be.
func TestBodiesWhereNoneBelong(t *testing.T) {
	a := newAPI(t, web.Config{Open: true}, feed.Publish{})
	a.put("", activity(1))
	for _, target := range []string{"/v1/feed", "/v1/activities/1", "/v1/totals", "/v1/status", "/v1/changes", "/v1/events", "/healthz", "/", "/docs"} {
		p := a.wantProblem(a.do("GET", target, `{"limit":5}`), 400)
		if !strings.Contains(p.Detail, "body") {
			t.Errorf("%s: %q", target, p.Detail)
		}
	}
	a.wantProblem(a.do("POST", "/logout", "all=yes"), 400)
	a.wantProblem(a.do("POST", "/v1/feed", "{}"), 405)
	a.wantProblem(a.do("POST", "/v1/nothing", "{}"), 404)
	if r := a.do("HEAD", "/v1/feed", "x"); r.StatusCode != 400 {
		t.Errorf("HEAD with a body: %s", r)
	}
}

// A range isn't served: whoever asks for one gets the whole, which RFC 9110 allows, and never a 206 or 416.
func TestRangesArePassedOver(t *testing.T) {
	a := newAPI(t, web.Config{Open: true}, feed.Publish{})
	a.put("", activity(1), activity(2))
	whole := a.get("/v1/feed")
	for _, headers := range [][]string{
		{"Range: bytes=0-9"},
		{"Range: bytes=-5"},
		{"Range: bytes=9-0"},
		{"Range: bytes=999999-"},
		{"Range: bytes=0-0,2-3,4-5,6-7"},
		{"Range: lines=1-2"},
		{"Range: bytes"},
		{"Range: bytes=a-b"},
		{"Range: bytes=" + strings.Repeat("0-1,", 1000) + "0-1"},
		{"Range: bytes=0-9", "If-Range: " + whole.Header.Get("ETag")},
		{"Range: bytes=0-9", "Range: bytes=3-4"},
	} {
		r := a.get("/v1/feed", headers...)
		if r.StatusCode != 200 || string(r.body) != string(whole.body) || r.Header.Get("Content-Range") != "" || r.Header.Get("Accept-Ranges") != "" {
			t.Errorf("%.60v: %s", headers, r.Status)
		}
	}
}

// A hundred requests of every odd kind at once leave nothing behind that the next one notices.
func TestOddHeaders(t *testing.T) {
	a := newAPI(t, web.Config{Open: true}, feed.Publish{})
	a.put("", activity(1))
	whole := a.get("/v1/feed")
	for _, header := range []string{
		"Accept: nothing/at-all", "Accept: ", "If-None-Match: ", "If-None-Match: \"", "If-None-Match: W/", "If-None-Match: ,,,", "If-Match: \"x\"",
		"If-Modified-Since: yesterday", "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT", "Accept-Encoding: gzip;q=0.5;q=1", "Accept-Encoding: ;q=1",
		"Accept-Encoding: gzip;q=-1", "Accept-Encoding: gzip;q=1e1", "Accept-Encoding: " + strings.Repeat("gzip,", 2000), "Expect: nothing",
		"Cookie: musette_session=" + strings.Repeat("x", 3000), "X-Forwarded-For: ,,,", "Last-Event-ID: \x7f", "Connection: keep-alive, Authorization",
	} {
		r := a.get("/v1/feed", header)
		if r.StatusCode != 200 || string(r.body) != string(whole.body) {
			t.Errorf("%.60s: %s", header, r.Status)
		}
	}
}
