package stravatest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"musette/strava/stravatest"
)

func (w *world) fault(f stravatest.Fault) int {
	w.Helper()
	id, err := w.AddFault(f)
	if err != nil {
		w.Fatal(err)
	}
	return id
}

// onlyOnce gets the path with a fault on, and again without it.
func (w *world) onlyOnce(kind stravatest.FaultKind, path string) answer {
	w.Helper()
	w.fault(stravatest.Fault{Kind: kind, Count: 1})
	a := w.do("GET", "/api/v3"+path, w.token, nil)
	if again := w.get(path); again.status != 200 || again.limits()[0] == "" {
		w.Errorf("after one %s: %d %v", kind, again.status, again.limits())
	}
	if n := len(w.Faults()); n != 0 {
		w.Errorf("%d faults are left after one %s", n, kind)
	}
	return a
}

func TestFaultAnswers(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 12, Limits: generous})
	for _, c := range []struct {
		kind    stravatest.FaultKind
		status  int
		body    string // what it begins with
		headers bool   // the limits are there
	}{
		{stravatest.FaultServerError, 500, `{"message":"Internal Server Error","errors":[]}`, true},
		{stravatest.FaultBadGateway, 502, "<!DOCTYPE html>", false},
		{stravatest.FaultHTML, 200, "<!DOCTYPE html>", false},
		{stravatest.FaultTokenInvalid, 401, `{"message":"Authorization Error","errors":[{"resource":"Athlete","field":"access_token","code":"invalid"}]}`, true},
		{stravatest.FaultScopeMissing, 401, `{"message":"Authorization Error","errors":[{"resource":"AccessToken","field":"activity:read_permission","code":"missing"}]}`, true},
		{stravatest.FaultInactive, 403, `{"message":"Forbidden","errors":[{"resource":"Application","field":"Status","code":"Inactive"}]}`, true},
		{stravatest.FaultNotFound, 404, `{"message":"Resource Not Found","errors":[{"resource":"Activity","field":"","code":"not found"}]}`, true},
		{stravatest.FaultEmptyList, 200, "[]", true},
		{stravatest.FaultEmptyObject, 200, "{}", true},
	} {
		before := w.Usage().ReadDay
		a := w.onlyOnce(c.kind, "/athlete")
		if a.status != c.status || !strings.HasPrefix(string(a.body), c.body) {
			t.Errorf("%s: %d %s", c.kind, a.status, a.body)
		}
		if has := a.limits()[1] != ""; has != c.headers {
			t.Errorf("%s: limit headers %v", c.kind, a.limits())
		}
		if counted := w.Usage().ReadDay - before - 1; counted == 1 != c.headers {
			t.Errorf("%s: counted %d", c.kind, counted)
		}
		if isHTML := strings.HasPrefix(a.header.Get("Content-Type"), "text/html"); isHTML == c.headers {
			t.Errorf("%s: %s", c.kind, a.header.Get("Content-Type"))
		}
	}
	w.fault(stravatest.Fault{Kind: stravatest.FaultServerError, Status: 597, Count: 1})
	if a := w.get("/athlete"); a.status != 597 {
		t.Errorf("status %d", a.status)
	}
}

func TestFaultyHeaders(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 3})
	if a := w.onlyOnce(stravatest.FaultNoHeaders, "/athlete"); a.status != 200 || a.limits() != [4]string{} {
		t.Errorf("%d %v", a.status, a.limits())
	}
	if _, err := w.AddFault(stravatest.Fault{Kind: stravatest.FaultNoHeaders, Count: 1}); err != nil {
		t.Fatal(err)
	}
	if a := w.onlyOnce(stravatest.FaultEmptyHeaders, "/athlete"); a.limits() != [4]string{} {
		t.Errorf("without headers there are none to empty: %v", a.limits())
	}
	if a := w.onlyOnce(stravatest.FaultEmptyHeaders, "/athlete"); a.status != 200 || a.limits() != [4]string{"200,2000", ",", "100,1000", ","} {
		t.Errorf("%d %v", a.status, a.limits())
	}
}

