package stravatest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"musette/strava/stravatest"
)

// control posts JSON below /control and returns the answer.
func (w *world) control(path, body string) answer {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), "POST", w.url+"/control/"+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := client.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.Fatal(err)
	}
	return answer{w.T, res.StatusCode, res.Header, b}
}

func TestOperatorPage(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 10})
	token := w.Grant(w.me)
	w.ok(w.Rename(w.truth()[0], `"><script>alert(1)</script>`))
	w.get("/athlete")
	w.fault(stravatest.Fault{Kind: stravatest.FaultHTML, Path: "/nowhere", For: time.Hour})
	page := w.do("GET", "/", "", nil)
	for _, want := range []string{
		"STRAVA_API_URL=" + w.url + "/api/v3\n", "STRAVA_CLIENT_ID=" + w.ClientID() + "\n", "STRAVA_CLIENT_SECRET=" + w.ClientSecret(),
		"STRAVA_REFRESH_TOKEN=" + token, "&gt;&lt;script&gt;", "GET /athlete: 1",
	} {
		if !strings.Contains(string(page.body), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if page.status != 200 || strings.Contains(string(page.body), "<script") {
		t.Errorf("%d, or a name runs as a script", page.status)
	}
	if a := w.do("GET", "/nothing", "", nil); a.status != 404 {
		t.Errorf("another page: %d", a.status)
	}
}

func TestControl(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 10, Limits: generous})
	one := id(w.truth()[0])
	for _, c := range []struct{ path, body, want string }{
		{"activities/" + one + "/name", `{"name":"Näme \"x\""}`, `{"done":true}`},
		{"activities/" + one + "/type", `{"sport_type":"GravelRide"}`, `{"done":true}`},
		{"activities/" + one + "/description", `{"description":"d"}`, `{"done":true}`},
		{"activities/" + one + "/visibility", `{"visibility":"only_me"}`, `{"done":true}`},
		{"limits", `{"read_quarter":7}`, `{"OverallQuarter":1000000,"OverallDay":1000000,"ReadQuarter":7,"ReadDay":1000000}`},
		{"limits", `{"read_quarter":700}`, ""},
		{"spend", `{"calls":5}`, `{"OverallQuarter":5,"OverallDay":5,"ReadQuarter":5,"ReadDay":5}`},
		{"quirks", `{"short_pages":true}`, `{"reverse_order":false,"short_pages":true,"before_inclusive":false,"hidden_starts_by_true_time":false,"no_photos_endpoint":false}`},
		{"quirks", ``, ""},
		{"manner", `{"duplicates":2,"delay":"5m","loss":0.5,"reverse":true}`, ""},
		{"approval", `{"auto":true,"scopes":["read"]}`, `{"done":true}`},
		{"clock", `{"advance":"90s"}`, `{"now":"2026-07-22T12:01:37Z"}`},
		{"deliver", ``, `{"acknowledged":0}`},
		{"faults/clear", ``, `{"done":true}`},
		{"calls/reset", ``, `{"done":true}`},
	} {
		if a := w.control(c.path, c.body); a.status != 200 || c.want != "" && compact(a.body) != c.want {
			t.Errorf("%s %s: %d %s", c.path, c.body, a.status, a.body)
		}
	}
	truth := w.Activities(w.me)[0]
	if truth.Name != `Näme "x"` || truth.SportType != "GravelRide" || *truth.Description != "d" || truth.Visibility != stravatest.OnlyMe {
		t.Errorf("%+v", truth)
	}
	if m := w.Manner(); m != (stravatest.Manner{Duplicates: 2, Delay: 5 * time.Minute, Loss: 0.5, Reverse: true}) {
		t.Errorf("%+v", m)
	}

	var made struct{ ID string }
	w.control("activities", `{"ago":"72h"}`).into(&made)
	if a := w.get("/activities/" + made.ID); a.status != 200 {
		t.Errorf("added %s: %d", made.ID, a.status)
	}
	w.control("activities/"+made.ID+"/comments", `{"text":"Hé"}`).into(&made)
	w.control("faults", `{"kind":"server-error","path":"/athlete","count":1,"for":"1h","status":503}`).into(&made)
	state := w.do("GET", "/control/state", "", nil)
	if !strings.Contains(string(state.body), `"faults":[{"id":`+made.ID+`,"kind":"server-error","path":"/athlete","count":1,"for":"1h0m0s","status":503,"hits":0}]`) {
		t.Errorf("%s", state.body)
	}
	if a := w.get("/athlete"); a.status != 503 {
		t.Errorf("with a fault: %d", a.status)
	}
	var grant struct {
		Token string `json:"refresh_token"`
	}
	w.control("athletes/"+id(w.me)+"/grant", `{"scopes":"read,activity:read"}`).into(&grant)
	if _, a := w.refresh(grant.Token); a.status != 200 {
		t.Errorf("granted: %d", a.status)
	}
	w.control("expire", "")
	if a := w.get("/athlete"); a.status != 401 {
		t.Errorf("expired: %d", a.status)
	}
	w.control("athletes", `{"activities":3}`).into(&made)
	if len(w.Athletes()) != 2 {
		t.Errorf("%d athletes", len(w.Athletes()))
	}
	w.control("athletes/"+id(w.me)+"/revoke", "")
	if _, a := w.refresh(grant.Token); a.status != 400 {
		t.Errorf("revoked: %d", a.status)
	}
	for path, body := range map[string]string{
		"activities":        `{"athlete":"x"}`,
		"activities/1/name": `{"name":"x"}`,
		"faults":            `{"kind":"gremlin"}`,
		"faults/99/delete":  ``,
		"clock":             `{"advance":"soon"}`,
		"spend":             `{"calls":-1}`,
		"limits":            `[1]`,
		"manner":            `{"loss":2}`,
		"athletes/5/grant":  ``,
	} {
		a := w.control(path, body)
		var e struct{ Error string }
		if a.status < 400 || json.Unmarshal(a.body, &e) != nil || e.Error == "" {
			t.Errorf("%s %s: %d %s", path, body, a.status, a.body)
		}
	}
	for _, path := range []string{"/control/calls", "/control/activities"} {
		if a := w.do("GET", path, "", nil); a.status != 200 || !json.Valid(a.body) || bytes.Contains(a.body, []byte(grant.Token)) {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}

func TestControlFromTheBrowser(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 3})
	post := func(origin string) int {
		form := url.Values{"name": {"x"}}
		r, err := http.NewRequestWithContext(t.Context(), "POST", w.url+"/control/activities/"+id(w.truth()[0])+"/name", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", "text/html,*/*")
		r.Header.Set("Origin", origin)
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	if status := post(w.url); status != http.StatusSeeOther {
		t.Errorf("from the page: %d", status)
	}
	if status := post("https://evil.example"); status != http.StatusForbidden {
		t.Errorf("from another site: %d", status)
	}
}

func TestListen(t *testing.T) {
	s := stravatest.New(stravatest.Config{Activities: 1})
	n, err := s.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if n.APIURL != n.URL+"/api/v3" || n.OAuthURL != n.URL+"/oauth" {
		t.Errorf("%+v", n)
	}
	if _, err := s.Listen(strings.TrimPrefix(n.URL, "http://")); err == nil {
		t.Error("listening twice on one port")
	}
	res, err := http.Get(n.URL)
	if err != nil || res.StatusCode != 200 {
		t.Fatal(res, err)
	}
	res.Body.Close()
	for range 2 {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	}
	if res, err := http.Get(n.URL); err == nil {
		res.Body.Close()
		t.Error("still served after Close")
	}
}
