package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/rogpeppe/go-internal/testscript"

	"musette/strava/stravatest"
)

// stravaCommands are what scripts say to a simulated Strava, one for each script:
//
//	strava                      starts it, and puts what connects to it into the environment; $STRAVA is its address
//	grant NAME                  puts a refresh token of its athlete's into the environment, and their id as ATHLETE
//	press PATH [name=value...]  posts a form to its /control/PATH
//	freeaddr NAME               puts an address that nobody listens on into the environment
//	occupied NAME               puts a port that somebody listens on into the environment
//	await URL                   waits until the address answers 200
//	awaitfile PATH              waits until the file is there
func stravaCommands() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	return map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"strava": startStrava, "grant": grantToken, "press": press, "freeaddr": freeAddr, "occupied": occupied, "await": await,
		"awaitfile": awaitFile,
	}
}

func startStrava(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: strava")
	}
	fake := stravatest.New(stravatest.Config{Seed: 1, Activities: 3})
	at, err := fake.Listen("127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = at.Close() })
	for _, v := range [][2]string{
		{"STRAVA", at.URL},
		{"STRAVA_CLIENT_ID", fake.ClientID()},
		{"STRAVA_CLIENT_SECRET", fake.ClientSecret()},
		{"STRAVA_API_URL", at.APIURL},
		{"STRAVA_OAUTH_URL", at.OAuthURL},
	} {
		ts.Setenv(v[0], v[1])
	}
}

func grantToken(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: grant NAME")
	}
	get := func(path string, post bool, v any) {
		address := ts.Getenv("STRAVA") + "/control/" + path
		var res *http.Response
		var err error
		if post {
			res, err = http.PostForm(address, nil)
		} else {
			res, err = http.Get(address)
		}
		ts.Check(err)
		defer res.Body.Close()
		ts.Check(json.UnmarshalRead(res.Body, v))
	}
	var state struct {
		Athletes []struct {
			ID int64 `json:"id"`
		} `json:"athletes"`
	}
	get("state", false, &state)
	var made struct {
		Refresh string `json:"refresh_token"`
	}
	get(fmt.Sprintf("athletes/%d/grant", state.Athletes[0].ID), true, &made)
	ts.Setenv(args[0], made.Refresh)
	ts.Setenv("ATHLETE", fmt.Sprint(state.Athletes[0].ID))
}

func press(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: press PATH [name=value...]")
	}
	form := url.Values{}
	for _, pair := range args[1:] {
		name, value, _ := strings.Cut(pair, "=")
		form.Add(name, value)
	}
	res, err := http.PostForm(ts.Getenv("STRAVA")+"/control/"+args[0], form)
	ts.Check(err)
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusOK {
		ts.Fatalf("press %s: %s %s %v", args[0], res.Status, body, err)
	}
}

func freeAddr(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: freeaddr NAME")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Check(l.Close())
	ts.Setenv(args[0], l.Addr().String())
}

func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await URL")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, args[0], nil)
		ts.Check(err)
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-ctx.Done():
			ts.Fatalf("%s never answered 200", args[0])
		case <-tick.C:
		}
	}
}

func occupied(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: occupied NAME")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	_, port, err := net.SplitHostPort(l.Addr().String())
	ts.Check(err)
	ts.Setenv(args[0], port)
}

func awaitFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: awaitfile PATH")
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); <-tick.C {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
	}
	ts.Fatalf("%s never came", args[0])
}
