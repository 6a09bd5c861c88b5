package web_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"musette"
	"musette/feed"
	"musette/store"
	"musette/web"
)

// Two athletes: what is of the second is marked, and the first is to see none of it.
const (
	another   = 77_000_077
	theirRun  = 990_001
	theirMark = "Zzyzx"
)

var marks = []string{theirMark, "77000077", "990001"}

// newApart is a server with two athletes, whose own pages everything can be done at.
func newApart(t *testing.T, publish feed.Publish) (a *api, left *[]int64) {
	left = new([]int64)
	a = newAPI(t, web.Config{Streams: true, Leave: func(_ context.Context, id int64) (web.Receipt, error) {
		*left = append(*left, id)
		return web.Receipt{Name: "Ada", At: noon, Activities: 2, Rows: 9, Strava: "told"}, nil
	}}, publish)
	mine := func(id int64) musette.Activity { return activity(id, place) }
	a.put("", mine(1), mine(2), activity(theirRun, of(another), place, func(x *musette.Activity) {
		x.Name = theirMark + " loop"
		text := theirMark
		x.Description, x.Comments[0].Text, x.Start = &text, theirMark, musette.At(noon.Add(time.Minute))
	}))
	a.update(func(ctx context.Context, tx *store.Tx) error {
		for _, id := range []int64{athlete, another} {
			name := map[int64]string{athlete: "Ada Lovelace", another: theirMark + " Person"}[id]
			if err := tx.PutAthlete(ctx, store.Athlete{ID: id, Name: name, FirstSeen: noon}); err != nil {
				return err
			}
			body := fmt.Sprintf(`{"id":%d,"firstname":%q,"resource_state":2}`, id, name)
			if err := tx.PutDocument(ctx, musette.NewDocument(id, 0, musette.PartAthlete, musette.SourceAPI, []byte(body), noon), false); err != nil {
				return err
			}
		}
		for id, who := range map[int64]int64{1: athlete, theirRun: another} {
			for _, part := range []musette.Part{musette.PartSummary, musette.PartDetail, musette.PartComments, musette.PartStreams} {
				body := fmt.Sprintf(`{"id":%d,"name":"of %d","athlete":{"id":%d},"start_date":"2026-05-22T12:01:00Z","sport_type":"Run","gear":{"id":"b%d","name":"of %d"}}`, id, who, who, who, who)
				if err := tx.PutDocument(ctx, musette.NewDocument(who, id, part, musette.SourceAPI, []byte(body), noon), false); err != nil {
					return err
				}
			}
		}
		return tx.PutZone(ctx, store.Zone{ID: "theirs", AthleteID: another, Name: theirMark, Lat: 1, Lng: 1, RadiusM: 400, CreatedAt: noon})
	})
	a.setStatus(func(s *musette.Status) {
		s.Athletes = []musette.Athlete{{ID: athlete, Name: "Ada Lovelace", State: "ok"}, {ID: another, Name: theirMark + " Person", State: "reconnect", Cause: theirMark}}
		s.LastErrors = []musette.LastError{{At: noon, AthleteID: another, ActivityID: theirRun, Kind: "server", Message: theirMark}}
	})
	return a, left
}

// place gives an activity a route that is long enough to be shown.
func place(a *musette.Activity) { a.Map = &musette.Map{Polyline: "_p~iF~ps|U_ulLnnqC_mqNvxq`@"} }