// spoiltConnections are the faults that no answer tells of, over the network
// and without one.
func TestSpoiltConnections(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 12, Limits: generous})
	inProcess := &http.Client{Transport: w.Transport()}
	overNetwork := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // else the client tries again by itself
	for name, c := range map[string]*http.Client{"network": overNetwork, "in process": inProcess} {
		get := func() (*http.Response, error) {
			r, err := http.NewRequestWithContext(t.Context(), "GET", w.url+"/api/v3/athlete/activities", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+w.token)
			return c.Do(r)
		}
		w.fault(stravatest.Fault{Kind: stravatest.FaultTruncate, Count: 1})
		res, err := get()
		if err != nil {
			t.Fatalf("%s: truncate: %v", name, err)
		}
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != 200 || len(b) == 0 || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: truncate: %d, %d bytes, %v", name, res.StatusCode, len(b), err)
		}
		for _, kind := range []stravatest.FaultKind{stravatest.FaultReset, stravatest.FaultLost} {
			used := w.Usage().ReadDay
			w.fault(stravatest.Fault{Kind: kind, Count: 1})
			if res, err := get(); err == nil {
				res.Body.Close()
				t.Errorf("%s: %s: answered %d", name, kind, res.StatusCode)
			}
			if counted := w.Usage().ReadDay-used == 1; counted != (kind == stravatest.FaultLost) {
				t.Errorf("%s: %s: counted %v", name, kind, counted)
			}
			if calls := w.Calls(); calls[len(calls)-1].Status != 0 || calls[len(calls)-1].Fault != string(kind) {
				t.Errorf("%s: %s: logged as %+v", name, kind, calls[len(calls)-1])
			}
		}
		res, err = get()
		if err != nil || res.StatusCode != 200 {
			t.Errorf("%s: afterwards: %v", name, err)
		} else {
			res.Body.Close()
		}
	}
}

// TestLostRefresh is the case that a rotating refresh token makes dangerous:
// Strava has changed it, and the answer never came.
func TestLostRefresh(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 1, RotateRefreshTokens: true})
	granted := w.Grant(w.me)
	w.fault(stravatest.Fault{Kind: stravatest.FaultLost, Path: "/oauth/token", Count: 1})
	form := w.app("grant_type", "refresh_token", "refresh_token", granted)
	if res, err := w.request("POST", "/oauth/token", "", form); err == nil {
		res.Body.Close()
		t.Fatalf("answered %d", res.StatusCode)
	}
	if _, a := w.refresh(granted); a.status != 400 {
		t.Errorf("the token before: %d", a.status)
	}
}

