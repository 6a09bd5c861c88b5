package strava_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"musette/strava"
)

// exampleServer stands in for Strava, so that the examples can run.
func exampleServer() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-RateLimit-Limit", "200,2000")
		w.Header().Set("X-RateLimit-Usage", "5,148")
		switch {
		case r.URL.Path == "/oauth/token":
			says(200, `{"access_token":"a-2","refresh_token":"r-2","expires_at":1784690400}`)(w, r)
		case r.URL.Path == "/api/v3/activities/3":
			says(404, `{"message":"Resource Not Found","errors":[{"resource":"Activity","field":"","code":"not found"}]}`)(w, r)
		case r.URL.Query().Get("before") == "":
			says(200, `[{"id":2,"name":"Hill day","start_date":"2026-06-02T06:00:00Z","distance":10000},`+
				`{"id":1,"name":"Park loop","start_date":"2026-06-01T06:00:00Z","distance":5218.5}]`)(w, r)
		default:
			says(200, `[]`)(w, r)
		}
	}))
}

// List the newest activities, and see what the call cost.
func ExampleClient_Activities() {
	srv := exampleServer()
	defer srv.Close()
	client, err := strava.New(strava.WithAPIURL(srv.URL + "/api/v3"))
	if err != nil {
		panic(err)
	}
	defer client.Close()

	list, answer, err := client.Activities(context.Background(), "access token", strava.ListOptions{PerPage: 200})
	if err != nil {
		panic(err)
	}
	for _, a := range list {
		fmt.Println(a.ID, a.Name, a.Start.Format(time.DateOnly), *a.DistanceM)
	}
	fmt.Println("used:", answer.Quota.OverallUsage.Quarter, "of", answer.Quota.OverallLimit.Quarter)
	// Output:
	// 2 Hill day 2026-06-02 10000
	// 1 Park loop 2026-06-01 5218.5
	// used: 5 of 200
}

// Walk through everything there is, with a pause where the program wants one.
func ExampleClient_AllActivities() {
	srv := exampleServer()
	defer srv.Close()
	client, err := strava.New(strava.WithAPIURL(srv.URL + "/api/v3"))
	if err != nil {
		panic(err)
	}
	defer client.Close()

	pace := func(_ context.Context, last *strava.Answer) error {
		if quarter, day := last.Quota.Exceeded(); quarter || day {
			return fmt.Errorf("the quota is used up")
		}
		return nil
	}
	for a, err := range client.AllActivities(context.Background(), "access token", strava.ListOptions{PerPage: 200}, pace) {
		if err != nil {
			panic(err)
		}
		fmt.Println(a.Name)
	}
	// Output:
	// Hill day
	// Park loop
}

// Refresh a token. Write the grant down before using it: the old refresh
// token may be dead by now.
func ExampleClient_Refresh() {
	srv := exampleServer()
	defer srv.Close()
	client, err := strava.New(strava.WithOAuthURL(srv.URL+"/oauth"), strava.WithApp("4711", "client secret"))
	if err != nil {
		panic(err)
	}
	defer client.Close()

	grant, _, err := client.Refresh(context.Background(), "refresh token")
	if strava.KindOf(err) == strava.KindRefreshToken {
		fmt.Println("the athlete must connect again")
		return
	}
	if err != nil {
		panic(err)
	}
	fmt.Println(grant.AccessToken, grant.RefreshToken, grant.ExpiresAt.Format(time.RFC3339))
	// Output: *** *** 2026-07-22T03:20:00Z
}

// Tell a missing activity from a failing server.
func ExampleKindOf() {
	srv := exampleServer()
	defer srv.Close()
	client, err := strava.New(strava.WithAPIURL(srv.URL + "/api/v3"))
	if err != nil {
		panic(err)
	}
	defer client.Close()

	_, _, err = client.Activity(context.Background(), "access token", 3, strava.ActivityOptions{})
	switch strava.KindOf(err) {
	case strava.KindGone:
		fmt.Println("gone, perhaps:", err)
	default:
		fmt.Println("try again later:", err)
	}
	// Output: gone, perhaps: GET activities/3: the activity is deleted or not visible with this token (status 404, Resource Not Found; Activity not found)
}