// What is one athlete's no other sees, on any path that there is, by key or by session, as one who may only read or as
// one who may do everything with what is theirs.
func TestAnAthleteSeesNothingOfAnother(t *testing.T) {
	a, left := newApart(t, feed.Publish{})
	session := sentBack(a.do("POST", "/login", "key="+a.key(athlete, web.ScopeAdmin)), "musette_session")
	variables := regexp.MustCompile(`\{[a-z]+\}`)
	clean := func(what string, body []byte) {
		t.Helper()
		for _, mark := range marks {
			if !strings.Contains(what, mark) && bytes.Contains(body, []byte(mark)) { // what was asked may be repeated
				t.Errorf("%s shows %s:\n%.600s", what, mark, body)
			}
		}
	}
	asked := 0
	for who, header := range map[string]string{
		"a key that reads": "X-API-Key: " + a.key(athlete, web.ScopeRead), "a key of everything": "X-API-Key: " + a.key(athlete, web.ScopeAdmin), "a session": session,
	} {
		for _, route := range a.server.Routes() {
			method, path, _ := strings.Cut(route, " ")
			if method != "GET" || path == "/v1/events" || strings.HasPrefix(path, "/static/") || strings.HasPrefix(path, "/debug/") {
				continue
			}
			for _, id := range []string{"990001", "77000077", "b77000077", "1"} {
				for _, query := range []string{"", "?athlete=77000077", "?q=" + theirMark, "?since=0"} {
					if !strings.Contains(path, "{") && id != "1" {
						continue
					}
					asked++
					_, r := a.send(method, variables.ReplaceAllString(path, id)+query, "", header, "Accept: text/html, */*")
					body := r.body
					if path == "/me/export" && r.StatusCode == 200 {
						body = unzipped(t, body)
					}
					clean(who+" "+path+" "+id+" "+query, body)
				}
			}
		}
		// What an athlete does about somebody else isn't done.
		for _, c := range []struct {
			method, path, form string
			status             int
		}{
			{"PUT", "/v1/activities/990001/hide", "", 404},
			{"POST", "/v1/refresh", `{"activity":"990001"}`, 404},
			{"POST", "/me/hide", "activity=990001&hide=all", 404},
			{"POST", "/me/hide", "activity=990001&hide=all&athlete=77000077", 404},
			{"POST", "/me/zones", "activity=990001&end=start", 400},
			{"POST", "/me/zones/remove", "zone=theirs", 404},
			{"POST", "/me/leave", "confirm=leave&athlete=77000077", 404},
		} {
			_, r := a.send(c.method, c.path, c.form, header)
			if r.StatusCode != c.status && r.StatusCode != 403 {
				t.Errorf("%s: %s %s %s is answered with %s", who, c.method, c.path, c.form, r)
			}
			clean(who+" "+c.path, r.body)
		}
	}
	if asked < 300 {
		t.Errorf("only %d questions were asked", asked)
	}
	if len(*left) != 0 {
		t.Errorf("%v have left", *left)
	}
	a.update(func(ctx context.Context, tx *store.Tx) error {
		hides, _ := tx.Hides(ctx, another, 0)
		zones, _ := tx.Zones(ctx)
		if len(hides) != 0 || len(zones) != 1 {
			t.Errorf("hides %v, zones %v", hides, zones)
		}
		return nil
	})
	// The marks are there to be found.
	operator := "X-API-Key: " + a.key(0, web.ScopeAdmin)
	for _, path := range []string{"/", "/v1/feed", "/v1/status", "/status", "/me", "/me?athlete=77000077", "/v1/changes?since=0"} {
		if _, r := a.send("GET", path, "", operator, "Accept: text/html, */*"); !bytes.Contains(r.body, []byte(theirMark)) && !bytes.Contains(r.body, []byte("990001")) {
			t.Errorf("the operator sees nothing at %s: %s", path, r)
		}
	}

	// The stream of events, from its beginning.
	events := a.events(a.listen(), "?since=0", session)
	a.put("", activity(theirRun, of(another)), activity(9))
	for {
		e := a.next(events)
		clean("the stream", []byte(e.data+" "+e.id))
		if strings.Contains(e.data, `"9"`) {
			break
		}
	}
}

// unzipped is the text of all that is in a zip.
func unzipped(t *testing.T, body []byte) (all []byte) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		all = append(append(all, f.Name...), '\n')
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	return all
}

