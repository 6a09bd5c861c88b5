package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"musette/strava"
)

// consent waits for an athlete's answer at Strava's consent page. The answer comes through the browser to a listener
// on the loopback, or is pasted on the terminal by somebody whose browser runs on another machine.
type consent struct {
	state    string // what only the browser that we sent away knows
	listener net.Listener
	server   *http.Server
	answers  chan consentAnswer
}

// consentAnswer is what Strava said. Exactly one of code and refusal is set.
type consentAnswer struct {
	code    strava.Secret
	scopes  []string // nil if the answer didn't say
	refusal string   // such as access_denied

	tell chan<- error // the browser waits here for the end; nil for a pasted answer
}

// errOtherState is an answer to another question than ours.
var errOtherState = errors.New("this answer belongs to another connection than the one that was started here")

const callbackPath = "/callback"

// openConsent listens on the loopback; port 0 takes any that is free.
func openConsent(port int) (*consent, error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, failed("leave --port out to take any that is free", "port %d on this machine can't be used: %w", port, err)
	}
	c := &consent{state: rand.Text(), listener: l, answers: make(chan consentAnswer)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+callbackPath, c.serveCallback)
	c.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = c.server.Serve(l) }() // ends with close
	return c, nil
}

// redirectURI is where Strava sends the browser. Strava allows 127.0.0.1 for every application.
func (c *consent) redirectURI() string { return "http://" + c.listener.Addr().String() + callbackPath }

// close stops listening, after the browser has had its page.
func (c *consent) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if c.server.Shutdown(ctx) != nil {
		_ = c.server.Close()
	}
}

// parse reads the query that Strava adds to the redirect. Letting a wrong state through would let somebody else's
// page connect somebody else's account.
func (c *consent) parse(query url.Values) (consentAnswer, error) {
	if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(c.state)) != 1 {
		return consentAnswer{}, errOtherState
	}
	return parseAnswer(query)
}

// parseAnswer reads Strava's answer, whoever it is to.
func parseAnswer(query url.Values) (consentAnswer, error) {
	a := consentAnswer{code: strava.Secret(query.Get("code")), refusal: query.Get("error")}
	if query.Has("scope") {
		a.scopes = strings.FieldsFunc(query.Get("scope"), func(r rune) bool { return r == ',' || r == ' ' })
	}
	switch {
	case a.refusal != "":
		a.code = ""
	case a.code == "":
		return consentAnswer{}, errors.New("there is no code in this answer")
	}
	return a, nil
}

// parsePasted reads what a person copied: the whole address that the browser ended at, or only the code. A bare code
// has no state; that the person copied it from the page they had opened themselves stands in for it.
func (c *consent) parsePasted(line string) (consentAnswer, error) {
	line = strings.Trim(strings.TrimSpace(line), `"'<>`)
	if _, query, ok := strings.Cut(line, "?"); ok {
		query, _, _ = strings.Cut(query, "#")
		values, err := url.ParseQuery(query)
		if err != nil {
			return consentAnswer{}, errors.New("this address can't be read")
		}
		return c.parse(values)
	}
	if len(line) < 8 || strings.ContainsAny(line, " /:&=") {
		return consentAnswer{}, errors.New("this is neither the address nor the code in it")
	}
	return consentAnswer{code: strava.Secret(line)}, nil
}

// serveCallback hands the answer over and shows the browser how it ended. A wrong answer doesn't end the waiting.
func (c *consent) serveCallback(w http.ResponseWriter, r *http.Request) {
	a, err := c.parse(r.URL.Query())
	if err != nil {
		showEnd(w, http.StatusBadRequest, "Not connected", plain(err.Error())+". Go back to the terminal and open the address it shows.")
		return
	}
	ended := make(chan error, 1)
	a.tell = ended
	select {
	case c.answers <- a:
	case <-r.Context().Done():
		return
	}
	select {
	case err = <-ended:
	case <-r.Context().Done():
		return
	}
	if err == nil {
		showEnd(w, http.StatusOK, "Connected", "You can close this page; the terminal says what comes next.")
		return
	}
	text := plain(err.Error()) + "."
	if p, ok := errors.AsType[*problem](err); ok && p.hint != "" {
		text += " Next: " + p.hint + "."
	}
	showEnd(w, http.StatusOK, "Not connected", text)
}

// showEnd writes the one page there is.
func showEnd(w http.ResponseWriter, status int, title, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer") // the address holds the code
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_ = endPage.Execute(w, struct{ Title, Text string }{title, text}) // a browser that has gone can't be told
}

var endPage = template.Must(template.New("end").Parse(`<!doctype html>
<html lang="en-GB">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}} · Musette</title>
<style>
:root { color-scheme: light dark; --paper: #fbfaf7; --ink: #1d1f21 }
@media (prefers-color-scheme: dark) { :root { --paper: #16181a; --ink: #e8e6e1 } }
body { margin: 0; min-height: 100vh; display: grid; place-content: center; padding: 24px; background: var(--paper); color: var(--ink); font: 18px/1.5 system-ui, sans-serif }
h1 { font-size: 36px; line-height: 1.2; margin: 0 0 8px }
p { margin: 0; max-width: 32em }
</style>
<main>
<h1>{{.Title}}</h1>
<p>{{.Text}}</p>
</main>
</html>
`))
