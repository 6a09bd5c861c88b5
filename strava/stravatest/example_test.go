package stravatest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"musette/strava/stravatest"
)

// A client is pointed at the server and given a token; then the limits run
// out, and the clock is moved on.
func Example() {
	clock := stravatest.NewClock(time.Date(2026, 7, 22, 12, 0, 0, 0, time.UTC))
	strava := stravatest.New(stravatest.Config{
		Seed: 1, Activities: 100,
		Now: clock.Now, Sleep: clock.Sleep,
		Limits: stravatest.Limits{ReadQuarter: 2},
	})
	server, err := strava.Listen("127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	athlete := strava.Athletes()[0]
	token := strava.AccessToken(athlete.ID, "read", "activity:read_all")

	list := func() {
		r, err := http.NewRequest("GET", server.APIURL+"/athlete/activities?per_page=50", nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		r.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer res.Body.Close()
		var activities []struct{ Name string }
		_ = json.NewDecoder(res.Body).Decode(&activities) // an error's body is no list
		fmt.Println(res.StatusCode, len(activities), "activities, used", res.Header.Get("X-ReadRateLimit-Usage"))
	}
	list()
	list()
	list()
	clock.Advance(15 * time.Minute)
	list()
	fmt.Println(strava.Refused(), "refused")
	// Output:
	// 200 50 activities, used 1,1
	// 200 50 activities, used 2,2
	// 429 0 activities, used 3,3
	// 200 50 activities, used 1,4
	// 1 refused
}

// One request in the middle of a walk is answered with a page of HTML.
func ExampleServer_AddFault() {
	strava := stravatest.New(stravatest.Config{Activities: 10})
	token := strava.AccessToken(strava.Athletes()[0].ID)
	if _, err := strava.AddFault(stravatest.Fault{Kind: stravatest.FaultHTML, Path: "/athlete", Skip: 1, Count: 1}); err != nil {
		fmt.Println(err)
		return
	}
	client := &http.Client{Transport: strava.Transport()} // no network
	for range 3 {
		r, err := http.NewRequest("GET", "https://www.strava.com/api/v3/athlete", nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		r.Header.Set("Authorization", "Bearer "+token)
		res, err := client.Do(r)
		if err != nil {
			fmt.Println(err)
			return
		}
		res.Body.Close()
		fmt.Println(res.StatusCode, res.Header.Get("Content-Type"))
	}
	// Output:
	// 200 application/json; charset=utf-8
	// 200 text/html; charset=utf-8
	// 200 application/json; charset=utf-8
}
