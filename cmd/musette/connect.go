package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"musette/strava"
	"musette/token"
	"musette/web"
)

type connectCmd struct {
	settings
	NoBrowser bool `help:"don't open a browser; paste the answer here if yours runs elsewhere"`
	Port      int  `placeholder:"N" help:"the port on this machine that Strava's answer comes back to; else any that is free"`
}

func (connectCmd) Help() string {
	return `musette connect                open the browser, and wait for the answer
musette connect --no-browser   over ssh: open the address at home, paste the answer here`
}

func (c *connectCmd) Run(ctx context.Context, a *app) error {
	client, err := a.strava()
	if err != nil {
		return err
	}
	// The keys come first: nobody should say yes at Strava, only to hear that the answer can't be kept.
	tokens, err := a.tokens(ctx)
	if err != nil {
		return err
	}
	con, err := openConsent(c.Port)
	if err != nil {
		return err
	}
	defer con.close()

	address := client.AuthorizeURL(strava.AuthorizeOptions{
		RedirectURI: con.redirectURI(), Scopes: a.cfg.Scopes, State: con.state,
	})
	pasted := c.invite(ctx, a, con, address)
	answer, err := con.wait(ctx, a, pasted)
	if err != nil {
		return err
	}
	done, err := a.finishConsent(ctx, client, tokens, answer)
	if answer.tell != nil {
		answer.tell <- err
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(a.out, done)
	a.say("next: `musette sync` fetches the activities, `musette serve` keeps them up to date and shows them")
	return nil
}

// invite sends the person to Strava, and returns the lines they paste, nil if they have no need to.
func (c *connectCmd) invite(ctx context.Context, a *app, con *consent, address string) <-chan string {
	opened := !c.NoBrowser && openBrowser(address) == nil
	if opened {
		a.say("your browser opens Strava's page; if it doesn't, open this address yourself:\n\n  %s\n", address)
	} else {
		a.say("open this address in a browser:\n\n  %s\n", address)
	}
	if c.NoBrowser {
		a.say("a browser on another machine will end at a page that can't be opened, %s…\ncopy that address from the browser, paste it here and press enter\n", con.redirectURI())
	}
	a.say("waiting for your answer at Strava · ctrl-c stops")
	if !c.NoBrowser {
		return nil
	}
	return lines(ctx, a)
}

// lines reads what is typed. The goroutine ends with the input or, if a read can't be interrupted, with the program.
func lines(ctx context.Context, a *app) <-chan string {
	typed := make(chan string)
	go func() {
		defer close(typed)
		for scan := bufio.NewScanner(a.in); scan.Scan(); {
			select {
			case typed <- scan.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return typed
}

// wait returns the first answer that is ours, from the browser or the terminal.
func (c *consent) wait(ctx context.Context, a *app, pasted <-chan string) (consentAnswer, error) {
	for {
		select {
		case answer := <-c.answers:
			return answer, nil
		case line, more := <-pasted:
			if !more {
				pasted = nil // the listener is still open
				continue
			}
			if strings.TrimSpace(line) == "" {
				continue
			}
			answer, err := c.parsePasted(line)
			if err == nil {
				return answer, nil
			}
			a.say("%s; paste the whole address that the browser ended at", err)
		case <-ctx.Done():
			return consentAnswer{}, failed("run `musette connect` again when you are ready", "stopped before an answer came; nothing was changed")
		}
	}
}

const connectAgain = "run `musette connect` again"

// finishConsent turns the answer into a grant that is kept, and says in one line what it is.
func (a *app) finishConsent(ctx context.Context, client *strava.Client, tokens *token.Tokens, answer consentAnswer) (string, error) {
	done, err := (&connector{client, tokens, a.cfg.Scopes}).finish(ctx, answer, 0)
	if err != nil {
		return "", explainUnconnected(err)
	}
	who := "connected"
	if done.AthleteID != 0 {
		who = strings.TrimSpace(fmt.Sprintf("connected athlete %d %s", done.AthleteID, plain(done.Name)))
	}
	if done.allowed == nil {
		return who, nil
	}
	if len(done.Missing) > 0 {
		a.say("not allowed: %s; what needs it is left out, `musette connect` asks again", strings.Join(done.Missing, ", "))
	}
	return fmt.Sprintf("%s · allowed: %s", who, strings.Join(done.allowed, ", ")), nil
}

// explainUnconnected says on a terminal what a person can do about an answer of which nothing came.
func explainUnconnected(err error) error {
	no, ok := errors.AsType[*web.NotConnected](err)
	if !ok {
		return err
	}
	hint := connectAgain
	switch no.Why {
	case web.WhyDenied:
		return failed(connectAgain+" and press authorise; nothing was changed", "Strava's question was answered with no")
	case web.WhyScopes:
		return failed(connectAgain+" and leave the boxes about activities ticked; nothing was changed",
			"the boxes about activities were unticked, so there is nothing that may be fetched (allowed: %s)", orNone(no.Allowed))
	case web.WhyLimit:
		hint = "a new app may have one athlete, its owner; at https://www.strava.com/settings/api the owner can raise this, or disconnect somebody"
	case web.WhyCode:
		hint = "a code works once and for a few minutes; " + connectAgain + " and paste the new address at once"
	case web.WhySecret:
		hint = "correct STRAVA_CLIENT_SECRET, https://www.strava.com/settings/api shows it"
	case web.WhyClient:
		hint = "correct STRAVA_CLIENT_ID, https://www.strava.com/settings/api shows it"
	case web.WhyInactive:
		hint = "a Strava app needs its owner's paid subscription; when it is active again, " + connectAgain
	case web.WhyAway:
		hint = "nothing was changed; check the network and STRAVA_OAUTH_URL, then " + connectAgain
	}
	return failed(hint, "not connected: %w", no.Err)
}

func orNone(scopes []string) string {
	if len(scopes) == 0 {
		return "nothing"
	}
	return strings.Join(scopes, ", ")
}