func TestInactiveApplication(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 1})
	granted := w.Grant(w.me)
	id := w.fault(stravatest.Fault{Kind: stravatest.FaultInactive})
	for _, path := range []string{"/athlete", "/athlete/activities", "/push_subscriptions?" + w.app().Encode()} {
		if a := w.get(path); a.status != 403 || a.fault() != "Forbidden Application/Status/Inactive" {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if _, a := w.refresh(granted); a.status != 200 {
		t.Errorf("a token request: %d %s", a.status, a.body)
	}
	if !w.RemoveFault(id) || w.RemoveFault(id) {
		t.Error("removing a fault works once")
	}
	if a := w.get("/athlete"); a.status != 200 {
		t.Errorf("active again: %d", a.status)
	}
}

func TestFaultConditions(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 12, Limits: generous})
	one := "/activities/" + id(w.truth()[0])
	statuses := func(n int, path string) (failed int) {
		for range n {
			if w.get(path).status == 500 {
				failed++
			}
		}
		return failed
	}
	for _, c := range []struct {
		fault stravatest.Fault
		path  string
		want  int
	}{
		{stravatest.Fault{Path: "/activities/*"}, one, 10},
		{stravatest.Fault{Path: "/activities/*"}, one + "/comments", 0},
		{stravatest.Fault{Path: "/activities/**"}, one + "/comments", 10},
		{stravatest.Fault{Path: "/activities/**"}, "/athlete", 0},
		{stravatest.Fault{Path: "/activities/*/comments"}, one + "/comments", 10},
		{stravatest.Fault{Method: "POST"}, "/athlete", 0},
		{stravatest.Fault{Count: 3}, "/athlete", 3},
		{stravatest.Fault{Skip: 7}, "/athlete", 3},
		{stravatest.Fault{Skip: 2, Count: 1}, "/athlete", 1},
	} {
		c.fault.Kind = stravatest.FaultServerError
		w.ClearFaults()
		w.fault(c.fault)
		if n := statuses(10, c.path); n != c.want {
			t.Errorf("%+v at %s: %d of 10, want %d", c.fault, c.path, n, c.want)
		}
	}
	w.ClearFaults()
	w.fault(stravatest.Fault{Kind: stravatest.FaultServerError, Probability: 0.5})
	if n := statuses(100, "/athlete"); n < 30 || n > 70 {
		t.Errorf("%d of 100 with probability 0.5", n)
	}
	w.ClearFaults()
	w.fault(stravatest.Fault{Kind: stravatest.FaultServerError, For: time.Minute})
	if w.clock.Advance(59 * time.Second); statuses(1, "/athlete") != 1 {
		t.Error("over too early")
	}
	if w.clock.Advance(time.Second); statuses(1, "/athlete") != 0 {
		t.Error("not over in time")
	}
	for _, bad := range []stravatest.Fault{{Kind: "gremlin"}, {}, {Kind: stravatest.FaultHTML, Path: "["}} {
		if _, err := w.AddFault(bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

func TestEmptyPolyline(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 60, Limits: generous})
	var withMap listed
	for _, a := range w.all("") {
		if a.Map.Summary != "" {
			withMap = a
		}
	}
	var plain, spoilt listed
	w.must("/activities/"+id(withMap.ID), &plain)
	fault := w.fault(stravatest.Fault{Kind: stravatest.FaultEmptyPolyline})
	w.must("/activities/"+id(withMap.ID), &spoilt)
	if plain.Map.Polyline == "" || spoilt.Map.Polyline != "" || spoilt.Map.Summary != "" || spoilt.Distance != plain.Distance || len(spoilt.StartLatLng) != 2 {
		t.Errorf("spoilt: %+v", spoilt)
	}
	for _, a := range w.all("") {
		if a.Map.Summary != "" {
			t.Fatal("the list has a line")
		}
	}
	w.RemoveFault(fault)
	w.must("/activities/"+id(withMap.ID), &spoilt)
	if spoilt.Map != plain.Map {
		t.Error("the line has not come back")
	}
}

func TestLatencyByTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := stravatest.NewClock(noon)
		s := stravatest.New(stravatest.Config{Activities: 1, Now: clock.Now, Sleep: clock.Sleep})
		token := s.AccessToken(s.Athletes()[0].ID)
		if _, err := s.AddFault(stravatest.Fault{Kind: stravatest.FaultLatency, Delay: 40 * time.Second}); err != nil {
			t.Fatal(err)
		}
		c := &http.Client{Transport: s.Transport()}
		get := func(ctx context.Context) (*http.Response, error) {
			r, err := http.NewRequestWithContext(ctx, "GET", "http://strava.invalid/api/v3/athlete", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+token)
			return c.Do(r)
		}
		answered := false
		go func() {
			res, err := get(t.Context())
			if err != nil || res.StatusCode != 200 || res.Header.Get("Date") != noon.Add(40*time.Second).Format(http.TimeFormat) {
				t.Errorf("%v %v", res, err)
			}
			answered = true
		}()
		synctest.Wait()
		clock.Advance(39 * time.Second)
		synctest.Wait()
		if answered {
			t.Error("answered too early")
		}
		clock.Advance(time.Second)
		synctest.Wait()
		if !answered {
			t.Error("not answered in time")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := get(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a client that gives up: %v", err)
		}
	})
}