// An athlete hides, sees at once what is left, makes zones, and leaves.
func TestAnAthletesOwnPage(t *testing.T) {
	publish := full
	publish.Fields = []string{feed.FieldName, feed.FieldMap}
	a, left := newApart(t, publish)
	session := sentBack(a.do("POST", "/login", "key="+a.key(athlete, web.ScopeAdmin)), "musette_session")
	me := func() string { return string(a.get("/me", session).body) }
	if page := me(); strings.Count(page, "Strangers see it") != 2 || !strings.Contains(page, "2 activities here") || !strings.Contains(page, "2</span>") && !strings.Contains(page, "2 shown to strangers") {
		t.Errorf("the page is %s", page)
	}
	stranger := func(id int) int { return a.get(fmt.Sprint("/v1/activities/", id)).StatusCode }
	a.says(a.do("POST", "/me/hide", "activity=1&hide=all", session), 303)
	if page := me(); !strings.Contains(page, "Hidden by you") || stranger(1) != 404 || stranger(2) != 200 {
		t.Errorf("after hiding, strangers get %d and %d, the page is %s", stranger(1), stranger(2), page)
	}
	a.says(a.do("POST", "/me/hide", "activity=1&show=all", session), 303)
	a.says(a.do("POST", "/me/hide", "activity=1&hide=map", session), 303)
	if stranger(1) != 200 || !strings.Contains(me(), "Show the map") {
		t.Error("it isn't shown again, or the map isn't hidden")
	}
	for _, form := range []string{"activity=1", "activity=1&hide=all&show=all", "activity=1&hide=name", "activity=x&hide=all", "hide=all&activity=1&other=1"} {
		if r := a.do("POST", "/me/hide", form, session); r.StatusCode != 400 && r.StatusCode != 404 {
			t.Errorf("%s is answered with %s", form, r)
		}
	}
	// Zones: by place, by an end of a route, and what isn't right is said beside what was typed.
	a.says(a.do("POST", "/me/zones", "name=School&place=51.4779%2C+-0.0015&radius=400", session), 303)
	a.says(a.do("POST", "/me/zones", "activity=1&end=finish", session), 303)
	if page := me(); !strings.Contains(page, "School") || !strings.Contains(page, "Finish of Run 1") || strings.Contains(page, theirMark) {
		t.Errorf("the page is %s", page)
	}
	for form, word := range map[string]string{
		"name=A&place=here&radius=400": "latitude and longitude", "name=A&place=91,0": "latitude and longitude", "name=A&place=1,1&radius=1": "50 to 10,000",
		"place=1,1": "Name it", "name=A&place=1,1&radius=NaN": "50 to 10,000", "name=" + strings.Repeat("x", 101) + "&place=1,1": "Name it",
	} {
		a.says(a.do("POST", "/me/zones", form, session), 400, word)
	}
	var zones []store.Zone
	a.update(func(ctx context.Context, tx *store.Tx) (err error) {
		zones, err = tx.Zones(ctx)
		return err
	})
	for _, z := range zones {
		if z.Name == "School" {
			a.says(a.do("POST", "/me/zones/remove", "zone="+z.ID, session), 303)
		}
	}
	if strings.Contains(me(), "School") {
		t.Error("the zone is still there")
	}
	// Everything, to take along.
	r := a.get("/me/export", session)
	all := string(unzipped(t, r.body))
	for _, want := range []string{"activities/1/detail.json", `{"id":1,"name":"of 4242"`, "activities/1/route.gpx", "<gpx", "choices.json", `"Finish of Run 1"`, `"map"`, "athlete.json"} {
		if !strings.Contains(all, want) {
			t.Errorf("the export lacks %s", want)
		}
	}
	if !strings.Contains(r.Header.Get("Content-Disposition"), "musette-4242-2026-05-22.zip") || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the export comes with %v", r.Header)
	}
	// Another site's page can't do any of it, nor may somebody who only reads.
	for _, path := range []string{"/me/hide", "/me/zones", "/me/zones/remove", "/me/leave"} {
		form := "confirm=leave"
		a.says(a.do("POST", path, form, session, "Origin: https://evil.example", "Sec-Fetch-Site: cross-site"), 403)
		a.says(a.do("POST", path, form, session, "Sec-Fetch-Site: same-site"), 403)
		if got := a.do("POST", path, "", "X-API-Key: "+a.key(athlete, web.ScopeRead)).StatusCode; got != 403 {
			t.Errorf("%s: who only reads gets %d", path, got)
		}
		a.says(a.do("POST", path, ""), 401)
	}
	a.says(a.do("POST", "/me/leave", "confirm=yes", session), 400, "Nothing was deleted")
	if len(*left) != 0 {
		t.Fatal("somebody has left")
	}
	r = a.do("POST", "/me/leave", "confirm=Leave", session)
	a.says(r, 200, "Goodbye, Ada", "2 activities")
	if fmt.Sprint(*left) != fmt.Sprint([]int64{athlete}) {
		t.Errorf("%v have left", *left)
	}
}

// The page of how things stand says what the status does, in words.
func TestTheStatusPage(t *testing.T) {
	a := newAPI(t, web.Config{}, feed.Publish{})
	a.says(a.get("/status"), 401)
	operator := "X-API-Key: " + a.key(0, web.ScopeRead)
	until, since := noon.Add(15*time.Minute), noon.Add(-time.Hour)
	a.setStatus(func(s *musette.Status) {
		s.State, s.Until, s.Since, s.Cause, s.ETA, s.NextCall = musette.StateLimited, &until, &since, "Strava's quota for now is used up", &until, &until
		s.Quota.Read = musette.Windows{Quarter: musette.Window{Used: 100, Limit: 100, Resets: until}, Day: musette.Window{Used: 1234, Limit: 5000, Resets: until}}
		s.Athletes = []musette.Athlete{{ID: 1, Name: "<b>Ada</b>", State: "ok", Activities: 1450, Parts: map[musette.Part]musette.PartCount{
			musette.PartSummary: {Have: 1450}, musette.PartDetail: {Have: 1000, Due: 440, Failed: 9, Quarantined: 1},
		}}}
		s.LastErrors = []musette.LastError{{At: noon, ActivityID: 5, Part: musette.PartPhotos, Message: "Strava has a fault <script>"}}
	})
	a.says(a.get("/status", operator), 200, "Strava is resting", "Strava’s quota for now is used up.", "100 of 100", "Used up", "1,234 of 5,000",
		"1,000 of 1,450", "440 to come, 9 failed, tried again later, 1 set aside", "In about 15 min", "Photos of activity 5", "&lt;script&gt;", "&lt;b&gt;Ada")
	a.setStatus(func(s *musette.Status) {
		s.State, s.Until, s.Advice = musette.StateHeld, nil, "`musette deletions list` shows them"
	})
	a.says(a.get("/status", operator), 200, "Deletions wait for you", "<code>musette deletions list</code>")
	// A lost key is said with its remedy.
	a.setStatus(func(s *musette.Status) {
		s.State, s.Advice = musette.StateReconnect, ""
		s.Cause = "the athlete's tokens are sealed with another key than the present one; put the former MUSETTE_SECRET_KEY or key file back"
	})
	a.says(a.get("/status", operator), 200, "Needs to connect again", "MUSETTE_SECRET_KEY")
	a.setStatus(func(s *musette.Status) {
		s.State, s.Cause = musette.StateInactive, "Strava has switched this app off; its owner's subscription may have lapsed"
	})
	a.says(a.get("/status", operator), 200, "The app is switched off", "subscription")
}
