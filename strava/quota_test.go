package strava_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"musette/strava"
)

// quotaOf asks a server that sends these headers.
func quotaOf(t testing.TB, header http.Header) strava.Quota {
	t.Helper()
	c, err := strava.New(strava.WithTransport(roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusInternalServerError, Header: header, Body: http.NoBody}, nil
	})))
	if err != nil {
		t.Fatal(err)
	}
	_, answer, _ := c.Athlete(t.Context(), token)
	return answer.Quota
}

func TestQuotaHeaders(t *testing.T) {
	header := http.Header{}
	header.Set("x-ratelimit-limit", "200,2000") // any case
	header.Set("X-Ratelimit-Usage", "5,148")
	header.Set("X-ReadRateLimit-Limit", "100,1000")
	header.Set("X-Readratelimit-Usage", ",")
	want := strava.Quota{
		OverallLimit: strava.Pair{Quarter: 200, Day: 2000, Known: true},
		OverallUsage: strava.Pair{Quarter: 5, Day: 148, Known: true},
		ReadLimit:    strava.Pair{Quarter: 100, Day: 1000, Known: true},
	}
	if diff := cmp.Diff(want, quotaOf(t, header)); diff != "" {
		t.Error(diff)
	}
}

func TestQuotaHeaderOddities(t *testing.T) {
	for _, tc := range []struct {
		values []string
		want   strava.Pair
	}{
		{[]string{"0,0"}, strava.Pair{Known: true}},
		{[]string{" 7 , 8 "}, strava.Pair{Quarter: 7, Day: 8, Known: true}},
		{[]string{"692,29300"}, strava.Pair{Quarter: 692, Day: 29300, Known: true}},
		{nil, strava.Pair{}},
		{[]string{""}, strava.Pair{}},
		{[]string{","}, strava.Pair{}},
		{[]string{"5"}, strava.Pair{}},
		{[]string{"5,"}, strava.Pair{}},
		{[]string{",5"}, strava.Pair{}},
		{[]string{"-1,5"}, strava.Pair{}},
		{[]string{"5,-1"}, strava.Pair{}},
		{[]string{"+5,6"}, strava.Pair{}},
		{[]string{"5,6,7"}, strava.Pair{}},
		{[]string{"5.0,6"}, strava.Pair{}},
		{[]string{"5,6x"}, strava.Pair{}},
		{[]string{"0x5,6"}, strava.Pair{}},
		{[]string{"99999999999999999999,5"}, strava.Pair{}},
		{[]string{"5,6", "7,8"}, strava.Pair{}}, // said twice, differently
	} {
		got := quotaOf(t, http.Header{"X-Ratelimit-Usage": tc.values}).OverallUsage
		if got != tc.want {
			t.Errorf("%q: %+v, want %+v", tc.values, got, tc.want)
		}
	}
}

func TestQuotaExceeded(t *testing.T) {
	pair := func(quarter, day int) strava.Pair { return strava.Pair{Quarter: quarter, Day: day, Known: true} }
	for name, tc := range map[string]struct {
		quota        strava.Quota
		quarter, day bool
	}{
		"no news":           {strava.Quota{}, false, false},
		"usage alone":       {strava.Quota{OverallUsage: pair(900, 9000)}, false, false},
		"room":              {strava.Quota{OverallUsage: pair(199, 1999), OverallLimit: pair(200, 2000)}, false, false},
		"overall, quarter":  {strava.Quota{OverallUsage: pair(692, 29300), OverallLimit: pair(600, 30000)}, true, false},
		"read, at its end":  {strava.Quota{ReadUsage: pair(100, 640), ReadLimit: pair(100, 1000)}, true, false},
		"read, day":         {strava.Quota{ReadUsage: pair(3, 1000), ReadLimit: pair(100, 1000)}, false, true},
		"one of each limit": {strava.Quota{ReadUsage: pair(100, 1), ReadLimit: pair(100, 1000), OverallUsage: pair(1, 2000), OverallLimit: pair(200, 2000)}, true, true},
	} {
		if quarter, day := tc.quota.Exceeded(); quarter != tc.quarter || day != tc.day {
			t.Errorf("%s: %v, %v", name, quarter, day)
		}
	}
}

func FuzzQuotaHeader(f *testing.F) {
	for _, seed := range []string{"", ",", "5,148", "200,2000", "-1,-1", "5,148,3", "٣,٤", " 1,2", "1,2\n", "99999999999,1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		p := quotaOf(t, http.Header{"X-Readratelimit-Usage": {value}}).ReadUsage
		if !p.Known {
			if p != (strava.Pair{}) {
				t.Fatalf("%q: unknown, yet %+v", value, p)
			}
			return
		}
		quarter, day, _ := strings.Cut(value, ",")
		for text, n := range map[string]int{quarter: p.Quarter, day: p.Day} {
			if got, err := strconv.Atoi(strings.TrimSpace(text)); len(value) < 8 && quarter != day && (err != nil || got != n) || n < 0 {
				t.Fatalf("%q: %+v", value, p)
			}
		}
	})
}
