package stravatest_test

import (
	"net/http"
	"testing"
	"time"

	"musette/strava/stravatest"
)

// limits returns the four headers.
func (a answer) limits() [4]string {
	return [4]string{
		a.header.Get("X-Ratelimit-Limit"), a.header.Get("X-Ratelimit-Usage"),
		a.header.Get("X-Readratelimit-Limit"), a.header.Get("X-Readratelimit-Usage"),
	}
}

func TestLimits(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 5, Limits: stravatest.Limits{OverallQuarter: 10, OverallDay: 40, ReadQuarter: 4, ReadDay: 12}})
	for i, want := range []string{"1,1", "2,2", "3,3", "4,4"} {
		a := w.get("/athlete")
		if a.status != 200 || a.limits() != [4]string{"10,40", want, "4,12", want} {
			t.Fatalf("call %d: %d %v", i+1, a.status, a.limits())
		}
	}
	a := w.get("/athlete")
	if a.status != http.StatusTooManyRequests || a.fault() != "Rate Limit Exceeded Application/read rate limit/exceeded" ||
		a.header.Get("Retry-After") != "" || a.limits() != [4]string{"10,40", "5,5", "4,12", "5,5"} {
		t.Errorf("the fifth: %d %s %v", a.status, a.body, a.header)
	}
	if w.Refused() != 1 {
		t.Errorf("%d refused", w.Refused())
	}

	w.clock.Set(time.Date(2026, 7, 22, 12, 14, 59, 0, time.UTC))
	if a := w.get("/athlete"); a.status != 429 {
		t.Errorf("in the last second of the quarter: %d", a.status)
	}
	w.clock.Advance(time.Second)
	if a := w.get("/athlete"); a.status != 200 || a.limits()[3] != "1,7" { // the refused two count in the day
		t.Errorf("in the next quarter: %d %v", a.status, a.limits())
	}

	w.Spend(3) // another program
	if a := w.get("/athlete"); a.status != 429 || a.limits()[3] != "5,11" {
		t.Errorf("after another program's calls: %d %v", a.status, a.limits())
	}
	w.SetLimits(stravatest.Limits{OverallQuarter: 8, OverallDay: 40, ReadQuarter: 100, ReadDay: 12})
	if a := w.get("/athlete"); a.status != 200 || a.limits() != [4]string{"8,40", "6,12", "100,12", "6,12"} {
		t.Errorf("with other limits: %d %v", a.status, a.limits())
	}
	w.clock.Advance(time.Hour)
	if a := w.get("/athlete"); a.status != 429 || a.limits()[3] != "1,13" {
		t.Errorf("with the day full: %d %v", a.status, a.limits())
	}
	w.clock.Set(time.Date(2026, 7, 23, 0, 0, 0, 0, time.UTC))
	fresh, _ := w.refresh(w.Grant(w.me))
	w.token = fresh.Access
	if a := w.get("/athlete"); a.status != 200 || a.limits()[3] != "1,1" {
		t.Errorf("at midnight UTC: %d %v", a.status, a.limits())
	}

	w.SetLimits(stravatest.Limits{OverallQuarter: 1})
	if a := w.get("/athlete"); a.status != 429 || a.fault() != "Rate Limit Exceeded Application/overall rate limit/exceeded" {
		t.Errorf("over the overall limit: %d %s", a.status, a.body)
	}
}

func TestUploadsAreNoReads(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 1})
	a := w.do("POST", "/api/v3/uploads", w.token, nil)
	if a.limits() != [4]string{"200,2000", "1,1", "100,1000", ","} {
		t.Errorf("%v", a.limits())
	}
	if c := w.Calls()[0]; c.Class != stravatest.ClassOverall || c.AthleteID != w.me || c.Status != 404 {
		t.Errorf("%+v", c)
	}
}

func TestHeaders(t *testing.T) {
	w := start(t, stravatest.Config{Activities: 30})
	plain := w.get("/athlete/activities")
	if plain.header.Get("Date") != "Wed, 22 Jul 2026 12:00:07 GMT" || plain.header.Get("Cache-Control") != "max-age=0, private, must-revalidate" ||
		plain.header.Get("Content-Type") != "application/json; charset=utf-8" || len(plain.header.Get("Etag")) != 36 {
		t.Errorf("%v", plain.header)
	}
	if again := w.get("/athlete/activities"); again.header.Get("Etag") != plain.header.Get("Etag") {
		t.Error("the same body has another ETag")
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", w.url+"/api/v3/athlete/activities", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.token)
	r.Header.Set("Accept-Encoding", "identity")
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.Header.Get("Content-Encoding") != "" {
		t.Error("compressed although not asked for")
	}
	r.Header.Set("Accept-Encoding", "gzip")
	packed, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Body.Close()
	if packed.Header.Get("Content-Encoding") != "gzip" || packed.ContentLength >= int64(len(plain.body)) {
		t.Errorf("asked for gzip: %v", packed.Header)
	}
}
